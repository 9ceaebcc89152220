/*
 * What is due, in parts that follow from what day it is: overdue, today, the
 * rest of the week (which ends with Sunday), and later. Each shows its first; the page as
 * a whole has as many todos as any other page at most.
 */
#include "views.h"

enum { PART_OVERDUE, PART_TODAY, PART_WEEK, PART_LATER, PARTS, PART_TODOS = BUCKET_TODOS / PARTS };

static const struct {
    const char *title, *name;
} parts[PARTS] = {
    [PART_OVERDUE] = {"Overdue", "overdue"},
    [PART_TODAY] = {"Today", "today"},
    [PART_WEEK] = {"This week", "week"},
    [PART_LATER] = {"Later", "later"},
};

void due_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    enum audience audience = (enum audience)page->key.audience;
    struct read_day today = day_from(r->today, 0), tomorrow = day_from(r->today, 1),
                    monday = day_from(r->today, 7 - day_of_week(r->today));
    const struct read_day *ends[PARTS + 1] = {NULL, &today, &tomorrow, &monday, NULL};
    page->nparts = PARTS;
    page->parts = arena_alloc(&r->arena, PARTS * sizeof *page->parts);
    /* One more than is shown tells that there are more. */
    for (int i = 0; i < PARTS; i++)
        read_due(questions, audience, ends[i], ends[i + 1], PART_TODOS + 1, &page->parts[i]);
}

void due_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    struct part_view *views = arena_alloc(&r->arena, PARTS * sizeof *views);
    page->exists = true;
    view->title = "Due";
    view->finish_leaves = true;
    for (int i = 0; i < PARTS; i++) {
        struct read_ids ids = page->parts[i];
        bool more = ids.count > PART_TODOS;
        ids.count = more ? PART_TODOS : ids.count;
        views[i] = (struct part_view){.title = parts[i].title,
                                      .name = parts[i].name,
                                      .todos = view_todos(&r->arena, page, &ids, r->today),
                                      .more = more,
                                      .last = i == PARTS - 1};
        view->has_due |= ids.count;
    }
    view->parts = (struct mustache_list){views, PARTS};
}
