/*
 * A full build: all pages, from one snapshot, into a new folder, which then
 * takes the place of the published one at once. Readers see the old tree until
 * then, and writes go on.
 *
 * A file that comes out as it is in current/ is the same file in the new tree:
 * its time, and what browsers have kept of it, stay.
 */
#ifndef WRIT_GEN_BUILD_H
#define WRIT_GEN_BUILD_H

#include "render.h"

struct build_result {
    struct cursor cursor;
    uint64_t pages;
    uint64_t written, kept; /* files */
    double seconds;
    bool stood; /* and nothing was built */
};

/* Is current/ what a full build would make? It is if revision and fingerprint say so, by the promise that an
 * incremental build is a full one, unless somebody has touched its files: so each page's files must be there
 * with times of ours, and no others. The board, which depends on the day, is brought up to date. False:
 * `error` of the renderer says why, and a full build mends it. */
bool site_stands(struct renderer *r, struct site *site, bool progress, struct build_result *result)
    __attribute__((warn_unused_result));

/* Asked now and then; true ends the build. */
typedef bool build_stop_fn(void *context);

/* Builds the site anew. False: `error` of the renderer says why, and current/ is as it was. `progress`
 * draws a bar on stderr. */
bool build_site(struct renderer *r, struct site *site, bool progress, build_stop_fn *stop, void *context,
                struct build_result *result) __attribute__((warn_unused_result));

/* The same tree into a new or empty folder. */
bool build_folder(struct renderer *r, const char *path, bool progress, struct build_result *result)
    __attribute__((warn_unused_result));

#endif
