/* See batch.h. */
#include "batch.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rows_add(struct arena *a, struct rows *rows, void *item)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
        void **grown = arena_alloc(a, capacity * sizeof *grown);
        if (rows->count)
            memcpy(grown, rows->item, rows->count * sizeof *grown);
        rows->item = grown;
        rows->capacity = capacity;
    }
    rows->item[rows->count++] = item;
}

static void *copy_of(struct arena *a, const void *row, size_t size)
{
    return memcpy(arena_alloc(a, size), row, size);
}

static void index_add(void **root, const void *item, int (*compare)(const void *, const void *))
{
    if (!tsearch(item, root, compare)) {
        fprintf(stderr, "writ-api: out of memory\n");
        abort();
    }
}

static void *index_find(void *const *root, const void *key, int (*compare)(const void *, const void *))
{
    void *const *node = tfind(key, root, compare);
    return node ? *node : NULL;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : COMPARE(a_len, b_len);
}

static int by_todo_id(const void *a, const void *b)
{
    return COMPARE(((const struct stored_todo *)a)->id, ((const struct stored_todo *)b)->id);
}

static int by_list_id(const void *a, const void *b)
{
    return COMPARE(((const struct stored_list *)a)->id, ((const struct stored_list *)b)->id);
}

static int by_list_key(const void *a, const void *b)
{
    const struct stored_list *x = a, *y = b;
    return compare_bytes(x->key, x->key_len, y->key, y->key_len);
}

static int by_list_slug(const void *a, const void *b)
{
    return strcmp(((const struct stored_list *)a)->slug, ((const struct stored_list *)b)->slug);
}

static int by_tag_id(const void *a, const void *b)
{
    return COMPARE(((const struct stored_tag *)a)->id, ((const struct stored_tag *)b)->id);
}

static int by_tag_key(const void *a, const void *b)
{
    return strcmp(((const struct stored_tag *)a)->key, ((const struct stored_tag *)b)->key);
}

static int by_place(const void *a, const void *b)
{
    const struct bucket_delta *x = a, *y = b;
    if (x->kind != y->kind)
        return COMPARE(x->kind, y->kind);
    if (x->owner != y->owner)
        return COMPARE(x->owner, y->owner);
    return COMPARE(x->number, y->number);
}

static int by_receipt_key(const void *a, const void *b)
{
    const struct receipt *x = a, *y = b;
    int order = compare_bytes(x->key, x->key_len, y->key, y->key_len);
    return order ? order : strcmp(x->actor, y->actor);
}

static int by_hash(const void *a, const void *b)
{
    const struct stored_credential *x = a, *y = b;
    return memcmp(x->shown.hash, y->shown.hash, sizeof x->shown.hash);
}

static int by_string(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void keep(void *node)
{
    (void)node; /* the arena's */
}

void batch_init(struct batch *b, struct arena *arena, const char *now, uint32_t today)
{
    *b = (struct batch){.arena = arena, .today = today};
    snprintf(b->now, sizeof b->now, "%s", now);
}

void batch_release(struct batch *b)
{
    void **indexes[] = {&b->todo_by_id,         &b->list_by_id,       &b->list_by_key,     &b->list_by_slug,
                        &b->tag_by_id,          &b->tag_by_key,       &b->bucket_by_place, &b->receipt_by_key,
                        &b->credential_by_hash, &b->taken_list_slugs, &b->taken_tag_slugs};
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        tdestroy(*indexes[i], keep);
        *indexes[i] = NULL;
    }
}

struct stored_list *batch_list(const struct batch *b, uint32_t id)
{
    return index_find(&b->list_by_id, &(struct stored_list){.id = id}, by_list_id);
}

struct stored_tag *batch_tag(const struct batch *b, uint32_t id)
{
    return index_find(&b->tag_by_id, &(struct stored_tag){.id = id}, by_tag_id);
}

struct stored_todo *batch_todo(const struct batch *b, uint64_t id)
{
    return index_find(&b->todo_by_id, &(struct stored_todo){.id = id}, by_todo_id);
}

struct stored_list *batch_list_named(const struct batch *b, const char *key)
{
    return index_find(&b->list_by_key, &(struct stored_list){.key = key, .key_len = strlen(key)},
                      by_list_key);
}

struct stored_list *batch_list_at(const struct batch *b, const char *slug)
{
    return index_find(&b->list_by_slug, &(struct stored_list){.slug = slug}, by_list_slug);
}

struct stored_tag *batch_tag_named(const struct batch *b, const char *key)
{
    return index_find(&b->tag_by_key, &(struct stored_tag){.key = key}, by_tag_key);
}

const struct stored_credential *batch_credential(const struct batch *b, const unsigned char *hash)
{
    struct stored_credential wanted = {0};
    memcpy(wanted.shown.hash, hash, sizeof wanted.shown.hash);
    return index_find(&b->credential_by_hash, &wanted, by_hash);
}

const struct receipt *batch_receipt(const struct batch *b, const char *actor, const char *key, size_t key_len)
{
    return index_find(&b->receipt_by_key, &(struct receipt){.actor = actor, .key = key, .key_len = key_len},
                      by_receipt_key);
}

void batch_set_key(struct batch *b, struct stored_list *list, const char *key, size_t len)
{
    tdelete(list, &b->list_by_key, by_list_key);
    list->key = key;
    list->key_len = len;
    index_add(&b->list_by_key, list, by_list_key);
}

void batch_take_slug(struct batch *b, bool of_tag, const char *slug)
{
    index_add(of_tag ? &b->taken_tag_slugs : &b->taken_list_slugs, slug, by_string);
}

bool batch_is_taken(const struct batch *b, bool of_tag, const char *slug)
{
    return index_find(of_tag ? &b->taken_tag_slugs : &b->taken_list_slugs, slug, by_string);
}

struct stored_list *batch_add_list(struct batch *b, const struct stored_list *row)
{
    struct stored_list *list = batch_list(b, row->id);
    if (list)
        return list;
    list = copy_of(b->arena, row, sizeof *row);
    rows_add(b->arena, &b->lists, list);
    index_add(&b->list_by_id, list, by_list_id);
    index_add(&b->list_by_key, list, by_list_key);
    index_add(&b->list_by_slug, list, by_list_slug);
    batch_take_slug(b, false, list->slug);
    return list;
}

struct stored_tag *batch_add_tag(struct batch *b, const struct stored_tag *row)
{
    struct stored_tag *tag = batch_tag(b, row->id);
    if (tag)
        return tag;
    tag = copy_of(b->arena, row, sizeof *row);
    rows_add(b->arena, &b->tags, tag);
    index_add(&b->tag_by_id, tag, by_tag_id);
    index_add(&b->tag_by_key, tag, by_tag_key);
    batch_take_slug(b, true, tag->slug);
    return tag;
}

struct stored_todo *batch_add_todo(struct batch *b, const struct stored_todo *row)
{
    struct stored_todo *todo = batch_todo(b, row->id);
    if (todo)
        return todo;
    todo = copy_of(b->arena, row, sizeof *row);
    rows_add(b->arena, &b->todos, todo);
    index_add(&b->todo_by_id, todo, by_todo_id);
    return todo;
}

void batch_add_receipt(struct batch *b, const struct receipt *row)
{
    struct receipt *receipt = copy_of(b->arena, row, sizeof *row);
    rows_add(b->arena, &b->receipts, receipt);
    index_add(&b->receipt_by_key, receipt, by_receipt_key);
}

void batch_add_credential(struct batch *b, const struct stored_credential *row)
{
    index_add(&b->credential_by_hash, copy_of(b->arena, row, sizeof *row), by_hash);
}

void batch_add_change(struct batch *b, const struct change_row *row)
{
    rows_add(b->arena, &b->changes, copy_of(b->arena, row, sizeof *row));
}

void batch_add_left_tag(struct batch *b, const struct left_tag *row)
{
    rows_add(b->arena, &b->left_tags, copy_of(b->arena, row, sizeof *row));
}

void batch_count(struct batch *b, unsigned kind, uint32_t owner, uint64_t number, int sign)
{
    struct bucket_delta key = {.kind = kind, .owner = owner, .number = number};
    struct bucket_delta *bucket = index_find(&b->bucket_by_place, &key, by_place);
    if (!bucket) {
        bucket = copy_of(b->arena, &key, sizeof key);
        rows_add(b->arena, &b->buckets, bucket);
        index_add(&b->bucket_by_place, bucket, by_place);
    }
    bucket->todos += sign;
}

char *slug_candidate(struct arena *a, const char *name, bool of_tag, unsigned k)
{
    char *slug = slug_from(a, name);
    if (!*slug)
        slug = arena_strdup(a, of_tag ? "tag" : "list");
    return k ? arena_printf(a, "%s-%u", slug, k + 1) : slug;
}
