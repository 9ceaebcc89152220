/* A todo's own page, and the one that stands in for it while it is deleted: that shows nothing of it. */
#include "markdown.h"
#include "views.h"

#include <inttypes.h>

void todo_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    (void)questions;
    page->ids = (struct read_ids){arena_alloc(&r->arena, sizeof(uint64_t)), 1};
    page->ids.items[0] = page->key.number;
}

void todo_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    const struct read_todo *row = read_todos_find(page->rows, page->key.number);
    page->exists = row && row->state != TODO_DELETED;
    if (!page->exists)
        return;

    struct todo_view *todo = arena_alloc(&r->arena, sizeof *todo);
    view_todo(&r->arena, row, NULL, todo);
    buffer_clear(&r->notes);
    if (row->notes[0] && !markdown_html(&r->notes, row->notes, strlen(row->notes)))
        say("The notes of todo %" PRIu64
            " are shown as they were typed: their Markdown is too deep or too large.",
            row->id);
    todo->notes_html = (struct mustache_markup){r->notes.base, r->notes.len};

    view->title = row->title;
    view->todo = todo;
    view->history = view_history(&r->arena, row);
    if (view->members)
        view->edit = view_edit_form(&r->arena, row, view->path);
}

void deleted_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    const struct read_todo *row = read_todos_find(page->rows, page->key.number);
    page->exists = row && row->state == TODO_DELETED;
    if (!page->exists)
        return;

    struct todo_view *todo = arena_alloc(&r->arena, sizeof *todo);
    *todo = (struct todo_view){.id = row->id, .version = row->version};
    view->title = "Deleted";
    view->path = arena_printf(&r->arena, "/todos/%" PRIu64, row->id);
    view->todo = todo;
}
