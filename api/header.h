/*
 * Request headers: how one is found, and those that need more than a look: If-Match, Prefer, Accept. Pure.
 */
#ifndef WRIT_API_HEADER_H
#define WRIT_API_HEADER_H

#include <h2o.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of a header that may stand once; {NULL, 0} if it is not there. False if it stands twice. */
bool header_single(const h2o_headers_t *headers, const char *name, h2o_iovec_t *value);

/* The values of a header that is a list, joined by `separator` as HTTP says: "," and for Cookie "; ". In the
 * pool. */
h2o_iovec_t header_joined(h2o_mem_pool_t *pool, const h2o_headers_t *headers, const char *name,
                          const char *separator);

/* An If-Match value: `"3"`, a version as our ETag says it, or `*`, any version (0). `W/"3"` is taken for
 * `"3"`: a proxy that compresses an answer weakens its ETag, and the version is still the version. False for
 * everything else, lists included. */
bool header_if_match(const char *value, size_t len, uint32_t *version);

/* What of RFC 7240 we honour. */
struct prefer {
    bool respond_async;  /* answer when it is stored, do not wait for the pages */
    bool representation; /* return=representation */
    bool timing;         /* timing, our own: a Server-Timing header that says where the time went */
};

/* Adds what a Prefer value asks for; preferences that we do not know are ignored, as they must be. */
void header_prefer(const char *value, size_t len, struct prefer *prefer);

/* Is a page the answer to whoever sent this Accept ("" if none)? One who sent a form gets a page unless
 * JSON is liked better, anyone else only if HTML is. */
bool header_wants_html(const char *accept, size_t len, bool form);

#endif
