/*
 * How often somebody may do something: a bucket of tokens for each, all of them in one table whose size is
 * fixed, so that a crowd of strangers costs no memory. When there are more of them than places, those with
 * the most left to spend are forgotten, who gain least by it. Pure: the clock is an argument.
 *
 * A bucket is kept as one number, the moment at which it will be full again (as in GCRA, the algorithm of ATM
 * networks). One thread at a time.
 */
#ifndef WRIT_API_LIMIT_H
#define WRIT_API_LIMIT_H

#include <stddef.h>
#include <stdint.h>

enum {
    LIMIT_SETS = 256, /* a key has its place in one of them, */
    LIMIT_WAYS = 8,   /* where so many find room */
};

struct limit {
    uint64_t interval; /* microseconds in which one token comes back; 0: there is no limit */
    uint64_t burst;    /* tokens in a full bucket */
    struct limit_bucket {
        uint64_t key;
        uint64_t full_at; /* microseconds; in the past: full, and the place is free */
    } buckets[LIMIT_SETS][LIMIT_WAYS];
};

void limit_init(struct limit *limit, uint64_t burst, uint64_t interval);

/* 0 if `key` has a token left at `now` (microseconds of a clock that does not go back), else how many
 * seconds, rounded up, until it has. Takes none. Keys should be hashes that nobody else can foresee. */
unsigned limit_wait(const struct limit *limit, uint64_t key, uint64_t now);

/* Takes one, whether there is one left or not. */
void limit_take(struct limit *limit, uint64_t key, uint64_t now);

/* The part of an address, as text, that stands for who has it: all of an IPv4 address, the first 64 bits of
 * an IPv6 one, since whoever has one of those has all that follow. Returns how many bytes it wrote, 0 if it
 * is no address. */
size_t limit_subscriber(const char *address, size_t len, unsigned char out[8]);

#endif
