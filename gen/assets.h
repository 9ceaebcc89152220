/*
 * What is copied into every tree as it is: style, script, icons, the service
 * worker, the description of the API. Pages name style, script and icons by a
 * fingerprint of their bytes, so that browsers may keep them for ever; a copy
 * under the plain name is for the API's pages, which know no fingerprints.
 */
#ifndef WRIT_GEN_ASSETS_H
#define WRIT_GEN_ASSETS_H

#include "publish.h"

enum {
    ASSET_STYLE,
    ASSET_SCRIPT,
    ASSET_ICON,
    ASSET_ICON_192, /* for manifest and home screen, which want pictures */
    ASSET_ICON_512,
    ASSET_ICON_MASKABLE,
    ASSET_ICON_TOUCH,
    ASSET_WORKER,
    ASSET_WORKER_OFF, /* in the place of the one before, and ends it: WRIT_OFFLINE=0 */
    ASSET_OPENAPI,
    ASSET_ROBOTS,
    ASSETS,
};

struct assets {
    struct asset {
        char *base; /* NULL: there is none */
        size_t len;
        char
            href[64]; /* "/assets/style.0123456789abcdef.css"; where it has no fingerprint, as it is called */
    } items[ASSETS];
};

/* Reads them from a folder; `offline`: with the worker that keeps pages, not the one that ends it. False,
 * with a sentence in error, if one cannot be read or the style is missing. */
bool assets_read(struct assets *assets, const char *folder, bool offline, char *error, size_t error_size)
    __attribute__((warn_unused_result));
void assets_release(struct assets *assets);

/* Changes when any of them does. */
uint64_t assets_fingerprint(const struct assets *assets);

/* NULL if there is none. */
const char *assets_href(const struct assets *assets, unsigned which);

/* Puts them into the tree for one audience; `tree` says what went wrong. */
bool assets_put(const struct assets *assets, struct tree *tree, enum audience audience, const char *folder)
    __attribute__((warn_unused_result));

/* The whole file, with a NUL behind it, to be freed; false with errno. */
bool read_file(const char *path, char **base, size_t *len) __attribute__((warn_unused_result));

#endif
