/* See views.h. */
#include "views.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* ---- names */

struct mustache_list view_names(struct arena *a, enum audience audience, const struct read_name *names,
                                size_t n)
{
    struct name_view *views = arena_alloc(a, n * sizeof *views);
    for (size_t i = 0; i < n; i++) {
        const struct read_count *todos = &names[i].todos[audience];
        views[i] = (struct name_view){.id = names[i].id,
                                      .name = names[i].name,
                                      .slug = names[i].slug,
                                      .version = names[i].version,
                                      .is_public = names[i].is_public,
                                      .open = todos->open,
                                      .done = todos->done,
                                      .total = todos->open + todos->done,
                                      .last = i == n - 1};
    }
    return (struct mustache_list){views, n};
}

const struct name_view *view_name(struct arena *a, uint32_t id, const char *name, const char *slug)
{
    struct name_view *view = arena_alloc(a, sizeof *view);
    *view = (struct name_view){.id = id, .name = name, .slug = slug};
    return view;
}

/* ---- todos */

const char *view_due_day(struct arena *a, const char *due)
{
    struct due parsed;
    char day[DAY_BYTES];
    if (!due || due_parse(due, &parsed))
        return NULL;
    due_day(&parsed, day);
    return arena_strdup(a, day);
}

const char *view_day(struct arena *a, const char *day, bool whole)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    int number = (day[8] - '0') * 10 + day[9] - '0', month = (day[5] - '0') * 10 + day[6] - '1';
    if (!whole)
        return arena_printf(a, "%d %s", number, months[month]);
    return arena_printf(a, "%s %d %s %.4s", weekdays[day_of_week(day)], number, months[month], day);
}

/* An RFC 3339 time in UTC, as rows have it, for people; NULL stays NULL. */
static const char *view_moment(struct arena *a, const char *at)
{
    return at ? arena_printf(a, "%.10s %.5s UTC", at, at + strlen("2026-12-01T")) : NULL;
}

void view_todo(struct arena *a, const struct read_todo *row, const char *today, struct todo_view *out)
{
    *out = (struct todo_view){.id = row->id,
                              .version = row->version,
                              .revision = row->revision,
                              .title = row->title,
                              .notes = row->notes,
                              .done = row->state == TODO_DONE,
                              .list = view_name(a, row->list_id, row->list, row->list_slug),
                              .tags = view_names(a, AUDIENCE_MEMBERS, row->tags, row->ntags),
                              .priority = row->priority,
                              .due = row->due,
                              .due_day = view_due_day(a, row->due),
                              .is_new = row->version == 1,
                              .created = row->created,
                              .updated = row->updated,
                              .finished = row->finished,
                              .created_text = view_moment(a, row->created),
                              .updated_text = view_moment(a, row->updated),
                              .finished_text = view_moment(a, row->finished)};
    if (out->due_day)
        out->due_text = view_day(a, out->due_day, true);
    if (today && out->due_day && !out->done) {
        int order = strcmp(out->due_day, today);
        out->overdue = order < 0;
        out->due_today = order == 0;
    }
}

struct mustache_list view_todos(struct arena *a, const struct page *page, const struct read_ids *ids,
                                const char *today)
{
    struct todo_view *views = arena_alloc(a, ids->count * sizeof *views);
    size_t count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        const struct read_todo *row = page_todo(page, ids->items[i]);
        if (row)
            view_todo(a, row, today, &views[count++]);
    }
    if (count)
        views[count - 1].last = true;
    return (struct mustache_list){views, count};
}

/* ---- history */

/* A value of a change's detail as text; NULL: none. */
static const char *value_text(struct arena *a, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return arena_strdup(a, json_string_value(value));
    case JSON_INTEGER:
        return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    case JSON_ARRAY: {
        const char *text = NULL;
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
        {
            const char *one = value_text(a, item);
            if (one)
                text = text ? arena_printf(a, "%s, %s", text, one) : one;
        }
        return text;
    }
    default:
        return NULL;
    }
}

static struct mustache_list view_fields(struct arena *a, const char *detail)
{
    json_t *fields = detail ? json_loads(detail, 0, NULL) : NULL;
    struct change_field_view *views = arena_alloc(a, json_object_size(fields) * sizeof *views);
    size_t count = 0;
    const char *name;
    json_t *values;
    json_object_foreach(fields, name, values)
    {
        struct change_field_view *view = &views[count++];
        view->field = arena_strdup(a, name);
        if (strcmp(name, "notes") != 0 && json_array_size(values) == 2) {
            view->from = value_text(a, json_array_get(values, 0));
            view->to = value_text(a, json_array_get(values, 1));
        }
    }
    json_decref(fields);
    return (struct mustache_list){views, count};
}

static const char *what_happened(enum change_op op)
{
    switch (op) {
    case CHANGE_CREATE:
        return "created";
    case CHANGE_FINISH:
        return "finished";
    case CHANGE_REOPEN:
        return "reopened";
    case CHANGE_DELETE:
        return "deleted";
    case CHANGE_RESTORE:
        return "restored";
    default:
        return "edited";
    }
}

struct mustache_list view_history(struct arena *a, const struct read_todo *row)
{
    struct change_view *views = arena_alloc(a, row->nhistory * sizeof *views);
    for (size_t i = 0; i < row->nhistory; i++) {
        const struct read_history *change = &row->history[i];
        views[i] = (struct change_view){.at = change->at,
                                        .at_text = view_moment(a, change->at),
                                        .actor = change->actor,
                                        .what = what_happened(change->op)};
        if (change->op == CHANGE_EDIT)
            views[i].fields = view_fields(a, change->detail);
    }
    return (struct mustache_list){views, row->nhistory};
}

/* ---- forms */

static struct mustache_list view_priorities(struct arena *a, unsigned selected)
{
    static const char *const labels[TODO_PRIORITIES + 1] = {"none", "1 (highest)", "2", "3", "4 (lowest)"};
    static const char *const values[TODO_PRIORITIES + 1] = {"", "1", "2", "3", "4"};
    struct option_view *options = arena_alloc(a, sizeof *options * (TODO_PRIORITIES + 1));
    for (unsigned i = 0; i <= TODO_PRIORITIES; i++)
        options[i] = (struct option_view){values[i], labels[i], i == selected};
    return (struct mustache_list){options, TODO_PRIORITIES + 1};
}

/* A tag as the form's field takes it: in quotes where quick add needs them. */
static const char *tag_word(struct arena *a, const char *tag)
{
    return quick_tokens(a, &tag, 1, 0, NULL, NULL) + strlen(" #");
}

const struct form_view *view_add_form(struct arena *a, const char *list, const char *tag, const char *next)
{
    struct form_view *form = arena_alloc(a, sizeof *form);
    *form = (struct form_view){.action = "/api/todos",
                               .next = next,
                               .list = list,
                               .tags = tag ? tag_word(a, tag) : NULL,
                               .priorities = view_priorities(a, 0)};
    return form;
}

const struct form_view *view_edit_form(struct arena *a, const struct read_todo *row, const char *next)
{
    const char *tags = NULL;
    for (size_t i = 0; i < row->ntags; i++) {
        const char *word = tag_word(a, row->tags[i].name);
        tags = tags ? arena_printf(a, "%s, %s", tags, word) : word;
    }
    struct form_view *form = arena_alloc(a, sizeof *form);
    *form = (struct form_view){.action = arena_printf(a, "/api/todos/%" PRIu64, row->id),
                               .method = "PATCH",
                               .version = row->version,
                               .next = next,
                               .title = row->title,
                               .notes = row->notes,
                               .list = row->list,
                               .tags = tags,
                               .due = row->due,
                               .priorities = view_priorities(a, row->priority)};
    return form;
}
