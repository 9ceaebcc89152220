/*
 * Direct-mapped: a todo's slot is its id modulo the number of slots. A row and
 * its texts are one block, so that keeping one is one allocation and copying
 * it out is short.
 */
#include "row_cache.h"

#include <stdlib.h>
#include <string.h>

struct row_cache {
    struct slot {
        struct read_todo row; /* strings and tags point into text; id 0: empty */
        char *text;
    } slots[ROW_CACHE_SLOTS];
};

struct row_cache *row_cache_new(void)
{
    return calloc(1, sizeof(struct row_cache));
}

static struct slot *slot_of(const struct row_cache *cache, uint64_t id)
{
    return (struct slot *)&cache->slots[id % ROW_CACHE_SLOTS];
}

static void empty(struct slot *slot)
{
    free(slot->text);
    *slot = (struct slot){0};
}

void row_cache_drop(struct row_cache *cache, uint64_t id)
{
    struct slot *slot = slot_of(cache, id);
    if (slot->row.id == id)
        empty(slot);
}

void row_cache_clear(struct row_cache *cache)
{
    for (size_t i = 0; i < ROW_CACHE_SLOTS; i++)
        empty(&cache->slots[i]);
}

void row_cache_free(struct row_cache *cache)
{
    if (!cache)
        return;
    row_cache_clear(cache);
    free(cache);
}

/* Where a row's strings are copied to: behind its tags, in one block. */
struct packer {
    char *at;
};

static const char *pack(struct packer *p, const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    char *copy = memcpy(p->at, s, size);
    p->at += size;
    return copy;
}

static size_t packed_size(const struct read_todo *row)
{
    const char *strings[] = {row->title, row->notes,   row->list,    row->list_slug,
                             row->due,   row->created, row->updated, row->finished};
    size_t size = row->ntags * sizeof *row->tags;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        size += strings[i] ? strlen(strings[i]) + 1 : 0;
    for (size_t i = 0; i < row->ntags; i++)
        size += strlen(row->tags[i].name) + strlen(row->tags[i].slug) + 2;
    return size;
}

/* A copy of `row` whose strings and tags stand in `block`, of packed_size(row) bytes. */
static struct read_todo packed(const struct read_todo *row, void *block)
{
    struct read_todo copy = *row;
    struct read_name *tags = block;
    struct packer p = {(char *)(tags + row->ntags)};
    copy.title = pack(&p, row->title);
    copy.notes = pack(&p, row->notes);
    copy.list = pack(&p, row->list);
    copy.list_slug = pack(&p, row->list_slug);
    copy.due = pack(&p, row->due);
    copy.created = pack(&p, row->created);
    copy.updated = pack(&p, row->updated);
    copy.finished = pack(&p, row->finished);
    for (size_t i = 0; i < row->ntags; i++) {
        tags[i] = row->tags[i];
        tags[i].name = pack(&p, row->tags[i].name);
        tags[i].slug = pack(&p, row->tags[i].slug);
    }
    copy.tags = tags;
    copy.history = NULL;
    copy.nhistory = 0;
    return copy;
}

bool row_cache_find(const struct row_cache *cache, struct arena *a, uint64_t id, struct read_todo *out)
{
    const struct slot *slot = slot_of(cache, id);
    if (slot->row.id != id)
        return false;
    *out = packed(&slot->row, arena_alloc(a, packed_size(&slot->row)));
    return true;
}

void row_cache_keep(struct row_cache *cache, const struct read_todo *row)
{
    size_t size = packed_size(row);
    struct slot *slot = slot_of(cache, row->id);
    empty(slot);
    if (size > ROW_CACHE_BYTES || !(slot->text = malloc(size)))
        return;
    slot->row = packed(row, slot->text);
}
