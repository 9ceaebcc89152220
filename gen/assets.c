/* See assets.h. */
#include "assets.h"

#include "settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *file;  /* in site/ */
    const char *place; /* in the tree */
    bool fingerprinted, needed;
} kinds[ASSETS] = {
    [ASSET_STYLE] = {"style.css", "/assets/style.css", true, true},
    [ASSET_SCRIPT] = {"script.js", "/assets/script.js", true, false},
    [ASSET_ICON] = {"icon.svg", "/assets/icon.svg", true, false},
    [ASSET_ICON_192] = {"icon-192.png", "/assets/icon-192.png", true, false},
    [ASSET_ICON_512] = {"icon-512.png", "/assets/icon-512.png", true, false},
    [ASSET_ICON_MASKABLE] = {"icon-maskable.png", "/assets/icon-maskable.png", true, false},
    [ASSET_ICON_TOUCH] = {"icon-touch.png", "/assets/icon-touch.png", true, false},
    [ASSET_WORKER] = {"worker.js", "/worker.js", false, false},
    [ASSET_WORKER_OFF] = {"worker-off.js", "/worker.js", false, false},
    [ASSET_OPENAPI] = {"openapi.yaml", "/openapi.yaml", false, false},
    [ASSET_ROBOTS] = {"robots.txt", "/robots.txt", false, false},
};

bool read_file(const char *path, char **base, size_t *len)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    bool ok = !fstat(fileno(f), &st);
    if (ok) {
        *len = (size_t)st.st_size;
        *base = malloc(*len + 1);
        ok = *base && fread(*base, 1, *len, f) == *len;
        if (ok) {
            (*base)[*len] = '\0';
        } else {
            free(*base);
            *base = NULL;
            errno = ferror(f) ? errno : EIO;
        }
    }
    fclose(f);
    return ok;
}

/* "/assets/style.css" becomes "/assets/style.HASH.css". */
static void write_href(struct asset *asset, unsigned which)
{
    const char *place = kinds[which].place, *extension = strrchr(place, '.');
    if (kinds[which].fingerprinted)
        snprintf(asset->href, sizeof asset->href, "%.*s.%016" PRIx64 "%s", (int)(extension - place), place,
                 hash_bytes(HASH_START, asset->base, asset->len), extension);
    else
        snprintf(asset->href, sizeof asset->href, "%s", place);
}

bool assets_read(struct assets *assets, const char *folder, bool offline, char *error, size_t error_size)
{
    *assets = (struct assets){0};
    for (unsigned i = 0; i < ASSETS; i++) {
        struct asset *asset = &assets->items[i];
        char path[4096];
        if (i == (offline ? ASSET_WORKER_OFF : ASSET_WORKER))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, kinds[i].file);
        if (!read_file(path, &asset->base, &asset->len)) {
            if (errno == ENOENT && !kinds[i].needed)
                continue;
            snprintf(error, error_size, "reading %s: %s; WRIT_ASSETS should name the folder that holds it",
                     path, strerror(errno));
            assets_release(assets);
            return false;
        }
        write_href(asset, i);
    }
    return true;
}

void assets_release(struct assets *assets)
{
    for (unsigned i = 0; i < ASSETS; i++)
        free(assets->items[i].base);
    *assets = (struct assets){0};
}

uint64_t assets_fingerprint(const struct assets *assets)
{
    uint64_t hash = HASH_START;
    for (unsigned i = 0; i < ASSETS; i++)
        hash = hash_bytes(hash_bytes(hash, &i, sizeof i), assets->items[i].base, assets->items[i].len);
    return hash;
}

const char *assets_href(const struct assets *assets, unsigned which)
{
    return assets->items[which].base ? assets->items[which].href : NULL;
}

bool assets_put(const struct assets *assets, struct tree *tree, enum audience audience, const char *folder)
{
    for (unsigned i = 0; i < ASSETS; i++) {
        const struct asset *asset = &assets->items[i];
        char path[128], plain[128];
        if (!asset->base)
            continue;
        snprintf(path, sizeof path, "%s%s", folder, asset->href);
        snprintf(plain, sizeof plain, "%s%s", folder, kinds[i].place);
        if (!tree_put(tree, plain, audience, asset->base, asset->len) ||
            (kinds[i].fingerprinted && !tree_put(tree, path, audience, asset->base, asset->len)))
            return false;
    }
    return true;
}
