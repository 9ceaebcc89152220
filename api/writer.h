/*
 * The queue, and the one thread that waits for the database. Retrying,
 * splitting a batch and giving up happen here and nowhere else.
 */
#ifndef WRIT_API_WRITER_H
#define WRIT_API_WRITER_H

#include "../db/write.h"

#include <h2o.h>

enum {
    WRITER_QUEUE = 4096,       /* commands waiting; more get 503 */
    WRITER_GIVE_UP_MS = 10000, /* without a database, from when a command was taken up: then 503 */
};

/* One per command under way. Owned by the caller until writer_submit()
 * returns true, then by the writer until it comes back in `done`. */
struct job {
    struct command command;
    struct job *next;
    /* The trace: microseconds of CLOCK_MONOTONIC. `received` and `submitted` are the caller's to set. */
    uint64_t received, submitted, taken;
    struct write_times written; /* by its batch */
};

struct writer;

/* Starts the thread. Finished jobs arrive on the loop of `queue`'s thread, a batch at a time, in order of
 * commit: `done` gets a list linked by `next`, and owns it. */
struct writer *writer_start(const struct db_config *config, h2o_multithread_queue_t *queue,
                            void (*done)(void *context, struct job *jobs), void *context);

/* From the loop's thread. False when the queue is full or closed. */
bool writer_submit(struct writer *writer, struct job *job) __attribute__((warn_unused_result));

/* Commands queued or being written. Loop's thread. */
size_t writer_depth(struct writer *writer);

/* Finishes what is queued, ends the thread, frees. The last jobs' messages are
 * delivered before it returns only if the loop runs on; call it when none is under
 * way. */
void writer_stop(struct writer *writer);

#endif
