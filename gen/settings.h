/*
 * What the generator is told by its environment. The only place that reads it.
 */
#ifndef WRIT_GEN_SETTINGS_H
#define WRIT_GEN_SETTINGS_H

#include "../db/clock.h"
#include "../db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct settings {
    struct db_config db;
    const char *site;      /* WRIT_SITE: the folder to publish into; NULL: not set */
    const char *socket;    /* WRIT_GEN_SOCKET: where `follow` listens; NULL: not set */
    const char *templates; /* WRIT_TEMPLATES: folder of templates/ */
    const char *assets;    /* WRIT_ASSETS: folder of site/ */
    const char *title;     /* WRIT_TITLE */
    bool open;             /* WRIT_OPEN=1: everyone is a member, and nobody signs in */
    bool offline;          /* not WRIT_OFFLINE=0: browsers keep what was read */
    char url[512];         /* WRIT_URL, without slashes at its end; "" */
};

/* Exits with a sentence if something that every command needs is missing. Strings live as long as the
 * process. */
void settings_from_env(struct settings *settings);

/* A hash over this program and over what of its settings shows on pages, TZ included. */
uint64_t settings_fingerprint(const struct settings *settings);

/* FNV-1a: continues `hash`, which begins as HASH_START. For telling versions apart, not against malice. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len);

/* A sentence for people, on stderr, under the program's name. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
