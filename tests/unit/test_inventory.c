/*
 * The table in gen/PAGES.md, which files each kind of write makes, is what the planner says: this test writes
 * the table from plans and compares. A todo stands in one list and one tag that were there before, in buckets
 * that neither come nor go, and the rows are like those that db/decide.c records for it. Its list is public
 * unless the write says otherwise; of a private one the members' row is the same, and the public one is
 * empty.
 *
 * UPDATE=1 puts the table into the document. Runs in the project's root.
 */
#include "../../gen/plan.h"
#include "../../templates/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs some of the above */
#include <cmocka.h>

enum {
    DOCUMENT_BYTES = 64 * 1024,
    IMPORTED = 3,
    /* For a todo with one list and one tag: row 8 of the performance goals. */
    CREATE_FILES_NOW = 16,
    CREATE_FILES_SETTLED = 40,
};

static const char document_path[] = "gen/PAGES.md";
static const char table_begin[] =
    "<!-- The table begins. UPDATE=1 build/tests/test_inventory writes it. -->\n\n";
static const char table_end[] = "\n<!-- The table ends. -->\n";

static const char *const audiences[AUDIENCES] = {"members", "public"};

static const char *const columns[PAGE_KINDS] = {
    [PAGE_TODO] = "todo",
    [PAGE_DELETED] = "deleted",
    [PAGE_OPEN_BUCKET] = "open bucket",
    [PAGE_DONE_BUCKET] = "done bucket",
    [PAGE_LIST_BUCKET] = "list bucket",
    [PAGE_TAG_BUCKET] = "tag bucket",
    [PAGE_OPEN] = "open",
    [PAGE_DONE] = "done",
    [PAGE_LIST] = "list",
    [PAGE_TAG] = "tag",
    [PAGE_LISTS] = "lists",
    [PAGE_TAGS] = "tags",
    [PAGE_DUE] = "due",
    [PAGE_BOARD] = "board",
    [PAGE_STATS] = "stats",
    [PAGE_ADD] = "add",
    [PAGE_SIGN_IN] = "sign-in",
    [PAGE_AUTHORED] = "authored",
    [PAGE_MANIFEST] = "manifest",
    [PAGE_ERROR] = "errors",
};

/* What the write does to who sees the todo. */
enum way { STAYS, COMES, GOES, PRIVATE };

static const struct write {
    const char *name;
    enum change_op op;
    enum todo_state from, to;
    const char *places[IMPORTED]; /* a change for each */
    enum way way;                 /* into the public tree or out of it */
} writes[] = {
    {.name = "create", .op = CHANGE_CREATE, .to = TODO_OPEN, .places = {"+l5:217 +t3:109"}},
    {.name = "create, due at some time",
     .op = CHANGE_CREATE,
     .to = TODO_OPEN,
     .places = {"+l5:217 +t3:109 +d"}},
    {.name = "create, in a new list",
     .op = CHANGE_CREATE,
     .to = TODO_OPEN,
     .places = {"*l6 +l6:1 +t3:109"},
     .way = PRIVATE},
    {.name = "create, with a new tag", .op = CHANGE_CREATE, .to = TODO_OPEN, .places = {"+l5:217 *t4 +t4:1"}},
    {.name = "import of 3 todos",
     .op = CHANGE_CREATE,
     .to = TODO_OPEN,
     .places = {"+l5:217 +t3:109", "+l5:218 +t3:110", "+l5:219 +t3:111"}},
    {.name = "edit title, notes, priority",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"=l5:217 =t3:109"}},
    {.name = "edit due",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"=l5:217 =t3:109 =d"}},
    {.name = "put above another",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"~l5:217/3640655872 =t3:109"}},
    {.name = "move to another list",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"-l5:217 +l6:330 =t3:109"}},
    {.name = "move from a private list to a public one",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"-l5:217 +l6:330 =t3:109"},
     .way = COMES},
    {.name = "move from a public list to a private one",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"-l5:217 +l6:330 =t3:109"},
     .way = GOES},
    {.name = "tag, beside the one it has",
     .op = CHANGE_EDIT,
     .from = TODO_OPEN,
     .to = TODO_OPEN,
     .places = {"=l5:217 =t3:109 +t4:55"}},
    {.name = "untag", .op = CHANGE_EDIT, .from = TODO_OPEN, .to = TODO_OPEN, .places = {"=l5:217 -t3:109"}},
    {.name = "finish",
     .op = CHANGE_FINISH,
     .from = TODO_OPEN,
     .to = TODO_DONE,
     .places = {"=l5:217 =t3:109"}},
    {.name = "reopen",
     .op = CHANGE_REOPEN,
     .from = TODO_DONE,
     .to = TODO_OPEN,
     .places = {"=l5:217 =t3:109"}},
    {.name = "delete",
     .op = CHANGE_DELETE,
     .from = TODO_OPEN,
     .to = TODO_DELETED,
     .places = {"=l5:217 =t3:109"}},
    {.name = "restore",
     .op = CHANGE_RESTORE,
     .from = TODO_DELETED,
     .to = TODO_OPEN,
     .places = {"=l5:217 =t3:109"}},
    {.name = "purge, after a delete",
     .op = CHANGE_PURGE,
     .from = TODO_DELETED,
     .places = {"-l5:217 -t3:109"}},
    {.name = "purge, at once", .op = CHANGE_PURGE, .from = TODO_OPEN, .places = {"-l5:217 -t3:109"}},
    {.name = "rename a list of one todo", .op = CHANGE_LIST_EDIT, .places = {""}},
    {.name = "make a list of one todo public", .op = CHANGE_LIST_EDIT, .places = {""}, .way = COMES},
    {.name = "make a list of one todo private", .op = CHANGE_LIST_EDIT, .places = {""}, .way = GOES},
    {.name = "delete a list", .op = CHANGE_LIST_DELETE, .places = {""}},
};

/* ---- from a plan to what each audience gets */

struct share {
    unsigned pages, twins; /* so many pages of a kind, with these twins each */
};

struct files {
    struct share due[2][PAGE_KINDS]; /* by enum plan_when */
};

static void note_step(const struct plan *plan, enum plan_when when, struct files files[AUDIENCES])
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        unsigned twins = when == PLAN_NOW ? item->now : item->later;
        struct share *due = &files[item->key.audience].due[when][item->key.kind];
        if (!twins)
            continue;
        if (due->pages)
            assert_int_equal(due->twins, twins); /* else one cell cannot say it */
        due->pages++;
        due->twins = twins;
    }
}

/* In the two steps of a cycle. Clears the plan. */
static void files_of(struct plan *plan, struct files files[AUDIENCES])
{
    memset(files, 0, AUDIENCES * sizeof *files);
    plan_sort(plan);
    note_step(plan, PLAN_NOW, files);
    plan_published(plan);
    note_step(plan, PLAN_LATER, files);
    plan_clear(plan);
}

/* `public`: its list is, if the write does not say itself. */
static void files_of_write(struct plan *plan, const struct write *write, bool public,
                           struct files files[AUDIENCES])
{
    bool of_list = write->op == CHANGE_LIST_EDIT || write->op == CHANGE_LIST_DELETE;
    struct read_change change = {.op = write->op,
                                 .from = write->from,
                                 .to = write->to,
                                 .list_id = of_list ? 5 : 0,
                                 .public_from = write->way == STAYS ? public : write->way == GOES,
                                 .public_to = write->way == STAYS ? public : write->way == COMES};
    for (size_t i = 0; i < IMPORTED && write->places[i]; i++) {
        change.revision = i + 1;
        change.todo_id = of_list ? 0 : 1250 + i;
        change.places = write->places[i];
        plan_change(plan, &change, false);
    }
    if (write->op == CHANGE_LIST_EDIT) /* what read_list_places() says */
        plan_list_todo(plan, &(struct read_change){.op = CHANGE_EDIT,
                                                   .todo_id = 1250,
                                                   .list_id = 5,
                                                   .from = TODO_OPEN,
                                                   .to = TODO_OPEN,
                                                   .places = "=l5:217 =t3:109",
                                                   .public_from = change.public_to,
                                                   .public_to = change.public_to});
    assert_string_equal(plan->problem, "");
    files_of(plan, files);
}

static unsigned count_files(const struct files *files, enum plan_when when)
{
    unsigned count = 0;
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        const struct share *due = &files->due[when][kind];
        count += due->pages * (unsigned)__builtin_popcount(due->twins);
    }
    return count;
}

/* ---- the table */

static void put_head(struct buffer *out)
{
    buffer_puts(out, "| write | audience |");
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        assert_non_null(columns[kind]);
        buffer_printf(out, " %s |", columns[kind]);
    }
    buffer_puts(out, " assets | files now | files in all |\n| --- | --- |");
    for (int kind = 0; kind < PAGE_KINDS; kind++)
        buffer_puts(out, " --- |");
    buffer_puts(out, " --- | --: | --: |\n");
}

static void put_due(struct buffer *out, const struct share *due, const char *mark)
{
    if (!due->pages)
        return;
    buffer_printf(out, " %s", mark);
    if (due->pages > 1)
        buffer_printf(out, "%u × ", due->pages);
    const char *blank = "";
    for (unsigned twin = TWIN_HTML; twin <= TWIN_LAST; twin <<= 1)
        if (due->twins & twin) {
            buffer_printf(out, "%s%s", blank, twin_extension((enum twin)twin) + 1);
            blank = " ";
        }
    buffer_puts(out, mark);
}

static void put_pages(struct buffer *out, const char *write, int audience, const struct files *files)
{
    buffer_printf(out, "| %s | %s |", write, audiences[audience]);
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        put_due(out, &files->due[PLAN_NOW][kind], "");
        put_due(out, &files->due[PLAN_LATER][kind], "*");
        buffer_puts(out, " |");
    }
}

static void put_rows(struct buffer *out, const char *write, const struct files files[AUDIENCES])
{
    for (int audience = 0; audience < AUDIENCES; audience++) {
        unsigned now = count_files(&files[audience], PLAN_NOW);
        put_pages(out, write, audience, &files[audience]);
        buffer_printf(out, " | %u | %u |\n", now, now + count_files(&files[audience], PLAN_LATER));
    }
}

/* build.c: every page with all its twins, in one step. */
static void put_full_build(struct buffer *out)
{
    struct files files = {0};
    for (int kind = 0; kind < PAGE_KINDS; kind++)
        files.due[PLAN_NOW][kind] = (struct share){1, page_types[kind].twins};
    for (int audience = 0; audience < AUDIENCES; audience++) {
        for (int kind = 0; kind < PAGE_KINDS; kind++)
            if (audience == AUDIENCE_PUBLIC && page_types[kind].members_only)
                files.due[PLAN_NOW][kind] = (struct share){0};
        put_pages(out, "template or asset edited", audience, &files);
        buffer_puts(out, " all | all | all |\n");
    }
}

static void put_table(struct buffer *out, struct plan *plan)
{
    struct files files[AUDIENCES];
    put_head(out);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        files_of_write(plan, &writes[i], true, files);
        put_rows(out, writes[i].name, files);
    }
    plan_day(plan);
    files_of(plan, files);
    put_rows(out, "midnight", files);
    put_full_build(out);
}

/* ---- the document */

static void read_document(struct buffer *document)
{
    FILE *f = fopen(document_path, "re");
    if (!f)
        fail_msg("%s cannot be read: run this in the project's root", document_path);
    assert_true(buffer_reserve(document, DOCUMENT_BYTES - 1));
    document->len = fread(document->base, 1, DOCUMENT_BYTES - 1, f);
    assert_true(feof(f) && !ferror(f));
    fclose(f);
    buffer_putc(document, '\0');
}

static void write_document(const char *before, size_t before_len, const char *table, const char *after)
{
    FILE *f = fopen(document_path, "we");
    assert_non_null(f);
    bool ok = fprintf(f, "%.*s%s%s", (int)before_len, before, table, after) > 0;
    assert_true(!fclose(f) && ok);
}

/* `documented` ends where the mark `after` begins. */
static void compare_lines(const char *documented, const char *after, const char *made)
{
    while (documented < after || *made) {
        size_t documented_len = strcspn(documented, "\n"), made_len = strcspn(made, "\n");
        if (documented >= after)
            documented_len = 0;
        if (documented_len != made_len || memcmp(documented, made, made_len) != 0)
            fail_msg("%s says\n%.*s\nand the planner\n%.*s\nUPDATE=1 writes what the planner says.",
                     document_path, (int)documented_len, documented, (int)made_len, made);
        documented += documented_len + (documented < after);
        made += made_len + (made[made_len] == '\n');
    }
}

static void test_table(void **state)
{
    struct buffer table, document;
    buffer_init(&table, DOCUMENT_BYTES);
    buffer_init(&document, DOCUMENT_BYTES);
    put_table(&table, *state);
    buffer_putc(&table, '\0');
    assert_false(table.overflow);
    read_document(&document);

    char *begin = strstr(document.base, table_begin);
    assert_non_null(begin);
    begin += sizeof table_begin - 1;
    char *end = strstr(begin, table_end);
    assert_non_null(end);
    if (getenv("UPDATE"))
        write_document(document.base, (size_t)(begin - document.base), table.base, end);
    else
        compare_lines(begin, end, table.base);
    buffer_release(&table);
    buffer_release(&document);
}

/* Of private lists: the same for members, and not one file for the public. */
static void test_private_is_free(void **state)
{
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct files of_public[AUDIENCES], of_private[AUDIENCES];
        if (writes[i].way != STAYS)
            continue;
        files_of_write(*state, &writes[i], true, of_public);
        files_of_write(*state, &writes[i], false, of_private);
        for (int when = PLAN_NOW; when <= PLAN_LATER; when++)
            assert_int_equal(count_files(&of_private[AUDIENCE_PUBLIC], (enum plan_when)when), 0);
        assert_memory_equal(&of_private[AUDIENCE_MEMBERS], &of_public[AUDIENCE_MEMBERS],
                            sizeof of_public[AUDIENCE_MEMBERS]);
    }
}

/* What leaves the public tree has nothing that follows, but for counts of what stays. */
static void test_leaving_is_at_once(void **state)
{
    size_t leaving = 0;
    static const enum page_kind counts[] = {PAGE_LISTS, PAGE_TAGS, PAGE_STATS};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct files files[AUDIENCES];
        if (writes[i].way != GOES)
            continue;
        files_of_write(*state, &writes[i], true, files);
        assert_true(count_files(&files[AUDIENCE_PUBLIC], PLAN_NOW) > 0);
        for (size_t k = 0; k < 3 && writes[i].op != CHANGE_LIST_EDIT; k++)
            files[AUDIENCE_PUBLIC].due[PLAN_LATER][counts[k]] = (struct share){0};
        assert_int_equal(count_files(&files[AUDIENCE_PUBLIC], PLAN_LATER), 0);
        leaving++;
    }
    assert_int_equal(leaving, 2);
}

/* Of each tree: a private todo has only one. */
static void test_create_is_cheap(void **state)
{
    struct files files[AUDIENCES];
    assert_string_equal(writes[0].name, "create");
    files_of_write(*state, &writes[0], true, files);
    for (int audience = 0; audience < AUDIENCES; audience++) {
        unsigned now = count_files(&files[audience], PLAN_NOW);
        assert_in_range(now, 1, CREATE_FILES_NOW);
        assert_in_range(now + count_files(&files[audience], PLAN_LATER), now, CREATE_FILES_SETTLED);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_private_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving_is_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_is_cheap, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
