/*
 * Answers: what was decided -> status, headers and body, as JSON and as a
 * page. The templates are the shipped ones, so that a page is seen whole.
 * Runs in the root of the project.
 */
#include "../../api/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static struct site site;

/* One exchange after the other. */
static struct command command;
static struct request request;
static struct reply reply;
static json_t *json; /* of reply, unless it is a page */
static char text[256 * 1024];

static void forget(void)
{
    arena_release(&command.arena);
    kept_release(&request.kept);
    json_decref(request.form);
    json_decref(json);
    reply_release(&reply);
    command = (struct command){0};
    request = (struct request){0};
    json = NULL;
}

static void begin(const char *method, const char *path, enum command_op op)
{
    forget();
    reply_init(&reply);
    assert_int_equal(route_find(method, strlen(method), path, strlen(path), &request.route), ROUTE_FOUND);
    command.op = op;
}

static void begin_form(const char *method, const char *path, enum command_op op, json_t *form)
{
    begin(method, path, op);
    request.form = form;
    request.html = true;
}

static void see(void)
{
    assert_false(reply.body.overflow);
    assert_true(reply.body.len < sizeof text);
    memcpy(text, reply.body.len ? reply.body.base : "", reply.body.len);
    text[reply.body.len] = '\0';
    if (reply.content_type && strstr(reply.content_type, "json")) {
        json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
    }
}

static void outcome(struct outcome o, bool published)
{
    command.outcome = o;
    reply_outcome(&reply, &command, &site, &request, published);
    see();
}

static void problem(enum problem_kind kind, const struct problems *problems)
{
    reply_problem(&reply, &command.arena, &site, &request, kind, NULL, problems, NULL);
    see();
}

static const char *header(const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < reply.nheaders; i++)
        if (strcmp(reply.headers[i].name, name) == 0) {
            assert_null(value); /* none stands twice */
            value = reply.headers[i].value;
        }
    return value;
}

static void assert_json(const char *expected)
{
    json_t *wanted = json_loads(expected, 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(json, wanted))
        fail_msg("%s is not %s", text, expected);
    json_decref(wanted);
}

static void assert_text(const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

static void assert_no_text(const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' is in: %s", part, text);
}

static struct todo_row row = {.id = 42,
                              .version = 5,
                              .revision = 99,
                              .state = TODO_OPEN,
                              .title = "Theirs <b>",
                              .notes = "their notes",
                              .list = "Home & co",
                              .list_slug = "home-co",
                              .tags = {"a", "two words"},
                              .tag_slugs = {"a", "two-words"},
                              .ntags = 2,
                              .priority = 2,
                              .due = "2026-12-01",
                              .created = "2026-11-01T08:00:00.000Z",
                              .updated = "2026-11-02T08:00:00.000Z"};

static void test_created(void **state)
{
    (void)state;
    struct outcome o = {.status = OUTCOME_CREATED, .id = 42, .version = 1, .revision = 1017};
    begin("POST", "/api/todos", COMMAND_CREATE);
    outcome(o, true);
    assert_int_equal(reply.status, 201);
    assert_string_equal(reply.content_type, "application/json");
    assert_json("{\"id\":42,\"version\":1,\"revision\":1017,\"published\":true,\"url\":\"/todos/42\"}");
    assert_string_equal(header("location"), "/todos/42");
    assert_string_equal(header("etag"), "\"1\"");
    assert_null(header("idempotency-replayed"));
    assert_null(header("preference-applied"));

    begin("POST", "/api/todos", COMMAND_CREATE);
    request.prefer.respond_async = true;
    o.replayed = true;
    outcome(o, false);
    assert_int_equal(reply.status, 202);
    assert_json("{\"id\":42,\"version\":1,\"revision\":1017,\"published\":false,\"url\":\"/todos/42\"}");
    assert_string_equal(header("location"), "/todos/42");
    assert_string_equal(header("idempotency-replayed"), "true");
    assert_string_equal(header("preference-applied"), "respond-async");
}

static void test_representation(void **state)
{
    (void)state;
    begin("PATCH", "/api/todos/42", COMMAND_EDIT);
    request.prefer.representation = true;
    outcome((struct outcome){.status = OUTCOME_OK, .id = 42, .version = 5, .revision = 99, .todo = &row},
            true);
    assert_int_equal(reply.status, 200);
    assert_string_equal(header("etag"), "\"5\"");
    assert_null(header("location"));
    assert_string_equal(header("preference-applied"), "return=representation");
    assert_json("{\"id\":42,\"version\":5,\"revision\":99,\"published\":true,\"url\":\"/todos/42\",\"todo\":"
                "{\"id\":42,\"version\":5,\"title\":\"Theirs <b>\",\"notes\":\"their notes\","
                "\"list\":\"Home & co\",\"tags\":[\"a\",\"two words\"],\"priority\":2,\"due\":\"2026-12-01\","
                "\"done\":false,\"created\":\"2026-11-01T08:00:00.000Z\","
                "\"updated\":\"2026-11-02T08:00:00.000Z\",\"finished\":null}}");
}

static void test_lists_and_imports(void **state)
{
    (void)state;
    begin("PATCH", "/api/lists/caf%C3%A9", COMMAND_LIST_EDIT);
    outcome((struct outcome){.status = OUTCOME_OK, .id = 3, .version = 2, .revision = 7, .slug = "café"},
            true);
    assert_int_equal(reply.status, 200);
    assert_json("{\"id\":3,\"version\":2,\"revision\":7,\"published\":true,\"url\":\"/lists/caf%C3%A9\"}");
    assert_string_equal(header("etag"), "\"2\"");

    begin("POST", "/api/import", COMMAND_IMPORT);
    outcome(
        (struct outcome){
            .status = OUTCOME_CREATED, .revision = 463, .todos = 463, .done = 12, .lists = 30, .version = 1},
        true);
    assert_int_equal(reply.status, 201);
    assert_json("{\"todos\":463,\"done\":12,\"lists\":30,\"revision\":463,\"published\":true}");
    assert_null(header("etag"));
    assert_null(header("location"));
}

static void test_redirects(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum command_op op;
        const char *next, *location;
    } cases[] = {
        {"POST", "/api/todos", COMMAND_CREATE, NULL, "/todos/42#todo-42"},
        {"POST", "/api/todos", COMMAND_CREATE, "/", "/#todo-42"},
        {"POST", "/api/todos/42", COMMAND_EDIT, "/lists/home?x=1", "/lists/home?x=1#todo-42"},
        {"POST", "/api/todos/42", COMMAND_EDIT, "/lists/home#top", "/lists/home#top"},
        {"POST", "/api/todos/42/restore", COMMAND_RESTORE, NULL, "/todos/42#todo-42"},
        {"POST", "/api/todos/42", COMMAND_DELETE, "/todos/42", "/todos/42"},
        {"POST", "/api/todos/42", COMMAND_DELETE, NULL, "/"},
        {"POST", "/api/todos/42?purge=1", COMMAND_PURGE, NULL, "/"},
        {"POST", "/api/lists/home", COMMAND_LIST_EDIT, NULL, "/lists/home"},
        {"POST", "/api/lists/home", COMMAND_LIST_DELETE, NULL, "/lists"},
        {"POST", "/api/todos", COMMAND_CREATE, "/lists/café a", "/lists/caf%C3%A9%20a#todo-42"},
    };
    struct outcome o = {.status = OUTCOME_OK, .id = 42, .version = 2, .revision = 8};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        begin_form(cases[i].method, cases[i].path, cases[i].op, json_object());
        request.next = cases[i].next;
        outcome(o, true);
        assert_int_equal(reply.status, 303);
        assert_int_equal(reply.body.len, 0);
        assert_string_equal(header("location"), cases[i].location);

        begin_form(cases[i].method, cases[i].path, cases[i].op, json_object());
        request.next = cases[i].next;
        outcome(o, false);
        assert_int_equal(reply.status, 202);
        assert_string_equal(reply.content_type, "text/html; charset=utf-8");
        char refresh[256];
        snprintf(refresh, sizeof refresh, "content=\"1;url=%s\"", cases[i].location);
        assert_text(refresh);
        assert_null(header("location"));
    }
}

static void test_every_refusal(void **state)
{
    (void)state;
    static const struct {
        enum outcome_status outcome;
        unsigned status;
        const char *retry_after;
    } cases[] = {
        {OUTCOME_NOT_FOUND, 404, NULL}, {OUTCOME_GONE, 410, NULL},       {OUTCOME_CONFLICT, 409, NULL},
        {OUTCOME_STALE, 412, NULL},     {OUTCOME_KEY_REUSED, 422, NULL}, {OUTCOME_FULL, 507, NULL},
        {OUTCOME_REFUSED, 500, NULL},   {OUTCOME_UNAVAILABLE, 503, "5"}, {OUTCOME_UNAUTHORIZED, 401, NULL},
    };
    for (size_t i = 0; i < 2 * LENGTH(cases); i++) {
        begin("PATCH", "/api/todos/42", COMMAND_EDIT);
        request.html = i % 2;
        outcome((struct outcome){.status = cases[i / 2].outcome, .version = 5}, false);
        assert_false(outcome_is_success(cases[i / 2].outcome));
        assert_int_equal(reply.status, cases[i / 2].status);
        assert_string_not_equal(reply_reason(reply.status), "");
        assert_int_equal(header("www-authenticate") != NULL, reply.status == 401);
        if (cases[i / 2].retry_after)
            assert_string_equal(header("retry-after"), cases[i / 2].retry_after);
        else
            assert_null(header("retry-after"));
        if (request.html) {
            assert_string_equal(reply.content_type, "text/html; charset=utf-8");
            assert_text("<h1>");
            continue;
        }
        assert_string_equal(reply.content_type, "application/problem+json");
        assert_int_equal(json_integer_value(json_object_get(json, "status")), reply.status);
        assert_true(json_string_length(json_object_get(json, "type")));
        assert_true(json_string_length(json_object_get(json, "title")));
        assert_true(json_string_length(json_object_get(json, "detail")));
        assert_null(json_object_get(json, "errors"));
    }
    assert_true(outcome_is_success(OUTCOME_CREATED));
    assert_true(outcome_is_success(OUTCOME_OK));

    begin("DELETE", "/api/lists/home", COMMAND_LIST_DELETE);
    outcome((struct outcome){.status = OUTCOME_CONFLICT, .why = "The list “Home” still holds 2 todos."},
            false);
    assert_string_equal(json_string_value(json_object_get(json, "detail")),
                        "The list “Home” still holds 2 todos.");
}

static void test_refused_before_the_database(void **state)
{
    (void)state;
    static const struct {
        enum problem_kind kind;
        unsigned status;
    } cases[] = {
        {PROBLEM_REQUEST, 400},      {PROBLEM_UNKNOWN, 404},    {PROBLEM_TOO_LARGE, 413},
        {PROBLEM_TYPE, 415},         {PROBLEM_FIELDS, 422},     {PROBLEM_BUSY, 503},
        {PROBLEM_FORGED, 403},       {PROBLEM_LENGTH, 411},     {PROBLEM_LIMITED, 429},
        {PROBLEM_UNAUTHORIZED, 401}, {PROBLEM_PASSPHRASE, 401}, {PROBLEM_NO_PASSPHRASE, 401},
    };
    struct problems whole = {0};
    problems_add(&whole, "", "It is \"torn\".");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        begin("POST", "/api/todos", COMMAND_CREATE);
        problem(cases[i].kind, &whole);
        assert_int_equal(reply.status, cases[i].status);
        assert_string_not_equal(reply_reason(reply.status), "");
        assert_string_equal(json_string_value(json_object_get(json, "detail")), "It is \"torn\".");
        assert_null(json_object_get(json, "errors"));
    }

    forget();
    reply_init(&reply);
    assert_int_equal(route_find("GET", 3, "/api/todos/42", 13, &request.route), ROUTE_NOT_ALLOWED);
    problem(PROBLEM_METHOD, NULL);
    assert_int_equal(reply.status, 405);
    assert_string_equal(header("allow"), "PATCH, DELETE, POST");
    assert_string_equal(header("link"), "</todos/42>; rel=\"alternate\"");
}

static void test_fields_as_json(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, "title", "must not be empty");
    problems_add(&problems, "tags[1]", "must be a string");
    begin("POST", "/api/todos", COMMAND_CREATE);
    problem(PROBLEM_FIELDS, &problems);
    json_t *expected = json_pack("[{s:s, s:s}, {s:s, s:s}]", "field", "title", "detail", "must not be empty",
                                 "field", "tags[1]", "detail", "must be a string");
    assert_true(json_equal(json_object_get(json, "errors"), expected));
    json_decref(expected);
}

static void test_form_comes_back(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, "title", "must not be empty");
    problems_add(&problems, "due", "must be a day");
    begin_form("POST", "/api/todos", COMMAND_CREATE,
               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "title", "", "notes", "</textarea><i>",
                         "list", "\"L\"", "tags", "a, b", "priority", "3", "due", "someday", "done", "on"));
    request.next = "/open";
    problem(PROBLEM_FIELDS, &problems);
    assert_int_equal(reply.status, 422);
    assert_text("action=\"/api/todos\"");
    assert_text("name=\"next\" value=\"/open\"");
    assert_text("&lt;/textarea&gt;&lt;i&gt;</textarea>");
    assert_text("value=\"&quot;L&quot;\"");
    assert_text("value=\"a, b\"");
    assert_text("<option value=\"3\" selected>");
    assert_text("value=\"someday\"");
    assert_text("name=\"done\" value=\"true\"");
    assert_text("<span class=\"error\">must not be empty</span>");
    assert_text("<span class=\"error\">must be a day</span>");
    assert_no_text("_method");
    assert_no_text("name=\"version\"");
    assert_no_text("<i>");

    begin_form("POST", "/api/todos", COMMAND_CREATE, json_pack("{s:s}", "quick", "#only !1"));
    problem(PROBLEM_FIELDS, NULL);
    assert_text("name=\"quick\" value=\"#only !1\"");
    assert_no_text("name=\"title\"");

    begin_form("POST", "/api/todos/42", COMMAND_DELETE, json_object());
    request.route.action = ACTION_DELETE;
    problem(PROBLEM_FIELDS, NULL);
    assert_no_text("<form");
    assert_text("href=\"/todos/42\"");
}

static void test_stale_form(void **state)
{
    (void)state;
    struct outcome o = {.status = OUTCOME_STALE, .id = 42, .version = 5, .todo = &row};
    begin_form("POST", "/api/todos/42", COMMAND_EDIT,
               json_pack("{s:s, s:s}", "title", "Mine", "notes", "my notes"));
    request.route.action = ACTION_EDIT;
    request.version = 4;
    outcome(o, false);
    assert_int_equal(reply.status, 412);
    assert_string_equal(header("etag"), "\"5\"");
    assert_text("name=\"_method\" value=\"PATCH\"");
    assert_text("name=\"version\" value=\"5\"");
    assert_text("name=\"title\" value=\"Mine\"");
    assert_text("my notes</textarea>");
    assert_text("Theirs &lt;b&gt;");
    assert_text("their notes");
    assert_text("name=\"tags\" value=\"a, &quot;two words&quot;\""); /* was not sent: what is stored */
    assert_text("<option value=\"2\" selected>");

    begin_form("POST", "/api/todos/42", COMMAND_EDIT, json_pack("{s:s}", "done", "true")); /* a button */
    request.route.action = ACTION_EDIT;
    outcome(o, false);
    assert_text("name=\"title\" value=\"Theirs &lt;b&gt;\"");
    assert_text("name=\"done\" value=\"true\"");

    begin_form("POST", "/api/todos/42", COMMAND_EDIT, json_pack("{s:s}", "done", "true"));
    request.route.action = ACTION_EDIT;
    outcome((struct outcome){.status = OUTCOME_GONE}, false);
    assert_int_equal(reply.status, 410);
    assert_no_text("<form");
}

static void test_limited(void **state)
{
    (void)state;
    begin("POST", "/api/todos", COMMAND_CREATE);
    request.wait = 7;
    problem(PROBLEM_LIMITED, NULL);
    assert_int_equal(reply.status, 429);
    assert_string_equal(header("retry-after"), "7");
}

static void keep(const char *path, json_t *form)
{
    kept_keep(&request.kept, &command.arena, path, strlen(path), form);
    assert_non_null(request.kept.action);
}

static void test_sign_in_page(void **state)
{
    (void)state;
    begin_form("POST", "/api/todos/42", COMMAND_EDIT,
               json_pack("{s:s, s:s, s:s}", "_method", "PATCH", "title", "\"<i>\"", "notes", "a\nb"));
    keep("/api/todos/42?purge=1", request.form);
    request.next = "/open?a=1&b";
    request.signed_in = true; /* as he thought */
    outcome((struct outcome){.status = OUTCOME_UNAUTHORIZED}, false);
    assert_int_equal(reply.status, 401);
    assert_text("action=\"/api/session\"");
    assert_text("type=\"password\" name=\"passphrase\"");
    assert_text("name=\"next\" value=\"/open?a=1&amp;b\"");
    assert_text("name=\"kept_action\" value=\"/api/todos/42?purge=1\"");
    assert_text("name=\"kept._method\" value=\"PATCH\"");
    assert_text("name=\"kept.title\" value=\"&quot;&lt;i&gt;&quot;\"");
    assert_text("name=\"kept.notes\" value=\"a\nb\"");
    assert_no_text("<i>");
    assert_no_text("Sign out");
    assert_no_text("action=\"/api/todos/42\"");

    begin("POST", "/api/session", COMMAND_PING);
    request.html = true;
    problem(PROBLEM_BUSY, NULL); /* whatever is in the way, one can try again */
    assert_int_equal(reply.status, 503);
    assert_text("name=\"passphrase\"");
    assert_no_text("kept");

    begin("PATCH", "/api/todos/42", COMMAND_EDIT);
    request.html = true;
    problem(PROBLEM_FORGED, NULL);
    assert_no_text("name=\"passphrase\"");
}

static void session(const struct session_secret *secret)
{
    reply_session(&reply, &command.arena, &site, &request, secret);
    see();
    assert_string_equal(reply.headers[0].name, "set-cookie");
    assert_string_equal(reply.headers[1].name, "set-cookie");
}

static void test_signed_in_and_out(void **state)
{
    (void)state;
    static const struct session_secret secret = {.secret = "5ec2e7", .reading_key = "4ead"};
    begin("POST", "/api/session", COMMAND_PING);
    session(&secret);
    assert_int_equal(reply.status, 200);
    assert_json("{\"signed_in\":true}");
    assert_non_null(strstr(reply.headers[0].value, "writ=5ec2e7; "));
    assert_non_null(strstr(reply.headers[1].value, "writ-read=4ead; "));
    assert_null(strstr(reply.headers[0].value, "Secure"));

    begin("DELETE", "/api/session", COMMAND_PING);
    request.secure = true;
    session(NULL);
    assert_json("{\"signed_in\":false}");
    assert_non_null(strstr(reply.headers[0].value, "__Host-writ=; "));
    assert_non_null(strstr(reply.headers[0].value, "Max-Age=0; "));

    static const char *const ways[][2] = {{NULL, "/"}, {"/lists/café", "/lists/caf%C3%A9"}};
    for (size_t i = 0; i < LENGTH(ways); i++) {
        begin_form("POST", "/api/session", COMMAND_PING, json_object());
        request.next = ways[i][0];
        session(&secret);
        assert_int_equal(reply.status, 303);
        assert_string_equal(header("location"), ways[i][1]);
    }
}

static void test_kept_form_comes_back(void **state)
{
    (void)state;
    static const struct session_secret secret = {.secret = "5ec2e7", .reading_key = "4ead"};
    begin_form("POST", "/api/todos/42", COMMAND_PING,
               json_pack("{s:s, s:s}", "title", "Mine <b>", "notes", "my\nnotes"));
    keep("/api/todos/42", request.form);
    request.route.action = ACTION_EDIT;
    request.version = 4;
    request.signed_in = true;
    session(&secret);
    assert_int_equal(reply.status, 200);
    assert_text("action=\"/api/todos/42\"");
    assert_text("name=\"_method\" value=\"PATCH\"");
    assert_text("name=\"version\" value=\"4\"");
    assert_text("name=\"title\" value=\"Mine &lt;b&gt;\"");
    assert_text("my\nnotes</textarea>");
    assert_text("Sign out");
    assert_no_text("5ec2e7");
    assert_no_text("passphrase");

    begin_form("POST", "/api/todos", COMMAND_PING,
               json_pack("{s:s, s:s}", "quick", "Milk #\"x\"", "next", "/"));
    keep("/api/todos", request.form);
    session(&secret);
    assert_text("action=\"/api/todos\"");
    assert_text("type=\"hidden\" name=\"quick\" value=\"Milk #&quot;x&quot;\"");
    assert_text("type=\"hidden\" name=\"next\" value=\"/\"");
    assert_no_text("name=\"title\"");
}

static void test_health(void **state)
{
    (void)state;
    static const struct {
        bool database, generator;
        unsigned status;
        const char *json;
    } cases[] = {
        {true, true, 200,
         "{\"status\":\"ok\",\"database\":\"ok\",\"generator\":\"ok\",\"revision\":9,\"published\":8}"},
        {true, false, 200,
         "{\"status\":\"degraded\",\"database\":\"ok\",\"generator\":\"away\",\"revision\":9,\"published\":"
         "8}"},
        {false, true, 503,
         "{\"status\":\"down\",\"database\":\"down\",\"generator\":\"ok\",\"revision\":9,\"published\":8}"},
        {false, false, 503,
         "{\"status\":\"down\",\"database\":\"down\",\"generator\":\"away\",\"revision\":9,\"published\":8}"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        begin("GET", "/api/health", COMMAND_PING);
        reply_health(&reply, cases[i].database, cases[i].generator, 9, 8);
        see();
        assert_int_equal(reply.status, cases[i].status);
        assert_json(cases[i].json);
        assert_int_equal(header("retry-after") != NULL, cases[i].status == 503);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created),           cmocka_unit_test(test_representation),
        cmocka_unit_test(test_lists_and_imports), cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_every_refusal),     cmocka_unit_test(test_refused_before_the_database),
        cmocka_unit_test(test_fields_as_json),    cmocka_unit_test(test_form_comes_back),
        cmocka_unit_test(test_stale_form),        cmocka_unit_test(test_health),
        cmocka_unit_test(test_limited),           cmocka_unit_test(test_sign_in_page),
        cmocka_unit_test(test_signed_in_and_out), cmocka_unit_test(test_kept_form_comes_back),
    };
    site_read(&site, "templates", "Board");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget();
    site_release(&site);
    return failed;
}
