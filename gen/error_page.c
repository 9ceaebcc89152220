/* What Nginx shows when there is no page to show. */
#include "views.h"

static const struct {
    const char *slug; /* of its file; Nginx is told these names */
    uint64_t status;  /* 0: of several */
    const char *title, *detail;
    const char *public_detail; /* for those who have not signed in; NULL: the same */
} errors[ERROR_PAGES] = {
    {"404", 404, "There is no such page",
     "It may have been deleted for good, or the address has a mistake in it.",
     "It may have been deleted, or be for members, who sign in first; or the address has a mistake in it."},
    {"4xx", 0, "That did not work", "The request was refused. Go back, and try it again.", NULL},
    {"50x", 0, "Writing is not possible at the moment",
     "Every page can still be read. Try again in a minute; if what you sent was stored, it will show up.",
     NULL},
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
    uint64_t i = page->key.number - 1;
    page->exists = true;
    view->status = errors[i].status;
    view->title = errors[i].title;
    view->detail = errors[i].public_detail && !view->members ? errors[i].public_detail : errors[i].detail;
}
