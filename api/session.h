/*
 * What a request shows of who sends it, and what is handed out for that: tokens for programs, sessions for
 * browsers.
 *
 * Both are a secret of 256 random bits, of which only a hash is stored, keyed with SECRET_KEY: who reads the
 * database, or a backup, cannot write. A reading key of as many bits goes with each: Nginx looks for a file
 * of that name, and it proves nothing to the API.
 *
 *   token     Authorization: Bearer writ_KEY_SECRET, both as 64 hexadecimal digits
 *   session   the cookies __Host-writ=SECRET and __Host-writ-read=KEY; over plain HTTP writ and writ-read,
 * since a browser takes a __Host- cookie only from HTTPS
 *
 * Whether a secret is known is looked up by the writer (db/load.c), with all else that a batch needs. No I/O
 * but in session_config_from_env(). Any thread.
 */
#ifndef WRIT_API_SESSION_H
#define WRIT_API_SESSION_H

#include "../db/write.h"

enum {
    SESSION_DAYS = 30,
    SESSION_SECRET_BYTES = 32,
    SESSION_KEY_MIN = 32, /* bytes of SECRET_KEY */
    SESSION_HEX = 64,     /* digits of a secret, and of a reading key */
    SESSION_TOKEN = sizeof "writ_" - 1 + SESSION_HEX + 1 + SESSION_HEX,
};

struct session_config {
    bool open;             /* WRIT_OPEN=1: everyone is a member, and there are no credentials */
    unsigned char key[32]; /* made of SECRET_KEY; all zero on an open board */
};

/* Reads WRIT_OPEN, and on a board that is not open SECRET_KEY, or the first line of the file that
 * SECRET_KEY_FILE names. Exits with a sentence if there is no such secret, or a weak one. */
void session_config_from_env(struct session_config *config);

/* NULL if writes may be taken on a listener that only this machine reaches (`loopback`) or not; otherwise why
 * they may not, a sentence. */
const char *session_refusal(const struct session_config *config, bool loopback);

/* Something new to hand out. */
struct session_secret {
    char secret[SESSION_HEX + 1], reading_key[SESSION_HEX + 1]; /* in hexadecimal */
    unsigned char hash[32];                                     /* of the secret */
};
void session_draw(const struct session_config *config, struct session_secret *out);

/* From the value of Authorization. False if it is not about tokens (another scheme), and the cookie counts.
 * True if it is; then out->kind is CREDENTIAL_NONE if it is not in the form of a token. */
bool session_from_token(const struct session_config *config, const char *value, size_t len,
                        struct credential *out);

/* From the values of all Cookie headers, joined by "; ". `secure`: the request came by HTTPS, and only the
 * cookie of HTTPS counts. out->kind is CREDENTIAL_NONE if there is no session in it, or two. */
void session_from_cookies(const struct session_config *config, const char *value, size_t len, bool secure,
                          struct credential *out);

/* The values of two Set-Cookie headers, from the arena: of a new session, or (NULL) of none any more. */
void session_cookies(struct arena *a, const struct session_secret *session, bool secure, const char *out[2]);

#endif
