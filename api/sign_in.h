/*
 * Signing in and out: the one place where a passphrase is checked.
 *
 * Checking one takes 19 MiB and tens of milliseconds on purpose (Argon2id, at OWASP's least parameters), so
 * it has a thread of its own beside the writer's, and is done one at a time: a crowd that signs in costs the
 * writers a part of one core, and never more memory than that. The queue is on the loop's side and bounded.
 * The limit of failed attempts is looked at when an attempt's turn comes, and not when it arrives: so
 * hundreds at once find out no more than the few that are allowed.
 */
#ifndef WRIT_API_SIGN_IN_H
#define WRIT_API_SIGN_IN_H

#include "../db/credential.h"
#include "limit.h"
#include "session.h"

#include <h2o.h>

enum {
    SIGN_IN_QUEUE = 64,   /* jobs waiting; more get 503 */
    SIGN_IN_BURST = 5,    /* failures of one address at once, */
    SIGN_IN_SECONDS = 10, /* and then one in so many seconds */
};

enum sign_in_result {
    SIGN_IN_DONE,
    SIGN_IN_WRONG,
    SIGN_IN_UNSET,   /* there is no passphrase yet */
    SIGN_IN_LIMITED, /* too many failures from this address */
    SIGN_IN_UNAVAILABLE,
};

/* Owned by the caller until sign_in_submit() returns true, then by us until it comes back in `done`. */
struct sign_in_job {
    const char *passphrase; /* borrowed; NULL: sign out */
    uint64_t address;       /* whose failures are counted */
    bool had_session;
    unsigned char had[32]; /* the session that the browser had, which ends */

    enum sign_in_result result;
    struct session_secret session; /* when signed in */
    struct sign_in_job *next;
};

struct sign_in;

/* Starts the thread. `done` is called on the loop of `queue`'s thread. All is borrowed. */
struct sign_in *sign_in_start(const struct db_config *database, const struct session_config *config,
                              h2o_multithread_queue_t *queue,
                              void (*done)(void *context, struct sign_in_job *job), void *context);

/* How many seconds the address has to wait before it may try again, 0 if it may. Loop's thread. */
unsigned sign_in_wait(const struct sign_in *sign_in, uint64_t address);

/* False when the queue is full. `done` may have been called before it returns. Loop's thread. */
bool sign_in_submit(struct sign_in *sign_in, struct sign_in_job *job) __attribute__((warn_unused_result));

/* When no job is under way. */
void sign_in_stop(struct sign_in *sign_in);

/* The hash to store of a new passphrase. False if there is no memory for it. Any thread. */
bool sign_in_hash(const char *passphrase, char out[CREDENTIAL_PASSPHRASE_BYTES])
    __attribute__((warn_unused_result));

#endif
