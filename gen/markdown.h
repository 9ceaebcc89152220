/*
 * Notes -> HTML. The only file that knows md4c.
 *
 * CommonMark with tables, task list items (shown as disabled boxes),
 * strikethrough; raw HTML is shown as text, images as links to them (a page
 * asks nothing of another host); links only to http, https, mailto and
 * relative addresses, checked after entities are decoded, with
 * rel="nofollow noreferrer" on those that leave the site. Anything else stays text.
 *
 * Classes: `task` of an item with a box, `left` `center` `right` of a cell,
 * `language-…` of code, `plain` of what was refused.
 *
 * Pure; any thread.
 */
#ifndef WRIT_GEN_MARKDOWN_H
#define WRIT_GEN_MARKDOWN_H

#include "../templates/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MARKDOWN_OUTPUT_MAX = 1 << 20, /* link definitions can multiply 64 KiB into 268 MB */
    MARKDOWN_NESTING_MAX = 64,     /* of brackets in a paragraph and of blocks that begin in a line, before
                                      parsing: md4c takes quadratic time */
};

/* What becomes of headings. A level that is left out is not left out in the HTML: a heading is at most one
 * deeper than the one before it. */
struct markdown_headings {
    unsigned under; /* the level of the heading that the text stands under: `#` is the next one. At most 5 */
    bool anchors;   /* each has an id, made of its letters and digits: `## No such thing` is #no-such-thing */
};

/* Appends the HTML; `headings` NULL: they are as they are written. A NUL must stand behind the source's len
 * bytes: md4c 0.4.8 looks at the one behind an address that is not closed. False if it was refused (too
 * large, too deep, an error of md4c): then the source stands there, escaped, in <pre class="plain">. */
bool markdown_html(struct buffer *out, const char *source, size_t len,
                   const struct markdown_headings *headings);

/* May an address, its entities decoded, be linked? */
bool markdown_may_link(const char *url, size_t len);

#endif
