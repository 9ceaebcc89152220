/*
 * See escape.h. Each function looks for the next byte that must change and
 * copies everything before it at once: text from people is mostly harmless,
 * and a page has thousands of pieces of it.
 */
#include "escape.h"

static const char *const html_entity[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

static const char *const json_escape[256] = {
    "\\u0000",
    "\\u0001",
    "\\u0002",
    "\\u0003",
    "\\u0004",
    "\\u0005",
    "\\u0006",
    "\\u0007",
    "\\b",
    "\\t",
    "\\n",
    "\\u000b",
    "\\f",
    "\\r",
    "\\u000e",
    "\\u000f",
    "\\u0010",
    "\\u0011",
    "\\u0012",
    "\\u0013",
    "\\u0014",
    "\\u0015",
    "\\u0016",
    "\\u0017",
    "\\u0018",
    "\\u0019",
    "\\u001a",
    "\\u001b",
    "\\u001c",
    "\\u001d",
    "\\u001e",
    "\\u001f",
    ['"'] = "\\\"",
    ['\\'] = "\\\\",
    ['<'] = "\\u003c",
    ['>'] = "\\u003e",
    ['&'] = "\\u0026",
    [0xe2] = "", /* to be looked at: separator_escape() */
};

/* U+2028 and U+2029 in UTF-8: line ends in old JavaScript. NULL: it is none of them. */
static const char *separator_escape(const char *s, size_t len)
{
    if (len < 3 || s[1] != '\x80' || (s[2] != '\xa8' && s[2] != '\xa9'))
        return NULL;
    return s[2] == '\xa8' ? "\\u2028" : "\\u2029";
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* RFC 3986, the delimiters that stand for themselves; & and ' are, but not in HTML. */
static bool is_delimiter(unsigned char c)
{
    return c && strchr(":/?#[]@!$()*+,;=", c);
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void percent(struct buffer *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    buffer_append(out, (const char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
}

void escape_html(struct buffer *out, const char *s, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        const char *entity = html_entity[(unsigned char)s[i]];
        if (!entity)
            continue;
        buffer_append(out, s + from, i - from);
        buffer_puts(out, entity);
        from = i + 1;
    }
    buffer_append(out, s + from, len - from);
}

void escape_json(struct buffer *out, const char *s, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        const char *escape = json_escape[(unsigned char)s[i]];
        if (!escape)
            continue;
        size_t width = 1;
        if (!*escape) {
            escape = separator_escape(s + i, len - i);
            width = 3;
            if (!escape)
                continue;
        }
        buffer_append(out, s + from, i - from);
        buffer_puts(out, escape);
        from = i + width;
        i = from - 1;
    }
    buffer_append(out, s + from, len - from);
}

void escape_url_segment(struct buffer *out, const char *s, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_unreserved((unsigned char)s[i]))
            continue;
        buffer_append(out, s + from, i - from);
        percent(out, (unsigned char)s[i]);
        from = i + 1;
    }
    buffer_append(out, s + from, len - from);
}

void escape_url(struct buffer *out, const char *s, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool encoded =
            c == '%' && len - i >= 3 && is_hex((unsigned char)s[i + 1]) && is_hex((unsigned char)s[i + 2]);
        if (encoded || is_unreserved(c) || is_delimiter(c))
            continue;
        buffer_append(out, s + from, i - from);
        if (c == '&' || c == '\'')
            buffer_puts(out, html_entity[c]);
        else
            percent(out, c);
        from = i + 1;
    }
    buffer_append(out, s + from, len - from);
}

void escape_none(struct buffer *out, const char *s, size_t len)
{
    buffer_append(out, s, len);
}
