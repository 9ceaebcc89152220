/*
 * A batch of commands against the rows that they touch: what each comes to, in
 * order of arrival, and which rows have to be written. Pure: write.c loads the
 * rows under the board's lock before, and stores what is dirty afterwards.
 *
 * Invariants:
 *  1. Every change takes the next revision; an unsuccessful or empty command
 *     takes none. So revisions are dense.
 *  2. Ids and numbers are given out only to what is stored.
 *  3. Counters (board, list, tag, bucket) are the sums over todos that are
 *     not deleted, the public ones over those in public lists: whatever alters
 *     a todo takes it out of all counters first and puts it back afterwards
 *     (count_todo).
 *  4. A command that is refused has altered nothing.
 *  5. A name that was loaded stays known: only a command on a list takes it
 *     from one, and that is alone in its batch (write_runs_alone). So a slug
 *     is drawn only for names that load.c did not find.
 *  6. A todo is put between two others by a command that is alone in its batch,
 *     too: nothing else moves what load.c found there.
 *  7. A list that becomes public or private takes todos along that are not
 *     here: what the flip does to todos, tags and buckets is left to write.c,
 *     which again nothing else in the batch may meet.
 */
#ifndef WRIT_DB_DECIDE_H
#define WRIT_DB_DECIDE_H

#include "write.h"

/* Room for "YYYY-MM-DD HH:MM:SS.mmm", UTC, as DATETIME(3) has it. */
typedef char stored_time[24];

struct stored_list {
    uint32_t id, version;
    uint64_t revision;
    const char *name, *key, *slug;
    size_t key_len; /* a key may contain NUL: see retire_name in decide.c */
    bool public, deleted;
    uint32_t last_number;
    uint64_t last_rank; /* the highest that a todo got */
    int64_t open, done;
    bool dirty;
    uint64_t seen_by; /* the import that counted it */
};

struct stored_tag {
    uint32_t id;
    const char *name, *key, *slug;
    uint32_t last_number;
    int64_t open, done, public_open, public_done;
    bool dirty;
};

struct membership {
    struct stored_tag *tag;
    uint32_t number;
};

struct stored_todo {
    uint64_t id;
    uint32_t version;
    uint64_t revision;
    enum todo_state state;
    const char *title, *notes;
    struct stored_list *list;
    uint32_t list_number;
    uint64_t rank; /* in its list: the highest stands on top */
    unsigned priority;
    const char *due, *due_key; /* NULL: none */
    const char *created, *updated, *finished, *deleted;
    uint32_t created_day, finished_day; /* local ones at that time: day_number() */
    struct membership tags[TODO_TAGS];
    unsigned ntags;
    bool dirty, purged;
};

struct bucket_delta {
    unsigned kind; /* of enum bucket_kind or bar_kind */
    uint32_t owner;
    uint64_t number;
    int64_t todos;
};

struct change_row {
    uint64_t revision;
    const char *actor;
    enum change_op op;
    uint64_t todo_id; /* 0: none */
    uint32_t list_id; /* 0: none */
    uint32_t version;
    enum todo_state from, to;
    bool public_from, public_to; /* false of what was or is absent */
    const char *places;
    const char *detail; /* NULL: none */
};

struct left_tag {
    uint64_t todo_id;
    uint32_t tag_id;
};

/* One that holds now. */
struct stored_credential {
    struct credential shown;
    const char *name;
};

/* An answer given before. */
struct receipt {
    const char *actor, *key;
    size_t key_len;
    unsigned char fingerprint[32];
    enum command_op op;
    uint64_t id;
    uint32_t version;
    uint64_t revision;
    uint32_t todos, done, lists;
    const char *slug; /* of a list, for the answer */
    bool fresh;       /* to be stored */
};

/* A growing array of pointers into the batch's arena, in order of arrival, and
 * an index over it (tsearch). */
struct rows {
    void **item;
    size_t count, capacity;
};

struct batch {
    struct arena *arena;
    stored_time now;
    uint32_t today; /* day_number() of it */

    uint64_t revision, last_todo;
    uint32_t last_list, last_tag;
    int64_t open, done, public_open, public_done;

    struct rows todos, lists, tags, buckets, changes, left_tags, receipts;
    const struct stored_list *flipped; /* became public or private, and all its todos with it */
    /* Of a command that puts a todo above or below another one: that one's neighbour on this side. */
    struct gap {
        uint64_t rank; /* 0: it has none */
        bool respaced; /* there was no room, and ranks around it have been changed */
    } gap;
    void *todo_by_id, *list_by_id, *list_by_key, *list_by_slug, *tag_by_id, *tag_by_key, *bucket_by_place,
        *receipt_by_key, *credential_by_hash;
    void *taken_list_slugs, *taken_tag_slugs; /* strings */
};

enum { SLUG_CANDIDATES = 9 }; /* slug, slug-2 … slug-9; then one with the new id */

void batch_init(struct batch *b, struct arena *arena, const char *now, uint32_t today);
void batch_release(struct batch *b); /* the indexes; the arena is the caller's */

/* While loading. Each copies the struct (its strings must live in the arena);
 * a row that is there already stays as it is. */
struct stored_list *batch_add_list(struct batch *b, const struct stored_list *row);
struct stored_tag *batch_add_tag(struct batch *b, const struct stored_tag *row);
struct stored_todo *batch_add_todo(struct batch *b, const struct stored_todo *row);
void batch_add_receipt(struct batch *b, const struct receipt *row);
void batch_add_credential(struct batch *b, const struct stored_credential *row);
void batch_take_slug(struct batch *b, bool of_tag, const char *slug);
struct stored_list *batch_list(const struct batch *b, uint32_t id);
struct stored_tag *batch_tag(const struct batch *b, uint32_t id);
struct stored_todo *batch_todo(const struct batch *b, uint64_t id);
bool batch_has_name(const struct batch *b, bool of_tag, const char *key);

/* The k-th slug that a new name would try, k from 0 to SLUG_CANDIDATES - 1. */
char *slug_candidate(struct arena *a, const char *name, bool of_tag, unsigned k);

/* Decides one command: its actor, its outcome, and what becomes dirty. */
void decide(struct batch *b, struct command *command);

#endif
