/*
 * The board: what is due, the newest open todos, what was finished lately, the
 * fullest lists as columns with their first todos, and more lists and tags by name.
 * It depends on what day it is.
 */
#include "views.h"

enum {
    BOARD_DUE = 20,
    BOARD_NEWEST = 12,
    BOARD_FINISHED =
        5, /* lately, for members; others see twice as many: they have come to see what is being done */
    BOARD_COLUMNS = 8, /* lists */
    COLUMN_TODOS = 5,
    BOARD_NAMES = 20, /* lists, columns included, and tags */
};

/* Of page->parts. */
enum { PART_DUE, PART_FINISHED, PART_COLUMNS };

/* The first of what /open or /done shows, which most often is remembered. */
static void gather_newest(struct renderer *r, struct read_questions *questions, enum bucket_kind kind,
                          unsigned limit, struct read_ids *ids)
{
    struct read_bucket head = {.kind = kind, .number = READ_BUCKET_END};
    if (!r->sequences || !sequence_cache_find(r->sequences, &r->arena, &head, ids))
        read_newest(questions, kind, 0, limit, ids);
    else if (ids->count > limit)
        ids->count = limit;
}

void board_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    enum audience audience = (enum audience)page->key.audience;
    bool public = audience == AUDIENCE_PUBLIC;
    struct read_day tomorrow = day_from(r->today, 1);
    page->nparts = PART_COLUMNS;
    page->parts = arena_alloc(&r->arena, (PART_COLUMNS + BOARD_COLUMNS) * sizeof *page->parts);
    read_due(questions, audience, NULL, &tomorrow, BOARD_DUE, &page->parts[PART_DUE]);
    gather_newest(r, questions, public ? BUCKET_PUBLIC_OPEN : BUCKET_OPEN, BOARD_NEWEST, &page->ids);
    gather_newest(r, questions, public ? BUCKET_PUBLIC_DONE : BUCKET_DONE, BOARD_FINISHED * (public ? 2 : 1),
                  &page->parts[PART_FINISHED]);
    /* One more than is shown tells that there are more. */
    read_top_names(questions, audience, BUCKET_LIST, BOARD_NAMES + 1, &page->lists);
    read_top_names(questions, audience, BUCKET_TAG, BOARD_NAMES + 1, &page->tags);
}

/* How many of the lists are columns: those with open todos, which come first. */
static size_t count_columns(const struct page *page)
{
    size_t n = 0;
    while (n < page->lists.count && n < BOARD_COLUMNS && page->lists.items[n].todos[page->key.audience].open)
        n++;
    return n;
}

/* A column has the first of what the list's own page has: all of that is read, and remembered for both. */
void board_page_gather_more(struct renderer *r, struct page *page, struct read_questions *questions)
{
    size_t n = count_columns(page), nasked = 0;
    struct read_bucket *asked = arena_alloc(&r->arena, n * sizeof *asked);
    page->columns = arena_alloc(&r->arena, n * sizeof *page->columns);
    page->ncolumns = n;
    page->column_todos = COLUMN_TODOS;
    page->nparts = PART_COLUMNS + n;
    for (size_t i = 0; i < n; i++) {
        struct read_bucket bucket = {
            .kind = BUCKET_LIST, .owner = page->lists.items[i].id, .number = READ_BUCKET_END};
        struct page_column *column = &page->columns[i];
        column->ids = &page->parts[PART_COLUMNS + i];
        column->known = r->sequences && sequence_cache_find(r->sequences, &r->arena, &bucket, column->ids);
        if (column->known)
            continue;
        read_newest(questions, BUCKET_LIST, bucket.owner, r->sequences ? BUCKET_TODOS : COLUMN_TODOS,
                    column->ids);
        column->bucket = &asked[nasked];
        asked[nasked++] = bucket;
    }
    if (r->sequences)
        read_buckets(questions, asked, nasked);
}

/* The lists from the first one on, of at most so many of all; *more: there are others. */
static struct mustache_list names_from(struct arena *a, enum audience audience,
                                       const struct read_names *names, size_t first, bool *more)
{
    size_t n = names->count > BOARD_NAMES ? BOARD_NAMES : names->count;
    *more = names->count > BOARD_NAMES;
    return view_names(a, audience, names->items + first, n - first);
}

static struct mustache_list view_columns(struct renderer *r, const struct page *page)
{
    struct mustache_list columns =
        view_names(&r->arena, (enum audience)page->key.audience, page->lists.items, page->ncolumns);
    struct name_view *names = (struct name_view *)columns.items;
    for (size_t i = 0; i < page->ncolumns; i++)
        names[i].first = view_todos(&r->arena, page, page->columns[i].ids, r->today);
    return columns;
}

void board_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    enum audience audience = (enum audience)page->key.audience;
    page->exists = true;
    view->due = view_todos(&r->arena, page, &page->parts[PART_DUE], r->today);
    view->todos = view_todos(&r->arena, page, &page->ids, r->today);
    view->finished = view_todos(&r->arena, page, &page->parts[PART_FINISHED], r->today);
    view->columns = view_columns(r, page);
    view->lists = names_from(&r->arena, audience, &page->lists, 0, &view->more_lists);
    view->others = names_from(&r->arena, audience, &page->lists, page->ncolumns, &view->more_lists);
    view->tags = names_from(&r->arena, audience, &page->tags, 0, &view->more_tags);
    view->has_due = view->due.count;
    view->has_finished = view->finished.count;
    view->has_lists = page->lists.count;
    view->has_tags = view->tags.count;
    view->open = r->board.todos[audience].open;
    view->done = r->board.todos[audience].done;
    view->total = view->open + view->done;
    view->is_empty = view->total == 0;
    view->reopen_leaves = true;
}
