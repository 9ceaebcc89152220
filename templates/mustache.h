/*
 * Mustache: the required modules of the specification (comments, delimiters,
 * interpolation, inverted, partials, sections), over C structs.
 *
 * Templates are read once, from a folder, and refused with file and line when
 * wrong; rendering then does no I/O and allocates nothing but output. A set
 * is immutable once read: any number of threads may render from it.
 *
 * Data are plain structs described by const tables, so that a template can
 * name what a table lists and nothing else, and the tables are the
 * documentation (templates/view.h).
 */
#ifndef WRIT_TEMPLATES_MUSTACHE_H
#define WRIT_TEMPLATES_MUSTACHE_H

#include "buffer.h"
#include "escape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Sections and partials within each other, in a template and while rendering (partials may include
     * themselves). A level takes some 400 bytes of the thread's stack. */
    MUSTACHE_DEPTH_MAX = 128,
    MUSTACHE_SOURCE_MAX = 1 << 20, /* bytes of a template */
};

enum mustache_kind {
    MUSTACHE_TEXT,   /* const char *; NULL or "" is false */
    MUSTACHE_MARKUP, /* struct mustache_markup: finished output of ours, never escaped */
    MUSTACHE_NUMBER, /* uint64_t; 0 is false */
    MUSTACHE_BOOL,   /* bool; written as true or false */
    MUSTACHE_OBJECT, /* pointer to a struct of `type`; NULL is false */
    MUSTACHE_LIST,   /* struct mustache_list of structs of `type`; empty is false */
    MUSTACHE_SLUG,   /* const char *: a URL path segment, written with escape_url_segment in HTML,
                        as text elsewhere */
};

struct mustache_type;

struct mustache_field {
    const char *name;
    enum mustache_kind kind;
    size_t offset;                    /* in the struct */
    const struct mustache_type *type; /* of OBJECT and LIST */
    const char *help;                 /* for templates/README.md: one line */
};

struct mustache_list {
    const void *items; /* count structs in a row, of type->size bytes each */
    size_t count;
};

struct mustache_markup {
    const char *base;
    size_t len;
};

/* A value handed out by a dynamic type (below). */
struct mustache_value {
    enum mustache_kind kind;
    union {
        struct mustache_markup text; /* TEXT, MARKUP, SLUG: bytes, not terminated */
        uint64_t number;
        bool boolean;
        struct {
            const void *object;
            const struct mustache_type *type;
        } object;
        struct {
            const void *object; /* the list itself, if type->item yields its items; else count structs of
                                   `type` in a row */
            size_t count;
            const struct mustache_type *type;
        } list;
    } as;
};

struct mustache_type {
    const char *name;
    size_t size;
    const struct mustache_field *fields; /* ends with a NULL name */
    /* A type whose names are known at run time only (the specification's test
     * data): used instead of fields when set. False: no such name, look on in
     * the context around. Of the object that a rendering begins with, "." is
     * asked first: what {{.}} is there, if not the object as such. */
    bool (*get)(const void *object, const char *name, size_t len, struct mustache_value *out);
    void (*item)(const void *list, size_t index, struct mustache_value *out);
};

/* All templates of a folder. */
struct mustache_set;

/* Reads every file NAME.EXT.mustache below `folder` (not its subfolders, nor
 * what begins with a dot). EXT chooses the escape of {{name}}: html, json,
 * webmanifest (which is JSON); anything else is refused. A partial {{> name}} is NAME with the same EXT, and
 * must exist. Every variable must be in at least one of the tables reachable
 * from `root` (NULL: not checked), so that a misspelt one is an error and not an
 * empty string. {{{name}}} and {{& name}} are refused: only MUSTACHE_MARKUP is
 * written as it is. NULL on error, with "FILE:LINE: sentence" in error. The
 * caller frees it. */
struct mustache_set *mustache_read(const char *folder, const struct mustache_type *root, char *error,
                                   size_t error_size);
void mustache_free(struct mustache_set *set);

/* For tests: one template from memory, found as "template.html", partials
 * from name/text pairs. All that the specification has: unescaped variables,
 * and a partial that is missing is empty. Any bytes are safe to parse. */
struct mustache_partial {
    const char *name;
    const char *text;
};
struct mustache_set *mustache_parse(const char *text, const struct mustache_partial *partials,
                                    size_t npartials, char *error, size_t error_size);

/* A template by "name.ext"; NULL if there is none. Lives as long as the set. */
const struct mustache *mustache_find(const struct mustache_set *set, const char *name);

/* A hash over all templates' names and bytes: changes when any does. */
uint64_t mustache_fingerprint(const struct mustache_set *set);

/* Appends, from an object of a table reachable from `root`; any other type's
 * names are looked up one by one, which is slow. What fails is the buffer's
 * overflow: too long, or deeper than MUSTACHE_DEPTH_MAX. */
void mustache_render(const struct mustache *m, const struct mustache_type *type, const void *object,
                     struct buffer *out);

#endif
