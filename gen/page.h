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
    PAGE_BOARD,
    PAGE_ERROR,
    PAGE_KINDS,
};

enum twin { TWIN_HTML = 1, TWIN_JSON = 2, TWIN_MD = 4 };

/* A page's identity, compact: a plan holds many. */
struct page_key {
    uint8_t kind;     /* of enum page_kind */
    uint8_t audience; /* of enum audience */
    uint32_t owner;   /* list or tag id, else 0 */
    uint64_t number;  /* of a todo, bucket or error page, else 0 */
};

struct page_type {
    const char *name;           /* page_view.kind */
    const char *template;       /* NAME.html.mustache and NAME.json.mustache */
    const char *base;           /* the first segment of its path; NULL: the slug is all of it */
    enum bucket_kind sequence;  /* which todos stand on it; 0: none, or its own choice */
    bool in_bucket;             /* those of one bucket; else the newest of the sequence */
    bool has_slug, has_number;  /* further segments of its path */
    unsigned twins, late_twins; /* all it has; those of them that may follow what is published */
    unsigned weight;            /* how many todos stand on it, at most: bounds a batch's memory */

    /* Asks which todos it shows, and for whatever else but them: answered into the page before `show`. */
    void (*gather)(struct renderer *renderer, struct page *page, struct read_questions *questions);
    /* With the todos read: does it exist, and what does it say? */
    void (*show)(struct renderer *renderer, struct page *page, struct page_view *view);
};
extern const struct page_type page_types[PAGE_KINDS];

/* The kinds of a sequence's pages. */
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

enum { PAGE_FILE_BYTES = PAGE_PATH_BYTES + 16 };

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
void board_page_show(struct renderer *, struct page *, struct page_view *);
void error_page_gather(struct renderer *, struct page *, struct read_questions *);
void error_page_show(struct renderer *, struct page *, struct page_view *);

enum { ERROR_PAGES = 3 }; /* numbered from 1 */
const char *error_page_slug(uint64_t number);

#endif
