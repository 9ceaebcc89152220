/* templates/escape.c: each byte that means something in a place must not come through it. */
#include "../../templates/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct example {
    const char *in, *out;
};

static void assert_escapes(escape_fn *escape, const struct example *examples, size_t n)
{
    struct buffer b;
    buffer_init(&b, 10000);
    for (size_t i = 0; i < n; i++) {
        buffer_clear(&b);
        escape(&b, examples[i].in, strlen(examples[i].in));
        buffer_putc(&b, '\0');
        assert_string_equal(b.base, examples[i].out);
    }
    buffer_release(&b);
}

static void test_html(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {"plain text, žluťoučký 日本", "plain text, žluťoučký 日本"},
        {"<a href=\"x\" title='y'>&amp;</a>",
         "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"},
        {"<<", "&lt;&lt;"},
        {"end&", "end&amp;"},
    };
    assert_escapes(escape_html, examples, sizeof examples / sizeof *examples);
}

static void test_json(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {"say \"hi\" \\ /", "say \\\"hi\\\" \\\\ /"},
        {"a\nb\tc\rd\be\f", "a\\nb\\tc\\rd\\be\\f"},
        {"\x01\x0b\x1f", "\\u0001\\u000b\\u001f"},
        {"</script><!-- & -->", "\\u003c/script\\u003e\\u003c!-- \\u0026 --\\u003e"},
        {"a\u2028b\u2029c", "a\\u2028b\\u2029c"},
        {"…–€", "…–€"}, /* they begin as U+2028 does */
        {"\u2028", "\\u2028"},
        {"cut\xe2\x80", "cut\xe2\x80"}, /* not valid: must not read on */
    };
    assert_escapes(escape_json, examples, sizeof examples / sizeof *examples);

    struct buffer b;
    buffer_init(&b, 100);
    escape_json(&b, "\0", 1);
    assert_int_equal(b.len, 6);
    assert_memory_equal(b.base, "\\u0000", 6);
    buffer_release(&b);
}

static void test_url_segment(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"home-2.x_y~z", "home-2.x_y~z"},
        {"a b/c?d#e%f", "a%20b%2Fc%3Fd%23e%25f"},
        {"ž日", "%C5%BE%E6%97%A5"},
        {"\"'<>&", "%22%27%3C%3E%26"},
    };
    assert_escapes(escape_url_segment, examples, sizeof examples / sizeof *examples);
}

static void test_url(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"https://example.org:80/a/b?c=d&e=f#g", "https://example.org:80/a/b?c=d&amp;e=f#g"},
        {"http://[::1]/~me/x;y,z!(1)*$+@", "http://[::1]/~me/x;y,z!(1)*$+@"},
        {"/a%20b%zz%4", "/a%20b%25zz%254"},
        {"/a%", "/a%25"},
        {"/ž \"quoted\" <x>\\^`{|}", "/%C5%BE%20%22quoted%22%20%3Cx%3E%5C%5E%60%7B%7C%7D"},
        {"it's", "it&#39;s"},
    };
    assert_escapes(escape_url, examples, sizeof examples / sizeof *examples);
}

static void test_none(void **state)
{
    (void)state;
    static const struct example examples[] = {{"<&\"'>", "<&\"'>"}};
    assert_escapes(escape_none, examples, 1);
}

/* Whatever stands there, what comes out cannot leave an attribute or a string. */
static void test_every_byte(void **state)
{
    (void)state;
    static escape_fn *const escapes[] = {escape_html, escape_json, escape_url_segment, escape_url};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char c = (char)byte;
            struct buffer b;
            buffer_init(&b, 100);
            escapes[i](&b, &c, 1);
            assert_true(b.len >= 1);
            assert_null(memchr(b.base, '<', b.len));
            assert_null(memchr(b.base, '>', b.len));
            if (escapes[i] != escape_json) {
                assert_null(memchr(b.base, '"', b.len));
                assert_null(memchr(b.base, '\'', b.len));
            } else if (byte == '"') {
                assert_int_equal(b.base[0], '\\');
            }
            buffer_release(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html), cmocka_unit_test(test_json), cmocka_unit_test(test_url_segment),
        cmocka_unit_test(test_url),  cmocka_unit_test(test_none), cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
