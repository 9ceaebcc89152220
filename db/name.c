/*
 * Names of lists and tags, the key under which they are the same, and the
 * slug under which their page is found. MariaDB's collations know all this
 * too, but not the same way in each version; so it is computed here, once, and
 * stored.
 */
#include "todo.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const utf8proc_option_t nfc = UTF8PROC_STABLE | UTF8PROC_COMPOSE;

/* utf8proc_map() without its malloc. */
static char *normalized(struct arena *a, const char *s, utf8proc_option_t options)
{
    const utf8proc_uint8_t *from = (const utf8proc_uint8_t *)s;
    utf8proc_ssize_t len = (utf8proc_ssize_t)strlen(s);
    utf8proc_ssize_t n = utf8proc_decompose(from, len, NULL, 0, options);
    if (n < 0)
        abort(); /* not UTF-8: text_check() was passed by, and what is stored must be */
    utf8proc_int32_t *points = arena_alloc(a, ((size_t)n + 1) * sizeof *points);
    utf8proc_decompose(from, len, points, n, options);
    utf8proc_reencode(points, n, options); /* in place, with a NUL: UTF-8 is never longer */
    return (char *)points;
}

static const char *refusal(const char *name)
{
    enum { EMBED = 0x202A, OVERRIDE = 0x202E, ISOLATE = 0x2066, POP_ISOLATE = 0x2069 };
    bool visible = false;
    size_t n;
    for (const char *at = name; *at != '\0'; at += n) {
        int32_t c = text_at(at, &n);
        if ((c >= EMBED && c <= OVERRIDE) || (c >= ISOLATE && c <= POP_ISOLATE))
            return "must not contain controls of writing direction";
        visible |= text_is_visible(c);
    }
    if (*name == '\0')
        return "must not be empty";
    if (!visible)
        return "must contain something visible";
    _Static_assert(NAME_CHARS == 64, "the sentence says 64");
    if (text_chars(name) > NAME_CHARS)
        return "must be at most 64 characters";
    return NULL;
}

/* Trims, and makes every run of white space one blank. */
static char *with_single_blanks(struct arena *a, const char *s)
{
    char *copy = text_trim(arena_strdup(a, s));
    char *to = copy;
    bool after_space = false;
    size_t n;
    for (const char *at = copy; *at != '\0'; at += n) {
        bool space = text_is_space(text_at(at, &n));
        if (!space) {
            memmove(to, at, n);
            to += n;
        } else if (!after_space) {
            *to++ = ' ';
        }
        after_space = space;
    }
    *to = '\0';
    return copy;
}

char *name_normal(struct arena *a, const char *s, const char **why)
{
    *why = text_check(s, strlen(s), false);
    if (*why)
        return NULL;
    char *name = normalized(a, with_single_blanks(a, s), nfc);
    *why = refusal(name);
    return *why ? NULL : name;
}

char *name_key(struct arena *a, const char *name)
{
    return normalized(a, name, nfc | UTF8PROC_CASEFOLD);
}

enum name_char name_char(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return NAME_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return NAME_DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return NAME_MARK;
    default:
        return NAME_OTHER;
    }
}

bool name_add_tag(struct arena *a, struct todo_draft *draft, char *name)
{
    const char *key = name_key(a, name);
    for (unsigned i = 0; i < draft->ntags; i++)
        if (strcmp(name_key(a, draft->tags[i]), key) == 0)
            return true;
    if (draft->ntags == TODO_TAGS)
        return false;
    draft->tags[draft->ntags++] = name;
    return true;
}

static char *lower(struct arena *a, const char *s)
{
    enum { BYTES_A_CHARACTER = 4 };
    char *copy = arena_alloc(a, text_chars(s) * BYTES_A_CHARACTER + 1);
    char *to = copy;
    size_t n;
    for (; *s != '\0'; s += n)
        to += utf8proc_encode_char(utf8proc_tolower(text_at(s, &n)), (utf8proc_uint8_t *)to);
    return normalized(a, copy, nfc);
}

char *slug_from(struct arena *a, const char *name)
{
    enum { ROOM = SLUG_BYTES - 8 }; /* what is taken gets a suffix */
    const char *from = lower(a, name);
    char *slug = arena_alloc(a, ROOM + 1);
    size_t len = 0, n;
    bool in_word = false, after_letter = false;
    for (; *from != '\0'; from += n) {
        enum name_char kind = name_char(text_at(from, &n));
        after_letter = kind == NAME_LETTER || (kind == NAME_MARK && after_letter);
        if (!after_letter && kind != NAME_DIGIT) {
            in_word = false;
            continue;
        }
        size_t hyphen = !in_word && len > 0;
        if (len + hyphen + n > ROOM)
            break;
        if (hyphen)
            slug[len++] = '-';
        memcpy(slug + len, from, n);
        len += n;
        in_word = true;
    }
    return slug;
}
