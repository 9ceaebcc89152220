/*
 * Changes -> the set of pages that they touch. Pure: what a plan needs to know
 * from the database (whether a bucket that lost a todo is empty now, which are its
 * neighbours) it is told.
 *
 * A plan has two parts. What shows the todo is due now, before its revision
 * is published; what merely follows (page.h: late_twins, and the indexes of
 * lists and tags with their counts) is due later, once for many changes, before the
 * revision is settled.
 *
 * Too many pages are not a plan any more: then `too_large` is set, and all are
 * rendered instead.
 */
#ifndef WRIT_GEN_PLAN_H
#define WRIT_GEN_PLAN_H

#include "../db/read.h"
#include "page.h"

enum {
    PLAN_PAGES = 1 << 19, /* more are a full build: 12 MiB */
    PLAN_PROBLEM = 160,
    AUDIENCES_MADE = AUDIENCE_MEMBERS + 1, /* the members' tree alone, until there is a public one */
};

struct plan_item {
    struct page_key key;
    int32_t delta;  /* of a bucket, list or tag: how many todos it has gained since what is published */
    uint8_t now;    /* of enum twin */
    uint8_t later;  /* of enum twin */
    bool all_todos; /* of a list: something that the pages of all its todos show has changed */
    bool gone;      /* the renderer found that there is no such page (any more) */
};

struct plan {
    struct plan_item *items; /* after plan_sort(): by page, no two the same */
    size_t count, capacity;
    size_t sorted; /* how many at the front are */
    bool too_large;
    char problem[PLAN_PROBLEM]; /* a change that cannot be understood; "" */
};

void plan_release(struct plan *plan);

/* Empty again; a large one gives its memory back. */
void plan_clear(struct plan *plan);

enum plan_when { PLAN_NOW, PLAN_LATER };

/* Plans a page, for every audience. Its late twins are due later in any case. */
void plan_add(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number, enum plan_when when);

/* Plans all that a change touches. `published`: the change is in what is published already, and only what
 * follows from it is planned. */
void plan_change(struct plan *plan, const struct read_change *change, bool published);

/* By page, which is the order of publishing, doubles merged. */
void plan_sort(struct plan *plan);

/* A bucket of the plan, as it is now: if the changes emptied it or filled an empty one, then its neighbours'
 * links have changed, and they are planned. */
void plan_bucket(struct plan *plan, const struct read_bucket *bucket, int32_t delta);

/* A tag of the plan with its present count: if it went or came, then the index of tags is due now. */
void plan_tag(struct plan *plan, uint64_t todos, int32_t delta);

/* What was due now is done: drops it. */
void plan_published(struct plan *plan);

/* Is anything due later? */
bool plan_has_later(const struct plan *plan);

#endif
