/* Planning: which pages a change touches in either tree, now and later, and what follows from buckets and
 * tags that come or go. */
#include "../../gen/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

enum { DATA = TWIN_HTML | TWIN_JSON, ALL = DATA | TWIN_MD };

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

static const struct plan_item *find_in(struct plan *plan, enum audience audience, enum page_kind kind,
                                       uint32_t owner, uint64_t number)
{
    struct page_key key = {
        .kind = (uint8_t)kind, .audience = (uint8_t)audience, .owner = owner, .number = number};
    plan_sort(plan);
    for (size_t i = 0; i < plan->count; i++)
        if (page_compare(&plan->items[i].key, &key) == 0)
            return &plan->items[i];
    return NULL;
}

static const struct plan_item *find(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number)
{
    return find_in(plan, AUDIENCE_MEMBERS, kind, owner, number);
}

static size_t count_in(struct plan *plan, enum audience audience)
{
    size_t count = 0;
    plan_sort(plan);
    for (size_t i = 0; i < plan->count; i++)
        count += plan->items[i].key.audience == audience;
    return count;
}

static void assert_planned_in(struct plan *plan, enum audience audience, enum page_kind kind, uint32_t owner,
                              uint64_t number, unsigned now, unsigned later, int delta)
{
    const struct plan_item *item = find_in(plan, audience, kind, owner, number);
    if (!item)
        fail_msg("a page of kind %d, of %u, number %u is not planned", (int)kind, (unsigned)owner,
                 (unsigned)number);
    assert_int_equal(item->now, now);
    assert_int_equal(item->later, later);
    assert_int_equal(item->delta, delta);
}

static void assert_planned(struct plan *plan, enum page_kind kind, uint32_t owner, uint64_t number,
                           unsigned now, unsigned later, int delta)
{
    assert_planned_in(plan, AUDIENCE_MEMBERS, kind, owner, number, now, later, delta);
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
    assert_planned(plan, PAGE_STATS, 0, 0, 0, DATA, 0);
    assert_int_equal(plan->count, 11); /* none of them public */
}

/* What is due stands on /due while it is open, whether its date comes, goes or stays. */
static void test_due(void **state)
{
    struct plan *plan = *state;
    static const struct {
        enum todo_state from, to;
        const char *places;
        bool shows;
    } changes[] = {
        {TODO_ABSENT, TODO_OPEN, "+l5:1 +d", true},     {TODO_OPEN, TODO_OPEN, "=l5:1 -d", true},
        {TODO_OPEN, TODO_OPEN, "=l5:1 =d", true},       {TODO_OPEN, TODO_DONE, "=l5:1 =t3:9 =d", true},
        {TODO_DONE, TODO_DONE, "=l5:1 =d", false},      {TODO_DONE, TODO_OPEN, "=l5:1 =d", true},
        {TODO_DONE, TODO_DONE, "=l5:1 -d", false},      {TODO_OPEN, TODO_DELETED, "=l5:1 =d", true},
        {TODO_DELETED, TODO_ABSENT, "-l5:1 -d", false}, {TODO_OPEN, TODO_OPEN, "=l5:1", false},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        change_todo(plan, CHANGE_EDIT, 42, changes[i].from, changes[i].to, changes[i].places, false);
        if (changes[i].shows)
            assert_planned(plan, PAGE_DUE, 0, 0, DATA, 0, 0);
        for (size_t k = 0; k < plan->count; k++)
            assert_true(changes[i].shows || plan->items[k].key.kind != PAGE_DUE);
        plan_clear(plan);
    }
}

/* Another place in its list is a change like any other; only what is remembered of the list's order is not.
 */
static void test_order(void **state)
{
    struct plan *plan = *state;
    struct arena arena = {0};
    struct read_bucket head = {.kind = BUCKET_LIST, .owner = 5, .number = READ_BUCKET_END};
    struct read_ids ids = {(uint64_t[]){3, 2, 1}, 3, (uint64_t[]){list_rank(3), list_rank(2), list_rank(1)}},
                    found;
    struct sequence_cache *cache = sequence_cache_new();
    plan->sequences = cache;

    /* A new one gets its place by its rank, whatever its number; as does one that comes back. */
    sequence_cache_keep(cache, &head, &ids);
    change_todo(plan, CHANGE_CREATE, 4, TODO_ABSENT, TODO_OPEN, "+l5:4", false);
    change_todo(plan, CHANGE_REOPEN, 9, TODO_DONE, TODO_OPEN, "=l5:9/16777217", false);
    assert_true(sequence_cache_find(cache, &arena, &head, &found));
    assert_int_equal(found.count, 5);
    assert_memory_equal(found.items, ((uint64_t[]){4, 3, 2, 9, 1}), 5 * sizeof *found.items);
    plan_clear(plan);

    static const char *const moves[] = {"~l5:3/16777217", "~l5:3", "~l5:3/0", "+l5:7/0"};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        sequence_cache_keep(cache, &head, &ids);
        change_todo(plan, CHANGE_EDIT, 3, TODO_OPEN, TODO_OPEN, moves[i], false);
        assert_planned(plan, PAGE_LIST, 5, 0, DATA, TWIN_MD, *moves[i] == '+');
        assert_false(sequence_cache_find(cache, &arena, &head, &found));
        plan_clear(plan);
    }
    plan->sequences = NULL;
    sequence_cache_free(cache);
    arena_release(&arena);
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
    /* todos, one that is deleted, buckets, /open, the list, /lists, the board, /stats */
    assert_int_equal(plan->count, 1000 + 1 + 10 + 10 + 1 + 1 + 1 + 1 + 1);
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
    plan_bucket(plan, AUDIENCE_MEMBERS, &bucket, -1); /* there were two */
    assert_int_equal(plan->count, 0);
    plan_bucket(plan, AUDIENCE_MEMBERS, &bucket, 1); /* there was none */
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 3, DATA, TWIN_MD, 0);
    assert_planned(plan, PAGE_LIST_BUCKET, 5, 9, DATA, TWIN_MD, 0);
    assert_int_equal(plan->count, 2);

    plan_clear(plan);
    bucket = (struct read_bucket){.kind = BUCKET_OPEN, .number = 7, .previous = 6};
    plan_bucket(plan, AUDIENCE_MEMBERS, &bucket, -4); /* it went, and was the last */
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 6, DATA, 0, 0);
    assert_int_equal(plan->count, 1);
    plan_clear(plan);
    plan_bucket(plan, AUDIENCE_MEMBERS, &bucket, 0); /* came and went, between two publishings */
    assert_int_equal(plan->count, 0);

    bucket = (struct read_bucket){.kind = BUCKET_PUBLIC_TAG, .owner = 3, .number = 7, .next = 8};
    plan_bucket(plan, AUDIENCE_PUBLIC, &bucket, -1);
    assert_planned_in(plan, AUDIENCE_PUBLIC, PAGE_TAG_BUCKET, 3, 8, DATA, TWIN_MD, 0);
    assert_int_equal(plan->count, 1);
}

static void test_tags(void **state)
{
    struct plan *plan = *state;
    plan_tag(plan, AUDIENCE_MEMBERS, 3, -1);
    plan_tag(plan, AUDIENCE_PUBLIC, 0, 0);
    assert_int_equal(plan->count, 0);
    plan_tag(plan, AUDIENCE_MEMBERS, 0, -2);
    assert_planned(plan, PAGE_TAGS, 0, 0, DATA, 0, 0);
    assert_int_equal(plan->count, 1);
    plan_clear(plan);
    plan_tag(plan, AUDIENCE_PUBLIC, 2, 2);
    assert_planned_in(plan, AUDIENCE_PUBLIC, PAGE_TAGS, 0, 0, DATA, 0, 0);
    assert_int_equal(plan->count, 1);
}

/* ---- the public tree */

static const struct write {
    enum change_op op;
    enum todo_state from, to;
    const char *places;
} writes_on_a_todo[] = {
    {CHANGE_CREATE, TODO_ABSENT, TODO_OPEN, "*l5 *t3 +l5:1 +t3:1"},
    {CHANGE_CREATE, TODO_ABSENT, TODO_DONE, "+l5:1 +t3:1"},
    {CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "=l5:1 =t3:1"},
    {CHANGE_EDIT, TODO_OPEN, TODO_DONE, "-l5:1 +l6:1 -t3:1 *t4 +t4:1"},
    {CHANGE_FINISH, TODO_OPEN, TODO_DONE, "=l5:1 =t3:1"},
    {CHANGE_REOPEN, TODO_DONE, TODO_OPEN, "=l5:1 =t3:1"},
    {CHANGE_DELETE, TODO_OPEN, TODO_DELETED, "=l5:1 =t3:1"},
    {CHANGE_RESTORE, TODO_DELETED, TODO_OPEN, "*l5 =l5:1 =t3:1"},
    {CHANGE_PURGE, TODO_DELETED, TODO_ABSENT, "-l5:1 -t3:1"},
    {CHANGE_PURGE, TODO_OPEN, TODO_ABSENT, "-l5:1 -t3:1"},
};

/* Whatever is done to a private todo or list costs the public tree nothing. */
static void test_private_is_absent(void **state)
{
    struct plan *plan = *state;
    for (size_t i = 0; i < sizeof writes_on_a_todo / sizeof *writes_on_a_todo; i++) {
        const struct write *write = &writes_on_a_todo[i];
        change_todo(plan, write->op, 42, write->from, write->to, write->places, false);
        change_todo(plan, write->op, 42, write->from, write->to, write->places, true);
    }
    plan_change(plan,
                &(struct read_change){.revision = 1, .op = CHANGE_LIST_EDIT, .list_id = 5, .places = ""},
                false);
    plan_change(plan,
                &(struct read_change){.revision = 1, .op = CHANGE_LIST_DELETE, .list_id = 5, .places = ""},
                false);
    plan_list_todo(plan, &(struct read_change){.revision = 1,
                                               .op = CHANGE_EDIT,
                                               .todo_id = 42,
                                               .list_id = 5,
                                               .from = TODO_OPEN,
                                               .to = TODO_OPEN,
                                               .places = "=l5:1 =t3:1"});
    assert_true(count_in(plan, AUDIENCE_MEMBERS) > 10);
    assert_int_equal(count_in(plan, AUDIENCE_PUBLIC), 0);
}

static void change_public(struct plan *plan, enum change_op op, enum todo_state from, enum todo_state to,
                          const char *places, bool public_from, bool public_to)
{
    plan_change(plan,
                &(struct read_change){.revision = 7,
                                      .op = op,
                                      .todo_id = 142,
                                      .from = from,
                                      .to = to,
                                      .places = places,
                                      .public_from = public_from,
                                      .public_to = public_to},
                false);
    assert_string_equal(plan->problem, "");
}

/* Every page that members get of it, but for what is deleted; a tag's bucket is that of the todo's id. */
static void test_public_edit(void **state)
{
    struct plan *plan = *state;
    change_public(plan, CHANGE_FINISH, TODO_OPEN, TODO_DONE, "=l5:217 =t3:309", true, true);
    enum audience public = AUDIENCE_PUBLIC;
    assert_planned_in(plan, public, PAGE_TODO, 0, 142, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 2, DATA, 0, -1);
    assert_planned_in(plan, public, PAGE_DONE_BUCKET, 0, 2, DATA, 0, 1);
    assert_planned_in(plan, public, PAGE_OPEN, 0, 0, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_DONE, 0, 0, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_LIST_BUCKET, 5, 3, DATA, TWIN_MD, 0);
    assert_planned_in(plan, public, PAGE_LIST, 5, 0, DATA, TWIN_MD, 0);
    assert_planned_in(plan, public, PAGE_TAG_BUCKET, 3, 2, DATA, TWIN_MD, 0);
    assert_planned_in(plan, public, PAGE_TAG, 3, 0, DATA, TWIN_MD, 0);
    assert_planned_in(plan, public, PAGE_LISTS, 0, 0, 0, DATA, 0);
    assert_planned_in(plan, public, PAGE_TAGS, 0, 0, 0, DATA, 0);
    assert_planned_in(plan, public, PAGE_BOARD, 0, 0, DATA, TWIN_MD, 0);
    assert_planned_in(plan, public, PAGE_STATS, 0, 0, 0, DATA, 0);
    assert_int_equal(count_in(plan, public), 13);
    assert_int_equal(count_in(plan, AUDIENCE_MEMBERS), 13);
    assert_planned(plan, PAGE_TAG_BUCKET, 3, 4, DATA, TWIN_MD, 0);
}

/* Between a private list and a public one: the private one has no page there, and the todo comes or goes.
 * What it leaves, it leaves at once. */
static void test_moves_between_trees(void **state)
{
    struct plan *plan = *state;
    enum audience public = AUDIENCE_PUBLIC;
    change_public(plan, CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "-l5:217 +l6:1 =t3:309", false, true);
    assert_null(find_in(plan, public, PAGE_LIST, 5, 0));
    assert_null(find_in(plan, public, PAGE_LIST_BUCKET, 5, 3));
    assert_planned_in(plan, public, PAGE_LIST_BUCKET, 6, 1, DATA, TWIN_MD, 1);
    assert_planned_in(plan, public, PAGE_TAG_BUCKET, 3, 2, DATA, TWIN_MD, 1);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 2, DATA, 0, 1);
    assert_planned_in(plan, public, PAGE_LISTS, 0, 0, 0, DATA, 0);
    assert_planned(plan, PAGE_TAG_BUCKET, 3, 4, DATA, TWIN_MD, 0);

    plan_clear(plan);
    change_public(plan, CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "-l6:1 +l5:217 =t3:309", true, false);
    assert_null(find_in(plan, public, PAGE_LIST, 5, 0));
    assert_planned_in(plan, public, PAGE_TODO, 0, 142, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_LIST_BUCKET, 6, 1, ALL, 0, -1);
    assert_planned_in(plan, public, PAGE_LIST, 6, 0, ALL, 0, -1);
    assert_planned_in(plan, public, PAGE_TAG_BUCKET, 3, 2, ALL, 0, -1);
    assert_planned_in(plan, public, PAGE_TAG, 3, 0, ALL, 0, -1);
    assert_planned_in(plan, public, PAGE_LISTS, 0, 0, 0, DATA, 0); /* its counts */
    assert_planned_in(plan, public, PAGE_TAGS, 0, 0, 0, DATA, 0);
    assert_planned_in(plan, public, PAGE_BOARD, 0, 0, ALL, 0, 0);

    plan_clear(plan);
    change_public(plan, CHANGE_DELETE, TODO_OPEN, TODO_DELETED, "=l6:1", true, true);
    assert_planned_in(plan, public, PAGE_LIST, 6, 0, ALL, 0, -1);
    assert_null(find_in(plan, public, PAGE_DELETED, 0, 142));
    assert_non_null(find(plan, PAGE_DELETED, 0, 142));
}

static void flip(struct plan *plan, bool public_from, bool published)
{
    plan_change(plan,
                &(struct read_change){.revision = 8,
                                      .op = CHANGE_LIST_EDIT,
                                      .list_id = 5,
                                      .places = "",
                                      .public_from = public_from,
                                      .public_to = !public_from},
                published);
}

/* The snapshot's todos of list 5: 1 is open, 201 done. */
static void list_todos(struct plan *plan, bool public)
{
    plan_list_todo(plan, &(struct read_change){.op = CHANGE_EDIT,
                                               .todo_id = 1,
                                               .list_id = 5,
                                               .from = TODO_OPEN,
                                               .to = TODO_OPEN,
                                               .places = "=l5:1 =t3:150",
                                               .public_from = public,
                                               .public_to = public});
    plan_list_todo(plan, &(struct read_change){.op = CHANGE_EDIT,
                                               .todo_id = 201,
                                               .list_id = 5,
                                               .from = TODO_DONE,
                                               .to = TODO_DONE,
                                               .places = "=l5:2",
                                               .public_from = public,
                                               .public_to = public});
}

/* Made public or private: all that the public tree has of it, now, twins and counts too. */
static void test_flips(void **state)
{
    struct plan *plan = *state;
    for (int was = 0; was <= 1; was++) {
        enum audience public = AUDIENCE_PUBLIC;
        int delta = was ? -1 : 1;
        flip(plan, was, false);
        assert_true(find(plan, PAGE_LIST, 5, 0)->all_todos);
        list_todos(plan, !was);
        assert_planned_in(plan, public, PAGE_TODO, 0, 1, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_TODO, 0, 201, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, delta);
        assert_planned_in(plan, public, PAGE_DONE_BUCKET, 0, 3, DATA, 0, delta);
        assert_planned_in(plan, public, PAGE_LIST_BUCKET, 5, 1, ALL, 0, 2 * delta);
        assert_planned_in(plan, public, PAGE_LIST, 5, 0, ALL, 0, 2 * delta);
        assert_planned_in(plan, public, PAGE_TAG_BUCKET, 3, 1, ALL, 0, delta);
        assert_planned_in(plan, public, PAGE_TAG, 3, 0, ALL, 0, delta);
        assert_planned_in(plan, public, PAGE_OPEN, 0, 0, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_DONE, 0, 0, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_LISTS, 0, 0, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_TAGS, 0, 0, DATA, 0, 0);
        assert_planned_in(plan, public, PAGE_BOARD, 0, 0, ALL, 0, 0);
        assert_planned_in(plan, public, PAGE_STATS, 0, 0, DATA, 0, 0); /* with its counts */
        assert_int_equal(count_in(plan, public), 14);
        /* Members see the same as before. */
        assert_planned(plan, PAGE_LIST_BUCKET, 5, 1, DATA, TWIN_MD, 0);
        assert_planned(plan, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, 0);
        plan_clear(plan);
    }
    /* There is nothing that follows from it. */
    flip(plan, true, true);
    assert_int_equal(count_in(plan, AUDIENCE_PUBLIC), 0);
}

/* A todo that leaves the list behind the flip, before anybody has planned either, leaves the public tree. */
static void test_what_leaves_behind_a_flip(void **state)
{
    struct plan *plan = *state;
    enum audience public = AUDIENCE_PUBLIC;
    flip(plan, true, false);
    change_public(plan, CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "-l5:217 +l6:1 =t3:309", false, false);
    list_todos(plan, false);
    assert_planned_in(plan, public, PAGE_TODO, 0, 142, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_LIST_BUCKET, 5, 3, ALL, 0, -1);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 2, DATA, 0, -1);
    assert_planned_in(plan, public, PAGE_TAG, 3, 0, ALL, 0, -2);
    assert_null(find_in(plan, public, PAGE_LIST, 6, 0));

    /* The next plan is of another window. */
    plan_published(plan);
    plan_clear(plan);
    change_public(plan, CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "-l5:217 +l6:1", false, false);
    assert_int_equal(count_in(plan, public), 0);
}

/* There and back: what came and went meanwhile counts once. 142 joined and stays; another was deleted. */
static void test_flipped_twice(void **state)
{
    struct plan *plan = *state;
    enum audience public = AUDIENCE_PUBLIC;
    flip(plan, true, false);
    change_public(plan, CHANGE_CREATE, TODO_ABSENT, TODO_OPEN, "+l5:3", false, false);
    change_public(plan, CHANGE_FINISH, TODO_OPEN, TODO_DONE, "=l5:3", false, false);
    flip(plan, false, false);
    change_public(plan, CHANGE_REOPEN, TODO_DONE, TODO_OPEN, "=l5:3", true, true);
    list_todos(plan, true);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 2, DATA, 0, 1);
    assert_planned_in(plan, public, PAGE_DONE_BUCKET, 0, 2, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 1, DATA, 0, 0);
    assert_int_equal(find_in(plan, public, PAGE_LIST_BUCKET, 5, 1)->delta, 1);
}

/* Made public and private again before either is planned. Perhaps a cycle in between was broken off, and has
 * published some of it: so all of it is planned, wherever it has gone, and counts for nothing. */
static void test_taken_back(void **state)
{
    struct plan *plan = *state;
    enum audience public = AUDIENCE_PUBLIC;
    flip(plan, false, false);
    flip(plan, true, false);
    change_public(plan, CHANGE_EDIT, TODO_OPEN, TODO_OPEN, "-l5:217 +l6:1 =t3:309", false, false);
    list_todos(plan, false);
    assert_planned_in(plan, public, PAGE_TODO, 0, 1, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_TODO, 0, 142, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_LIST_BUCKET, 5, 3, ALL, 0, 0);
    assert_planned_in(plan, public, PAGE_OPEN_BUCKET, 0, 2, DATA, 0, 0);
    assert_planned_in(plan, public, PAGE_TAG, 3, 0, ALL, 0, 0);
    assert_null(find_in(plan, public, PAGE_LIST, 6, 0));
}

/* The same of links: after a cycle that was broken off, neighbours are planned that need not be. */
static void test_unsure(void **state)
{
    struct plan *plan = *state;
    struct read_bucket bucket = {.kind = BUCKET_OPEN, .number = 7, .todos = 0, .previous = 3, .next = 9};
    plan->unsure = true;
    plan_bucket(plan, AUDIENCE_MEMBERS, &bucket, 0);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 3, DATA, 0, 0);
    assert_planned(plan, PAGE_OPEN_BUCKET, 0, 9, DATA, 0, 0);
    plan_clear(plan);
    assert_false(plan->unsure);
}

static void test_too_many_flips(void **state)
{
    struct plan *plan = *state;
    for (uint32_t list = 1; list <= PLAN_FLIPS + 1; list++) {
        assert_false(plan->too_large);
        plan_change(
            plan,
            &(struct read_change){
                .revision = list, .op = CHANGE_LIST_EDIT, .list_id = list, .places = "", .public_to = true},
            false);
    }
    assert_true(plan->too_large);
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
    for (uint64_t id = 1; id <= PLAN_PAGES && !plan->too_large; id++) /* in both trees */
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
    assert_true(page_path(&(struct page_key){.kind = PAGE_SIGN_IN}, NULL, path));
    assert_string_equal(path, "sign-in");
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
        cmocka_unit_test_setup_teardown(test_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
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
        cmocka_unit_test_setup_teardown(test_private_is_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_public_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moves_between_trees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flips, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_leaves_behind_a_flip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flipped_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_flips, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense_is_a_problem, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
