/* See build.h. */
#include "build.h"

#include "cycle.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 1000 };

struct build {
    struct renderer *renderer;
    struct tree *tree;
    struct progress progress;
    build_stop_fn *stop;
    void *context;
    uint64_t pages;
    size_t count;
    struct plan_item items[CHUNK]; /* not yet rendered */
};

static bool flush(struct build *b)
{
    if (b->stop && b->stop(b->context))
        return renderer_failed(b->renderer, "the build was stopped");
    if (!render_pages(b->renderer, b->tree, b->items, b->count, true))
        return false;
    b->pages += b->count;
    progress_advance(&b->progress, b->count);
    b->count = 0;
    return true;
}

static bool build_page(struct build *b, enum page_kind kind, uint64_t owner, uint64_t number)
{
    for (uint8_t audience = 0; audience < AUDIENCES_MADE; audience++) {
        if (b->count == CHUNK && !flush(b))
            return false;
        b->items[b->count++] = (struct plan_item){
            .key = {.kind = (uint8_t)kind, .audience = audience, .owner = (uint32_t)owner, .number = number},
            .now = (uint8_t)page_types[kind].twins};
    }
    return true;
}

/* ---- each kind, a chunk of rows at a time */

static bool build_todos(struct build *b)
{
    struct read_place places[CHUNK];
    size_t n;
    uint64_t after = 0;
    do {
        if (read_next_todos(&b->renderer->db, after, places, CHUNK, &n) != DB_OK)
            return renderer_failed(b->renderer, b->renderer->db.error);
        for (size_t i = 0; i < n; i++)
            if (!build_page(b, places[i].state == TODO_DELETED ? PAGE_DELETED : PAGE_TODO, 0, places[i].id))
                return false;
        after = n ? places[n - 1].id : after;
    } while (n == CHUNK);
    return true;
}

static bool build_buckets(struct build *b)
{
    struct read_bucket buckets[CHUNK], after = {0};
    size_t n;
    do {
        if (read_next_buckets(&b->renderer->db, &after, buckets, CHUNK, &n) != DB_OK)
            return renderer_failed(b->renderer, b->renderer->db.error);
        for (size_t i = 0; i < n; i++)
            if (!build_page(b, page_of_bucket(buckets[i].kind), buckets[i].owner, buckets[i].number))
                return false;
        after = n ? buckets[n - 1] : after;
    } while (n == CHUNK);
    return true;
}

static bool build_heads(struct build *b, enum bucket_kind kind)
{
    struct read_place names[CHUNK];
    size_t n;
    uint64_t after = 0;
    do {
        if (read_next_names(&b->renderer->db, kind, after, names, CHUNK, &n) != DB_OK)
            return renderer_failed(b->renderer, b->renderer->db.error);
        for (size_t i = 0; i < n; i++)
            if (!build_page(b, page_of_head(kind), names[i].id, 0))
                return false;
        after = n ? names[n - 1].id : after;
    } while (n == CHUNK);
    return true;
}

static bool build_single(struct build *b)
{
    static const enum page_kind single[] = {PAGE_OPEN, PAGE_DONE, PAGE_LISTS, PAGE_TAGS, PAGE_BOARD};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (!build_page(b, single[i], 0, 0))
            return false;
    for (uint64_t number = 1; number <= ERROR_PAGES; number++)
        if (!build_page(b, PAGE_ERROR, 0, number))
            return false;
    return true;
}

/* All that a tree holds but revision.json, from one snapshot. */
static bool build_tree(struct build *b, bool progress)
{
    struct renderer *r = b->renderer;
    uint64_t pages;
    if (!renderer_begin(r))
        return false;
    bool ok = read_page_count(&r->db, &pages) == DB_OK || renderer_failed(r, r->db.error);
    if (ok && progress)
        progress_begin(&b->progress, pages);
    ok = ok && render_assets(r, b->tree) && build_todos(b) && build_buckets(b) &&
         build_heads(b, BUCKET_LIST) && build_heads(b, BUCKET_TAG) && build_single(b) && flush(b);
    progress_end(&b->progress);
    renderer_end(r, !ok);
    return ok;
}

/* ---- and into place */

/* Brings the new tree from revision *upto to the present, which it then is. */
static bool catch_up(struct build *b, uint64_t *upto)
{
    struct renderer *r = b->renderer;
    struct plan plan = {0};
    b->tree->fresh = false;
    if (!renderer_begin(r))
        return false;
    plan_add(&plan, PAGE_BOARD, 0, 0, PLAN_NOW); /* the day may have changed */
    bool ok = plan_changes(r, &plan, *upto, *upto);
    if (ok && plan.too_large)
        ok = renderer_failed(r, "too many pages changed meanwhile; try again");
    for (size_t i = 0; ok && i < plan.count; i++)
        plan.items[i].now |= plan.items[i].later;
    ok = ok && render_pages(r, b->tree, plan.items, plan.count, true);
    *upto = ok ? r->board.revision : *upto;
    plan_release(&plan);
    renderer_end(r, !ok);
    return ok;
}

/* The tree's files get a publish counter of their own: nobody has seen them before they are in place, all at
 * once. */
static bool take_counter(struct build *b, struct site *site)
{
    if (!site_lock(site))
        return renderer_failed(b->renderer, site->error);
    bool ok = tree_next_counter(b->tree) || renderer_failed(b->renderer, b->tree->error);
    site_unlock(site);
    return ok;
}

static bool put_in_place(struct build *b, struct site *site, struct build_result *result)
{
    struct renderer *r = b->renderer;
    if (!catch_up(b, &result->cursor.revision)) /* most of it before anybody has to wait */
        return false;
    if (!site_lock(site))
        return renderer_failed(r, site->error);
    bool ok = catch_up(b, &result->cursor.revision);
    result->cursor.settled = result->cursor.revision;
    if (ok && !tree_write_cursor(b->tree, &result->cursor))
        ok = renderer_failed(r, b->tree->error);
    /* Between the two marks nobody can tell which tree is in place, and none would be trusted. */
    if (ok && (!site_mark(site, 0, false) || !site_exchange(site) || !site_mark(site, r->fingerprint, false)))
        ok = renderer_failed(r, site->error);
    site_unlock(site);
    return ok;
}

static void note_result(const struct build *b, const struct timespec *start, struct build_result *result)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    result->seconds = (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
    result->pages = b->pages;
    result->written = b->tree->written;
    result->kept = b->tree->linked + b->tree->kept;
}

static void say_waiting(void)
{
    say("Another full build is running; waiting for its end.");
}

bool build_site(struct renderer *r, struct site *site, bool progress, build_stop_fn *stop, void *context,
                struct build_result *result)
{
    static struct build b; /* too large for a stack, and one at a time */
    struct tree tree;
    struct timespec start;
    b = (struct build){.renderer = r, .tree = &tree, .stop = stop, .context = context};
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!site_lock_build(site, say_waiting))
        return renderer_failed(r, site->error);
    bool ok = tree_open_build(&tree, site) || renderer_failed(r, tree.error);
    if (ok) {
        ok = take_counter(&b, site) && build_tree(&b, progress);
        result->cursor.revision = r->board.revision;
        ok = ok && put_in_place(&b, site, result);
        note_result(&b, &start, result);
        tree_close(&tree);
        if (!remove_folder(site->fd, "build")) /* the old tree, or what a failure left */
            say("%s/build could not be removed; the next full build tries again.", site->path);
    }
    site_unlock_build(site);
    return ok;
}

bool build_folder(struct renderer *r, const char *path, bool progress, struct build_result *result)
{
    static struct build b;
    struct tree tree;
    struct timespec start;
    b = (struct build){.renderer = r, .tree = &tree};
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!tree_open_folder(&tree, path))
        return renderer_failed(r, tree.error);
    bool ok = build_tree(&b, progress);
    result->cursor = (struct cursor){r->board.revision, r->board.revision};
    if (ok && !tree_write_cursor(&tree, &result->cursor))
        ok = renderer_failed(r, tree.error);
    note_result(&b, &start, result);
    tree_close(&tree);
    return ok;
}
