/*
 * Pages from rows: reads what a set of pages shows from one snapshot, and puts
 * their files into a tree, a bounded batch at a time.
 *
 * Nothing that is rendered depends on anything but the snapshot, the
 * templates, the settings and, where page_types says so, the local day: so a page that is rendered
 * because of a change and one that is rendered with all others are the same
 * bytes.
 */
#ifndef WRIT_GEN_RENDER_H
#define WRIT_GEN_RENDER_H

#include "../templates/view.h"
#include "assets.h"
#include "authored.h"
#include "crew.h"
#include "day.h"
#include "plan.h"
#include "row_cache.h"
#include "sequence_cache.h"
#include "settings.h"

enum { PAGE_BYTES_MAX = 64 << 20 }; /* a page that would be larger is left as it is, and logged */

struct renderer {
    const struct settings *settings;
    struct db db;
    struct mustache_set *templates;
    struct assets assets;
    struct authored authored;
    uint64_t fingerprint; /* of all that pages depend on but the database and the day */

    struct read_board board; /* of the snapshot */
    char today[DAY_BYTES];   /* in TZ */

    uint64_t reading;   /* microseconds spent on the database since whoever counts set it to 0 */
    struct arena arena; /* of a batch */
    struct buffer out, notes;
    char error[1024]; /* of the last call that returned false */

    /* Called on the caller's thread behind each batch of render_pages(), of which there may be many; or NULL.
     */
    void (*between_batches)(void *context);
    void *between_context;

    struct row_cache *rows;           /* NULL: every row is read; else whoever plans keeps it true. Owned */
    struct sequence_cache *sequences; /* likewise, of which todos stand where. Owned */
    struct crew *crew;
    struct renderer *second; /* what the crew's other thread renders with: no connection, else as this one */
};

/* Reads templates and assets; does not connect. False: `error` says which file is wrong. */
bool renderer_init(struct renderer *r, const struct settings *settings) __attribute__((warn_unused_result));
void renderer_release(struct renderer *r);

/* Reads templates and assets again; keeps the old ones if the new ones are wrong. */
bool renderer_reload(struct renderer *r) __attribute__((warn_unused_result));

/* Empties the caches. */
void renderer_forget(struct renderer *r);

/* Connects if need be, and opens a snapshot: board and today are set. If it is newer than revision `durable`,
 * it is on the disk when this returns: nothing is shown that a crash of the database could undo. */
bool renderer_begin(struct renderer *r, uint64_t durable) __attribute__((warn_unused_result));
/* Gives the snapshot up. After a failure the connection too: whatever state it is in is over. */
void renderer_end(struct renderer *r, bool failed);

/* Puts the twins of n planned pages that are due `now` (else those due later) into the tree: the todos' own
 * pages first, then those that link to them, in the order of the items, which is by page; then removes the
 * pages that do not exist, with all their twins. On both threads of the crew. */
bool render_pages(struct renderer *r, struct tree *tree, struct plan_item *items, size_t n, bool now)
    __attribute__((warn_unused_result));

/* What is copied, for every audience. */
bool render_assets(struct renderer *r, struct tree *tree) __attribute__((warn_unused_result));

/* Notes why, and is false, so that it can be returned. */
bool renderer_failed(struct renderer *r, const char *why);

/* ---- for the functions of page.h's table */

/* A page while its batch is rendered; all it points to lives in the arena. */
struct page {
    struct page_key key;
    const struct page_type *type;
    const struct read_name *owner; /* the list or tag it is about, or NULL */
    const char *slug;              /* in its path, or NULL */
    bool known;                    /* bucket and ids stood in the cache */
    struct read_bucket *bucket;    /* of a sequence's page: it and its neighbours */
    bool exists;                   /* to be decided by `show`; false before */

    /* Asked for by `gather` and `gather_more` */
    struct read_ids ids;    /* which todos it shows */
    struct read_ids *parts; /* and which in parts of it besides: the page's kind says what they are */
    size_t nparts;
    struct read_names lists, tags;
    struct page_column { /* a list of which it shows the first todos, and which part that is */
        struct read_bucket *bucket;
        struct read_ids *ids;
        bool known; /* both stood in the cache */
    } * columns;
    size_t ncolumns, column_todos; /* column_todos: how many of each at most */
    struct read_bars *bars;        /* as the page's kind says; those of /stats */

    const struct read_todos *rows; /* all of the batch: page_todo() */
};

/* The row of a todo that is to stand on a page. NULL if there is none, and on a public page if it is private:
 * those are asked for by none, and would not be shown if one were. */
const struct read_todo *page_todo(const struct page *page, uint64_t id);

#endif
