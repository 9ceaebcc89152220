/*
 * templates/mustache.c: all tests of the specification's required modules
 * (from the folder SPEC_DIR, or ../shared/data/mustache), then what is ours:
 * tables of structs, folders, errors with file and line, limits.
 */
#include "../../templates/mustache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

enum { OUTPUT_MAX = 1 << 20 };

/* ---- jansson's values as a dynamic type */

static bool json_get(const void *object, const char *name, size_t len, struct mustache_value *out);
static void json_item(const void *list, size_t index, struct mustache_value *out);
static const struct mustache_type json_data = {.name = "json", .get = json_get, .item = json_item};

static void json_value(const json_t *json, struct mustache_value *out)
{
    *out = (struct mustache_value){.kind = MUSTACHE_TEXT, .as.text = {"", 0}}; /* null */
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        out->kind = MUSTACHE_OBJECT;
        out->as.object.object = json;
        out->as.object.type = &json_data;
        break;
    case JSON_ARRAY:
        out->kind = MUSTACHE_LIST;
        out->as.list.object = json;
        out->as.list.count = json_array_size(json);
        out->as.list.type = &json_data;
        break;
    case JSON_STRING:
        out->as.text.base = json_string_value(json);
        out->as.text.len = json_string_length(json);
        break;
    case JSON_INTEGER:
        out->kind = MUSTACHE_NUMBER;
        out->as.number = (uint64_t)json_integer_value(json);
        break;
    case JSON_REAL:
        fail_msg("decimals must have been made text");
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        out->kind = MUSTACHE_BOOL;
        out->as.boolean = json_is_true(json);
        break;
    case JSON_NULL:
        break;
    }
}

static bool json_get(const void *object, const char *name, size_t len, struct mustache_value *out)
{
    const json_t *json = object;
    if (len != 1 || *name != '.')
        json = json_object_getn(json, name, len);
    if (json)
        json_value(json, out);
    return json;
}

static void json_item(const void *list, size_t index, struct mustache_value *out)
{
    json_value(json_array_get(list, index), out);
}

/* A decimal becomes text, as the engine has none. Takes the value over. */
static json_t *without_decimals(json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    void *next;
    if (json_is_real(json)) {
        char text[32];
        snprintf(text, sizeof text, "%g", json_real_value(json));
        json_decref(json);
        return json_string(text);
    }
    json_array_foreach(json, i, value)
    {
        json_array_set_new(json, i, without_decimals(json_incref(value)));
    }
    json_object_foreach_safe(json, next, key, value)
    {
        json_object_set_new(json, key, without_decimals(json_incref(value)));
    }
    return json;
}

/* ---- Helpers */

/* What a set renders, as a string to be freed; NULL if the buffer overflowed. */
static char *render(const struct mustache_set *set, const char *name, const struct mustache_type *type,
                    const void *object)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    const struct mustache *m = mustache_find(set, name);
    assert_non_null(m);
    mustache_render(m, type, object, &out);
    char *text = out.overflow ? NULL : strndup(out.len ? out.base : "", out.len);
    buffer_release(&out);
    return text;
}

static void assert_renders(const char *template, const struct mustache_partial *partials, size_t npartials,
                           const struct mustache_type *type, const void *object, const char *expected)
{
    char error[200] = "";
    struct mustache_set *set = mustache_parse(template, partials, npartials, error, sizeof error);
    assert_string_equal(error, "");
    char *text = render(set, "template.html", type, object);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    mustache_free(set);
}

/* ---- The specification */

enum { PARTIALS_MAX = 8 };

/* The rendering of one test of the specification, to be freed; or NULL with the error. */
static char *render_spec(const json_t *test, char *error, size_t error_size)
{
    struct mustache_partial partials[PARTIALS_MAX];
    size_t npartials = 0;
    const char *name;
    json_t *text;
    json_object_foreach(json_object_get(test, "partials"), name, text)
    {
        assert_true(npartials < PARTIALS_MAX);
        partials[npartials++] = (struct mustache_partial){name, json_string_value(text)};
    }
    struct mustache_set *set = mustache_parse(json_string_value(json_object_get(test, "template")), partials,
                                              npartials, error, error_size);
    if (!set)
        return NULL;
    json_t *data = without_decimals(json_deep_copy(json_object_get(test, "data")));
    char *rendered = render(set, "template.html", &json_data, data);
    json_decref(data);
    mustache_free(set);
    return rendered;
}

static void test_specification(void **state)
{
    const char *folder = getenv("SPEC_DIR");
    if (!folder)
        folder = "../shared/data/mustache";
    if (access(folder, R_OK) < 0) {
        print_message("Skipped: the tests of the Mustache specification are not in %s; name their folder in "
                      "SPEC_DIR.\n",
                      folder);
        skip();
    }
    char file[4096];
    snprintf(file, sizeof file, "%s/%s.json", folder, (const char *)*state);
    json_error_t json_error;
    json_t *module = json_load_file(file, 0, &json_error);
    if (!module)
        fail_msg("%s: %s", file, json_error.text);

    size_t failed = 0;
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(module, "tests"), i, test)
    {
        char error[200] = "overflow";
        const char *expected = json_string_value(json_object_get(test, "expected"));
        char *rendered = render_spec(test, error, sizeof error);
        if (!rendered || strcmp(rendered, expected) != 0) {
            print_error("%s: expected\n%s\nbut got\n%s\n", json_string_value(json_object_get(test, "name")),
                        expected, rendered ? rendered : error);
            failed++;
        }
        free(rendered);
    }
    assert_true(i >= 10);
    assert_int_equal(failed, 0);
    json_decref(module);
}

/* ---- Tables of structs */

struct person {
    const char *name;
    const char *slug;
    uint64_t age;
    bool admin;
    struct mustache_markup about;
    const struct person *boss;
    struct mustache_list friends;
};
static const struct mustache_type person_type;
static const struct mustache_field person_fields[] = {
    {"name", MUSTACHE_TEXT, offsetof(struct person, name), NULL, "help"},
    {"slug", MUSTACHE_SLUG, offsetof(struct person, slug), NULL, "help"},
    {"age", MUSTACHE_NUMBER, offsetof(struct person, age), NULL, "help"},
    {"admin", MUSTACHE_BOOL, offsetof(struct person, admin), NULL, "help"},
    {"about", MUSTACHE_MARKUP, offsetof(struct person, about), NULL, "help"},
    {"boss", MUSTACHE_OBJECT, offsetof(struct person, boss), &person_type, "help"},
    {"friends", MUSTACHE_LIST, offsetof(struct person, friends), &person_type, "help"},
    {0},
};
static const struct mustache_type person_type = {
    .name = "person", .size = sizeof(struct person), .fields = person_fields};

struct page {
    const char *title;
    struct mustache_list people;
    const struct person *none;
};
static const struct mustache_field page_fields[] = {
    {"title", MUSTACHE_TEXT, offsetof(struct page, title), NULL, "help"},
    {"people", MUSTACHE_LIST, offsetof(struct page, people), &person_type, "help"},
    {"none", MUSTACHE_OBJECT, offsetof(struct page, none), &person_type, "help"},
    {0},
};
static const struct mustache_type page_type = {
    .name = "page", .size = sizeof(struct page), .fields = page_fields};

static const struct person ann = {
    .name = "Ann <\"&'>", .slug = "á b", .age = 40, .admin = true, .about = {"<b>hi</b>", 9}};
static const struct person people[] = {
    {.name = "Bo", .age = 0, .boss = &ann, .friends = {&ann, 1}},
    {.name = "", .age = 18446744073709551615u},
};
static const struct page page = {.title = "T", .people = {people, 2}};

#define STRUCTS_TEMPLATE                                                                                     \
    "{{title}}:{{#people}} [{{name}}{{^name}}nobody{{/name}} {{age}}{{#age}}!{{/age}} {{admin}} of "         \
    "{{title}}"                                                                                              \
    "{{#boss}} under {{name}} {{slug}} {{about}}{{#admin}}*{{/admin}}{{/boss}} {{boss.name}}"                \
    "{{#friends}}<{{age}}>{{/friends}}{{^friends}}alone{{/friends}}]{{/people}}"                             \
    "{{#none}}no{{/none}}{{none.name}}{{none}}{{people}}"

#define STRUCTS_HTML                                                                                         \
    "T: [Bo 0 false of T under Ann &lt;&quot;&amp;&#39;&gt; %C3%A1%20b <b>hi</b>* "                          \
    "Ann &lt;&quot;&amp;&#39;&gt;<40>] [nobody 18446744073709551615! false of T alone]"

static void test_structs(void **state)
{
    (void)state;
    assert_renders(STRUCTS_TEMPLATE, NULL, 0, &page_type, &page, STRUCTS_HTML);
}

/* A NULL object is a value all the same: names below it are not looked for further out. */
static void test_null_hides_the_outer_name(void **state)
{
    (void)state;
    const struct person outer = {.name = "outer", .boss = &ann, .friends = {people + 1, 1}};
    assert_renders("{{#friends}}{{boss.name}}{{#boss}}seen{{/boss}}.{{/friends}}", NULL, 0, &person_type,
                   &outer, ".");
}

/* ---- Folders */

struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    strcpy(folder->path, "/tmp/test_mustache.XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static char *path_in(const struct folder *folder, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return path;
}

static void put(const struct folder *folder, const char *name, const char *text)
{
    FILE *f = fopen(path_in(folder, name), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Every file that a test writes. */
static const char *const names[] = {"page.html.mustache", "row.html.mustache", "page.json.mustache",
                                    "row.json.mustache",  "a.txt.mustache",    ".page.html.mustache",
                                    "README.md"};

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_in(folder, names[i]));
    int result = rmdir(folder->path);
    free(folder);
    return result;
}

static struct mustache_set *read_folder(const struct folder *folder)
{
    char error[200] = "";
    struct mustache_set *set = mustache_read(folder->path, &page_type, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(set);
    return set;
}

static void test_folder(void **state)
{
    const struct folder *folder = *state;
    put(folder, "page.html.mustache", STRUCTS_TEMPLATE "\n{{#people}}\n  {{> row}}\n{{/people}}\n");
    put(folder, "row.html.mustache", "<p>\n{{name}}\n</p>\n");
    put(folder, "page.json.mustache", "[{{#people}}{{#boss}}{{> row}}{{/boss}}{{/people}}]");
    put(folder, "row.json.mustache", "\"{{name}} {{slug}}\"");
    put(folder, ".page.html.mustache", "{{an editor's}}");
    put(folder, "README.md", "{{not a template}}");
    struct mustache_set *set = read_folder(folder);

    char *text = render(set, "page.html", &page_type, &page);
    assert_string_equal(text, STRUCTS_HTML "\n  <p>\n  Bo\n  </p>\n  <p>\n  \n  </p>\n");
    free(text);
    text = render(set, "page.json", &page_type, &page);
    assert_string_equal(text, "[\"Ann \\u003c\\\"\\u0026'\\u003e á b\"]");
    free(text);
    text = render(set, "row.html", &person_type, &ann);
    assert_string_equal(text, "<p>\nAnn &lt;&quot;&amp;&#39;&gt;\n</p>\n");
    free(text);
    assert_null(mustache_find(set, "page"));
    assert_null(mustache_find(set, "page.html.mustache"));
    assert_null(mustache_find(set, ".page.html"));
    mustache_free(set);
}

static uint64_t fingerprint(const struct folder *folder)
{
    struct mustache_set *set = read_folder(folder);
    uint64_t result = mustache_fingerprint(set);
    mustache_free(set);
    return result;
}

static void test_fingerprint(void **state)
{
    const struct folder *folder = *state;
    put(folder, "page.html.mustache", "ab");
    put(folder, "row.html.mustache", "c");
    uint64_t first = fingerprint(folder);
    assert_true(first == fingerprint(folder));
    put(folder, "page.html.mustache", "a");
    put(folder, "row.html.mustache", "bc");
    uint64_t moved = fingerprint(folder);
    assert_true(first != moved);
    unlink(path_in(folder, "row.html.mustache"));
    uint64_t fewer = fingerprint(folder);
    put(folder, "row.json.mustache", "bc"); /* the same bytes under another name */
    assert_true(fewer != moved);
    assert_true(fewer != fingerprint(folder));
    assert_true(moved != fingerprint(folder));
}

static void test_folder_errors(void **state)
{
    const struct folder *folder = *state;
    static const struct {
        const char *name, *text, *error; /* error: behind the folder and a slash */
    } examples[] = {
        {"page.html.mustache", "\n\n{{titel}}", "page.html.mustache:3: there is no variable \"titel\"."},
        {"page.html.mustache", "{{#people}}\n{{nam}}\n{{/people}}",
         "page.html.mustache:2: there is no variable \"nam\"."},
        {"page.html.mustache", "{{boss.title}}",
         "page.html.mustache:1: there is no variable \"boss.title\"."},
        {"page.html.mustache", "{{friends.name}}",
         "page.html.mustache:1: there is no variable \"friends.name\"."},
        {"page.html.mustache", "{{^boss.boss.nobody}}{{/boss.boss.nobody}}",
         "page.html.mustache:1: there is no variable \"boss.boss.nobody\"."},
        {"page.html.mustache", "x\n{{{title}}}",
         "page.html.mustache:2: \"title\" must not be written unescaped: use a markup field."},
        {"page.html.mustache", "{{& title}}",
         "page.html.mustache:1: \"title\" must not be written unescaped: use a markup field."},
        {"page.html.mustache", "\n{{> row}}", "page.html.mustache:2: there is no partial row.html.mustache."},
        {"page.json.mustache", "{{> page}}{{> row}}",
         "page.json.mustache:1: there is no partial row.json.mustache."},
        {"a.txt.mustache", "",
         "a.txt.mustache:1: a template is called NAME.html.mustache or NAME.json.mustache."},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        put(folder, examples[i].name, examples[i].text);
        char error[300] = "";
        assert_null(mustache_read(folder->path, &page_type, error, sizeof error));
        assert_string_equal(error, path_in(folder, examples[i].error));
        unlink(path_in(folder, examples[i].name));
    }

    char error[300] = "";
    assert_null(mustache_read(path_in(folder, "absent"), &page_type, error, sizeof error));
    assert_string_equal(error, path_in(folder, "absent: cannot be read: No such file or directory."));

    put(folder, "page.html.mustache", "{{boss.boss.name}}{{#people}}{{.}}{{/people}}{{anything}}");
    struct mustache_set *set = mustache_read(folder->path, NULL, error, sizeof error);
    assert_non_null(set); /* without a root names are not checked */
    mustache_free(set);
}

static void test_template_too_long(void **state)
{
    const struct folder *folder = *state;
    char *text = malloc(MUSTACHE_SOURCE_MAX + 2);
    memset(text, 'x', MUSTACHE_SOURCE_MAX + 1);
    text[MUSTACHE_SOURCE_MAX + 1] = '\0';
    char error[200] = "";
    put(folder, "page.html.mustache", text);
    assert_null(mustache_read(folder->path, NULL, error, sizeof error));
    assert_string_equal(error, path_in(folder, "page.html.mustache:1: is longer than 1048576 bytes."));
    put(folder, "page.html.mustache", text + 1);
    mustache_free(read_folder(folder));
    free(text);
}

/* ---- Errors and limits */

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } examples[] = {
        {"a\n{{#b}}\nc", "template.html:2: section \"b\" is not closed."},
        {"{{#b}}{{/b}}\n{{/b}}", "template.html:2: \"b\" is closed, but no section is open."},
        {"{{#a}}\n{{^b}}\n{{/a}}{{/b}}", "template.html:3: \"a\" is closed where \"b\" is open."},
        {"\n{{a", "template.html:2: this tag is not closed: }} is missing."},
        {"{{{a}}", "template.html:1: this tag is not closed: }}} is missing."},
        {"{{=<% %>=}}\r\n<% a }}", "template.html:2: this tag is not closed: %> is missing."},
        {"{{=a}}", "template.html:1: this tag is not closed: =}} is missing."},
        {"{{=}}", "template.html:1: this tag is not closed: =}} is missing."},
        {"{{! no end", "template.html:1: this tag is not closed: }} is missing."},
        {"{{}}", "template.html:1: a tag without a name."},
        {"{{# }}{{/}}", "template.html:1: a tag without a name."},
        {"{{>}}", "template.html:1: a tag without a name."},
        {"{{a..b}}", "template.html:1: \"a..b\": a part of the name is empty."},
        {"{{a.}}", "template.html:1: \"a.\": a part of the name is empty."},
        {"{{..}}", "template.html:1: \"..\": a part of the name is empty."},
        {"{{a.b.c.d.e.f.g.h.i}}", "template.html:1: a name has more than 8 parts."},
        {"{{=a=}}",
         "template.html:1: delimiters are set as {{=<% %>=}}: two of them, without '=' or blanks."},
        {"{{=a b c=}}",
         "template.html:1: delimiters are set as {{=<% %>=}}: two of them, without '=' or blanks."},
        {"{{=a= b=}}",
         "template.html:1: delimiters are set as {{=<% %>=}}: two of them, without '=' or blanks."},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char error[200] = "";
        assert_null(mustache_parse(examples[i].text, NULL, 0, error, sizeof error));
        assert_string_equal(error, examples[i].error);
    }
    char error[200] = "";
    const struct mustache_partial partial = {"part", "\n\n{{"};
    assert_null(mustache_parse("", &partial, 1, error, sizeof error));
    assert_string_equal(error, "part.html:3: this tag is not closed: }} is missing.");
    const struct mustache_partial nameless = {"", "{{title}}"};
    assert_renders("{{>a}}", &nameless, 1, &page_type, &page, "");

    char small[10];
    assert_null(mustache_parse("{{", NULL, 0, small, sizeof small));
    assert_string_equal(small, "template."); /* cut, and terminated */
}

/* `n` times `text`, to be freed. */
static char *repeat(const char *text, size_t n)
{
    char *result = calloc(n + 1, strlen(text) + 1);
    char *at = result;
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, text);
    return result;
}

static void test_sections_too_deep(void **state)
{
    (void)state;
    for (size_t depth = MUSTACHE_DEPTH_MAX; depth <= MUSTACHE_DEPTH_MAX + 1; depth++) {
        char *open = repeat("{{#title}}", depth);
        char *close = repeat("{{/title}}", depth);
        char *template = NULL;
        assert_true(asprintf(&template, "%sdeep%s", open, close) > 0);
        if (depth == MUSTACHE_DEPTH_MAX) {
            assert_renders(template, NULL, 0, &page_type, &page, "deep");
        } else {
            char error[200] = "";
            assert_null(mustache_parse(template, NULL, 0, error, sizeof error));
            assert_string_equal(error, "template.html:1: sections are more than 128 deep.");
        }
        free(template);
        free(close);
        free(open);
    }
}

static void test_too_many_names(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    for (int i = 0; i <= 1024; i++)
        buffer_printf(&b, "{{n%d}}\n", i);
    buffer_putc(&b, '\0');
    char error[200] = "";
    assert_null(mustache_parse(b.base, NULL, 0, error, sizeof error));
    assert_string_equal(error, "template.html:1025: there are more than 1024 different names.");
    buffer_release(&b);
}

/* Partials that end with the data end; those that do not are stopped, quickly, also
 * where the tree of calls is as wide as it is deep. */
static void test_recursion(void **state)
{
    (void)state;
    struct person chain[40] = {{.name = "end"}};
    for (size_t i = 1; i < 40; i++)
        chain[i] = (struct person){.name = ".", .boss = &chain[i - 1]};
    const struct mustache_partial node = {"node", "{{name}}{{#boss}}{{>node}}{{/boss}}"};
    char *dots = repeat(".", 39);
    char *expected = NULL;
    assert_true(asprintf(&expected, "%send", dots) > 0);
    assert_renders("{{>node}}", &node, 1, &person_type, &chain[39], expected);
    free(expected);
    free(dots);

    struct person self = {.name = "x", .boss = &self};
    const struct mustache_partial wide = {"node", "{{>node}}{{#boss}}{{>node}}{{>node}}{{/boss}}"};
    const struct mustache_partial *const endless[] = {&node, &wide};
    for (size_t i = 0; i < 2; i++) {
        char error[200] = "";
        struct mustache_set *set = mustache_parse("{{>node}}", endless[i], 1, error, sizeof error);
        assert_non_null(set);
        assert_null(render(set, "template.html", &person_type, &self));
        mustache_free(set);
    }
}

/* What the specification's tests leave out of indentation. */
static void test_indentation(void **state)
{
    (void)state;
    const struct mustache_partial partials[] = {
        {"outer", "a\n\t{{>inner}}\n{{>inner}}\n{{title}} {{>inner}}\n\nz"},
        {"inner", "{{#title}}\n1{{title}}\n2\n{{/title}}\n"},
    };
    assert_renders("  {{>outer}}\n", partials, 2, &page_type, &page,
                   "  a\n  \t1T\n  \t2\n  1T\n  2\n  T 1T\n2\n\n  \n  z");
}

static void test_output_too_long(void **state)
{
    (void)state;
    char error[200] = "";
    struct mustache_set *set = mustache_parse("{{#people}}{{title}}12345{{/people}}", NULL, 0, error, 200);
    struct buffer out;
    buffer_init(&out, 11);
    mustache_render(mustache_find(set, "template.html"), &page_type, &page, &out);
    assert_true(out.overflow);
    buffer_release(&out);
    buffer_init(&out, 12);
    mustache_render(mustache_find(set, "template.html"), &page_type, &page, &out);
    assert_false(out.overflow);
    assert_int_equal(out.len, 12);
    buffer_release(&out);
    mustache_free(set);
}

/* Strings of what means something to the parser, the same in each run: each
 * is a template or an error, and sanitizers see the rest. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{{", "}}", "{{{", "}}}", "{", "}",      "#",    "^",    "/",
                                         ">",  "&",  "!",   "=",   ".", "people", "name", "boss", "node",
                                         " ",  "\n", "\r",  "\t",  "|", "\xff",   "{{#",  "{{/",  "{{="};
    uint32_t random = 1;
    size_t parsed = 0;
    size_t refused = 0;
    for (int round = 0; round < 20000; round++) {
        char text[2][128] = {"", ""};
        for (int i = 0; i < 24; i++) {
            random = random * 1664525 + 1013904223;
            strcat(text[i % 2], pieces[(random >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        const struct mustache_partial node = {"node", text[1]};
        char error[200] = "";
        struct mustache_set *set = mustache_parse(text[0], &node, 1, error, sizeof error);
        if (set) {
            parsed++;
            free(render(set, "template.html", &page_type, &page));
        } else {
            refused++;
            assert_non_null(strstr(error, ".html:"));
        }
        mustache_free(set);
    }
    assert_true(parsed > 100);
    assert_true(refused > 100);
}

#define SPECIFICATION(module)                                                                                \
    {                                                                                                        \
        "specification: " module, test_specification, NULL, NULL, (char[])                                   \
        {                                                                                                    \
            module                                                                                           \
        }                                                                                                    \
    }
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPECIFICATION("comments"),
        SPECIFICATION("delimiters"),
        SPECIFICATION("interpolation"),
        SPECIFICATION("inverted"),
        SPECIFICATION("partials"),
        SPECIFICATION("sections"),
        cmocka_unit_test(test_structs),
        cmocka_unit_test(test_null_hides_the_outer_name),
        WITH_FOLDER(test_folder),
        WITH_FOLDER(test_fingerprint),
        WITH_FOLDER(test_folder_errors),
        WITH_FOLDER(test_template_too_long),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_sections_too_deep),
        cmocka_unit_test(test_too_many_names),
        cmocka_unit_test(test_recursion),
        cmocka_unit_test(test_indentation),
        cmocka_unit_test(test_output_too_long),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
