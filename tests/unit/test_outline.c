/*
 * Documents and todos: what is read from a document, and that what is written
 * is read again as it was, however awkward.
 */
#include "../../db/outline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct tm today = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23};

/* From a copy that is not terminated and gone afterwards: nothing may point into it. */
static struct outline read_outline(struct arena *a, const char *document)
{
    struct outline outline;
    struct problems problems = {0};
    size_t len = strlen(document);
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, document, len);
    if (!outline_read(a, copy + 1, len, &today, &outline, &problems))
        fail_msg("%s\n%s", problems.item[0].detail, document);
    free(copy);
    return outline;
}

static char *write_draft(struct arena *a, const struct todo_draft *todo, bool with_list)
{
    return outline_todo(a, &(struct outline_todo){.title = todo->title,
                                                  .notes = todo->notes,
                                                  .list = with_list ? todo->list : NULL,
                                                  .due = todo->due,
                                                  .tags = (const char *const *)todo->tags,
                                                  .ntags = todo->ntags,
                                                  .priority = todo->priority,
                                                  .done = todo->done});
}

static void assert_same(const struct todo_draft *wanted, const struct todo_draft *got, const char *document)
{
    const unsigned always = FIELD_TITLE | FIELD_NOTES | FIELD_LIST | FIELD_DONE;
    const char *field = NULL;
    if (strcmp(wanted->title, got->title) != 0)
        field = "title";
    if (strcmp(wanted->notes, got->notes) != 0)
        field = "notes";
    if (strcmp(wanted->list, got->list) != 0)
        field = "list";
    if (strcmp(wanted->due ? wanted->due : "", got->due ? got->due : "") != 0)
        field = "due";
    if (wanted->priority != got->priority || wanted->done != got->done || (got->present & always) != always)
        field = "priority, done or present";
    if (wanted->ntags != got->ntags)
        field = "tags";
    for (unsigned i = 0; !field && i < wanted->ntags; i++)
        if (strcmp(wanted->tags[i], got->tags[i]) != 0)
            field = "tags";
    if (field)
        fail_msg("%s differs: \"%s\" \"%s\", read as \"%s\" \"%s\" from\n%s", field, wanted->title,
                 wanted->notes, got->title, got->notes, document);
}

/* Writes them all, each list's under its heading, and reads them again. */
static void assert_round_trip(struct arena *a, const struct outline *outline)
{
    char *document = NULL;
    size_t len;
    FILE *f = open_memstream(&document, &len);
    const char *list = "";
    for (size_t i = 0; i < outline->ntodos; i++) {
        const struct todo_draft *todo = &outline->todos[i];
        if (strcmp(todo->list, list) != 0)
            fprintf(f, "%s\n", outline_heading(a, list = todo->list));
        fputs(write_draft(a, todo, i % 2), f);
    }
    fclose(f);
    struct outline again = read_outline(a, document);
    assert_int_equal(again.ntodos, outline->ntodos);
    for (size_t i = 0; i < outline->ntodos; i++)
        assert_same(&outline->todos[i], &again.todos[i], document);
    free(document);
}

/* ---- reading */

/* What a document is read as: a line for each todo, and its notes behind. */
static const struct {
    const char *document, *todos;
} examples[] = {
    {"", ""},
    {"Prose [ ] and [x].\n\n    - [ ] code\n\n```\n- [ ] code\n```\n- [y] no\n- [ ](url) no\n[ ] no\n", ""},
    {"- [ ] a\n- [x] b\n* [X] c\n1) [ ] d\n- [ ]e\n",
     "[ ] a {Inbox}\n[x] b {Inbox}\n[x] c {Inbox}\n[ ] d {Inbox}\n[ ] e {Inbox}\n"},
    {"- [ ] a\n# H *1*\n- [ ] b\n## H2 \\# `c`\n- [ ] c\n> # not\n\nSet\n===\n- [ ] d",
     "[ ] a {Inbox}\n[ ] b {H 1}\n[ ] c {H2 # c}\n[ ] d {Set}\n"},
    {"\xef\xbb\xbf- [ ] a\n", "[ ] a {Inbox}\n"},
    /* quick add */
    {"- [ ] Buy milk #home !2 @2026-12-01 +\"Shopping list\"\n# L\n- [ ] @tomorrow x #a #b\n",
     "[ ] Buy milk {Shopping list} #home !2 @2026-12-01\n[ ] x {L} #a #b @2026-11-24\n"},
    {"- [ ] \\#a \\!1 \\@today \\+b \\\\c \\\\\\#d C# a\\#b\n",
     "[ ] #a !1 @today +b \\c \\#d C# a#b {Inbox}\n"},
    {"- [ ] `#a` *!1* #*b* **+c**d #e*f* `\\#g` \\#*h*\n", "[ ] #a !1 #b +cd #ef \\#g #h {Inbox}\n"},
    {"- [ ] \\\\*a* \\![b]\n\n[b]: u\n", "[ ] \\a !b {Inbox}\n\\\\*a* \\![b](u)\n"},
    /* titles */
    {"- [ ] a\n  b *c*\n  `d`&amp;<i>e</i>\n", "[ ] a b c d&<i>e</i> {Inbox}\n"},
    {"- [ ]\n- [ ] #a\n- [ ]  ![](u)\n",
     "[ ] (untitled) {Inbox}\n[ ] (untitled) {Inbox} #a\n[ ] (untitled) {Inbox}\n![](u)\n"},
    {"- [ ]  [a](u \"t\") #b <http://c> *d*\n\n  e\n",
     "[ ] a http://c d {Inbox} #b\n[a](u \"t\") <http://c> *d*\n\ne\n"},
    {"- [ ] <http://a> <b@c.org>\n", "[ ] http://a b@c.org {Inbox}\n"},
    {"- [ ] ![High][h] a\n- [ ] [B]\n\n[h]: https://h.org\n[b]: /b 'B'\n",
     "[ ] High a {Inbox}\n![High](https://h.org) a\n[ ] B {Inbox}\n[B](/b \"B\")\n"},
    {"- [ ] a  \n  #b\n  [c](d)\n", "[ ] a c {Inbox} #b\na  [c](d)\n"},
    /* notes */
    {"- [ ] a\n\n  b\n  c\n\n\n  ~~~\n    d\n- [ ] e\n",
     "[ ] a {Inbox}\nb\nc\n\n\n~~~\n  d\n[ ] e {Inbox}\n"},
    {"1. [ ] a\n\n       code\n\n   > q\n   lazy\nlazier\n",
     "[ ] a {Inbox}\n    code\n\n> q\nlazy\nlazier\n"},
    {"-\t[ ] a\n\n\tb\n\n\t\tcode\n", "[ ] a {Inbox}\nb\n\n\tcode\n"},
    {"- [ ] a\n\n\tb\n\n\t\tcode\n", "[ ] a {Inbox}\n  b\n\n      code\n"},
    {"> - [ ] a\n>   ***\n>\n>   b\n", "[ ] a {Inbox}\n***\n\nb\n"},
    {"-\n  [ ] a\n  # b\n", "[ ] a {Inbox}\n# b\n"},
    {"- [ ] a\n  - b\n    - [x] c\n\n      d\n  - e\n\n  f\n- g\n",
     "[ ] a {Inbox}\n- b\n- e\n\nf\n[x] c {Inbox}\nd\n"},
    {"- - [ ] a\n    - [ ] b\n  - [ ] c\n- d\n  1. [ ] e\n",
     "[ ] a {Inbox}\n[ ] b {Inbox}\n[ ] c {Inbox}\n[ ] e {Inbox}\n"},
    {"- [ ] a\n\n  - \\[ ] b\n  - \\\\[x] c\n", "[ ] a {Inbox}\n- [ ] b\n- \\[x] c\n"},
    {"- [ ] a\n\n  [b] and [c][D], [e]\n- [ ] f\n\n  [e]: local\n\n[b]: /b\n[d]: /d\n[g]: /g\n[B]: /no",
     "[ ] a {Inbox}\n[b] and [c][D], [e]\n\n[b]: /b\n[d]: /d\n[ ] f {Inbox}\n[e]: local\n"},
};

static void print_todo(FILE *f, const struct todo_draft *todo)
{
    fprintf(f, "[%c] %s {%s}", todo->done ? 'x' : ' ', todo->title, todo->list);
    for (unsigned i = 0; i < todo->ntags; i++)
        fprintf(f, " #%s", todo->tags[i]);
    if (todo->priority)
        fprintf(f, " !%u", todo->priority);
    if (todo->due)
        fprintf(f, " @%s", todo->due);
    fprintf(f, "\n%s%s", todo->notes, *todo->notes ? "\n" : "");
}

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct arena a = {0};
        struct outline outline = read_outline(&a, examples[i].document);
        char *text;
        size_t len;
        FILE *f = open_memstream(&text, &len);
        for (size_t j = 0; j < outline.ntodos; j++)
            print_todo(f, &outline.todos[j]);
        fclose(f);
        assert_string_equal(text, examples[i].todos);
        assert_round_trip(&a, &outline);
        free(text);
        arena_release(&a);
    }
}

static char *repeated(struct arena *a, const char *s, size_t times)
{
    char *all = arena_alloc(a, strlen(s) * times + 1), *to = all;
    while (times--)
        to = stpcpy(to, s);
    return all;
}

static void test_long_titles(void **state)
{
    (void)state;
    struct arena a = {0};
    char *words = repeated(&a, "wörd ", 60);
    struct outline outline = read_outline(&a, arena_printf(&a, "- [ ] %s#tag\n\n  notes\n", words));
    char *title = outline.todos[0].title;
    assert_int_equal(text_chars(title), 200); /* 40 words with 39 blanks, and the ellipsis */
    assert_string_equal(title + strlen(title) - strlen("wörd…"), "wörd…");
    assert_string_equal(outline.todos[0].notes,
                        arena_printf(&a, "%.*s\n\nnotes", (int)strlen(words) - 1, words));
    assert_round_trip(&a, &outline);

    outline = read_outline(&a, arena_printf(&a, "- [ ] %s\n", repeated(&a, "長", 201)));
    assert_string_equal(outline.todos[0].title, arena_printf(&a, "%s…", repeated(&a, "長", 199)));
    assert_string_equal(outline.todos[0].notes, repeated(&a, "長", 201));

    outline = read_outline(&a, arena_printf(&a, "- [ ] %s\n", repeated(&a, "長", 200)));
    assert_string_equal(outline.todos[0].title, repeated(&a, "長", 200));
    assert_string_equal(outline.todos[0].notes, "");

    outline = read_outline(&a, arena_printf(&a, "# %s\n- [ ] a\n", repeated(&a, "名", 70)));
    assert_string_equal(outline.todos[0].list, repeated(&a, "名", NAME_CHARS));
    arena_release(&a);
}

static void assert_refused(struct arena *a, const char *document, const char *why)
{
    struct outline outline;
    struct problems problems = {0};
    assert_false(outline_read(a, document, strlen(document), &today, &outline, &problems));
    assert_int_equal(outline.ntodos, 0);
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.item[0].detail, why);
}

static void test_refused(void **state)
{
    (void)state;
    struct arena a = {0};
    const char *notes = repeated(&a, "123456789012345\n  ", TODO_NOTES_BYTES / 16);
    read_outline(&a, arena_printf(&a, "- [ ] a\n\n  %.*s\n", (int)strlen(notes) - 3, notes));
    assert_refused(&a, arena_printf(&a, "\n- [ ] a\n\n  %sx\n", notes),
                   "The notes of the todo in line 2 are longer than 16 KiB.");
    assert_refused(&a, arena_printf(&a, "- [ ] %s\n", repeated(&a, "12345678", TODO_NOTES_BYTES / 8)),
                   "The title in line 1 is longer than 16 KiB.");
    assert_refused(&a, "- [ ] bell&#7;\n", "The title in line 1 must not contain control characters.");
    assert_refused(&a, arena_printf(&a, "a\n%s[ ] b", repeated(&a, "- ", 65)),
                   "Line 2 is nested too deeply: 128 columns are the most.");
    assert_refused(&a, arena_printf(&a, "%s", repeated(&a, "![[]()", 1001)),
                   "Line 1 has too many brackets that are not closed: 1000 are the most.");

    struct outline outline = read_outline(&a, arena_printf(&a, "%s[ ] deep\n", repeated(&a, "- ", 64)));
    assert_string_equal(outline.todos[0].title, "deep");
    outline = read_outline(&a, arena_printf(&a, "%s- [ ] deep\n", repeated(&a, ">", 127)));
    assert_string_equal(outline.todos[0].title, "deep");
    arena_release(&a);
}

/* None of these may take more than a moment; here they would hang if it were quadratic. */
static void test_a_megabyte(void **state)
{
    (void)state;
    static const char *const units[] = {
        "- [ ] a\n",
        "- [ ] [a](b) #c\n\n  [d]\n",
        "[a]: b\n",
        "*a ",
        "**",
        "`a",
        "<!--",
        "[",
        "> ",
        "- ",
        "#\"a ",
        "\n",
        "- [ ] \\#*a*\n  - [ ] b\n",
        "![[]()\n\n",
        "- [ ] <a\n",
        "a&b;",
        "\t- [ ] a\n",
        "_a*",
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        static const char *const starts[] = {"", "- [ ] "};
        for (size_t j = 0; j < sizeof starts / sizeof *starts; j++) {
            struct arena a = {0};
            size_t times = (1 << 20) / strlen(units[i]);
            char *document = arena_printf(&a, "%s%s", starts[j], repeated(&a, units[i], times));
            struct outline outline;
            struct problems problems = {0};
            if (outline_read(&a, document, strlen(document), &today, &outline, &problems) && i == 0 && j == 0)
                assert_int_equal(outline.ntodos, times);
            arena_release(&a);
        }
    }
}

/* ---- real documents */

static void test_real_documents(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t todos, done;
        const char *first_list, *last_list;
    } documents[] = {
        {"coding-interview-university.md", 463, 0, "Algorithmic complexity / Big-O / Asymptotic analysis",
         "Additional Detail on Some Subjects"},
        {"coding-interview-university.ja.md", 460, 0, "アルゴリズムの複雑さ/Big-O/漸近分析",
         "一部の主題に関する追加の詳細"},
        {"front-end-checklist.md", 100, 0, "Meta tag", "SEO"},
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct arena a = {0};
        const char *path = arena_printf(&a, "../shared/data/%s", documents[i].name);
        FILE *f = fopen(path, "r");
        if (!f) {
            arena_release(&a);
            skip();
        }
        char *document = arena_alloc(&a, 1 << 20);
        document[fread(document, 1, (1 << 20) - 1, f)] = '\0';
        fclose(f);

        struct outline outline = read_outline(&a, document);
        size_t done = 0;
        for (size_t j = 0; j < outline.ntodos; j++)
            done += outline.todos[j].done;
        assert_int_equal(outline.ntodos, documents[i].todos);
        assert_int_equal(done, documents[i].done);
        assert_string_equal(outline.todos[0].list, documents[i].first_list);
        assert_string_equal(outline.todos[outline.ntodos - 1].list, documents[i].last_list);
        assert_round_trip(&a, &outline);
        arena_release(&a);
    }
}

/* ---- awkward todos, and there and back again */

static uint64_t seed;

/* How many rounds. */
static int thorough(void)
{
    return getenv("THOROUGH") ? 1000 : 200;
}

static unsigned random_below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

#define PICK(table) (table)[random_below(sizeof(table) / sizeof *(table))]

static const char *const bits[] = {
    "a",       "b",          "é",
    "日本",    "#home",      "!2",
    "@today",  "+List",      "+\"a b\"",
    "\\",      "\\\\",       "#",
    "!",       "@",          "+",
    "*",       "**",         "_",
    "__",      "`",          "``",
    "[",       "]",          "[ ]",
    "[x]",     "(u)",        "[a]",
    "[a]:",    "<b>",        "<!--",
    "<?",      "http://a.b", "<http://a.b>",
    "&amp;",   "&#35;",      "&",
    ";",       "~~~",        "```",
    "-",       "1.",         "1)",
    ">",       "=",          "---",
    "***",     "|",          "\"",
    "'",       "\\#a",       "\\[ ]",
    "#\"",     "-",          "\xc2\xa0",
    "​",     "#1",         "R&D",
    "a_b",     ".",          "!\\[",
    "![a](b)",
};

/* Its white space is in normal form, as that of every title that is stored. */
static char *random_title(struct arena *a)
{
    for (;;) {
        char *title = arena_strdup(a, "");
        for (unsigned n = random_below(8) + 1; n > 0; n--)
            title = arena_printf(a, "%s%s%s", title, PICK(bits), random_below(2) ? " " : "");
        char *plain = arena_strdup(a, ""), *rest;
        for (char *word = strtok_r(title, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            plain = arena_printf(a, "%s%s%s", plain, *plain ? " " : "", word);
        if (!strstr(plain, "\xc2\xa0") && !title_check(plain))
            return plain;
    }
}

static bool blank(const char *s)
{
    return s[strspn(s, " \t\n")] == '\0';
}

/* Without empty lines at its ends. */
static char *random_notes(struct arena *a)
{
    static const char *const starts[] = {"",   "",    "  ", "    ", "\t",     " \t",
                                         "- ", "-\t", "> ", "1. ",  "- [ ] ", "\t- [x] "};
    char *notes = arena_strdup(a, "");
    for (unsigned n = random_below(8); n > 0; n--) {
        char *line = arena_strdup(a, random_below(4) ? PICK(starts) : "");
        for (unsigned m = random_below(4); m > 0; m--)
            line = arena_printf(a, "%s%s%s", line, PICK(bits), random_below(2) ? " " : "");
        if (*notes == '\0' && blank(line))
            continue;
        notes = arena_printf(a, "%s%s%s", notes, *notes ? "\n" : "", line);
    }
    while (*notes != '\0' && blank(strrchr(notes, '\n') ? strrchr(notes, '\n') : notes))
        *(strrchr(notes, '\n') ? strrchr(notes, '\n') : notes) = '\0';
    return notes;
}

static char *random_name(struct arena *a)
{
    for (;;) {
        const char *why;
        char *name = name_normal(a, random_title(a), &why);
        if (name)
            return name;
    }
}

static void test_awkward_todos(void **state)
{
    (void)state;
    enum { TODOS = 5 };
    const int rounds = thorough();
    seed = 42;
    for (int round = 0; round < rounds; round++) {
        struct arena a = {0};
        struct todo_draft todos[TODOS];
        char *list = random_name(&a);
        for (int i = 0; i < TODOS; i++) {
            static const char *const dues[] = {"2026-12-01", "2026-12-01T18:00:00+02:00",
                                               "2026-12-01T18:00:00Z"};
            todos[i] = (struct todo_draft){.title = random_title(&a),
                                           .notes = random_notes(&a),
                                           .list = list = random_below(2) ? list : random_name(&a),
                                           .priority = random_below(5),
                                           .done = random_below(2)};
            if (random_below(2))
                todos[i].due = arena_strdup(&a, PICK(dues));
            for (unsigned n = random_below(3); n > 0; n--)
                assert_true(name_add_tag(&a, &todos[i], random_name(&a)));
        }
        assert_round_trip(&a, &(struct outline){.todos = todos, .ntodos = TODOS});
        arena_release(&a);
    }
}

static void test_random_documents(void **state)
{
    (void)state;
    const int rounds = thorough();
    seed = 4711;
    static const char *const starts[] = {"",        "",   "- [ ] ",   "- [x] ",   "  - [ ] ", "\t- [ ] ",
                                         "# ",      "  ", "    ",     "\t\t",     "> ",       "> - [ ] ",
                                         "1. [ ] ", "- ", "* * [ ] ", "[a]: /u ", "  ```"};
    size_t todos = 0;
    for (int round = 0; round < rounds; round++) {
        struct arena a = {0};
        char *document = arena_strdup(&a, "");
        for (unsigned n = random_below(15); n > 0; n--) {
            document = arena_printf(&a, "%s%s", document, PICK(starts));
            for (unsigned m = random_below(5); m > 0; m--)
                document = arena_printf(&a, "%s%s%s", document, PICK(bits), random_below(2) ? " " : "");
            document = arena_printf(&a, "%s\n", document);
        }
        struct outline outline = read_outline(&a, document);
        todos += outline.ntodos;
        for (size_t i = 0; i < outline.ntodos; i++) {
            const char *why;
            assert_null(title_check(outline.todos[i].title));
            assert_null(text_check(outline.todos[i].title, strlen(outline.todos[i].title), false));
            assert_null(text_check(outline.todos[i].notes, strlen(outline.todos[i].notes), true));
            assert_non_null(name_normal(&a, outline.todos[i].list, &why));
        }
        assert_round_trip(&a, &outline);
        arena_release(&a);
    }
    assert_true(todos > (size_t)rounds);
}

static void test_written(void **state)
{
    (void)state;
    struct arena a = {0};
    const char *const tags[] = {"home", "a_b", "two words"};
    const struct outline_todo todo = {.title = "Buy *milk* #1 @today",
                                      .notes = "one\n\n- [ ] two",
                                      .list = "Groceries",
                                      .due = "2026-12-01",
                                      .tags = tags,
                                      .ntags = 3,
                                      .priority = 2};
    assert_string_equal(
        outline_todo(&a, &todo),
        "- [ ] Buy \\*milk\\* \\#1 \\@today #home #a_b #\"two words\" !2 @2026-12-01 +Groceries\n"
        "\n"
        "  one\n"
        "\n"
        "  - \\[ ] two\n");
    assert_string_equal(outline_todo(&a, &(struct outline_todo){.title = "x", .notes = "\ty", .done = true}),
                        "-   [x] x\n\n    \ty\n");
    assert_string_equal(outline_heading(&a, "# *Name*"), "# \\# \\*Name\\*\n");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_long_titles),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_megabyte),
        cmocka_unit_test(test_written),
        {.name = "test_real_documents, if ../shared/data is there", .test_func = test_real_documents},
        cmocka_unit_test(test_awkward_todos),
        cmocka_unit_test(test_random_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
