/*
 * The pages of a sequence of todos: all open ones, all finished ones, those of
 * a list or a tag. A sequence has a head, with the newest, and buckets, whose
 * URLs never shift. A bucket's page has no counts of the whole: it changes only
 * when one of its own todos does, or a neighbour comes or goes.
 *
 * The public tree has the same pages of other sequences: page_sequence().
 */
#include "views.h"

#include <inttypes.h>

void list_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    const struct page_type *type = page->type;
    enum bucket_kind sequence = page_sequence(&page->key);
    page->bucket = arena_alloc(&r->arena, sizeof *page->bucket);
    *page->bucket = (struct read_bucket){.kind = sequence,
                                         .owner = page->key.owner,
                                         .number = type->in_bucket ? page->key.number : READ_BUCKET_END};
    page->known = r->sequences && sequence_cache_find(r->sequences, &r->arena, page->bucket, &page->ids);
    if (page->known)
        return;
    if (type->in_bucket)
        read_bucket_todos(questions, sequence, page->key.owner, page->key.number, &page->ids);
    else
        read_newest(questions, sequence, page->key.owner, BUCKET_TODOS, &page->ids);
}

static void show_bucket(struct page *page, struct page_view *view)
{
    /* A private list has its buckets, too. */
    page->exists = page->bucket->todos > 0 && (!page->owner || page->owner->exists[page->key.audience]);
    view->bucket = page->key.number;
    view->previous = page->bucket->previous;
    view->next = page->bucket->next;
}

static void show_head(struct renderer *r, struct page *page, struct page_view *view)
{
    enum audience audience = (enum audience)page->key.audience;
    page->exists = !page->owner || page->owner->exists[audience];
    view->newest_bucket = page->bucket->previous;
    /* Each of /open and /done counts its own only: a write that touches the other leaves it as it is. */
    if (page->owner) {
        view->open = page->owner->todos[audience].open;
        view->done = page->owner->todos[audience].done;
    } else if (page->type->sequence == BUCKET_OPEN) {
        view->open = r->board.todos[audience].open;
    } else {
        view->done = r->board.todos[audience].done;
    }
    view->total = view->open + view->done;
}

/* Each todo of a list's order knows between which it stands: it can be moved up and down. */
static void link_neighbours(struct mustache_list *todos)
{
    struct todo_view *views = (struct todo_view *)todos->items;
    for (size_t i = 0; i < todos->count; i++) {
        views[i].above = i ? views[i - 1].id : 0;
        views[i].below = i + 1 < todos->count ? views[i + 1].id : 0;
    }
}

void list_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    if (page->type->sequence >= BUCKET_LIST && !page->owner)
        return;
    if (page->type->in_bucket)
        show_bucket(page, view);
    else
        show_head(r, page, view);
    if (!page->exists)
        return;

    struct page_key head = page->key;
    char base[PAGE_PATH_BYTES];
    head.kind = (uint8_t)page_of_head(page->type->sequence);
    if (page_url(&head, page->slug, base))
        view->bucket_base = arena_strdup(&r->arena, base);

    const struct read_name *owner = page->owner;
    bool both = owner && page->type->in_bucket; /* open and finished ones stand on it */
    view->finish_leaves = !both && page->type->sequence != BUCKET_DONE;
    view->reopen_leaves = page->type->sequence == BUCKET_DONE;
    view->todos = view_todos(&r->arena, page, &page->ids, NULL);
    if (page->key.kind == PAGE_LIST && view->members)
        link_neighbours(&view->todos);
    view->title = owner ? owner->name : page->type->sequence == BUCKET_OPEN ? "Open" : "Done";
    if (!owner)
        return;
    struct name_view *about = arena_alloc(&r->arena, sizeof *about);
    *about = *view_name(&r->arena, owner->id, owner->name, owner->slug);
    about->version = owner->version;
    about->is_public = owner->is_public;
    if (!page->type->in_bucket) {
        about->open = view->open;
        about->done = view->done;
        about->total = view->total;
    }
    bool of_list = page->type->sequence == BUCKET_LIST;
    *(of_list ? &view->list : &view->tag) = about;
    if (view->members && !page->type->in_bucket)
        view->add =
            view_add_form(&r->arena, of_list ? owner->name : NULL, of_list ? NULL : owner->name, view->path);
}
