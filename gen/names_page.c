/* The indexes of all lists and of all tags, with their counts. */
#include "views.h"

void names_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)r;
    enum audience audience = (enum audience)page->key.audience;
    if (page->key.kind == PAGE_LISTS)
        read_all_names(questions, audience, BUCKET_LIST, &page->lists);
    else
        read_all_names(questions, audience, BUCKET_TAG, &page->tags);
}

void names_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    enum audience audience = (enum audience)page->key.audience;
    page->exists = true;
    view->title = page->key.kind == PAGE_LISTS ? "Lists" : "Tags";
    view->lists = view_names(&r->arena, audience, page->lists.items, page->lists.count);
    view->tags = view_names(&r->arena, audience, page->tags.items, page->tags.count);
}
