/*
 * A request and its answer: from what h2o read to a job for the writer, and
 * from the job that comes back, once its pages are published, to what h2o
 * sends.
 *
 * All on the loop's thread. An exchange has two parties, h2o's request and
 * the job that a thread has: the writer's, or that of signing in. Either may
 * go first; the second one to go frees it.
 */
#ifndef WRIT_API_EXCHANGE_H
#define WRIT_API_EXCHANGE_H

#include "gate.h"
#include "publisher.h"
#include "reply.h"
#include "sign_in.h"
#include "writer.h"

enum {
    EXCHANGE_BODY_MAX = 128 * 1024, /* of all but an import: notes of 16 KiB, each byte as %XX, and more */
    EXCHANGE_IMPORT_MAX = 1 << 20,
    EXCHANGE_PUBLISH_MS = 2000, /* then the answer is 202; and a sign-in's does not wait longer for its key */
    EXCHANGE_HEALTH_MS = 1000,  /* then the database is down */
};

/* All exchanges under way, and what they share. Zero it, then exchanges_init(). */
struct exchanges {
    const struct site *site;
    h2o_loop_t *loop;
    struct writer *writer;       /* set by the caller before the loop runs; borrowed */
    struct publisher *publisher; /* likewise */
    struct sign_in *sign_in;     /* likewise */
    struct gate *gate;           /* likewise */
    bool logging;                /* every request, not failures alone: set by the caller */
    bool closing;                /* answers say that the connection ends: set it when stopping */
    size_t away;                 /* jobs that have not come back */
    uint64_t revision;           /* the highest one heard of */
    h2o_linklist_t held;         /* committed and not published, by revision */
    h2o_linklist_t keyless;      /* signed in or out, and the reading keys do not say so yet */
    h2o_timeout_t publish_timeout, health_timeout;
};

void exchanges_init(struct exchanges *all, h2o_loop_t *loop, const struct site *site);

/* When none is under way. */
void exchanges_release(struct exchanges *all);

/* Every request that h2o has for us. */
void exchange_start(struct exchanges *all, h2o_req_t *req);

/* For writer_start(), sign_in_start() and publisher_start(); `context` is the struct exchanges. */
void exchanges_done(void *context, struct job *jobs);
void exchanges_signed_in(void *context, struct sign_in_job *job);
void exchanges_published(void *context);

#endif
