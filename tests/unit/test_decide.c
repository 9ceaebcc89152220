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

enum {
    OWNERS = 64,   /* lists and tags that a test makes */
    TODAY = 20780, /* 2026-11-23 */
};

struct board {
    struct arena arena;
    struct batch batch;
    struct made {
        struct command command;
        struct made *next;
    } * made;
    int64_t by_flips[BAR_LIST_TOOK + 1][OWNERS]; /* in the buckets of a kind and owner */
};

static int setup(void **state)
{
    struct board *board = calloc(1, sizeof *board);
    batch_init(&board->batch, &board->arena, "2026-11-23 10:00:00.000", TODAY);
    *state = board;
    return 0;
}

static int teardown(void **state)
{
    struct board *board = *state;
    for (struct made *made = board->made; made; made = made->next)
        arena_release(&made->command.arena);
    batch_release(&board->batch);
    arena_release(&board->arena);
    free(board);
    return 0;
}

/* Commands live as long as the board: rows borrow their strings. */
static struct command *command(struct board *board, enum command_op op)
{
    struct made *made = arena_alloc(&board->arena, sizeof *made);
    made->next = board->made;
    board->made = made;
    struct command *c = &made->command;
    c->op = op;
    c->credential.kind = CREDENTIAL_OPEN;
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

/* One that is stored, and how a request shows it. */
static struct credential credential(struct board *board, enum credential_kind kind, const char *name)
{
    struct credential shown = {.kind = kind, .reading_key = "00"};
    snprintf((char *)shown.hash, sizeof shown.hash, "%s", name);
    batch_add_credential(&board->batch, &(struct stored_credential){.shown = shown, .name = name});
    return shown;
}

static enum outcome_status run_on_list(struct board *board, enum command_op op, const char *slug, int public)
{
    struct command *c = command(board, op);
    c->slug = slug;
    c->list_public = public;
    decide(&board->batch, c);
    return c->outcome.status;
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
    again->credential = credential(board, CREDENTIAL_TOKEN, "phone"); /* another writer's key */
    assert_int_equal(run(board, again).status, OUTCOME_CREATED);
    assert_string_equal(last_change(board)->actor, "phone");

    /* A refusal is not remembered. */
    struct command *lost = on_todo(board, COMMAND_DELETE, 99);
    lost->key = "k2";
    lost->key_len = 2;
    assert_int_equal(run(board, lost).status, OUTCOME_NOT_FOUND);
    assert_int_equal(run(board, lost).status, OUTCOME_NOT_FOUND);
    assert_false(lost->outcome.replayed);
}

static void nobody_writes_without_a_credential(void **state)
{
    struct board *board = *state;
    struct credential phone = credential(board, CREDENTIAL_TOKEN, "phone");
    struct credential owner = credential(board, CREDENTIAL_SESSION, "owner");
    run(board, creation(board, "Buy milk", "Groceries"));
    assert_string_equal(last_change(board)->actor, "anyone");

    struct credential as_session = phone, as_token = owner, unknown = phone, other_key = phone, none = {0};
    as_session.kind = CREDENTIAL_SESSION;
    as_token.kind = CREDENTIAL_TOKEN;
    unknown.hash[31] ^= 1;
    other_key.reading_key[0] = '1';
    const struct credential refused[] = {as_session, as_token, unknown, other_key, none};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        /* Before anything else: it is not told that there is no such todo, nor what is stored. */
        struct command *c = on_todo(board, COMMAND_DELETE, 1);
        c->credential = refused[i];
        c->expected_version = 7;
        assert_int_equal(run(board, c).status, OUTCOME_UNAUTHORIZED);
        c->todo = 99;
        assert_int_equal(run(board, c).status, OUTCOME_UNAUTHORIZED);
        assert_null(c->outcome.todo);
        assert_null(c->actor);
    }
    assert_int_equal(board->batch.revision, 1);

    struct command *c = creation(board, "Buy tea", "Groceries");
    c->credential = phone;
    assert_int_equal(run(board, c).status, OUTCOME_CREATED);
    assert_string_equal(last_change(board)->actor, "phone");
    c = on_todo(board, COMMAND_DELETE, 1);
    c->credential = owner;
    c->credential.reading_key[0] = '\0'; /* a session's is not asked for */
    assert_int_equal(run(board, c).status, OUTCOME_OK);
    assert_string_equal(last_change(board)->actor, "owner");

    c = command(board, COMMAND_PING);
    c->credential = none;
    assert_int_equal(run(board, c).status, OUTCOME_OK);
    assert_int_equal(c->outcome.revision, 3);
}

static void a_repeat_needs_the_credential_too(void **state)
{
    struct board *board = *state;
    struct command *c = creation(board, "Buy milk", "Groceries");
    c->credential = credential(board, CREDENTIAL_TOKEN, "phone");
    c->key = "k1";
    c->key_len = 2;
    assert_int_equal(run(board, c).status, OUTCOME_CREATED);
    assert_true(run(board, c).replayed);
    c->credential.hash[0] ^= 1; /* ended meanwhile */
    struct outcome o = run(board, c);
    assert_int_equal(o.status, OUTCOME_UNAUTHORIZED);
    assert_false(o.replayed);
    assert_int_equal(o.id, 0);
}

static int64_t in_bucket(const struct board *board, enum bucket_kind kind, uint32_t owner)
{
    int64_t todos = 0;
    for (size_t i = 0; i < board->batch.buckets.count; i++) {
        const struct bucket_delta *d = board->batch.buckets.item[i];
        if (d->kind == kind && d->owner == owner)
            todos += d->todos;
    }
    return todos;
}

static void assert_public(const struct board *board, bool from, bool to, int64_t open, int64_t done)
{
    assert_int_equal(last_change(board)->public_from, from);
    assert_int_equal(last_change(board)->public_to, to);
    assert_int_equal(board->batch.public_open, open);
    assert_int_equal(board->batch.public_done, done);
}

static void todos_of_public_lists_are_counted_apart(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Seed", "Shown"));
    run(board, on_todo(board, COMMAND_PURGE, 1));
    assert_int_equal(run_on_list(board, COMMAND_LIST_EDIT, "shown", 1), OUTCOME_OK);
    assert_public(board, false, true, 0, 0);

    struct command *c = creation(board, "Buy milk", "Hidden");
    tag(board, c, "home");
    run(board, c);
    assert_public(board, false, false, 0, 0);
    assert_int_equal(in_bucket(board, BUCKET_PUBLIC_OPEN, 0), 0);

    c = on_todo(board, COMMAND_EDIT, 2);
    c->draft = (struct todo_draft){.present = FIELD_LIST, .list = (char[]){"Shown"}};
    run(board, c);
    assert_public(board, false, true, 1, 0);
    assert_int_equal(batch_tag(&board->batch, 1)->public_open, 1);
    assert_int_equal(in_bucket(board, BUCKET_PUBLIC_OPEN, 0), 1);
    assert_int_equal(in_bucket(board, BUCKET_PUBLIC_TAG, 1), 1);

    c = on_todo(board, COMMAND_EDIT, 2);
    c->draft = (struct todo_draft){.present = FIELD_DONE, .done = true};
    run(board, c);
    assert_public(board, true, true, 0, 1);
    assert_int_equal(batch_tag(&board->batch, 1)->public_done, 1);
    assert_int_equal(in_bucket(board, BUCKET_PUBLIC_DONE, 0), 1);

    run(board, on_todo(board, COMMAND_DELETE, 2));
    assert_public(board, true, true, 0, 0);
    run(board, on_todo(board, COMMAND_RESTORE, 2));
    assert_public(board, true, true, 0, 1);
    run(board, on_todo(board, COMMAND_PURGE, 2));
    assert_public(board, true, false, 0, 0);
    assert_int_equal(in_bucket(board, BUCKET_PUBLIC_TAG, 1), 0);
}

static void a_list_that_comes_back_is_private(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "Buy milk", "Shown"));
    run_on_list(board, COMMAND_LIST_EDIT, "shown", 1);
    assert_public(board, false, true, 1, 0);
    assert_ptr_equal(board->batch.flipped, batch_list(&board->batch, 1));
    run(board, on_todo(board, COMMAND_DELETE, 1));
    board->batch.flipped = NULL;
    run_on_list(board, COMMAND_LIST_DELETE, "shown", -1);
    assert_public(board, true, false, 0, 0);
    assert_ptr_equal(board->batch.flipped, batch_list(&board->batch, 1)); /* its deleted todo */
    run(board, on_todo(board, COMMAND_RESTORE, 1));
    assert_public(board, false, false, 0, 0);

    /* What alters nothing flips nothing. */
    board->batch.flipped = NULL;
    run_on_list(board, COMMAND_LIST_EDIT, "shown", 0);
    assert_null(board->batch.flipped);
}

/* ---- the order of a list */

static struct command *placing(struct board *board, uint64_t id, bool above, uint64_t beside,
                               uint64_t neighbour)
{
    struct command *c = on_todo(board, COMMAND_EDIT, id);
    c->draft = (struct todo_draft){.present = FIELD_PLACE, .beside = beside, .above = above};
    board->batch.gap.rank = neighbour;
    board->batch.gap.respaced = false;
    return c;
}

static uint64_t rank(const struct board *board, uint64_t id)
{
    return batch_todo(&board->batch, id)->rank;
}

static void a_todo_is_put_above_or_below_another(void **state)
{
    struct board *board = *state;
    for (int i = 0; i < 3; i++)
        run(board, creation(board, "t", "Home"));
    assert_true(rank(board, 1) < rank(board, 2) && rank(board, 2) < rank(board, 3)); /* the newest on top */

    assert_int_equal(run(board, placing(board, 1, true, 2, rank(board, 3))).version, 2);
    assert_true(rank(board, 2) < rank(board, 1) && rank(board, 1) < rank(board, 3));
    assert_string_equal(last_change(board)->places, "~l1:1/41943040");
    assert_string_equal(last_change(board)->detail, "{\"place\":[null,null]}");
    assert_int_equal(last_change(board)->op, CHANGE_EDIT);

    run(board, placing(board, 3, false, 2, 0));
    assert_true(rank(board, 3) < rank(board, 2) && rank(board, 3) > 0);

    /* On top of all, and what comes after it on top of that. */
    run(board, placing(board, 2, true, 1, 0));
    assert_true(rank(board, 2) > rank(board, 1));
    run(board, creation(board, "t", "Home"));
    assert_true(rank(board, 4) > rank(board, 2));

    /* Its rank goes with it wherever its places are said. */
    uint64_t of_one = rank(board, 1);
    run(board, on_todo(board, COMMAND_DELETE, 1));
    assert_string_equal(last_change(board)->places, "=l1:1/41943040");
    run(board, on_todo(board, COMMAND_RESTORE, 1));
    assert_int_equal(rank(board, 1), of_one);
}

static void a_place_that_it_has_is_no_change(void **state)
{
    struct board *board = *state;
    for (int i = 0; i < 3; i++)
        run(board, creation(board, "t", "Home"));
    struct outcome o = run(board, placing(board, 2, true, 1, rank(board, 2)));
    assert_int_equal(o.status, OUTCOME_OK);
    assert_int_equal(o.version, 1);
    assert_int_equal(board->batch.revision, 3);
}

static void ranks_that_others_got_are_no_secret_to_the_generator(void **state)
{
    struct board *board = *state;
    for (int i = 0; i < 3; i++)
        run(board, creation(board, "t", "Home"));
    struct command *c = placing(board, 1, true, 2, rank(board, 3));
    board->batch.gap.respaced = true;
    run(board, c);
    assert_string_equal(last_change(board)->places, "~l1:1/0");
}

static void a_place_is_beside_a_todo_of_the_same_list(void **state)
{
    struct board *board = *state;
    run(board, creation(board, "t", "Home"));
    run(board, creation(board, "t", "Work"));
    run(board, creation(board, "t", "Work"));
    for (uint64_t beside = 1; beside <= 4; beside += 3) { /* of another list; not there */
        struct outcome o = run(board, placing(board, 2, true, beside, 0));
        assert_int_equal(o.status, OUTCOME_CONFLICT);
        assert_non_null(strstr(o.why, "is not in the list “Work”."));
    }
    /* Moved there in the same write, it is. */
    struct command *c = placing(board, 1, false, 2, 0);
    c->draft.present |= FIELD_LIST;
    c->draft.list = (char[]){"Work"};
    assert_int_equal(run(board, c).status, OUTCOME_OK);
    assert_true(rank(board, 1) < rank(board, 2));
    assert_string_equal(last_change(board)->places, "-l1:1 +l2:3/8388608");

    run(board, on_todo(board, COMMAND_DELETE, 3));
    assert_int_equal(run(board, placing(board, 2, true, 3, 0)).status, OUTCOME_CONFLICT);
}

static void what_is_due_is_said_with_the_places(void **state)
{
    struct board *board = *state;
    struct command *c = creation(board, "t", "Home");
    c->draft.present |= FIELD_DUE;
    c->draft.due = (char[]){"2026-12-01"};
    run(board, c);
    assert_string_equal(last_change(board)->places, "*l1 +l1:1 +d");
    c = on_todo(board, COMMAND_EDIT, 1);
    c->draft = (struct todo_draft){.present = FIELD_DONE, .done = true};
    run(board, c);
    assert_string_equal(last_change(board)->places, "=l1:1 =d");
    c = on_todo(board, COMMAND_EDIT, 1);
    c->draft = (struct todo_draft){.present = FIELD_DUE};
    run(board, c);
    assert_string_equal(last_change(board)->places, "=l1:1 -d");
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
        if (c->op == COMMAND_LIST_EDIT && pick(seed, 2))
            c->list_public = (int)pick(seed, 2);
        else if (c->op == COMMAND_LIST_EDIT)
            c->list_name = list_names[pick(seed, 8)];
        return c;
    }
}

static bool took_some_time(const struct stored_todo *t)
{
    return t->state == TODO_DONE && took_class(t->created, t->finished) > 0;
}

/* What write.c has the database do when a list flips: its todos join or leave the public counters of their
 * tags, and the public buckets. */
static void follow_flip(struct board *board)
{
    const struct stored_list *list = board->batch.flipped;
    int sign = list->public ? 1 : -1;
    for (size_t i = 0; i < board->batch.todos.count; i++) {
        const struct stored_todo *t = board->batch.todos.item[i];
        bool open = t->state == TODO_OPEN;
        if (t->list != list || (!open && t->state != TODO_DONE))
            continue;
        board->by_flips[open ? BUCKET_PUBLIC_OPEN : BUCKET_PUBLIC_DONE][0] += sign;
        board->by_flips[BAR_PUBLIC_CREATED][0] += sign;
        board->by_flips[BAR_PUBLIC_FINISHED][0] += open ? 0 : sign;
        board->by_flips[BAR_PUBLIC_TOOK][0] += took_some_time(t) ? sign : 0;
        for (unsigned k = 0; k < t->ntags; k++) {
            struct stored_tag *of = t->tags[k].tag;
            *(open ? &of->public_open : &of->public_done) += sign;
            board->by_flips[BUCKET_PUBLIC_TAG][of->id] += sign;
        }
    }
    board->batch.flipped = NULL;
}

struct sums {
    int64_t open, done, took, public_open, public_done, public_took;
};

static void add(struct sums *sums, const struct stored_todo *t)
{
    bool open = t->state == TODO_OPEN, public = t->list->public;
    sums->open += open;
    sums->done += !open;
    sums->public_open += open && public;
    sums->public_done += !open && public;
    sums->took += took_some_time(t);
    sums->public_took += took_some_time(t) && public;
}

static void check_counters(const struct board *board)
{
    const struct batch *b = &board->batch;
    struct sums all = {0}, of_list[OWNERS] = {0}, of_tag[OWNERS] = {0};
    for (size_t i = 0; i < b->todos.count; i++) {
        const struct stored_todo *t = b->todos.item[i];
        if (t->state != TODO_OPEN && t->state != TODO_DONE)
            continue;
        assert_false(t->list->deleted);
        add(&all, t);
        add(&of_list[t->list->id], t);
        for (unsigned k = 0; k < t->ntags; k++)
            add(&of_tag[t->tags[k].tag->id], t);
    }
    assert_int_equal(b->open, all.open);
    assert_int_equal(b->done, all.done);
    assert_int_equal(b->public_open, all.public_open);
    assert_int_equal(b->public_done, all.public_done);
    for (size_t i = 0; i < b->lists.count; i++) {
        const struct stored_list *l = b->lists.item[i];
        assert_int_equal(l->open, of_list[l->id].open);
        assert_int_equal(l->done, of_list[l->id].done);
    }
    for (size_t i = 0; i < b->tags.count; i++) {
        const struct stored_tag *t = b->tags.item[i];
        assert_int_equal(t->open, of_tag[t->id].open);
        assert_int_equal(t->done, of_tag[t->id].done);
        assert_int_equal(t->public_open, of_tag[t->id].public_open);
        assert_int_equal(t->public_done, of_tag[t->id].public_done);
    }

    int64_t in_buckets[BAR_LIST_TOOK + 1][OWNERS];
    memcpy(in_buckets, board->by_flips, sizeof in_buckets);
    for (size_t i = 0; i < b->buckets.count; i++) {
        const struct bucket_delta *d = b->buckets.item[i];
        assert_true(d->kind >= BUCKET_PUBLIC_OPEN || (d->todos >= 0 && d->todos <= BUCKET_TODOS));
        assert_true(d->kind < BAR_CREATED || d->kind % 3 == BAR_TOOK % 3 || d->number >= TODAY);
        in_buckets[d->kind][d->owner] += d->todos;
    }
    assert_int_equal(in_buckets[BUCKET_OPEN][0], all.open);
    assert_int_equal(in_buckets[BUCKET_DONE][0], all.done);
    assert_int_equal(in_buckets[BUCKET_PUBLIC_OPEN][0], all.public_open);
    assert_int_equal(in_buckets[BUCKET_PUBLIC_DONE][0], all.public_done);
    assert_int_equal(in_buckets[BAR_CREATED][0], all.open + all.done);
    assert_int_equal(in_buckets[BAR_FINISHED][0], all.done);
    assert_int_equal(in_buckets[BAR_TOOK][0], all.took);
    assert_int_equal(in_buckets[BAR_PUBLIC_CREATED][0], all.public_open + all.public_done);
    assert_int_equal(in_buckets[BAR_PUBLIC_FINISHED][0], all.public_done);
    assert_int_equal(in_buckets[BAR_PUBLIC_TOOK][0], all.public_took);
    for (size_t i = 0; i < OWNERS; i++) {
        assert_int_equal(in_buckets[BUCKET_LIST][i], of_list[i].open + of_list[i].done);
        assert_int_equal(in_buckets[BAR_LIST_CREATED][i], of_list[i].open + of_list[i].done);
        assert_int_equal(in_buckets[BAR_LIST_FINISHED][i], of_list[i].done);
        assert_int_equal(in_buckets[BAR_LIST_TOOK][i], of_list[i].took);
        assert_int_equal(in_buckets[BUCKET_TAG][i], of_tag[i].open + of_tag[i].done);
        assert_int_equal(in_buckets[BUCKET_PUBLIC_TAG][i], of_tag[i].public_open + of_tag[i].public_done);
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
        /* Half an hour later each time. */
        board->batch.today = TODAY + (unsigned)i / 48;
        snprintf(board->batch.now, sizeof board->batch.now, "2026-%02d-%02d %02d:%02d:00.000",
                 1 + i / 48 / 28, 1 + i / 48 % 28, i / 2 % 24, i % 2 * 30);
        uint64_t before = board->batch.revision;
        size_t changes = board->batch.changes.count;
        decide(&board->batch, c);
        if (board->batch.flipped)
            follow_flip(board);
        assert_int_not_equal(c->outcome.status, OUTCOME_PENDING);
        assert_int_equal(board->batch.revision - before, board->batch.changes.count - changes);
        if (board->batch.revision != before)
            assert_int_equal(last_change(board)->revision, board->batch.revision);
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
        cmocka_unit_test_setup_teardown(nobody_writes_without_a_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(a_repeat_needs_the_credential_too, setup, teardown),
        cmocka_unit_test_setup_teardown(todos_of_public_lists_are_counted_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_that_comes_back_is_private, setup, teardown),
        cmocka_unit_test_setup_teardown(a_todo_is_put_above_or_below_another, setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_that_it_has_is_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(ranks_that_others_got_are_no_secret_to_the_generator, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_place_is_beside_a_todo_of_the_same_list, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_due_is_said_with_the_places, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_are_sums_and_revisions_dense, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
