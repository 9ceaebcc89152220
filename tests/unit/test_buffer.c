/* templates/buffer.c: the maximum, and that overflow sticks. */
#include "../../templates/buffer.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_holds(const struct buffer *b, const char *expected)
{
    assert_false(b->overflow);
    assert_int_equal(b->len, strlen(expected));
    assert_memory_equal(b->base, expected, b->len);
}

static void test_appends(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    buffer_puts(&b, "one");
    buffer_putc(&b, ' ');
    buffer_append(&b, "two three", 3);
    buffer_append(&b, NULL, 0);
    buffer_printf(&b, " %s-%d", "x", -5);
    assert_holds(&b, "one two x--5");
    buffer_clear(&b);
    buffer_puts(&b, "again");
    assert_holds(&b, "again");
    buffer_release(&b);
    assert_null(b.base);
}

static void test_numbers(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    buffer_number(&b, 0);
    buffer_putc(&b, ' ');
    buffer_number(&b, 1090);
    buffer_putc(&b, ' ');
    buffer_number(&b, ULLONG_MAX);
    assert_holds(&b, "0 1090 18446744073709551615");
    buffer_release(&b);
}

static void test_grows_to_its_maximum(void **state)
{
    (void)state;
    const size_t max = 5000; /* not a power of two, above the first capacity */
    struct buffer b;
    buffer_init(&b, max);
    for (size_t i = 0; i < max; i++)
        buffer_putc(&b, (char)('a' + i % 26));
    assert_false(b.overflow);
    assert_int_equal(b.len, max);
    assert_int_equal(b.base[max - 1], 'a' + (max - 1) % 26);
    buffer_putc(&b, '!');
    assert_true(b.overflow);
    assert_int_equal(b.len, max);
    buffer_release(&b);
}

static void test_overflow_is_whole_and_sticks(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 10);
    buffer_puts(&b, "12345678");
    buffer_puts(&b, "901");
    assert_true(b.overflow);
    assert_int_equal(b.len, 8);
    buffer_putc(&b, '9');
    buffer_number(&b, 1);
    buffer_printf(&b, "x");
    assert_false(buffer_reserve(&b, 1));
    assert_int_equal(b.len, 8);
    buffer_clear(&b);
    assert_true(buffer_reserve(&b, 10));
    assert_false(buffer_reserve(&b, 11));
    buffer_clear(&b);
    assert_false(buffer_reserve(&b, SIZE_MAX));
    buffer_release(&b);
}

static void test_printf_fills_the_last_byte(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 10);
    buffer_printf(&b, "%s", "1234567890");
    assert_holds(&b, "1234567890");
    buffer_release(&b);
}

static void test_maximum_zero(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    buffer_puts(&b, "");
    assert_false(b.overflow);
    buffer_puts(&b, "x");
    assert_true(b.overflow);
    buffer_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_grows_to_its_maximum),
        cmocka_unit_test(test_overflow_is_whole_and_sticks),
        cmocka_unit_test(test_printf_fills_the_last_byte),
        cmocka_unit_test(test_maximum_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
