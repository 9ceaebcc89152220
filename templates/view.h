/*
 * What templates may name: plain structs that the API and the generator fill,
 * and the tables that describe them (view.c), from which `templates/README.md`
 * lists every variable. Strings are borrowed for the time of rendering; NULL
 * stands for "none". Times are RFC 3339 in UTC.
 */
#ifndef WRIT_TEMPLATES_VIEW_H
#define WRIT_TEMPLATES_VIEW_H

#include "mustache.h"

/* A list or a tag, with its counts. */
struct name_view {
    uint64_t id;
    const char *name;
    const char *slug;
    uint64_t version; /* of a list */
    bool is_public;
    uint64_t open, done, total;
    bool last; /* in its sequence: for commas */
};

struct todo_view {
    uint64_t id, version, revision;
    const char *title;
    const char *notes; /* source */
    struct mustache_markup notes_html;
    bool done;
    const struct name_view *list;
    struct mustache_list tags; /* of name_view */
    uint64_t priority;
    const char *due;     /* as stored */
    const char *due_day; /* the local day, YYYY-MM-DD */
    bool overdue;        /* only where a page depends on the day */
    bool due_today;
    const char *created, *updated, *finished;
    bool last;
};

/* One entry of a todo's history. */
struct change_view {
    const char *at, *actor, *what; /* what: "created", "edited", "finished", … */
    struct mustache_list fields;   /* of change_field_view */
};
struct change_field_view {
    const char *field, *from, *to; /* as text; NULL: none. Notes are left out of from and to */
};

struct option_view {
    const char *value, *label;
    bool selected;
};

/* A form to add or edit a todo, empty, filled from a todo, or as it was sent. */
struct form_view {
    const char *action;                            /* /api/todos or /api/todos/42 */
    const char *method;                            /* "PATCH", or NULL for a plain POST */
    uint64_t version;                              /* 0: none is sent */
    const char *next;                              /* path to come back to, or NULL */
    const char *title, *notes, *list, *tags, *due; /* tags separated by ", " (quoted as quick add does) */
    bool done;
    struct mustache_list priorities; /* of option_view */
    const char *title_error, *notes_error, *list_error, *tags_error, *priority_error,
        *due_error; /* sentences */
};

struct problem_view {
    const char *field, *detail;
    bool last;
};

/* The root of every page. A page sets what it has; the rest is empty. */
struct page_view {
    /* the site */
    const char *site_title;
    const char *site_url;    /* WRIT_URL without a slash at its end, or "" */
    bool members;            /* forms and names are for members only */
    const char *style_href;  /* /assets/style.HASH.css */
    const char *script_href; /* or NULL */
    const char *icon_href;   /* or NULL */

    /* this page */
    const char *title; /* of the document; NULL on the board */
    const char *path;  /* its URL path, "/" or "/open/3", percent-encoded */
    const char *kind;  /* board, todo, deleted, lists, list, tags, tag, open, done, error, accepted */
    bool is_board, is_open, is_done, is_lists, is_tags; /* for aria-current */
    bool has_json, has_md;
    const char *stem; /* path of its twins without extension: "/index", "/lists/home/3" */

    const struct todo_view *todo;
    const struct name_view *list; /* of a list's page */
    const struct name_view *tag;  /* of a tag's page */
    struct mustache_list todos;   /* of todo_view */
    struct mustache_list due;     /* of todo_view: overdue and today (the board) */
    struct mustache_list lists;   /* of name_view */
    struct mustache_list tags;    /* of name_view */
    uint64_t open, done, total;   /* of what the page is about */
    bool more_lists, more_tags;

    /* buckets */
    uint64_t bucket;         /* of a bucket's page */
    const char *bucket_base; /* "/open", "/lists/home" */
    uint64_t previous, next; /* neighbouring buckets that are not empty; 0: none */
    uint64_t newest_bucket;  /* on a head page: where the sequence begins; 0: none */

    struct mustache_list history; /* of change_view */
    const struct form_view *add;  /* the form to add a todo */
    const struct form_view *edit; /* the form to edit the todo */

    /* answers of the API and error pages */
    uint64_t status;
    const char *detail;
    struct mustache_list problems;  /* of problem_view */
    const struct form_view *form;   /* the refused form, as it was sent */
    const struct todo_view *stored; /* with 412: what is stored now */
    const char *look_again;         /* URL to load again in a second, or NULL */
    const char *back;               /* URL of the page the form stood on, or NULL */
};

extern const struct mustache_type name_view_type, todo_view_type, change_view_type, change_field_view_type,
    option_view_type, form_view_type, problem_view_type, page_view_type;

#endif
