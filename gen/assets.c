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
    const char *stem, *extension;
    bool needed;
} kinds[ASSETS] = {
    [ASSET_STYLE] = {"style", "css", true},
    [ASSET_SCRIPT] = {"script", "js", false},
    [ASSET_ICON] = {"icon", "svg", false},
};

/* The whole file, or false with errno. */
static bool read_file(const char *path, char **base, size_t *len)
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
        if (!ok) {
            free(*base);
            *base = NULL;
            errno = ferror(f) ? errno : EIO;
        }
    }
    fclose(f);
    return ok;
}

bool assets_read(struct assets *assets, const char *folder, char *error, size_t error_size)
{
    *assets = (struct assets){0};
    for (unsigned i = 0; i < ASSETS; i++) {
        struct asset *asset = &assets->items[i];
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.%s", folder, kinds[i].stem, kinds[i].extension);
        if (!read_file(path, &asset->base, &asset->len)) {
            if (errno == ENOENT && !kinds[i].needed)
                continue;
            snprintf(error, error_size, "reading %s: %s; WRIT_ASSETS should name the folder that holds it",
                     path, strerror(errno));
            assets_release(assets);
            return false;
        }
        snprintf(asset->href, sizeof asset->href, "/assets/%s.%016" PRIx64 ".%s", kinds[i].stem,
                 hash_bytes(HASH_START, asset->base, asset->len), kinds[i].extension);
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
        hash = hash_bytes(hash, assets->items[i].href, sizeof assets->items[i].href);
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
        snprintf(plain, sizeof plain, "%s/assets/%s.%s", folder, kinds[i].stem, kinds[i].extension);
        if (!tree_put(tree, path, audience, asset->base, asset->len) ||
            !tree_put(tree, plain, audience, asset->base, asset->len))
            return false;
    }
    return true;
}
