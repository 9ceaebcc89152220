/*
 * The arena: pieces are zeroed, aligned and apart from each other, however
 * large, and a reset arena is used again.
 */
#include "../../db/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_pieces(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4000, 4096, 4097, 16384, 100000, 3, 1};
    enum { ROUNDS = 20, SIZES = sizeof sizes / sizeof *sizes };
    struct arena a = {0};
    unsigned char *pieces[ROUNDS * SIZES];

    for (int pass = 0; pass < 2; pass++) { /* the second one on used memory */
        for (size_t i = 0; i < ROUNDS * SIZES; i++) {
            size_t size = sizes[i % SIZES];
            pieces[i] = arena_alloc(&a, size);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            for (size_t j = 0; j < size; j++)
                assert_int_equal(pieces[i][j], 0);
            memset(pieces[i], (int)(i % 255 + 1), size);
        }
        for (size_t i = 0; i < ROUNDS * SIZES; i++)
            for (size_t j = 0; j < sizes[i % SIZES]; j++)
                assert_int_equal(pieces[i][j], i % 255 + 1);
        arena_reset(&a);
    }
    arena_release(&a);
    assert_null(a.head);
}

static void test_reset_keeps_one_block(void **state)
{
    (void)state;
    struct arena a = {0};
    arena_reset(&a);
    assert_null(a.head);

    arena_alloc(&a, 100000);
    arena_reset(&a);
    assert_null(a.head); /* a large block is given back */

    arena_alloc(&a, 10);
    for (int i = 0; i < 10000; i++)
        arena_alloc(&a, 100);
    arena_reset(&a);
    struct arena_block *kept = a.head;
    assert_non_null(kept);
    arena_reset(&a);
    assert_ptr_equal(a.head, kept);
    arena_alloc(&a, 10);
    assert_ptr_equal(a.head, kept);
    arena_release(&a);
    arena_release(&a);
}

static void test_large_leaves_the_head(void **state)
{
    (void)state;
    struct arena a = {0};
    char *before = arena_alloc(&a, 16);
    arena_alloc(&a, 1 << 20);
    assert_ptr_equal(arena_alloc(&a, 16), before + 16);
    arena_release(&a);
}

static void test_strings(void **state)
{
    (void)state;
    struct arena a = {0};
    char source[] = "räksmörgås";
    char *copy = arena_strdup(&a, source);
    char *part = arena_strndup(&a, source, 1);
    source[0] = 'X';
    assert_string_equal(copy, "räksmörgås");
    assert_string_equal(part, "r");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_string_equal(arena_printf(&a, "%s-%03d", "a", 7), "a-007");

    char *wide = arena_printf(&a, "%60000d", 1);
    assert_int_equal(strlen(wide), 60000);
    assert_int_equal(wide[59999], '1');
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_reset_keeps_one_block),
        cmocka_unit_test(test_large_leaves_the_head),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
