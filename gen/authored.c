/* See authored.h. */
#include "authored.h"

#include "assets.h"
#include "page.h"
#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGES_MAX = 100 };

struct reading {
    struct authored *authored;
    const char *folder;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static bool refused(const struct reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->error, r->error_size, format, args);
    va_end(args);
    return false;
}

/* "help.md", in "" or "help/". */
static bool is_document(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && name[0] != '.' && strcmp(name + len - 3, ".md") == 0;
}

/* Is the first segment that of other pages, or of something that Nginx answers? */
static bool is_taken(const char *path)
{
    static const char *const others[] = {"api", "assets", "health", "index", "404", "4xx", "50x"};
    size_t len = strcspn(path, "/");
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        const char *base = page_types[kind].base;
        if (base && strlen(base) == len && strncmp(base, path, len) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == len && strncmp(others[i], path, len) == 0)
            return true;
    return false;
}

/* Parts the text into title and body. */
static bool take_apart(struct authored_page *page)
{
    char *line = page->text, *end = strchr(line, '\n');
    if (strncmp(line, "# ", 2) != 0 || !end)
        return false;
    *end = '\0';
    page->title = line + 2;
    page->body = end + 1;
    return *page->title != '\0';
}

/* `path` is in the folder, without ".md". */
static bool read_page(const struct reading *r, const char *path)
{
    struct authored *all = r->authored;
    char file[4096];
    snprintf(file, sizeof file, "%s/%s.md", r->folder, path);
    if (strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789-/") != strlen(path))
        return refused(r, "%s is not called as a page can be: use small letters, digits and hyphens", file);
    if (is_taken(path))
        return refused(r, "%s would be in the place of another page: give it another name", file);
    if (all->count == PAGES_MAX)
        return refused(r, "%s has more than %d pages in Markdown", r->folder, PAGES_MAX);
    struct authored_page *pages = realloc(all->pages, (all->count + 1) * sizeof *pages);
    if (!pages)
        return refused(r, "there is no memory for %s", file);
    all->pages = pages;
    struct authored_page *page = &pages[all->count];
    size_t len;
    *page = (struct authored_page){.path = strdup(path)};
    if (!page->path || !read_file(file, &page->text, &len)) {
        free(page->path);
        return refused(r, "reading %s: %s", file, strerror(errno));
    }
    all->count++;
    if (strlen(page->text) != len || text_check(page->text, len, true))
        return refused(r, "%s is not plain text in UTF-8", file);
    return take_apart(page) || refused(r, "%s does not begin with a line '# Title'", file);
}

static bool is_folder(int folder, const char *name)
{
    struct stat st;
    return !fstatat(folder, name, &st, 0) && S_ISDIR(st.st_mode);
}

static bool read_folder(const struct reading *r, const char *below)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", r->folder, below);
    DIR *dir = opendir(path);
    if (!dir)
        return refused(r, "reading %s: %s; WRIT_ASSETS should name the folder of the site", path,
                       strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        char name[300];
        if (is_document(entry->d_name)) {
            snprintf(name, sizeof name, "%s%.*s", below, (int)strlen(entry->d_name) - 3, entry->d_name);
            ok = read_page(r, name);
        } else if (!*below && entry->d_name[0] != '.' && is_folder(dirfd(dir), entry->d_name)) {
            snprintf(name, sizeof name, "%s/", entry->d_name);
            ok = read_folder(r, name);
        }
    }
    closedir(dir);
    return ok;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct authored_page *)a)->path, ((const struct authored_page *)b)->path);
}

bool authored_read(struct authored *authored, const char *folder, char *error, size_t error_size)
{
    *authored = (struct authored){0};
    const struct reading reading = {authored, folder, error, error_size};
    if (!read_folder(&reading, "")) {
        authored_release(authored);
        return false;
    }
    qsort(authored->pages, authored->count, sizeof *authored->pages, by_path);
    return true;
}

void authored_release(struct authored *authored)
{
    for (size_t i = 0; i < authored->count; i++) {
        free(authored->pages[i].path);
        free(authored->pages[i].text);
    }
    free(authored->pages);
    *authored = (struct authored){0};
}

uint64_t authored_fingerprint(const struct authored *authored)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < authored->count; i++) {
        const struct authored_page *page = &authored->pages[i];
        const char *parts[] = {page->path, page->title, page->body};
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            hash = hash_bytes(hash, parts[j], strlen(parts[j]) + 1);
    }
    return hash;
}
