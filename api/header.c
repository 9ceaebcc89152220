/*
 * See header.h. Values come from h2o: without white space at the ends, not
 * terminated, any bytes.
 */
#include "header.h"

#include <string.h>
#include <strings.h>

/* A piece of a header's value. */
struct span {
    const char *base;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(const char *base, size_t len)
{
    while (len && is_blank(*base)) {
        base++;
        len--;
    }
    while (len && is_blank(base[len - 1]))
        len--;
    return (struct span){base, len};
}

/* The part of *rest up to `separator`, trimmed; *rest goes on behind it. False at the end. A quoted
 * separator is not respected: no value that we look for holds one. */
static bool next_part(struct span *rest, char separator, struct span *part)
{
    if (!rest->base)
        return false;
    const char *end = rest->len ? memchr(rest->base, separator, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->base) : rest->len;
    *part = trim(rest->base, len);
    *rest = end ? (struct span){end + 1, rest->len - len - 1} : (struct span){NULL, 0};
    return true;
}

static bool span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.base, text, s.len) == 0;
}

bool header_single(const h2o_headers_t *headers, const char *name, h2o_iovec_t *value)
{
    *value = h2o_iovec_init(NULL, 0);
    ssize_t i = h2o_find_header_by_str(headers, name, strlen(name), -1);
    if (i < 0)
        return true;
    *value = headers->entries[i].value;
    return h2o_find_header_by_str(headers, name, strlen(name), i) < 0;
}

h2o_iovec_t header_joined(h2o_mem_pool_t *pool, const h2o_headers_t *headers, const char *name,
                          const char *separator)
{
    h2o_iovec_t all = h2o_iovec_init("", 0);
    for (ssize_t i = -1; (i = h2o_find_header_by_str(headers, name, strlen(name), i)) >= 0;) {
        h2o_iovec_t value = headers->entries[i].value;
        all = all.len ? h2o_concat(pool, all, h2o_iovec_init(separator, strlen(separator)), value) : value;
    }
    return all;
}

bool header_if_match(const char *value, size_t len, uint32_t *version)
{
    if (len == 1 && *value == '*') {
        *version = 0;
        return true;
    }
    if (len > 2 && memcmp(value, "W/", 2) == 0) {
        value += 2;
        len -= 2;
    }
    if (len < 3 || len > 12 || value[0] != '"' || value[1] == '0' || value[len - 1] != '"')
        return false;
    uint64_t n = 0;
    for (size_t i = 1; i < len - 1; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(value[i] - '0');
    }
    *version = (uint32_t)n;
    return n <= UINT32_MAX;
}

void header_prefer(const char *value, size_t len, struct prefer *prefer)
{
    struct span rest = {value, len}, item, token;
    while (next_part(&rest, ',', &item)) {
        if (!next_part(&item, ';', &token))
            continue;
        if (span_is(token, "respond-async"))
            prefer->respond_async = true;
        else if (span_is(token, "return=representation") || span_is(token, "return=\"representation\""))
            prefer->representation = true;
        else if (span_is(token, "timing"))
            prefer->timing = true;
    }
}

/* The weight of a media range's parameters in thousandths: 1 if none is given or it makes no sense. */
static int weight(struct span parameters)
{
    struct span p;
    while (next_part(&parameters, ';', &p)) {
        if (p.len < 3 || (*p.base != 'q' && *p.base != 'Q') || p.base[1] != '=')
            continue;
        if (p.base[2] != '0')
            return 1000;
        int q = 0, unit = 100;
        for (size_t i = 4; i < p.len && unit && p.base[i] >= '0' && p.base[i] <= '9'; i++, unit /= 10)
            q += (p.base[i] - '0') * unit;
        return q;
    }
    return 1000;
}

/* How much a type is wanted, by the most specific range that names it. */
struct liking {
    int specificity;
    int weight;
};

static void like(struct liking *liking, int specificity, int w)
{
    if (specificity > liking->specificity || (specificity == liking->specificity && w > liking->weight))
        *liking = (struct liking){specificity, w};
}

bool header_wants_html(const char *accept, size_t len, bool form)
{
    enum { ANY = 1, FAMILY, EXACT };
    struct liking html = {0, 0}, json = {0, 0};
    struct span rest = {accept, len}, range, type;
    while (next_part(&rest, ',', &range)) {
        if (!next_part(&range, ';', &type))
            continue;
        int w = weight(range);
        if (span_is(type, "text/html"))
            like(&html, EXACT, w);
        else if (span_is(type, "text/*"))
            like(&html, FAMILY, w);
        else if (span_is(type, "application/json") || span_is(type, "application/problem+json"))
            like(&json, EXACT, w);
        else if (span_is(type, "application/*"))
            like(&json, FAMILY, w);
        else if (span_is(type, "*/*")) {
            like(&html, ANY, w);
            like(&json, ANY, w);
        }
    }
    return form ? json.weight <= html.weight : html.weight > json.weight;
}
