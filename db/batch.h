/*
 * The rows that a batch of commands touches: loaded by load.c, altered by
 * decide.c, and stored by write.c if they are dirty. Found by id, key or slug.
 *
 * Rows and their strings live in the batch's arena, the indexes on the heap.
 * Running out of memory ends the process. One thread.
 */
#ifndef WRIT_DB_BATCH_H
#define WRIT_DB_BATCH_H

#include "write.h"

/* Room for "YYYY-MM-DD HH:MM:SS.mmm", UTC, as DATETIME(3) has it. */
typedef char stored_time[24];

struct stored_list {
    uint32_t id, version;
    uint64_t revision;
    const char *name, *key, *slug;
    size_t key_len; /* a key may contain NUL: see retire_name() in decide.c */
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

/* Each NULL if it is not there. By a name's key (name_key()), which has no NUL; by slug; by hash. */
struct stored_list *batch_list_named(const struct batch *b, const char *key);
struct stored_list *batch_list_at(const struct batch *b, const char *slug);
struct stored_tag *batch_tag_named(const struct batch *b, const char *key);
const struct stored_credential *batch_credential(const struct batch *b, const unsigned char *hash);
const struct receipt *batch_receipt(const struct batch *b, const char *actor, const char *key,
                                    size_t key_len);
bool batch_is_taken(const struct batch *b, bool of_tag, const char *slug);

/* While deciding. */
void batch_set_key(struct batch *b, struct stored_list *list, const char *key, size_t len);
void batch_add_change(struct batch *b, const struct change_row *row);
void batch_add_left_tag(struct batch *b, const struct left_tag *row);
/* A todo more (sign 1) or less (-1) in a bucket, or a bar: `kind` is of either. */
void batch_count(struct batch *b, unsigned kind, uint32_t owner, uint64_t number, int sign);

/* The k-th slug that a new name would try, k from 0 to SLUG_CANDIDATES - 1. */
char *slug_candidate(struct arena *a, const char *name, bool of_tag, unsigned k);

#endif
