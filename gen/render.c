/*
 * Batches. What a batch's pages show is gathered first, as ids; each todo is
 * then read once, however many of the pages it stands on; then page by page is
 * rendered. A batch is bounded by how many todos can stand on its pages, so
 * that memory does not grow with the board or with a plan.
 */
#include "render.h"

#include "../db/outline.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_TODOS = 1600 }; /* with notes of 16 KiB each, the most there can be, 26 MB */

bool renderer_failed(struct renderer *r, const char *why)
{
    snprintf(r->error, sizeof r->error, "%s", why);
    return false;
}

/* ---- templates and assets */

static bool templates_complete(const struct mustache_set *set, char *error, size_t error_size)
{
    for (int kind = 0; kind < PAGE_KINDS; kind++)
        for (unsigned twin = TWIN_HTML; twin <= TWIN_LAST; twin <<= 1) {
            char name[64];
            snprintf(name, sizeof name, "%s%s", page_types[kind].template, twin_extension((enum twin)twin));
            if (twin != TWIN_MD && page_types[kind].twins & twin && !mustache_find(set, name)) {
                snprintf(error, error_size, "%s.mustache is missing", name);
                return false;
            }
        }
    return true;
}

bool renderer_reload(struct renderer *r)
{
    char why[512];
    struct assets assets;
    struct authored authored;
    struct mustache_set *templates = mustache_read(r->settings->templates, &page_view_type, why, sizeof why);
    if (!templates || !templates_complete(templates, why, sizeof why)) {
        mustache_free(templates);
        size_t len = strlen(why);
        if (len && why[len - 1] == '.') /* it ends the sentence, and ours goes on */
            why[len - 1] = '\0';
        snprintf(r->error, sizeof r->error, "reading the templates in %s (WRIT_TEMPLATES): %s",
                 r->settings->templates, why);
        return false;
    }
    if (!assets_read(&assets, r->settings->assets, r->settings->offline, r->error, sizeof r->error)) {
        mustache_free(templates);
        return false;
    }
    if (!authored_read(&authored, r->settings->assets, r->error, sizeof r->error)) {
        mustache_free(templates);
        assets_release(&assets);
        return false;
    }
    mustache_free(r->templates);
    assets_release(&r->assets);
    authored_release(&r->authored);
    r->templates = templates;
    r->assets = assets;
    r->authored = authored;

    uint64_t parts[] = {settings_fingerprint(r->settings), mustache_fingerprint(templates),
                        assets_fingerprint(&assets), authored_fingerprint(&authored)};
    r->fingerprint = hash_bytes(HASH_START, parts, sizeof parts);
    return true;
}

bool renderer_init(struct renderer *r, const struct settings *settings)
{
    *r = (struct renderer){.settings = settings};
    buffer_init(&r->out, PAGE_BYTES_MAX);
    buffer_init(&r->notes, PAGE_BYTES_MAX);
    r->second = calloc(1, sizeof *r->second);
    if (!r->second)
        return renderer_failed(r, "out of memory");
    buffer_init(&r->second->out, PAGE_BYTES_MAX);
    buffer_init(&r->second->notes, PAGE_BYTES_MAX);
    json_object_seed(0); /* before there are two threads that might */
    r->crew = crew_start();
    return renderer_reload(r);
}

void renderer_release(struct renderer *r)
{
    crew_stop(r->crew);
    row_cache_free(r->rows);
    sequence_cache_free(r->sequences);
    if (r->second) {
        arena_release(&r->second->arena);
        buffer_release(&r->second->out);
        buffer_release(&r->second->notes);
        free(r->second);
    }
    db_close(&r->db);
    mustache_free(r->templates);
    assets_release(&r->assets);
    authored_release(&r->authored);
    arena_release(&r->arena);
    buffer_release(&r->out);
    buffer_release(&r->notes);
}

void renderer_forget(struct renderer *r)
{
    if (r->rows)
        row_cache_clear(r->rows);
    if (r->sequences)
        sequence_cache_clear(r->sequences);
}

/* ---- the snapshot */

bool renderer_begin(struct renderer *r, uint64_t durable)
{
    if (!r->db.mysql && read_open(&r->db, &r->settings->db) != DB_OK) {
        renderer_failed(r, r->db.error);
        db_close(&r->db);
        return false;
    }
    if (read_begin(&r->db, &r->board) != DB_OK ||
        (r->board.revision > durable && read_durable(&r->db) != DB_OK)) {
        renderer_failed(r, r->db.error);
        db_close(&r->db);
        return false;
    }
    day_today(r->today);
    return true;
}

void renderer_end(struct renderer *r, bool failed)
{
    if (failed || read_end(&r->db) != DB_OK)
        db_close(&r->db);
}

/* ---- a batch */

static bool answers(struct renderer *r, struct read_questions *questions)
{
    uint64_t start = now_us();
    bool ok = read_answers(&r->db, questions) == DB_OK || renderer_failed(r, r->db.error);
    r->reading += now_us() - start;
    return ok;
}

/* The lists and tags that the pages of a batch are about. */
struct owners {
    struct read_names lists, tags;
};

static void ask_owners(struct read_questions *questions, struct plan_item *const *items, size_t n,
                       struct owners *owners)
{
    uint64_t *ids[2] = {arena_alloc(questions->arena, n * sizeof **ids),
                        arena_alloc(questions->arena, n * sizeof **ids)};
    size_t count[2] = {0};
    for (size_t i = 0; i < n; i++) {
        enum bucket_kind sequence = page_types[items[i]->key.kind].sequence;
        if (sequence >= BUCKET_LIST) {
            int of_tag = sequence == BUCKET_TAG;
            ids[of_tag][count[of_tag]++] = items[i]->key.owner;
        }
    }
    read_names(questions, BUCKET_LIST, ids[0], count[0], &owners->lists);
    read_names(questions, BUCKET_TAG, ids[1], count[1], &owners->tags);
}

static struct page *make_pages(struct renderer *r, struct plan_item *const *items, size_t n)
{
    struct page *pages = arena_alloc(&r->arena, n * sizeof *pages);
    for (size_t i = 0; i < n; i++) {
        pages[i].key = items[i]->key;
        pages[i].type = &page_types[items[i]->key.kind];
    }
    return pages;
}

static void set_owners(struct page *pages, size_t n, const struct owners *owners)
{
    for (size_t i = 0; i < n; i++) {
        struct page *page = &pages[i];
        if (page->type->sequence < BUCKET_LIST)
            continue;
        page->owner = read_names_find(page->type->sequence == BUCKET_LIST ? &owners->lists : &owners->tags,
                                      page->key.owner);
        page->slug = page->owner ? page->owner->slug : NULL;
    }
}

/* All buckets next to each other, to be asked for in one statement. */
static void ask_neighbours(struct read_questions *questions, struct page *pages, size_t n)
{
    struct read_bucket *buckets = arena_alloc(questions->arena, n * sizeof *buckets);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (pages[i].bucket && !pages[i].known) {
            buckets[count] = *pages[i].bucket;
            pages[i].bucket = &buckets[count++];
        }
    read_buckets(questions, buckets, count);
}

/* What depends on the first answers: not much, and most often nothing that is not remembered. */
static bool read_more(struct renderer *r, struct page *pages, size_t n)
{
    struct read_questions questions;
    read_questions_init(&questions, &r->arena);
    for (size_t i = 0; i < n; i++)
        if (pages[i].type->gather_more)
            pages[i].type->gather_more(r, &pages[i], &questions);
    if (!answers(r, &questions))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < pages[i].ncolumns; j++) {
            const struct page_column *column = &pages[i].columns[j];
            if (r->sequences && !column->known)
                sequence_cache_keep(r->sequences, column->bucket, column->ids);
            if (column->ids->count > pages[i].column_todos)
                column->ids->count = pages[i].column_todos;
        }
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The first one is that of the page as a whole. */
static const struct read_ids *part_of(const struct page *page, size_t i)
{
    return i == 0 ? &page->ids : &page->parts[i - 1];
}

/* The ids on all pages, each once. */
static struct read_ids union_of_ids(struct arena *a, const struct page *pages, size_t n)
{
    size_t total = 0;
    struct read_ids ids = {0};
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= pages[i].nparts; j++)
            total += part_of(&pages[i], j)->count;
    uint64_t *all = ids.items = arena_alloc(a, total * sizeof *all);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= pages[i].nparts; j++) {
            const struct read_ids *part = part_of(&pages[i], j);
            if (part->count)
                memcpy(all, part->items, part->count * sizeof *all);
            all += part->count;
        }
    qsort(ids.items, total, sizeof *ids.items, by_number);
    for (size_t i = 0; i < total; i++)
        if (i == 0 || ids.items[i] != ids.items[i - 1])
            ids.items[ids.count++] = ids.items[i];
    return ids;
}

/* Two sets of rows, both in order of id, as one. */
static struct read_todos merge(struct arena *a, const struct read_todos *x, const struct read_todos *y)
{
    struct read_todos all = {arena_alloc(a, (x->count + y->count) * sizeof *all.items), 0};
    for (size_t i = 0, j = 0; i < x->count || j < y->count;) {
        bool first = j == y->count || (i < x->count && x->items[i].id < y->items[j].id);
        all.items[all.count++] = first ? x->items[i++] : y->items[j++];
    }
    return all;
}

/* The todos with these ids, in order: from the cache, and what is missing there from the database. */
static bool read_todos_once(struct renderer *r, const struct read_ids *ids, struct read_todos *rows)
{
    struct read_questions questions;
    struct read_todos cached = {arena_alloc(&r->arena, ids->count * sizeof *cached.items), 0}, fresh;
    uint64_t *missing = arena_alloc(&r->arena, ids->count * sizeof *missing);
    size_t nmissing = 0;
    for (size_t i = 0; i < ids->count; i++) {
        if (r->rows && row_cache_find(r->rows, &r->arena, ids->items[i], &cached.items[cached.count]))
            cached.count++;
        else
            missing[nmissing++] = ids->items[i];
    }
    read_questions_init(&questions, &r->arena);
    read_todos(&questions, missing, nmissing, &fresh);
    if (!answers(r, &questions))
        return false;
    for (size_t i = 0; r->rows && i < fresh.count; i++)
        row_cache_keep(r->rows, &fresh.items[i]);
    *rows = merge(&r->arena, &cached, &fresh);
    return true;
}

static bool read_rows(struct renderer *r, struct page *pages, size_t n)
{
    struct read_questions questions;
    read_questions_init(&questions, &r->arena);
    struct read_ids ids = union_of_ids(&r->arena, pages, n);
    struct read_todos *rows = arena_alloc(&r->arena, sizeof *rows);
    if (!read_todos_once(r, &ids, rows))
        return false;

    struct read_todo **with_history = arena_alloc(&r->arena, n * sizeof *with_history);
    size_t nhistories = 0;
    for (size_t i = 0; i < n; i++) {
        pages[i].rows = rows;
        bool has_history = pages[i].key.kind == PAGE_TODO && pages[i].key.audience == AUDIENCE_MEMBERS;
        struct read_todo *row = has_history ? read_todos_find(rows, pages[i].key.number) : NULL;
        if (row)
            with_history[nhistories++] = row;
    }
    read_histories(&questions, with_history, nhistories);
    return answers(r, &questions);
}

/* Everything that the pages show, in three rounds: which todos, the todos, their histories; and one more for
 * pages whose parts depend on others. */
static bool read_pages(struct renderer *r, struct plan_item *const *items, struct page *pages, size_t n)
{
    struct read_questions questions;
    struct owners owners;
    read_questions_init(&questions, &r->arena);
    ask_owners(&questions, items, n, &owners);
    for (size_t i = 0; i < n; i++)
        pages[i].type->gather(r, &pages[i], &questions);
    ask_neighbours(&questions, pages, n);
    if (!answers(r, &questions))
        return false;
    for (size_t i = 0; r->sequences && i < n; i++)
        if (pages[i].bucket && !pages[i].known)
            sequence_cache_keep(r->sequences, pages[i].bucket, &pages[i].ids);
    set_owners(pages, n, &owners);
    return read_more(r, pages, n) && read_rows(r, pages, n);
}

/* ---- a page */

const struct read_todo *page_todo(const struct page *page, uint64_t id)
{
    const struct read_todo *row = read_todos_find(page->rows, id);
    return row && (row->is_public || page->key.audience == AUDIENCE_MEMBERS) ? row : NULL;
}

/* What every page says. */
static bool begin_view(struct renderer *r, const struct page *page, struct page_view *view)
{
    char url[PAGE_PATH_BYTES];
    if (!page_url(&page->key, page->slug, url))
        return false;
    const char *name = page->type->name;
    bool members = page->key.audience == AUDIENCE_MEMBERS;
    *view =
        (struct page_view){.site_title = r->settings->title,
                           .site_url = r->settings->url,
                           .members = members,
                           .signed_in = members && !r->settings->open,
                           .style_href = assets_href(&r->assets, ASSET_STYLE),
                           .script_href = assets_href(&r->assets, ASSET_SCRIPT),
                           .icon_href = assets_href(&r->assets, ASSET_ICON),
                           .touch_icon_href = assets_href(&r->assets, ASSET_ICON_TOUCH),
                           .worker_href = assets_href(&r->assets, ASSET_WORKER),
                           .stem = arena_strdup(&r->arena, url),
                           .kind = name,
                           .is_board = page->key.kind == PAGE_BOARD,
                           .is_open = page->type->sequence == BUCKET_OPEN,
                           .is_done = page->type->sequence == BUCKET_DONE,
                           .is_lists = page->key.kind == PAGE_LISTS || page->type->sequence == BUCKET_LIST,
                           .is_tags = page->key.kind == PAGE_TAGS || page->type->sequence == BUCKET_TAG,
                           .is_due = page->key.kind == PAGE_DUE,
                           .is_stats = page->key.kind == PAGE_STATS,
                           .is_sign_in = page->key.kind == PAGE_SIGN_IN,
                           .has_json = page->type->twins & TWIN_JSON,
                           .has_md = page->type->twins & TWIN_MD};
    view->path = view->is_board ? "/" : view->stem;
    return true;
}

/* The Markdown twin: a task list that can be imported as it is. Under a list's name, or with it on each line.
 */
static void render_outline(struct renderer *r, const struct page *page)
{
    bool of_list = page->type->sequence == BUCKET_LIST;
    if (of_list) {
        buffer_puts(&r->out, outline_heading(&r->arena, page->owner->name));
        buffer_putc(&r->out, '\n');
    }
    for (size_t i = 0; i < page->ids.count; i++) {
        const struct read_todo *row = page_todo(page, page->ids.items[i]);
        const char *tags[TODO_TAGS];
        if (!row)
            continue;
        size_t ntags = row->ntags < TODO_TAGS ? row->ntags : TODO_TAGS;
        for (size_t j = 0; j < ntags; j++)
            tags[j] = row->tags[j].name;
        buffer_puts(&r->out,
                    outline_todo(&r->arena, &(struct outline_todo){.title = row->title,
                                                                   .notes = row->notes,
                                                                   .list = of_list ? NULL : row->list,
                                                                   .due = row->due,
                                                                   .tags = tags,
                                                                   .ntags = ntags,
                                                                   .priority = row->priority,
                                                                   .done = row->state == TODO_DONE}));
    }
}

static void render_twin(struct renderer *r, const struct page *page, const struct page_view *view,
                        enum twin twin)
{
    buffer_clear(&r->out);
    if (twin == TWIN_MD) {
        render_outline(r, page);
        return;
    }
    char template[64];
    snprintf(template, sizeof template, "%s%s", page->type->template, twin_extension(twin));
    mustache_render(mustache_find(r->templates, template), &page_view_type, view, &r->out);
}

static bool too_long(struct renderer *r)
{
    return renderer_failed(r, "the path of a page is too long, which is a bug");
}

static bool put_page(struct renderer *r, struct tree *tree, const struct page *page,
                     const struct page_view *view, unsigned twins)
{
    char file[PAGE_FILE_BYTES];
    for (unsigned twin = TWIN_HTML; twin <= TWIN_LAST; twin <<= 1) {
        if (!(twins & twin))
            continue;
        if (!page_file(&page->key, page->slug, (enum twin)twin, file))
            return too_long(r);
        render_twin(r, page, view, (enum twin)twin);
        if (r->out.overflow)
            say("%s would be larger than %d MiB, and stays as it is.", file, PAGE_BYTES_MAX >> 20);
        else if (!tree_put(tree, file, (enum audience)page->key.audience, r->out.base, r->out.len))
            return renderer_failed(r, tree->error);
    }
    return true;
}

static bool render_page(struct renderer *r, struct tree *tree, struct page *page, struct plan_item *item,
                        bool now)
{
    struct page_view view;
    if (!page->type->has_slug || page->slug) { /* else a list or tag that never was */
        if (!begin_view(r, page, &view))
            return too_long(r);
        page->type->show(r, page, &view);
    }
    item->gone = !page->exists;
    return !page->exists || put_page(r, tree, page, &view, now ? item->now : item->later);
}

/* Pages that are rendered side by side: each thread has a renderer and a tree of its own. */
struct shift {
    struct renderer *renderer[CREW];
    struct tree *tree[CREW];
    bool failed[CREW];
    struct page *pages;
    struct plan_item **items;
    bool now;
};

static void render_piece(void *context, unsigned worker, size_t piece)
{
    struct shift *shift = context;
    if (!shift->failed[worker])
        shift->failed[worker] = !render_page(shift->renderer[worker], shift->tree[worker],
                                             &shift->pages[piece], shift->items[piece], shift->now);
}

/* The second renderer sees what the first one does, and keeps its own memory. */
static void lend(struct renderer *second, const struct renderer *first)
{
    struct arena arena = second->arena;
    struct buffer out = second->out, notes = second->notes;
    *second = *first;
    second->db = (struct db){0};
    arena_reset(&arena);
    second->arena = arena;
    second->out = out;
    second->notes = notes;
}

static bool render_side_by_side(struct renderer *r, struct tree *tree, struct page *pages,
                                struct plan_item **items, size_t n, bool now)
{
    struct tree other;
    tree_share(tree, &other);
    lend(r->second, r);
    struct shift shift = {
        .renderer = {r, r->second}, .tree = {tree, &other}, .pages = pages, .items = items, .now = now};
    crew_run(r->crew, n, render_piece, &shift);
    tree_unshare(tree, &other);
    if (shift.failed[1])
        renderer_failed(r, r->second->error);
    return !shift.failed[0] && !shift.failed[1];
}

static bool render_batch(struct renderer *r, struct tree *tree, struct plan_item **items, size_t n, bool now)
{
    arena_reset(&r->arena);
    struct page *pages = make_pages(r, items, n);
    if (!read_pages(r, items, pages, n))
        return false;
    size_t todos = 0;
    while (todos < n && pages[todos].key.kind <= PAGE_DELETED)
        todos++;
    return render_side_by_side(r, tree, pages, items, todos, now) &&
           render_side_by_side(r, tree, pages + todos, items + todos, n - todos, now);
}

static bool remove_batch(struct renderer *r, struct tree *tree, struct plan_item **items, size_t n, bool now)
{
    (void)now; /* all its twins go at once */
    arena_reset(&r->arena);
    struct page *pages = make_pages(r, items, n);
    struct read_questions questions;
    struct owners owners;
    read_questions_init(&questions, &r->arena);
    ask_owners(&questions, items, n, &owners);
    if (!answers(r, &questions))
        return false;
    set_owners(pages, n, &owners);
    for (size_t i = 0; i < n; i++) {
        char file[PAGE_FILE_BYTES];
        if (pages[i].type->has_slug && !pages[i].slug)
            continue;
        for (unsigned twin = TWIN_HTML; twin <= TWIN_LAST; twin <<= 1) {
            if (!(pages[i].type->twins & twin))
                continue;
            if (!page_file(&pages[i].key, pages[i].slug, (enum twin)twin, file))
                return too_long(r);
            if (!tree_remove(tree, file))
                return renderer_failed(r, tree->error);
        }
    }
    return true;
}

/* ---- all of them */

typedef bool batch_fn(struct renderer *, struct tree *, struct plan_item **, size_t, bool now);

/* Hands out the items that are due and wanted, in batches. */
static bool in_batches(struct renderer *r, struct tree *tree, struct plan_item *items, size_t n, bool now,
                       bool gone, batch_fn *each)
{
    struct plan_item *batch[BATCH_TODOS];
    for (size_t i = 0; i < n;) {
        size_t count = 0, weight = 0;
        for (; i < n && weight < BATCH_TODOS; i++)
            if ((now ? items[i].now : items[i].later) && items[i].gone == gone) {
                batch[count++] = &items[i];
                weight += page_types[items[i].key.kind].weight;
            }
        if (count && !each(r, tree, batch, count, now))
            return false;
        if (count && r->between_batches)
            r->between_batches(r->between_context);
    }
    return true;
}

bool render_pages(struct renderer *r, struct tree *tree, struct plan_item *items, size_t n, bool now)
{
    for (size_t i = 0; i < n; i++)
        items[i].gone = false;
    return in_batches(r, tree, items, n, now, false, render_batch) &&
           in_batches(r, tree, items, n, now, true, remove_batch);
}

bool render_assets(struct renderer *r, struct tree *tree)
{
    for (int audience = 0; audience < AUDIENCES; audience++)
        if (!assets_put(&r->assets, tree, (enum audience)audience, audience_folder((enum audience)audience)))
            return renderer_failed(r, tree->error);
    return true;
}
