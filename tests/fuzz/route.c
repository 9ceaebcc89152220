/*
 * A request's head -> what it means. The whole of it is looked at as it came; then the first line is taken
 * for the method and the path, and each of the others for a value, read as every header that we read.
 */
#include "../../api/route.h"
#include "../../api/command.h"
#include "../../api/framing.h"
#include "../../api/header.h"
#include "../../api/limit.h"
#include "../../api/origin.h"
#include "../../api/session.h"
#include "check.h"

#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *s = text; (s = strcasestr(s, what)) != NULL; s++)
        n++;
    return n;
}

/* What is taken says once, in one way, where its body ends. */
static void check_framing(const char *bytes, size_t len)
{
    const char *why = NULL;
    enum framing framing = framing_check(bytes, len, &why);
    CHECK(framing == FRAMING_OK || (why && *why));
    if (framing != FRAMING_OK)
        return;
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    CHECK(end);
    char *head = strndup(bytes, (size_t)(end - bytes));
    size_t lines = occurrences(head, "\r\n");
    CHECK(strlen(head) == (size_t)(end - bytes));
    CHECK(occurrences(head, "\n") == lines && occurrences(head, "\r") == lines);
    CHECK(occurrences(head, "\ncontent-length:") <= 1 && occurrences(head, "\nhost:") == 1);
    CHECK(!strcasestr(head, "\ntransfer-encoding:"));
    free(head);
}

static void check_route(const char *line, size_t len)
{
    const char *blank = len ? memchr(line, ' ', len) : NULL;
    if (!blank)
        return;
    struct route route;
    size_t method = (size_t)(blank - line);
    enum route_result result = route_find(line, method, blank + 1, len - method - 1, &route);

    CHECK((result == ROUTE_UNKNOWN || result == ROUTE_NOT_ALLOWED) == (route.action == ACTION_NONE));
    CHECK((result == ROUTE_UNKNOWN) == (*route.allow == '\0'));
    CHECK(route.todo <= INT64_MAX);
    CHECK(strlen(route.slug) <= SLUG_BYTES && !text_check(route.slug, strlen(route.slug), false));
    CHECK(!strpbrk(route.slug, "/."));
    CHECK(!*route.page || (route.page[0] == '/' && route.page[1] != '/'));
    CHECK(route.page[strspn(route.page, "/-_.~%0123456789"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0');
    CHECK(!route.purge || route.todo);
}

static bool is_key(const char *s)
{
    return strspn(s, "0123456789abcdef") == SESSION_HEX && strlen(s) == SESSION_HEX;
}

/* Who somebody is: nothing but the one form of a token or cookie says it, and no origin but our own is ours.
 */
static void check_identity(const char *value, size_t len)
{
    static const struct session_config config = {.key = "a secret"};
    struct credential credential = {.kind = CREDENTIAL_NONE};
    if (session_from_token(&config, value, len, &credential) && credential.kind != CREDENTIAL_NONE)
        CHECK(credential.kind == CREDENTIAL_TOKEN && is_key(credential.reading_key));
    for (int secure = 0; secure <= 1; secure++) {
        const char *name = secure ? "__Host-writ=" : "writ=";
        session_from_cookies(&config, value, len, secure, &credential);
        CHECK(credential.kind == CREDENTIAL_NONE || memmem(value, len, name, strlen(name)));
    }

    static const char host[] = "board.example:8080";
    struct origin origin = {.origin = value, .origin_len = len, .host = host, .host_len = strlen(host)};
    if (origin_judge(&origin) == ORIGIN_OURS) {
        const char *web = len > 4 && (value[4] | 0x20) == 's' ? "https://" : "http://";
        CHECK(len == strlen(web) + strlen(host) && strncasecmp(value, web, strlen(web)) == 0);
        CHECK(strncasecmp(value + strlen(web), host, strlen(host)) == 0);
    }
    origin = (struct origin){.fetch_site = value, .fetch_site_len = len};
    if (origin_judge(&origin) == ORIGIN_OURS)
        CHECK((len == 4 && strncasecmp(value, "none", 4) == 0) ||
              (len == 11 && strncasecmp(value, "same-origin", 11) == 0));

    unsigned char subscriber[8];
    size_t n = limit_subscriber(value, len, subscriber);
    CHECK(n == 0 || n == 4 || n == 8);
}

static void check_header(const char *value, size_t len)
{
    uint32_t version;
    if (header_if_match(value, len, &version) && value[0] == '"') {
        char same[16];
        size_t n = (size_t)snprintf(same, sizeof same, "\"%u\"", version);
        CHECK(n == len && memcmp(same, value, n) == 0);
    }
    struct prefer prefer = {0};
    header_prefer(value, len, &prefer);
    header_wants_html(value, len, true);
    /* Whoever likes HTML enough without a form gets it with one. */
    CHECK(!header_wants_html(value, len, false) || header_wants_html(value, len, true));
    body_type(value, len);

    struct command command = {0};
    if (command_set_key(&command, value, len)) {
        CHECK(command.key_len >= 1 && command.key_len <= WRITE_KEY_BYTES);
        for (size_t i = 0; i < command.key_len; i++)
            CHECK(command.key[i] >= ' ' && command.key[i] <= '~');
    }
    arena_release(&command.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data, *end = line + size;
    check_framing(line, size);
    for (bool first = true; size && line; first = false) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((feed ? feed : end) - line);
        if (first) {
            check_route(line, len);
        } else {
            check_header(line, len);
            check_identity(line, len);
        }
        line = feed ? feed + 1 : NULL;
    }
    return 0;
}
