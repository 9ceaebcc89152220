/*
 * What is copied into every tree as it is: style, script, icon. Pages name
 * them by a fingerprint of their bytes, so that browsers may keep them for
 * ever; a copy under the plain name is for the API's pages, which know no
 * fingerprints.
 */
#ifndef WRIT_GEN_ASSETS_H
#define WRIT_GEN_ASSETS_H

#include "publish.h"

enum { ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON, ASSETS };

struct assets {
    struct asset {
        char *base; /* NULL: there is none */
        size_t len;
        char href[64]; /* "/assets/style.0123456789abcdef.css" */
    } items[ASSETS];
};

/* Reads them from a folder. False, with a sentence in error, if one cannot be read or the style is missing.
 */
bool assets_read(struct assets *assets, const char *folder, char *error, size_t error_size)
    __attribute__((warn_unused_result));
void assets_release(struct assets *assets);

/* Changes when any of them does. */
uint64_t assets_fingerprint(const struct assets *assets);

/* NULL if there is none. */
const char *assets_href(const struct assets *assets, unsigned which);

/* Puts them into the tree for one audience; `tree` says what went wrong. */
bool assets_put(const struct assets *assets, struct tree *tree, enum audience audience, const char *folder)
    __attribute__((warn_unused_result));

#endif
