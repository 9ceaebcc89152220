/* See route.h. */
#include "route.h"

#include "../templates/escape.h"

#include <stdio.h>
#include <string.h>

enum { METHODS = 3 };

static const struct row {
    const char *pattern; /* '#' is a todo's id, '*' a list's slug */
    const char *page;    /* what a reader wants instead, in the same notation */
    struct {
        const char *name;
        enum action action;
    } methods[METHODS];
} rows[] = {
    {"/api/todos", "/", {{"POST", ACTION_CREATE}}},
    {"/api/todos/#",
     "/todos/#",
     {{"PATCH", ACTION_EDIT}, {"DELETE", ACTION_DELETE}, {"POST", ACTION_TODO_FORM}}},
    {"/api/todos/#/restore", "/todos/#", {{"POST", ACTION_RESTORE}}},
    {"/api/lists/*",
     "/lists/*",
     {{"PATCH", ACTION_LIST_EDIT}, {"DELETE", ACTION_LIST_DELETE}, {"POST", ACTION_LIST_FORM}}},
    {"/api/session", "/sign-in", {{"POST", ACTION_SIGN_IN}, {"DELETE", ACTION_SIGN_OUT}}},
    {"/api/import", "/help/api", {{"POST", ACTION_IMPORT}}},
    {"/api/health", "/health", {{"GET", ACTION_HEALTH}, {"HEAD", ACTION_HEALTH}}},
};

/* The end of the id at p, or NULL. A leading zero would be a second name for the same todo. */
static const char *read_id(const char *p, const char *end, uint64_t *id)
{
    uint64_t n = 0;
    if (p == end || *p == '0')
        return NULL;
    const char *start = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (n > (INT64_MAX - (uint64_t)(*p - '0')) / 10)
            return NULL;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    *id = n;
    return p > start ? p : NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The end of the path segment at p, decoded into slug; or NULL if no slug can be meant. */
static const char *read_slug(const char *p, const char *end, char slug[SLUG_BYTES + 1])
{
    size_t len = 0;
    while (p < end && *p != '/') {
        if (len == SLUG_BYTES)
            return NULL;
        if (*p != '%') {
            slug[len++] = *p++;
            continue;
        }
        int high = end - p > 2 ? hex_digit(p[1]) : -1, low = end - p > 2 ? hex_digit(p[2]) : -1;
        if (high < 0 || low < 0)
            return NULL;
        slug[len++] = (char)(high << 4 | low);
        p += 3;
    }
    slug[len] = '\0';
    bool possible = len && !text_check(slug, len, false) && !strpbrk(slug, "/.#");
    return possible ? p : NULL;
}

static bool match(const char *pattern, const char *p, const char *end, struct route *out)
{
    for (; *pattern; pattern++) {
        if (*pattern == '#')
            p = read_id(p, end, &out->todo);
        else if (*pattern == '*')
            p = read_slug(p, end, out->slug);
        else
            p = p < end && *p == *pattern ? p + 1 : NULL;
        if (!p)
            return false;
    }
    return p == end;
}

static void write_page(const char *pattern, struct route *out)
{
    struct buffer b;
    buffer_init(&b, sizeof out->page - 1);
    for (; *pattern; pattern++) {
        if (*pattern == '#')
            buffer_number(&b, out->todo);
        else if (*pattern == '*')
            escape_url_segment(&b, out->slug, strlen(out->slug));
        else
            buffer_putc(&b, *pattern);
    }
    memcpy(out->page, b.base, b.len);
    out->page[b.len] = '\0';
    buffer_release(&b);
}

static void choose_method(const struct row *row, const char *method, size_t len, struct route *out)
{
    size_t used = 0;
    for (size_t i = 0; i < METHODS && row->methods[i].name; i++) {
        const char *name = row->methods[i].name;
        if (strlen(name) == len && memcmp(name, method, len) == 0)
            out->action = row->methods[i].action;
        used += (size_t)snprintf(out->allow + used, sizeof out->allow - used, "%s%s", i ? ", " : "", name);
    }
}

/* The one parameter there is: ?purge=1, where something is deleted. */
static bool read_query(const char *query, size_t len, struct route *out)
{
    if (len == 0)
        return true;
    bool deletes = out->action == ACTION_DELETE || out->action == ACTION_TODO_FORM;
    out->purge = deletes && len == strlen("purge=1") && memcmp(query, "purge=1", len) == 0;
    return out->purge;
}

enum route_result route_find(const char *method, size_t method_len, const char *path, size_t path_len,
                             struct route *out)
{
    const char *query = memchr(path, '?', path_len);
    const char *end = query ? query : path + path_len;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *out = (struct route){.action = ACTION_NONE};
        if (!match(rows[i].pattern, path, end, out))
            continue;
        write_page(rows[i].page, out);
        choose_method(&rows[i], method, method_len, out);
        if (out->action == ACTION_NONE)
            return ROUTE_NOT_ALLOWED;
        if (query && !read_query(query + 1, path_len - (size_t)(query + 1 - path), out))
            return ROUTE_BAD_QUERY;
        if (out->purge && out->action == ACTION_DELETE)
            out->action = ACTION_PURGE;
        return ROUTE_FOUND;
    }
    *out = (struct route){.action = ACTION_NONE};
    return ROUTE_UNKNOWN;
}
