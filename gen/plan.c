/*
 * Which pages show what. A todo stands on its own page, in the bucket of its
 * state and the newest of them, and for its list and for each tag in a bucket
 * and perhaps among the newest; the board shows some of everything. A change
 * touches the places where the todo was and those where it is: both are in
 * its row. The public tree is the same with fewer todos in it.
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
    plan->count = plan->sorted = plan->nflips = 0;
    plan->unsure = plan->too_large = false;
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

/* One page; `like` says all but the key. */
static void add(struct plan *plan, enum audience audience, enum page_kind kind, uint32_t owner,
                uint64_t number, const struct plan_item *like)
{
    if (!make_room(plan))
        return;
    struct plan_item *item = &plan->items[plan->count++];
    *item = *like;
    item->key = (struct page_key){
        .kind = (uint8_t)kind, .audience = (uint8_t)audience, .owner = owner, .number = number};
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
    add(plan, AUDIENCE_MEMBERS, kind, owner, number, &item);
    if (!page_types[kind].members_only)
        add(plan, AUDIENCE_PUBLIC, kind, owner, number, &item);
}

void plan_day(struct plan *plan)
{
    for (int kind = 0; kind < PAGE_KINDS; kind++)
        if (page_types[kind].of_day)
            plan_add(plan, (enum page_kind)kind, 0, 0, PLAN_NOW);
}

/* ---- places */

struct place {
    enum place_kind kind;
    enum place_where { IN_LIST = 'l', IN_TAG = 't', AMONG_DUE = 'd' } where;
    uint32_t owner;  /* 0 with AMONG_DUE */
    uint64_t number; /* 0 with AMONG_DUE and PLACE_NEW */
    uint64_t rank;   /* in a list; 0: others' ranks have changed, too */
};

/* Takes one item from the front of *text; false if there is none or it is not one. */
static bool take_place(const char **text, struct place *place)
{
    const char *s = *text;
    char *end = (char *)s + 2;
    if (!*s || !strchr("=~+-*", s[0]) || !s[1] || !strchr("ltd", s[1]))
        return false;
    *place = (struct place){.kind = (enum place_kind)s[0], .where = (enum place_where)s[1]};
    if (place->where != AMONG_DUE) {
        if (s[2] < '1' || s[2] > '9')
            return false;
        place->owner = (uint32_t)strtoul(s + 2, &end, 10);
    }
    if (place->where != AMONG_DUE && place->kind != PLACE_NEW) {
        if (end[0] != ':' || end[1] < '1' || end[1] > '9')
            return false;
        place->number = strtoull(end + 1, &end, 10);
        place->rank = *end == '/' ? strtoull(end + 1, &end, 10) : list_rank(place->number);
    }
    if (*end && *end != ' ')
        return false;
    *text = *end ? end + 1 : end;
    return true;
}

/* ---- lists that were made public or private */

static const struct plan_flip *find_flip(const struct plan *plan, uint32_t list_id)
{
    for (size_t i = 0; i < plan->nflips; i++)
        if (plan->flips[i].list_id == list_id)
            return &plan->flips[i];
    return NULL;
}

static void note_flip(struct plan *plan, const struct read_change *change)
{
    if (find_flip(plan, change->list_id))
        return; /* what is published is as before the first one */
    if (plan->nflips == PLAN_FLIPS)
        plan->too_large = true;
    else
        plan->flips[plan->nflips++] = (struct plan_flip){change->list_id, change->public_from};
}

/* ---- how an audience sees a change */

struct sight {
    enum audience audience;
    const struct read_change *change;
    enum todo_state from, to;    /* the change's, or TODO_ABSENT when the audience does not see the todo */
    bool counts_from, counts_to; /* is it in what is published, or is it to be then? */
    bool published; /* the change is in what is published already, and only what follows from it is planned */
    bool at_once;   /* no twin may follow */
    bool flips;     /* its list was made public or private: nothing may follow, no count either */
};

static bool shown(enum todo_state state)
{
    return state == TODO_OPEN || state == TODO_DONE;
}

static struct sight members_sight(const struct read_change *change, bool published)
{
    return (struct sight){.audience = AUDIENCE_MEMBERS,
                          .change = change,
                          .from = change->from,
                          .to = change->to,
                          .counts_from = true,
                          .counts_to = true,
                          .published = published};
}

/* One that sees nothing of the todo, before and after, touches nothing. */
static struct sight public_sight(const struct plan *plan, const struct read_change *change, bool published)
{
    bool sees_from = change->public_from, sees_to = change->public_to;
    struct sight sight = {.audience = AUDIENCE_PUBLIC,
                          .change = change,
                          .counts_from = sees_from,
                          .counts_to = sees_to,
                          .published = published};
    const char *places = change->places;
    struct place place;
    while (plan->nflips && take_place(&places, &place)) {
        const struct plan_flip *flip =
            place.where != IN_LIST || place.kind == PLACE_NEW ? NULL : find_flip(plan, place.owner);
        if (flip && place.kind != PLACE_JOINS) {
            sees_from = true;
            sight.counts_from = flip->was_public;
        }
        if (flip && place.kind != PLACE_LEAVES) {
            sees_to = true;
            sight.counts_to = flip->was_public;
        }
    }
    sight.from = sees_from && shown(change->from) ? change->from : TODO_ABSENT;
    sight.to = sees_to && shown(change->to) ? change->to : TODO_ABSENT;
    sight.at_once = !shown(sight.to);
    return sight;
}

/* ---- what a change touches */

static void touch(struct plan *plan, const struct sight *sight, enum page_kind kind, uint32_t owner,
                  uint64_t number, enum plan_when when, int32_t delta)
{
    struct plan_item item = due(kind, when);
    item.delta = delta;
    if (sight->flips || (sight->at_once && when == PLAN_NOW)) {
        item.now = (uint8_t)page_types[kind].twins;
        item.later = 0;
    }
    if (sight->published) {
        item.now = 0;
        item.delta = 0;
    }
    if (item.now || item.later)
        add(plan, sight->audience, kind, owner, number, &item);
}

/* The pages of one state: those of a todo that was or is in it. */
static void touch_state(struct plan *plan, const struct sight *sight, enum todo_state state,
                        enum bucket_kind kind)
{
    int32_t delta = (sight->to == state && sight->counts_to) - (sight->from == state && sight->counts_from);
    if (sight->from != state && sight->to != state)
        return;
    touch(plan, sight, page_of_bucket(kind), 0, bucket_of(sight->change->todo_id), PLAN_NOW, delta);
    touch(plan, sight, page_of_head(kind), 0, 0, PLAN_NOW, 0);
}

static void touch_due(struct plan *plan, const struct sight *sight, enum place_kind kind)
{
    bool before = kind != PLACE_JOINS && sight->from == TODO_OPEN;
    bool after = kind != PLACE_LEAVES && sight->to == TODO_OPEN;
    if (before || after)
        touch(plan, sight, PAGE_DUE, 0, 0, PLAN_NOW, 0);
}

static void touch_place(struct plan *plan, const struct sight *sight, const struct place *place)
{
    if (place->where == AMONG_DUE) {
        touch_due(plan, sight, place->kind);
        return;
    }
    bool of_tag = place->where == IN_TAG;
    enum bucket_kind kind = of_tag ? BUCKET_TAG : BUCKET_LIST;
    enum page_kind index = of_tag ? PAGE_TAGS : PAGE_LISTS;
    if (place->kind == PLACE_NEW) {
        if (shown(sight->to)) {
            touch(plan, sight, page_of_head(kind), place->owner, 0, PLAN_NOW, 0);
            touch(plan, sight, index, 0, 0, PLAN_NOW, 0);
        }
        return;
    }
    bool before = place->kind != PLACE_JOINS && shown(sight->from);
    bool after = place->kind != PLACE_LEAVES && shown(sight->to);
    if (!before && !after)
        return;
    int32_t delta = (after && sight->counts_to) - (before && sight->counts_from);
    bool by_id = of_tag && sight->audience == AUDIENCE_PUBLIC; /* BUCKET_PUBLIC_TAG */
    touch(plan, sight, page_of_bucket(kind), place->owner,
          bucket_of(by_id ? sight->change->todo_id : place->number), PLAN_NOW, delta);
    touch(plan, sight, page_of_head(kind), place->owner, 0, PLAN_NOW, delta);
    touch(plan, sight, index, 0, 0, PLAN_LATER, 0);
}

static void touch_todo(struct plan *plan, const struct sight *sight)
{
    const struct read_change *change = sight->change;
    touch(plan, sight, PAGE_TODO, 0, change->todo_id, PLAN_NOW, 0);
    if (sight->audience == AUDIENCE_MEMBERS && (sight->from == TODO_DELETED || !shown(sight->to)))
        touch(plan, sight, PAGE_DELETED, 0, change->todo_id, PLAN_NOW, 0);
    touch_state(plan, sight, TODO_OPEN, BUCKET_OPEN);
    touch_state(plan, sight, TODO_DONE, BUCKET_DONE);

    const char *places = change->places;
    struct place place;
    while (take_place(&places, &place))
        touch_place(plan, sight, &place);
    if (*places)
        snprintf(plan->problem, sizeof plan->problem,
                 "revision %" PRIu64 " has places that cannot be read, from '%.40s' on", change->revision,
                 places);
    touch(plan, sight, PAGE_BOARD, 0, 0, PLAN_NOW, 0);
    touch(plan, sight, PAGE_STATS, 0, 0, PLAN_LATER, 0);
}

static void touch_list(struct plan *plan, const struct sight *sight)
{
    touch(plan, sight, PAGE_LIST, sight->change->list_id, 0, PLAN_NOW, 0);
    touch(plan, sight, PAGE_LISTS, 0, 0, PLAN_NOW, 0);
    touch(plan, sight, PAGE_BOARD, 0, 0, PLAN_NOW, 0);
    touch(plan, sight, PAGE_STATS, 0, 0, PLAN_LATER, 0);
}

static void change_todo(struct plan *plan, const struct read_change *change, bool published)
{
    struct sight members = members_sight(change, published);
    struct sight public = public_sight(plan, change, published);
    touch_todo(plan, &members);
    if (shown(public.from) || shown(public.to))
        touch_todo(plan, &public);
}

static void change_list(struct plan *plan, const struct read_change *change, bool published)
{
    bool flips = change->public_from != change->public_to;
    struct sight members = {.audience = AUDIENCE_MEMBERS, .change = change, .published = published};
    struct sight public = {
        .audience = AUDIENCE_PUBLIC, .change = change, .published = published, .flips = flips};
    touch_list(plan, &members);
    if (change->public_from || change->public_to)
        touch_list(plan, &public);
    if (change->op != CHANGE_LIST_EDIT)
        return; /* a list that is deleted has no todos that are shown */
    if (flips && !published)
        note_flip(plan, change);
    /* Once more after a crash is no harm: equal files stay. */
    add(plan, AUDIENCE_MEMBERS, PAGE_LIST, change->list_id, 0, &(struct plan_item){.all_todos = true});
}

/* ---- what is remembered of sequences */

/* Stands a todo on pages of one sequence, before and after? `on_head`: on its head, where its place is that
 * of `rank`.
 */
static void follow_sequence(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner,
                            uint64_t number, uint64_t rank, uint64_t id, const bool in_bucket[2],
                            const bool on_head[2])
{
    const struct {
        uint64_t page, number;
        const bool *on;
    } pages[] = {{bucket_of(number), number, in_bucket}, {READ_BUCKET_END, rank, on_head}};
    for (size_t i = 0; i < 2; i++) {
        if (pages[i].on[1] && !pages[i].on[0])
            sequence_cache_join(cache, kind, owner, pages[i].page, pages[i].number, id);
        else if (pages[i].on[0] && !pages[i].on[1])
            sequence_cache_leave(cache, kind, owner, pages[i].page, id);
    }
}

/* In the pages of a list or tag. */
static void follow_place(struct sequence_cache *cache, const struct place *place, enum bucket_kind kind,
                         uint64_t id, enum todo_state from, enum todo_state to)
{
    const bool was = place->kind != PLACE_JOINS, is = place->kind != PLACE_LEAVES;
    const bool in_bucket[2] = {was && shown(from), is && shown(to)};
    const bool on_head[2] = {was && from == TODO_OPEN, is && to == TODO_OPEN};
    uint64_t number = kind == BUCKET_PUBLIC_TAG ? id : place->number;
    uint64_t rank = kind == BUCKET_LIST ? place->rank : number;
    if (kind == BUCKET_LIST && (place->kind == PLACE_MOVES || !place->rank))
        sequence_cache_drop(cache, kind, place->owner, READ_BUCKET_END);
    follow_sequence(cache, kind, place->owner, number, rank, id, in_bucket, on_head);
}

/* As an audience sees the todo in them. */
static void follow_todo(struct sequence_cache *cache, const struct read_change *change,
                        enum audience audience, enum todo_state from, enum todo_state to)
{
    bool public = audience == AUDIENCE_PUBLIC;
    uint64_t id = change->todo_id;
    const bool open[2] = {from == TODO_OPEN, to == TODO_OPEN}, done[2] = {from == TODO_DONE, to == TODO_DONE};
    const bool none[2] = {false, false};
    enum bucket_kind of_done = public ? BUCKET_PUBLIC_DONE : BUCKET_DONE;
    follow_sequence(cache, public ? BUCKET_PUBLIC_OPEN : BUCKET_OPEN, 0, id, id, id, open, open);
    follow_sequence(cache, of_done, 0, id, id, id, done, none);
    if (done[0] != done[1]) /* in order of when they were finished, which a change does not tell */
        sequence_cache_drop(cache, of_done, 0, READ_BUCKET_END);

    const char *places = change->places;
    struct place place;
    while (take_place(&places, &place)) {
        if (place.kind == PLACE_NEW || place.where == AMONG_DUE)
            continue;
        if (place.where == IN_TAG)
            follow_place(cache, &place, public ? BUCKET_PUBLIC_TAG : BUCKET_TAG, id, from, to);
        else if (!public) /* a list's pages show the same to both */
            follow_place(cache, &place, BUCKET_LIST, id, from, to);
    }
}

static void follow_change(struct sequence_cache *cache, const struct read_change *change)
{
    if (!change->todo_id) { /* of a list, or of the whole board */
        sequence_cache_clear(cache);
        return;
    }
    follow_todo(cache, change, AUDIENCE_MEMBERS, change->from, change->to);
    follow_todo(cache, change, AUDIENCE_PUBLIC, change->public_from ? change->from : TODO_ABSENT,
                change->public_to ? change->to : TODO_ABSENT);
}

void plan_change(struct plan *plan, const struct read_change *change, bool published)
{
    if (plan->sequences)
        follow_change(plan->sequences, change);
    switch (change->op) {
    case CHANGE_CREATE:
    case CHANGE_EDIT:
    case CHANGE_FINISH:
    case CHANGE_REOPEN:
    case CHANGE_DELETE:
    case CHANGE_RESTORE:
    case CHANGE_PURGE:
        change_todo(plan, change, published);
        return;
    case CHANGE_LIST_EDIT:
    case CHANGE_LIST_DELETE:
        change_list(plan, change, published);
        return;
    case CHANGE_BOARD_RESTORE: /* whatever stands is of another past */
        plan->too_large = true;
        return;
    }
    snprintf(plan->problem, sizeof plan->problem, "revision %" PRIu64 " is of an unknown kind, %d",
             change->revision, (int)change->op);
}

void plan_list_todo(struct plan *plan, const struct read_change *change)
{
    const struct plan_flip *flip = find_flip(plan, change->list_id);
    struct sight members = members_sight(change, false);
    struct sight public = public_sight(plan, change, false);
    public.counts_to = change->public_to;
    public.flips = flip != NULL;
    touch_todo(plan, &members);
    if (shown(public.from) || shown(public.to))
        touch_todo(plan, &public);
}

/* ---- what follows from it */

void plan_bucket(struct plan *plan, enum audience audience, const struct read_bucket *bucket, int32_t delta)
{
    bool is = bucket->todos > 0, was = (int64_t)bucket->todos - delta > 0;
    if (is == was && !plan->unsure)
        return;
    enum page_kind kind = page_of_bucket(bucket->kind);
    struct plan_item item = due(kind, PLAN_NOW);
    if (plan->sequences) /* links to it, and to those beside it */
        sequence_cache_drop_all_of(plan->sequences, bucket->kind, bucket->owner);
    if (bucket->previous)
        add(plan, audience, kind, bucket->owner, bucket->previous, &item);
    if (bucket->next)
        add(plan, audience, kind, bucket->owner, bucket->next, &item);
}

void plan_tag(struct plan *plan, enum audience audience, uint64_t todos, int32_t delta)
{
    struct plan_item item = due(PAGE_TAGS, PLAN_NOW);
    if ((todos > 0) != ((int64_t)todos - delta > 0))
        add(plan, audience, PAGE_TAGS, 0, 0, &item);
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
    plan->nflips = 0;
}

bool plan_has_later(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].later)
            return true;
    return false;
}
