/* The table of page.h, and the paths that follow from it. */
#include "page.h"

#include "../templates/escape.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    DATA = TWIN_HTML | TWIN_JSON,
    ALL = DATA | TWIN_MD,
    MANY = 10 * BUCKET_TODOS,
};

const struct page_type page_types[PAGE_KINDS] = {
    [PAGE_TODO] = {.name = "todo",
                   .template = "todo",
                   .base = "todos",
                   .has_number = true,
                   .twins = DATA,
                   .weight = 1,
                   .gather = todo_page_gather,
                   .show = todo_page_show},
    [PAGE_DELETED] = {.name = "deleted",
                      .template = "deleted",
                      .base = "deleted",
                      .has_number = true,
                      .members_only = true,
                      .twins = TWIN_HTML,
                      .weight = 1,
                      .gather = todo_page_gather,
                      .show = deleted_page_show},
    [PAGE_OPEN_BUCKET] = {.name = "open",
                          .template = "todos",
                          .base = "open",
                          .sequence = BUCKET_OPEN,
                          .in_bucket = true,
                          .has_number = true,
                          .twins = DATA,
                          .weight = BUCKET_TODOS,
                          .gather = list_page_gather,
                          .show = list_page_show},
    [PAGE_DONE_BUCKET] = {.name = "done",
                          .template = "todos",
                          .base = "done",
                          .sequence = BUCKET_DONE,
                          .in_bucket = true,
                          .has_number = true,
                          .twins = DATA,
                          .weight = BUCKET_TODOS,
                          .gather = list_page_gather,
                          .show = list_page_show},
    [PAGE_LIST_BUCKET] = {.name = "list",
                          .template = "todos",
                          .base = "lists",
                          .sequence = BUCKET_LIST,
                          .in_bucket = true,
                          .has_slug = true,
                          .has_number = true,
                          .twins = ALL,
                          .late_twins = TWIN_MD,
                          .weight = BUCKET_TODOS,
                          .gather = list_page_gather,
                          .show = list_page_show},
    [PAGE_TAG_BUCKET] = {.name = "tag",
                         .template = "todos",
                         .base = "tags",
                         .sequence = BUCKET_TAG,
                         .in_bucket = true,
                         .has_slug = true,
                         .has_number = true,
                         .twins = ALL,
                         .late_twins = TWIN_MD,
                         .weight = BUCKET_TODOS,
                         .gather = list_page_gather,
                         .show = list_page_show},
    [PAGE_OPEN] = {.name = "open",
                   .template = "todos",
                   .base = "open",
                   .sequence = BUCKET_OPEN,
                   .twins = DATA,
                   .weight = BUCKET_TODOS,
                   .gather = list_page_gather,
                   .show = list_page_show},
    [PAGE_DONE] = {.name = "done",
                   .template = "todos",
                   .base = "done",
                   .sequence = BUCKET_DONE,
                   .twins = DATA,
                   .weight = BUCKET_TODOS,
                   .gather = list_page_gather,
                   .show = list_page_show},
    [PAGE_LIST] = {.name = "list",
                   .template = "todos",
                   .base = "lists",
                   .sequence = BUCKET_LIST,
                   .has_slug = true,
                   .twins = ALL,
                   .late_twins = TWIN_MD,
                   .weight = BUCKET_TODOS,
                   .gather = list_page_gather,
                   .show = list_page_show},
    [PAGE_TAG] = {.name = "tag",
                  .template = "todos",
                  .base = "tags",
                  .sequence = BUCKET_TAG,
                  .has_slug = true,
                  .twins = ALL,
                  .late_twins = TWIN_MD,
                  .weight = BUCKET_TODOS,
                  .gather = list_page_gather,
                  .show = list_page_show},
    [PAGE_LISTS] = {.name = "lists",
                    .template = "names",
                    .base = "lists",
                    .twins = DATA,
                    .weight = MANY,
                    .gather = names_page_gather,
                    .show = names_page_show},
    [PAGE_TAGS] = {.name = "tags",
                   .template = "names",
                   .base = "tags",
                   .twins = DATA,
                   .weight = MANY,
                   .gather = names_page_gather,
                   .show = names_page_show},
    [PAGE_DUE] = {.name = "due",
                  .template = "due",
                  .base = "due",
                  .of_day = true,
                  .twins = DATA,
                  .weight = BUCKET_TODOS,
                  .gather = due_page_gather,
                  .show = due_page_show},
    [PAGE_BOARD] = {.name = "board",
                    .template = "board",
                    .base = "index",
                    .of_day = true,
                    .twins = ALL,
                    .late_twins = TWIN_MD,
                    .weight = BUCKET_TODOS,
                    .gather = board_page_gather,
                    .gather_more = board_page_gather_more,
                    .show = board_page_show},
    [PAGE_STATS] = {.name = "stats",
                    .template = "stats",
                    .base = "stats",
                    .of_day = true,
                    .twins = DATA,
                    .late_twins = DATA,
                    .weight = BUCKET_TODOS,
                    .gather = stats_page_gather,
                    .gather_more = stats_page_gather_more,
                    .show = stats_page_show},
    [PAGE_ADD] = {.name = "add",
                  .template = "add",
                  .base = "add",
                  .members_only = true,
                  .twins = TWIN_HTML,
                  .weight = 1,
                  .gather = no_gather,
                  .show = add_page_show},
    [PAGE_SIGN_IN] = {.name = "sign-in",
                      .template = "sign-in",
                      .base = "sign-in",
                      .twins = TWIN_HTML,
                      .weight = 1,
                      .gather = no_gather,
                      .show = sign_in_page_show},
    [PAGE_AUTHORED] = {.name = "authored",
                       .template = "authored",
                       .has_slug = true,
                       .twins = TWIN_HTML,
                       .weight = 1,
                       .gather = authored_page_gather,
                       .show = authored_page_show},
    [PAGE_MANIFEST] = {.name = "manifest",
                       .template = "manifest",
                       .base = "manifest",
                       .twins = TWIN_MANIFEST,
                       .weight = 1,
                       .gather = no_gather,
                       .show = manifest_page_show},
    [PAGE_ERROR] = {.name = "error",
                    .template = "error",
                    .has_slug = true,
                    .twins = TWIN_HTML,
                    .weight = 1,
                    .gather = error_page_gather,
                    .show = error_page_show},
};

enum bucket_kind page_sequence(const struct page_key *key)
{
    enum bucket_kind sequence = page_types[key->kind].sequence;
    if (key->audience == AUDIENCE_MEMBERS)
        return sequence;
    switch (sequence) {
    case BUCKET_OPEN:
        return BUCKET_PUBLIC_OPEN;
    case BUCKET_DONE:
        return BUCKET_PUBLIC_DONE;
    case BUCKET_TAG:
        return BUCKET_PUBLIC_TAG;
    default:
        return sequence;
    }
}

enum page_kind page_of_bucket(enum bucket_kind kind)
{
    static const enum page_kind pages[] = {
        [BUCKET_OPEN] = PAGE_OPEN_BUCKET,      [BUCKET_PUBLIC_OPEN] = PAGE_OPEN_BUCKET,
        [BUCKET_DONE] = PAGE_DONE_BUCKET,      [BUCKET_PUBLIC_DONE] = PAGE_DONE_BUCKET,
        [BUCKET_LIST] = PAGE_LIST_BUCKET,      [BUCKET_TAG] = PAGE_TAG_BUCKET,
        [BUCKET_PUBLIC_TAG] = PAGE_TAG_BUCKET,
    };
    return pages[kind];
}

enum page_kind page_of_head(enum bucket_kind kind)
{
    return page_of_bucket(kind) + (PAGE_OPEN - PAGE_OPEN_BUCKET);
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

int page_compare(const struct page_key *a, const struct page_key *b)
{
    if (a->kind != b->kind)
        return COMPARE(a->kind, b->kind);
    if (a->audience != b->audience)
        return COMPARE(a->audience, b->audience);
    if (a->owner != b->owner)
        return COMPARE(a->owner, b->owner);
    return COMPARE(a->number, b->number);
}

/* The segments, with or without escapes. A slug that is a whole path needs none: such paths are our own. */
static bool join(const struct page_key *key, const char *slug, char path[PAGE_PATH_BYTES], bool url)
{
    const struct page_type *type = &page_types[key->kind];
    struct buffer out;
    buffer_init(&out, PAGE_PATH_BYTES - 1);
    if (url)
        buffer_putc(&out, '/');
    if (type->base)
        buffer_puts(&out, type->base);
    if (type->has_slug) {
        if (type->base)
            buffer_putc(&out, '/');
        (url && type->base ? escape_url_segment : escape_none)(&out, slug, strlen(slug));
    }
    if (type->has_number)
        buffer_printf(&out, "/%" PRIu64, key->number);
    bool fits = !out.overflow;
    if (fits) {
        memcpy(path, out.base, out.len);
        path[out.len] = '\0';
    }
    buffer_release(&out);
    return fits;
}

bool page_path(const struct page_key *key, const char *slug, char path[PAGE_PATH_BYTES])
{
    return join(key, slug, path, false);
}

bool page_url(const struct page_key *key, const char *slug, char url[PAGE_PATH_BYTES])
{
    return join(key, slug, url, true);
}

const char *twin_extension(enum twin twin)
{
    switch (twin) {
    case TWIN_HTML:
        return ".html";
    case TWIN_JSON:
        return ".json";
    case TWIN_MD:
        return ".md";
    case TWIN_MANIFEST:
        return ".webmanifest";
    }
    return "";
}

const char *audience_folder(enum audience audience)
{
    return audience == AUDIENCE_MEMBERS ? "members" : "public";
}

bool page_file(const struct page_key *key, const char *slug, enum twin twin, char file[PAGE_FILE_BYTES])
{
    char path[PAGE_PATH_BYTES];
    if (!page_path(key, slug, path))
        return false;
    snprintf(file, PAGE_FILE_BYTES, "%s/%s%s", audience_folder((enum audience)key->audience), path,
             twin_extension(twin));
    return true;
}
