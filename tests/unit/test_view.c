/* templates/view.c: the tables are whole, and each field is what its name says. */
#include "../../templates/view.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const struct mustache_type *type;
    const char *of; /* for the document */
} types[] = {
    {&page_view_type, "A page"},
    {&todo_view_type, "A todo"},
    {&name_view_type, "A list or tag"},
    {&part_view_type, "A part of /due"},
    {&change_view_type, "A change in a todo's history"},
    {&change_field_view_type, "A field of a change"},
    {&form_view_type, "A form of a todo"},
    {&option_view_type, "A choice in a form"},
    {&problem_view_type, "A field that is wrong"},
    {&sign_in_view_type, "The form to sign in"},
    {&kept_view_type, "A field that is kept through a sign-in"},
    {&stats_view_type, "The plots of /stats"},
    {&day_view_type, "A day of the plots"},
    {&bar_view_type, "A bar of a plot"},
    {&tick_view_type, "A tick at a plot's axis"},
};
enum { TYPES = sizeof types / sizeof *types, DOCUMENT_BYTES = 128 * 1024, TEMPLATES = 100, NAMES = 200 };

static const char document_path[] = "templates/README.md";
static const char tables_begin[] =
    "<!-- The tables begin. UPDATE=1 build/tests/test_view writes them. -->\n\n";
static const char tables_end[] = "\n<!-- The tables end. -->\n";

static size_t size_of(enum mustache_kind kind)
{
    switch (kind) {
    case MUSTACHE_MARKUP:
        return sizeof(struct mustache_markup);
    case MUSTACHE_LIST:
        return sizeof(struct mustache_list);
    case MUSTACHE_BOOL:
        return sizeof(bool);
    default:
        return sizeof(uint64_t);
    }
}

static size_t round_up(size_t offset, size_t align)
{
    return (offset + align - 1) / align * align;
}

/* In the order of the struct and without a hole wider than padding: so a
 * member that was added to a struct and forgotten here is found (unless it is
 * a bool that fits into padding). */
static void test_tables_cover_their_structs(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        size_t end = 0;
        const struct mustache_type *type = types[i].type;
        for (const struct mustache_field *f = type->fields; f->name; f++) {
            size_t align = f->kind == MUSTACHE_BOOL ? alignof(bool) : alignof(void *);
            if (f->offset != round_up(end, align))
                fail_msg("something is missing before %s.%s", type->name, f->name);
            end = f->offset + size_of(f->kind);
        }
        if (type->size != round_up(end, alignof(void *)))
            fail_msg("something is missing at the end of %s", type->name);
    }
}

static void test_fields_are_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        for (const struct mustache_field *f = types[i].type->fields; f->name; f++) {
            bool nested = f->kind == MUSTACHE_OBJECT || f->kind == MUSTACHE_LIST;
            assert_int_equal(nested, f->type != NULL);
            assert_non_null(f->help);
            assert_true(strlen(f->help) > 0 && !strchr(f->help, '\n'));
            for (const struct mustache_field *other = f + 1; other->name; other++)
                assert_string_not_equal(f->name, other->name);
        }
    }
}

/* ---- templates/README.md */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        fail_msg("%s cannot be read: run this in the project's root", path);
    char *text = calloc(1, DOCUMENT_BYTES);
    assert_non_null(text);
    assert_true(fread(text, 1, DOCUMENT_BYTES - 1, f) > 0 && feof(f));
    fclose(f);
    return text;
}

static size_t list_templates(const char *names[TEMPLATES])
{
    size_t n = 0;
    DIR *folder = opendir("templates");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".mustache")) {
            assert_true(n < TEMPLATES);
            names[n++] = strdup(entry->d_name);
        }
    closedir(folder);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* The names in a template's tags, each once; those of partials with their mark. */
static size_t names_in(char *text, const char *names[NAMES])
{
    size_t n = 0;
    for (char *tag = strstr(text, "{{"); tag; tag = strstr(tag, "{{")) {
        tag += 2;
        if (*tag == '!' || *tag == '/') {
            continue;
        }
        char *end = strstr(tag, "}}");
        assert_non_null(end);
        *end = '\0';
        const char *name = *tag == '#' || *tag == '^' ? tag + 1 : tag;
        bool known = false;
        for (size_t i = 0; i < n; i++)
            known |= strcmp(names[i], name) == 0;
        assert_true(n < NAMES);
        if (!known)
            names[n++] = name;
        tag = end + 1;
    }
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* What a template says of itself in its first line, a comment. */
static void put_purpose(struct buffer *out, const char *template, char *text)
{
    static const char begin[] = "{{! ";
    char *end = strstr(text, ". }}\n");
    if (strncmp(text, begin, sizeof begin - 1) != 0 || !end)
        fail_msg("templates/%s does not say what it is for in a comment at its top", template);
    for (const char *c = text + sizeof begin - 1; c < end; c++)
        buffer_putc(out, *c == '\n' ? ' ' : *c);
}

static void put_templates(struct buffer *out)
{
    const char *templates[TEMPLATES], *names[NAMES];
    size_t n = list_templates(templates);
    buffer_puts(out,
                "## The templates\n\n| template | what it is | variables and parts |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < n; i++) {
        char path[300];
        snprintf(path, sizeof path, "templates/%s", templates[i]);
        char *text = read_whole(path);
        buffer_printf(out, "| `%.*s` | ", (int)(strlen(templates[i]) - strlen(".mustache")), templates[i]);
        put_purpose(out, templates[i], text);
        buffer_puts(out, " |");
        size_t nnames = names_in(text, names);
        for (size_t k = 0; k < nnames; k++)
            buffer_printf(out, " `%s`", names[k]);
        buffer_puts(out, " |\n");
        free(text);
        free((char *)templates[i]);
    }
}

static void put_types(struct buffer *out)
{
    static const char *const kinds[] = {
        [MUSTACHE_TEXT] = "text",   [MUSTACHE_MARKUP] = "HTML",   [MUSTACHE_NUMBER] = "number",
        [MUSTACHE_BOOL] = "yes/no", [MUSTACHE_OBJECT] = "object", [MUSTACHE_LIST] = "list",
        [MUSTACHE_SLUG] = "slug",
    };
    buffer_puts(out, "\n## The variables\n");
    for (size_t i = 0; i < TYPES; i++) {
        buffer_printf(out, "\n### %s\n\n| variable | kind | what it says |\n| --- | --- | --- |\n",
                      types[i].of);
        for (const struct mustache_field *f = types[i].type->fields; f->name; f++) {
            const char *of = "";
            for (size_t k = 0; f->type && k < TYPES; k++)
                of = types[k].type == f->type ? types[k].of : of;
            buffer_printf(out, "| `%s` | %s%s%s | %s |\n", f->name, kinds[f->kind], *of ? ": " : "", of,
                          f->help);
        }
    }
}

static void test_document(void **state)
{
    (void)state;
    struct buffer tables;
    buffer_init(&tables, DOCUMENT_BYTES);
    put_templates(&tables);
    put_types(&tables);
    buffer_putc(&tables, '\0');
    assert_false(tables.overflow);

    char *document = read_whole(document_path);
    char *begin = strstr(document, tables_begin);
    assert_non_null(begin);
    begin += sizeof tables_begin - 1;
    char *end = strstr(begin, tables_end);
    if (!end) /* there are none yet: the marks share their empty line */
        end = begin - 1;
    if (getenv("UPDATE")) {
        FILE *f = fopen(document_path, "we");
        assert_non_null(f);
        assert_true(fprintf(f, "%.*s%s%s", (int)(begin - document), document, tables.base, end) > 0);
        assert_int_equal(fclose(f), 0);
    } else if (strlen(tables.base) != (size_t)(end - begin) ||
               memcmp(begin, tables.base, (size_t)(end - begin)) != 0) {
        size_t same = 0;
        while (begin + same < end && begin[same] == tables.base[same])
            same++;
        fail_msg(
            "%s does not say what the tables and templates say, from here on:\n%.200s\nUPDATE=1 writes it.",
            document_path, tables.base + same);
    }
    free(document);
    buffer_release(&tables);
}

static char *render(const char *template, const struct mustache_type *type, const void *object)
{
    static char text[10000];
    char error[200] = "";
    struct buffer out;
    buffer_init(&out, sizeof text - 1);
    struct mustache_set *set = mustache_parse(template, NULL, 0, error, sizeof error);
    assert_string_equal(error, "");
    mustache_render(mustache_find(set, "template.html"), type, object, &out);
    assert_false(out.overflow);
    memcpy(text, out.base, out.len);
    text[out.len] = '\0';
    buffer_release(&out);
    mustache_free(set);
    return text;
}

static void test_a_todo(void **state)
{
    (void)state;
    const struct name_view list = {.id = 5,
                                   .name = "R&D",
                                   .slug = "r-d é",
                                   .version = 2,
                                   .is_public = true,
                                   .open = 1,
                                   .done = 2,
                                   .total = 3};
    const struct name_view tags[] = {{.name = "a", .slug = "a"}, {.name = "b", .slug = "b", .last = true}};
    const struct todo_view todo = {.id = 42,
                                   .version = 3,
                                   .revision = 1017,
                                   .title = "Buy <milk>",
                                   .notes = "*n*",
                                   .notes_html = {"<em>n</em>", 10},
                                   .list = &list,
                                   .tags = {tags, 2},
                                   .priority = 1,
                                   .due = "2026-12-01",
                                   .due_day = "2026-12-01",
                                   .overdue = true,
                                   .created = "c",
                                   .updated = "u"};
    const struct page_view page = {.todos = {&todo, 1}, .title = "page"};
    assert_string_equal(
        render("{{#todos}}{{id}} {{version}} {{revision}} {{title}} {{notes}} {{notes_html}} {{done}} "
               "{{#list}}{{id}} {{name}} {{slug}} {{version}} {{is_public}} {{open}}+{{done}}={{total}}"
               "{{/list}} {{#tags}}{{name}}{{^last}}, {{/last}}{{/tags}} {{priority}} {{due}} {{due_day}} "
               "{{overdue}} {{due_today}} {{created}} {{updated}} [{{finished}}] {{last}}{{/todos}}",
               &page_view_type, &page),
        "42 3 1017 Buy &lt;milk&gt; *n* <em>n</em> false 5 R&amp;D r-d%20%C3%A9 2 true 1+2=3 a, b 1 "
        "2026-12-01 2026-12-01 true false c u [] false");
}

static void test_a_form_and_what_was_wrong(void **state)
{
    (void)state;
    const struct option_view priorities[] = {{"", "none", false}, {"1", "highest", true}};
    const struct form_view form = {.action = "/api/todos",
                                   .method = "PATCH",
                                   .version = 7,
                                   .title = "t",
                                   .tags = "a, b",
                                   .done = true,
                                   .priorities = {priorities, 2},
                                   .title_error = "is empty"};
    const struct problem_view problems[] = {{.field = "title", .detail = "is empty", .last = true}};
    const struct page_view page = {.form = &form, .problems = {problems, 1}, .status = 422};
    assert_string_equal(
        render("{{status}} {{#form}}{{action}} {{method}} {{version}} {{title}} {{tags}} {{done}} "
               "{{#priorities}}({{value}}|{{label}}|{{selected}}){{/priorities}} {{title_error}}{{/form}} "
               "{{#problems}}{{field}} {{detail}}{{^last}};{{/last}}{{/problems}}",
               &page_view_type, &page),
        "422 /api/todos PATCH 7 t a, b true (|none|false)(1|highest|true) is empty title is empty");
}

static void test_signing_in(void **state)
{
    (void)state;
    const struct kept_view kept[] = {{"kept.title", "\"Buy\" <milk>"}, {"kept_action", "/api/todos"}};
    const struct sign_in_view sign_in = {.next = "/open", .kept = {kept, 2}};
    const struct page_view page = {.sign_in = &sign_in, .next = 7};
    assert_string_equal(
        render("{{#sign_in}}{{next}}:{{#kept}} {{name}}={{value}}{{/kept}}{{/sign_in}} {{next}}",
               &page_view_type, &page),
        "/open: kept.title=&quot;Buy&quot; &lt;milk&gt; kept_action=/api/todos 7");
}

static void test_a_history(void **state)
{
    (void)state;
    const struct change_field_view fields[] = {{"title", "old", "new"}, {"notes", NULL, NULL}};
    const struct change_view changes[] = {{"2026", "1 December", "phone", "edited", {fields, 2}}};
    const struct page_view page = {.history = {changes, 1}};
    assert_string_equal(render("{{#history}}{{at}} {{at_text}} {{actor}} {{what}}:{{#fields}} "
                               "{{field}}{{#to}} {{from}}>{{to}}{{/to}}"
                               "{{/fields}}{{/history}}",
                               &page_view_type, &page),
                        "2026 1 December phone edited: title old>new notes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_cover_their_structs),
        cmocka_unit_test(test_fields_are_described),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_a_todo),
        cmocka_unit_test(test_a_form_and_what_was_wrong),
        cmocka_unit_test(test_signing_in),
        cmocka_unit_test(test_a_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
