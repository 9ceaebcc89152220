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
 * The public tree has its own pages of what it shows. There a todo that is, or
 * becomes, private is absent, so that a change of one that was private and stays so
 * plans no public page at all. What leaves the public tree leaves it now, with
 * every twin of every page that showed it.
 *
 * A list that is made public or private takes all its todos with it, which
 * its change row does not name: they are planned by plan_list_todo(), as they
 * stand in the snapshot, behind all changes. Until then the changes of todos count
 * as if the list were still as public as it is in what is published, so that each
 * todo's way into the public tree or out of it counts exactly once, wherever it has
 * moved meanwhile; and their public pages are planned in any case, since a cycle that was
 * broken off may have published what has been taken back by now.
 *
 * Too many pages are not a plan any more: then `too_large` is set, and all are
 * rendered instead.
 */
#ifndef WRIT_GEN_PLAN_H
#define WRIT_GEN_PLAN_H

#include "../db/read.h"
#include "page.h"
#include "sequence_cache.h"

enum {
    PLAN_PAGES = 1 << 19, /* more are a full build: 12 MiB */
    PLAN_FLIPS = 256,     /* lists made public or private; more at once are a full build */
    PLAN_PROBLEM = 160,
};

struct plan_item {
    struct page_key key;
    int32_t delta;  /* of a bucket, list or tag: how many todos it has gained since what is published */
    uint8_t now;    /* of enum twin */
    uint8_t later;  /* of enum twin */
    bool all_todos; /* of a list, in the members' tree: its name has changed, or who sees it */
    bool gone;      /* the renderer found that there is no such page (any more) */
};

struct plan {
    struct plan_item *items; /* after plan_sort(): by page, no two the same */
    size_t count, capacity;
    size_t sorted; /* how many at the front are */
    struct plan_flip {
        uint32_t list_id;
        bool was_public; /* in what is published */
    } flips[PLAN_FLIPS];
    size_t nflips;
    struct sequence_cache *sequences; /* told of every change that is planned; NULL: none. Borrowed */
    bool unsure; /* set by the caller: a cycle may have been broken off, and some pages show more than what is
                    said to be published. Then a bucket's neighbours are planned whenever it is */
    bool too_large;
    char problem[PLAN_PROBLEM]; /* a change that cannot be understood; "" */
};

void plan_release(struct plan *plan);

/* Empty again; a large one gives its memory back. */
void plan_clear(struct plan *plan);

enum plan_when { PLAN_NOW, PLAN_LATER };

/* Plans a page, for every audience that has it. Its late twins are due later in any case. */
void plan_add(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number, enum plan_when when);

/* Plans the pages that depend on what day it is. */
void plan_day(struct plan *plan);

/* Plans all that a change touches. `published`: the change is in what is published already, and only what
 * follows from it is planned. */
void plan_change(struct plan *plan, const struct read_change *change, bool published);

/* Plans the pages of a todo of a list whose page is planned with all_todos: `change` comes from
 * read_list_places(). */
void plan_list_todo(struct plan *plan, const struct read_change *change);

/* By page, which is the order of publishing, doubles merged. */
void plan_sort(struct plan *plan);

/* A bucket of the plan, as it is now: if the changes emptied it or filled an empty one, then its neighbours'
 * links in this tree have changed, and they are planned. */
void plan_bucket(struct plan *plan, enum audience audience, const struct read_bucket *bucket, int32_t delta);

/* A tag of the plan with its present count: if it went or came, then this tree's index of tags is due now. */
void plan_tag(struct plan *plan, enum audience audience, uint64_t todos, int32_t delta);

/* What was due now is done: drops it. */
void plan_published(struct plan *plan);

/* Is anything due later? */
bool plan_has_later(const struct plan *plan);

#endif
