/* The trees and their files. The invariants are in publish.h. */
#include "publish.h"

#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNTERS_RESERVED = 1000, /* at a time, so that the state is synced once for many cycles */
    STATE_BYTES = 256,
    DIR_MODE = 0755, /* Nginx is another user, and reads */
    FILE_MODE = 0644,
};

static const char cursor_name[] = "revision.json";

__attribute__((format(printf, 2, 3))) static bool failed(char error[PUBLISH_ERROR], const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(error, PUBLISH_ERROR, format, args);
    va_end(args);
    if (len > 0 && len < PUBLISH_ERROR)
        snprintf(error + len, (size_t)(PUBLISH_ERROR - len), ": %s", strerror(saved));
    errno = saved;
    return false;
}

/* ---- files */

static bool write_all(int fd, const char *base, size_t len)
{
    while (len) {
        ssize_t n = write(fd, base, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        base += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, char *base, size_t len)
{
    while (len) {
        ssize_t n = read(fd, base, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        base += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads a small text file; -1 if it cannot be. */
static ssize_t read_text(int folder, const char *name, char *text, size_t size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, text, size - 1);
    close(fd);
    if (len >= 0)
        text[len] = '\0';
    return len;
}

static bool make_parents(int folder, const char *path)
{
    char parent[1024];
    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        if (mkdirat(folder, parent, DIR_MODE) && errno != EEXIST)
            return false;
    }
    return true;
}

/* Fills a file that was just created. */
static bool fill_file(int fd, const char *base, size_t len, const struct timespec *time, bool sync)
{
    return write_all(fd, base, len) && (!time || !futimens(fd, (struct timespec[]){*time, *time})) &&
           (!sync || !fsync(fd));
}

/* Creates a file that is not there, in a place where nobody looks yet. A half of one is not left behind. */
static bool create_file(int folder, const char *path, const char *base, size_t len,
                        const struct timespec *time, bool sync)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = openat(folder, path, flags, FILE_MODE);
    if (fd < 0 && errno == ENOENT && make_parents(folder, path))
        fd = openat(folder, path, flags, FILE_MODE);
    if (fd < 0)
        return false;
    bool ok = fill_file(fd, base, len, time, sync);
    int saved = errno;
    close(fd);
    if (!ok)
        unlinkat(folder, path, 0);
    errno = saved;
    return ok;
}

/* Creates a file that is not there in a place that is read: whole, and only then under its name. Quicker than
 * renaming, but not every file system can do it: then false, and nothing has happened. */
static bool appear(int folder, const char *path, const char *base, size_t len, const struct timespec *time)
{
    int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return false;
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    bool ok =
        fill_file(fd, base, len, time, false) && (!linkat(AT_FDCWD, name, folder, path, AT_SYMLINK_FOLLOW) ||
                                                  (errno == ENOENT && make_parents(folder, path) &&
                                                   !linkat(AT_FDCWD, name, folder, path, AT_SYMLINK_FOLLOW)));
    close(fd);
    return ok;
}

/* Invariant 2: a file of the tree has the time of a publish counter, up to the present one. */
static bool is_ours(const struct tree *t, const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_mtim.tv_nsec == 0 &&
           (uint64_t)st->st_mtim.tv_sec <= 2 * t->counter + 1;
}

enum comparison { FILE_ABSENT, FILE_SAME, FILE_DIFFERS };

static enum comparison compare_file(struct tree *t, int folder, const char *path, const char *base,
                                    size_t len)
{
    struct stat st;
    if (fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? FILE_ABSENT : FILE_DIFFERS;
    if (!is_ours(t, &st) || (uint64_t)st.st_size != len)
        return FILE_DIFFERS;
    if (t->capacity < len) {
        free(t->bytes);
        t->bytes = malloc(len);
        t->capacity = t->bytes ? len : 0;
    }
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return FILE_DIFFERS;
    bool same =
        t->capacity >= len && read_all(fd, t->bytes, len) && (len == 0 || memcmp(t->bytes, base, len) == 0);
    close(fd);
    return same ? FILE_SAME : FILE_DIFFERS;
}

bool remove_folder(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0))
            ok = (errno == EISDIR || errno == EPERM) && remove_folder(dirfd(dir), entry->d_name);
    }
    int saved = errno;
    closedir(dir);
    errno = saved;
    return ok && !unlinkat(folder, name, AT_REMOVEDIR);
}

/* ---- the state */

static void boot_id(char id[BOOT_ID_BYTES])
{
    ssize_t len = read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, BOOT_ID_BYTES);
    if (len < BOOT_ID_BYTES - 1)
        strcpy(id, "unknown");
}

/* No file, or one that says something else: all zero, which nothing trusts. */
static void read_state(struct site *s)
{
    char text[STATE_BYTES];
    struct site_state state = {0};
    int clean = 0;
    s->state = state;
    if (read_text(s->fd, "state", text, sizeof text) > 0 &&
        sscanf(text, "counter %" SCNu64 "\nfingerprint %" SCNx64 "\nboot %36s\nclean %d\n", &state.reserved,
               &state.fingerprint, state.boot, &clean) == 4) {
        state.clean = clean != 0;
        s->state = state;
    }
}

/* Without the state no counter can be known to be unused, so it does go to the disk. */
static bool write_state(struct site *s, const struct site_state *state)
{
    static const char temp[] = "tmp/state";
    char text[STATE_BYTES];
    int len =
        snprintf(text, sizeof text, "counter %" PRIu64 "\nfingerprint %016" PRIx64 "\nboot %s\nclean %d\n",
                 state->reserved, state->fingerprint, state->boot, state->clean);
    unlinkat(s->fd, temp, 0);
    if (!create_file(s->fd, temp, text, (size_t)len, NULL, true) || renameat(s->fd, temp, s->fd, "state") ||
        fsync(s->fd))
        return failed(s->error, "writing %s/state", s->path);
    s->state = *state;
    return true;
}

bool site_is_trusted(const struct site *s)
{
    char boot[BOOT_ID_BYTES];
    boot_id(boot);
    return s->state.clean || (!strcmp(boot, s->state.boot) && strcmp(boot, "unknown") != 0);
}

bool site_mark(struct site *s, uint64_t fingerprint, bool clean)
{
    struct site_state state = s->state;
    state.fingerprint = fingerprint;
    state.clean = clean;
    boot_id(state.boot);
    if (clean && syncfs(s->fd))
        return failed(s->error, "syncing %s", s->path);
    return write_state(s, &state);
}

static bool next_counter(struct site *s, uint64_t *counter)
{
    if (s->block == 0 || s->block != s->state.reserved || s->counter == s->block) {
        struct site_state state = s->state;
        s->counter = state.reserved;
        state.reserved += COUNTERS_RESERVED;
        state.clean = false;
        boot_id(state.boot);
        if (!write_state(s, &state))
            return false;
        s->block = state.reserved;
    } else if (s->state.clean && !site_mark(s, s->state.fingerprint, false)) {
        return false;
    }
    *counter = ++s->counter;
    return true;
}

/* ---- the site */

bool site_open(struct site *s, const char *path, const char *role)
{
    *s = (struct site){.fd = -1, .lock = -1, .build_lock = -1, .path = path};
    snprintf(s->temp, sizeof s->temp, "tmp/%s", role);
    if (!make_parents(AT_FDCWD, path) || (mkdir(path, DIR_MODE) && errno != EEXIST) ||
        (s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return failed(s->error, "opening the site's folder %s (WRIT_SITE)", path);
    if ((mkdirat(s->fd, "tmp", 0700) && errno != EEXIST) ||
        (s->lock = openat(s->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0 ||
        (s->build_lock = openat(s->fd, "build.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0) {
        failed(s->error, "writing to the site's folder %s (WRIT_SITE)", path);
        site_close(s);
        return false;
    }
    return true;
}

void site_close(struct site *s)
{
    int *fds[] = {&s->fd, &s->lock, &s->build_lock};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static bool lock_file(int fd, int how)
{
    int result;
    do
        result = flock(fd, how);
    while (result && errno == EINTR);
    return result == 0;
}

bool site_lock(struct site *s)
{
    if (!lock_file(s->lock, LOCK_EX))
        return failed(s->error, "locking %s/lock", s->path);
    read_state(s);
    return true;
}

void site_unlock(struct site *s)
{
    lock_file(s->lock, LOCK_UN);
}

bool site_is_building(const struct site *s)
{
    if (!lock_file(s->build_lock, LOCK_SH | LOCK_NB))
        return true;
    lock_file(s->build_lock, LOCK_UN);
    return false;
}

bool site_lock_build(struct site *s, void (*waiting)(void))
{
    if (lock_file(s->build_lock, LOCK_EX | LOCK_NB))
        return true;
    if (errno == EWOULDBLOCK)
        waiting();
    return lock_file(s->build_lock, LOCK_EX) || failed(s->error, "locking %s/build.lock", s->path);
}

void site_unlock_build(struct site *s)
{
    lock_file(s->build_lock, LOCK_UN);
}

bool site_exchange(struct site *s)
{
    if (!renameat2(s->fd, "build", s->fd, "current", RENAME_EXCHANGE))
        return true;
    if (errno == ENOENT && !renameat2(s->fd, "build", s->fd, "current", RENAME_NOREPLACE))
        return true;
    return failed(s->error,
                  "exchanging %s/build and %s/current, which needs a file system that can (ext4, xfs, btrfs)",
                  s->path, s->path);
}

/* ---- trees */

bool tree_open_current(struct tree *t, struct site *s)
{
    *t = (struct tree){.site = s, .model = -1};
    strcpy(t->temp, s->temp);
    t->fd = openat(s->fd, "current", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return t->fd >= 0 || failed(t->error, "opening %s/current", s->path);
}

bool tree_open_build(struct tree *t, struct site *s)
{
    *t = (struct tree){.site = s, .fd = -1, .fresh = true};
    strcpy(t->temp, s->temp);
    t->model = openat(s->fd, "current", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!remove_folder(s->fd, "build") || mkdirat(s->fd, "build", DIR_MODE) ||
        (t->fd = openat(s->fd, "build", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        failed(t->error, "making a new %s/build", s->path);
        tree_close(t);
        return false;
    }
    return true;
}

/* Its entries, without "." and ".."; -1 if it cannot be read. */
static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    int count = -2;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

bool tree_open_folder(struct tree *t, const char *path)
{
    *t = (struct tree){.fd = -1, .model = -1, .fresh = true};
    if (!make_parents(AT_FDCWD, path) || (mkdir(path, DIR_MODE) && errno != EEXIST) ||
        (t->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return failed(t->error, "opening the folder %s", path);
    if (count_entries(path) != 0) {
        errno = ENOTEMPTY;
        failed(t->error, "rendering into %s, which must be a new or empty folder", path);
        tree_close(t);
        return false;
    }
    return true;
}

void tree_close(struct tree *t)
{
    if (t->fd >= 0)
        close(t->fd);
    if (t->model >= 0)
        close(t->model);
    free(t->bytes);
    t->fd = t->model = -1;
    t->bytes = NULL;
    t->capacity = 0;
}

void tree_share(const struct tree *t, struct tree *other)
{
    *other = *t;
    strcat(other->temp, "2");
    other->bytes = NULL;
    other->capacity = 0;
    other->written = other->linked = other->kept = other->removed = 0;
    other->error[0] = '\0';
}

void tree_unshare(struct tree *t, struct tree *other)
{
    t->written += other->written;
    t->linked += other->linked;
    t->kept += other->kept;
    if (other->spent > t->spent)
        t->spent = other->spent;
    if (other->error[0])
        strcpy(t->error, other->error);
    free(other->bytes);
}

bool tree_next_counter(struct tree *t)
{
    return next_counter(t->site, &t->counter) || (strcpy(t->error, t->site->error), false);
}

/* Puts what stands under t->temp in its place. A file that is there already is exchanged and then unlinked:
 * ext4 takes a rename onto it for somebody's way of saving a document, and starts to write the new one to the
 * disk at once, which takes five times as long and stands in the way of the database's commits. */
static bool move_in(struct tree *t, const char *path)
{
    const struct site *s = t->site;
    if (!renameat2(s->fd, t->temp, t->fd, path, RENAME_EXCHANGE))
        return t->reuse || !unlinkat(s->fd, t->temp, 0);
    /* New, or a file system that cannot exchange. */
    if (!renameat(s->fd, t->temp, t->fd, path))
        return true;
    return errno == ENOENT && make_parents(t->fd, path) && !renameat(s->fd, t->temp, t->fd, path);
}

/* A second name for the model's file. False if that is not possible: then it is written. */
static bool link_model(struct tree *t, const char *path)
{
    if (t->fresh) {
        if (!linkat(t->model, path, t->fd, path, 0))
            return true;
        return errno == ENOENT && make_parents(t->fd, path) && !linkat(t->model, path, t->fd, path, 0);
    }
    unlinkat(t->site->fd, t->temp, 0);
    return !linkat(t->model, path, t->site->fd, t->temp, 0) && move_in(t, path);
}

/* Is nobody else able to see what is in this file? Its only name is in tmp/, so nobody can open it any more;
 * a lease for writing is given only if nobody has it open still. It is given back at once: it was a question.
 */
static bool is_ours_alone(int fd)
{
    struct stat st;
    return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1 && !fcntl(fd, F_SETLEASE, F_WRLCK) &&
           !fcntl(fd, F_SETLEASE, F_UNLCK);
}

/* Writes into the file whose place another one took (invariant 5). False if there is none, or it cannot be
 * used: then a new one has to be made. It is never cut to nothing, which ext4 would take for a reason to
 * write it to the disk at once. */
static bool write_spare(struct tree *t, const char *base, size_t len, const struct timespec *time)
{
    int fd = openat(t->site->fd, t->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = len && is_ours_alone(fd) && write_all(fd, base, len) && !ftruncate(fd, (off_t)len) &&
              (!time || !futimens(fd, (struct timespec[]){*time, *time}));
    return !close(fd) && ok;
}

static bool write_file(struct tree *t, const char *path, enum audience audience, const char *base, size_t len,
                       bool absent)
{
    struct timespec time = {.tv_sec = (time_t)(2 * t->counter + audience)};
    const struct timespec *when = t->counter ? &time : NULL;
    if (t->fresh)
        return create_file(t->fd, path, base, len, when, false);
    if (absent && appear(t->fd, path, base, len, when))
        return true;

    const struct site *s = t->site;
    if (t->reuse && write_spare(t, base, len, when))
        return move_in(t, path);
    if (create_file(s->fd, t->temp, base, len, when, false))
        return move_in(t, path);
    /* Left by one that was killed; it may be a second name of a published file, and is not to be written to.
     */
    return errno == EEXIST && !unlinkat(s->fd, t->temp, 0) &&
           create_file(s->fd, t->temp, base, len, when, false) && move_in(t, path);
}

static bool put(struct tree *t, const char *path, enum audience audience, const char *base, size_t len)
{
    enum comparison present = t->fresh ? FILE_ABSENT : compare_file(t, t->fd, path, base, len);
    if (present == FILE_SAME) {
        t->kept++;
        return true;
    }
    if (t->model >= 0 && compare_file(t, t->model, path, base, len) == FILE_SAME && link_model(t, path)) {
        t->linked++;
        return true;
    }
    if (!write_file(t, path, audience, base, len, present == FILE_ABSENT))
        return failed(t->error, "writing %s in the %s tree", path, t->site ? t->site->path : "new");
    t->written++;
    return true;
}

bool tree_put(struct tree *t, const char *path, enum audience audience, const char *base, size_t len)
{
    uint64_t start = now_us();
    bool ok = put(t, path, audience, base, len);
    t->spent += now_us() - start;
    return ok;
}

bool tree_remove(struct tree *t, const char *path)
{
    if (unlinkat(t->fd, path, 0))
        return errno == ENOENT || errno == ENOTDIR || failed(t->error, "removing %s", path);
    t->removed++;
    /* The audience's own folder stays. */
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strrchr(folder, '/'); slash && (*slash = '\0', strchr(folder, '/'));
         slash = strrchr(folder, '/'))
        if (unlinkat(t->fd, folder, AT_REMOVEDIR))
            break;
    return true;
}

bool tree_has(const struct tree *t, const char *path)
{
    struct stat st;
    return !fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW) && is_ours(t, &st);
}

/* Adds what is below a folder, which is opened for reading and closed here. */
static bool count_files(int fd, uint64_t *files)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        bool is_folder = entry->d_type == DT_DIR;
        struct stat st;
        if (entry->d_type == DT_UNKNOWN) { /* not every file system tells */
            ok = !fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
            is_folder = ok && S_ISDIR(st.st_mode);
        }
        if (is_folder)
            ok = count_files(openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                             files);
        else
            ++*files;
    }
    closedir(dir);
    return ok;
}

bool tree_count(struct tree *t, uint64_t *files)
{
    *files = 0;
    return count_files(openat(t->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), files) ||
           failed(t->error, "counting the files in %s", t->site ? t->site->path : "the tree");
}

bool tree_read_cursor(struct tree *t, struct cursor *cursor)
{
    char text[STATE_BYTES];
    struct cursor read;
    if (read_text(t->fd, cursor_name, text, sizeof text) <= 0 ||
        sscanf(text, "{\"revision\":%" SCNu64 ",\"settled\":%" SCNu64 ",", &read.revision, &read.settled) !=
            2 ||
        read.settled > read.revision)
        return false;
    *cursor = read;
    return true;
}

bool tree_write_cursor(struct tree *t, const struct cursor *cursor)
{
    char text[STATE_BYTES], when[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    int len = snprintf(text, sizeof text,
                       "{\"revision\":%" PRIu64 ",\"settled\":%" PRIu64 ",\"published\":\"%s\"}\n",
                       cursor->revision, cursor->settled, when);
    return tree_put(t, cursor_name, AUDIENCE_MEMBERS, text, (size_t)len);
}
