/*
 * One cycle of publishing: everything that changed since the last one, from
 * one snapshot, into current/.
 *
 * What a cycle knows of the past is what current/revision.json and the state
 * say, read anew each time under the lock: another process may have
 * published meanwhile (`make gen`), and after a crash nothing has to be
 * mended. A cycle that fails is planned again from there.
 */
#ifndef WRIT_GEN_CYCLE_H
#define WRIT_GEN_CYCLE_H

#include "render.h"

struct cycle {
    struct renderer *renderer;
    struct site *site;
    struct plan plan;     /* between cycles: what is due later */
    struct cursor cursor; /* as last read or written */
    bool known;           /* it was read */
    uint64_t durable;     /* set by the caller, who knows that all up to this revision is on the disk */
    uint64_t begun;       /* this cycle: now_us() */
    uint64_t planned;     /* the plan has what is due later of all changes up to this one */
    char day[DAY_BYTES];  /* that the board and its like show; "" if it is not known */
};

enum cycle_result {
    CYCLE_DONE,
    CYCLE_BUILD,  /* current/ cannot be gone on from: all pages have to be rendered; `error` of the renderer
                     says why */
    CYCLE_FAILED, /* to be tried again; `error` of the renderer says why */
};

/* Where a cycle's time went until its pages stood, in microseconds. */
struct cycle_times {
    uint64_t read, render, files;
};
typedef void cycle_published_fn(void *context, uint64_t revision, const struct cycle_times *times);

/* Publishes. With `settle`, what is due later too: `published` is called before that, once the pages
 * themselves stand. */
enum cycle_result cycle_run(struct cycle *cycle, bool settle, cycle_published_fn *published, void *context);

/* Is anything due later? */
bool cycle_is_unsettled(const struct cycle *cycle);

/* Plans all that the changes from `planned` up to the open snapshot touch; those up to `published` are in
 * the pages already. Sorted. Also true with plan->too_large. */
bool plan_changes(struct renderer *r, struct plan *plan, uint64_t planned, uint64_t published)
    __attribute__((warn_unused_result));

#endif
