/*
 * The template engine: see mustache.h for what it does.
 *
 * A template is compiled once, into a flat array of instructions; rendering
 * runs through it, into a section's part by recursion, so that the context
 * stack and the indentations of partials are lists on the C stack.
 *
 * What makes it fast:
 *  1. Names are interned per set as small integers, symbols.
 *  2. A table reachable from the set's root becomes a shape: an array from
 *     symbol to field. The names of all tables are interned before any
 *     template is compiled and an unknown name is refused, so every symbol in
 *     an instruction indexes every shape of its set.
 *  3. Text between tags is one instruction however many lines it has, and one
 *     memcpy when nothing indents it.
 */
#include "mustache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SYMBOLS_MAX = 1024, /* different names in a set: they are searched in a row while compiling */
    SHAPES_MAX = 32,
    PARTS_MAX = 8, /* of a dotted name */
    READ_CHUNK = 16 * 1024,
};

#define SUFFIX ".mustache"

struct slice {
    const char *base;
    size_t len;
};

enum op { OP_TEXT, OP_VARIABLE, OP_UNESCAPED, OP_SECTION, OP_INVERTED, OP_PARTIAL };

struct instruction {
    enum op op;
    bool line;      /* TEXT: begins a line; PARTIAL: has a line of its own, whose indentation is `text` */
    uint8_t nparts; /* of a name; 0 is {{.}} */
    uint16_t parts[PARTS_MAX]; /* symbols */
    uint32_t end;              /* SECTION, INVERTED: the first instruction behind it */
    struct slice text;
    const struct mustache *partial; /* NULL: missing, empty */
};

/* What a template's EXT means. */
static const struct format {
    const char *ext;
    escape_fn *text, *slug;
} formats[] = {
    {".html", escape_html, escape_url_segment},
    {".webmanifest", escape_json, escape_json}, /* JSON by another name */
    {".json", escape_json, escape_json},
};

struct mustache {
    const struct mustache_set *set;
    const struct format *format;
    char *file;        /* for messages */
    struct slice name; /* NAME.EXT, in file */
    struct buffer source;
    struct instruction *code;
    size_t ncode, capacity;
};

struct slot {
    const struct mustache_field *field; /* NULL: the table has no such name */
    const struct shape *shape;          /* of the field's type */
};

struct shape {
    const struct mustache_type *type;
    struct slot *slots; /* by symbol */
};

struct mustache_set {
    struct mustache *templates; /* fixed in place once the first is compiled */
    size_t ntemplates;
    struct slice symbols[SYMBOLS_MAX]; /* names in tables or sources */
    size_t nsymbols;
    struct shape shapes[SHAPES_MAX]; /* none: names are not checked */
    size_t nshapes;
    uint64_t fingerprint;
};

static bool same(struct slice a, struct slice b)
{
    return a.len == b.len && memcmp(a.base, b.base, a.len) == 0;
}

/* ---- Names and tables */

/* The symbol of a name, a new one if need be; SYMBOLS_MAX if there is no room. */
static size_t intern(struct mustache_set *set, struct slice name)
{
    for (size_t i = 0; i < set->nsymbols; i++) {
        if (same(set->symbols[i], name))
            return i;
    }
    if (set->nsymbols == SYMBOLS_MAX)
        return SYMBOLS_MAX;
    set->symbols[set->nsymbols] = name;
    return set->nsymbols++;
}

static const struct shape *shape_of(const struct mustache_set *set, const struct mustache_type *type)
{
    for (size_t i = 0; i < set->nshapes; i++) {
        if (set->shapes[i].type == type)
            return &set->shapes[i];
    }
    return NULL;
}

/* Makes shapes of all tables reachable from root: finds the tables, then the
 * names in them, then fills the slots. */
static bool add_shapes(struct mustache_set *set, const struct mustache_type *root)
{
    set->shapes[set->nshapes++].type = root;
    for (size_t i = 0; i < set->nshapes; i++) {
        for (const struct mustache_field *f = set->shapes[i].type->fields; f && f->name; f++) {
            if (intern(set, (struct slice){f->name, strlen(f->name)}) == SYMBOLS_MAX)
                return false;
            if (!f->type || shape_of(set, f->type))
                continue;
            if (set->nshapes == SHAPES_MAX)
                return false;
            set->shapes[set->nshapes++].type = f->type;
        }
    }
    for (size_t i = 0; i < set->nshapes; i++) {
        struct shape *shape = &set->shapes[i];
        shape->slots = calloc(set->nsymbols + 1, sizeof *shape->slots);
        if (!shape->slots)
            return false;
        for (const struct mustache_field *f = shape->type->fields; f && f->name; f++) {
            size_t symbol = intern(set, (struct slice){f->name, strlen(f->name)});
            shape->slots[symbol] = (struct slot){f, f->type ? shape_of(set, f->type) : NULL};
        }
    }
    return true;
}

/* Does any table have the name, a dotted one part by part? */
static bool is_known(const struct mustache_set *set, const struct instruction *in, size_t nsymbols)
{
    for (size_t part = 0; part < in->nparts; part++) {
        if (in->parts[part] >= nsymbols)
            return false;
    }
    for (size_t i = 0; i < set->nshapes; i++) {
        const struct slot *slot = &set->shapes[i].slots[in->parts[0]];
        size_t part = 1;
        while (slot->field && part < in->nparts && slot->field->kind == MUSTACHE_OBJECT)
            slot = &slot->shape->slots[in->parts[part++]];
        if (slot->field && part == in->nparts)
            return true;
    }
    return false;
}

/* ---- Compiling */

struct compiler {
    struct mustache_set *set;
    struct mustache *m;
    bool strict;              /* mustache_read(): only what our own templates may do */
    size_t nsymbols;          /* of the tables: a symbol from here on is a name in none */
    const char *at;           /* what is not compiled yet */
    const char *end;          /* of the source */
    struct slice open, close; /* the delimiters */
    struct section {
        struct slice name;
        const char *at; /* of its tag */
        size_t instruction;
    } sections[MUSTACHE_DEPTH_MAX];
    size_t nsections;
    char *error;
    size_t error_size;
};

/* A tag as it stands in the source. */
struct tag {
    const char *start, *end; /* with its delimiters */
    char sigil;              /* 0: a variable */
    struct slice content;    /* trimmed */
};

__attribute__((format(printf, 3, 4))) static bool fail(struct compiler *c, const char *at, const char *format,
                                                       ...)
{
    unsigned line = 1;
    for (const char *s = c->m->source.base; s < at; s++)
        line += *s == '\n';
    int used = snprintf(c->error, c->error_size, "%s:%u: ", c->m->file, line);
    if (used < 0 || (size_t)used >= c->error_size)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(c->error + used, c->error_size - (size_t)used, format, args);
    va_end(args);
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static struct slice trim(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    return (struct slice){start, (size_t)(end - start)};
}

static const char *find(struct slice what, const char *from, const char *end)
{
    return memmem(from, (size_t)(end - from), what.base, what.len);
}

static bool emit(struct compiler *c, struct instruction in)
{
    struct mustache *m = c->m;
    if (m->ncode == m->capacity) {
        size_t capacity = m->capacity ? 2 * m->capacity : 64;
        struct instruction *code = realloc(m->code, capacity * sizeof *code);
        if (!code)
            return fail(c, c->at, "there is no memory left.");
        m->code = code;
        m->capacity = capacity;
    }
    m->code[m->ncode++] = in;
    return true;
}

static bool begins_line(const struct compiler *c, const char *at)
{
    return at == c->m->source.base || at[-1] == '\n';
}

/* The text before a tag at `to`. If what the tag writes begins a line, an
 * empty text stands before it, for an indentation to be put there. */
static bool emit_text(struct compiler *c, const char *to, bool tag_is_written)
{
    struct instruction text = {
        .op = OP_TEXT, .line = begins_line(c, c->at), .text = {c->at, (size_t)(to - c->at)}};
    struct instruction empty = {.op = OP_TEXT, .line = true, .text = {to, 0}};
    return (text.text.len == 0 || emit(c, text)) &&
           (!tag_is_written || !begins_line(c, to) || emit(c, empty));
}

/* Takes the tag that starts at tag->start apart. */
static bool scan_tag(struct compiler *c, struct tag *tag)
{
    const char *from = tag->start + c->open.len;
    const char *last = ""; /* what must stand before the closing delimiter */
    tag->sigil = 0;
    if (from < c->end && strchr("!#^/>&={", *from) && *from)
        tag->sigil = *from++;
    if (tag->sigil == '{')
        last = "}";
    else if (tag->sigil == '=')
        last = "=";

    const char *close = find(c->close, from, c->end);
    while (close && *last && (close == from || close[-1] != *last))
        close = find(c->close, close + 1, c->end);
    if (!close)
        return fail(c, tag->start, "this tag is not closed: %s%.*s is missing.", last, (int)c->close.len,
                    c->close.base);
    tag->content = trim(from, *last ? close - 1 : close);
    tag->end = close + c->close.len;
    return true;
}

/* Is there nothing but blanks on the tag's lines beside it? Then *lines is they
 * with their line end. */
static bool is_standalone(const struct compiler *c, const struct tag *tag, struct slice *lines)
{
    const char *start = tag->start;
    const char *end = tag->end;
    while (start > c->m->source.base && is_blank(start[-1]))
        start--;
    if (start > c->m->source.base && start[-1] != '\n')
        return false;
    while (end < c->end && is_blank(*end))
        end++;
    if (c->end - end >= 2 && end[0] == '\r' && end[1] == '\n')
        end += 2;
    else if (end < c->end && *end == '\n')
        end++;
    else if (end < c->end)
        return false;
    *lines = (struct slice){start, (size_t)(end - start)};
    return true;
}

static bool set_delimiters(struct compiler *c, const struct tag *tag)
{
    const char *end = tag->content.base + tag->content.len;
    const char *middle = tag->content.base;
    while (middle < end && !is_space(*middle))
        middle++;
    struct slice open = {tag->content.base, (size_t)(middle - tag->content.base)};
    struct slice close = trim(middle, end);
    bool bad = open.len == 0 || close.len == 0 || memchr(tag->content.base, '=', tag->content.len);
    for (size_t i = 0; i < close.len; i++)
        bad = bad || is_space(close.base[i]);
    if (bad)
        return fail(c, tag->start,
                    "delimiters are set as {{=<%% %%>=}}: two of them, without '=' or blanks.");
    c->open = open;
    c->close = close;
    return true;
}

/* Interns the parts of the tag's name and checks that a table has it. */
static bool resolve_name(struct compiler *c, const struct tag *tag, struct instruction *in)
{
    struct slice name = tag->content;
    const char *end = name.base + name.len;
    if (name.len == 0)
        return fail(c, tag->start, "a tag without a name.");
    if (name.len == 1 && *name.base == '.')
        return true;
    for (const char *part = name.base, *stop; part <= end; part = stop + 1) {
        stop = memchr(part, '.', (size_t)(end - part));
        stop = stop ? stop : end;
        if (part == stop)
            return fail(c, tag->start, "\"%.*s\": a part of the name is empty.", (int)name.len, name.base);
        if (in->nparts == PARTS_MAX)
            return fail(c, tag->start, "a name has more than %d parts.", PARTS_MAX);
        size_t symbol = intern(c->set, (struct slice){part, (size_t)(stop - part)});
        if (symbol == SYMBOLS_MAX)
            return fail(c, tag->start, "there are more than %d different names.", SYMBOLS_MAX);
        in->parts[in->nparts++] = (uint16_t)symbol;
    }
    if (c->set->nshapes > 0 && !is_known(c->set, in, c->nsymbols))
        return fail(c, tag->start, "there is no variable \"%.*s\".", (int)name.len, name.base);
    return true;
}

static bool compile_variable(struct compiler *c, const struct tag *tag)
{
    struct instruction in = {.op = tag->sigil ? OP_UNESCAPED : OP_VARIABLE};
    if (tag->sigil && c->strict)
        return fail(c, tag->start, "\"%.*s\" must not be written unescaped: use a markup field.",
                    (int)tag->content.len, tag->content.base);
    return resolve_name(c, tag, &in) && emit(c, in);
}

static bool open_section(struct compiler *c, const struct tag *tag)
{
    struct instruction in = {.op = tag->sigil == '#' ? OP_SECTION : OP_INVERTED};
    if (c->nsections == MUSTACHE_DEPTH_MAX)
        return fail(c, tag->start, "sections are more than %d deep.", MUSTACHE_DEPTH_MAX);
    c->sections[c->nsections++] = (struct section){tag->content, tag->start, c->m->ncode};
    return resolve_name(c, tag, &in) && emit(c, in);
}

static bool close_section(struct compiler *c, const struct tag *tag)
{
    if (c->nsections == 0)
        return fail(c, tag->start, "\"%.*s\" is closed, but no section is open.", (int)tag->content.len,
                    tag->content.base);
    const struct section *section = &c->sections[--c->nsections];
    if (!same(section->name, tag->content))
        return fail(c, tag->start, "\"%.*s\" is closed where \"%.*s\" is open.", (int)tag->content.len,
                    tag->content.base, (int)section->name.len, section->name.base);
    c->m->code[section->instruction].end = (uint32_t)c->m->ncode;
    return true;
}

static const struct mustache *find_partial(const struct compiler *c, struct slice name)
{
    for (size_t i = 0; i < c->set->ntemplates; i++) {
        const struct mustache *m = &c->set->templates[i];
        if (m->format == c->m->format && m->name.len == name.len + strlen(m->format->ext) &&
            memcmp(m->name.base, name.base, name.len) == 0)
            return m;
    }
    return NULL;
}

static bool compile_partial(struct compiler *c, const struct tag *tag, bool standalone, const char *line)
{
    struct instruction in = {.op = OP_PARTIAL, .line = standalone, .partial = find_partial(c, tag->content)};
    if (tag->content.len == 0)
        return fail(c, tag->start, "a tag without a name.");
    if (!in.partial && c->strict)
        return fail(c, tag->start, "there is no partial %.*s%s" SUFFIX ".", (int)tag->content.len,
                    tag->content.base, c->m->format->ext);
    if (standalone)
        in.text = (struct slice){line, (size_t)(tag->start - line)};
    return emit(c, in);
}

/* Compiles the text before the next tag and the tag. */
static bool compile_tag(struct compiler *c, const char *start)
{
    struct tag tag = {.start = start};
    if (!scan_tag(c, &tag))
        return false;
    bool is_variable = tag.sigil == 0 || tag.sigil == '&' || tag.sigil == '{';
    struct slice taken = {tag.start, (size_t)(tag.end - tag.start)};
    bool standalone = !is_variable && is_standalone(c, &tag, &taken);
    if (!emit_text(c, taken.base, !standalone))
        return false;
    c->at = taken.base + taken.len;
    switch (tag.sigil) {
    case '!':
        return true;
    case '=':
        return set_delimiters(c, &tag);
    case '#':
    case '^':
        return open_section(c, &tag);
    case '/':
        return close_section(c, &tag);
    case '>':
        return compile_partial(c, &tag, standalone, taken.base);
    default:
        return compile_variable(c, &tag);
    }
}

static bool compile(struct mustache_set *set, struct mustache *m, size_t nsymbols, bool strict, char *error,
                    size_t error_size)
{
    struct compiler c = {.set = set,
                         .m = m,
                         .strict = strict,
                         .nsymbols = nsymbols,
                         .at = m->source.base,
                         .end = m->source.base + m->source.len,
                         .open = {"{{", 2},
                         .close = {"}}", 2},
                         .error = error,
                         .error_size = error_size};
    for (const char *tag; (tag = find(c.open, c.at, c.end));) {
        if (!compile_tag(&c, tag))
            return false;
    }
    if (c.nsections > 0) {
        const struct section *section = &c.sections[c.nsections - 1];
        return fail(&c, section->at, "section \"%.*s\" is not closed.", (int)section->name.len,
                    section->name.base);
    }
    return emit_text(&c, c.end, false);
}

/* ---- Sets */

static uint64_t hash(uint64_t h, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return h;
}

/* Makes shapes, compiles all templates. Frees the set and returns NULL on error. */
static struct mustache_set *finish(struct mustache_set *set, const struct mustache_type *root, bool strict,
                                   char *error, size_t error_size)
{
    if (root && !add_shapes(set, root)) {
        snprintf(error, error_size, "%s: too many tables or names in them, or no memory left.", root->name);
        goto failed;
    }
    set->fingerprint = UINT64_C(0xcbf29ce484222325);
    size_t nsymbols = set->nsymbols;
    for (size_t i = 0; i < set->ntemplates; i++) {
        struct mustache *m = &set->templates[i];
        if (!compile(set, m, nsymbols, strict, error, error_size))
            goto failed;
        uint64_t lengths[] = {m->name.len, m->source.len};
        set->fingerprint = hash(set->fingerprint, lengths, sizeof lengths);
        set->fingerprint = hash(set->fingerprint, m->name.base, m->name.len);
        set->fingerprint = hash(set->fingerprint, m->source.base, m->source.len);
    }
    return set;
failed:
    mustache_free(set);
    return NULL;
}

static struct mustache_set *new_set(size_t templates, char *error, size_t error_size)
{
    struct mustache_set *set = calloc(1, sizeof *set);
    if (set)
        set->templates = calloc(templates + 1, sizeof *set->templates);
    if (set && set->templates)
        return set;
    free(set);
    snprintf(error, error_size, "templates: there is no memory left.");
    return NULL;
}

/* The next template of the set, called by the part of `file` from `name` on, without `suffix`. Takes the
 * file's name over, and leaves the source to be filled. */
static struct mustache *add_template(struct mustache_set *set, char *file, size_t name, const char *suffix)
{
    struct mustache *m = &set->templates[set->ntemplates++];
    m->set = set;
    m->file = file;
    m->name = (struct slice){file + name, strlen(file + name) - strlen(suffix)};
    buffer_init(&m->source, MUSTACHE_SOURCE_MAX + READ_CHUNK);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t ext_len = strlen(formats[i].ext);
        if (m->name.len >= ext_len &&
            memcmp(m->name.base + m->name.len - ext_len, formats[i].ext, ext_len) == 0)
            m->format = &formats[i];
    }
    return m;
}

static bool check_length(const struct mustache *m, char *error, size_t error_size)
{
    if (!m->source.overflow && m->source.len <= MUSTACHE_SOURCE_MAX)
        return true;
    snprintf(error, error_size, "%s:1: is longer than %d bytes.", m->file, MUSTACHE_SOURCE_MAX);
    return false;
}

static bool read_file(const char *path, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = 0;
    while (buffer_reserve(out, READ_CHUNK) && (n = read(fd, out->base + out->len, READ_CHUNK)) > 0)
        out->len += (size_t)n;
    int saved = errno;
    close(fd);
    errno = saved;
    return n >= 0;
}

static bool read_template(struct mustache_set *set, const char *folder, const char *entry, char *error,
                          size_t error_size)
{
    char *file;
    if (asprintf(&file, "%s/%s", folder, entry) < 0) {
        snprintf(error, error_size, "%s: there is no memory left.", entry);
        return false;
    }
    struct mustache *m = add_template(set, file, strlen(folder) + 1, SUFFIX);
    if (!m->format)
        snprintf(error, error_size, "%s:1: a template is called NAME.html" SUFFIX " or NAME.json" SUFFIX ".",
                 file);
    else if (!read_file(file, &m->source))
        snprintf(error, error_size, "%s:1: cannot be read: %s.", file, strerror(errno));
    else
        return check_length(m, error, error_size);
    return false;
}

static int is_template(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
           strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

struct mustache_set *mustache_read(const char *folder, const struct mustache_type *root, char *error,
                                   size_t error_size)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_template, by_name);
    if (n < 0) {
        snprintf(error, error_size, "%s: cannot be read: %s.", folder, strerror(errno));
        return NULL;
    }
    struct mustache_set *set = new_set((size_t)n, error, error_size);
    bool ok = set;
    for (int i = 0; i < n; i++) {
        ok = ok && read_template(set, folder, entries[i]->d_name, error, error_size);
        free(entries[i]);
    }
    free(entries);
    if (ok)
        return finish(set, root, true, error, error_size);
    mustache_free(set);
    return NULL;
}

struct mustache_set *mustache_parse(const char *text, const struct mustache_partial *partials,
                                    size_t npartials, char *error, size_t error_size)
{
    struct mustache_set *set = new_set(npartials + 1, error, error_size);
    for (size_t i = 0; set && i <= npartials; i++) {
        const char *source = i == 0 ? text : partials[i - 1].text;
        char *file;
        if (asprintf(&file, "%s.html", i == 0 ? "template" : partials[i - 1].name) < 0) {
            snprintf(error, error_size, "templates: there is no memory left.");
            mustache_free(set);
            return NULL;
        }
        struct mustache *m = add_template(set, file, 0, "");
        buffer_reserve(&m->source, READ_CHUNK); /* a base, even if it is empty */
        buffer_puts(&m->source, source);
        if (!check_length(m, error, error_size)) {
            mustache_free(set);
            return NULL;
        }
    }
    return set ? finish(set, NULL, false, error, error_size) : NULL;
}

void mustache_free(struct mustache_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->ntemplates; i++) {
        free(set->templates[i].file);
        free(set->templates[i].code);
        buffer_release(&set->templates[i].source);
    }
    for (size_t i = 0; i < set->nshapes; i++)
        free(set->shapes[i].slots);
    free(set->templates);
    free(set);
}

const struct mustache *mustache_find(const struct mustache_set *set, const char *name)
{
    for (size_t i = 0; i < set->ntemplates; i++) {
        if (same(set->templates[i].name, (struct slice){name, strlen(name)}))
            return &set->templates[i];
    }
    return NULL;
}

uint64_t mustache_fingerprint(const struct mustache_set *set)
{
    return set->fingerprint;
}

/* ---- Rendering */

struct found {
    struct mustache_value value;
    const struct shape *shape; /* of an object's or a list's type; NULL: it has none in this set */
};

/* The context stack: what {{.}} is, and what surrounds it. */
struct context {
    struct found here;
    const struct context *around;
};

/* Blanks before each line of a partial, inside the indentation of `around`. */
struct indent {
    struct slice blanks;
    const struct indent *around;
};

struct renderer {
    const struct mustache *m;
    struct buffer *out;
    unsigned depth;
};

static void read_field(const struct mustache_field *field, const void *object, struct mustache_value *out)
{
    const void *at = (const char *)object + field->offset;
    out->kind = field->kind;
    switch (field->kind) {
    case MUSTACHE_TEXT:
    case MUSTACHE_SLUG: {
        const char *text = *(const char *const *)at;
        out->as.text = (struct mustache_markup){text ? text : "", text ? strlen(text) : 0};
        break;
    }
    case MUSTACHE_MARKUP:
        out->as.text = *(const struct mustache_markup *)at;
        break;
    case MUSTACHE_NUMBER:
        out->as.number = *(const uint64_t *)at;
        break;
    case MUSTACHE_BOOL:
        out->as.boolean = *(const bool *)at;
        break;
    case MUSTACHE_OBJECT:
        out->as.object.object = *(const void *const *)at;
        out->as.object.type = field->type;
        break;
    case MUSTACHE_LIST: {
        const struct mustache_list *list = at;
        out->as.list.object = list->items;
        out->as.list.count = list->count;
        out->as.list.type = field->type;
        break;
    }
    }
}

/* The value that `in` has under a name; false if it has none. `out` may be `in`. */
static bool find_member(const struct mustache_set *set, const struct found *in, uint16_t symbol,
                        struct found *out)
{
    if (in->value.kind != MUSTACHE_OBJECT || !in->value.as.object.object)
        return false;
    const void *object = in->value.as.object.object;
    const struct mustache_type *type = in->value.as.object.type;
    if (type->get) {
        out->shape = NULL;
        return type->get(object, set->symbols[symbol].base, set->symbols[symbol].len, &out->value);
    }
    if (in->shape) {
        const struct slot *slot = &in->shape->slots[symbol];
        if (!slot->field)
            return false;
        out->shape = slot->shape;
        read_field(slot->field, object, &out->value);
        return true;
    }
    for (const struct mustache_field *f = type->fields; f->name; f++) {
        if (same(set->symbols[symbol], (struct slice){f->name, strlen(f->name)})) {
            out->shape = NULL;
            read_field(f, object, &out->value);
            return true;
        }
    }
    return false;
}

/* The first part of a name is looked for from the inside out, the others only
 * in what that one is. */
static bool find_value(const struct mustache_set *set, const struct context *context,
                       const struct instruction *in, struct found *out)
{
    if (in->nparts == 0) {
        *out = context->here;
        return true;
    }
    while (context && !find_member(set, &context->here, in->parts[0], out))
        context = context->around;
    bool found = context;
    for (size_t part = 1; found && part < in->nparts; part++)
        found = find_member(set, out, in->parts[part], out);
    return found;
}

static bool is_true(const struct mustache_value *value)
{
    switch (value->kind) {
    case MUSTACHE_TEXT:
    case MUSTACHE_MARKUP:
    case MUSTACHE_SLUG:
        return value->as.text.len > 0;
    case MUSTACHE_NUMBER:
        return value->as.number > 0;
    case MUSTACHE_BOOL:
        return value->as.boolean;
    case MUSTACHE_OBJECT:
        return value->as.object.object;
    case MUSTACHE_LIST:
        return value->as.list.count > 0;
    }
    return false;
}

static void write_value(const struct format *format, bool escaped, const struct mustache_value *value,
                        struct buffer *out)
{
    const struct mustache_markup *text = &value->as.text;
    switch (value->kind) {
    case MUSTACHE_TEXT:
        (escaped ? format->text : escape_none)(out, text->base, text->len);
        break;
    case MUSTACHE_SLUG:
        (escaped ? format->slug : escape_none)(out, text->base, text->len);
        break;
    case MUSTACHE_MARKUP:
        buffer_append(out, text->base, text->len);
        break;
    case MUSTACHE_NUMBER:
        buffer_number(out, value->as.number);
        break;
    case MUSTACHE_BOOL:
        buffer_puts(out, value->as.boolean ? "true" : "false");
        break;
    case MUSTACHE_OBJECT:
    case MUSTACHE_LIST:
        break; /* nothing to write of them as such */
    }
}

static void write_indent(const struct indent *indent, struct buffer *out)
{
    if (indent->around)
        write_indent(indent->around, out);
    buffer_append(out, indent->blanks.base, indent->blanks.len);
}

static void write_text(const struct instruction *in, const struct indent *indent, struct buffer *out)
{
    if (!indent) {
        buffer_append(out, in->text.base, in->text.len);
        return;
    }
    const char *end = in->text.base + in->text.len;
    bool line = in->line;
    const char *s = in->text.base;
    do {
        const char *feed = memchr(s, '\n', (size_t)(end - s));
        const char *stop = feed ? feed + 1 : end;
        if (line)
            write_indent(indent, out);
        buffer_append(out, s, (size_t)(stop - s));
        s = stop;
        line = true;
    } while (s < end);
}

static void run(struct renderer *r, size_t from, size_t to, const struct context *context,
                const struct indent *indent);

static void run_section(struct renderer *r, size_t from, size_t to, const struct found *value,
                        const struct context *context, const struct indent *indent)
{
    struct context inner = {.here = *value, .around = context};
    if (value->value.kind != MUSTACHE_LIST) {
        run(r, from, to, &inner, indent);
        return;
    }
    const void *list = value->value.as.list.object;
    const struct mustache_type *type = value->value.as.list.type;
    for (size_t i = 0; i < value->value.as.list.count && !r->out->overflow; i++) {
        if (type->item) {
            inner.here.shape = NULL;
            type->item(list, i, &inner.here.value);
        } else {
            inner.here.value.kind = MUSTACHE_OBJECT;
            inner.here.value.as.object.object = (const char *)list + i * type->size;
            inner.here.value.as.object.type = type;
        }
        run(r, from, to, &inner, indent);
    }
}

static void run_partial(struct renderer *r, const struct instruction *in, const struct context *context,
                        const struct indent *indent)
{
    const struct mustache *caller = r->m;
    struct indent inner = {in->text, indent};
    /* Only what has a line of its own is indented, by nothing it is as it was. */
    const struct indent *lines = !in->line ? NULL : in->text.len > 0 ? &inner : indent;
    r->m = in->partial;
    run(r, 0, r->m->ncode, context, lines);
    r->m = caller;
}

/* Runs through the instructions [from, to) of r->m. */
static void run(struct renderer *r, size_t from, size_t to, const struct context *context,
                const struct indent *indent)
{
    if (r->depth > MUSTACHE_DEPTH_MAX) {
        r->out->overflow = true;
        return;
    }
    r->depth++;
    for (size_t i = from; i < to && !r->out->overflow;) {
        const struct instruction *in = &r->m->code[i++];
        struct found found;
        switch (in->op) {
        case OP_TEXT:
            write_text(in, indent, r->out);
            break;
        case OP_VARIABLE:
        case OP_UNESCAPED:
            if (find_value(r->m->set, context, in, &found))
                write_value(r->m->format, in->op == OP_VARIABLE, &found.value, r->out);
            break;
        case OP_SECTION:
            if (find_value(r->m->set, context, in, &found) && is_true(&found.value))
                run_section(r, i, in->end, &found, context, indent);
            i = in->end;
            break;
        case OP_INVERTED:
            if (find_value(r->m->set, context, in, &found) && is_true(&found.value))
                i = in->end;
            break;
        case OP_PARTIAL:
            if (in->partial)
                run_partial(r, in, context, indent);
            break;
        }
    }
    r->depth--;
}

void mustache_render(const struct mustache *m, const struct mustache_type *type, const void *object,
                     struct buffer *out)
{
    struct renderer r = {.m = m, .out = out};
    struct context root = {.here.shape = shape_of(m->set, type)};
    if (!type->get || !type->get(object, ".", 1, &root.here.value)) {
        root.here.value.kind = MUSTACHE_OBJECT;
        root.here.value.as.object.object = object;
        root.here.value.as.object.type = type;
    }
    run(&r, 0, m->ncode, &root, NULL);
}
