/*
 * Which kinds of pages there are, and where each stands: one const table.
 * What a kind needs is in its row; whoever adds a kind adds a row, a member of
 * enum page_kind and its two functions, and says in plan.c what changes it.
 */
#ifndef WRIT_GEN_PAGE_H
#define WRIT_GEN_PAGE_H

#include "../db/todo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page;
struct page_view;
struct read_questions;
struct renderer;

/* In the order of publishing: what others link to comes first. */
enum page_kind {
    PAGE_TODO,
    PAGE_DELETED, /* stands in for a deleted todo's page */
    PAGE_OPEN_BUCKET,
    PAGE_DONE_BUCKET,
    PAGE_LIST_BUCKET,
    PAGE_TAG_BUCKET,
    PAGE_OPEN,
    PAGE_DONE,
    PAGE_LIST,
    PAGE_TAG,
    PAGE_LISTS,
    PAGE_TAGS,
    PAGE_DUE,
    PAGE_BOARD,
    PAGE_STATS,
    /* What is rendered by full builds alone: */
    PAGE_ADD,
    PAGE_SIGN_IN,
    PAGE_AUTHORED, /* from Markdown in site/ */
    PAGE_MANIFEST,
    PAGE_ERROR,
    PAGE_KINDS,
};

/* TWIN_LAST is the highest: for walking through all. */
enum twin { TWIN_HTML = 1, TWIN_JSON = 2, TWIN_MD = 4, TWIN_MANIFEST = 8, TWIN_LAST = TWIN_MANIFEST };

/* A page's identity, compact: a plan holds many. */
struct page_key {
    uint8_t kind;     /* of enum page_kind */
    uint8_t audience; /* of enum audience */
    uint32_t owner;   /* list or tag id, else 0 */
    uint64_t number;  /* of a todo or bucket; of an authored or error page, from 1; else 0 */
};

struct page_type {
    const char *name;          /* page_view.kind */
    const char *template;      /* NAME.html.mustache and NAME.json.mustache */
    const char *base;          /* the first segment of its path; NULL: the slug is all of it */
    enum bucket_kind sequence; /* which todos stand on it, for members; 0: none, or its own choice */
    bool in_bucket;            /* those of one bucket; else the newest of the sequence */
    bool has_slug, has_number; /* further segments of its path */
    bool members_only;
    bool of_day;                /* depends on what day it is, too */
    unsigned twins, late_twins; /* all it has; those of them that may follow what is published */
    unsigned weight;            /* how many todos stand on it, at most: bounds a batch's memory */

    /* Asks which todos it shows, and for whatever else but them: answered into the page before `show`. */
    void (*gather)(struct renderer *renderer, struct page *page, struct read_questions *questions);
    /* Asks what depends on those answers; NULL: nothing does. */
    void (*gather_more)(struct renderer *renderer, struct page *page, struct read_questions *questions);
    /* With the todos read: does it exist, and what does it say? */
    void (*show)(struct renderer *renderer, struct page *page, struct page_view *view);
};
extern const struct page_type page_types[PAGE_KINDS];

/* Which todos stand on a page of a sequence, for its audience: for the public those of public lists. A list
 * is public as a whole, and has the same buckets in both trees. */
enum bucket_kind page_sequence(const struct page_key *key);

/* The kinds of a sequence's pages, whoever sees it. */
enum page_kind page_of_bucket(enum bucket_kind kind);
enum page_kind page_of_head(enum bucket_kind kind);

int page_compare(const struct page_key *a, const struct page_key *b);

/* Longer than any path or URL here: a slug's bytes as %XX, and what is around it. */
enum { PAGE_PATH_BYTES = 3 * SLUG_BYTES + 100 };

/* The path of its files in the tree of its audience, without extension, "lists/home/3". `slug` is its
 * owner's, NULL where there is none. False if it does not fit, which no checked slug can cause. */
bool page_path(const struct page_key *key, const char *slug, char path[PAGE_PATH_BYTES])
    __attribute__((warn_unused_result));
/* The same as a URL path, "/lists/home/3", percent-encoded. */
bool page_url(const struct page_key *key, const char *slug, char url[PAGE_PATH_BYTES])
    __attribute__((warn_unused_result));

/* ".html" */
const char *twin_extension(enum twin twin);

/* The folder of an audience in a tree: "members" */
const char *audience_folder(enum audience audience);

enum { PAGE_FILE_BYTES = PAGE_PATH_BYTES + 24 };

/* The file of one of its twins in a tree, "members/lists/home/3.html"; as page_path(). */
bool page_file(const struct page_key *key, const char *slug, enum twin twin, char file[PAGE_FILE_BYTES])
    __attribute__((warn_unused_result));

/* ---- the functions of the table, a file each */

void todo_page_gather(struct renderer *, struct page *, struct read_questions *);
void todo_page_show(struct renderer *, struct page *, struct page_view *);
void deleted_page_show(struct renderer *, struct page *, struct page_view *);
void list_page_gather(struct renderer *, struct page *,
                      struct read_questions *); /* list_page.c: all pages of a sequence of todos */
void list_page_show(struct renderer *, struct page *, struct page_view *);
void names_page_gather(struct renderer *, struct page *, struct read_questions *);
void names_page_show(struct renderer *, struct page *, struct page_view *);
void board_page_gather(struct renderer *, struct page *, struct read_questions *);
void board_page_gather_more(struct renderer *, struct page *, struct read_questions *);
void board_page_show(struct renderer *, struct page *, struct page_view *);
void due_page_gather(struct renderer *, struct page *, struct read_questions *);
void due_page_show(struct renderer *, struct page *, struct page_view *);
void stats_page_gather(struct renderer *, struct page *, struct read_questions *);
void stats_page_gather_more(struct renderer *, struct page *, struct read_questions *);
void stats_page_show(struct renderer *, struct page *, struct page_view *);
void no_gather(struct renderer *, struct page *,
               struct read_questions *); /* fixed_page.c: pages without rows */
void add_page_show(struct renderer *, struct page *, struct page_view *);
void sign_in_page_show(struct renderer *, struct page *, struct page_view *);
void manifest_page_show(struct renderer *, struct page *, struct page_view *);
void authored_page_gather(struct renderer *, struct page *, struct read_questions *);
void authored_page_show(struct renderer *, struct page *, struct page_view *);
void error_page_gather(struct renderer *, struct page *, struct read_questions *);
void error_page_show(struct renderer *, struct page *, struct page_view *);

enum { ERROR_PAGES = 3 }; /* numbered from 1 */
const char *error_page_slug(uint64_t number);

#endif
