/*
 * A bump allocator for things that die together: one command, one batch, one
 * publishing cycle. It owns everything allocated from it; there is no free of
 * a single piece.
 *
 * Not thread-safe; an arena may be handed from one thread to another.
 */
#ifndef WRIT_DB_ARENA_H
#define WRIT_DB_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *head; /* all zero is an empty arena */
};

/* size bytes, zeroed, aligned for any object. Never NULL: out of memory ends
 * the process with a sentence, as nothing sensible could go on. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull, malloc));

/* A copy of len bytes with a NUL behind them. */
char *arena_strndup(struct arena *a, const char *s, size_t len) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

/* Forgets everything, but keeps one block to be used again. */
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

#endif
