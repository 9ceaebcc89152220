/* templates/view.c: the tables are whole, and each field is what its name says. */
#include "../../templates/view.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct mustache_type *const types[] = {
    &name_view_type,   &todo_view_type, &change_view_type,  &change_field_view_type,
    &option_view_type, &form_view_type, &problem_view_type, &page_view_type,
};
enum { TYPES = sizeof types / sizeof *types };

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
        for (const struct mustache_field *f = types[i]->fields; f->name; f++) {
            size_t align = f->kind == MUSTACHE_BOOL ? alignof(bool) : alignof(void *);
            if (f->offset != round_up(end, align))
                fail_msg("something is missing before %s.%s", types[i]->name, f->name);
            end = f->offset + size_of(f->kind);
        }
        if (types[i]->size != round_up(end, alignof(void *)))
            fail_msg("something is missing at the end of %s", types[i]->name);
    }
}

static void test_fields_are_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        for (const struct mustache_field *f = types[i]->fields; f->name; f++) {
            bool nested = f->kind == MUSTACHE_OBJECT || f->kind == MUSTACHE_LIST;
            assert_int_equal(nested, f->type != NULL);
            assert_non_null(f->help);
            assert_true(strlen(f->help) > 0 && !strchr(f->help, '\n'));
            for (const struct mustache_field *other = f + 1; other->name; other++)
                assert_string_not_equal(f->name, other->name);
        }
    }
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

static void test_a_history(void **state)
{
    (void)state;
    const struct change_field_view fields[] = {{"title", "old", "new"}, {"notes", NULL, NULL}};
    const struct change_view changes[] = {{"2026", "phone", "edited", {fields, 2}}};
    const struct page_view page = {.history = {changes, 1}};
    assert_string_equal(
        render("{{#history}}{{at}} {{actor}} {{what}}:{{#fields}} {{field}}{{#to}} {{from}}>{{to}}{{/to}}"
               "{{/fields}}{{/history}}",
               &page_view_type, &page),
        "2026 phone edited: title old>new notes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_cover_their_structs),
        cmocka_unit_test(test_fields_are_described),
        cmocka_unit_test(test_a_todo),
        cmocka_unit_test(test_a_form_and_what_was_wrong),
        cmocka_unit_test(test_a_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
