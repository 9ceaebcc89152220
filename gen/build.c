/* See build.h. */
#include "build.h"

#include "cycle.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 1000 };

struct build;
typedef bool chunk_fn(struct build *b);

struct build {
    struct renderer *renderer;
    struct tree *tree;
    chunk_fn *each; /* what is done with the pages */
    struct progress progress;
    build_stop_fn *stop;
    void *context;
    uint64_t pages, files; /* files: that are there, as far as they were checked */
    size_t count;
    struct plan_item items[CHUNK]; /* with which nothing is done yet */
};

static bool render_chunk(struct build *b)
{
    return render_pages(b->renderer, b->tree, b->items, b->count, true);
}

static bool flush(struct build *b)
{
    if (b->stop && b->stop(b->context))
        return renderer_failed(b->renderer, "the build was stopped");
    if (!b->each(b))
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

/* All pages that there are in the open snapshot. */
static bool build_pages(struct build *b, bool progress)
{
    struct renderer *r = b->renderer;
    uint64_t pages;
    if (read_page_count(&r->db, &pages) != DB_OK)
        return renderer_failed(r, r->db.error);
    if (progress)
        progress_begin(&b->progress, pages);
    bool ok = build_todos(b) && build_buckets(b) && build_heads(b, BUCKET_LIST) &&
              build_heads(b, BUCKET_TAG) && build_single(b) && flush(b);
    progress_end(&b->progress);
    return ok;
}

/* All that a tree holds but revision.json, from one snapshot. */
static bool build_tree(struct build *b, bool progress)
{
    struct renderer *r = b->renderer;
    if (!renderer_begin(r, 0))
        return false;
    bool ok = render_assets(r, b->tree) && build_pages(b, progress);
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
    if (!renderer_begin(r, 0))
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

/* The tree's files get publish counters of their own: nobody has seen them before they are in place, all at
 * once. A new one before each catching up is above those of the files that it meets in current/. */
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
    /* Most of it before anybody has to wait. */
    if (!take_counter(b, site) || !catch_up(b, &result->cursor.revision))
        return false;
    if (!site_lock(site))
        return renderer_failed(r, site->error);
    bool ok = tree_next_counter(b->tree) || renderer_failed(r, b->tree->error);
    ok = ok && catch_up(b, &result->cursor.revision);
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
    result->stood = false;
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
    b = (struct build){.renderer = r, .tree = &tree, .each = render_chunk, .stop = stop, .context = context};
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
    b = (struct build){.renderer = r, .tree = &tree, .each = render_chunk};
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

/* ---- or it stands already */

/* The slugs in the paths of the pages of a chunk: of their lists and tags. */
static bool read_owners(struct build *b, struct read_names *lists, struct read_names *tags)
{
    struct renderer *r = b->renderer;
    struct read_questions questions;
    uint64_t ids[2][CHUNK];
    size_t n[2] = {0};
    for (size_t i = 0; i < b->count; i++) {
        const struct page_key *key = &b->items[i].key;
        enum bucket_kind sequence = page_types[key->kind].sequence;
        int of_tag = sequence == BUCKET_TAG;
        if (sequence >= BUCKET_LIST && (n[of_tag] == 0 || ids[of_tag][n[of_tag] - 1] != key->owner))
            ids[of_tag][n[of_tag]++] = key->owner;
    }
    arena_reset(&r->arena);
    read_questions_init(&questions, &r->arena);
    read_names(&questions, BUCKET_LIST, ids[0], n[0], lists);
    read_names(&questions, BUCKET_TAG, ids[1], n[1], tags);
    return read_answers(&r->db, &questions) == DB_OK || renderer_failed(r, r->db.error);
}

static bool check_page(struct build *b, const struct page_key *key, const char *slug)
{
    char file[PAGE_FILE_BYTES], why[PAGE_FILE_BYTES + 64];
    for (unsigned twin = TWIN_HTML; twin <= TWIN_MD; twin <<= 1) {
        if (!(page_types[key->kind].twins & twin))
            continue;
        if (!page_file(key, slug, (enum twin)twin, file))
            return renderer_failed(b->renderer, "the path of a page is too long, which is a bug");
        if (!tree_has(b->tree, file)) {
            snprintf(why, sizeof why, "%s is missing, or somebody has written to it", file);
            return renderer_failed(b->renderer, why);
        }
        b->files++;
    }
    return true;
}

static bool check_chunk(struct build *b)
{
    struct read_names lists, tags;
    if (!read_owners(b, &lists, &tags))
        return false;
    for (size_t i = 0; i < b->count; i++) {
        const struct page_key *key = &b->items[i].key;
        const struct page_type *type = &page_types[key->kind];
        const char *slug = NULL;
        if (key->kind == PAGE_ERROR) {
            slug = error_page_slug(key->number);
        } else if (type->has_slug) {
            const struct read_name *owner =
                read_names_find(type->sequence == BUCKET_LIST ? &lists : &tags, key->owner);
            if (!owner)
                return renderer_failed(b->renderer, "a list or tag is missing in the database");
            slug = owner->slug;
        }
        if (!check_page(b, key, slug))
            return false;
    }
    return true;
}

/* Every page in the open snapshot has its files, and there are no others. */
static bool check_files(struct build *b, bool progress)
{
    uint64_t found;
    char why[128];
    b->each = check_chunk;
    if (!build_pages(b, progress))
        return false;
    if (!tree_count(b->tree, &found))
        return renderer_failed(b->renderer, b->tree->error);
    b->files++; /* revision.json */
    if (found == b->files)
        return true;
    snprintf(why, sizeof why, "there are %" PRIu64 " files in current/, and should be %" PRIu64, found,
             b->files);
    return renderer_failed(b->renderer, why);
}

/* Locked: do revision and fingerprint say that nothing has changed? Then the snapshot is open. */
static bool begin_unchanged(struct build *b, const struct site *site, struct cursor *cursor)
{
    struct renderer *r = b->renderer;
    if (site->state.fingerprint != r->fingerprint)
        return renderer_failed(r, "the pages were made with other templates, assets, settings or program");
    if (!site_is_trusted(site))
        return renderer_failed(r, "the machine went down without a sync");
    if (!tree_read_cursor(b->tree, cursor))
        return renderer_failed(r, "current/revision.json is missing or makes no sense");
    if (!renderer_begin(r, 0))
        return false;
    if (cursor->revision == r->board.revision && cursor->settled == r->board.revision)
        return true;
    renderer_end(r, false);
    return renderer_failed(r, "there are writes that are not published yet");
}

/* Also puts, as a cycle does, the board, whose day may be over, and the few files that are copied. The
 * snapshot stays open if all is well. */
static bool begin_check(struct build *b, struct site *site, struct cursor *cursor)
{
    struct renderer *r = b->renderer;
    if (!site_lock(site))
        return renderer_failed(r, site->error);
    bool ok = tree_open_current(b->tree, site) || renderer_failed(r, b->tree->error);
    if (ok && (ok = begin_unchanged(b, site, cursor))) {
        ok = (tree_next_counter(b->tree) || renderer_failed(r, b->tree->error)) && render_assets(r, b->tree);
        b->files = b->tree->written + b->tree->kept;
        ok = ok && build_page(b, PAGE_BOARD, 0, 0) && flush(b);
        b->pages = 0; /* it is checked with the others */
        if (!ok)
            renderer_end(r, true);
    }
    site_unlock(site);
    return ok;
}

/* Nothing was published while the files were looked at, nor begun: they are all of one revision. */
static bool end_check(struct build *b, struct site *site, const struct cursor *before)
{
    struct renderer *r = b->renderer;
    struct cursor now;
    if (!site_lock(site))
        return renderer_failed(r, site->error);
    bool ok = begin_unchanged(b, site, &now);
    if (ok) {
        renderer_end(r, false);
        ok = now.revision == before->revision || renderer_failed(r, "there were writes meanwhile");
    }
    site_unlock(site);
    return ok;
}

bool site_stands(struct renderer *r, struct site *site, bool progress, struct build_result *result)
{
    static struct build b;
    struct tree tree = {.fd = -1, .model = -1};
    struct timespec start;
    b = (struct build){.renderer = r, .tree = &tree, .each = render_chunk};
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!site_lock_build(site, say_waiting)) /* current/ stays the same folder */
        return renderer_failed(r, site->error);
    bool ok = begin_check(&b, site, &result->cursor);
    if (ok) {
        ok = check_files(&b, progress);
        renderer_end(r, !ok);
    }
    ok = ok && end_check(&b, site, &result->cursor);
    note_result(&b, &start, result);
    result->stood = ok;
    tree_close(&tree);
    site_unlock_build(site);
    return ok;
}
