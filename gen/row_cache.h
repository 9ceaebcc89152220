/*
 * Todos that were read lately. Most of what a cycle renders are the pages
 * that a changed todo shares with others, which have not changed: reading
 * those again, a hundred a page, would cost more than all the rest of a cycle.
 *
 * The cache is right as long as whoever uses it drops every todo that a
 * change names before rendering that change's snapshot, and clears all when a
 * change alters what rows borrow from elsewhere (a list's name), or when it
 * cannot say which changes there were.
 *
 * Its memory is bounded by ROW_CACHE_SLOTS times ROW_CACHE_BYTES. One thread.
 */
#ifndef WRIT_GEN_ROW_CACHE_H
#define WRIT_GEN_ROW_CACHE_H

#include "../db/read.h"

enum {
    ROW_CACHE_SLOTS = 4096, /* one todo each, by id: the newest ones do not share any */
    ROW_CACHE_BYTES = 2048, /* todos with longer texts are not kept */
};

struct row_cache;

struct row_cache *row_cache_new(void);
void row_cache_free(struct row_cache *cache);

/* A copy of a row, without its history, in the arena; false if it is not there. */
bool row_cache_find(const struct row_cache *cache, struct arena *a, uint64_t id, struct read_todo *out);

/* Keeps a copy. */
void row_cache_keep(struct row_cache *cache, const struct read_todo *row);

void row_cache_drop(struct row_cache *cache, uint64_t id);
void row_cache_clear(struct row_cache *cache);

#endif
