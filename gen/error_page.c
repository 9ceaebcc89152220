/* What Nginx shows when there is no page to show. */
#include "views.h"

static const struct {
    const char *slug; /* of its file; Nginx is told these names */
    uint64_t status;  /* 0: of several */
    const char *title, *detail;
} errors[ERROR_PAGES] = {
    {"404", 404, "There is no such page",
     "It may have been deleted for good, or the address has a mistake in it."},
    {"4xx", 0, "That did not work", "The request was refused. Go back, and try it again."},
    {"50x", 0, "Writing is not possible at the moment",
     "Every page can still be read. Try again in a minute; if what you sent was stored, it will show up."},
};

const char *error_page_slug(uint64_t number)
{
    return errors[number - 1].slug;
}

void error_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)r;
    (void)questions;
    page->slug = error_page_slug(page->key.number);
}

void error_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    (void)r;
    page->exists = true;
    view->status = errors[page->key.number - 1].status;
    view->title = errors[page->key.number - 1].title;
    view->detail = errors[page->key.number - 1].detail;
}
