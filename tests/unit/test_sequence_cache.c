/* The cache of sequences' pages: what it says after a change is what the database would say, or nothing. */
#include "../../gen/sequence_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka needs the four above */
#include <cmocka.h>

enum { OWNER = 7 };

static const struct read_bucket head = {
    .kind = BUCKET_LIST, .owner = OWNER, .number = READ_BUCKET_END, .previous = 3};

/* A list's page with n todos whose numbers begin at `first`, or go down from it; ids are 1000 more. */
static void keep(struct sequence_cache *cache, struct read_bucket page, uint64_t first, size_t n)
{
    uint64_t ids[BUCKET_TODOS], numbers[BUCKET_TODOS];
    for (size_t i = 0; i < n; i++) {
        numbers[i] = page.number == READ_BUCKET_END ? first - i : first + i;
        ids[i] = numbers[i] + 1000;
    }
    sequence_cache_keep(cache, &page, &(struct read_ids){.items = ids, .count = n, .numbers = numbers});
}

static bool known(const struct sequence_cache *cache, uint64_t page)
{
    struct arena a = {0};
    struct read_ids ids;
    bool found = sequence_cache_find(
        cache, &a, &(struct read_bucket){.kind = BUCKET_LIST, .owner = OWNER, .number = page}, &ids);
    arena_release(&a);
    return found;
}

static void says(const struct sequence_cache *cache, uint64_t page, size_t n, const uint64_t *expected)
{
    struct arena a = {0};
    struct read_ids ids;
    struct read_bucket bucket = {.kind = BUCKET_LIST, .owner = OWNER, .number = page};
    assert_true(sequence_cache_find(cache, &a, &bucket, &ids));
    assert_int_equal(ids.count, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids.items[i], expected[i]);
    if (page != READ_BUCKET_END)
        assert_int_equal(bucket.todos, n);
    arena_release(&a);
}

static void a_bucket_follows_who_joins_and_leaves(void **state)
{
    (void)state;
    struct sequence_cache *cache = sequence_cache_new();
    keep(cache, (struct read_bucket){.kind = BUCKET_LIST, .owner = OWNER, .number = 1, .todos = 2, .next = 2},
         10, 2);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, 1, 12, 5);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, 1, 4, 6);
    says(cache, 1, 4, (uint64_t[]){6, 1010, 1011, 5});
    sequence_cache_join(cache, BUCKET_LIST, OWNER, 1, 12, 5); /* told twice */
    sequence_cache_leave(cache, BUCKET_LIST, OWNER, 1, 1010);
    sequence_cache_leave(cache, BUCKET_LIST, OWNER, 1, 1010);
    says(cache, 1, 3, (uint64_t[]){6, 1011, 5});

    struct arena a = {0};
    struct read_ids ids;
    struct read_bucket bucket = {.kind = BUCKET_LIST, .owner = OWNER, .number = 1};
    assert_true(sequence_cache_find(cache, &a, &bucket, &ids));
    assert_int_equal(bucket.next, 2);
    arena_release(&a);
    sequence_cache_free(cache);
}

static void a_head_keeps_the_newest(void **state)
{
    (void)state;
    struct sequence_cache *cache = sequence_cache_new();
    keep(cache, head, 300, 3);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 301, 1);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 200, 2);
    says(cache, READ_BUCKET_END, 5, (uint64_t[]){1, 1300, 1299, 1298, 2});
    sequence_cache_leave(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 1299);
    says(cache, READ_BUCKET_END, 4, (uint64_t[]){1, 1300, 1298, 2});
    sequence_cache_free(cache);
}

static void a_full_head_forgets_when_one_leaves(void **state)
{
    (void)state;
    struct sequence_cache *cache = sequence_cache_new();
    uint64_t expected[BUCKET_TODOS] = {1};
    keep(cache, head, 300, BUCKET_TODOS);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 301, 1);
    for (size_t i = 1; i < BUCKET_TODOS; i++)
        expected[i] = 1301 - i;
    says(cache, READ_BUCKET_END, BUCKET_TODOS, expected);
    sequence_cache_join(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 100,
                        2); /* older than all that are shown */
    says(cache, READ_BUCKET_END, BUCKET_TODOS, expected);
    sequence_cache_leave(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 1201); /* pushed out before */
    says(cache, READ_BUCKET_END, BUCKET_TODOS, expected);
    sequence_cache_leave(cache, BUCKET_LIST, OWNER, READ_BUCKET_END, 1250);
    assert_false(known(cache, READ_BUCKET_END));
    sequence_cache_free(cache);
}

static void what_is_dropped_is_not_known(void **state)
{
    (void)state;
    struct sequence_cache *cache = sequence_cache_new();
    const struct read_bucket one = {.kind = BUCKET_LIST, .owner = OWNER, .number = 1},
                             two = {.kind = BUCKET_LIST, .owner = OWNER, .number = 2},
                             other = {.kind = BUCKET_TAG, .owner = OWNER, .number = 1};
    assert_false(known(cache, 1));
    keep(cache, one, 1, 3);
    keep(cache, two, 101, 3);
    keep(cache, other, 1, 3);
    sequence_cache_drop(cache, BUCKET_LIST, OWNER, 2);
    assert_true(known(cache, 1));
    assert_false(known(cache, 2));
    keep(cache, two, 101, 3);
    sequence_cache_drop_all_of(cache, BUCKET_TAG, OWNER);
    assert_true(known(cache, 1));
    sequence_cache_drop_all_of(cache, BUCKET_LIST, OWNER);
    assert_false(known(cache, 1));
    assert_false(known(cache, 2));
    keep(cache, one, 1, 3);
    sequence_cache_clear(cache);
    assert_false(known(cache, 1));
    sequence_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_follows_who_joins_and_leaves),
        cmocka_unit_test(a_head_keeps_the_newest),
        cmocka_unit_test(a_full_head_forgets_when_one_leaves),
        cmocka_unit_test(what_is_dropped_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
