/*
 * A request's body -> named fields, whatever it was sent as. Pure.
 *
 * JSON (RFC 8259; no double keys; NUL can be named) and forms
 * (application/x-www-form-urlencoded) become the same thing: a JSON object. A
 * form's values are all strings; command.c knows what a string may mean.
 */
#ifndef WRIT_API_BODY_H
#define WRIT_API_BODY_H

#include "../db/todo.h"

#include <jansson.h>

enum body_type { BODY_NONE, BODY_JSON, BODY_FORM, BODY_MARKDOWN, BODY_CSV, BODY_TEXT, BODY_OTHER };

/* What a Content-Type header says, its parameters aside ("application/merge-patch+json" is
 * JSON too). `charset` other than UTF-8 (in any case) is BODY_OTHER. NULL or "" is BODY_NONE. */
enum body_type body_type(const char *content_type, size_t len);

/* How a body could not be read. Each becomes a status in reply.c. */
enum body_result {
    BODY_OK,
    BODY_MALFORMED, /* 400: not JSON, not a form, not UTF-8, not an object: problems has one, field "" */
    BODY_INVALID,   /* 422: a field stands twice, or contains a NUL: problems names it */
};

/* The object, to be released with json_decref; or NULL and *result says how, with `problems`. An empty
 * body is an empty object. Nesting deeper than jansson's limit is malformed. */
json_t *body_parse(enum body_type type, const char *base, size_t len, enum body_result *result,
                   struct problems *problems);

#endif
