/*
 * Forged requests: another site's page can make a browser send a write here, cookies and all. A secret in our
 * pages would not help, since they are files and the same for everyone; so what counts is where a request
 * comes from, which browsers say in headers that a page cannot set. As Go's CrossOriginProtection does, but
 * stricter: who says nothing is not believed. Pure.
 */
#ifndef WRIT_API_ORIGIN_H
#define WRIT_API_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

/* The values of three headers; NULL: not sent. One that stands twice should come as "", which nothing trusts.
 */
struct origin {
    const char *fetch_site, *origin, *host;
    size_t fetch_site_len, origin_len, host_len;
};

enum origin_verdict {
    ORIGIN_OURS,    /* a page of ours, or the person (who typed the address) */
    ORIGIN_FOREIGN, /* a page of another site, or nobody knows whose */
    ORIGIN_UNSAID,  /* neither Sec-Fetch-Site nor Origin: no browser of this decade, or a program */
};

/* Sec-Fetch-Site decides when it is there; else Origin, whose host and port must be those of Host. */
enum origin_verdict origin_judge(const struct origin *origin);

#endif
