/*
 * cmark finds the list items. It has no task lists and no table of the
 * definitions that it used, and its text no longer tells what was escaped; so
 * a few bytes that no document contains stand in for others while it reads:
 *
 * 1. A stand-in is as long as what it replaces, so cmark's lines and columns
 *    are those of the document, and notes are cut from the document itself.
 * 2. A box is where box_at() finds one in a line and cmark finds it at the
 *    beginning of an item's first paragraph. What is written as notes has a
 *    backslash more wherever box_at() finds one, what is read as notes one
 *    less: boxes in notes survive, and never become todos.
 * 3. A document is nested so little that a walk over all containers of every
 *    line is cheap. Nothing here calls itself.
 */
#include "outline.h"

#include <assert.h>
#include <cmark.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    NESTING_COLUMNS = 128, /* where a list's mark may stand: cmark walks all open blocks in every line */
    OPEN_BRACKETS = 1000,  /* in a paragraph: cmark 0.30.2 takes quadratic time for more */
    TAB_COLUMNS = 4,
};

/* ---- strings that grow, in an arena */

struct string {
    struct arena *arena;
    char *s;
    size_t len, capacity;
};

static void put(struct string *t, const char *s, size_t len)
{
    if (t->capacity - t->len < len) {
        size_t capacity = 2 * (t->len + len) + 32;
        char *grown = arena_alloc(t->arena, capacity);
        if (t->len)
            memcpy(grown, t->s, t->len);
        t->s = grown;
        t->capacity = capacity;
    }
    if (len)
        memcpy(t->s + t->len, s, len);
    t->len += len;
}

static void put_char(struct string *t, char c)
{
    put(t, &c, 1);
}

static char *finish(struct string *t)
{
    put_char(t, '\0');
    return t->s;
}

/* A block's Markdown, with a line feed. cmark writes U+FFFE and U+FFFF as the bytes FE and FF, which are not
 * UTF-8. */
static char *render(struct arena *a, cmark_node *block, int options)
{
    struct string t = {.arena = a};
    char *source = cmark_render_commonmark(block, options, 0);
    for (const char *s = source; *s != '\0'; s++) {
        if (*s == '\xfe' || *s == '\xff')
            put(&t, *s == '\xfe' ? "\xef\xbf\xbe" : "\xef\xbf\xbf", 3);
        else
            put_char(&t, *s);
    }
    free(source);
    return finish(&t);
}

/* ---- lines */

/* A place in a line. Columns count from 0, tabs reach to the next multiple of
 * four, and a container may end inside a tab: then `pending` of its columns are
 * still ahead. */
struct cursor {
    const char *s, *end;
    unsigned column, pending;
};

static bool is_blank_char(char c)
{
    return c == ' ' || c == '\t';
}

/* Moves over at most so many columns of blanks; returns how many. */
static unsigned skip_blanks(struct cursor *c, unsigned columns)
{
    unsigned skipped = 0;
    while (skipped < columns) {
        if (c->pending == 0) {
            if (c->s == c->end || !is_blank_char(*c->s))
                break;
            c->pending = *c->s++ == ' ' ? 1 : TAB_COLUMNS - c->column % TAB_COLUMNS;
        }
        c->pending--;
        c->column++;
        skipped++;
    }
    return skipped;
}

/* The length of a mark of a list item or block quote at s, or 0. */
static size_t mark_length(const char *s, const char *end)
{
    enum { DIGITS = 9 };
    size_t n = 0, room = (size_t)(end - s);
    if (room && *s == '>')
        return 1;
    if (!room || !strchr("-+*", *s)) {
        while (n < room && n < DIGITS && isdigit((unsigned char)s[n]))
            n++;
        if (n == 0 || n == room || !strchr(".)", s[n]))
            return 0;
    }
    n++;
    return n == room || is_blank_char(s[n]) ? n : 0;
}

/* Moves over the marks of all containers that seem to begin or go on in a
 * line; returns the column behind the last of them. */
static unsigned skip_marks(struct cursor *c)
{
    unsigned reach = 0;
    for (;;) {
        skip_blanks(c, ~0U);
        size_t n = mark_length(c->s, c->end);
        if (n == 0)
            return reach;
        c->s += n;
        c->column += (unsigned)n;
        reach = c->column;
    }
}

/* The box that a line begins with, its marks aside, or NULL; with the
 * backslashes that may keep it from being one. People leave out the blank
 * behind it, but [x](…), [x][…] and [x]: are links. */
static const char *box_at(const char *line, const char *end, size_t *backslashes)
{
    enum { BOX = 3 };
    struct cursor c = {.s = line, .end = end};
    skip_marks(&c);
    for (*backslashes = 0; c.s < end && *c.s == '\\'; c.s++)
        ++*backslashes;
    if (end - c.s < BOX || c.s[0] != '[' || !strchr(" xX", c.s[1]) || c.s[2] != ']')
        return NULL;
    return end - c.s > BOX && strchr("([:", c.s[BOX]) ? NULL : c.s;
}

/* ---- stand-ins */

/* ESCAPE and a punctuation mark for a backslash at the start of a word and
 * what it escapes, where quick add would drop it. `!` and `\` have other marks,
 * as cmark would take them together with what follows. */
enum { ESCAPE = 1, BOX_OPEN, BOX_CLOSE };
static const char escaped[] = "#@+!\\", escape_marks[] = "#@+;,";

static char *with_stand_ins(struct arena *a, const char *document, size_t len)
{
    char *copy = arena_strndup(a, document, len);

    size_t n;
    bool word_start = true;
    for (char *s = copy; *s != '\0'; s += n) {
        int32_t c = text_at(s, &n);
        const char *found = word_start && c == '\\' && s[1] != '\0' ? strchr(escaped, s[1]) : NULL;
        if (found) {
            s[0] = ESCAPE;
            s[1] = escape_marks[found - escaped];
            n = 2;
        }
        word_start = text_is_space(c);
    }

    const char *end;
    for (const char *line = document; line < document + len; line = end + 1) {
        end = memchr(line, '\n', (size_t)(document + len - line));
        if (!end)
            end = document + len;
        size_t backslashes;
        const char *box = box_at(line, end, &backslashes);
        if (box && backslashes == 0) {
            copy[box - document] = BOX_OPEN;
            copy[box - document + 2] = BOX_CLOSE;
        }
    }
    return copy;
}

/* The document's words again. A backslash that stood for an escape is put
 * only if asked for. */
static void put_original(struct string *t, const char *s, bool backslash)
{
    for (; *s != '\0'; s++) {
        const char *mark = *s == ESCAPE && s[1] != '\0' ? strchr(escape_marks, s[1]) : NULL;
        if (mark) {
            if (backslash)
                put_char(t, '\\');
            put_char(t, escaped[mark - escape_marks]);
            s++;
        } else {
            put_char(t, *s == BOX_OPEN ? '[' : *s == BOX_CLOSE ? ']' : *s);
        }
    }
}

static const char *original(struct arena *a, const char *s, bool backslash)
{
    struct string t = {.arena = a};
    put_original(&t, s, backslash);
    return finish(&t);
}

/* ---- reading */

/* A block quote or list item around the line that is being read. */
struct container {
    bool quote;
    unsigned width;        /* of an item: how far what is in it is indented */
    int line;              /* where it begins, */
    struct cursor content; /* and its content in that line */
};

struct definition {
    const char *key; /* its label, as labels are compared */
    const char *line, *end;
    size_t last_todo; /* the last one that it was given to, plus 1 */
};

struct reader {
    struct arena *arena;
    struct arena scratch; /* reset after each todo */
    const struct tm *today;
    struct problems *problems;
    const char **lines; /* from 1; one more at the end */
    int nlines;
    size_t *owners; /* of each line: 0 is the document, VERBATIM its code, else a todo plus 1 */
    struct todo_draft *todos;
    int *first_lines; /* of each todo */
    size_t ntodos;
    char *list;                                   /* that the last heading named */
    struct container containers[NESTING_COLUMNS]; /* each mark takes a column */
    unsigned ncontainers;
};
#define VERBATIM SIZE_MAX

static struct cursor line_cursor(const struct reader *r, int line)
{
    return (struct cursor){.s = r->lines[line], .end = r->lines[line + 1] - 1};
}

/* Where the content of the innermost container is in a line. A line that goes
 * on with a paragraph of theirs without being indented loses its blanks. */
static struct cursor content_of(const struct reader *r, int line)
{
    struct cursor c = line_cursor(r, line);
    for (unsigned i = 0; i < r->ncontainers; i++) {
        const struct container *container = &r->containers[i];
        if (container->line == line) {
            c = container->content;
        } else if (container->quote) {
            skip_blanks(&c, TAB_COLUMNS - 1);
            if (c.s == c.end || *c.s != '>' || c.pending)
                break;
            c.s++;
            c.column++;
            skip_blanks(&c, 1);
        } else {
            struct cursor before = c;
            if (skip_blanks(&c, container->width) < container->width) {
                c = before;
                skip_blanks(&c, ~0U);
                break;
            }
        }
    }
    return c;
}

/* As cmark measures it: marks and up to four columns of blanks, or one if code
 * or nothing follows. */
static void push_container(struct reader *r, cmark_node *node)
{
    int line = cmark_node_get_start_line(node);
    struct cursor c = content_of(r, line);
    assert(r->ncontainers < NESTING_COLUMNS); /* 3 */
    struct container *new = &r->containers[r->ncontainers++];
    *new = (struct container){.quote = cmark_node_get_type(node) == CMARK_NODE_BLOCK_QUOTE, .line = line};

    unsigned before = skip_blanks(&c, ~0U);
    size_t mark = mark_length(c.s, c.end);
    c.s += mark;
    c.column += (unsigned)mark;
    struct cursor behind = c;
    unsigned blanks = skip_blanks(&behind, TAB_COLUMNS + 1);
    if (new->quote || blanks < 1 || blanks > TAB_COLUMNS || behind.s == behind.end)
        blanks = 1;
    skip_blanks(&c, blanks);
    new->content = c;
    new->width = before + (unsigned)mark + blanks;
}

static void put_content(struct string *t, struct cursor c)
{
    if (c.pending || c.column % TAB_COLUMNS != 0) { /* tabs would shrink or grow */
        for (unsigned i = skip_blanks(&c, ~0U); i > 0; i--)
            put_char(t, ' ');
    }
    size_t backslashes;
    const char *box = box_at(c.s, c.end, &backslashes);
    if (box && backslashes > 0) {
        put(t, c.s, (size_t)(box - 1 - c.s));
        c.s = box;
    }
    put(t, c.s, (size_t)(c.end - c.s));
}

static bool is_blank(struct cursor c)
{
    skip_blanks(&c, ~0U);
    return c.s == c.end;
}

/* The lines of the innermost container from `first` to `last` that belong to
 * the todo, without empty ones at both ends. */
static void put_notes(struct string *t, const struct reader *r, size_t owner, int first, int last)
{
    const size_t start = t->len;
    size_t end = start; /* of the last line that is not blank */

    for (int line = first; line <= last; line++) {
        if (r->owners[line] != owner)
            continue;
        if (t->len > start && r->owners[line - 1] != owner && is_blank(content_of(r, line - 1)))
            put_char(t, '\n'); /* the todos taken out here stood between two paragraphs */
        struct cursor c = content_of(r, line);
        put_content(t, c);
        if (!is_blank(c))
            end = t->len;
        put_char(t, '\n');
        if (end == start)
            t->len = start;
    }
    t->len = end;
}

/* ---- titles */

/* The text of a paragraph, and of each byte how it was written. */
enum { PLAIN, OPAQUE, TOKEN }; /* OPAQUE: in a link, code, emphasis: never a token */
struct words {
    struct string text, kinds;
    bool has_address; /* that the text does not show */
};

static void put_words(struct words *w, const char *s, bool backslash, char kind)
{
    size_t before = w->text.len;
    put_original(&w->text, s, backslash);
    for (; before < w->text.len; before++)
        put_char(&w->kinds, kind);
}

/* Is the address of a link its text, as with <https://example.org>? */
static bool shows_address(cmark_node *link)
{
    cmark_node *text = cmark_node_first_child(link);
    if (!text || cmark_node_next(text) || cmark_node_get_type(text) != CMARK_NODE_TEXT)
        return false;
    const char *url = cmark_node_get_url(link), *shown = cmark_node_get_literal(text);
    return strcmp(url, shown) == 0 || (strncmp(url, "mailto:", 7) == 0 && strcmp(url + 7, shown) == 0);
}

/* Of a paragraph or heading. Text directly in it remembers where its words
 * begin, and keeps the backslashes of quick add if asked to. */
static void read_words(struct words *w, cmark_node *block, bool backslashes)
{
    cmark_consolidate_text_nodes(block);
    cmark_iter *iter = cmark_iter_new(block);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        if (cmark_iter_get_event_type(iter) != CMARK_EVENT_ENTER)
            continue;
        cmark_node *node = cmark_iter_get_node(iter);
        switch (cmark_node_get_type(node)) {
        case CMARK_NODE_TEXT:
            if (cmark_node_parent(node) == block) {
                cmark_node_set_user_data(node, (void *)w->text.len);
                put_words(w, cmark_node_get_literal(node), backslashes, PLAIN);
            } else {
                put_words(w, cmark_node_get_literal(node), false, OPAQUE);
            }
            break;
        case CMARK_NODE_CODE:
        case CMARK_NODE_HTML_INLINE: /* shown as text, as in notes */
            put_words(w, cmark_node_get_literal(node), true, OPAQUE);
            break;
        case CMARK_NODE_SOFTBREAK:
        case CMARK_NODE_LINEBREAK:
            put_words(w, " ", false, PLAIN);
            break;
        case CMARK_NODE_LINK:
            w->has_address |= !shows_address(node);
            break;
        case CMARK_NODE_IMAGE:
            w->has_address = true;
            break;
        default:
            break;
        }
    }
    cmark_iter_free(iter);
    finish(&w->text);
    finish(&w->kinds);
}

/* The words as a line of quick add, in which opaque ones have a backslash if
 * they would be tokens. Marks the tokens. */
static const char *quick_line(struct reader *r, struct words *w)
{
    struct string line = {.arena = &r->scratch};
    const char *s = w->text.s, *next;
    size_t n;
    for (; *s != '\0'; s = next) {
        for (next = s; *next != '\0' && !text_is_space(text_at(next, &n)); next += n)
            ;
        if (next == s) {
            next += n;
        } else if (quick_is_token(s)) {
            const char *end = next;
            if (*s == '\\')
                end = s + 2;
            else if (s[1] == '"' && !quick_unquote(&r->scratch, s + 1, &end))
                end = next;
            char *kinds = w->kinds.s + (s - w->text.s);
            struct todo_draft alone;
            quick_parse(&r->scratch, arena_strndup(&r->scratch, s, (size_t)(end - s)), r->today, &alone);
            if (memchr(kinds, OPAQUE, (size_t)(end - s)))
                put_char(&line, '\\');
            else if (*alone.title == '\0')
                memset(s > w->text.s ? kinds - 1 : kinds, TOKEN, (size_t)(end - s) + (s > w->text.s));
        }
        put(&line, s, (size_t)(next - s));
    }
    return finish(&line);
}

/* A title's Markdown, without its tokens: links with their addresses, wherever
 * these are defined, in one line. */
static void put_source(struct reader *r, struct string *t, cmark_node *block, const struct words *w)
{
    cmark_iter *iter = cmark_iter_new(block);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        if (cmark_iter_get_event_type(iter) != CMARK_EVENT_ENTER)
            continue;
        cmark_node *node = cmark_iter_get_node(iter), *blank;
        const char *literal = cmark_node_get_literal(node);
        struct string kept = {.arena = &r->scratch};
        switch (cmark_node_get_type(node)) {
        case CMARK_NODE_TEXT:
            if (cmark_node_parent(node) == block) {
                const char *kinds = w->kinds.s + (size_t)cmark_node_get_user_data(node);
                for (size_t i = 0; literal[i] != '\0'; i++)
                    if (kinds[i] != TOKEN)
                        put_char(&kept, literal[i]);
                literal = finish(&kept);
            }
            cmark_node_set_literal(node, original(&r->scratch, literal, false));
            break;
        case CMARK_NODE_CODE:
        case CMARK_NODE_HTML_INLINE:
            cmark_node_set_literal(node, original(&r->scratch, literal, true));
            break;
        case CMARK_NODE_LINK:
        case CMARK_NODE_IMAGE:
            cmark_node_set_url(node, original(&r->scratch, cmark_node_get_url(node), false));
            cmark_node_set_title(node, original(&r->scratch, cmark_node_get_title(node), false));
            break;
        case CMARK_NODE_LINEBREAK: /* without the word behind it, it would leave an empty line */
            blank = cmark_node_new(CMARK_NODE_SOFTBREAK);
            cmark_node_replace(node, blank);
            cmark_node_free(node);
            break;
        default:
            break;
        }
    }
    cmark_iter_free(iter);

    const char *source = text_trim(render(&r->scratch, block, CMARK_OPT_NOBREAKS));
    put(t, source, strlen(source));
}

/* s, or as many of its characters as fit, cut between words if there is a
 * blank in the second half. */
static char *cut(struct arena *a, char *s, size_t chars, const char *ending)
{
    if (text_chars(s) <= chars)
        return s;
    size_t n, fits = chars - text_chars(ending), seen = 0;
    char *at = s, *blank = NULL;
    for (; seen < fits; at += n, seen++)
        if (text_is_space(text_at(at, &n)) && seen > fits / 2)
            blank = at;
    if (text_is_space(text_at(at, &n)) || !blank)
        blank = at;
    return arena_printf(a, "%s%s", text_trim(arena_strndup(a, s, (size_t)(blank - s))), ending);
}

/* The first paragraph of an item that has a box (2), or NULL; *done says of which kind. */
static cmark_node *box_of(const struct reader *r, cmark_node *item, bool *done)
{
    cmark_node *block = cmark_node_first_child(item);
    cmark_node *text = block ? cmark_node_first_child(block) : NULL;
    if (!text || cmark_node_get_type(text) != CMARK_NODE_TEXT)
        return NULL;
    struct cursor c = line_cursor(r, cmark_node_get_start_line(block));
    size_t backslashes;
    const char *box = box_at(c.s, c.end, &backslashes); /* &#2; is BOX_OPEN as well */
    if (!box || *cmark_node_get_literal(text) != BOX_OPEN)
        return NULL;
    *done = box[1] != ' ';
    return block;
}

/* ---- todos */

static void enter_todo(struct reader *r, cmark_node *item, cmark_node *block, bool done)
{
    enum { BOX = 3 };
    int first = cmark_node_get_start_line(item), last = cmark_node_get_end_line(item);
    size_t index = r->ntodos++;
    r->first_lines[index] = first;
    for (int line = first; line <= last; line++)
        r->owners[line] = index + 1;
    cmark_node_set_user_data(item, (void *)(index + 1));

    cmark_node *text = cmark_node_first_child(block);
    cmark_node_set_literal(text, arena_strdup(&r->scratch, cmark_node_get_literal(text) + BOX));
    struct words words = {.text.arena = &r->scratch, .kinds.arena = &r->scratch};
    read_words(&words, block, true);

    struct todo_draft *todo = &r->todos[index];
    quick_parse(r->arena, quick_line(r, &words), r->today, todo);
    todo->present |= FIELD_NOTES | FIELD_LIST | FIELD_DONE;
    todo->done = done;
    if (!todo->list)
        todo->list = r->list;
    char *title = cut(r->arena, todo->title, TODO_TITLE_CHARS, "…");
    struct string opening = {.arena = &r->scratch};
    const char *behind = r->lines[cmark_node_get_end_line(block) + 1];
    if (behind - r->lines[first] > TODO_NOTES_BYTES)
        problems_add(r->problems, "", "The title in line %d is longer than 16 KiB.", first);
    else if (title != todo->title || words.has_address)
        put_source(r, &opening, block, &words);
    const char *source = finish(&opening);
    if (text_check(todo->title, strlen(todo->title), false) || text_check(source, strlen(source), true))
        problems_add(r->problems, "", "The title in line %d must not contain control characters.", first);
    todo->title = title_check(title) ? arena_strdup(r->arena, "(untitled)") : title;
    todo->notes = arena_strdup(r->arena, source);
    arena_reset(&r->scratch);
}

static void leave_todo(struct reader *r, cmark_node *item, size_t owner)
{
    struct todo_draft *todo = &r->todos[owner - 1];
    struct string notes = {.arena = &r->scratch};
    put_notes(&notes, r, owner, cmark_node_get_end_line(cmark_node_first_child(item)) + 1,
              cmark_node_get_end_line(item));
    if (*finish(&notes) != '\0')
        todo->notes = arena_printf(r->arena, "%s%s%s", todo->notes, *todo->notes ? "\n\n" : "", notes.s);
    arena_reset(&r->scratch);
}

static void read_heading(struct reader *r, cmark_node *heading)
{
    struct words words = {.text.arena = &r->scratch, .kinds.arena = &r->scratch};
    read_words(&words, heading, false);
    const char *why;
    char *name = name_normal(r->arena, cut(r->arena, text_trim(words.text.s), NAME_CHARS, ""), &why);
    r->list = name ? name : arena_strdup(r->arena, DEFAULT_LIST);
    arena_reset(&r->scratch);
}

static void read_blocks(struct reader *r, cmark_node *root)
{
    cmark_iter *iter = cmark_iter_new(root);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iter), *block;
        bool entering = event == CMARK_EVENT_ENTER, done;
        switch (cmark_node_get_type(node)) {
        case CMARK_NODE_HEADING:
            if (entering && cmark_node_parent(node) == root)
                read_heading(r, node);
            break;
        case CMARK_NODE_CODE_BLOCK:
        case CMARK_NODE_HTML_BLOCK:
            for (int line = cmark_node_get_start_line(node); line <= cmark_node_get_end_line(node); line++)
                if (r->owners[line] == 0)
                    r->owners[line] = VERBATIM;
            break;
        case CMARK_NODE_BLOCK_QUOTE:
        case CMARK_NODE_ITEM:
            if (!entering) {
                if (cmark_node_get_user_data(node))
                    leave_todo(r, node, (size_t)cmark_node_get_user_data(node));
                r->ncontainers--;
                break;
            }
            push_container(r, node);
            block = cmark_node_get_type(node) == CMARK_NODE_ITEM ? box_of(r, node, &done) : NULL;
            if (block)
                enter_todo(r, node, block, done);
            break;
        default:
            break;
        }
    }
    cmark_iter_free(iter);
}

/* ---- definitions: `[label]: address`, in a line of the document's own */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct definition *)a)->key, ((const struct definition *)b)->key);
}

static int compare_definitions(const void *a, const void *b)
{
    int order = compare_keys(a, b);
    return order                                                                         ? order
           : ((const struct definition *)a)->line < ((const struct definition *)b)->line ? -1
                                                                                         : 1;
}

/* Labels as they are compared, their white space aside. */
static const char *label_key(struct arena *a, const char *label, size_t len)
{
    enum { LABEL_BYTES = 999 };
    return len <= LABEL_BYTES ? name_key(a, arena_strndup(a, label, len)) : "";
}

/* cmark shows definitions only by what is missing. */
static bool is_definition(const char *line, const char *end)
{
    if (line == end || *line != '[' || !memmem(line, (size_t)(end - line), "]:", 2))
        return false;
    cmark_node *alone = cmark_parse_document(line, (size_t)(end - line), CMARK_OPT_DEFAULT);
    bool nothing = !cmark_node_first_child(alone);
    cmark_node_free(alone);
    return nothing;
}

/* Sorted; of one label the first one, which is what counts. Those within todos
 * are left out: they stay in their notes, and must not change the notes of
 * others. */
static struct definition *read_definitions(struct reader *r, size_t *count)
{
    struct string bytes = {.arena = r->arena};
    for (int line = 1; line <= r->nlines; line++) {
        struct cursor c = line_cursor(r, line);
        skip_blanks(&c, TAB_COLUMNS - 1);
        if (r->owners[line] != 0 || !is_definition(c.s, c.end))
            continue;
        size_t label = (size_t)((const char *)memchr(c.s, ']', (size_t)(c.end - c.s)) - c.s) - 1;
        struct definition new = {.key = label_key(r->arena, c.s + 1, label), .line = c.s, .end = c.end};
        put(&bytes, (const char *)&new, sizeof new);
    }
    struct definition *all = (void *)bytes.s;
    size_t found = bytes.len / sizeof *all;
    if (found)
        qsort(all, found, sizeof *all, compare_definitions);
    *count = 0;
    for (size_t i = 0; i < found; i++)
        if (i == 0 || compare_keys(&all[*count - 1], &all[i]) != 0)
            all[(*count)++] = all[i];
    return all;
}

/* The notes with the definitions behind them that they seem to use: one too
 * many does no harm, as it shows nothing. */
static char *with_definitions(struct reader *r, char *notes, size_t owner, struct definition *definitions,
                              size_t count)
{
    struct string added = {.arena = &r->scratch};
    for (const char *s = notes; (s = strchr(s, '[')) != NULL;) {
        size_t label = strcspn(++s, "[]");
        if (s[label] != ']' || s[label + 1] == '(')
            continue;
        const struct definition wanted = {.key = label_key(&r->scratch, s, label)};
        struct definition *found = bsearch(&wanted, definitions, count, sizeof wanted, compare_keys);
        if (!found || found->last_todo == owner)
            continue;
        found->last_todo = owner;
        put_char(&added, '\n');
        put(&added, found->line, (size_t)(found->end - found->line));
    }
    if (added.len > 0)
        notes = arena_printf(r->arena, "%s\n%s", notes, finish(&added));
    arena_reset(&r->scratch);
    return notes;
}

static void finish_notes(struct reader *r)
{
    size_t count;
    struct definition *definitions = read_definitions(r, &count);
    for (size_t i = 0; i < r->ntodos; i++) {
        struct todo_draft *todo = &r->todos[i];
        if (count > 0)
            todo->notes = with_definitions(r, todo->notes, i + 1, definitions, count);
        if (strlen(todo->notes) > TODO_NOTES_BYTES)
            problems_add(r->problems, "", "The notes of the todo in line %d are longer than 16 KiB.",
                         r->first_lines[i]);
    }
}

/* ---- documents */

/* Would the document keep cmark busy for long, or its containers be too many
 * for us? Sometimes true of what only looks like a list. */
static bool too_complex(struct reader *r)
{
    unsigned brackets = 0;
    for (int line = 1; line <= r->nlines; line++) {
        struct cursor c = line_cursor(r, line);
        if (skip_marks(&c) > NESTING_COLUMNS) {
            problems_add(r->problems, "", "Line %d is nested too deeply: %d columns are the most.", line,
                         NESTING_COLUMNS);
            return true;
        }
        if (c.s == c.end)
            brackets = 0;
        for (; c.s < c.end; c.s++) {
            if (*c.s == '[')
                brackets++;
            else if (*c.s == ']' && brackets > 0)
                brackets--;
        }
        if (brackets > OPEN_BRACKETS) {
            problems_add(r->problems, "",
                         "Line %d has too many brackets that are not closed: %d are the most.", line,
                         OPEN_BRACKETS);
            return true;
        }
    }
    return false;
}

static void split_lines(struct reader *r, const char *document, size_t len)
{
    r->nlines = 1;
    for (size_t i = 0; i < len; i++)
        r->nlines += document[i] == '\n';
    r->lines = arena_alloc(r->arena, ((size_t)r->nlines + 2) * sizeof *r->lines);
    int line = 1;
    r->lines[line++] = document;
    for (size_t i = 0; i < len; i++)
        if (document[i] == '\n')
            r->lines[line++] = document + i + 1;
    r->lines[line] = document + len + 1;
}

bool outline_read(struct arena *a, const char *document, size_t len, const struct tm *today,
                  struct outline *out, struct problems *problems)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    *out = (struct outline){0};
    if (len >= 3 && memcmp(document, byte_order_mark, 3) == 0)
        document += 3, len -= 3;

    struct reader r = {.arena = a, .today = today, .problems = problems};
    r.list = arena_strdup(a, DEFAULT_LIST);
    split_lines(&r, document, len);
    size_t before = problems->count;
    if (too_complex(&r))
        return false;

    char *copy = with_stand_ins(a, document, len);
    size_t boxes = 0;
    for (const char *s = copy; (s = strchr(s, BOX_OPEN)) != NULL; s++)
        boxes++;
    r.owners = arena_alloc(a, ((size_t)r.nlines + 2) * sizeof *r.owners);
    r.todos = arena_alloc(a, boxes * sizeof *r.todos);
    r.first_lines = arena_alloc(a, boxes * sizeof *r.first_lines);

    cmark_node *root = cmark_parse_document(copy, len, CMARK_OPT_DEFAULT);
    read_blocks(&r, root);
    cmark_node_free(root);
    finish_notes(&r);
    arena_release(&r.scratch);
    if (r.problems->count > before)
        return false;
    *out = (struct outline){.todos = r.todos, .ntodos = r.ntodos};
    return true;
}

/* ---- writing */

static void append_inline(cmark_node *parent, cmark_node_type type, const char *s)
{
    cmark_node *node = cmark_node_new(type);
    if (type == CMARK_NODE_TEXT)
        cmark_node_set_literal(node, s);
    else
        cmark_node_set_on_enter(node, s);
    cmark_node_append_child(parent, node);
}

/* Plain words. What quick add would take for a token gets a backslash, unless
 * cmark gives it one. */
static void append_title(struct arena *a, cmark_node *parent, const char *title)
{
    const char *start = title; /* of what was not yet appended */
    bool word_start = true;
    size_t n;
    for (const char *s = title; *s != '\0'; s += n) {
        int32_t c = text_at(s, &n);
        if (word_start && (c == '@' || c == '+') && quick_is_token(s)) {
            append_inline(parent, CMARK_NODE_TEXT, arena_strndup(a, start, (size_t)(s - start)));
            append_inline(parent, CMARK_NODE_CUSTOM_INLINE, c == '@' ? "\\@" : "\\+");
            start = s + 1;
        }
        word_start = text_is_space(c);
    }
    append_inline(parent, CMARK_NODE_TEXT, start);
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Tokens as quick add has them, with what Markdown would make of the names in
 * them escaped: so little that the usual line is one of quick add as well. A
 * backslash is written as a number, as quick add has a meaning of its own for
 * it. */
static char *escape_tokens(struct arena *a, const char *tokens)
{
    struct string t = {.arena = a};
    for (const char *s = tokens; *s != '\0'; s++) {
        if (*s == '\\') {
            put(&t, "&#92;", 5);
            continue;
        }
        if (strchr("*[]<>`", *s) || (*s == '&' && strchr(s, ';')) ||
            (*s == '_' && !(is_word_byte(s[-1]) && is_word_byte(s[1]))))
            put_char(&t, '\\');
        put_char(&t, *s);
    }
    return finish(&t);
}

/* A line of notes, its box escaped if it has one. */
static void put_indented(struct string *t, const char *indent, const char *line, const char *end)
{
    put(t, indent, strlen(indent));
    size_t backslashes;
    const char *box = box_at(line, end, &backslashes);
    if (box) {
        put(t, line, (size_t)(box - line));
        put_char(t, '\\');
        line = box;
    }
    put(t, line, (size_t)(end - line));
}

char *outline_todo(struct arena *a, const struct outline_todo *todo)
{
    cmark_node *paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH);
    append_inline(paragraph, CMARK_NODE_CUSTOM_INLINE, todo->done ? "[x] " : "[ ] ");
    append_title(a, paragraph, todo->title);
    append_inline(
        paragraph, CMARK_NODE_CUSTOM_INLINE,
        escape_tokens(a, quick_tokens(a, todo->tags, todo->ntags, todo->priority, todo->due, todo->list)));

    /* Four columns keep the width of tabs. */
    const char *indent = strchr(todo->notes, '\t') ? "    " : "  ";
    struct string t = {.arena = a};
    put_char(&t, '-');
    put(&t, indent + 1, strlen(indent) - 1);
    const char *title = render(a, paragraph, CMARK_OPT_DEFAULT);
    cmark_node_free(paragraph);
    put(&t, title, strlen(title));

    if (*todo->notes != '\0')
        put_char(&t, '\n');
    for (const char *line = todo->notes, *end; *line != '\0'; line = end + (*end == '\n')) {
        end = line + strcspn(line, "\n");
        if (line < end)
            put_indented(&t, indent, line, end);
        put_char(&t, '\n');
    }
    return finish(&t);
}

char *outline_heading(struct arena *a, const char *name)
{
    cmark_node *heading = cmark_node_new(CMARK_NODE_HEADING);
    cmark_node_set_heading_level(heading, 1);
    append_inline(heading, CMARK_NODE_TEXT, name);
    char *source = render(a, heading, CMARK_OPT_DEFAULT);
    cmark_node_free(heading);
    return source;
}
