/*
 * Where a request comes from, and what follows from it: every combination of the headers that say so with
 * every kind of credential, each against the rule as the contract has it, written down a second time here.
 */
#include "../../api/gate.h"
#include "../../api/origin.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define HOST "board.example:8080"
#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const sites[] = {NULL, "same-origin", "same-site", "cross-site", "none"};
static const char *const origins[] = {NULL, "http://board.example:8080", "http://elsewhere.example", "null",
                                      "http://board.example:8081"};
static const char *const methods[] = {"POST", "PATCH", "DELETE", "GET", "PUT"};

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static enum origin_verdict judge(const char *site, const char *origin, const char *host)
{
    const struct origin o = {site, origin, host, length(site), length(origin), length(host)};
    return origin_judge(&o);
}

static void test_every_pair(void **state)
{
    (void)state;
    const enum origin_verdict U = ORIGIN_UNSAID, O = ORIGIN_OURS, F = ORIGIN_FOREIGN;
    const enum origin_verdict verdicts[LENGTH(sites)][LENGTH(origins)] = {
        /* absent, ours, another, null, another port */
        {U, O, F, F, F}, /* no Sec-Fetch-Site */
        {O, O, O, O, O}, /* same-origin: a page cannot set it */
        {F, F, F, F, F}, /* same-site */
        {F, F, F, F, F}, /* cross-site */
        {O, O, O, O, O}, /* none */
    };
    for (size_t s = 0; s < LENGTH(sites); s++)
        for (size_t o = 0; o < LENGTH(origins); o++)
            assert_int_equal(judge(sites[s], origins[o], HOST), verdicts[s][o]);
}

static void test_what_is_nearly_right(void **state)
{
    (void)state;
    assert_int_equal(judge(NULL, "https://board.example:8080", HOST), ORIGIN_OURS);
    assert_int_equal(judge(NULL, "http://Board.Example:8080", HOST), ORIGIN_OURS);
    assert_int_equal(judge(NULL, "http://[::1]:8080", "[::1]:8080"), ORIGIN_OURS);
    static const char *const foreign[] = {
        "",
        "http://",
        "http:/board.example:8080",
        "board.example:8080",
        "ftp://board.example:8080",
        "http://board.example",
        "http://board.example:80800",
        "http://board.example:808",
        "http://board.example:8080/",
        "http://board.example:8080.elsewhere.example",
        "http://elsewhere.example#board.example:8080",
        "http://xboard.example:8080",
        "https://http://board.example:8080",
    };
    for (size_t i = 0; i < LENGTH(foreign); i++)
        if (judge(NULL, foreign[i], HOST) != ORIGIN_FOREIGN)
            fail_msg("'%s' passes for ours", foreign[i]);
    static const char *const odd[] = {"",     "Same-Origin", "same-origin ", "same-origin, none",
                                      "same", "unknown"};
    for (size_t i = 0; i < LENGTH(odd); i++)
        assert_int_equal(judge(odd[i], "http://" HOST, HOST), ORIGIN_FOREIGN);
    assert_int_equal(judge(NULL, "http://", ""), ORIGIN_FOREIGN); /* no host is nobody's */
    assert_int_equal(judge(NULL, "http://x", NULL), ORIGIN_FOREIGN);
}

/* ---- the gate: who of them comes in */

static struct gate gate;
static struct session_config config;

static h2o_socket_t *no_socket(h2o_conn_t *conn)
{
    (void)conn;
    return NULL;
}

static enum problem_kind pass(const char *method, const char *path, const char *site, const char *origin,
                              const char *cookie, const char *token)
{
    static const h2o_conn_callbacks_t callbacks = {.get_socket = no_socket};
    h2o_conn_t conn = {.callbacks = &callbacks};
    h2o_req_t req = {.conn = &conn, .authority = h2o_iovec_init(H2O_STRLIT(HOST))};
    const struct {
        const char *name, *value;
    } headers[] = {
        {"sec-fetch-site", site}, {"origin", origin}, {"cookie", cookie}, {"authorization", token}};
    struct request request = {0};
    struct visitor visitor;
    h2o_mem_init_pool(&req.pool);
    for (size_t i = 0; i < LENGTH(headers); i++)
        if (headers[i].value)
            h2o_add_header_by_str(&req.pool, &req.headers, headers[i].name, strlen(headers[i].name), 1, NULL,
                                  headers[i].value, strlen(headers[i].value));
    enum problem_kind kind = PROBLEM_METHOD;
    if (route_find(method, strlen(method), path, strlen(path), &request.route) == ROUTE_FOUND)
        kind = gate_pass(&gate, &req, &request, &visitor);
    h2o_mem_clear_pool(&req.pool);
    return kind;
}

static const char cookie[] = "writ=" SECRET, token[] = "Bearer writ_" SECRET "_" SECRET;

static enum problem_kind expected(const char *method, size_t site, size_t origin, bool with_cookie,
                                  bool with_token)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "PUT") == 0)
        return PROBLEM_METHOD;
    bool ours = site == 1 || site == 4 || (site == 0 && origin == 1);
    bool foreign = site == 2 || site == 3 || (site == 0 && origin >= 2);
    if (config.open)
        return foreign ? PROBLEM_FORGED : PROBLEM_NONE;
    if (with_token)
        return PROBLEM_NONE;
    if (with_cookie)
        return ours ? PROBLEM_NONE : PROBLEM_FORGED;
    return PROBLEM_UNAUTHORIZED;
}

static void test_every_combination(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        config.open = open;
        gate_init(&gate, &config, true, 0);
        for (size_t m = 0; m < LENGTH(methods); m++)
            for (size_t s = 0; s < LENGTH(sites); s++)
                for (size_t o = 0; o < LENGTH(origins); o++)
                    for (unsigned who = 0; who < 4; who++) {
                        enum problem_kind kind = pass(methods[m], "/api/todos/1", sites[s], origins[o],
                                                      who & 1 ? cookie : NULL, who & 2 ? token : NULL);
                        if (kind != expected(methods[m], s, o, who & 1, who & 2))
                            fail_msg("open %d, %s, Sec-Fetch-Site %s, Origin %s,%s%s: %d", open, methods[m],
                                     sites[s] ? sites[s] : "-", origins[o] ? origins[o] : "-",
                                     who & 1 ? " cookie" : "", who & 2 ? " token" : "", (int)kind);
                    }
    }
}

/* Signing somebody in needs no cookie to be forged; a token does not make it better. */
static void test_sessions(void **state)
{
    (void)state;
    config.open = false;
    gate_init(&gate, &config, true, 0);
    for (size_t s = 0; s < LENGTH(sites); s++)
        for (size_t o = 0; o < LENGTH(origins); o++) {
            bool ours = s == 1 || s == 4 || (s == 0 && o == 1);
            for (unsigned who = 0; who < 4; who++) {
                const char *c = who & 1 ? cookie : NULL, *t = who & 2 ? token : NULL;
                assert_int_equal(pass("POST", "/api/session", sites[s], origins[o], c, t),
                                 ours ? PROBLEM_NONE : PROBLEM_FORGED);
                assert_int_equal(pass("DELETE", "/api/session", sites[s], origins[o], c, t),
                                 ours || !c ? PROBLEM_NONE : PROBLEM_FORGED);
            }
        }
}

static void test_bad_tokens_and_twice(void **state)
{
    (void)state;
    config.open = false;
    gate_init(&gate, &config, true, 0);
    /* The token counts, and it is none: the cookie is not asked. */
    assert_int_equal(pass("POST", "/api/todos", "same-origin", NULL, cookie, "Bearer nonsense"),
                     PROBLEM_UNAUTHORIZED);
    assert_int_equal(pass("POST", "/api/todos", "same-origin", NULL, cookie, "Basic dTpw"), PROBLEM_NONE);
    assert_int_equal(pass("POST", "/api/todos", "same-origin", NULL, NULL, "Basic dTpw"),
                     PROBLEM_UNAUTHORIZED);
    assert_int_equal(pass("POST", "/api/todos", "same-origin", NULL, "writ=" SECRET "; writ=" SECRET, NULL),
                     PROBLEM_UNAUTHORIZED);
}

static void test_limits(void **state)
{
    (void)state;
    config.open = false;
    gate_init(&gate, &config, true, 1);
    for (int i = 0; i < GATE_WRITES_BURST; i++)
        assert_int_equal(pass("POST", "/api/todos", NULL, NULL, NULL, token), PROBLEM_NONE);
    assert_int_equal(pass("POST", "/api/todos", NULL, NULL, NULL, token), PROBLEM_LIMITED);
    assert_int_equal(pass("POST", "/api/todos", "none", NULL, "writ=" SECRET, NULL),
                     PROBLEM_LIMITED); /* one secret */
    assert_int_equal(pass("POST", "/api/todos", NULL, NULL, NULL, NULL), PROBLEM_UNAUTHORIZED);

    gate_init(&gate, &config, true, 0);
    for (int i = 0; i < 2 * GATE_WRITES_BURST; i++)
        assert_int_equal(pass("POST", "/api/todos", NULL, NULL, NULL, token), PROBLEM_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),           cmocka_unit_test(test_what_is_nearly_right),
        cmocka_unit_test(test_every_combination),    cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_bad_tokens_and_twice), cmocka_unit_test(test_limits),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
