/* Pages without rows: the form to add a todo, where one signs in, the manifest. */
#include "views.h"

void no_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)r;
    (void)page;
    (void)questions;
}

/* With all fields; the script fills in what another app has shared (the manifest names this page). */
void add_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = true;
    view->title = "Add a todo";
    view->add = view_add_form(&r->arena, NULL, NULL, NULL);
}

/* The one form in the public tree; for members, where one signs out. */
void sign_in_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = true;
    view->title = view->signed_in ? "You are signed in" : view->members ? "An open board" : "Sign in";
    if (!view->members)
        view->sign_in = arena_alloc(&r->arena, sizeof *view->sign_in);
}

void manifest_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = true;
    view->icon_192_href = assets_href(&r->assets, ASSET_ICON_192);
    view->icon_512_href = assets_href(&r->assets, ASSET_ICON_512);
    view->icon_maskable_href = assets_href(&r->assets, ASSET_ICON_MASKABLE);
}
