/*
 * See build.h. Pages are handed out by chunks to two threads ("hands"), each of
 * which reads its chunk's rows over a connection of its own, renders them and
 * writes the files: while one waits for the database, the other one works. Both
 * connections have the same snapshot, or there is one hand.
 *
 * A chunk is small enough for a processor's cache, and bounds the memory: two
 * hands have at most two chunks of rows.
 */
#include "build.h"

#include "cycle.h"
#include "progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    /* That stand on a chunk's pages: with notes of 16 KiB each, the most there can be, 7 MB. */
    CHUNK_TODOS = 400,
    CHUNK_PAGES = CHUNK_TODOS / BUCKET_TODOS, /* that show a bucket's todos each */
    /* A todo has its own page, and may be the only one of its bucket; or a few pages more, of the last part.
     */
    CHUNK_ITEMS = 2 * CHUNK_TODOS * AUDIENCES,
    SNAPSHOT_TRIES = 20,
};

/* One thread's part: a renderer and a tree that nobody else uses meanwhile. */
struct hand {
    struct renderer *renderer;
    struct tree *tree;
    uint64_t files; /* that are there, as far as they were checked */
    bool failed;    /* its renderer says why */
    size_t count;
    struct plan_item items[CHUNK_ITEMS];
};

struct build;
typedef bool chunk_fn(struct build *b, struct hand *hand);
typedef bool next_fn(struct build *b, struct hand *hand, bool *last);

struct build {
    struct renderer *renderer;
    struct tree *tree;
    chunk_fn *each; /* what is done with the pages */
    build_stop_fn *stop;
    void *context;
    uint64_t pages;
    uint64_t copied; /* files that are in the tree besides pages, when it is checked */
    struct hand hands[CREW];

    pthread_mutex_t mutex; /* for handing out, and all below */
    struct progress progress;
    size_t part;               /* of the parts of all pages, the one that is being handed out */
    uint64_t after;            /* in it: the id handed out last */
    struct read_bucket bucket; /* the same of buckets */
    bool failed;               /* nothing more is handed out */
};

static bool render_chunk(struct build *b, struct hand *hand)
{
    (void)b;
    return render_pages(hand->renderer, hand->tree, hand->items, hand->count, true);
}

static void add_page_of(struct hand *hand, enum audience audience, enum page_kind kind, uint64_t owner,
                        uint64_t number)
{
    hand->items[hand->count++] = (struct plan_item){.key = {.kind = (uint8_t)kind,
                                                            .audience = (uint8_t)audience,
                                                            .owner = (uint32_t)owner,
                                                            .number = number},
                                                    .now = (uint8_t)page_types[kind].twins};
}

/* In the members' tree, and if it is public in the public one too. */
static void add_page(struct hand *hand, bool is_public, enum page_kind kind, uint64_t owner, uint64_t number)
{
    add_page_of(hand, AUDIENCE_MEMBERS, kind, owner, number);
    if (is_public && !page_types[kind].members_only)
        add_page_of(hand, AUDIENCE_PUBLIC, kind, owner, number);
}

static bool read_failed(struct hand *hand)
{
    return renderer_failed(hand->renderer, hand->renderer->db.error);
}

/* ---- the next chunk of each part of all pages: *last when there are none behind it */

/* How many of n todos to take, so that a bucket's todos come together. */
static size_t whole_buckets(const struct read_place *places, size_t n)
{
    uint64_t last = n ? places[n - 1].id : 0;
    if (n < CHUNK_TODOS || last % BUCKET_TODOS == 0)
        return n;
    while (bucket_of(places[n - 1].id) == bucket_of(last))
        n--;
    return n;
}

/* The buckets of /open and /done that the first of n todos is in, in both trees. Returns how many todos are.
 */
static size_t add_bucket(struct hand *hand, const struct read_place *places, size_t n)
{
    uint64_t bucket = bucket_of(places[0].id);
    bool shown[AUDIENCES][TODO_DELETED + 1] = {{false}};
    size_t i = 0;
    for (; i < n && bucket_of(places[i].id) == bucket; i++) {
        shown[AUDIENCE_MEMBERS][places[i].state] = true;
        if (places[i].is_public)
            shown[AUDIENCE_PUBLIC][places[i].state] = true;
    }
    for (int audience = 0; audience < AUDIENCES; audience++) {
        if (shown[audience][TODO_OPEN])
            add_page_of(hand, (enum audience)audience, PAGE_OPEN_BUCKET, 0, bucket);
        if (shown[audience][TODO_DONE])
            add_page_of(hand, (enum audience)audience, PAGE_DONE_BUCKET, 0, bucket);
    }
    return i;
}

/* Todos with the buckets of /open and /done, which show the same rows. */
static bool next_todos(struct build *b, struct hand *hand, bool *last)
{
    _Static_assert(CHUNK_PAGES > 1, "a whole bucket fits, and what is behind it shows that it is whole");
    struct read_place places[CHUNK_TODOS];
    size_t n, taken;
    if (read_next_todos(&hand->renderer->db, b->after, places, CHUNK_TODOS, &n) != DB_OK)
        return read_failed(hand);
    *last = n < CHUNK_TODOS;
    taken = whole_buckets(places, n);
    for (size_t i = 0; i < taken; i++)
        add_page(hand, places[i].is_public, places[i].state == TODO_DELETED ? PAGE_DELETED : PAGE_TODO, 0,
                 places[i].id);
    for (size_t i = 0; i < taken;)
        i += add_bucket(hand, places + i, taken - i);
    b->after = taken ? places[taken - 1].id : b->after;
    return true;
}

/* Those of lists and tags. All the others, which come with the todos, are of kinds before them or are left
 * out. */
static const struct read_bucket first_bucket = {
    .kind = BUCKET_DONE, .owner = UINT32_MAX, .number = UINT64_MAX};

static bool next_buckets(struct build *b, struct hand *hand, bool *last)
{
    struct read_bucket buckets[CHUNK_PAGES];
    size_t n;
    if (read_next_buckets(&hand->renderer->db, &b->bucket, buckets, CHUNK_PAGES, &n) != DB_OK)
        return read_failed(hand);
    *last = n < CHUNK_PAGES;
    for (size_t i = 0; i < n; i++)
        if (buckets[i].kind == BUCKET_PUBLIC_TAG)
            add_page_of(hand, AUDIENCE_PUBLIC, PAGE_TAG_BUCKET, buckets[i].owner, buckets[i].number);
        else if (buckets[i].kind == BUCKET_LIST || buckets[i].kind == BUCKET_TAG)
            add_page(hand, buckets[i].is_public, page_of_bucket(buckets[i].kind), buckets[i].owner,
                     buckets[i].number);
    b->bucket = n ? buckets[n - 1] : b->bucket;
    return true;
}

static bool next_heads(struct build *b, struct hand *hand, enum bucket_kind kind, bool *last)
{
    struct read_place names[CHUNK_PAGES];
    size_t n;
    if (read_next_names(&hand->renderer->db, kind, b->after, names, CHUNK_PAGES, &n) != DB_OK)
        return read_failed(hand);
    *last = n < CHUNK_PAGES;
    for (size_t i = 0; i < n; i++)
        add_page(hand, names[i].is_public, page_of_head(kind), names[i].id, 0);
    b->after = n ? names[n - 1].id : b->after;
    return true;
}

static bool next_lists(struct build *b, struct hand *hand, bool *last)
{
    return next_heads(b, hand, BUCKET_LIST, last);
}

static bool next_tags(struct build *b, struct hand *hand, bool *last)
{
    return next_heads(b, hand, BUCKET_TAG, last);
}

static bool next_single(struct build *b, struct hand *hand, bool *last)
{
    static const enum page_kind single[] = {PAGE_OPEN,  PAGE_DONE,  PAGE_LISTS, PAGE_TAGS,    PAGE_DUE,
                                            PAGE_BOARD, PAGE_STATS, PAGE_ADD,   PAGE_SIGN_IN, PAGE_MANIFEST};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        add_page(hand, true, single[i], 0, 0);
    (void)b;
    for (uint64_t number = 1; number <= hand->renderer->authored.count; number++)
        add_page(hand, true, PAGE_AUTHORED, 0, number);
    for (uint64_t number = 1; number <= ERROR_PAGES; number++)
        add_page(hand, true, PAGE_ERROR, 0, number);
    *last = true;
    return true;
}

static next_fn *const parts[] = {next_todos, next_buckets, next_lists, next_tags, next_single};
enum { PARTS = sizeof parts / sizeof *parts };

/* Fills in a hand's next chunk, from the snapshot that all hands share: no pages when there are none left. */
static bool next_chunk(struct build *b, struct hand *hand)
{
    bool ok = true, last = false;
    pthread_mutex_lock(&b->mutex);
    progress_advance(&b->progress, hand->count);
    b->pages += hand->count;
    hand->count = 0;
    while (ok && !b->failed && hand->count == 0 && b->part < PARTS) {
        if (b->stop && b->stop(b->context))
            ok = renderer_failed(hand->renderer, "the build was stopped");
        else
            ok = parts[b->part](b, hand, &last);
        if (ok && last) {
            b->part++;
            b->after = 0;
        }
    }
    pthread_mutex_unlock(&b->mutex);
    return ok;
}

/* ---- hands */

static void work(void *context, unsigned worker, size_t piece)
{
    struct build *b = context;
    struct hand *hand = &b->hands[worker];
    bool ok = true;
    (void)piece; /* whoever comes works until there is nothing left */
    while (ok && (ok = next_chunk(b, hand)) && hand->count)
        ok = b->each(b, hand);
    if (ok)
        return;
    hand->failed = true;
    pthread_mutex_lock(&b->mutex);
    b->failed = true;
    pthread_mutex_unlock(&b->mutex);
}

/* Another renderer of what `r` shows, with memory of its own, and no connection yet. */
struct second {
    struct renderer renderer, unused; /* unused: what a renderer without a crew asks for, and leaves alone */
    struct tree tree;
};

static void second_init(struct second *second, const struct renderer *r)
{
    second->renderer = *r;
    second->unused = (struct renderer){0};
    second->renderer.db = (struct db){0};
    second->renderer.arena = (struct arena){0};
    buffer_init(&second->renderer.out, PAGE_BYTES_MAX);
    buffer_init(&second->renderer.notes, PAGE_BYTES_MAX);
    second->renderer.between_batches = NULL; /* for the first thread to do */
    second->renderer.rows = NULL;
    second->renderer.crew = NULL;
    second->renderer.second = &second->unused;
}

static void second_release(struct second *second)
{
    db_close(&second->renderer.db);
    arena_release(&second->renderer.arena);
    buffer_release(&second->renderer.out);
    buffer_release(&second->renderer.notes);
}

/* Gives the second renderer the snapshot that the first one has. Commits may come between the two: then the
 * older one is taken anew. False if that does not succeed, and there has to be one hand. */
static bool share_snapshot(struct renderer *r, struct renderer *second)
{
    const uint64_t known = UINT64_MAX; /* the first one's is on the disk already */
    bool ok = renderer_begin(second, known);
    for (int i = 0; ok && second->board.revision != r->board.revision; i++)
        ok = i < SNAPSHOT_TRIES && (second->board.revision < r->board.revision ? renderer_begin(second, known)
                                                                               : renderer_begin(r, 0));
    strcpy(second->today, r->today);
    return ok;
}

/* Does with all pages that there are in the open snapshot what `each` says, on both threads. */
static bool build_pages(struct build *b, bool progress)
{
    static struct second second; /* one build at a time, and too large for a stack */
    struct renderer *r = b->renderer;
    uint64_t pages;
    second_init(&second, r);
    bool two = r->crew && share_snapshot(r, &second.renderer);
    if (read_page_count(&r->db, &pages) != DB_OK) {
        second_release(&second);
        return renderer_failed(r, r->db.error);
    }
    if (progress)
        progress_begin(&b->progress, pages);
    b->part = 0;
    b->after = 0;
    b->failed = false;
    b->bucket = first_bucket;
    b->hands[0] = (struct hand){.renderer = r, .tree = b->tree};
    b->hands[1] = (struct hand){.renderer = &second.renderer, .tree = &second.tree};
    tree_share(b->tree, &second.tree);

    struct crew *crew = r->crew;
    r->crew = NULL; /* each hand renders by itself */
    crew_run(crew, two ? CREW : 1, work, b);
    r->crew = crew;

    tree_unshare(b->tree, &second.tree);
    if (b->hands[1].failed)
        renderer_failed(r, second.renderer.error);
    progress_end(&b->progress);
    second_release(&second);
    return !b->failed;
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
    plan_day(&plan); /* it may have changed */
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
    b = (struct build){.mutex = PTHREAD_MUTEX_INITIALIZER,
                       .renderer = r,
                       .tree = &tree,
                       .each = render_chunk,
                       .stop = stop,
                       .context = context};
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
    b = (struct build){
        .mutex = PTHREAD_MUTEX_INITIALIZER, .renderer = r, .tree = &tree, .each = render_chunk};
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
static bool read_owners(struct hand *hand, struct read_names *lists, struct read_names *tags)
{
    struct renderer *r = hand->renderer;
    struct read_questions questions;
    uint64_t ids[2][CHUNK_ITEMS];
    size_t n[2] = {0};
    for (size_t i = 0; i < hand->count; i++) {
        const struct page_key *key = &hand->items[i].key;
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

static bool check_page(struct hand *hand, const struct page_key *key, const char *slug)
{
    char file[PAGE_FILE_BYTES], why[PAGE_FILE_BYTES + 64];
    for (unsigned twin = TWIN_HTML; twin <= TWIN_LAST; twin <<= 1) {
        if (!(page_types[key->kind].twins & twin))
            continue;
        if (!page_file(key, slug, (enum twin)twin, file))
            return renderer_failed(hand->renderer, "the path of a page is too long, which is a bug");
        if (!tree_has(hand->tree, file)) {
            snprintf(why, sizeof why, "%s is missing, or somebody has written to it", file);
            return renderer_failed(hand->renderer, why);
        }
        hand->files++;
    }
    return true;
}

static bool check_chunk(struct build *b, struct hand *hand)
{
    struct read_names lists, tags;
    (void)b;
    if (!read_owners(hand, &lists, &tags))
        return false;
    for (size_t i = 0; i < hand->count; i++) {
        const struct page_key *key = &hand->items[i].key;
        const struct page_type *type = &page_types[key->kind];
        const char *slug = NULL;
        if (key->kind == PAGE_ERROR) {
            slug = error_page_slug(key->number);
        } else if (key->kind == PAGE_AUTHORED) {
            slug = hand->renderer->authored.pages[key->number - 1].path;
        } else if (type->has_slug) {
            const struct read_name *owner =
                read_names_find(type->sequence == BUCKET_LIST ? &lists : &tags, key->owner);
            if (!owner)
                return renderer_failed(hand->renderer, "a list or tag is missing in the database");
            slug = owner->slug;
        }
        if (!check_page(hand, key, slug))
            return false;
    }
    return true;
}

/* Every page in the open snapshot has its files, and there are no others but those that are copied. */
static bool check_files(struct build *b, bool progress)
{
    uint64_t found;
    char why[128];
    if (!build_pages(b, progress))
        return false;
    if (!tree_count(b->tree, &found))
        return renderer_failed(b->renderer, b->tree->error);
    uint64_t files = b->copied + b->hands[0].files + b->hands[1].files + 1; /* revision.json */
    if (found == files)
        return true;
    snprintf(why, sizeof why, "there are %" PRIu64 " files in current/, and should be %" PRIu64, found,
             files);
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

/* Also puts, as a cycle does, the pages whose day may be over, and the few files that are copied. The
 * snapshot stays open if all is well. */
static bool begin_check(struct build *b, struct site *site, struct cursor *cursor)
{
    struct renderer *r = b->renderer;
    if (!site_lock(site))
        return renderer_failed(r, site->error);
    bool ok = tree_open_current(b->tree, site) || renderer_failed(r, b->tree->error);
    if (ok && (ok = begin_unchanged(b, site, cursor))) {
        ok = (tree_next_counter(b->tree) || renderer_failed(r, b->tree->error)) && render_assets(r, b->tree);
        b->copied = b->tree->written + b->tree->kept;
        b->hands[0] = (struct hand){.renderer = r, .tree = b->tree};
        for (int kind = 0; kind < PAGE_KINDS; kind++)
            if (page_types[kind].of_day)
                add_page(&b->hands[0], true, (enum page_kind)kind, 0, 0);
        ok = ok && render_chunk(b, &b->hands[0]);
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
    b = (struct build){.mutex = PTHREAD_MUTEX_INITIALIZER, .renderer = r, .tree = &tree, .each = check_chunk};
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
