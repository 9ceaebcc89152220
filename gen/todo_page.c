/* A todo's own page, and the one that stands in for it while it is deleted: that shows nothing of it. */
#include "markdown.h"
#include "views.h"

#include <inttypes.h>

void todo_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)questions;
    page->ids = (struct read_ids){.items = arena_alloc(&r->arena, sizeof(uint64_t)), .count = 1};
    page->ids.items[0] = page->key.number;
}

void todo_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    const struct read_todo *row = page_todo(page, page->key.number);
    page->exists = row && row->state != TODO_DELETED;
    if (!page->exists)
        return;

    struct todo_view *todo = arena_alloc(&r->arena, sizeof *todo);
    view_todo(&r->arena, row, NULL, todo);
    buffer_clear(&r->notes);
    static const struct markdown_headings under_ours = {.under = 2};
    if (row->notes[0] && !markdown_html(&r->notes, row->notes, strlen(row->notes), &under_ours))
        say("The notes of todo %" PRIu64
            " are shown as they were typed: their Markdown is too deep or too large.",
            row->id);
    todo->notes_html = (struct mustache_markup){r->notes.base, r->notes.len};

    view->title = row->title;
    view->todo = todo;
    if (view->members) {
        view->history = view_history(&r->arena, row);
        view->edit = view_edit_form(&r->arena, row, view->path);
    }
}

void deleted_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    const struct read_todo *row = page_todo(page, page->key.number);
    page->exists = row && row->state == TODO_DELETED;
    if (!page->exists)
        return;

    struct todo_view *todo = arena_alloc(&r->arena, sizeof *todo);
    *todo = (struct todo_view){.id = row->id, .version = row->version};
    view->title = "Deleted";
    view->path = arena_printf(&r->arena, "/todos/%" PRIu64, row->id);
    view->todo = todo;
}
