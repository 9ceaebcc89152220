/*
 * The board: what is due, the newest open todos, some lists and tags. The one
 * page here that depends on what day it is.
 */
#include "views.h"

#include <stdio.h>
#include <time.h>

enum {
    BOARD_TODOS = 20, /* due, and newest */
    BOARD_NAMES = 20, /* lists, and tags */
};

/* When the local day after `today` begins, and what it is called. Some zones skip midnight when clocks go
 * forward: then the day begins an hour later. */
static time_t begin_of_tomorrow(const char *today, char tomorrow[DAY_BYTES])
{
    struct tm tm = {.tm_isdst = -1};
    sscanf(today, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_mday += 1;
    time_t begin = mktime(&tm);
    localtime_r(&begin, &tm);
    strftime(tomorrow, DAY_BYTES, "%Y-%m-%d", &tm);
    if (strcmp(tomorrow, today) == 0) {
        begin += 3600;
        localtime_r(&begin, &tm);
        strftime(tomorrow, DAY_BYTES, "%Y-%m-%d", &tm);
    }
    return begin;
}

void board_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    char tomorrow[DAY_BYTES];
    time_t begin = begin_of_tomorrow(r->today, tomorrow);
    read_due(questions, begin, tomorrow, BOARD_TODOS, &page->due);
    read_newest(questions, BUCKET_OPEN, 0, BOARD_TODOS, &page->ids);
    /* One more than is shown tells that there are more. */
    read_top_names(questions, BUCKET_LIST, BOARD_NAMES + 1, &page->lists);
    read_top_names(questions, BUCKET_TAG, BOARD_NAMES + 1, &page->tags);
}

static struct mustache_list first_names(struct arena *a, const struct read_names *names, bool *more)
{
    *more = names->count > BOARD_NAMES;
    return view_names(a, names->items, *more ? BOARD_NAMES : names->count);
}

void board_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = true;
    view->due = view_todos(&r->arena, page->rows, page->due.items, page->due.count, r->today);
    view->todos = view_todos(&r->arena, page->rows, page->ids.items, page->ids.count, r->today);
    view->lists = first_names(&r->arena, &page->lists, &view->more_lists);
    view->tags = first_names(&r->arena, &page->tags, &view->more_tags);
    view->open = r->board.open;
    view->done = r->board.done;
    view->total = view->open + view->done;
    if (view->members)
        view->add = view_add_form(&r->arena, NULL, NULL, view->path);
}
