/*
 * Bodies -> objects. jansson reads JSON; what it refuses is said in words of
 * ours, since its own quote the input. Forms are decoded here, and strictly: a
 * browser never sends a bad one, so a bad one is somebody's bug.
 */
#include "body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FORM_FIELDS = 64 };

static const char no_nul[] = "must not contain NUL";
static const char stands_twice[] = "stands twice";

/* A part of a text. */
struct span {
    const char *s;
    size_t len;
};

/* Takes what stands before the next `separator`, or all of it, off the front of *rest. */
static struct span span_cut(struct span *rest, char separator)
{
    const char *at = rest->len > 0 ? memchr(rest->s, separator, rest->len) : NULL;
    struct span part = {rest->s, at ? (size_t)(at - rest->s) : rest->len};
    size_t taken = part.len + (at ? 1 : 0);
    *rest = (struct span){rest->s + taken, rest->len - taken};
    return part;
}

static struct span span_trim(struct span span)
{
    while (span.len > 0 && strchr(" \t", span.s[0]))
        span = (struct span){span.s + 1, span.len - 1};
    while (span.len > 0 && strchr(" \t", span.s[span.len - 1]))
        span.len--;
    return span;
}

static bool span_is(struct span span, const char *word)
{
    return span.len == strlen(word) && strncasecmp(span.s, word, span.len) == 0;
}

/* ---- Content-Type */

static const struct {
    const char *name;
    enum body_type type;
} media_types[] = {
    {"application/json", BODY_JSON},  {"application/x-www-form-urlencoded", BODY_FORM},
    {"text/markdown", BODY_MARKDOWN}, {"text/csv", BODY_CSV},
    {"text/plain", BODY_TEXT},
};

/* application/merge-patch+json and the like (RFC 6839). */
static bool is_json_by_suffix(struct span media)
{
    const struct span prefix = {"application/", 12}, suffix = {"+json", 5};
    return media.len > prefix.len + suffix.len && strncasecmp(media.s, prefix.s, prefix.len) == 0 &&
           strncasecmp(media.s + media.len - suffix.len, suffix.s, suffix.len) == 0;
}

static bool charset_is_ours(struct span parameters)
{
    while (parameters.len > 0) {
        struct span value = span_cut(&parameters, ';');
        struct span name = span_trim(span_cut(&value, '='));
        if (span_is(name, "charset") && !span_is(span_trim(value), "utf-8") &&
            !span_is(span_trim(value), "\"utf-8\""))
            return false;
    }
    return true;
}

enum body_type body_type(const char *content_type, size_t len)
{
    if (content_type == NULL || len == 0)
        return BODY_NONE;
    struct span parameters = {content_type, len};
    struct span media = span_trim(span_cut(&parameters, ';'));
    if (!charset_is_ours(parameters))
        return BODY_OTHER;
    for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++)
        if (span_is(media, media_types[i].name))
            return media_types[i].type;
    return is_json_by_suffix(media) ? BODY_JSON : BODY_OTHER;
}

/* ---- JSON */

/* The name of the field whose closing quote jansson had just read. Its message has it only when it is
 * short. In JSON a quote without a backslash ends or begins a string, so the way back is sure. */
static json_t *name_before(const char *base, int position)
{
    const char *end = base + position, *start = end - 1;
    bool begins = false;
    while (!begins && start > base) {
        size_t backslashes = 0;
        for (const char *at = --start; at > base && at[-1] == '\\'; at--)
            backslashes++;
        begins = *start == '"' && backslashes % 2 == 0;
    }
    return json_loadb(start, (size_t)(end - start), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static enum body_result json_refused(const char *base, const json_error_t *error, struct problems *problems)
{
    enum json_error_code code = json_error_code(error);
    const char *why = error->text; /* of the syntax: `'}' expected near …` */
    int why_len = (int)sizeof error->text;
    switch (code) {
    case json_error_duplicate_key:
    case json_error_null_byte_in_key: {
        json_t *name = name_before(base, error->position);
        problems_add(problems, json_string_value(name), "%s",
                     code == json_error_duplicate_key ? stands_twice : no_nul);
        json_decref(name);
        return BODY_INVALID;
    }
    case json_error_premature_end_of_input:
        why = "it ends too early";
        break;
    case json_error_end_of_input_expected:
        why = "something stands behind its end";
        break;
    case json_error_invalid_utf8:
        why = "it is not UTF-8";
        break;
    case json_error_numeric_overflow:
        why = "a number is too large";
        break;
    case json_error_stack_overflow:
        why = "it is nested too deeply";
        break;
    default: {
        const char *quote = strstr(why, " near ");
        if (quote)
            why_len = (int)(quote - why);
    }
    }
    problems_add(problems, "", "The body is not valid JSON: %.*s (line %d, column %d).", why_len, why,
                 error->line, error->column);
    return BODY_MALFORMED;
}

static bool has_nul(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) < json_string_length(value);
}

/* Names every NUL where a string may stand at all: what lies deeper has a wrong type, whatever it says. */
static enum body_result refuse_nuls(json_t *body, struct problems *problems)
{
    enum body_result result = BODY_OK;
    const char *name;
    json_t *value, *item;
    size_t i;
    json_object_foreach(body, name, value)
    {
        if (has_nul(value)) {
            problems_add(problems, name, "%s", no_nul);
            result = BODY_INVALID;
        }
        json_array_foreach(value, i, item)
        {
            if (!has_nul(item))
                continue;
            char path[sizeof problems->item->field];
            bool fits = (size_t)snprintf(path, sizeof path, "%s[%zu]", name, i) < sizeof path;
            problems_add(problems, fits ? path : name, "%s", no_nul);
            result = BODY_INVALID;
        }
    }
    return result;
}

static json_t *parse_json(const char *base, size_t len, enum body_result *result, struct problems *problems)
{
    json_error_t error;
    json_t *body = json_loadb(base, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (body == NULL) {
        *result = json_refused(base, &error, problems);
        return NULL;
    }
    if (json_is_object(body)) {
        *result = refuse_nuls(body, problems);
    } else {
        problems_add(problems, "", "The body must be a JSON object: {\"title\": \"…\"}, for instance.");
        *result = BODY_MALFORMED;
    }
    if (*result == BODY_OK)
        return body;
    json_decref(body);
    return NULL;
}

/* ---- forms */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes into `to`, with a NUL behind it; false at a % without two digits. */
static bool percent_decode(struct span from, char *to, size_t *len)
{
    char *start = to;
    for (size_t i = 0; i < from.len; i++) {
        if (from.s[i] != '%') {
            *to++ = from.s[i] == '+' ? ' ' : from.s[i];
            continue;
        }
        int high = i + 2 < from.len ? hex_digit(from.s[i + 1]) : -1;
        int low = i + 2 < from.len ? hex_digit(from.s[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        *to++ = (char)(high << 4 | low);
        i += 2;
    }
    *to = '\0';
    *len = (size_t)(to - start);
    return true;
}

/* Adds one decoded field to the form. */
static enum body_result form_add(json_t *form, const char *name, size_t name_len, const char *value,
                                 size_t value_len, struct problems *problems)
{
    json_t *string = json_stringn(value, value_len); /* NULL if it is not UTF-8 */
    const char *why = NULL;
    if (memchr(name, '\0', name_len) || memchr(value, '\0', value_len))
        why = no_nul;
    else if (json_object_get(form, name))
        why = stands_twice;
    else if (string == NULL)
        why = "is not valid UTF-8";
    if (why) {
        problems_add(problems, name, "%s", why);
        json_decref(string);
        return BODY_INVALID;
    }
    json_object_set_new(form, name, string);
    return BODY_OK;
}

static json_t *parse_form(const char *base, size_t len, enum body_result *result, struct problems *problems)
{
    json_t *form = json_object();
    char *decoded = malloc(len + 2); /* one field at a time: name, NUL, value, NUL */
    const char *why = form && decoded ? NULL : "there is no memory for it";
    struct span rest = {base, len};

    *result = BODY_OK;
    for (size_t fields = 0; !why && rest.len > 0;) {
        struct span value = span_cut(&rest, '&');
        if (value.len == 0)
            continue;
        struct span name = span_cut(&value, '=');
        size_t name_len, value_len;
        if (++fields > FORM_FIELDS)
            why = "it has more than 64 fields";
        else if (!percent_decode(name, decoded, &name_len) ||
                 !percent_decode(value, decoded + name_len + 1, &value_len))
            why = "a % is not followed by two hexadecimal digits";
        else if (text_check(decoded, strlen(decoded), false))
            why = "the name of a field is not plain UTF-8 text";
        else if (form_add(form, decoded, name_len, decoded + name_len + 1, value_len, problems) != BODY_OK)
            *result = BODY_INVALID;
    }
    if (why) {
        *problems = (struct problems){0}; /* there is one, about the whole */
        problems_add(problems, "", "The body is not a valid form: %s.", why);
        *result = BODY_MALFORMED;
    }
    free(decoded);
    if (*result == BODY_OK)
        return form;
    json_decref(form);
    return NULL;
}

json_t *body_parse(enum body_type type, const char *base, size_t len, enum body_result *result,
                   struct problems *problems)
{
    if (len > 0 && type == BODY_JSON)
        return parse_json(base, len, result, problems);
    if (len > 0 && type == BODY_FORM)
        return parse_form(base, len, result, problems);
    if (len > 0) {
        problems_add(problems, "", "The body is neither JSON nor a form.");
        *result = BODY_MALFORMED;
        return NULL;
    }
    *result = BODY_OK;
    return json_object();
}
