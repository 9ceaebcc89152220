/*
 * A growing byte buffer with a stated maximum. Appends never fail half-way:
 * once one would pass the maximum (or memory is out), it and all later ones
 * do nothing and `overflow` is set, so that a caller checks once, at the end.
 *
 * Owns its bytes. Not thread-safe.
 */
#ifndef WRIT_TEMPLATES_BUFFER_H
#define WRIT_TEMPLATES_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buffer {
    char *base; /* not terminated; NULL while nothing was reserved */
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow;
};

void buffer_init(struct buffer *b, size_t max);
void buffer_release(struct buffer *b);

/* Room for `more` bytes behind len; false (and overflow) if there is none. */
bool buffer_reserve(struct buffer *b, size_t more);

void buffer_append(struct buffer *b, const char *s, size_t len);
void buffer_puts(struct buffer *b, const char *s);
void buffer_putc(struct buffer *b, char c);
void buffer_number(struct buffer *b, unsigned long long n);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empty again, memory kept. */
static inline void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->overflow = false;
}

#endif
