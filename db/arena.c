/*
 * Blocks of one size, filled from the front. What would leave much of a block
 * unused gets a block of its own, behind the head, so that the head's room is
 * not lost and one large request is not kept for ever by arena_reset().
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_BYTES = 16 * 1024,
    LARGE_BYTES = BLOCK_BYTES / 4,
    ALIGNMENT = _Alignof(max_align_t),
};

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) {
        fprintf(stderr, "Out of memory: %zu more bytes were asked for. Give this process more.\n", size);
        abort();
    }
    *block = (struct arena_block){.size = size};
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) { /* what follows must not wrap */
        fprintf(stderr, "Out of memory: %zu bytes were asked for, which is a bug.\n", size);
        abort();
    }
    size = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;

    struct arena_block *block = a->head;
    if (!block || block->size - block->used < size) {
        block = block_new(size > LARGE_BYTES ? size : BLOCK_BYTES);
        if (size > LARGE_BYTES && a->head) {
            block->next = a->head->next;
            a->head->next = block;
        } else {
            block->next = a->head;
            a->head = block;
        }
    }
    void *p = block->bytes + block->used;
    block->used += size;
    return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len)
        memcpy(copy, s, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    char *s;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&s, format, args);
    va_end(args);
    if (len < 0) {
        fprintf(stderr, "Out of memory: cannot format '%s'. Give this process more.\n", format);
        abort();
    }
    char *copy = arena_strndup(a, s, (size_t)len);
    free(s);
    return copy;
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *block = a->head, *next; block; block = next) {
        next = block->next;
        if (!kept && block->size == BLOCK_BYTES) {
            kept = block;
            kept->used = 0;
            kept->next = NULL;
        } else {
            free(block);
        }
    }
    a->head = kept;
}

void arena_release(struct arena *a)
{
    for (struct arena_block *block = a->head, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    a->head = NULL;
}
