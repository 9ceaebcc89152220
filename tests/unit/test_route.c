/*
 * Routes and the headers that choose between answers: every route, names that
 * must not pass for another's, and values at their limits.
 */
#include "../../api/header.h"
#include "../../api/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static struct route route;

static enum route_result find(const char *method, const char *path)
{
    return route_find(method, strlen(method), path, strlen(path), &route);
}

static void test_every_route(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum action action;
        uint64_t todo;
        const char *slug, *page;
    } cases[] = {
        {"POST", "/api/todos", ACTION_CREATE, 0, "", "/"},
        {"PATCH", "/api/todos/42", ACTION_EDIT, 42, "", "/todos/42"},
        {"DELETE", "/api/todos/1", ACTION_DELETE, 1, "", "/todos/1"},
        {"DELETE", "/api/todos/1?purge=1", ACTION_PURGE, 1, "", "/todos/1"},
        {"POST", "/api/todos/9223372036854775807", ACTION_TODO_FORM, INT64_MAX, "",
         "/todos/9223372036854775807"},
        {"POST", "/api/todos/7/restore", ACTION_RESTORE, 7, "", "/todos/7"},
        {"PATCH", "/api/lists/home", ACTION_LIST_EDIT, 0, "home", "/lists/home"},
        {"DELETE", "/api/lists/caf%C3%a9", ACTION_LIST_DELETE, 0, "café", "/lists/caf%C3%A9"},
        {"POST", "/api/lists/caf\xc3\xa9", ACTION_LIST_FORM, 0, "café", "/lists/caf%C3%A9"},
        {"POST", "/api/import", ACTION_IMPORT, 0, "", "/help/api"},
        {"POST", "/api/session", ACTION_SIGN_IN, 0, "", "/sign-in"},
        {"DELETE", "/api/session", ACTION_SIGN_OUT, 0, "", "/sign-in"},
        {"GET", "/api/health", ACTION_HEALTH, 0, "", "/health"},
        {"HEAD", "/api/health?", ACTION_HEALTH, 0, "", "/health"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(find(cases[i].method, cases[i].path), ROUTE_FOUND);
        assert_int_equal(route.action, cases[i].action);
        assert_int_equal(route.todo, cases[i].todo);
        assert_string_equal(route.slug, cases[i].slug);
        assert_string_equal(route.page, cases[i].page);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "*",
        "/api",
        "/api/",
        "/api/todo",
        "/api/todos/",
        "//api/todos",
        "/api//todos",
        "/api/./todos",
        "/api/x/../todos",
        "/api%2Ftodos",
        "/API/todos",
        "/api/todos#",
        "http://host/api/todos",
        "/api/todos/0",
        "/api/todos/042",
        "/api/todos/+42",
        "/api/todos/-42",
        "/api/todos/4 2",
        "/api/todos/42/",
        "/api/todos/42#",
        "/api/todos/%34%32",
        "/api/todos/42x",
        "/api/todos/9223372036854775808",
        "/api/todos/18446744073709551617", /* 1, if it wrapped */
        "/api/todos/42/restore/",
        "/api/todos/42/restored",
        "/api/lists/",
        "/api/lists/a/b",
        "/api/lists/a%2Fb",
        "/api/lists/..",
        "/api/lists/%2e%2E",
        "/api/lists/a%",
        "/api/lists/a%4",
        "/api/lists/a%4g",
        "/api/lists/a%00",
        "/api/lists/a%0a",
        "/api/lists/a%C3",
        "/api/lists/a\xff",
        "/api/lists/a%23",
        "/api/health/x",
        "/api/session/",
        "/api/sessions",
    };
    for (size_t i = 0; i < LENGTH(paths); i++) {
        if (find("POST", paths[i]) != ROUTE_UNKNOWN)
            fail_msg("%s is a route", paths[i]);
        assert_int_equal(route.action, ACTION_NONE);
    }
}

static void test_slug_at_its_limit(void **state)
{
    (void)state;
    char path[SLUG_BYTES * 3 + 32] = "/api/lists/";
    for (int i = 0; i < SLUG_BYTES; i++)
        strcat(path, "%7e");
    assert_int_equal(find("PATCH", path), ROUTE_FOUND);
    assert_int_equal(strlen(route.slug), SLUG_BYTES);
    strcat(path, "a");
    assert_int_equal(find("PATCH", path), ROUTE_UNKNOWN);

    strcpy(path, "/api/lists/"); /* the longest page: every byte is written as %XX */
    for (int i = 0; i < SLUG_BYTES / 2; i++)
        strcat(path, "é");
    assert_int_equal(find("PATCH", path), ROUTE_FOUND);
    assert_int_equal(strlen(route.page), strlen("/lists/") + SLUG_BYTES * 3);
}

static void test_other_methods(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *allow, *page;
    } cases[] = {
        {"GET", "/api/todos", "POST", "/"},
        {"GET", "/api/todos/42?x=1", "PATCH, DELETE, POST", "/todos/42"},
        {"PUT", "/api/todos/42", "PATCH, DELETE, POST", "/todos/42"},
        {"HEAD", "/api/todos/42/restore", "POST", "/todos/42"},
        {"GET", "/api/lists/a%20b", "PATCH, DELETE, POST", "/lists/a%20b"},
        {"patch", "/api/lists/a", "PATCH, DELETE, POST", "/lists/a"},
        {"PATC", "/api/lists/a", "PATCH, DELETE, POST", "/lists/a"},
        {"POST", "/api/health", "GET, HEAD", "/health"},
        {"GET", "/api/session", "POST, DELETE", "/sign-in"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(find(cases[i].method, cases[i].path), ROUTE_NOT_ALLOWED);
        assert_string_equal(route.allow, cases[i].allow);
        assert_string_equal(route.page, cases[i].page);
    }
}

static void test_queries(void **state)
{
    (void)state;
    assert_int_equal(find("POST", "/api/todos/1?purge=1"), ROUTE_FOUND);
    assert_int_equal(route.action, ACTION_TODO_FORM);
    assert_true(route.purge);
    assert_int_equal(find("DELETE", "/api/todos/1?"), ROUTE_FOUND);
    assert_false(route.purge);

    static const struct {
        const char *method, *path;
    } bad[] = {
        {"DELETE", "/api/todos/1?purge"},     {"DELETE", "/api/todos/1?purge=0"},
        {"DELETE", "/api/todos/1?purge=1&a"}, {"DELETE", "/api/todos/1?purge=1#"},
        {"PATCH", "/api/todos/1?purge=1"},    {"POST", "/api/todos?purge=1"},
        {"POST", "/api/todos/1/restore?a=1"}, {"DELETE", "/api/lists/a?purge=1"},
        {"POST", "/api/session?next=/"},      {"POST", "/api/todos?/api/todos/1"},
    };
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (find(bad[i].method, bad[i].path) != ROUTE_BAD_QUERY)
            fail_msg("%s %s is not refused", bad[i].method, bad[i].path);
}

static void test_if_match(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint32_t version;
    } good[] = {{"\"1\"", 1}, {"W/\"7\"", 7}, {"\"4294967295\"", UINT32_MAX}, {"*", 0}};
    static const char *const bad[] = {
        "",    "1",       "\"",        "\"\"",         "\"0\"",          "\"01\"",
        "\"1", "1\"",     "\"1a\"",    "\"-1\"",       "\"4294967296\"", "\"18446744073709551617\"",
        "W/1", "w/\"1\"", "W/W/\"1\"", "\"1\", \"2\"", "\"1\",",         "**",
        "'1'",
    };
    uint32_t version;
    for (size_t i = 0; i < LENGTH(good); i++) {
        assert_true(header_if_match(good[i].value, strlen(good[i].value), &version));
        assert_int_equal(version, good[i].version);
    }
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (header_if_match(bad[i], strlen(bad[i]), &version))
            fail_msg("%s is taken for a version", bad[i]);
}

static void test_prefer(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool respond_async, representation, timing;
    } cases[] = {
        {"", false, false, false},
        {"respond-async", true, false, false},
        {"return=representation", false, true, false},
        {"RESPOND-async , Return=Representation", true, true, false},
        {"wait=10, respond-async;foo=\"bar\"", true, false, false},
        {"return=\"representation\"", false, true, false},
        {"return=minimal", false, false, false},
        {",, ;, respond-async", true, false, false},
        {"respond-asynchronously, xreturn=representation", false, false, false},
        {"foo; respond-async", false, false, false},
        {"timing, respond-async", true, false, true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct prefer prefer = {0};
        header_prefer(cases[i].value, strlen(cases[i].value), &prefer);
        assert_int_equal(prefer.respond_async, cases[i].respond_async);
        assert_int_equal(prefer.representation, cases[i].representation);
        assert_int_equal(prefer.timing, cases[i].timing);
    }
}

static void test_finding_headers(void **state)
{
    (void)state;
    static const char *const sent[][2] = {{"cookie", "a=b"}, {"x", "1"}, {"cookie", "c=d"}, {"origin", ""}};
    h2o_mem_pool_t pool;
    h2o_headers_t headers = {NULL};
    h2o_iovec_t value;
    h2o_mem_init_pool(&pool);
    for (size_t i = 0; i < LENGTH(sent); i++)
        h2o_add_header_by_str(&pool, &headers, sent[i][0], strlen(sent[i][0]), 1, NULL, sent[i][1],
                              strlen(sent[i][1]));
    assert_true(header_single(&headers, "x", &value));
    assert_memory_equal(value.base, "1", 1);
    assert_true(header_single(&headers, "origin", &value));
    assert_true(value.base && value.len == 0); /* empty is not absent */
    assert_true(header_single(&headers, "accept", &value));
    assert_null(value.base);
    assert_false(header_single(&headers, "cookie", &value));
    value = header_joined(&pool, &headers, "cookie", "; ");
    assert_int_equal(value.len, strlen("a=b; c=d"));
    assert_memory_equal(value.base, "a=b; c=d", value.len);
    assert_int_equal(header_joined(&pool, &headers, "accept", ",").len, 0);
    h2o_mem_clear_pool(&pool);
}

static void test_accept(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool html, html_for_form;
    } cases[] = {
        {"", false, true},
        {"*/*", false, true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true, true}, /* a browser */
        {"application/json", false, false},
        {"application/problem+json, */*;q=0.1", false, false},
        {"application/json, text/html", false, true},
        {"application/json;q=0.5, text/html;q=0.51", true, true},
        {"application/json;q=0.52, text/html;q=0.51", false, false},
        {"text/html;q=0, */*", false, false},
        {"TEXT/HTML", true, true},
        {"text/*;q=0.3, application/*;q=0.2", true, true},
        {"text/html ; charset=utf-8 ; Q=0.001", true, true},
        {"text/html;q=0.000", false, true},
        {"text/html;q=1.5", true, true},
        {"image/png", false, true},
        {",;,", false, true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *accept = cases[i].accept;
        if (header_wants_html(accept, strlen(accept), false) != cases[i].html ||
            header_wants_html(accept, strlen(accept), true) != cases[i].html_for_form)
            fail_msg("'%s' is answered with the wrong kind", accept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_slug_at_its_limit),
        cmocka_unit_test(test_other_methods),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_if_match),
        cmocka_unit_test(test_prefer),
        cmocka_unit_test(test_finding_headers),
        cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
