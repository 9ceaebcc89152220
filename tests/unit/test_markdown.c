/*
 * Notes -> HTML where it is not the CommonMark specification that says how:
 * what is linked, what images become, and what is refused.
 */
#include "../../gen/markdown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The HTML, NUL-terminated, until the next call. */
static struct buffer html;

static bool render(const char *notes, size_t len)
{
    char *copy = calloc(1, len + 1);
    assert_non_null(copy);
    memcpy(copy, notes, len);
    buffer_clear(&html);
    bool done = markdown_html(&html, copy, len, NULL);
    free(copy);
    buffer_putc(&html, '\0');
    assert_false(html.overflow);
    return done;
}

static void test_links(void **state)
{
    (void)state;
    static const char *const linked[] = {
        "",
        "a",
        "/a",
        "#a",
        "?a:b",
        "//host",
        "a/b:c",
        "../a",
        "http:",
        "https://a",
        "HtTpS://a",
        "mailto:a@b",
        "/javascript:a",
        "javascript",
        "?javascript:a",
        "#javascript:a",
        "./javascript:a",
        "%6aavascript/",
    };
    static const char *const refused[] = {
        "javascript:a",
        "JAVASCRIPT:a",
        " javascript:a",
        "\x01javascript:a",
        "java\tscript:a",
        "java\nscript:a",
        "vbscript:a",
        "data:a",
        "file:///a",
        "ftp://a",
        "httpx:a",
        "htt:a",
        ":",
        "a:b",
        "é:a",
        "http\x7f",
        "a\nb",
        "&colon;:",
    };
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++)
        if (!markdown_may_link(linked[i], strlen(linked[i])))
            fail_msg("%s is refused", linked[i]);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (markdown_may_link(refused[i], strlen(refused[i])))
            fail_msg("%s is linked", refused[i]);
    assert_false(markdown_may_link("a\0b", 3));
}

static void test_examples(void **state)
{
    (void)state;
    static const struct {
        const char *notes, *html;
    } examples[] = {
        {"", ""},
        {"[a](/b \"c\")", "<p><a href=\"/b\" title=\"c\">a</a></p>\n"},
        {"[a](http://b)", "<p><a href=\"http://b\" rel=\"nofollow noreferrer\">a</a></p>\n"},
        {"[a](//b)", "<p><a href=\"//b\" rel=\"nofollow noreferrer\">a</a></p>\n"},
        {"[a](&sol;/b)", "<p><a href=\"//b\" rel=\"nofollow noreferrer\">a</a></p>\n"},
        {"<a@b.c>", "<p><a href=\"mailto:a@b.c\">a@b.c</a></p>\n"},
        {"[*a*](javascript&colon;b \"c\")", "<p><em>a</em></p>\n"},
        {"[a](java&Tab;script:b)", "<p>a</p>\n"},
        {"[a](&auml;&#228;&#x41;)", "<p><a href=\"&auml;%C3%A4A\">a</a></p>\n"},
        {"&copy; &#1; &#0; &#65; &#xd800; &#128;",
         "<p>&copy; \xef\xbf\xbd \xef\xbf\xbd A \xef\xbf\xbd \xef\xbf\xbd</p>\n"},
        {"![a *b*](/c \"d\")", "<p><a href=\"/c\" title=\"d\">a b</a></p>\n"},
        {"![](http://a/b.png)",
         "<p><a href=\"http://a/b.png\" rel=\"nofollow noreferrer\">http://a/b.png</a></p>\n"},
        {"![a](data:b)", "<p>a</p>\n"},
        {"![](data:b)", "<p></p>\n"},
        {"[![a](/b)](/c)", "<p><a href=\"/c\">a</a></p>\n"},
        {"[![a](/b) d](x:y)", "<p><a href=\"/b\">a</a> d</p>\n"},
        {"![a ![b](/c) [d](/e)](/f) [g](/h)", "<p><a href=\"/f\">a b d</a> <a href=\"/h\">g</a></p>\n"},
        {"- [ ] a\n- [x] b",
         "<ul>\n"
         "<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"open\"> a</li>\n"
         "<li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"done\"> b</li>\n"
         "</ul>\n"},
        {"```c++ x\na<b\n```", "<pre><code class=\"language-c++\">a&lt;b\n</code></pre>\n"},
        {"```a&#32;b&quot;\n```", "<pre><code class=\"language-a\"></code></pre>\n"},
        {"```\"&gt;\n```", "<pre><code class=\"language-&quot;&gt;\"></code></pre>\n"},
        {"~[](~)", "<p><del><a href=\"~\"></a></del></p>\n"},
        {"- [](~)~\n  - a", "<ul>\n<li><a href=\"~\"></a><ul>\n<li>a</li>\n</ul>\n</li>\n</ul>\n"},
        {"[<a@b>](c)", "<p><a href=\"c\">a@b</a></p>\n"},
        {"[](", "<p>[](</p>\n"},
        {"~~a~~ <b>c</b>", "<p><del>a</del> &lt;b&gt;c&lt;/b&gt;</p>\n"},
        {"www.a.b http://a.b a@b.c [[a]] $a$", "<p>www.a.b http://a.b a@b.c [[a]] $a$</p>\n"},
        {"|a|b|\n|---|:-:|\n|c|d|",
         "<table>\n<thead>\n<tr>\n<th>a</th>\n<th class=\"center\">b</th>\n</tr>\n</thead>\n"
         "<tbody>\n<tr>\n<td>c</td>\n<td class=\"center\">d</td>\n</tr>\n</tbody>\n</table>\n"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_true(render(examples[i].notes, strlen(examples[i].notes)));
        assert_string_equal(html.base, examples[i].html);
    }
}

static char *repeated(const char *unit, size_t len)
{
    char *all = malloc(len + 1);
    assert_non_null(all);
    for (size_t i = 0; i < len; i++)
        all[i] = unit[i % strlen(unit)];
    all[len] = '\0';
    return all;
}

static void assert_shown_as_source(const char *notes)
{
    struct buffer expected;
    buffer_init(&expected, SIZE_MAX);
    buffer_puts(&expected, "<pre class=\"plain\">");
    for (const char *s = notes; *s != '\0'; s++)
        if (*s == '<' || *s == '>' || *s == '&')
            buffer_puts(&expected, *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : "&amp;");
        else
            buffer_putc(&expected, *s);
    buffer_puts(&expected, "</pre>\n");
    buffer_putc(&expected, '\0');
    assert_false(render(notes, strlen(notes)));
    assert_string_equal(html.base, expected.base);
    buffer_release(&expected);
}

static void test_refused(void **state)
{
    (void)state;
    enum { NOTES = 16 * 1024 };

    /* Every use of the label is a link to all of the address. */
    char *notes = repeated("[a]", NOTES);
    memset(notes, 'x', 4000);
    memcpy(notes, "[a]: /", 6);
    memcpy(notes + 4000, "\n\n", 2);
    assert_shown_as_source(notes);
    free(notes);

    /* Rows are filled up with empty cells. */
    notes = repeated("|\n", NOTES);
    for (size_t i = 0; i < 2000; i++)
        notes[i] = "|a"[i % 2];
    for (size_t i = 0; i < 4000; i++)
        notes[2001 + i] = "|---"[i % 4];
    notes[2000] = notes[6001] = '\n';
    assert_shown_as_source(notes);
    free(notes);

    static const char *const deep[] = {"[", "![", "[[]", "> ", ">", "- ", "1. ", "> - "};
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        notes = repeated(deep[i], NOTES);
        assert_shown_as_source(notes);
        free(notes);
    }
    notes = repeated("a", MARKDOWN_OUTPUT_MAX + 1);
    assert_shown_as_source(notes);
    free(notes);
}

static void test_just_not_refused(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t times;
    } cases[] = {{"[", MARKDOWN_NESTING_MAX},
                 {"> ", MARKDOWN_NESTING_MAX},
                 {"[a\n\n", 4000},
                 {"[a]", 5000},
                 {"- a\n", 4000},
                 {"---", 1000},
                 {"a > b ", 1000},
                 {"3.14 ", 1000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *notes = repeated(cases[i].unit, strlen(cases[i].unit) * cases[i].times);
        assert_true(render(notes, strlen(notes)));
        free(notes);
    }
}

/* Whatever is in the buffer before stays, and a small one is reported, not written past. */
static void test_buffer(void **state)
{
    (void)state;
    struct buffer small;
    buffer_init(&small, 20);
    buffer_puts(&small, "before");
    assert_true(markdown_html(&small, "a", 1, NULL));
    assert_int_equal(small.len, strlen("before<p>a</p>\n"));
    assert_memory_equal(small.base, "before<p>a</p>\n", small.len);
    assert_false(markdown_html(&small, "a", 1, NULL));
    assert_true(small.overflow);
    buffer_release(&small);
}

/* Nothing of 16 KiB may take more than a moment, or end otherwise than well. */
static void test_random(void **state)
{
    (void)state;
    static const char *const bits[] = {
        "[",     "]",  "![",       "](",     ")",    "(",    "<",     ">",     "*",    "**", "_",
        "`",     "``", "~~",       "\n",     "\n\n", "    ", "\t",    "- ",    "1. ",  "> ", "# ",
        "|",     "|-", "---",      "```",    "a",    "b ",   "é",     "&amp;", "&",    "\\", "[a]",
        "[a]: ", "\"", "http://a", "- [ ] ", "<b>",  "<!--", "a@b.c", "&#0;",  "  \n",
    };
    uint64_t seed = 42;
    for (int round = 0; round < 300; round++) {
        static char notes[16 * 1024];
        size_t len = 0, wanted = round % 10 ? 300 : sizeof notes;
        unsigned kinds = round % 3 ? sizeof bits / sizeof *bits : 4;
        while (len < wanted) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            const char *bit = bits[((seed >> 33) + (kinds == 4 ? (unsigned)round : 0)) % kinds];
            size_t n = strlen(bit) < wanted - len ? strlen(bit) : 1;
            memcpy(notes + len, n > 1 || strlen(bit) == 1 ? bit : "x", n);
            len += n;
        }
        render(notes, len);
        assert_null(strstr(html.base, "<script"));
        assert_true(html.len < MARKDOWN_OUTPUT_MAX + 6 * sizeof notes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_just_not_refused),
        cmocka_unit_test(test_random),
    };
    buffer_init(&html, 1 << 24);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_release(&html);
    return failed;
}
