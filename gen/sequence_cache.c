/*
 * Direct-mapped: a page's slot is the hash of its name. Its todos stand in it
 * as on the page: a bucket's by number, ascending, a head's descending.
 */
#include "sequence_cache.h"

#include <stdlib.h>
#include <string.h>

struct item {
    uint64_t number, id;
};

struct sequence_cache {
    struct slot {
        struct read_bucket page; /* kind 0: empty */
        size_t count;
        struct item items[BUCKET_TODOS];
    } slots[SEQUENCE_CACHE_SLOTS];
};

struct sequence_cache *sequence_cache_new(void)
{
    return calloc(1, sizeof(struct sequence_cache));
}

void sequence_cache_free(struct sequence_cache *cache)
{
    free(cache);
}

static struct slot *slot_of(const struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner,
                            uint64_t page)
{
    uint64_t hash = (((uint64_t)owner << 8 | (unsigned)kind) * UINT64_C(0x9E3779B97F4A7C15)) ^ page;
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return (struct slot *)&cache->slots[(hash >> 32) % SEQUENCE_CACHE_SLOTS];
}

/* NULL if it is not there. */
static struct slot *find(const struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner,
                         uint64_t page)
{
    struct slot *slot = slot_of(cache, kind, owner, page);
    bool same = slot->page.kind == kind && slot->page.owner == owner && slot->page.number == page;
    return same ? slot : NULL;
}

static void empty(struct slot *slot)
{
    slot->page.kind = 0;
}

bool sequence_cache_find(const struct sequence_cache *cache, struct arena *a, struct read_bucket *bucket,
                         struct read_ids *ids)
{
    const struct slot *slot = find(cache, bucket->kind, bucket->owner, bucket->number);
    if (!slot)
        return false;
    *bucket = slot->page;
    *ids = (struct read_ids){.items = arena_alloc(a, slot->count * sizeof *ids->items), .count = slot->count};
    for (size_t i = 0; i < slot->count; i++)
        ids->items[i] = slot->items[i].id;
    return true;
}

void sequence_cache_keep(struct sequence_cache *cache, const struct read_bucket *bucket,
                         const struct read_ids *ids)
{
    struct slot *slot = slot_of(cache, bucket->kind, bucket->owner, bucket->number);
    empty(slot);
    if (ids->count > BUCKET_TODOS)
        return;
    slot->page = *bucket;
    slot->count = ids->count;
    for (size_t i = 0; i < ids->count; i++)
        slot->items[i] = (struct item){ids->numbers ? ids->numbers[i] : ids->items[i], ids->items[i]};
}

/* ---- changes */

static size_t index_of(const struct slot *slot, uint64_t id)
{
    size_t i = 0;
    while (i < slot->count && slot->items[i].id != id)
        i++;
    return i;
}

/* The number of todos in a bucket is that of its items; a head has none. */
static void count(struct slot *slot)
{
    if (slot->page.number != READ_BUCKET_END)
        slot->page.todos = slot->count;
}

void sequence_cache_join(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page,
                         uint64_t number, uint64_t id)
{
    struct slot *slot = find(cache, kind, owner, page);
    if (!slot || index_of(slot, id) < slot->count)
        return;
    bool head = page == READ_BUCKET_END, full = slot->count == BUCKET_TODOS;
    size_t at = 0;
    while (at < slot->count && (head ? slot->items[at].number > number : slot->items[at].number < number))
        at++;
    if (full && !head) { /* cannot be: a bucket has as many numbers */
        empty(slot);
        return;
    }
    if (at == BUCKET_TODOS)
        return;
    size_t behind = slot->count - at - full; /* of a full head the last one makes room */
    memmove(&slot->items[at + 1], &slot->items[at], behind * sizeof *slot->items);
    slot->items[at] = (struct item){number, id};
    slot->count += !full;
    count(slot);
}

void sequence_cache_leave(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page,
                          uint64_t id)
{
    struct slot *slot = find(cache, kind, owner, page);
    if (!slot)
        return;
    size_t at = index_of(slot, id);
    if (page == READ_BUCKET_END && slot->count == BUCKET_TODOS && at < slot->count) {
        empty(slot); /* only the database knows who moves up */
        return;
    }
    if (at == slot->count)
        return;
    slot->count--;
    memmove(&slot->items[at], &slot->items[at + 1], (slot->count - at) * sizeof *slot->items);
    count(slot);
}

void sequence_cache_drop(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page)
{
    struct slot *slot = find(cache, kind, owner, page);
    if (slot)
        empty(slot);
}

void sequence_cache_drop_all_of(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner)
{
    for (size_t i = 0; i < SEQUENCE_CACHE_SLOTS; i++)
        if (cache->slots[i].page.kind == kind && cache->slots[i].page.owner == owner)
            empty(&cache->slots[i]);
}

void sequence_cache_clear(struct sequence_cache *cache)
{
    for (size_t i = 0; i < SEQUENCE_CACHE_SLOTS; i++)
        empty(&cache->slots[i]);
}
