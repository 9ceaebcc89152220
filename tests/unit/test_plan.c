/* Planning: which pages a change touches, now and later, and what follows from buckets and tags that come or
 * go. */
#include "../../gen/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

enum { DATA = TWIN_HTML | TWIN_JSON };

static int setup(void **state)
{
    static struct plan plan;
    plan = (struct plan){0};
    *state = &plan;
    return 0;
}

static int teardown(void **state)
{
    plan_release(*state);
    return 0;
}

static const struct plan_item *find(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number)
{
    struct page_key key = {.kind = (uint8_t)kind, .owner = owner, .number = number};
    plan_sort(plan);
    for (size_t i = 0; i < plan->count; i++)
        if (page_compare(&plan->items[i].key, &key) == 0)
            return &plan->items[i];
    return NULL;
}

static void assert_planned(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number,
                           unsigned now, unsigned later, int delta)
{
    const struct plan_item *item = find(plan, kind, owner, number);
    assert_non_null(item);
    assert_int_equal(item->now, now);
    assert_int_equal(item->later, later);
    assert_int_equal(item->delta, delta);
}

static void change_todo(struct plan *plan, enum change_op op, uint64_t id, enum todo_state from,
                        enum todo_state to, const char *places, bool published)
{
    plan_change(plan,
                &(struct read_change){
                    .revision = 7, .op = op, .todo_id = id, .from = from, .to = to, .places = places},
                published);
    assert_string_equal(plan->problem, "");
}

/* A new todo in an old list and a new tag. */
static void test_create(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_CREATE, 201, TODO_ABSENT, TODO_OPEN, "*t3 +l5:100 +t3:1", false);
    assert_planned(plan, PAGE_TODO, 0, 201, DATA, 0, 0);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 3, DATA, 0, 1);
    assert_planned(plan, PAGE_OPEN, 0, 0, DATA, 0, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 1, DATA, TWIN_MD, 1);
    assert_planned(plan, PAGE_LIST, 5, 0, DATA, TWIN_MD, 1);
    assert_planned(plan, PAGE_TAG_BUCKET, 3, 1, DATA, TWIN_MD, 1);
    assert_planned(plan, PAGE_TAG, 3, 0, DATA, TWIN_MD, 1);
    assert_planned(plan, PAGE_TAGS, 0, 0, DATA, DATA, 0); /* the tag is new */
    assert_planned(plan, PAGE_LISTS, 0, 0, 0, DATA, 0);   /* only its count has changed */
    assert_planned(plan, PAGE_BOARD, 0, 0, DATA, TWIN_MD, 0);
    assert_int_equal(plan->count, 10);
}

/* Finishing moves a todo between the sequences of its state, and leaves its other buckets as full as they
 * were. */
static void test_finish(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_FINISH, 42, TODO_OPEN, TODO_DONE, "=l5:101", false);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, -1);
    assert_planned(plan, PAGE_DONE_BUCKET, 0, 1, DATA, 0, 1);
    assert_planned(plan, PAGE_OPEN, 0, 0, DATA, 0, 0);
    assert_planned(plan, PAGE_DONE, 0, 0, DATA, 0, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 2, DATA, TWIN_MD, 0);
    assert_null(find(plan, PAGE_DELETED, 0, 42));
}

/* An edit of an open todo does not touch what is done. */
static void test_edit(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_EDIT, 42, TODO_OPEN, TODO_OPEN, "-l5:101 +l6:1 =t1:42", false);
    assert_null(find(plan, PAGE_DONE, 0, 0));
    assert_null(find(plan, PAGE_DONE_BUCKET, 0, 1));
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 2, DATA, TWIN_MD, -1);
    assert_planned(plan, PAGE_LIST_BUCKET, 6, 1, DATA, TWIN_MD, 1);
    assert_planned(plan, PAGE_TAG_BUCKET, 1, 1, DATA, TWIN_MD, 0);
}

static void test_delete_and_purge(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_DELETE, 42, TODO_DONE, TODO_DELETED, "=l5:1", false);
    assert_planned(plan, PAGE_TODO, 0, 42, DATA, 0, 0);
    assert_planned(plan, PAGE_DELETED, 0, 42, TWIN_HTML, 0, 0);
    assert_planned(plan, PAGE_DONE_BUCKET, 0, 1, DATA, 0, -1);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 1, DATA, TWIN_MD, -1);

    plan_clear(plan);
    change_todo(plan, CHANGE_PURGE, 42, TODO_DELETED, TODO_ABSENT, "-l5:1 -t2:9", false);
    assert_planned(plan, PAGE_DELETED, 0, 42, TWIN_HTML, 0, 0);
    assert_null(find(plan, PAGE_LIST, 5, 0)); /* it was on no page of the list any more */
    assert_null(find(plan, PAGE_OPEN, 0, 0));
}

/* A list that comes back with a restored todo. */
static void test_restore(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_RESTORE, 42, TODO_DELETED, TODO_OPEN, "*l5 =l5:1", false);
    assert_planned(plan, PAGE_DELETED, 0, 42, TWIN_HTML, 0, 0);
    assert_planned(plan, PAGE_LISTS, 0, 0, DATA, DATA, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 1, DATA, TWIN_MD, 1);
}

/* Doubles are one page, and what they add to a bucket adds up. */
static void test_many_changes(void **state)
{
    struct plan *plan = *state;
    for (uint64_t id = 1; id <= 1000; id++) {
        char places[32];
        snprintf(places, sizeof places, "+l1:%u", (unsigned)id);
        change_todo(plan, CHANGE_CREATE, id, TODO_ABSENT, TODO_OPEN, places, false);
    }
    change_todo(plan, CHANGE_DELETE, 1, TODO_OPEN, TODO_DELETED, "=l1:1", false);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, 99);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 10, DATA, 0, 100);
    assert_planned(plan, PAGE_LIST_BUCKET, 1, 1, DATA, TWIN_MD, 99);
    assert_planned(plan, PAGE_LIST, 1, 0, DATA, TWIN_MD, 999);
    /* todos, one that is deleted, buckets, /open, the list, /lists, the board */
    assert_int_equal(plan->count, 1000 + 1 + 10 + 10 + 1 + 1 + 1 + 1);
    for (size_t i = 1; i < plan->count; i++)
        assert_true(page_compare(&plan->items[i - 1].key, &plan->items[i].key) < 0);
    assert_int_equal(plan->items[0].key.kind, PAGE_TODO); /* pages that others link to come first */
}

/* After a crash, what was published is planned once more only for what follows from it. */
static void test_published(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_CREATE, 1, TODO_ABSENT, TODO_OPEN, "+l5:1", true);
    assert_null(find(plan, PAGE_TODO, 0, 1));
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 1, 0, TWIN_MD, 0);
    assert_planned(plan, PAGE_LIST, 5, 0, 0, TWIN_MD, 0);
    assert_planned(plan, PAGE_LISTS, 0, 0, 0, DATA, 0);
}

static void test_now_is_dropped_when_published(void **state)
{
    struct plan *plan = *state;
    change_todo(plan, CHANGE_CREATE, 1, TODO_ABSENT, TODO_OPEN, "*l5 +l5:1", false);
    plan_sort(plan);
    plan_published(plan);
    assert_true(plan_has_later(plan));
    assert_planned(plan, PAGE_LIST, 5, 0, 0, TWIN_MD, 0);
    assert_null(find(plan, PAGE_TODO, 0, 1));
    assert_null(find(plan, PAGE_LISTS, 0, 0)); /* was due now as well, and is done */

    plan_clear(plan);
    assert_false(plan_has_later(plan));
}

static void test_list_edit(void **state)
{
    struct plan *plan = *state;
    plan_change(plan,
                &(struct read_change){.revision = 1, .op = CHANGE_LIST_EDIT, .list_id = 5, .places = ""},
                false);
    assert_planned(plan, PAGE_LIST, 5, 0, DATA, TWIN_MD, 0);
    assert_true(find(plan, PAGE_LIST, 5, 0)->all_todos);
    assert_planned(plan, PAGE_LISTS, 0, 0, DATA, 0, 0);
    assert_planned(plan, PAGE_BOARD, 0, 0, DATA, TWIN_MD, 0);
}

/* Only a bucket that came or went is linked otherwise from its neighbours. */
static void test_neighbours(void **state)
{
    struct plan *plan = *state;
    struct read_bucket bucket = {
        .kind = BUCKET_LIST, .owner = 5, .number = 7, .todos = 1, .previous = 3, .next = 9};
    plan_bucket(plan, &bucket, -1); /* there were two */
    assert_int_equal(plan->count, 0);
    plan_bucket(plan, &bucket, 1); /* there was none */
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 3, DATA, TWIN_MD, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 9, DATA, TWIN_MD, 0);
    assert_int_equal(plan->count, 2);

    plan_clear(plan);
    bucket = (struct read_bucket){.kind = BUCKET_OPEN, .number = 7, .previous = 6};
    plan_bucket(plan, &bucket, -4); /* it went, and was the last */
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 6, DATA, 0, 0);
    assert_int_equal(plan->count, 1);
    plan_clear(plan);
    plan_bucket(plan, &bucket, 0); /* came and went, between two publishings */
    assert_int_equal(plan->count, 0);
}

static void test_tags(void **state)
{
    struct plan *plan = *state;
    plan_tag(plan, 3, -1);
    plan_tag(plan, 0, 0);
    assert_int_equal(plan->count, 0);
    plan_tag(plan, 0, -2);
    assert_planned(plan, PAGE_TAGS, 0, 0, DATA, 0, 0);
    plan_clear(plan);
    plan_tag(plan, 2, 2);
    assert_planned(plan, PAGE_TAGS, 0, 0, DATA, 0, 0);
}

static void test_nonsense_is_a_problem(void **state)
{
    static const char *const places[] = {
        "l5:1", "+x5:1", "+l:1", "+l5", "+l5:", "+l5:0", "+l5:1,", "+l5:1  =t1:1", "=l05:1"};
    struct plan *plan = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        plan_clear(plan);
        plan_change(plan,
                    &(struct read_change){.revision = 1,
                                          .op = CHANGE_EDIT,
                                          .todo_id = 1,
                                          .from = TODO_OPEN,
                                          .to = TODO_OPEN,
                                          .places = places[i]},
                    false);
        assert_string_not_equal(plan->problem, "");
    }
    plan_clear(plan);
    assert_string_equal(plan->problem, "");
    plan_change(plan, &(struct read_change){.revision = 1, .op = (enum change_op)99, .places = ""}, false);
    assert_string_not_equal(plan->problem, "");
}

static void test_too_large(void **state)
{
    struct plan *plan = *state;
    for (uint64_t id = 1; id <= PLAN_PAGES + 1 && !plan->too_large; id++)
        plan_add(plan, PAGE_TODO, 0, id, PLAN_NOW);
    assert_true(plan->too_large);
    assert_true(plan->capacity <= PLAN_PAGES);
    plan_clear(plan);
    assert_false(plan->too_large);
    assert_int_equal(plan->capacity, 0); /* the memory is given back */
}

static void test_paths(void **state)
{
    (void)state;
    char path[PAGE_PATH_BYTES];
    assert_true(page_path(&(struct page_key){.kind = PAGE_TODO, .number = 42}, NULL, path));
    assert_string_equal(path, "todos/42");
    assert_true(page_path(&(struct page_key){.kind = PAGE_LIST_BUCKET, .owner = 1, .number = 3},
                          "caf\xc3\xa9", path));
    assert_string_equal(path, "lists/caf\xc3\xa9/3");
    assert_true(
        page_url(&(struct page_key){.kind = PAGE_LIST_BUCKET, .owner = 1, .number = 3}, "caf\xc3\xa9", path));
    assert_string_equal(path, "/lists/caf%C3%A9/3");
    assert_true(page_path(&(struct page_key){.kind = PAGE_ERROR, .number = 1}, error_page_slug(1), path));
    assert_string_equal(path, "404");
    assert_true(page_path(&(struct page_key){.kind = PAGE_BOARD}, NULL, path));
    assert_string_equal(path, "index");

    char longest[SLUG_BYTES + 1], beyond[PAGE_PATH_BYTES + 1];
    memset(longest, '\xff', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_true(page_url(&(struct page_key){.kind = PAGE_TAG_BUCKET, .owner = 1, .number = UINT64_MAX},
                         longest, path));
    memset(beyond, 'x', sizeof beyond - 1);
    beyond[sizeof beyond - 1] = '\0';
    assert_false(page_path(&(struct page_key){.kind = PAGE_TAG, .owner = 1}, beyond, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_and_purge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restore, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_now_is_dropped_when_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_neighbours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense_is_a_problem, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
