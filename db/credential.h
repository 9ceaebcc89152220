/*
 * The tables owner and credential: the passphrase's hash, sessions and tokens. Of all of them only hashes are
 * stored, which the caller makes. What a write shows of who sends it is not looked up here but with its batch
 * (load.c).
 *
 * Linked into the API only. Every function is one transaction on a connection with autocommit on; after
 * DB_LOST it may have happened.
 */
#ifndef WRIT_DB_CREDENTIAL_H
#define WRIT_DB_CREDENTIAL_H

#include "db.h"

#include <stdint.h>

enum {
    CREDENTIAL_HASH_BYTES = 32,
    CREDENTIAL_PASSPHRASE_BYTES = 128 /* a hash of libsodium's, with its NUL */
};

/* The name under which the owner's sessions stand in the history; no token can have it. */
#define CREDENTIAL_OWNER "owner"

/* The passphrase's hash; "" when none was ever set. */
enum db_result credential_passphrase(struct db *db, char out[CREDENTIAL_PASSPHRASE_BYTES])
    __attribute__((warn_unused_result));

/* Sets it, and ends all sessions. With `first` only when none is set: *set says whether. */
enum db_result credential_set_passphrase(struct db *db, const char *hash, bool first, bool *set)
    __attribute__((warn_unused_result));

/* Adds a session of so many days, if the passphrase is still the one whose hash was `passphrase` when it was
 * checked: *added. Forgets sessions that have expired. */
enum db_result credential_add_session(struct db *db, const char *passphrase,
                                      const unsigned char hash[CREDENTIAL_HASH_BYTES],
                                      const char *reading_key, unsigned days, bool *added)
    __attribute__((warn_unused_result));

/* Ends the session, if there is such a one. */
enum db_result credential_end_session(struct db *db, const unsigned char hash[CREDENTIAL_HASH_BYTES])
    __attribute__((warn_unused_result));

/* Adds a token; `days` is 0 if it never expires. *added is false if the name is taken. */
enum db_result credential_add_token(struct db *db, const char *name,
                                    const unsigned char hash[CREDENTIAL_HASH_BYTES], const char *reading_key,
                                    unsigned days, bool *added) __attribute__((warn_unused_result));

/* Ends it: *found. */
enum db_result credential_revoke(struct db *db, const char *name, bool *found)
    __attribute__((warn_unused_result));

struct credential_token {
    const char *name, *created, *expires; /* times "YYYY-MM-DD HH:MM", UTC; `expires` NULL: never */
    bool expired;
};

/* All tokens by name; a row's strings live during its callback. */
enum db_result credential_tokens(struct db *db,
                                 void (*each)(void *context, const struct credential_token *token),
                                 void *context) __attribute__((warn_unused_result));

#endif
