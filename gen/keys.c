/* See keys.h. */
#include "keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TIMEOUT_SECONDS = 2, /* for the one statement; others wait for this thread */
    FOLDER_MODE =
        0711, /* Nginx, another user, looks for names that it knows, and nobody else may list them */
    FILE_MODE = 0444,
};

static bool failed(struct keys *k, const char *doing)
{
    snprintf(k->error, sizeof k->error, "%s in WRIT_SITE/keys: %s", doing, strerror(errno));
    return false;
}

bool keys_open(struct keys *k, const struct db_config *config, const char *site)
{
    char path[4096];
    *k = (struct keys){.config = config, .folder = -1};
    snprintf(path, sizeof path, "%s/keys", site);
    if ((mkdir(path, FOLDER_MODE) && errno != EEXIST) || chmod(path, FOLDER_MODE) ||
        (k->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return failed(k, "opening the folder");
    return true;
}

void keys_close(struct keys *k)
{
    if (k->folder >= 0)
        close(k->folder);
    k->folder = -1;
    db_close(&k->db);
    arena_release(&k->arena);
}

static bool add_file(struct keys *k, const struct read_key *key)
{
    int fd = openat(k->folder, key->key, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return failed(k, "making a file");
    struct timespec time = {.tv_sec = key->expires};
    bool ok = !futimens(fd, (struct timespec[]){time, time}) || failed(k, "setting a file's time");
    close(fd);
    return ok;
}

/* For those files that `goes` says. */
typedef bool goes_fn(struct keys *k, const char *name, void *context);

static bool remove_files(struct keys *k, goes_fn *goes, void *context)
{
    int fd = openat(k->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        failed(k, "listing the files");
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !goes(k, entry->d_name, context))
            continue;
        if (unlinkat(k->folder, entry->d_name, 0) && errno != ENOENT)
            ok = failed(k, "removing a file");
    }
    closedir(folder);
    return ok;
}

/* ---- what the table says */

struct wanted {
    struct read_keys keys;
    bool *there; /* of each: it has its file */
};

static int by_key(const void *name, const void *item)
{
    return strcmp(name, ((const struct read_key *)item)->key);
}

static bool is_unknown(struct keys *k, const char *name, void *context)
{
    struct wanted *wanted = context;
    struct stat st;
    const struct read_key *key = wanted->keys.count ? bsearch(name, wanted->keys.items, wanted->keys.count,
                                                              sizeof *wanted->keys.items, by_key)
                                                    : NULL;
    if (key)
        wanted->there[key - wanted->keys.items] = !fstatat(k->folder, name, &st, AT_SYMLINK_NOFOLLOW) &&
                                                  S_ISREG(st.st_mode) && st.st_mtim.tv_sec == key->expires;
    return !key;
}

static bool follow_table(struct keys *k, struct wanted *wanted)
{
    wanted->there = arena_alloc(&k->arena, wanted->keys.count * sizeof *wanted->there);
    bool ok = remove_files(k, is_unknown, wanted);
    for (size_t i = 0; i < wanted->keys.count; i++)
        if (!wanted->there[i] && !add_file(k, &wanted->keys.items[i]))
            ok = false;
    return ok;
}

/* ---- without it */

static bool has_expired(struct keys *k, const char *name, void *context)
{
    struct stat st;
    const time_t *now = context;
    return !fstatat(k->folder, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_mtim.tv_sec &&
           st.st_mtim.tv_sec <= *now;
}

bool keys_sync(struct keys *k)
{
    struct wanted wanted = {0};
    arena_reset(&k->arena);
    bool ok = k->db.mysql || db_open(&k->db, k->config, true, TIMEOUT_SECONDS) == DB_OK;
    if (ok && read_keys(&k->db, &k->arena, &wanted.keys) == DB_OK)
        return follow_table(k, &wanted);

    char why[KEYS_ERROR];
    snprintf(why, sizeof why, "%s", k->db.error);
    db_close(&k->db);
    time_t now = time(NULL);
    if (remove_files(k, has_expired, &now))
        snprintf(k->error, sizeof k->error, "%s", why);
    return false;
}
