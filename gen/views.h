/*
 * Rows as templates see them: a view for each, from the arena, borrowing the
 * rows' strings.
 */
#ifndef WRIT_GEN_VIEWS_H
#define WRIT_GEN_VIEWS_H

#include "../templates/view.h"
#include "render.h"

/* The names with what an audience counts in them; `last` set. */
struct mustache_list view_names(struct arena *a, enum audience audience, const struct read_name *names,
                                size_t n);
/* One, without counts: where a page must not change with them. */
const struct name_view *view_name(struct arena *a, uint32_t id, const char *name, const char *slug);

/* A page's todos by ids, in that order; `last` set. On a page that knows the day, `today`, says what is
 * overdue; elsewhere it is NULL. Ids without a row (page_todo()) are left out. */
struct mustache_list view_todos(struct arena *a, const struct page *page, const struct read_ids *ids,
                                const char *today);
void view_todo(struct arena *a, const struct read_todo *row, const char *today, struct todo_view *out);

/* What happened to a todo, newest first. */
struct mustache_list view_history(struct arena *a, const struct read_todo *row);

/* The form to add a todo, with a list or a tag filled in (or NULL), coming back to `next`. */
const struct form_view *view_add_form(struct arena *a, const char *list, const char *tag, const char *next);
/* The form to edit a todo. */
const struct form_view *view_edit_form(struct arena *a, const struct read_todo *row, const char *next);

/* The local day on which a todo is due, or NULL. */
const char *view_due_day(struct arena *a, const char *due);

/* A day ("2026-12-01") for people: "Tue 1 Dec 2026", or without week and year "1 Dec". */
const char *view_day(struct arena *a, const char *day, bool whole);

#endif
