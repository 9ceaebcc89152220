/* See settings.h. */
#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void say(const char *format, ...)
{
    char sentence[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    fprintf(stderr, "writ-gen: %s\n",
            sentence); /* one write, so that lines of several processes do not mix */
}

static const char *env(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

void settings_from_env(struct settings *settings)
{
    *settings = (struct settings){
        .site = env("WRIT_SITE", NULL),
        .socket = env("WRIT_GEN_SOCKET", NULL),
        .templates = env("WRIT_TEMPLATES", "templates"),
        .assets = env("WRIT_ASSETS", "site"),
        .title = env("WRIT_TITLE", "Writ"),
        .open = strcmp(env("WRIT_OPEN", "0"), "1") == 0,
        .offline = strcmp(env("WRIT_OFFLINE", "1"), "0") != 0,
    };
    const char *url = env("WRIT_URL", "");
    size_t len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    if (len >= sizeof settings->url) {
        say("WRIT_URL is longer than an address can be, %zu characters.", sizeof settings->url - 1);
        exit(1);
    }
    memcpy(settings->url, url, len);
    db_config_from_env(&settings->db);
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    for (const unsigned char *p = bytes, *end = p + len; p < end; p++)
        hash = (hash ^ *p) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t settings_fingerprint(const struct settings *settings)
{
    const char *shown[] = {settings->title, settings->url, settings->open ? "open" : "",
                           settings->offline ? "offline" : "", env("TZ", "")};
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        hash = hash_bytes(hash, shown[i], strlen(shown[i]) + 1);

    /* Another build of this program may render other bytes. */
    char part[16 * 1024];
    FILE *self = fopen("/proc/self/exe", "re");
    if (self) {
        for (size_t len; (len = fread(part, 1, sizeof part, self)) > 0;)
            hash = hash_bytes(hash, part, len);
        fclose(self);
    }
    return hash;
}
