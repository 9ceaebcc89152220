/*
 * Quick add: one line of text -> the fields of a todo, and back. What a word
 * means is decided in one function, token_read(), so that whoever writes a
 * line can ask beforehand how it will be read.
 */
#include "todo.h"

#include <string.h>

enum token_kind { TOKEN_NONE, TOKEN_TAG, TOKEN_LIST, TOKEN_PRIORITY, TOKEN_DUE };

struct token {
    enum token_kind kind;
    const char *end; /* behind it in the line */
    char *name;
    unsigned priority;
    char *due;
};

/* The end of the word at s: white space, or the end of the line. */
static const char *word_end(const char *s)
{
    size_t n;
    while (*s != '\0' && !text_is_space(text_at(s, &n)))
        s += n;
    return s;
}

static const char *skip_space(const char *s)
{
    size_t n;
    while (text_is_space(text_at(s, &n)))
        s += n;
    return s;
}

static bool is_escape(const char *word)
{
    return word[0] == '\\' && word[1] != '\0' && strchr("#!@+\\", word[1]) != NULL;
}

/* ---- names */

/* At least one letter: `#12` is a ticket and `+1` a guest, more often than names. */
static bool is_bare_name(const char *s, const char *end)
{
    bool has_letter = false;
    size_t n;
    for (; s < end; s += n) {
        int32_t c = text_at(s, &n);
        enum name_char kind = name_char(c);
        has_letter |= kind == NAME_LETTER;
        if (kind == NAME_OTHER && (c > 0x7F || strchr("-_.&/'", c) == NULL))
            return false;
    }
    return has_letter;
}

char *quick_name(struct arena *a, const char *name)
{
    if (is_bare_name(name, name + strlen(name)))
        return arena_strdup(a, name);
    char *quoted = arena_alloc(a, 2 * strlen(name) + 3);
    char *to = quoted;
    *to++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            *to++ = '\\';
        *to++ = *name;
    }
    *to = '"';
    return quoted;
}

char *quick_unquote(struct arena *a, const char *s, const char **end)
{
    const char *close = s + 1;
    while (*close != '"' && *close != '\0')
        close += close[0] == '\\' && (close[1] == '"' || close[1] == '\\') ? 2 : 1;
    if (*close == '\0')
        return NULL;
    *end = close + 1;

    char *name = arena_alloc(a, (size_t)(close - s));
    char *to = name;
    for (const char *at = s + 1; at < close; at++) {
        if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        *to++ = *at;
    }
    return name;
}

/* NULL if there is no name that may stand at s, behind its `#` or `+`. */
static char *read_name(struct arena *a, const char *s, const char **end)
{
    char *name;
    if (*s == '"') {
        name = quick_unquote(a, s, end);
        if (name == NULL || word_end(*end) != *end)
            return NULL;
    } else {
        *end = word_end(s);
        if (!is_bare_name(s, *end))
            return NULL;
        name = arena_strndup(a, s, (size_t)(*end - s));
    }
    const char *why;
    return name_normal(a, name, &why);
}

/* ---- lines */

/* What the word at s is; a quoted name may reach beyond its end. */
static struct token token_read(struct arena *a, const char *s, const struct tm *today)
{
    struct token token = {.end = word_end(s)};
    switch (*s) {
    case '#':
    case '+':
        token.name = read_name(a, s + 1, &token.end);
        if (token.name)
            token.kind = *s == '#' ? TOKEN_TAG : TOKEN_LIST;
        break;
    case '!':
        if (token.end == s + 2 && s[1] >= '1' && s[1] < '1' + TODO_PRIORITIES) {
            token.priority = (unsigned)(s[1] - '0');
            token.kind = TOKEN_PRIORITY;
        }
        break;
    case '@':
        token.due = due_from_words(a, arena_strndup(a, s + 1, (size_t)(token.end - s - 1)), today);
        if (token.due)
            token.kind = TOKEN_DUE;
        break;
    }
    return token;
}

void quick_parse(struct arena *a, const char *line, const struct tm *today, struct todo_draft *out)
{
    char *title = arena_alloc(a, strlen(line) + 1);
    char *to = title;
    unsigned tag_tokens = 0;
    *out = (struct todo_draft){.present = FIELD_TITLE, .title = title};

    const char *next;
    for (const char *word = skip_space(line); *word != '\0'; word = skip_space(next)) {
        struct token token = token_read(a, word, today);
        next = token.end;
        switch (token.kind) {
        case TOKEN_TAG:
            /* Counted as typed, not as different: a line of a megabyte must not compare them all. */
            if (tag_tokens++ < TODO_TAGS && name_add_tag(a, out, token.name)) {
                out->present |= FIELD_TAGS;
                continue;
            }
            break;
        case TOKEN_LIST:
            out->list = token.name;
            out->present |= FIELD_LIST;
            continue;
        case TOKEN_PRIORITY:
            out->priority = token.priority;
            out->present |= FIELD_PRIORITY;
            continue;
        case TOKEN_DUE:
            out->due = token.due;
            out->present |= FIELD_DUE;
            continue;
        case TOKEN_NONE:
            break;
        }
        if (to > title)
            *to++ = ' ';
        word += is_escape(word);
        next = word_end(word);
        memcpy(to, word, (size_t)(next - word));
        to += next - word;
    }
}

char *quick_tokens(struct arena *a, const char *const *tags, size_t ntags, unsigned priority, const char *due,
                   const char *list)
{
    char *tokens = arena_strdup(a, "");
    for (size_t i = 0; i < ntags; i++)
        tokens = arena_printf(a, "%s #%s", tokens, quick_name(a, tags[i]));
    if (priority > 0)
        tokens = arena_printf(a, "%s !%u", tokens, priority);
    if (due)
        tokens = arena_printf(a, "%s @%s", tokens, due);
    if (list)
        tokens = arena_printf(a, "%s +%s", tokens, quick_name(a, list));
    return tokens;
}

bool quick_is_token(const char *word)
{
    if (is_escape(word))
        return true;
    /* A quoted name may close later in the line, of which only the word may be known. */
    if ((word[0] == '#' || word[0] == '+') && word[1] == '"')
        return true;
    static const struct tm any_day = {.tm_year = 100, .tm_mday = 1};
    struct arena scratch = {0};
    bool found = token_read(&scratch, word, &any_day).kind != TOKEN_NONE;
    arena_release(&scratch);
    return found;
}
