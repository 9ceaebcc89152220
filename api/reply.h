/*
 * What was decided -> what is sent. One table says status, title and words of
 * every refusal; everything here is pure, so that each answer can be tested
 * without a connection.
 *
 * JSON is written by jansson, pages by the templates.
 */
#ifndef WRIT_API_REPLY_H
#define WRIT_API_REPLY_H

#include "../db/write.h"
#include "../templates/view.h"
#include "header.h"
#include "kept.h"
#include "route.h"
#include "session.h"

#include <jansson.h>

/* What all answers share; read once. */
struct site {
    const char *title;
    struct mustache_set *templates;
    const struct mustache *problem;   /* problem.html */
    const struct mustache *accepted;  /* accepted.html */
    const struct mustache *signed_in; /* signed-in.html: the form that was kept */
    const struct mustache *todo;      /* todo.json, the twin of a todo's page */
};

/* Reads the templates in `folder`. Exits with a sentence that names file and line. `title` is borrowed. */
void site_read(struct site *site, const char *folder, const char *title);
void site_release(struct site *site);

/* What of a request its answer depends on. */
struct request {
    struct route route; /* its action is what a form meant by _method, once that was read */
    bool html;          /* a page, not JSON */
    json_t *form;       /* the fields of a form, as sent; NULL: no form, or not readable */
    uint32_t version;   /* that the writer had seen; 0: not said */
    const char *next;   /* where a form wants to go: checked, or NULL */
    struct prefer prefer;
    bool secure;      /* it came by HTTPS */
    bool signed_in;   /* with a session, which can be ended */
    unsigned wait;    /* seconds, with PROBLEM_LIMITED */
    struct kept kept; /* the form that waits for a sign-in */
};

/* An answer. `content_type` is NULL when there is no body. Header names are static, in lower case; their
 * values, like everything else, live as long as the arena that the reply was made with. */
struct reply {
    unsigned status;
    const char *content_type;
    struct buffer body;
    struct {
        const char *name, *value;
    } headers[8];
    size_t nheaders;
};

void reply_init(struct reply *reply);
void reply_release(struct reply *reply);

/* Adds a header; at most 8. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* Why a request is refused. */
enum problem_kind {
    PROBLEM_NONE,
    PROBLEM_REQUEST,       /* 400 */
    PROBLEM_UNAUTHORIZED,  /* 401: no credential, or none that is known */
    PROBLEM_PASSPHRASE,    /* 401: not the owner's */
    PROBLEM_NO_PASSPHRASE, /* 401: there is none yet */
    PROBLEM_FORGED,        /* 403 */
    PROBLEM_UNKNOWN,       /* 404: no such route */
    PROBLEM_ABSENT,        /* 404: no such todo or list */
    PROBLEM_METHOD,
    PROBLEM_CONFLICT,
    PROBLEM_GONE,
    PROBLEM_LENGTH, /* 411 */
    PROBLEM_STALE,
    PROBLEM_TOO_LARGE,
    PROBLEM_TYPE,
    PROBLEM_FIELDS, /* 422 */
    PROBLEM_KEY_REUSED,
    PROBLEM_LIMITED, /* 429 */
    PROBLEM_REFUSED, /* 500 */
    PROBLEM_BUSY,
    PROBLEM_DATABASE, /* 503 */
    PROBLEM_FULL,
};

/* A refusal. `detail` is a sentence, or NULL for the table's; `problems` may be NULL; `outcome` is NULL if
 * the database was not asked. */
void reply_problem(struct reply *reply, struct arena *a, const struct site *site,
                   const struct request *request, enum problem_kind kind, const char *detail,
                   const struct problems *problems, const struct outcome *outcome);

/* What the writer decided, success or not. `published`: the pages show it. */
void reply_outcome(struct reply *reply, struct command *command, const struct site *site,
                   const struct request *request, bool published);

/* Somebody has signed in, or (`session` NULL) out: cookies, and a way on, or the form that was kept. */
void reply_session(struct reply *reply, struct arena *a, const struct site *site,
                   const struct request *request, const struct session_secret *session);

/* The state of the whole. */
void reply_health(struct reply *reply, bool database, bool generator, uint64_t revision, uint64_t published);

/* True if the outcome is a success, which waits for its pages. */
bool outcome_is_success(enum outcome_status status);

/* The words beside a status. Static. */
const char *reply_reason(unsigned status);

#endif
