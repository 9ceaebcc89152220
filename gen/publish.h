/*
 * The trees and their files: the only part of the generator that writes to the
 * disk.
 *
 * A site is the folder WRIT_SITE:
 *
 *   current/     what Nginx serves: a folder for each audience, and revision.json
 *   build/       a full build under way, which then takes the place of current/
 *   tmp/         files on their way into current/
 *   lock         held by whoever publishes into current/, a cycle at a time
 *   build.lock   held by a full build
 *   state        struct site_state
 *
 * Invariants:
 *  1. A file in current/ is never written to: what differs is made beside it
 *     and takes its place at once. A file that would be the same stays, its time too.
 *  2. Nginx makes an ETag of a file's time and size. A file's time is the
 *     publish counter, twice, plus the audience; no two steps of publishing share a
 *     counter, and none is ever used again. So no URL has the same (time, size) for
 *     different bytes, nor have the two trees.
 *  3. current/revision.json says which revision all files show, at least. It is
 *     written after them, and is where publishing goes on after a crash.
 *  4. Pages are not synced to disk: they can be made again. But when the machine went
 *     down without `clean` being set before, no file can be trusted.
 *  5. A file that was replaced is written to again, for another page, only when
 *     nobody can see it: it has no name but ours, nobody has it open, no full build is there that
 *     may link it, and Nginx sends copies (sendfile off: else its bytes might still be on their
 *     way). Making a file and unlinking another for each page would cost many times as
 *     much: file systems are slow to give out inodes, ext4 without a journal above all.
 *
 * Functions that return bool put a sentence into the `error` of what they were
 * given when they return false. One thread.
 */
#ifndef WRIT_GEN_PUBLISH_H
#define WRIT_GEN_PUBLISH_H

#include "../db/todo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLISH_ERROR = 512, BOOT_ID_BYTES = 37 };

struct site_state {
    uint64_t reserved;        /* publish counters up to this one may have been used */
    uint64_t fingerprint;     /* of what current/ was rendered with; 0: unknown */
    char boot[BOOT_ID_BYTES]; /* the kernel's boot id when it was last written to */
    bool clean;               /* and all of that is on the disk */
};

struct site {
    int fd, lock, build_lock; /* -1: closed */
    const char *path;         /* borrowed */
    char temp[64];            /* "tmp/follow" */
    struct site_state state;  /* as on the disk, while locked */
    uint64_t counter;         /* the last one used */
    uint64_t block;           /* state.reserved when we took ours; 0: none */
    char error[PUBLISH_ERROR];
};

/* Makes what is missing. `role` ("follow", "once") names our temporary file: two processes must not share it.
 */
bool site_open(struct site *site, const char *path, const char *role) __attribute__((warn_unused_result));
void site_close(struct site *site);

/* Waits for current/, and reads the state. */
bool site_lock(struct site *site) __attribute__((warn_unused_result));
void site_unlock(struct site *site);

/* Locked: is a full build under way? If not, none can begin to look at files before the lock is given up. */
bool site_is_building(const struct site *site);

/* Waits for another full build's end, calling `waiting` first if there is one. */
bool site_lock_build(struct site *site, void (*waiting)(void)) __attribute__((warn_unused_result));
void site_unlock_build(struct site *site);

/* Locked: can what current/ holds be trusted to be what was written (invariant 4)? */
bool site_is_trusted(const struct site *site);
/* Locked: says what current/ is rendered with now, and whether all of it is on the disk (it is synced first
 * if so). */
bool site_mark(struct site *site, uint64_t fingerprint, bool clean) __attribute__((warn_unused_result));

/* Locked: build/ becomes current/ at once, and the old one build/. */
bool site_exchange(struct site *site) __attribute__((warn_unused_result));

/* ---- trees */

struct tree {
    struct site *site; /* where to make temporary files; NULL: none are needed, as the tree is fresh */
    int fd;
    int model;        /* equal files are linked from this tree; -1: none */
    bool reuse;       /* the files that are replaced (invariant 5): for whoever may say so */
    bool fresh;       /* nobody sees it and nothing is written twice: files are made in place */
    uint64_t counter; /* for the files' times; 0: now */
    char *bytes;      /* of a file being compared; owned */
    size_t capacity;
    char temp[64];                           /* the site's, or another thread's own */
    uint64_t written, linked, kept, removed; /* files */
    uint64_t spent;                          /* on files, in microseconds: by the thread that spent more */
    char error[PUBLISH_ERROR];
};

/* Opens current/ to publish into. False with errno ENOENT if there is none. Locked. */
bool tree_open_current(struct tree *tree, struct site *site) __attribute__((warn_unused_result));
/* Empties build/ and opens it, with current/ as its model if there is one. Under the build lock. */
bool tree_open_build(struct tree *tree, struct site *site) __attribute__((warn_unused_result));
/* Opens a folder outside of any site, which must be empty or absent. */
bool tree_open_folder(struct tree *tree, const char *path) __attribute__((warn_unused_result));
void tree_close(struct tree *tree);

/* For a second thread that puts files into the same tree, while the first one does; to be undone before the
 * first one does anything else, and not to be closed. An error moves to the first one's. */
void tree_share(const struct tree *tree, struct tree *other);
void tree_unshare(struct tree *tree, struct tree *other);

/* Locked: files from here on have a new time. */
bool tree_next_counter(struct tree *tree) __attribute__((warn_unused_result));

/* One file, whole. `path` is within the tree: "members/lists/home.html". */
bool tree_put(struct tree *tree, const char *path, enum audience audience, const char *base, size_t len)
    __attribute__((warn_unused_result));
/* Removes a file if it is there, and the folders that are empty without it. */
bool tree_remove(struct tree *tree, const char *path) __attribute__((warn_unused_result));

/* Is there a file, with a time that is one of ours? Whatever else writes to a file gives it the time of day,
 * and the tree's counter, which is above all that were used before, is far below that. */
bool tree_has(const struct tree *tree, const char *path) __attribute__((warn_unused_result));
/* How many files there are in all of it, revision.json too. */
bool tree_count(struct tree *tree, uint64_t *files) __attribute__((warn_unused_result));

/* revision.json. */
struct cursor {
    uint64_t revision; /* all pages and their data show it, at least */
    uint64_t settled;  /* so does everything else */
};
bool tree_read_cursor(struct tree *tree, struct cursor *cursor) __attribute__((warn_unused_result));
bool tree_write_cursor(struct tree *tree, const struct cursor *cursor) __attribute__((warn_unused_result));

/* Removes a folder below `fd` and all in it; true if there is none. */
bool remove_folder(int fd, const char *name) __attribute__((warn_unused_result));

#endif
