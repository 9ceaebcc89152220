/*
 * Which todos stand on the pages of sequences (all open ones, those of a
 * list, of a tag, …) that were read lately. A write touches some ten of these pages and moves one todo
 * on each: asking the database for a hundred ids a page would cost more than all
 * else that a cycle reads.
 *
 * The cache is right as long as whoever uses it tells it of every change: that
 * a todo joined or left a page, and that a bucket came or went, which alters
 * its neighbours' links. Told twice is no harm. What it cannot follow it
 * forgets, and is told again by the database.
 *
 * Its memory is fixed, 2 MiB. One thread.
 */
#ifndef WRIT_GEN_SEQUENCE_CACHE_H
#define WRIT_GEN_SEQUENCE_CACHE_H

#include "../db/read.h"

enum { SEQUENCE_CACHE_SLOTS = 1024 }; /* one page each */

struct sequence_cache;

struct sequence_cache *sequence_cache_new(void);
void sequence_cache_free(struct sequence_cache *cache);

/* The page of `bucket`, which says kind, owner and number (READ_BUCKET_END: the head, with the newest): fills
 * in the rest of it, and the ids, copied into the arena. False if it is not known. */
bool sequence_cache_find(const struct sequence_cache *cache, struct arena *a, struct read_bucket *bucket,
                         struct read_ids *ids);

/* Keeps a page as it was read, whole. */
void sequence_cache_keep(struct sequence_cache *cache, const struct read_bucket *bucket,
                         const struct read_ids *ids);

/* A todo that has `number` in the sequence stands on the page from now on, or no more. */
void sequence_cache_join(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page,
                         uint64_t number, uint64_t id);
void sequence_cache_leave(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page,
                          uint64_t id);

/* Forgets a page, all pages of a sequence, or all there are. */
void sequence_cache_drop(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner, uint64_t page);
void sequence_cache_drop_all_of(struct sequence_cache *cache, enum bucket_kind kind, uint32_t owner);
void sequence_cache_clear(struct sequence_cache *cache);

#endif
