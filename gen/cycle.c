/* See cycle.h. */
#include "cycle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- from changes to a plan */

struct planning {
    struct plan *plan;
    uint64_t published;
    struct row_cache *rows;
};

static void on_change(void *context, const struct read_change *change)
{
    const struct planning *p = context;
    plan_change(p->plan, change, change->revision <= p->published);
    if (p->rows && change->op == CHANGE_LIST_EDIT) /* its name stands in rows */
        row_cache_clear(p->rows);
    else if (p->rows)
        row_cache_drop(p->rows, change->todo_id);
}

static void on_place(void *context, const struct read_change *change)
{
    plan_list_todo(context, change);
}

/* A list's name stands on every page that shows one of its todos; and they are as public as it is. */
static enum db_result plan_lists(struct renderer *r, struct plan *plan)
{
    enum db_result result = DB_OK;
    size_t n = 0;
    plan_sort(plan);
    uint32_t *lists = arena_alloc(&r->arena, plan->count * sizeof *lists);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].all_todos)
            lists[n++] = plan->items[i].key.owner;
    for (size_t i = 0; i < n && result == DB_OK && !plan->too_large; i++)
        result = read_list_places(&r->db, lists[i], on_place, plan);
    return result;
}

/* What follows from buckets, and tags, that came or went. The plan grows meanwhile: so what is looked at is
 * copied first. */
static enum db_result plan_deltas(struct renderer *r, struct plan *plan)
{
    enum { AT_ONCE = 64 };
    enum db_result result = DB_OK;
    plan_sort(plan);
    struct plan_item *touched = arena_alloc(&r->arena, plan->count * sizeof *touched);
    size_t n = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        if ((item->delta || (plan->unsure && item->now)) &&
            (page_types[item->key.kind].in_bucket || item->key.kind == PAGE_TAG))
            touched[n++] = *item;
    }
    for (size_t done = 0; done < n && result == DB_OK; done += AT_ONCE) {
        const struct plan_item *items = touched + done;
        size_t count = n - done < AT_ONCE ? n - done : AT_ONCE, nasked = 0, ntags = 0;
        struct read_questions questions;
        struct read_bucket buckets[AT_ONCE], asked[AT_ONCE];
        struct read_names names;
        uint64_t tags[AT_ONCE];
        size_t asked_as[AT_ONCE] = {0};
        for (size_t i = 0; i < count; i++) {
            const struct page_key *key = &items[i].key;
            if (key->kind == PAGE_TAG) {
                tags[ntags++] = key->owner;
                continue;
            }
            buckets[i] =
                (struct read_bucket){.kind = page_sequence(key), .owner = key->owner, .number = key->number};
            struct read_ids ids;
            if (plan->sequences && sequence_cache_find(plan->sequences, &r->arena, &buckets[i], &ids))
                continue;
            asked_as[nasked] = i;
            asked[nasked++] = buckets[i];
        }
        read_questions_init(&questions, &r->arena);
        read_buckets(&questions, asked, nasked);
        read_names(&questions, BUCKET_TAG, tags, ntags, &names);
        result = read_answers(&r->db, &questions);
        for (size_t i = 0; i < nasked; i++)
            buckets[asked_as[i]] = asked[i];
        for (size_t i = 0; i < count && result == DB_OK; i++) {
            enum audience audience = (enum audience)items[i].key.audience;
            if (items[i].key.kind != PAGE_TAG) {
                plan_bucket(plan, audience, &buckets[i], items[i].delta);
                continue;
            }
            const struct read_name *tag = read_names_find(&names, items[i].key.owner);
            if (tag)
                plan_tag(plan, audience, tag->todos[audience].open + tag->todos[audience].done,
                         items[i].delta);
        }
    }
    return result;
}

bool plan_changes(struct renderer *r, struct plan *plan, uint64_t planned, uint64_t published)
{
    struct planning planning = {plan, published, r->rows};
    plan->sequences = r->sequences;
    arena_reset(&r->arena);
    enum db_result result = DB_OK;
    if (planned < r->board.revision)
        result = read_changes(&r->db, planned, r->board.revision, on_change, &planning);
    if (plan->problem[0])
        return renderer_failed(r, plan->problem);
    if (result == DB_OK)
        result = plan_lists(r, plan);
    if (result == DB_OK && !plan->too_large)
        result = plan_deltas(r, plan);
    if (result != DB_OK)
        return renderer_failed(r, r->db.error);
    plan_sort(plan);
    return true;
}

/* ---- a cycle */

/* Is current/ what this process can go on from? What is remembered of it is forgotten if another process has
 * published. */
static enum cycle_result look(struct cycle *c, struct tree *tree)
{
    struct renderer *r = c->renderer;
    struct cursor cursor;
    if (c->site->state.fingerprint != r->fingerprint) {
        /* Somebody rendered all pages with other templates: perhaps those that now lie there. */
        if (!renderer_reload(r))
            return CYCLE_FAILED;
        if (c->site->state.fingerprint != r->fingerprint) {
            renderer_failed(
                r, "templates, assets, settings or program are not those that the pages were made with");
            return CYCLE_BUILD;
        }
    }
    if (!site_is_trusted(c->site)) {
        renderer_failed(r, "the machine went down without a sync");
        return CYCLE_BUILD;
    }
    if (!tree_read_cursor(tree, &cursor)) {
        renderer_failed(r, "current/revision.json is missing or makes no sense");
        return CYCLE_BUILD;
    }
    if (!c->known || cursor.revision != c->cursor.revision || cursor.settled != c->cursor.settled) {
        plan_clear(&c->plan);
        renderer_forget(r); /* there may be changes that this process will never plan */
        c->known = true;
        c->plan.unsure = true;
        c->cursor = cursor;
        c->planned = cursor.settled;
        c->day[0] = '\0';
    }
    return CYCLE_DONE;
}

static bool write_cursor(struct cycle *c, struct tree *tree, struct cursor cursor)
{
    if (cursor.revision == c->cursor.revision && cursor.settled == c->cursor.settled)
        return true;
    if (!tree_write_cursor(tree, &cursor))
        return renderer_failed(c->renderer, tree->error);
    c->cursor = cursor;
    return true;
}

static bool publish_now(struct cycle *c, struct tree *tree)
{
    struct renderer *r = c->renderer;
    if (!tree_next_counter(tree))
        return renderer_failed(r, tree->error);
    if (!render_pages(r, tree, c->plan.items, c->plan.count, true))
        return false;
    plan_published(&c->plan);
    struct cursor cursor = {r->board.revision, c->cursor.settled};
    if (!plan_has_later(&c->plan))
        cursor.settled = cursor.revision;
    if (!write_cursor(c, tree, cursor))
        return false;
    c->plan.unsure = false;
    c->planned = r->board.revision;
    strcpy(c->day, r->today);
    return true;
}

static bool publish_later(struct cycle *c, struct tree *tree)
{
    struct renderer *r = c->renderer;
    if (!tree_next_counter(tree))
        return renderer_failed(r, tree->error);
    if (!render_pages(r, tree, c->plan.items, c->plan.count, false))
        return false;
    plan_clear(&c->plan);
    return write_cursor(c, tree, (struct cursor){r->board.revision, r->board.revision});
}

/* With current/ open and a snapshot. */
static enum cycle_result publish(struct cycle *c, struct tree *tree, bool settle,
                                 cycle_published_fn *published, void *context)
{
    struct renderer *r = c->renderer;
    if (r->board.revision < c->cursor.revision) {
        snprintf(r->error, sizeof r->error,
                 "the database is at revision %" PRIu64 ", and the pages are of %" PRIu64, r->board.revision,
                 c->cursor.revision);
        return CYCLE_BUILD;
    }
    bool new_day = strcmp(c->day, r->today) != 0;
    if (r->board.revision == c->cursor.revision && !new_day && !(settle && cycle_is_unsettled(c)))
        return CYCLE_DONE;

    if (new_day)
        plan_day(&c->plan);
    if (!plan_changes(r, &c->plan, c->planned, c->cursor.revision))
        return CYCLE_FAILED;
    r->reading = now_us() - c->begun; /* looking and planning besides, which take next to nothing */
    if (c->plan.too_large) {
        renderer_failed(r, "so many pages have changed that it is quicker");
        return CYCLE_BUILD;
    }
    if (!publish_now(c, tree))
        return CYCLE_FAILED;
    struct cycle_times times = {.read = r->reading, .files = tree->spent};
    uint64_t all = now_us() - c->begun, known = times.read + times.files;
    times.render = all > known ? all - known : 0;
    published(context, c->cursor.revision, &times);
    if (settle && cycle_is_unsettled(c) && !publish_later(c, tree))
        return CYCLE_FAILED;
    return CYCLE_DONE;
}

enum cycle_result cycle_run(struct cycle *c, bool settle, cycle_published_fn *published, void *context)
{
    struct tree tree;
    if (!site_lock(c->site)) {
        renderer_failed(c->renderer, c->site->error);
        return CYCLE_FAILED;
    }
    enum cycle_result result = CYCLE_FAILED;
    c->begun = now_us();
    c->renderer->reading = 0;
    if (tree_open_current(&tree, c->site)) {
        tree.reuse = !site_is_building(c->site);
        result = look(c, &tree);
        if (result == CYCLE_DONE) {
            uint64_t durable = c->durable > c->cursor.revision ? c->durable : c->cursor.revision;
            result = renderer_begin(c->renderer, durable) ? publish(c, &tree, settle, published, context)
                                                          : CYCLE_FAILED;
            renderer_end(c->renderer, result != CYCLE_DONE);
        }
        tree_close(&tree);
    } else {
        renderer_failed(c->renderer, tree.error);
        if (errno == ENOENT)
            result = CYCLE_BUILD;
    }
    site_unlock(c->site);
    if (result != CYCLE_DONE) {
        plan_clear(&c->plan);
        renderer_forget(c->renderer);
        c->plan.unsure = true;
        c->planned = c->cursor.settled;
    }
    return result;
}

bool cycle_is_unsettled(const struct cycle *c)
{
    return c->cursor.settled < c->cursor.revision || plan_has_later(&c->plan);
}
