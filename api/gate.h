/*
 * Who comes in, from a request's head alone: is it forged, does it bring a credential, does it come too
 * often. What is refused here costs no look at the body and none into the database; whether a credential is
 * known is for the writer to find out, in the batch that the command is in.
 *
 * All on the loop's thread.
 */
#ifndef WRIT_API_GATE_H
#define WRIT_API_GATE_H

#include "limit.h"
#include "reply.h"
#include "session.h"

#include <h2o.h>

enum {
    GATE_WRITES_BURST = 2000, /* of a writer, and then WRIT_RATE a second: */
    GATE_WRITES_RATE = 200,
    GATE_RATE_MAX = 1000000,
    GATE_STRANGERS_BURST = 20, /* unknown credentials from one address, and then one a second */
};

struct gate {
    const struct session_config *config; /* borrowed */
    bool proxied;                        /* Nginx alone can reach us, and says whose request it is */
    struct limit writes, strangers;
    unsigned char key[16]; /* of addresses' hashes */
};

/* Who a request comes from. */
struct visitor {
    struct credential credential;
    uint64_t address; /* a hash of it */
};

/* `rate` is how many writes a second a writer has in the long run; 0: there is no limit. */
void gate_init(struct gate *gate, const struct session_config *config, bool proxied, unsigned rate);

/* PROBLEM_NONE, or why the request is refused. Fills `visitor`, and of `request`, whose route is known
 * already, what answers depend on: `secure`, `signed_in`, `wait`. */
enum problem_kind gate_pass(struct gate *gate, h2o_req_t *req, struct request *request,
                            struct visitor *visitor);

/* The writer did not know the visitor's credential. */
void gate_unknown(struct gate *gate, const struct visitor *visitor);

#endif
