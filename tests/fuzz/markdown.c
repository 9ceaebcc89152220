/*
 * Notes -> HTML, and a reader of that HTML of its own, stricter than any browser: every tag is written in one
 * of the forms below, tags close what they opened, text is escaped, and addresses are judged as a browser
 * would judge them.
 */
#include "../../gen/markdown.h"
#include "check.h"

#include <ctype.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `*` stands for escaped text, `@` for an address that may be linked. */
#define AWAY " rel=\"nofollow noreferrer\""
static const char *const forms[] = {
    "p",
    "blockquote",
    "ul",
    "ol",
    "ol start=\"*\"",
    "li",
    "li class=\"task\"",
    "pre",
    "pre class=\"plain\"",
    "code",
    "code class=\"language-*\"",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "em",
    "strong",
    "del",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "th class=\"left\"",
    "th class=\"center\"",
    "th class=\"right\"",
    "td class=\"left\"",
    "td class=\"center\"",
    "td class=\"right\"",
    "a href=\"@\"",
    "a href=\"@\" title=\"*\"",
    "a href=\"@\"" AWAY,
    "a href=\"@\" title=\"*\"" AWAY,
    "br",
    "hr",
    "input type=\"checkbox\" disabled aria-label=\"open\"",
    "input type=\"checkbox\" disabled checked aria-label=\"done\"",
};
static const char *const empty[] = {"br", "hr", "input"};

/* The end of the entity that begins at s with its `&`. */
static const char *check_entity(const char *s, const char *end)
{
    const char *name = s + 1 + (s + 1 < end && s[1] == '#');
    for (s = name; s < end && isalnum((unsigned char)*s);)
        s++;
    CHECK(s > name && s < end && *s == ';');
    return s + 1;
}

/* Of what markup is made of, nothing stands as it is. */
static void check_text(const char *s, const char *end)
{
    while (s < end) {
        CHECK(!*s || !strchr("<>\"'", *s));
        s = *s == '&' ? check_entity(s, end) : s + 1;
    }
}

static bool begins_with(const char *s, const char *end, const char *prefix)
{
    return (size_t)(end - s) >= strlen(prefix) && strncasecmp(s, prefix, strlen(prefix)) == 0;
}

/* What browsers drop or take for something else before they look for a scheme never stands in an address. */
static void check_address(const char *s, const char *end, bool away)
{
    static const char *const hidden[] = {"&colon;", "&Tab;", "&NewLine;"};
    for (const char *c = s; c < end; c++) {
        CHECK(*c > ' ' && *c < 0x7f && !strchr("<>\"'\\`", *c));
        if (*c != '&')
            continue;
        check_entity(c, end);
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            CHECK(strncmp(c, hidden[i], strlen(hidden[i])) != 0);
    }
    const char *colon = s;
    while (colon < end && !strchr(":/?#", *colon))
        colon++;
    bool scheme = colon < end && *colon == ':';
    bool web = begins_with(s, end, "http:") || begins_with(s, end, "https:");
    CHECK(!scheme || web || begins_with(s, end, "mailto:"));
    CHECK(away == (web || begins_with(s, end, "//")));
}

static bool has_form(const char *form, const char *tag, const char *end)
{
    bool away = strstr(form, AWAY);
    const char *text, *quote;
    for (; *form != '\0'; form++) {
        if (*form != '*' && *form != '@') {
            if (tag == end || *tag++ != *form)
                return false;
            continue;
        }
        text = tag;
        quote = memchr(tag, '"', (size_t)(end - tag));
        if (!quote)
            return false;
        tag = quote;
        /* Judged only where the rest fits too. */
        if (!has_form(form + 1, tag, end))
            return false;
        if (*form == '@')
            check_address(text, quote, away);
        else
            check_text(text, quote);
        return true;
    }
    return tag == end;
}

/* The length of the name with which a tag begins. */
static size_t name_length(const char *tag, const char *end)
{
    size_t len = 0;
    while (tag + len < end && isalnum((unsigned char)tag[len]))
        len++;
    return len;
}

static bool is_empty(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        if (strlen(empty[i]) == len && memcmp(empty[i], name, len) == 0)
            return true;
    return false;
}

static void check_html(const char *s, const char *end)
{
    struct open {
        struct open *outer;
        const char *name;
        size_t len;
    } *open = NULL;
    struct arena a = {0};
    bool linked = false;

    for (const char *close; s < end; s = close + 1) {
        const char *tag = memchr(s, '<', (size_t)(end - s));
        check_text(s, tag ? tag : end);
        if (!tag)
            break;
        tag++;
        close = memchr(tag, '>', (size_t)(end - tag));
        CHECK(close);
        if (*tag == '/') {
            tag++;
            CHECK(open && (size_t)(close - tag) == open->len && memcmp(tag, open->name, open->len) == 0);
            linked &= !(open->len == 1 && *tag == 'a');
            open = open->outer;
            continue;
        }
        bool known = false;
        for (size_t i = 0; !known && i < sizeof forms / sizeof *forms; i++)
            known = has_form(forms[i], tag, close);
        CHECK(known);
        size_t len = name_length(tag, close);
        bool link = len == 1 && *tag == 'a';
        CHECK(!(link && linked));
        linked |= link;
        if (is_empty(tag, len))
            continue;
        struct open *inner = arena_alloc(&a, sizeof *inner);
        *inner = (struct open){open, tag, len};
        open = inner;
    }
    CHECK(!open);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TODO_NOTES_BYTES || text_check((const char *)data, size, true))
        return 0;
    enum { LONGEST_ESCAPE = 6, FRAME = 40, ROOM = 1 << 22 };
    char *source = strndup((const char *)data, size);
    struct buffer out;
    buffer_init(&out, ROOM);
    bool done = markdown_html(&out, source, size, NULL);
    CHECK(!out.overflow);
    CHECK(out.len <= (done ? (size_t)MARKDOWN_OUTPUT_MAX : LONGEST_ESCAPE * size + FRAME));
    if (out.len)
        check_html(out.base, out.base + out.len);
    buffer_release(&out);
    free(source);
    return 0;
}
