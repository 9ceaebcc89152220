/*
 * Method and path -> what is asked for. One table holds every route there is.
 * Pure.
 *
 * The path is matched as it was sent: nothing is merged or decoded first, so
 * that `//`, `..` and `%2F` never mean a route by another name.
 */
#ifndef WRIT_API_ROUTE_H
#define WRIT_API_ROUTE_H

#include "../db/todo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum action {
    ACTION_NONE,
    ACTION_HEALTH,
    ACTION_CREATE,
    ACTION_EDIT,
    ACTION_DELETE,
    ACTION_PURGE,
    ACTION_RESTORE,
    ACTION_TODO_FORM, /* a form: its _method says which */
    ACTION_LIST_EDIT,
    ACTION_LIST_DELETE,
    ACTION_LIST_FORM,
    ACTION_IMPORT,
    ACTION_SIGN_IN, /* a form's _method may say that it means the next */
    ACTION_SIGN_OUT,
};

enum route_result {
    ROUTE_FOUND,
    ROUTE_UNKNOWN,     /* 404 */
    ROUTE_NOT_ALLOWED, /* 405: `allow` and `page` say what would be */
    ROUTE_BAD_QUERY,   /* 400 */
};

struct route {
    enum action action;
    uint64_t todo;             /* 1 to INT64_MAX, if the path names one */
    char slug[SLUG_BYTES + 1]; /* decoded, if the path names one: valid UTF-8, no controls */
    bool purge;                /* ?purge=1, with ACTION_DELETE or a form */
    char allow[32];
    char page[3 * SLUG_BYTES + 16]; /* of what the path names, as a URL path; "" if unknown */
};

/* `path` with its query. */
enum route_result route_find(const char *method, size_t method_len, const char *path, size_t path_len,
                             struct route *out);

#endif
