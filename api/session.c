/* See session.h. */
#include "session.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the board's secret */

static void die(const char *what, const char *sentence)
{
    fprintf(stderr, "writ-api: %s %s\n", what, sentence);
    exit(1);
}

/* SECRET_KEY, or the first line of the file SECRET_KEY_FILE, read into `line`. */
static const char *secret_key(char *line, int size)
{
    const char *value = getenv("SECRET_KEY"), *path = getenv("SECRET_KEY_FILE");
    if (value && *value)
        return value;
    if (!path || !*path)
        die("SECRET_KEY",
            "is not set, nor is SECRET_KEY_FILE: give the board a secret of at least 32 random bytes, "
            "such as 64 hexadecimal digits of them");
    FILE *f = fopen(path, "re");
    if (!f)
        die(path, strerror(errno));
    if (!fgets(line, size, f))
        line[0] = '\0';
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

void session_config_from_env(struct session_config *config)
{
    char line[1024];
    const char *open = getenv("WRIT_OPEN");
    *config = (struct session_config){.open = open && strcmp(open, "1") == 0};
    if (config->open)
        return;
    const char *secret = secret_key(line, sizeof line);
    if (strlen(secret) < SESSION_KEY_MIN)
        die("SECRET_KEY",
            "is too short: it must have at least 32 bytes, such as 64 hexadecimal digits of random ones");
    crypto_generichash(config->key, sizeof config->key, (const unsigned char *)secret, strlen(secret), NULL,
                       0);
    sodium_memzero(line, sizeof line);
}

const char *session_refusal(const struct session_config *config, bool loopback)
{
    if (config->open && !loopback)
        return "WRIT_OPEN=1 lets everyone write, so WRIT_LISTEN must be a Unix socket or an address on "
               "loopback, such as 127.0.0.1:8081";
    return NULL;
}

/* ---- secrets */

static void hash_secret(const struct session_config *config, const unsigned char secret[SESSION_SECRET_BYTES],
                        unsigned char hash[32])
{
    crypto_generichash(hash, 32, secret, SESSION_SECRET_BYTES, config->key, sizeof config->key);
}

void session_draw(const struct session_config *config, struct session_secret *out)
{
    unsigned char secret[SESSION_SECRET_BYTES], reading_key[SESSION_HEX / 2];
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(reading_key, sizeof reading_key);
    sodium_bin2hex(out->secret, sizeof out->secret, secret, sizeof secret);
    sodium_bin2hex(out->reading_key, sizeof out->reading_key, reading_key, sizeof reading_key);
    hash_secret(config, secret, out->hash);
}

/* 64 hexadecimal digits, in lower case as they were given out: Nginx takes no others. */
static bool is_hex(const char *s)
{
    for (int i = 0; i < SESSION_HEX; i++)
        if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f'))
            return false;
    return true;
}

/* `secret` is 64 digits. */
static void credential_of(const struct session_config *config, enum credential_kind kind, const char *secret,
                          struct credential *out)
{
    unsigned char bytes[SESSION_SECRET_BYTES];
    if (sodium_hex2bin(bytes, sizeof bytes, secret, SESSION_HEX, NULL, NULL, NULL) != 0)
        return;
    out->kind = kind;
    hash_secret(config, bytes, out->hash);
}

/* ---- tokens */

bool session_from_token(const struct session_config *config, const char *value, size_t len,
                        struct credential *out)
{
    static const char scheme[] = "Bearer ", mark[] = "writ_";
    const size_t before = sizeof scheme - 1;
    *out = (struct credential){.kind = CREDENTIAL_NONE};
    if (len < before || strncasecmp(value, scheme, before) != 0)
        return false;
    const char *token = value + before, *key = token + sizeof mark - 1, *secret = key + SESSION_HEX + 1;
    if (len - before != SESSION_TOKEN || memcmp(token, mark, sizeof mark - 1) != 0 || !is_hex(key) ||
        secret[-1] != '_' || !is_hex(secret))
        return true;
    credential_of(config, CREDENTIAL_TOKEN, secret, out);
    memcpy(out->reading_key, key, SESSION_HEX);
    return true;
}

/* ---- cookies */

static const char *cookie_prefix(bool secure)
{
    return secure ? "__Host-" : "";
}

void session_from_cookies(const struct session_config *config, const char *value, size_t len, bool secure,
                          struct credential *out)
{
    char name[sizeof "__Host-writ="];
    size_t name_len = (size_t)snprintf(name, sizeof name, "%swrit=", cookie_prefix(secure));
    const char *end = value + len;
    unsigned found = 0;
    *out = (struct credential){.kind = CREDENTIAL_NONE};
    while (value < end) {
        const char *semicolon = memchr(value, ';', (size_t)(end - value)),
                   *next = semicolon ? semicolon : end;
        if ((size_t)(next - value) >= name_len && memcmp(value, name, name_len) == 0) {
            const char *secret = value + name_len;
            if (++found == 1 && next - secret == SESSION_HEX && is_hex(secret))
                credential_of(config, CREDENTIAL_SESSION, secret, out);
        }
        value = next < end ? next + 1 : end;
        while (value < end && *value == ' ')
            value++;
    }
    /* One of two is somebody else's (a neighbour on another port can set it), and nobody knows which. */
    if (found > 1)
        *out = (struct credential){.kind = CREDENTIAL_NONE};
}

static const char *cookie(struct arena *a, const char *name, const char *value, bool secure)
{
    return arena_printf(a, "%s%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", cookie_prefix(secure),
                        name, value ? value : "", value ? SESSION_DAYS * 24 * 60 * 60 : 0,
                        secure ? "; Secure" : "");
}

void session_cookies(struct arena *a, const struct session_secret *session, bool secure, const char *out[2])
{
    out[0] = cookie(a, "writ", session ? session->secret : NULL, secure);
    out[1] = cookie(a, "writ-read", session ? session->reading_key : NULL, secure);
}
