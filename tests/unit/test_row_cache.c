/* The cache of rows: what is kept comes out the same, what is dropped or pushed out does not come out. */
#include "../../gen/row_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

static struct read_todo todo(uint64_t id)
{
    static const struct read_name tags[] = {{.id = 7, .name = "home", .slug = "home"},
                                            {.id = 9, .name = "Küche", .slug = "küche"}};
    return (struct read_todo){.id = id,
                              .version = 3,
                              .revision = 40,
                              .state = TODO_DONE,
                              .is_public = true,
                              .title = "Buy milk",
                              .notes = "",
                              .list = "Groceries",
                              .list_slug = "groceries",
                              .list_id = 5,
                              .priority = 2,
                              .due = NULL,
                              .created = "2026-11-23T10:00:00.000Z",
                              .updated = "2026-11-23T11:00:00.000Z",
                              .finished = "2026-11-23T12:00:00.000Z",
                              .tags = tags,
                              .ntags = 2};
}

static void what_is_kept_comes_out_the_same(void **state)
{
    (void)state;
    struct row_cache *cache = row_cache_new();
    struct arena a = {0};
    struct read_todo row = todo(42), out;
    char title[] = "Buy oat milk";
    row.title = title;
    assert_false(row_cache_find(cache, &a, 42, &out));
    row_cache_keep(cache, &row);
    memset(title, 'x', sizeof title - 1); /* it has a copy */

    assert_true(row_cache_find(cache, &a, 42, &out));
    row_cache_free(cache); /* and gives copies */
    assert_int_equal(out.version, 3);
    assert_int_equal(out.state, TODO_DONE);
    assert_true(out.is_public);
    assert_string_equal(out.title, "Buy oat milk");
    assert_string_equal(out.list_slug, "groceries");
    assert_null(out.due);
    assert_string_equal(out.finished, "2026-11-23T12:00:00.000Z");
    assert_int_equal(out.ntags, 2);
    assert_string_equal(out.tags[1].name, "Küche");
    assert_int_equal(out.tags[1].id, 9);
    arena_release(&a);
}

static void what_is_dropped_or_pushed_out_is_gone(void **state)
{
    (void)state;
    struct row_cache *cache = row_cache_new();
    struct arena a = {0};
    struct read_todo first = todo(1), same_slot = todo(1 + ROW_CACHE_SLOTS), other = todo(2), out;
    row_cache_keep(cache, &first);
    row_cache_keep(cache, &other);
    row_cache_drop(cache, 1 + ROW_CACHE_SLOTS); /* not there: leaves its neighbour in the slot */
    assert_true(row_cache_find(cache, &a, 1, &out));
    row_cache_keep(cache, &same_slot);
    assert_false(row_cache_find(cache, &a, 1, &out));
    assert_true(row_cache_find(cache, &a, 1 + ROW_CACHE_SLOTS, &out));
    row_cache_drop(cache, 2);
    assert_false(row_cache_find(cache, &a, 2, &out));
    row_cache_clear(cache);
    assert_false(row_cache_find(cache, &a, 1 + ROW_CACHE_SLOTS, &out));
    arena_release(&a);
    row_cache_free(cache);
}

static void long_texts_are_not_kept(void **state)
{
    (void)state;
    struct row_cache *cache = row_cache_new();
    struct arena a = {0};
    char notes[ROW_CACHE_BYTES + 1];
    memset(notes, 'n', sizeof notes - 1);
    notes[sizeof notes - 1] = '\0';
    struct read_todo row = todo(1), out;
    row_cache_keep(cache, &row);
    row.notes = notes;
    row_cache_keep(cache, &row); /* and the shorter one that it replaces is not kept either */
    assert_false(row_cache_find(cache, &a, 1, &out));
    arena_release(&a);
    row_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_out_the_same),
        cmocka_unit_test(what_is_dropped_or_pushed_out_is_gone),
        cmocka_unit_test(long_texts_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
