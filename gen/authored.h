/*
 * Pages that are written by hand: each FILE.md in site/, and in the folders in it, is the page /FILE, its
 * first line
 * `# Title`. Besides ours (help) whoever runs a board may put there what it needs: an imprint, its rules.
 */
#ifndef WRIT_GEN_AUTHORED_H
#define WRIT_GEN_AUTHORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct authored {
    struct authored_page {
        char *path;        /* "help/api": small letters, digits and hyphens, in one segment or two */
        char *text;        /* the file */
        const char *title; /* in it, ended with NUL */
        const char *body;  /* what follows the title; ends where the file ends */
    } * pages;             /* by path */
    size_t count;
};

/* False, with a sentence in error, if one cannot be read, has no title, or would be in the place of another
 * page. */
bool authored_read(struct authored *authored, const char *folder, char *error, size_t error_size)
    __attribute__((warn_unused_result));
void authored_release(struct authored *authored);

/* Changes when any of them does. */
uint64_t authored_fingerprint(const struct authored *authored);

#endif
