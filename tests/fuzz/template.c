/*
 * A template and two partials, parsed and rendered. A form feed parts them. Whatever the template, a value is
 * markup only where it was asked for.
 */
#include "../../templates/view.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 3, OUTPUT_MAX = 1 << 16 };

/* A value for each kind of field; lists and objects within each other. */
static struct page_view sample_page(void)
{
    static const char hostile[] = "</textarea><b title=\"'&amp;\">\n{{title}}";
    static const struct name_view list = {
        .id = 1, .name = hostile, .slug = "<slug>", .is_public = true, .last = true};
    static const struct todo_view todos[] = {{.id = 1, .title = hostile, .list = &list},
                                             {.id = 2, .title = "", .done = true, .last = true}};
    static const struct form_view form = {.action = "/", .title = hostile};
    return (struct page_view){.title = hostile,
                              .members = true,
                              .todo = todos,
                              .list = &list,
                              .todos = {todos, 2},
                              .open = UINT64_MAX,
                              .add = &form};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    const char *parts[PARTS] = {"", "", ""};
    const char *rest = (const char *)data, *end = rest + size;
    for (int i = 0; i < PARTS && rest && size; i++) {
        const char *feed = memchr(rest, '\f', (size_t)(end - rest));
        parts[i] = arena_strndup(&a, rest, (size_t)((feed ? feed : end) - rest));
        rest = feed ? feed + 1 : NULL;
    }

    char error[200] = "";
    const struct mustache_partial partials[] = {{"a", parts[1]}, {"b", parts[2]}};
    struct mustache_set *set = mustache_parse(parts[0], partials, 2, error, sizeof error);
    CHECK(set ? !*error : *error != '\0');
    if (set) {
        struct buffer out;
        buffer_init(&out, OUTPUT_MAX);
        const struct page_view page = sample_page();
        mustache_render(mustache_find(set, "template.html"), &page_view_type, &page, &out);
        CHECK(out.len <= OUTPUT_MAX);
        bool asked = false; /* for markup, or for delimiters with which it can be asked for */
        for (int i = 0; i < PARTS; i++)
            asked |= strpbrk(parts[i], "<\"'&=") || strstr(parts[i], "{{{");
        for (size_t i = 0; !asked && i < out.len; i++)
            CHECK(!out.base[i] || !strchr("<\"'", out.base[i]));
        buffer_release(&out);
        mustache_free(set);
    }
    arena_release(&a);
    return 0;
}
