/* The indexes of all lists and of all tags, with their counts. */
#include "views.h"

bool names_page_gather(struct renderer *r, struct page *page)
{
    bool lists = page->key.kind == PAGE_LISTS;
    enum db_result result = read_all_names(&r->db, &r->arena, lists ? BUCKET_LIST : BUCKET_TAG,
                                           lists ? &page->lists : &page->tags);
    return result == DB_OK || renderer_failed(r, r->db.error);
}

void names_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = true;
    view->title = page->key.kind == PAGE_LISTS ? "Lists" : "Tags";
    view->lists = view_names(&r->arena, page->lists.items, page->lists.count);
    view->tags = view_names(&r->arena, page->tags.items, page->tags.count);
}
