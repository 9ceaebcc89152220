/*
 * The pages of a sequence of todos: all open ones, all finished ones, those of
 * a list or a tag. A sequence has a head, with the newest, and buckets, whose
 * URLs never shift. A bucket's page has no counts of the whole: it changes only
 * when one of its own todos does, or a neighbour comes or goes.
 */
#include "views.h"

#include <inttypes.h>

void list_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    const struct page_type *type = page->type;
    if (type->in_bucket)
        read_bucket_todos(questions, type->sequence, page->key.owner, page->key.number, &page->ids);
    else
        read_newest(questions, type->sequence, page->key.owner, BUCKET_TODOS, &page->ids);
    page->bucket = arena_alloc(&r->arena, sizeof *page->bucket);
    *page->bucket = (struct read_bucket){.kind = type->sequence,
                                         .owner = page->key.owner,
                                         .number = type->in_bucket ? page->key.number : READ_BUCKET_END};
}

static void show_bucket(struct page *page, struct page_view *view)
{
    page->exists = page->bucket->todos > 0;
    view->bucket = page->key.number;
    view->previous = page->bucket->previous;
    view->next = page->bucket->next;
}

static void show_head(struct renderer *r, struct page *page, struct page_view *view)
{
    page->exists = !page->owner || page->owner->exists;
    view->newest_bucket = page->bucket->previous;
    /* Each of /open and /done counts its own only: a write that touches the other leaves it as it is. */
    if (page->owner) {
        view->open = page->owner->open;
        view->done = page->owner->done;
    } else if (page->type->sequence == BUCKET_OPEN) {
        view->open = r->board.open;
    } else {
        view->done = r->board.done;
    }
    view->total = view->open + view->done;
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
    view->todos = view_todos(&r->arena, page->rows, page->ids.items, page->ids.count, NULL);
    view->title = owner ? owner->name : page->type->sequence == BUCKET_OPEN ? "Open" : "Done";
    if (!owner)
        return;
    struct name_view *about = arena_alloc(&r->arena, sizeof *about);
    *about = *view_name(&r->arena, owner->id, owner->name, owner->slug);
    about->version = owner->version;
    about->is_public = owner->is_public;
    if (!page->type->in_bucket) {
        about->open = owner->open;
        about->done = owner->done;
        about->total = owner->open + owner->done;
    }
    bool of_list = page->type->sequence == BUCKET_LIST;
    *(of_list ? &view->list : &view->tag) = about;
    if (view->members && !page->type->in_bucket)
        view->add =
            view_add_form(&r->arena, of_list ? owner->name : NULL, of_list ? NULL : owner->name, view->path);
}
