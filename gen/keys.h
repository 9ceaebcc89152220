/*
 * Who may read the members' tree: an empty file WRIT_SITE/keys/KEY for each
 * reading key that holds. Nginx asks for no more than whether it is there, so that a
 * session ends with an unlink.
 *
 * The folder follows table credential by looking: what the table has gets a
 * file, any other file goes. A file's time is when its key expires (0: never): so
 * keys expire also while the database is away, even when the generator was started anew
 * meanwhile; all others then stay as they are.
 *
 * The connection is one of its own, outside of any snapshot. One thread.
 */
#ifndef WRIT_GEN_KEYS_H
#define WRIT_GEN_KEYS_H

#include "../db/read.h"

enum { KEYS_ERROR = 512 };

struct keys {
    const struct db_config *config; /* borrowed */
    struct db db;
    struct arena arena;
    int folder; /* -1: closed */
    char error[KEYS_ERROR];
};

/* Opens WRIT_SITE/keys, and makes it if it is not there. Does not connect. False: `error` is a sentence. */
bool keys_open(struct keys *keys, const struct db_config *config, const char *site)
    __attribute__((warn_unused_result));
void keys_close(struct keys *keys);

/* Makes the folder what the table says at this moment. False: `error` says why it is not, and what has
 * expired by this machine's clock is gone nevertheless. Waits for the database no longer than a few seconds.
 */
bool keys_sync(struct keys *keys) __attribute__((warn_unused_result));

#endif
