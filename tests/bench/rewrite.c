/*
 * What the file system alone takes: reads a tree into memory, then writes the
 * same files with the same bytes into an empty folder, and nothing else. Only the
 * writing is timed; one line of JSON says how long it took. It is the floor below
 * which no full build can come on this machine.
 *
 * Files are written in the order of their inodes, which is the order in which
 * they were made: the file system sees the same thing twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file {
    ino_t inode;
    char *path; /* below the tree */
    char *base; /* NULL: a folder */
    size_t len;
};

struct files {
    struct file *items;
    size_t count, capacity;
    uint64_t bytes;
};

static void die(const char *what, const char *path)
{
    fprintf(stderr, "rewrite: %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

static char *read_file(const char *path, size_t len)
{
    char *base = malloc(len + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!base || fd < 0 || read(fd, base, len) != (ssize_t)len)
        die("reading", path);
    close(fd);
    return base;
}

static void add(struct files *f, const FTSENT *entry, const char *path)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 1024;
        f->items = realloc(f->items, f->capacity * sizeof *f->items);
        if (!f->items)
            die("remembering", path);
    }
    struct file *file = &f->items[f->count++];
    *file = (struct file){.inode = entry->fts_statp->st_ino, .path = strdup(path)};
    if (entry->fts_info == FTS_F) {
        file->len = (size_t)entry->fts_statp->st_size;
        file->base = read_file(entry->fts_accpath, file->len);
        f->bytes += file->len;
    }
}

static struct files read_tree(char *folder)
{
    struct files files = {0};
    FTS *walk = fts_open((char *[]){folder, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        die("reading", folder);
    for (FTSENT *entry; (entry = fts_read(walk));)
        if (entry->fts_level > 0 && (entry->fts_info == FTS_F || entry->fts_info == FTS_D))
            add(&files, entry, entry->fts_path + strlen(folder) + 1);
    fts_close(walk);
    return files;
}

/* Folders first, and above what is in them; then files. */
static int by_making(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (!x->base != !y->base)
        return x->base ? 1 : -1;
    if (!x->base)
        return strcmp(x->path, y->path);
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static void write_tree(const struct files *files)
{
    for (const struct file *f = files->items; f < files->items + files->count; f++) {
        if (!f->base) {
            if (mkdir(f->path, 0755))
                die("making", f->path);
            continue;
        }
        int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, f->base, f->len) != (ssize_t)f->len)
            die("writing", f->path);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: rewrite TREE FOLDER\n");
        return 2;
    }
    struct files files = read_tree(argv[1]);
    qsort(files.items, files.count, sizeof *files.items, by_making);
    if ((mkdir(argv[2], 0755) && errno != EEXIST) || chdir(argv[2]))
        die("entering", argv[2]);

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    write_tree(&files);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("{\"files\":%zu,\"bytes\":%ju,\"seconds\":%.3f}\n", files.count, (uintmax_t)files.bytes,
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return 0;
}
