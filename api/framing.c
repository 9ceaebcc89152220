/* See framing.h. Sections are those of RFC 9112 and 9110. */
#include "framing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A part of the head. */
struct span {
    const char *s;
    size_t len;
};

/* Headers that say where the request ends, and for whom it is. */
struct seen {
    unsigned hosts, lengths, codings;
};

/* Takes a line off the front of *rest: it ends in CR LF, and no other control than a tab stands in it (2.2).
 */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = memchr(rest->s, '\n', rest->len);
    if (!end || end == rest->s || end[-1] != '\r')
        return false;
    *line = (struct span){rest->s, (size_t)(end - 1 - rest->s)};
    for (size_t i = 0; i < line->len; i++)
        if (((unsigned char)line->s[i] < ' ' && line->s[i] != '\t') || line->s[i] == 0x7f)
            return false;
    *rest = (struct span){end + 1, rest->len - (size_t)(end + 1 - rest->s)};
    return true;
}

/* A token (5.6.2 of RFC 9110): methods and names of headers are. */
static bool is_token(struct span s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        char c = s.s[i], letter = (char)(c | 0x20);
        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return s.len > 0;
}

/* METHOD SP TARGET SP HTTP/1.x (3), with single blanks. */
static bool is_request_line(struct span line)
{
    const char *end = line.s + line.len;
    const char *target = memchr(line.s, ' ', line.len);
    const char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1)) : NULL;
    if (!version || version == target + 1 || end - version != 9 || memchr(line.s, '\t', line.len))
        return false;
    return is_token((struct span){line.s, (size_t)(target - line.s)}) &&
           (memcmp(version, " HTTP/1.1", 9) == 0 || memcmp(version, " HTTP/1.0", 9) == 0);
}

static bool span_is(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.s, word, s.len) == 0;
}

static struct span trim(struct span s)
{
    while (s.len && (s.s[0] == ' ' || s.s[0] == '\t'))
        s = (struct span){s.s + 1, s.len - 1};
    while (s.len && (s.s[s.len - 1] == ' ' || s.s[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* A number in digits and nothing else: no sign, no 0x, no list of equal ones (6.3). */
static bool is_number(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.s[i] < '0' || s.s[i] > '9')
            return false;
    return s.len > 0;
}

/* NAME: VALUE (5). What is wrong with it, or NULL. A line that goes on with the one before (5.2) begins with
 * a blank, and so has no name. */
static const char *read_header(struct span line, struct seen *seen)
{
    const char *colon = memchr(line.s, ':', line.len);
    struct span name = {line.s, colon ? (size_t)(colon - line.s) : 0};
    if (!is_token(name))
        return "A line of the head is not a name, a colon and a value.";
    struct span value = trim((struct span){colon + 1, line.len - name.len - 1});
    if (span_is(name, "content-length")) {
        seen->lengths++;
        if (!is_number(value))
            return "Content-Length is not a number.";
    }
    seen->codings += span_is(name, "transfer-encoding");
    seen->hosts += span_is(name, "host");
    return NULL;
}

enum framing framing_check(const char *bytes, size_t len, const char **why)
{
    static const char no_line[] = "A line of the head does not end in CR LF, or has a control character.";
    struct span rest = {bytes, len}, line;
    struct seen seen = {0};

    *why = no_line;
    if (!take_line(&rest, &line))
        return FRAMING_BAD;
    *why = "The first line is not a method, a target and HTTP/1.1, with a blank between them.";
    if (!is_request_line(line))
        return FRAMING_BAD;
    for (;;) {
        *why = no_line;
        if (!take_line(&rest, &line))
            return FRAMING_BAD;
        if (line.len == 0)
            break;
        *why = read_header(line, &seen);
        if (*why)
            return FRAMING_BAD;
    }
    *why = "Host must stand there, once.";
    if (seen.hosts != 1)
        return FRAMING_BAD;
    *why = "Content-Length and Transfer-Encoding say twice how long the body is.";
    if (seen.lengths + seen.codings > 1)
        return FRAMING_BAD;
    *why = "Send the body with a Content-Length, and not in chunks.";
    return seen.codings ? FRAMING_NO_LENGTH : FRAMING_OK;
}
