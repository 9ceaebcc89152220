/*
 * Two threads for work that falls into independent pieces: whoever calls, and
 * one more that waits for it. Two, because pages are made beside a database
 * that wants a processor too, and each has buffers of its own.
 */
#ifndef WRIT_GEN_CREW_H
#define WRIT_GEN_CREW_H

#include <stddef.h>

enum { CREW = 2 };

struct crew;

/* NULL where there is one processor or no thread to be had: crew_run() then does with one. */
struct crew *crew_start(void);
void crew_stop(struct crew *crew);

/* Calls `each` for every piece from 0 to n - 1, in that order but two at a time, and returns when all are
 * done. `worker` is 0 on the calling thread, and 1 on the other. */
typedef void crew_fn(void *context, unsigned worker, size_t piece);
void crew_run(struct crew *crew, size_t n, crew_fn *each, void *context);

#endif
