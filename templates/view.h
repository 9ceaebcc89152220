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
    struct mustache_list first; /* of todo_view: a list's first todos, where the board shows it as a column */
    bool last;                  /* in its sequence: for commas */
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
    const char *due;      /* as stored */
    const char *due_day;  /* the local day, YYYY-MM-DD */
    const char *due_text; /* for people: Tue 1 Dec 2026 */
    bool overdue;         /* only where a page depends on the day */
    bool due_today;
    bool is_new;           /* nothing has been changed since it was created */
    uint64_t above, below; /* on a list's page: the todo above it, and the one below it; 0: none */
    const char *created, *updated, *finished;
    const char *created_text, *updated_text, *finished_text; /* the same for people */
    bool last;
};

/* One entry of a todo's history. */
struct change_view {
    const char *at, *at_text, *actor, *what; /* what: "created", "edited", "finished", … */
    struct mustache_list fields;             /* of change_field_view */
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
    const char *action; /* /api/todos or /api/todos/42 */
    const char *method; /* "PATCH", or NULL for a plain POST */
    uint64_t version;   /* 0: none is sent */
    const char *next;   /* path to come back to, or NULL */
    const char *quick;  /* a line of quick add, in the place of all others; NULL */
    const char *quick_error;
    const char *title, *notes, *list, *tags, *due; /* tags separated by ", " (quoted as quick add does) */
    bool done;
    struct mustache_list priorities; /* of option_view */
    const char *title_error, *notes_error, *list_error, *tags_error, *priority_error,
        *due_error; /* sentences */
};

/* A part of /due. */
struct part_view {
    const char *title;
    const char *name;           /* overdue, today, week, later */
    struct mustache_list todos; /* of todo_view */
    bool more;                  /* than it shows */
    bool last;
};

/* What plots are drawn with: all coordinates are whole numbers in the plot's own box. */
struct tick_view {
    uint64_t at; /* along its axis */
    const char *label;
};
/* One of several bars, each with a label. */
struct bar_view {
    const char *label;
    const char *name, *slug; /* of a list, or NULL: the label may be cut */
    uint64_t at;             /* across: where it begins */
    uint64_t width,
        width2; /* along: how far it reaches, and the second one, which begins where the first one ends */
    uint64_t value, value2;
    uint64_t created, finished; /* of a list, lately */
    const char *typical;        /* of a list: how long its todos take, or NULL */
    bool last;
};
/* A day of the plots and of the table beside them. */
struct day_view {
    const char *day; /* YYYY-MM-DD */
    uint64_t created, finished, open;
    bool last;
};
/* The plots of /stats. */
struct stats_view {
    uint64_t days;                                                    /* how many the plots go back */
    const char *first_day;                                            /* YYYY-MM-DD */
    uint64_t width;                                                   /* of a plot by day */
    const char *created_path, *finished_path, *open_path, *open_line; /* of SVG */
    struct mustache_list day_ticks, flow_ticks, open_ticks;           /* of tick_view */
    const char *flow_text, *open_text, *took_text, *lists_text;       /* the plots in words */
    struct mustache_list table;                                       /* of day_view, the newest first */
    struct mustache_list took, lists;                                 /* of bar_view */
    uint64_t took_height, lists_height;
    bool more_lists;
};

struct problem_view {
    const char *field, *detail;
    bool last;
};

/* The form to sign in. With what a refused form had sent, it takes that along, so that nothing typed is lost.
 */
struct sign_in_view {
    const char *next;          /* path to go to then, or NULL */
    struct mustache_list kept; /* of kept_view */
};
struct kept_view {
    const char *name, *value; /* of a hidden field, as it is sent: "kept.title" */
};

/* The root of every page. A page sets what it has; the rest is empty. */
struct page_view {
    /* the site */
    const char *site_title;
    const char *site_url;    /* WRIT_URL without a slash at its end, or "" */
    bool members;            /* forms and names are for members only */
    bool signed_in;          /* there is somebody to sign out: not on a board that is open to all */
    const char *style_href;  /* /assets/style.HASH.css */
    const char *script_href; /* or NULL */
    const char *icon_href;   /* or NULL */
    const char *touch_icon_href;
    const char *worker_href;                                        /* of the service worker, or NULL */
    const char *icon_192_href, *icon_512_href, *icon_maskable_href; /* for the manifest */

    /* this page */
    const char *title; /* of the document; NULL on the board */
    const char *path;  /* its URL path, "/" or "/open/3", percent-encoded */
    const char *kind;  /* board, todo, deleted, lists, list, tags, tag, open, done, due, stats, add, authored,
                          error,  accepted, sign-in */
    bool is_board, is_open, is_done, is_lists, is_tags, is_due, is_stats, is_help,
        is_sign_in; /* for aria-current */
    bool has_json, has_md;
    const char *stem; /* path of its twins without extension: "/index", "/lists/home/3" */

    const struct todo_view *todo;
    const struct name_view *list;  /* of a list's page */
    const struct name_view *tag;   /* of a tag's page */
    struct mustache_list todos;    /* of todo_view */
    struct mustache_list due;      /* of todo_view: overdue and today (the board) */
    struct mustache_list finished; /* of todo_view: the latest (the board) */
    struct mustache_list parts;    /* of part_view: /due */
    struct mustache_list columns;  /* of name_view: the lists that the board shows as columns */
    struct mustache_list others;   /* of name_view: the board's other lists */
    struct mustache_list lists;    /* of name_view */
    struct mustache_list tags;     /* of name_view */
    uint64_t open, done, total;    /* of what the page is about */
    bool has_due, has_finished, has_lists, has_tags; /* on the board: for what stands around the sequences */
    bool is_empty;                                   /* the board: there is no todo */
    bool finish_leaves, reopen_leaves; /* is a todo that is finished or reopened not on this page any more? */
    bool more_lists, more_tags;

    /* buckets */
    uint64_t bucket;         /* of a bucket's page */
    const char *bucket_base; /* "/open", "/lists/home" */
    uint64_t previous, next; /* neighbouring buckets that are not empty; 0: none */
    uint64_t newest_bucket;  /* on a head page: where the sequence begins; 0: none */

    struct mustache_list history;       /* of change_view */
    const struct form_view *add;        /* the form to add a todo */
    const struct form_view *edit;       /* the form to edit the todo */
    const struct sign_in_view *sign_in; /* the form to sign in */
    const struct stats_view *stats;     /* the plots */
    struct mustache_markup body;        /* of an authored page */

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
    option_view_type, form_view_type, problem_view_type, kept_view_type, sign_in_view_type, part_view_type,
    tick_view_type, bar_view_type, day_view_type, stats_view_type, page_view_type;

#endif
