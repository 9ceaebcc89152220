/*
 * Bodies: what is read, what is refused with 400 and what with 422, and under
 * which name. Every body is handed over in a block of exactly its size, so
 * that a sanitizer sees a byte that is read beyond it.
 */
#include "../../api/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static json_t *parse(enum body_type type, const char *body, size_t len, enum body_result *result,
                     struct problems *problems)
{
    char *exact = malloc(len ? len : 1);
    memcpy(exact, body, len);
    *problems = (struct problems){0};
    json_t *object = body_parse(type, exact, len, result, problems);
    free(exact);
    assert_int_equal(object != NULL, *result == BODY_OK);
    assert_int_equal(problems->count == 0, *result == BODY_OK);
    return object;
}

/* ---- Content-Type */

static void media_types_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum body_type type;
    } cases[] = {
        {"", BODY_NONE},
        {"application/json", BODY_JSON},
        {"Application/JSON", BODY_JSON},
        {" application/json ", BODY_JSON},
        {"application/json; charset=utf-8", BODY_JSON},
        {"application/json;charset=\"UTF-8\"", BODY_JSON},
        {"application/json; odd=1; Charset = Utf-8", BODY_JSON},
        {"application/json;", BODY_JSON},
        {"application/merge-patch+json", BODY_JSON},
        {"application/merge-patch+json; charset=utf-8", BODY_JSON},
        {"application/x-www-form-urlencoded", BODY_FORM},
        {"application/x-www-form-urlencoded;charset=UTF-8", BODY_FORM},
        {"text/markdown", BODY_MARKDOWN},
        {"text/markdown; variant=GFM", BODY_MARKDOWN},
        {"text/csv", BODY_CSV},
        {"text/plain", BODY_TEXT},
        {"application/json; charset=latin1", BODY_OTHER},
        {"application/json; charset=", BODY_OTHER},
        {"application/json; charset", BODY_OTHER},
        {"text/markdown; a=b; charset=utf-16", BODY_OTHER},
        {"application/+json", BODY_OTHER},
        {"text/x+json", BODY_OTHER},
        {"application/jsonx", BODY_OTHER},
        {"application/jso", BODY_OTHER},
        {"json", BODY_OTHER},
        {"multipart/form-data; boundary=x", BODY_OTHER},
        {"text/html", BODY_OTHER},
        {";", BODY_OTHER},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (body_type(cases[i].name, strlen(cases[i].name)) != cases[i].type)
            fail_msg("%s", cases[i].name);
    assert_int_equal(body_type(NULL, 0), BODY_NONE);
    assert_int_equal(body_type("application/jsonp", 16), BODY_JSON); /* the length counts */
}

/* ---- JSON */

static void json_is_read(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        " \r\n\t{ } ",
        "{\"title\":\"Gr\xC3\xB6\xC3\x9F"
        "e\",\"tags\":[\"a\"],\"priority\":1,\"done\":true,\"due\":null}",
        "{\"title\":\"\\ud83d\\ude00\"}",
        "{\"title\":\"\\u0001\"}", /* the field's to refuse */
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
        "{\"a\":1e-400}",
        "{\"\":1}",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum body_result result;
        struct problems problems;
        json_t *body = parse(BODY_JSON, cases[i], strlen(cases[i]), &result, &problems);
        json_t *same = json_loads(cases[i], 0, NULL);
        assert_true(json_equal(body, same));
        json_decref(same);
        json_decref(body);
    }
}

static void an_empty_body_is_an_empty_object(void **state)
{
    (void)state;
    static const enum body_type types[] = {BODY_NONE, BODY_JSON, BODY_FORM, BODY_OTHER};
    for (size_t i = 0; i < LENGTH(types); i++) {
        enum body_result result;
        struct problems problems = {0};
        json_t *body = body_parse(types[i], NULL, 0, &result, &problems);
        assert_int_equal(result, BODY_OK);
        assert_true(json_is_object(body));
        assert_int_equal(json_object_size(body), 0);
        json_decref(body);
    }
}

/* `detail` begins so. */
static const struct {
    const char *body;
    size_t len; /* 0: up to the NUL */
    const char *detail;
} malformed[] = {
    {" ", 0, "The body is not valid JSON: it ends too early (line 1, column 1)."},
    {"{", 0, "The body is not valid JSON: it ends too early (line 1, column 1)."},
    {"{\"title\":\"x", 0, "The body is not valid JSON: it ends too early (line 1, column 11)."},
    {"{\"title\":1", 0, "The body is not valid JSON: it ends too early"},
    {"{\"title\" 1}", 0, "The body is not valid JSON: ':' expected (line 1, column 10)."},
    {"{\"title\":1,}", 0, "The body is not valid JSON: string or '}' expected (line 1, column 12)."},
    {"{\n\n  \"a\": tru\n}", 0, "The body is not valid JSON: invalid token (line 3, column 10)."},
    {"{'title':1}", 0, "The body is not valid JSON: "},
    {"{title:1}", 0, "The body is not valid JSON: "},
    {"{\"a\":01}", 0, "The body is not valid JSON: "},
    {"{\"a\":+1}", 0, "The body is not valid JSON: "},
    {"{\"a\":.5}", 0, "The body is not valid JSON: "},
    {"{\"a\":NaN}", 0, "The body is not valid JSON: "},
    {"{\"a\":1}//", 0, "The body is not valid JSON: something stands behind its end (line 1, column 8)."},
    {"{}{}", 0, "The body is not valid JSON: something stands behind its end"},
    {"{}\0", 3, "The body is not valid JSON: something stands behind its end"},
    {"\0", 1, "The body is not valid JSON: "},
    {"{\"a\":\"\0\"}", 9, "The body is not valid JSON: "},
    {"{\"a\":\"\x01\"}", 0, "The body is not valid JSON: control character 0x1 (line 1, column 6)."},
    {"{\"a\":\"\n\"}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\\x\"}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\\u12\"}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\\ud800\"}", 0, "The body is not valid JSON: invalid Unicode '\\uD800'"},
    {"{\"a\":\"\\ud800x\"}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\\ud800\\u0041\"}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\\udc00\"}", 0, "The body is not valid JSON: "},
    {"{\"\\ud800\":1}", 0, "The body is not valid JSON: "},
    {"{\"a\":\"\xFF\"}", 0, "The body is not valid JSON: it is not UTF-8 (line 1, column 6)."},
    {"{\"a\":\"\xC0\xAF\"}", 0, "The body is not valid JSON: it is not UTF-8"},
    {"{\"a\":\"\xE0\x80\xAF\"}", 0, "The body is not valid JSON: it is not UTF-8"},
    {"{\"a\":\"\xED\xA0\x80\"}", 0, "The body is not valid JSON: it is not UTF-8"},
    {"{\"a\":\"\xF4\x90\x80\x80\"}", 0, "The body is not valid JSON: it is not UTF-8"},
    {"{\"a\":\"\xC3\"}", 0, "The body is not valid JSON: it is not UTF-8"},
    {"{\"a\":\"\xC3", 0, "The body is not valid JSON: it is not UTF-8"},
    {"\xEF\xBB\xBF{}", 0, "The body is not valid JSON: invalid token"}, /* a byte order mark */
    {"{\"a\":1e400}", 0, "The body is not valid JSON: a number is too large (line 1, column 10)."},
    {"{\"a\":-1e400}", 0, "The body is not valid JSON: a number is too large"},
    {"{\"a\":9223372036854775808}", 0, "The body is not valid JSON: a number is too large"},
    {"[]", 0, "The body must be a JSON object"},
    {"[{\"title\":\"x\"}]", 0, "The body must be a JSON object"},
    {"\"title\"", 0, "The body must be a JSON object"},
    {"1", 0, "The body must be a JSON object"},
    {"null", 0, "The body must be a JSON object"},
};

static void malformed_json_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(malformed); i++) {
        enum body_result result;
        struct problems problems;
        size_t len = malformed[i].len ? malformed[i].len : strlen(malformed[i].body);
        json_decref(parse(BODY_JSON, malformed[i].body, len, &result, &problems));
        if (result != BODY_MALFORMED || problems.count != 1 || *problems.item[0].field != '\0' ||
            strncmp(problems.item[0].detail, malformed[i].detail, strlen(malformed[i].detail)) != 0)
            fail_msg("%s: got %d, \"%s\"", malformed[i].body, result, problems.item[0].detail);
    }
}

static void deep_nesting_is_malformed(void **state)
{
    (void)state;
    static char body[1 << 20];
    enum body_result result;
    struct problems problems;
    memset(body, '[', sizeof body);
    parse(BODY_JSON, body, sizeof body, &result, &problems);
    assert_int_equal(result, BODY_MALFORMED);
    assert_non_null(strstr(problems.item[0].detail, "it is nested too deeply"));
    for (size_t i = 0; i + 5 <= sizeof body; i += 5)
        memcpy(body + i, "{\"a\":", 5);
    parse(BODY_JSON, body, sizeof body, &result, &problems);
    assert_int_equal(result, BODY_MALFORMED);
    assert_non_null(strstr(problems.item[0].detail, "it is nested too deeply"));
}

#define X10 "xxxxxxxxxx"

static const struct {
    const char *body, *field, *detail;
} invalid_json[] = {
    {"{\"title\":\"a\",\"title\":\"b\"}", "title", "stands twice"},
    {"{\"title\":\"a\",\"notes\":\"\",\"title\" :\"b\"}", "title", "stands twice"},
    {"{\"a\":1, \"\\u0061\":2}", "a", "stands twice"}, /* the same name, once escaped */
    {"{\"gr\xC3\xB6\xC3\x9F"
     "e\":1,\"gr\xC3\xB6\xC3\x9F"
     "e\":2}",
     "größe", "stands twice"},
    {"{\"a\\\"b\":1,\"a\\\"b\":2}", "a\"b", "stands twice"},
    {"{\"a\\\\\":1,\"a\\\\\":2}", "a\\", "stands twice"},
    {"{\"\":1,\"\":2}", "", "stands twice"},
    {"{\"x\":{\"in\":1,\"in\":2}}", "in", "stands twice"},
    /* too long for jansson's message to name it */
    {"{\"" X10 X10 X10 "\":1,\"" X10 X10 X10 "\":2}", X10 X10 X10, "stands twice"},
    {"{\"title\":\"a\\u0000b\"}", "title", "must not contain NUL"},
    {"{\"title\":\"\\u0000\"}", "title", "must not contain NUL"},
    {"{\"tags\":[\"a\",\"b\",\"c\\u0000\"]}", "tags[2]", "must not contain NUL"},
    {"{\"ti\\u0000tle\":\"a\"}", "ti", "must not contain NUL"},
};

static void doubles_and_nuls_in_json_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(invalid_json); i++) {
        enum body_result result;
        struct problems problems;
        const char *body = invalid_json[i].body;
        json_decref(parse(BODY_JSON, body, strlen(body), &result, &problems));
        if (result != BODY_INVALID || problems.count != 1 ||
            strcmp(problems.item[0].field, invalid_json[i].field) != 0 ||
            strcmp(problems.item[0].detail, invalid_json[i].detail) != 0)
            fail_msg("%s: got %d, \"%s\": \"%s\"", body, result, problems.item[0].field,
                     problems.item[0].detail);
    }

    enum body_result result;
    struct problems problems;
    const char *both = "{\"title\":\"\\u0000\",\"tags\":[\"\\u0000\",\"x\",\"\\u0000\"]}";
    parse(BODY_JSON, both, strlen(both), &result, &problems);
    assert_int_equal(problems.count, 3); /* all are found */
    assert_string_equal(problems.item[2].field, "tags[2]");
}

/* ---- forms */

static void forms_are_decoded(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"title=Buy+milk", "{\"title\":\"Buy milk\"}"},
        {"title=Gr%C3%B6%c3%9fe&notes=", "{\"title\":\"Größe\",\"notes\":\"\"}"},
        {"title=Gr\xC3\xB6\xC3\x9F"
         "e",
         "{\"title\":\"Größe\"}"},
        {"a=1%2B1%3D2%26&b=c%25", "{\"a\":\"1+1=2&\",\"b\":\"c%\"}"},
        {"a=b=c", "{\"a\":\"b=c\"}"},
        {"a", "{\"a\":\"\"}"},
        {"&&a=1&&b=2&", "{\"a\":\"1\",\"b\":\"2\"}"},
        {"&", "{}"},
        {"=x", "{\"\":\"x\"}"},
        {"t%69tle=x", "{\"title\":\"x\"}"},
        {"a+b=1", "{\"a b\":\"1\"}"},
        {"a=%0D%0A%01", "{\"a\":\"\\r\\n\\u0001\"}"}, /* the field's to refuse */
        {"a=%F0%9F%98%80", "{\"a\":\"😀\"}"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum body_result result;
        struct problems problems;
        json_t *body = parse(BODY_FORM, cases[i][0], strlen(cases[i][0]), &result, &problems);
        json_t *want = json_loads(cases[i][1], 0, NULL);
        assert_non_null(want);
        if (!json_equal(body, want))
            fail_msg("%s", cases[i][0]);
        json_decref(want);
        json_decref(body);
    }
}

static void malformed_forms_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"title=%", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=%4", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=%&a=41", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=100%", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=%G1", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=%+1", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"title=%%41", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"ti%ztle=a", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"a=1&a=2&b=%", "The body is not a valid form: a % is not followed by two hexadecimal digits."},
        {"%FF=a", "The body is not a valid form: the name of a field is not plain UTF-8 text."},
        {"a%01=a", "The body is not a valid form: the name of a field is not plain UTF-8 text."},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum body_result result;
        struct problems problems;
        json_decref(parse(BODY_FORM, cases[i][0], strlen(cases[i][0]), &result, &problems));
        if (result != BODY_MALFORMED || problems.count != 1 || *problems.item[0].field != '\0' ||
            strcmp(problems.item[0].detail, cases[i][1]) != 0)
            fail_msg("%s: got %d, \"%s\"", cases[i][0], result, problems.item[0].detail);
    }
}

static void a_form_has_at_most_64_fields(void **state)
{
    (void)state;
    char form[1024] = "";
    enum body_result result;
    struct problems problems;
    for (int i = 0; i < 64; i++)
        sprintf(form + strlen(form), "f%d=&", i);
    json_t *body = parse(BODY_FORM, form, strlen(form), &result, &problems);
    assert_int_equal(json_object_size(body), 64);
    json_decref(body);
    strcat(form, "one-more");
    parse(BODY_FORM, form, strlen(form), &result, &problems);
    assert_int_equal(result, BODY_MALFORMED);
    assert_string_equal(problems.item[0].detail, "The body is not a valid form: it has more than 64 fields.");
}

static void bad_form_fields_are_named(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"title=a&title=b", "title", "stands twice"},
        {"title=a&t%69tle=b", "title", "stands twice"},
        {"title=a&title=", "title", "stands twice"},
        {"title=%FF", "title", "is not valid UTF-8"},
        {"title=\xFF", "title", "is not valid UTF-8"},
        {"title=%C0%AF", "title", "is not valid UTF-8"},
        {"title=%E0%80%AF", "title", "is not valid UTF-8"},
        {"title=%ED%A0%80", "title", "is not valid UTF-8"},
        {"title=%F4%90%80%80", "title", "is not valid UTF-8"},
        {"title=%C3", "title", "is not valid UTF-8"},
        {"title=a%00b", "title", "must not contain NUL"},
        {"title=%00", "title", "must not contain NUL"},
        {"ti%00tle=a", "ti", "must not contain NUL"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum body_result result;
        struct problems problems;
        json_decref(parse(BODY_FORM, cases[i][0], strlen(cases[i][0]), &result, &problems));
        if (result != BODY_INVALID || problems.count != 1 ||
            strcmp(problems.item[0].field, cases[i][1]) != 0 ||
            strcmp(problems.item[0].detail, cases[i][2]) != 0)
            fail_msg("%s: got %d, \"%s\": \"%s\"", cases[i][0], result, problems.item[0].field,
                     problems.item[0].detail);
    }

    enum body_result result;
    struct problems problems;
    const char *both = "title=%FF&notes=%00&list=a&list=b";
    parse(BODY_FORM, both, strlen(both), &result, &problems);
    assert_int_equal(problems.count, 3); /* all are found */
}

static void other_bodies_are_malformed(void **state)
{
    (void)state;
    enum body_result result;
    struct problems problems;
    parse(BODY_MARKDOWN, "- [ ] x", 7, &result, &problems);
    assert_int_equal(result, BODY_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types_are_told_apart),
        cmocka_unit_test(json_is_read),
        cmocka_unit_test(an_empty_body_is_an_empty_object),
        cmocka_unit_test(malformed_json_is_refused),
        cmocka_unit_test(deep_nesting_is_malformed),
        cmocka_unit_test(doubles_and_nuls_in_json_are_named),
        cmocka_unit_test(forms_are_decoded),
        cmocka_unit_test(malformed_forms_are_refused),
        cmocka_unit_test(a_form_has_at_most_64_fields),
        cmocka_unit_test(bad_form_fields_are_named),
        cmocka_unit_test(other_bodies_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
