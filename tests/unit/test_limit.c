/* Buckets of tokens: what is let through, when more comes back, and who is forgotten when the table is full.
 */
#include "../../api/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum { SECOND = 1000000 };
static const uint64_t start = 1000ull * SECOND; /* of the machine's clock, some day */

static struct limit limit;

/* Takes until there is none, at one moment; how many there were. */
static unsigned drain(uint64_t key, uint64_t now)
{
    unsigned n = 0;
    for (; n < 100000 && limit_wait(&limit, key, now) == 0; n++)
        limit_take(&limit, key, now);
    return n;
}

static void test_a_burst_and_then_a_rate(void **state)
{
    (void)state;
    limit_init(&limit, 2000, SECOND / 200);
    assert_int_equal(drain(7, start), 2000);
    assert_int_equal(limit_wait(&limit, 7, start), 1);
    assert_int_equal(drain(7, start + SECOND / 200 - 1), 0);
    assert_int_equal(drain(7, start + SECOND / 200), 1);
    assert_int_equal(drain(7, start + SECOND / 200 + SECOND), 200);
    assert_int_equal(drain(7, start + 60 * SECOND), 2000); /* full again, and no fuller */
    assert_int_equal(drain(8, start), 2000);               /* another one's */
}

static void test_a_slow_one(void **state)
{
    (void)state;
    limit_init(&limit, 5, 10 * SECOND);
    assert_int_equal(drain(1, start), 5);
    assert_int_equal(limit_wait(&limit, 1, start), 10);
    assert_int_equal(limit_wait(&limit, 1, start + 1), 10); /* rounded up: earlier would be in vain */
    assert_int_equal(limit_wait(&limit, 1, start + 9 * SECOND), 1);
    assert_int_equal(limit_wait(&limit, 1, start + 10 * SECOND - 1), 1);
    assert_int_equal(limit_wait(&limit, 1, start + 10 * SECOND), 0);
    limit_take(&limit, 1, start); /* one more than there was is owed */
    assert_int_equal(limit_wait(&limit, 1, start), 20);
}

static void test_none(void **state)
{
    (void)state;
    limit_init(&limit, 1, 0);
    assert_int_equal(drain(1, start), 100000);
}

/* Whoever is out of tokens stays so, however many others come, as long as they have more left. */
static void test_a_crowd(void **state)
{
    (void)state;
    limit_init(&limit, 5, 10 * SECOND);
    assert_int_equal(drain(42, start), 5);
    for (uint64_t key = 1000; key < 1000 + 100 * LIMIT_SETS * LIMIT_WAYS; key++) {
        assert_int_equal(limit_wait(&limit, key, start), 0);
        limit_take(&limit, key, start);
    }
    assert_int_equal(limit_wait(&limit, 42, start), 10);
}

/* As many as the table holds are all remembered. */
static void test_a_full_table(void **state)
{
    (void)state;
    limit_init(&limit, 1, 10 * SECOND);
    for (uint64_t key = 1; key <= LIMIT_SETS * LIMIT_WAYS; key++)
        limit_take(&limit, key, start);
    for (uint64_t key = 1; key <= LIMIT_SETS * LIMIT_WAYS; key++)
        assert_int_equal(limit_wait(&limit, key, start), 10);
    /* One more takes the place of one that is full again, not of one that is not. */
    limit_take(&limit, 1, start);
    uint64_t later = start + 11 * SECOND;
    limit_take(&limit, 1 + 100 * LIMIT_SETS, later);
    assert_int_equal(limit_wait(&limit, 1, later), 9);
    assert_int_equal(limit_wait(&limit, 1 + 100 * LIMIT_SETS, later), 10);
}

static void test_key_zero(void **state)
{
    (void)state;
    limit_init(&limit, 1, SECOND);
    assert_int_equal(limit_wait(&limit, 0, start), 0);
    limit_take(&limit, 0, start);
    assert_int_equal(limit_wait(&limit, 0, start), 1);
}

static void test_subscribers(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        size_t len; /* 0: not an address */
        int same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", 4, 1},
        {"192.0.2.1", "192.0.2.2", 4, 0},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", 8, 1},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", 8, 0},
        {"::ffff:192.0.2.1", "192.0.2.1", 4, 1},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", 4, 0},
        {"", "", 0, 1},
        {"192.0.2.1, 10.0.0.1", "unix:", 0, 1},
        {"192.0.2.256", "1111111111111111111111111111111111111111111111111", 0, 1},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        unsigned char one[8] = {0}, other[8] = {0};
        assert_int_equal(limit_subscriber(cases[i].one, strlen(cases[i].one), one), cases[i].len);
        assert_int_equal(limit_subscriber(cases[i].other, strlen(cases[i].other), other), cases[i].len);
        assert_int_equal(memcmp(one, other, sizeof one) == 0, cases[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_and_then_a_rate),
        cmocka_unit_test(test_a_slow_one),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_a_crowd),
        cmocka_unit_test(test_a_full_table),
        cmocka_unit_test(test_key_zero),
        cmocka_unit_test(test_subscribers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
