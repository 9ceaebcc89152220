/* A page from Markdown in site/: help, and what whoever runs the board has added. */
#include "markdown.h"
#include "views.h"

void authored_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)questions;
    page->slug = r->authored.pages[page->key.number - 1].path;
}

void authored_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    static const struct markdown_headings headings = {.anchors = true};
    const struct authored_page *authored = &r->authored.pages[page->key.number - 1];
    page->exists = true;
    view->title = authored->title;
    view->is_help = strncmp(authored->path, "help", strlen("help")) == 0;
    buffer_clear(&r->notes);
    if (!markdown_html(&r->notes, authored->body, strlen(authored->body), &headings))
        say("The Markdown of /%s is too deep or too large, and is shown as it is written.", authored->path);
    view->body = (struct mustache_markup){r->notes.base, r->notes.len};
}
