/* Deciding a batch: outcomes, versions, places, and the invariants that
 * db/decide.h names, over long random sequences. */
#include "../../db/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

struct board {
    struct arena arena;
    struct batch batch;
};

static int setup(void **state)
{
    struct board *board = calloc(1, sizeof *board);
    batch_init(&board->batch, &board->arena, "2026-11-23 10:00:00.000");
    *state = board;
    return 0;
}

static int teardown(void **state)
{
    struct board *board = *state;
    batch_release(&board->batch);
    arena_release(&board->arena);
    free(board);
    return 0;
}

/* Commands live as long as the board: rows borrow their strings. */
static struct command *command(struct board *board, enum command_op op)
{
    struct command *c = arena_alloc(&board->arena, sizeof *c);
    c->op = op;
    c->actor = "anyone";
    c->list_public = -1;
    return c;
}

static struct outcome run(struct board *board, struct command *c)
{
    decide(&board->batch, c);
    struct outcome o = c->outcome;
    return o;
}

static struct command *creation(struct board *board, const char *title, const char *list)
{
    struct command *c = command(board, COMMAND_CREATE);
    c->draft = (struct todo_draft){.present = FIELD_TITLE | FIELD_LIST,
                                   .title = arena_strdup(&board->arena, title),
                                   .notes = arena_strdup(&board->arena, ""),
                                   .list = arena_strdup(&board->arena, list)};
    return c;
}

static void tag(struct board *board, struct command *c, const char *name)
{
    c->draft.present |= FIELD_TAGS;
    c->draft.tags[c->draft.ntags++] = arena_strdup(&board->arena, name);
}

static struct command *on_todo(struct board *board, enum command_op op, uint64_t id)
{
    struct command *c = command(board, op);
    c->todo = id;
    return c;
}

static const struct change_row *last_change(const struct board *board)
{
    return board->batch.changes.item[board->batch.changes.count - 1];
}

static void a_creation_gets_ids_numbers_and_places(void **state)
{
    struct board *board = *state;
    struct command *c = creation(board, "Buy milk", "Groceries");
    tag(board, c, "home");
    struct outcome o = run(board, c);
    assert_int_equal(o.status, OUTCOME_CREATED);
    assert_int_equal(o.id, 1);
    assert_int_equal(o.version, 1);
    assert_int_equal(o.revision, 1);
    assert_string_equal(last_change(board)->places, "*l1 +l1:1 *t1 +t1:1");
    assert_int_equal(board->batch.open, 1);

    o = run(board, creation(board, "Buy tea", "GROCERIES"));
    assert_int_equal(o.id, 2);
    assert_string_equal(last_change(board)->places, "+l1:2"); /* names are compared without case */
    assert_int_equal(batch_list(&board->batch, 1)->open, 2);
    arena_release(&c->arena);
}

static void an_edit_that_changes_nothing_takes_no_revision(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Buy milk", "Groceries"));
    struct command *c = on_todo(board, COMMAND_EDIT, 1);
    c->draft = (struct todo_draft){.present = FIELD_TITLE | FIELD_LIST | FIELD_DONE,
                                   .title = (char[]){"Buy milk"},
                                   .list = (char[]){"groceries"}};
    struct outcome o = run(board, c);
    assert_int_equal(o.status, OUTCOME_OK);
    assert_int_equal(o.version, 1);
    assert_int_equal(o.revision, 1);
    assert_int_equal(board->batch.revision, 1);
}

static void an_old_version_is_stale_and_shows_what_is_stored(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Buy milk", "Groceries"));
    struct command *c = on_todo(board, COMMAND_EDIT, 1);
    c->expected_version = 7;
    c->draft = (struct todo_draft){.present = FIELD_TITLE, .title = (char[]){"Lost?"}};
    struct outcome o = run(board, c);
    assert_int_equal(o.status, OUTCOME_STALE);
    assert_int_equal(o.version, 1);
    assert_string_equal(o.todo->title, "Buy milk");
    assert_string_equal(o.todo->created, "2026-11-23T10:00:00.000Z");
    assert_int_equal(board->batch.revision, 1);
    arena_release(&c->arena);
}

static void a_deleted_todo_takes_only_restore_and_purge(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Buy milk", "Groceries"));
    struct outcome o = run(board, on_todo(board, COMMAND_DELETE, 1));
    assert_int_equal(o.status, OUTCOME_OK);
    assert_int_equal(o.version, 2);
    assert_int_equal(board->batch.open, 0);
    assert_string_equal(last_change(board)->places, "=l1:1");

    struct command *c = on_todo(board, COMMAND_EDIT, 1);
    c->draft = (struct todo_draft){.present = FIELD_TITLE, .title = (char[]){"x"}};
    assert_int_equal(run(board, c).status, OUTCOME_GONE);
    assert_int_equal(run(board, on_todo(board, COMMAND_DELETE, 1)).status, OUTCOME_GONE);

    assert_int_equal(run(board, on_todo(board, COMMAND_RESTORE, 1)).version, 3);
    assert_int_equal(board->batch.open, 1);
    assert_int_equal(run(board, on_todo(board, COMMAND_PURGE, 1)).status, OUTCOME_OK);
    assert_int_equal(last_change(board)->to, TODO_ABSENT);
    assert_string_equal(last_change(board)->places, "-l1:1");
    assert_int_equal(run(board, on_todo(board, COMMAND_RESTORE, 1)).status, OUTCOME_NOT_FOUND);
    assert_int_equal(board->batch.open, 0);
}

static void a_list_is_deleted_when_empty_and_comes_back_with_its_todo(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Buy milk", "Groceries"));
    struct command *drop = command(board, COMMAND_LIST_DELETE);
    drop->slug = "groceries";
    assert_int_equal(run(board, drop).status, OUTCOME_CONFLICT);
    assert_non_null(strstr(drop->outcome.why, "1 todo;"));
    run(board, on_todo(board, COMMAND_DELETE, 1));
    assert_int_equal(run(board, drop).status, OUTCOME_OK);
    assert_int_equal(run(board, drop).status, OUTCOME_NOT_FOUND);

    /* Another list takes the name; the first one comes back under one of its own. */
    run(board, creation(board, "Saw", "Tools"));
    struct command *rename = command(board, COMMAND_LIST_EDIT);
    rename->slug = "tools";
    rename->list_name = "groceries";
    assert_int_equal(run(board, rename).status, OUTCOME_OK);
    run(board, on_todo(board, COMMAND_RESTORE, 1));
    assert_string_equal(last_change(board)->places, "*l1 =l1:1");
    assert_string_equal(batch_list(&board->batch, 1)->name, "Groceries (1)");
    assert_string_equal(batch_list(&board->batch, 1)->slug, "groceries");
    assert_string_equal(batch_list(&board->batch, 2)->name, "groceries");

    /* Even if a third list has that name, before or after; and it does not grow with each time. */
    run(board, creation(board, "Buy tea", "Groceries (1)"));
    assert_string_equal(batch_list(&board->batch, 3)->name, "Groceries (1)");
    run(board, on_todo(board, COMMAND_DELETE, 1));
    assert_int_equal(run(board, drop).status, OUTCOME_OK);
    assert_int_equal(run(board, on_todo(board, COMMAND_RESTORE, 1)).status, OUTCOME_OK);
    assert_string_equal(batch_list(&board->batch, 1)->name, "Groceries (1)");
    arena_release(&drop->arena);
    arena_release(&rename->arena);
}

static void a_name_that_is_taken_is_a_conflict(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "a", "One"));
    run(board, creation(board, "b", "Two"));
    struct command *rename = command(board, COMMAND_LIST_EDIT);
    rename->slug = "two";
    rename->list_name = "ONE";
    assert_int_equal(run(board, rename).status, OUTCOME_CONFLICT);
    rename->slug = "one"; /* its own name in another case is fine */
    assert_int_equal(run(board, rename).status, OUTCOME_OK);
    arena_release(&rename->arena);
}

static void slugs_that_are_taken_get_a_suffix(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "a", "C"));
    run(board, creation(board, "b", "C++"));
    run(board, creation(board, "c", "C#"));
    run(board, creation(board, "d", "!!!"));
    assert_string_equal(batch_list(&board->batch, 1)->slug, "c");
    assert_string_equal(batch_list(&board->batch, 2)->slug, "c-2");
    assert_string_equal(batch_list(&board->batch, 3)->slug, "c-3");
    assert_string_equal(batch_list(&board->batch, 4)->slug, "list");

    /* A name whose own slug looks like the last resort does not get into its way. */
    static const char *const alike[] = {"C-", "C=", "C.", "C,", "C;", "C:"};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        run(board, creation(board, "e", alike[i]));
    run(board, creation(board, "f", "C 12"));
    run(board, creation(board, "g", "C?"));
    assert_string_equal(batch_list(&board->batch, 11)->slug, "c-12");
    assert_string_equal(batch_list(&board->batch, 12)->slug, "c--12");
}

static void a_key_gets_the_first_answer_again(void **state)
{
    struct board *board = *state;
    struct command *first = creation(board, "Buy milk", "Groceries");
    first->key = "k1";
    first->key_len = 2;
    memset(first->fingerprint, 1, sizeof first->fingerprint);
    run(board, first);

    struct command *again = arena_alloc(&board->arena, sizeof *again);
    *again = *first;
    struct outcome o = run(board, again);
    assert_true(o.replayed);
    assert_int_equal(o.status, OUTCOME_CREATED);
    assert_int_equal(o.id, 1);
    assert_int_equal(board->batch.revision, 1);

    again->fingerprint[0] = 2;
    assert_int_equal(run(board, again).status, OUTCOME_KEY_REUSED);
    again->actor = "someone else";
    assert_int_equal(run(board, again).status, OUTCOME_CREATED);

    /* A refusal is not remembered. */
    struct command *lost = on_todo(board, COMMAND_DELETE, 99);
    lost->key = "k2";
    lost->key_len = 2;
    assert_int_equal(run(board, lost).status, OUTCOME_NOT_FOUND);
    assert_int_equal(run(board, lost).status, OUTCOME_NOT_FOUND);
    assert_false(lost->outcome.replayed);
}

/* ---- random sequences against counting */

static const char *const list_names[] = {"Inbox", "inbox", "Home", "Työ", "TYÖ", "買い物", "C", "C++"};
static const char *const tag_names[] = {"a", "A", "b", "ß", "SS", "日本"};

static unsigned pick(unsigned *seed, unsigned n)
{
    return (unsigned)rand_r(seed) % n;
}

static void random_draft(struct board *board, struct command *c, unsigned *seed)
{
    c->draft.present |= FIELD_TAGS;
    for (unsigned i = pick(seed, 4); i > 0; i--) {
        const char *name = tag_names[pick(seed, 6)];
        bool twice = false;
        for (unsigned k = 0; k < c->draft.ntags; k++)
            twice |= strcmp(name_key(&board->arena, c->draft.tags[k]), name_key(&board->arena, name)) == 0;
        if (!twice)
            tag(board, c, name);
    }
    if (pick(seed, 2)) {
        c->draft.present |= FIELD_DONE;
        c->draft.done = pick(seed, 2);
    }
}

static struct command *random_command(struct board *board, unsigned *seed)
{
    uint64_t id = 1 + pick(seed, (unsigned)board->batch.last_todo + 2);
    struct command *c;
    switch (pick(seed, 8)) {
    case 0:
    case 1:
    case 2:
        c = creation(board, "t", list_names[pick(seed, 8)]);
        random_draft(board, c, seed);
        return c;
    case 3:
    case 4:
        c = on_todo(board, COMMAND_EDIT, id);
        random_draft(board, c, seed);
        c->draft.present |= FIELD_LIST;
        c->draft.list = arena_strdup(&board->arena, list_names[pick(seed, 8)]);
        return c;
    case 5:
        return on_todo(board, COMMAND_DELETE, id);
    case 6:
        return on_todo(board, pick(seed, 6) ? COMMAND_RESTORE : COMMAND_PURGE, id);
    default:
        c = command(board, pick(seed, 2) ? COMMAND_LIST_DELETE : COMMAND_LIST_EDIT);
        c->slug = slug_candidate(&board->arena, list_names[pick(seed, 8)], false, 0);
        c->list_name = c->op == COMMAND_LIST_EDIT ? list_names[pick(seed, 8)] : NULL;
        return c;
    }
}

static void check_counters(const struct board *board)
{
    const struct batch *b = &board->batch;
    int64_t open = 0, done = 0, list_open[64] = {0}, tag_done[64] = {0}, in_buckets = 0, counted = 0;
    for (size_t i = 0; i < b->todos.count; i++) {
        const struct stored_todo *t = b->todos.item[i];
        if (t->state != TODO_OPEN && t->state != TODO_DONE)
            continue;
        open += t->state == TODO_OPEN;
        done += t->state == TODO_DONE;
        assert_false(t->list->deleted);
        list_open[t->list->id] += t->state == TODO_OPEN;
        for (unsigned k = 0; k < t->ntags; k++)
            tag_done[t->tags[k].tag->id] += t->state == TODO_DONE;
        counted += 2 + t->ntags; /* its state's bucket, its list's, its tags' */
    }
    for (size_t i = 0; i < b->buckets.count; i++) {
        const struct bucket_delta *d = b->buckets.item[i];
        assert_true(d->todos >= 0 && d->todos <= BUCKET_TODOS);
        in_buckets += d->todos;
    }
    assert_int_equal(b->open, open);
    assert_int_equal(b->done, done);
    assert_int_equal(in_buckets, counted);
    for (size_t i = 0; i < b->lists.count; i++) {
        const struct stored_list *l = b->lists.item[i];
        assert_int_equal(l->open, list_open[l->id]);
    }
    for (size_t i = 0; i < b->tags.count; i++) {
        const struct stored_tag *t = b->tags.item[i];
        assert_int_equal(t->done, tag_done[t->id]);
    }
}

static void counters_are_sums_and_revisions_dense(void **state)
{
    struct board *board = *state;
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    for (int i = 0; i < 3000; i++) {
        struct command *c = random_command(board, &seed);
        uint64_t before = board->batch.revision;
        size_t changes = board->batch.changes.count;
        decide(&board->batch, c);
        assert_int_not_equal(c->outcome.status, OUTCOME_PENDING);
        assert_int_equal(board->batch.revision - before, board->batch.changes.count - changes);
        if (board->batch.revision != before)
            assert_int_equal(last_change(board)->revision, board->batch.revision);
        arena_release(&c->arena);
        if (i % 50 == 0)
            check_counters(board);
    }
    check_counters(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_creation_gets_ids_numbers_and_places, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edit_that_changes_nothing_takes_no_revision, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_version_is_stale_and_shows_what_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deleted_todo_takes_only_restore_and_purge, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_is_deleted_when_empty_and_comes_back_with_its_todo, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_a_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(slugs_that_are_taken_get_a_suffix, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_gets_the_first_answer_again, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_are_sums_and_revisions_dense, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
