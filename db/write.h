/*
 * Commands, and how a batch of them becomes one transaction. Linked into the
 * API only; called on its writer thread.
 */
#ifndef WRIT_DB_WRITE_H
#define WRIT_DB_WRITE_H

#include "db.h"
#include "todo.h"

/* Stored in receipts: append only. */
enum command_op {
    COMMAND_CREATE = 1,
    COMMAND_EDIT,
    COMMAND_DELETE,
    COMMAND_RESTORE,
    COMMAND_PURGE,
    COMMAND_LIST_EDIT,
    COMMAND_LIST_DELETE,
    COMMAND_IMPORT, /* drafts, all or nothing */
    COMMAND_PING,   /* writes nothing; outcome.revision is the board's */
};

/* What a request shows of who sends it. */
enum credential_kind {
    CREDENTIAL_NONE,    /* nothing: fine for COMMAND_PING alone */
    CREDENTIAL_OPEN,    /* WRIT_OPEN=1: anyone is a member */
    CREDENTIAL_SESSION, /* in table credential: 1 */
    CREDENTIAL_TOKEN,   /* 2 */
};
struct credential {
    enum credential_kind kind;
    unsigned char hash[32];
    char reading_key[65]; /* TOKEN: 64 hex digits, which must be those stored with the hash */
};

enum outcome_status {
    OUTCOME_PENDING,
    OUTCOME_CREATED,      /* 201 */
    OUTCOME_OK,           /* 200 */
    OUTCOME_NOT_FOUND,    /* 404: no such todo or list */
    OUTCOME_GONE,         /* 410: a deleted todo takes no such write */
    OUTCOME_CONFLICT,     /* 409: a list that is not empty, a name that is taken; `why` says */
    OUTCOME_STALE,        /* 412: another version; `todo` holds what is stored */
    OUTCOME_UNAUTHORIZED, /* 401: no credential, or one that is unknown or has expired */
    OUTCOME_KEY_REUSED,   /* 422: the idempotency key came with another request before */
    OUTCOME_FULL,         /* 507 */
    OUTCOME_REFUSED,      /* 500: the database refused this one command; logged with its error */
    OUTCOME_UNAVAILABLE,  /* 503: no database in time. May have been stored: send it again with its key */
};

/* A todo as stored, for answers. */
struct todo_row {
    uint64_t id;
    uint32_t version;
    uint64_t revision;
    enum todo_state state;
    bool finished_before_delete; /* state is TODO_DELETED: what a restore brings back */
    const char *title, *notes, *list, *list_slug;
    const char *tags[TODO_TAGS];
    const char *tag_slugs[TODO_TAGS];
    unsigned ntags;
    unsigned priority;
    const char *due;                          /* NULL: none */
    const char *created, *updated, *finished; /* RFC 3339, UTC, milliseconds; finished NULL */
};

struct outcome {
    enum outcome_status status;
    bool replayed;               /* the answer to an earlier request with this key */
    uint64_t id;                 /* of the todo or list */
    uint32_t version;            /* after it; with OUTCOME_STALE the stored one */
    uint64_t revision;           /* published when the pages have it; the last one of an import */
    const char *slug;            /* of a list */
    const char *why;             /* with OUTCOME_CONFLICT: a sentence */
    uint32_t todos, done, lists; /* an import: how many, how many of them done, lists touched */
    struct todo_row *todo;       /* if want_todo (or STALE): the todo after it */
};

struct command {
    struct arena arena; /* owns all below, and the outcome's strings */
    enum command_op op;
    uint64_t todo;             /* id, for EDIT, DELETE, RESTORE, PURGE */
    uint32_t expected_version; /* 0: any */
    bool want_todo;
    struct credential credential;
    const char *actor; /* at most 64 characters, for the history; scope of the key; decide() fills it in,
                          until the next batch */
    const char *key;   /* idempotency key, at most 255 bytes; NULL: none */
    size_t key_len;
    unsigned char fingerprint[32]; /* of the request, with a key */
    struct todo_draft draft;       /* CREATE: complete (title and list set); EDIT: what is present */
    const char *slug;              /* LIST_EDIT, LIST_DELETE */
    const char *list_name;         /* LIST_EDIT: NULL keeps it */
    int list_public;               /* LIST_EDIT: -1 keeps it */
    struct todo_draft *drafts;     /* IMPORT */
    size_t ndrafts;
    struct outcome outcome;
};

enum {
    WRITE_BATCH = 256, /* most commands in a transaction; group commit gains little beyond */
    WRITE_KEY_BYTES = 255,
};

/* Must it be alone in its batch? A command on a list is: it may make the list public or private, and all
 * todos with it, by statements that know nothing of what else the batch decides. So is one that puts a todo
 * beside another: what is free between two is known from the database alone. */
bool write_runs_alone(const struct command *command);

/* What one writer thread holds: the connection, its prepared statements, and
 * the arrays that are bound to them. */
struct write_session;

struct write_session *write_session_new(const struct db_config *config) __attribute__((warn_unused_result));
void write_session_free(struct write_session *session);

/* Runs n (1 to WRITE_BATCH) commands as one transaction with a constant number
 * of round trips (an import: one more per thousand todos; a list that becomes
 * public or private: a few for each thousand), in order of arrival,
 * connecting first if need be. DB_REFUSED also of several commands of which
 * one must be alone. DB_OK: committed (or nothing to commit),
 * every outcome is decided, and what it says is on the disk. Otherwise no outcome holds and nothing is
 * stored, except that after DB_LOST the whole batch may be: call again with the same commands in the same
 * order; it finds out, and then gives the outcomes that had been decided. */
enum db_result write_batch(struct write_session *session, struct command **commands, size_t n)
    __attribute__((warn_unused_result));

/* Forgets a batch that write_batch() left in doubt: the next call comes with
 * other commands. */
void write_give_up(struct write_session *session);

/* When the last batch that was DB_OK had passed each step, in microseconds of
 * CLOCK_MONOTONIC; 0: the step was not needed. */
struct write_times {
    uint64_t read;   /* what the batch touches is locked and read */
    uint64_t stored; /* every row has been sent */
    uint64_t committed;
};
struct write_times write_times(const struct write_session *session);

/* The error of the last call that was not DB_OK. */
const char *write_error(const struct write_session *session);

/* Deletes receipts and writer rows of over 24 hours, at most 1,000 each a
 * call. */
enum db_result write_forget_old(struct write_session *session) __attribute__((warn_unused_result));

#endif
