/*
 * See buffer.h. Capacity doubles up to the maximum. One byte more than the
 * capacity is allocated always: vsnprintf() wants room for a NUL that is not
 * part of the text, and must not fail for it at the very maximum.
 */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_FIRST = 1024 };

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max};
}

void buffer_release(struct buffer *b)
{
    free(b->base);
    *b = (struct buffer){.max = b->max};
}

static bool grow(struct buffer *b, size_t need)
{
    size_t capacity = b->capacity ? b->capacity : BUFFER_FIRST;
    while (capacity < need && capacity <= b->max / 2)
        capacity *= 2;
    if (capacity < need || capacity > b->max)
        capacity = b->max;
    char *base = capacity == SIZE_MAX ? NULL : realloc(b->base, capacity + 1);
    if (!base)
        return false;
    b->base = base;
    b->capacity = capacity;
    return true;
}

bool buffer_reserve(struct buffer *b, size_t more)
{
    if (b->overflow)
        return false;
    if (more <= b->capacity - b->len && b->base)
        return true;
    b->overflow = more > b->max - b->len || !grow(b, b->len + more);
    return !b->overflow;
}

void buffer_append(struct buffer *b, const char *s, size_t len)
{
    if (len == 0 || !buffer_reserve(b, len))
        return;
    memcpy(b->base + b->len, s, len);
    b->len += len;
}

void buffer_puts(struct buffer *b, const char *s)
{
    buffer_append(b, s, strlen(s));
}

void buffer_putc(struct buffer *b, char c)
{
    buffer_append(b, &c, 1);
}

void buffer_number(struct buffer *b, unsigned long long n)
{
    char digits[20]; /* of 2^64 - 1 */
    char *p = digits + sizeof digits;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    buffer_append(b, p, (size_t)(digits + sizeof digits - p));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        b->overflow = true;
        return;
    }
    if (!buffer_reserve(b, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(b->base + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}
