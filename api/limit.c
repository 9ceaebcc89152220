/* See limit.h. */
#include "limit.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

enum { SECOND = 1000000 };

void limit_init(struct limit *limit, uint64_t burst, uint64_t interval)
{
    *limit = (struct limit){.interval = interval, .burst = burst};
}

/* The key's bucket, or NULL. */
static const struct limit_bucket *find(const struct limit *limit, uint64_t key)
{
    const struct limit_bucket *set = limit->buckets[key % LIMIT_SETS];
    for (size_t i = 0; i < LIMIT_WAYS; i++)
        if (set[i].key == key && set[i].full_at)
            return &set[i];
    return NULL;
}

unsigned limit_wait(const struct limit *limit, uint64_t key, uint64_t now)
{
    const struct limit_bucket *bucket = find(limit, key);
    uint64_t filling =
        bucket && bucket->full_at > now ? bucket->full_at - now : 0; /* time until it is full */
    uint64_t least = limit->interval * (limit->burst - 1);           /* the same with one in it */
    return filling <= least ? 0 : (unsigned)((filling - least + SECOND - 1) / SECOND);
}

void limit_take(struct limit *limit, uint64_t key, uint64_t now)
{
    struct limit_bucket *set = limit->buckets[key % LIMIT_SETS], *place = &set[0];
    if (limit->interval == 0)
        return;
    for (size_t i = 0; i < LIMIT_WAYS && place->key != key; i++)
        if (set[i].key == key || set[i].full_at < place->full_at)
            place = &set[i];
    uint64_t from = place->key == key && place->full_at > now ? place->full_at : now;
    *place = (struct limit_bucket){key, from + limit->interval};
}

size_t limit_subscriber(const char *address, size_t len, unsigned char out[8])
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (len >= sizeof text)
        return 0;
    memcpy(text, address, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) {
        memcpy(out, &v4, 4);
        return 4;
    }
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return 0;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6); /* an IPv4 address all the same */
    memcpy(out, &v6.s6_addr[mapped ? 12 : 0], mapped ? 4 : 8);
    return mapped ? 4 : 8;
}
