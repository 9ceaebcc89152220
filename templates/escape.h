/*
 * One function for each place where text from people may stand. Input is
 * valid UTF-8. Nothing else in the project escapes.
 */
#ifndef WRIT_TEMPLATES_ESCAPE_H
#define WRIT_TEMPLATES_ESCAPE_H

#include "buffer.h"

typedef void escape_fn(struct buffer *out, const char *s, size_t len);

/* HTML text and double-quoted attributes: & < > " and '. */
escape_fn escape_html;

/* Inside a JSON string: ", \, controls; also < > & and U+2028/9 as \u…, so that it may stand in a script
 * element. */
escape_fn escape_json;

/* One segment of a URL path: all but unreserved characters as %XX. Safe in
 * HTML attributes as it is. */
escape_fn escape_url_segment;

/* A URL that was typed, for an href: what is not allowed in a URL is encoded as %XX, what
 * is already encoded stays; & becomes &amp;. Whether its scheme may be linked
 * is not decided here (gen/markdown.h). */
escape_fn escape_url;

/* As it is. */
escape_fn escape_none;

#endif
