/* See origin.h. */
#include "origin.h"

#include <string.h>
#include <strings.h>

static bool is(const char *value, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(value, word, len) == 0;
}

/* Browsers leave out a scheme's own port in both headers, so that equal is equal. `null`, which is what a
 * sandboxed or redirected page sends, has no scheme. */
static bool is_host(const struct origin *o)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i]);
        if (o->origin_len > n && memcmp(o->origin, schemes[i], n) == 0)
            return o->host && o->origin_len - n == o->host_len &&
                   strncasecmp(o->origin + n, o->host, o->host_len) == 0;
    }
    return false;
}

enum origin_verdict origin_judge(const struct origin *o)
{
    if (o->fetch_site)
        return is(o->fetch_site, o->fetch_site_len, "same-origin") ||
                       is(o->fetch_site, o->fetch_site_len, "none")
                   ? ORIGIN_OURS
                   : ORIGIN_FOREIGN;
    if (o->origin)
        return is_host(o) ? ORIGIN_OURS : ORIGIN_FOREIGN;
    return ORIGIN_UNSAID;
}
