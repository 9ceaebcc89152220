/*
 * What the generator asks of the database: changes, and rows to render. Linked
 * into the generator only; nothing here writes.
 *
 * Everything between read_begin() and read_end() sees one snapshot, whose
 * revision read_begin() tells: so what is read fits together, and fits that
 * revision exactly. Statements carry nothing but integers of ours.
 *
 * What pages show is asked for in rounds: read_names() and the like only note a
 * question, and read_answers() then asks all that were noted in one round
 * trip. A write touches some ten pages, and each waits on a dozen answers: one
 * by one they would cost more than rendering.
 *
 * Rows and their strings live in the questions' arena; times are RFC 3339 in
 * UTC with milliseconds. One thread at a time, as the connection.
 */
#ifndef WRIT_DB_READ_H
#define WRIT_DB_READ_H

#include "db.h"
#include "todo.h"

/* Connects for reading: repeatable snapshots, each statement a transaction of its own outside of them. */
enum db_result read_open(struct db *db, const struct db_config *config) __attribute__((warn_unused_result));

/* How many todos are open and finished. */
struct read_count {
    uint64_t open, done;
};

struct read_board {
    uint64_t revision;
    struct read_count todos[AUDIENCES]; /* that each sees */
};
enum db_result read_begin(struct db *db, struct read_board *board) __attribute__((warn_unused_result));
enum db_result read_end(struct db *db) __attribute__((warn_unused_result));

/* Waits until everything that the open snapshot shows is on the disk. InnoDB shows a commit to others before
 * it has flushed its log: if the server is killed in between, what was seen has never happened, and its
 * revisions are given out again. Takes no longer than a flush; DB_RETRY if that does not come within
 * READ_DURABLE_MS. */
enum { READ_DURABLE_MS = 3000 };
enum db_result read_durable(struct db *db) __attribute__((warn_unused_result));

/* ---- what changed */

struct read_change {
    uint64_t revision;
    enum change_op op;
    uint64_t todo_id; /* 0: none */
    uint32_t list_id; /* 0: none */
    enum todo_state from, to;
    const char *places;          /* as in todo.h; lives during the callback */
    bool public_from, public_to; /* was and is the todo's list public (or the list whose own change it is)? */
};
typedef void read_change_fn(void *context, const struct read_change *change);

/* Streams the changes of revisions (after, upto] in order, in constant memory.
 * DB_REFUSED if they are not all there, or there is no sense in one: the
 * revisions before it have been handed out then, and the caller throws away what it
 * made of them. The callback must not use the connection. */
enum db_result read_changes(struct db *db, uint64_t after, uint64_t upto, read_change_fn *each, void *context)
    __attribute__((warn_unused_result));

/* Streams where a list's todos (open and done) stand: as a change that leaves
 * each of them as it is would say it, with the list's id. */
enum db_result read_list_places(struct db *db, uint32_t list_id, read_change_fn *each, void *context)
    __attribute__((warn_unused_result));

/* ---- a round of questions */

struct read_questions {
    struct arena *arena;
    struct read_question *first, **last;
};
void read_questions_init(struct read_questions *q, struct arena *a);

/* Asks all that were noted, fills in what they named as `out`, and forgets them. The answers come in
 * the order of the questions. */
enum db_result read_answers(struct db *db, struct read_questions *q) __attribute__((warn_unused_result));

/* ---- lists and tags */

struct read_name {
    uint32_t id, version; /* version: of a list */
    const char *name, *slug;
    bool is_public; /* a list */
    /* Of what each audience sees. It has a page there if it is a list that is not deleted, and public for the
     * public; or a tag that one of those todos carries. */
    bool exists[AUDIENCES];
    struct read_count todos[AUDIENCES];
};
struct read_names {
    struct read_name *items;
    size_t count;
};

/* `kind` is BUCKET_LIST or BUCKET_TAG. By ids, in order of id; deleted ones too. */
void read_names(struct read_questions *q, enum bucket_kind kind, const uint64_t *ids, size_t n,
                struct read_names *out);
/* Those that exist for an audience: all of them by name, or the `limit` with the most open todos. */
void read_all_names(struct read_questions *q, enum audience audience, enum bucket_kind kind,
                    struct read_names *out);
void read_top_names(struct read_questions *q, enum audience audience, enum bucket_kind kind, unsigned limit,
                    struct read_names *out);
/* NULL if it is not among them. `names` in order of id. */
const struct read_name *read_names_find(const struct read_names *names, uint32_t id);

/* ---- which todos stand where */

struct read_ids {
    uint64_t *items;
    size_t count;
    uint64_t *numbers; /* theirs in the sequence; NULL: the ids are */
};

/* The first `limit` of a sequence: open todos by id, done ones by when they
 * were finished, the open ones of a tag by number, the newest first; the open ones of a list in its order, by
 * rank. Of a public kind: of the todos of public lists. */
void read_newest(struct read_questions *q, enum bucket_kind kind, uint32_t owner, unsigned limit,
                 struct read_ids *out);
/* A bucket's, in order of number; a list's or tag's are open and done. */
void read_bucket_todos(struct read_questions *q, enum bucket_kind kind, uint32_t owner, uint64_t bucket,
                       struct read_ids *out);
/* A local day: when it begins, and its date, "YYYY-MM-DD". */
struct read_day {
    time_t begin;
    char date[11];
};
/* Open todos that an audience sees and that are due on a day from `from` on (NULL: on any) and before `until`
 * (NULL: and later): the earliest `limit`. */
void read_due(struct read_questions *q, enum audience audience, const struct read_day *from,
              const struct read_day *until, unsigned limit, struct read_ids *out);

/* A bucket and its neighbours that are not empty (0: none). */
struct read_bucket {
    enum bucket_kind kind;
    uint32_t owner;
    uint64_t number; /* READ_BUCKET_END: `previous` is the last one of the sequence */
    uint64_t todos, previous, next;
    bool is_public; /* with kind LIST: the list is, so that both trees have this page */
};
#define READ_BUCKET_END (UINT64_C(1) << 62)
/* Fills in todos, previous and next of n buckets. They stay where they are until the answer. */
void read_buckets(struct read_questions *q, struct read_bucket *buckets, size_t n);

/* ---- bars of /stats */

struct read_bar {
    uint32_t owner;         /* a list, or 0 */
    uint64_t number, todos; /* number: as the kind has it */
};
struct read_bars {
    struct read_bar *items; /* by owner and number; one that is empty is not there */
    size_t count;
};
/* Of all todos that an audience sees, as `kind` says, from a number on; or of n lists. */
void read_bars(struct read_questions *q, enum bar_kind kind, uint64_t from, struct read_bars *out);
void read_list_bars(struct read_questions *q, enum bar_kind kind, const uint64_t *lists, size_t n,
                    uint64_t from, struct read_bars *out);

/* ---- todos */

struct read_history {
    const char *at, *actor;
    enum change_op op;
    const char *detail; /* JSON, or NULL; notes may be "" in it, in the place of [from, to] */
};

struct read_todo {
    uint64_t id, revision;
    uint32_t version;
    enum todo_state state;
    bool is_public; /* its list is */
    const char *title, *notes;
    const char *list, *list_slug;
    uint32_t list_id;
    unsigned priority;
    const char *due; /* NULL: none */
    const char *created, *updated, *finished;
    const struct read_name *tags; /* id, name and slug only, in the order typed */
    size_t ntags;
    const struct read_history *history; /* once read_histories() has filled it: newest first */
    size_t nhistory;
};
struct read_todos {
    struct read_todo *items; /* in order of id */
    size_t count;
};

/* By ids, in any order, doubles allowed. Those that are not there are left out. */
void read_todos(struct read_questions *q, const uint64_t *ids, size_t n, struct read_todos *out);
struct read_todo *read_todos_find(const struct read_todos *todos, uint64_t id);

/* The last HISTORY_CHANGES of each of n todos that were read; they are put in order of id. */
void read_histories(struct read_questions *q, struct read_todo **todos, size_t n);

/* ---- everything, a piece at a time, for a full build */

/* How many pages of todos, buckets, lists and tags there are in both trees, deleted todos' included. */
enum db_result read_page_count(struct db *db, uint64_t *pages) __attribute__((warn_unused_result));

struct read_place {
    uint64_t id; /* of a todo, list or tag */
    enum todo_state state;
    bool is_public; /* has a page in the public tree too */
};
/* The next ones behind `after`, at most n; *count is less at the end only. */
enum db_result read_next_todos(struct db *db, uint64_t after, struct read_place *out, size_t n, size_t *count)
    __attribute__((warn_unused_result));
enum db_result read_next_names(struct db *db, enum bucket_kind kind, uint64_t after, struct read_place *out,
                               size_t n, size_t *count) __attribute__((warn_unused_result));
/* Behind kind, owner and number of *after (all zero: from the beginning). Of each, kind, owner, number and
 * is_public are filled in. */
enum db_result read_next_buckets(struct db *db, const struct read_bucket *after, struct read_bucket *out,
                                 size_t n, size_t *count) __attribute__((warn_unused_result));

/* ---- who may read */

enum { READING_KEY_CHARS = 64 }; /* hexadecimal digits: 256 random bits */

struct read_key {
    char key[READING_KEY_CHARS + 1];
    time_t expires; /* 0: never */
};

struct read_keys {
    struct read_key *items;
    size_t count;
};

/* The reading keys that hold at this moment, in order of key, into the arena. Not within a snapshot, which
 * would show those of its beginning. */
enum db_result read_keys(struct db *db, struct arena *a, struct read_keys *keys)
    __attribute__((warn_unused_result));

#endif
