/*
 * Which pages show what. A todo stands on its own page, in the bucket of its
 * state and the newest of them, and for its list and for each tag in a bucket
 * and perhaps among the newest; the board shows some of everything. A change
 * touches the places where the todo was and those where it is: both are in
 * its row.
 */
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 256,
    KEPT_CAPACITY = 8192, /* what an ordinary cycle may need */
};

void plan_release(struct plan *plan)
{
    free(plan->items);
    *plan = (struct plan){0};
}

void plan_clear(struct plan *plan)
{
    if (plan->capacity > KEPT_CAPACITY) {
        plan_release(plan);
        return;
    }
    plan->count = plan->sorted = 0;
    plan->too_large = false;
    plan->problem[0] = '\0';
}

static bool make_room(struct plan *plan)
{
    if (plan->count < plan->capacity)
        return true;
    plan_sort(plan); /* many are doubles */
    if (plan->count < plan->capacity / 2)
        return true;
    if (plan->capacity >= PLAN_PAGES) {
        plan->too_large = true;
        return false;
    }
    size_t capacity = plan->capacity ? 2 * plan->capacity : FIRST_CAPACITY;
    struct plan_item *items = realloc(plan->items, capacity * sizeof *items);
    if (!items) {
        plan->too_large = true;
        return false;
    }
    plan->items = items;
    plan->capacity = capacity;
    return true;
}

/* One page of every audience; `like` says all but the key. */
static void add(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number,
                const struct plan_item *like)
{
    for (uint8_t audience = 0; audience < AUDIENCES_MADE; audience++) {
        if (!make_room(plan))
            return;
        struct plan_item *item = &plan->items[plan->count++];
        *item = *like;
        item->key =
            (struct page_key){.kind = (uint8_t)kind, .audience = audience, .owner = owner, .number = number};
    }
}

static struct plan_item due(enum page_kind kind, enum plan_when when)
{
    const struct page_type *type = &page_types[kind];
    if (when == PLAN_LATER)
        return (struct plan_item){.later = (uint8_t)type->twins};
    return (struct plan_item){.now = (uint8_t)(type->twins & ~type->late_twins),
                              .later = (uint8_t)type->late_twins};
}

void plan_add(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number, enum plan_when when)
{
    struct plan_item item = due(kind, when);
    add(plan, kind, owner, number, &item);
}

/* ---- what a change touches */

static void touch(struct plan *plan, bool published, enum page_kind kind, uint32_t owner, uint64_t number,
                  enum plan_when when, int32_t delta)
{
    struct plan_item item = due(kind, when);
    item.delta = delta;
    if (published) {
        item.now = 0;
        item.delta = 0;
    }
    if (item.now || item.later)
        add(plan, kind, owner, number, &item);
}

static bool shown(enum todo_state state)
{
    return state == TODO_OPEN || state == TODO_DONE;
}

/* The pages of one state: those of a todo that was or is in it. */
static void touch_state(struct plan *plan, const struct read_change *change, bool published,
                        enum todo_state state, enum bucket_kind kind)
{
    int32_t delta = (change->to == state) - (change->from == state);
    if (change->from != state && change->to != state)
        return;
    touch(plan, published, page_of_bucket(kind), 0, bucket_of(change->todo_id), PLAN_NOW, delta);
    touch(plan, published, page_of_head(kind), 0, 0, PLAN_NOW, 0);
}

struct place {
    enum place_kind kind;
    bool of_tag;
    uint32_t owner;
    uint64_t number; /* 0 with PLACE_NEW */
};

/* Takes one item from the front of *text; false if there is none or it is not one. */
static bool take_place(const char **text, struct place *place)
{
    const char *s = *text;
    char *end;
    if (!*s || !strchr("=+-*", s[0]) || (s[1] != 'l' && s[1] != 't') || s[2] < '1' || s[2] > '9')
        return false;
    *place = (struct place){.kind = (enum place_kind)s[0], .of_tag = s[1] == 't'};
    place->owner = (uint32_t)strtoul(s + 2, &end, 10);
    if (place->kind != PLACE_NEW) {
        if (end[0] != ':' || end[1] < '1' || end[1] > '9')
            return false;
        place->number = strtoull(end + 1, &end, 10);
    }
    if (*end && *end != ' ')
        return false;
    *text = *end ? end + 1 : end;
    return true;
}

static void touch_place(struct plan *plan, const struct read_change *change, bool published,
                        const struct place *place)
{
    enum bucket_kind kind = place->of_tag ? BUCKET_TAG : BUCKET_LIST;
    enum page_kind index = place->of_tag ? PAGE_TAGS : PAGE_LISTS;
    if (place->kind == PLACE_NEW) {
        touch(plan, published, page_of_head(kind), place->owner, 0, PLAN_NOW, 0);
        touch(plan, published, index, 0, 0, PLAN_NOW, 0);
        return;
    }
    bool before = place->kind != PLACE_JOINS && shown(change->from);
    bool after = place->kind != PLACE_LEAVES && shown(change->to);
    if (!before && !after)
        return;
    touch(plan, published, page_of_bucket(kind), place->owner, bucket_of(place->number), PLAN_NOW,
          after - before);
    touch(plan, published, page_of_head(kind), place->owner, 0, PLAN_NOW, after - before);
    touch(plan, published, index, 0, 0, PLAN_LATER, 0);
}

static void touch_todo(struct plan *plan, const struct read_change *change, bool published)
{
    touch(plan, published, PAGE_TODO, 0, change->todo_id, PLAN_NOW, 0);
    if (change->from == TODO_DELETED || !shown(change->to))
        touch(plan, published, PAGE_DELETED, 0, change->todo_id, PLAN_NOW, 0);
    touch_state(plan, change, published, TODO_OPEN, BUCKET_OPEN);
    touch_state(plan, change, published, TODO_DONE, BUCKET_DONE);

    const char *places = change->places;
    struct place place;
    while (take_place(&places, &place))
        touch_place(plan, change, published, &place);
    if (*places)
        snprintf(plan->problem, sizeof plan->problem,
                 "revision %" PRIu64 " has places that cannot be read, from '%.40s' on", change->revision,
                 places);
}

void plan_change(struct plan *plan, const struct read_change *change, bool published)
{
    switch (change->op) {
    case CHANGE_CREATE:
    case CHANGE_EDIT:
    case CHANGE_FINISH:
    case CHANGE_REOPEN:
    case CHANGE_DELETE:
    case CHANGE_RESTORE:
    case CHANGE_PURGE:
        touch_todo(plan, change, published);
        break;
    case CHANGE_LIST_EDIT:
    case CHANGE_LIST_DELETE:
        touch(plan, published, PAGE_LIST, change->list_id, 0, PLAN_NOW, 0);
        touch(plan, published, PAGE_LISTS, 0, 0, PLAN_NOW, 0);
        if (change->op == CHANGE_LIST_EDIT) /* once more after a crash is no harm: equal files stay */
            add(plan, PAGE_LIST, change->list_id, 0, &(struct plan_item){.all_todos = true});
        break;
    default:
        snprintf(plan->problem, sizeof plan->problem, "revision %" PRIu64 " is of an unknown kind, %d",
                 change->revision, (int)change->op);
        return;
    }
    touch(plan, published, PAGE_BOARD, 0, 0, PLAN_NOW, 0);
}

/* ---- what follows from it */

void plan_bucket(struct plan *plan, const struct read_bucket *bucket, int32_t delta)
{
    bool is = bucket->todos > 0, was = (int64_t)bucket->todos - delta > 0;
    if (is == was)
        return;
    enum page_kind kind = page_of_bucket(bucket->kind);
    if (bucket->previous)
        plan_add(plan, kind, bucket->owner, bucket->previous, PLAN_NOW);
    if (bucket->next)
        plan_add(plan, kind, bucket->owner, bucket->next, PLAN_NOW);
}

void plan_tag(struct plan *plan, uint64_t todos, int32_t delta)
{
    if ((todos > 0) != ((int64_t)todos - delta > 0))
        plan_add(plan, PAGE_TAGS, 0, 0, PLAN_NOW);
}

/* ---- the set */

static int by_page(const void *a, const void *b)
{
    return page_compare(&((const struct plan_item *)a)->key, &((const struct plan_item *)b)->key);
}

void plan_sort(struct plan *plan)
{
    if (plan->sorted == plan->count)
        return;
    qsort(plan->items, plan->count, sizeof *plan->items, by_page);
    size_t kept = 0;
    for (size_t i = 1; i < plan->count; i++) {
        struct plan_item *to = &plan->items[kept], *from = &plan->items[i];
        if (page_compare(&to->key, &from->key) == 0) {
            to->delta += from->delta;
            to->now |= from->now;
            to->later |= from->later;
            to->all_todos |= from->all_todos;
        } else {
            plan->items[++kept] = *from;
        }
    }
    plan->count = plan->sorted = kept + 1;
}

void plan_published(struct plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_item rest = {.key = plan->items[i].key,
                                 .later = (uint8_t)(plan->items[i].later & ~plan->items[i].now)};
        if (rest.later)
            plan->items[kept++] = rest;
    }
    plan->count = kept;
    plan->sorted = kept; /* callers sorted before */
}

bool plan_has_later(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].later)
            return true;
    return false;
}
