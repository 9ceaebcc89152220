/*
 * md4c finds the structure, what is below writes the HTML. md4c's own writer
 * links to javascript: and fetches images, so it is not used.
 *
 * 1. No address reaches an href but through link_open(), which asks
 *    markdown_may_link() about the address as a browser will read it.
 * 2. No text reaches the output but through text_piece() and escape_html().
 * 3. Output is counted in every callback that can write much; past the maximum
 *    they answer -1 (md4c misbehaves on a positive number).
 * 4. What is open when something ends is ended before it: md4c 0.4.8 begins or ends a span alone where one of
 *    its marks is in an address (`~[](~)`), and puts links into links (`[<a@b>](c)`).
 */
#include "markdown.h"

#include "../templates/escape.h"

#include <md4c.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { SILENT = 0x40 };

/* The permissive autolinks, wiki links and maths of md4c 0.4.8 have memory
 * errors that were mended only later: they stay off. */
enum { FLAGS = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS };

struct renderer {
    struct buffer *out;
    size_t start;       /* of our output in it */
    unsigned images;    /* how deep in images: their text is plain */
    bool linked;        /* an <a> is open; they cannot nest */
    size_t label;       /* where an image's text begins */
    struct buffer url;  /* the address under way, decoded */
    struct buffer open; /* spans, from the outermost on: a byte for each, its type, with SILENT if nothing of
                           it was written */
    const struct markdown_headings *headings; /* NULL: as they are written */
    unsigned level;                           /* of the last heading */
    size_t heading;                           /* where its tag's end is in `out` */
};

/* Does it begin with a scheme, or with anything that might be read as one (a
 * relative address has no colon in its first segment)? Then *scheme is its
 * length without the colon. */
static bool has_scheme(const char *url, size_t len, size_t *scheme)
{
    size_t i = 0;
    while (i < len && !strchr(":/?#", url[i]))
        i++;
    *scheme = i;
    return i < len && url[i] == ':';
}

bool markdown_may_link(const char *url, size_t len)
{
    static const char *const schemes[] = {"http", "https", "mailto"};

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)url[i] < ' ' || url[i] == 0x7f) /* browsers read java<tab>script: as one word */
            return false;
    size_t scheme;
    if (!has_scheme(url, len, &scheme))
        return true;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i]) == scheme && strncasecmp(url, schemes[i], scheme) == 0)
            return true;
    return false;
}

/* Does a link that we allow lead to another host? (A backslash, which browsers
 * take for a slash, leaves escape_url() as %5C.) */
static bool leaves_site(const char *url, size_t len)
{
    size_t scheme;
    if (has_scheme(url, len, &scheme))
        return scheme != strlen("mailto");
    return len >= 2 && url[0] == '/' && url[1] == '/';
}

/* Numbers that are no characters, or controls, become U+FFFD. */
static size_t utf8_encode(uint32_t c, char out[4])
{
    bool control = (c < ' ' && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    if (control || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00 >> len & 0xf0) | c);
    return len;
}

/* The character that an entity stands for, if it matters to an address: any
 * number, and every name of an ASCII character. 0 for other names: browsers
 * know them, or leave them as they are. */
static size_t entity_decode(const char *s, size_t len, char out[4])
{
    static const struct {
        const char *name;
        char c;
    } names[] = {
        {"AMP", '&'},      {"DiacriticalGrave", '`'},
        {"GT", '>'},       {"Hat", '^'},
        {"LT", '<'},       {"NewLine", '\n'},
        {"QUOT", '"'},     {"Tab", '\t'},
        {"UnderBar", '_'}, {"VerticalLine", '|'},
        {"amp", '&'},      {"apos", '\''},
        {"ast", '*'},      {"bsol", '\\'},
        {"colon", ':'},    {"comma", ','},
        {"commat", '@'},   {"dollar", '$'},
        {"equals", '='},   {"excl", '!'},
        {"grave", '`'},    {"gt", '>'},
        {"lbrace", '{'},   {"lbrack", '['},
        {"lcub", '{'},     {"lowbar", '_'},
        {"lpar", '('},     {"lsqb", '['},
        {"lt", '<'},       {"midast", '*'},
        {"num", '#'},      {"percnt", '%'},
        {"period", '.'},   {"plus", '+'},
        {"quest", '?'},    {"quot", '"'},
        {"rbrace", '}'},   {"rbrack", ']'},
        {"rcub", '}'},     {"rpar", ')'},
        {"rsqb", ']'},     {"semi", ';'},
        {"sol", '/'},      {"verbar", '|'},
        {"vert", '|'},
    };

    if (s[1] == '#') {
        bool hex = s[2] == 'x' || s[2] == 'X';
        uint32_t c = 0;
        for (size_t i = hex ? 3 : 2; i + 1 < len; i++) { /* at most 7 digits: md4c's rule */
            unsigned digit =
                (unsigned char)s[i] <= '9' ? (unsigned)(s[i] - '0') : (unsigned)((s[i] | 0x20) - 'a' + 10);
            c = c * (hex ? 16 : 10) + digit;
        }
        return utf8_encode(c, out);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) == len - 2 && memcmp(s + 1, names[i].name, len - 2) == 0) {
            out[0] = names[i].c;
            return 1;
        }
    }
    return 0;
}

static void text_piece(struct buffer *out, MD_TEXTTYPE type, const char *s, size_t len, escape_fn *escape)
{
    char decoded[4];
    size_t n;

    switch (type) {
    case MD_TEXT_NULLCHAR:
        escape(out, "\xef\xbf\xbd", 3);
        break;
    case MD_TEXT_ENTITY:
        n = entity_decode(s, len, decoded);
        if (n)
            escape(out, decoded, n);
        else
            buffer_append(out, s, len); /* &, letters and digits, ; */
        break;
    default:
        escape(out, s, len);
    }
}

static void attribute(struct buffer *out, const MD_ATTRIBUTE *a, escape_fn *escape)
{
    for (size_t i = 0; a->substr_offsets && a->substr_offsets[i] < a->size; i++)
        text_piece(out, a->substr_types[i], a->text + a->substr_offsets[i],
                   a->substr_offsets[i + 1] - a->substr_offsets[i], escape);
}

static void link_title(struct renderer *r, const MD_ATTRIBUTE *title)
{
    if (!title->size)
        return;
    buffer_puts(r->out, " title=\"");
    attribute(r->out, title, escape_html);
    buffer_putc(r->out, '"');
}

/* False, and nothing is written, if the address may not be linked. */
static bool link_open(struct renderer *r, const MD_ATTRIBUTE *href, const MD_ATTRIBUTE *title)
{
    buffer_clear(&r->url);
    attribute(&r->url, href, escape_none);
    if (r->url.overflow || !markdown_may_link(r->url.base, r->url.len))
        return false;
    buffer_puts(r->out, "<a href=\"");
    attribute(r->out, href, escape_url);
    buffer_putc(r->out, '"');
    link_title(r, title);
    if (leaves_site(r->url.base, r->url.len))
        buffer_puts(r->out, " rel=\"nofollow noreferrer\"");
    buffer_putc(r->out, '>');
    return true;
}

static const char *span_name(MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM:
        return "em";
    case MD_SPAN_STRONG:
        return "strong";
    case MD_SPAN_CODE:
        return "code";
    case MD_SPAN_DEL:
        return "del";
    case MD_SPAN_A:
    case MD_SPAN_IMG: /* a link to it */
        return "a";
    default: /* the rest is switched off */
        return "";
    }
}

static void span_push(struct renderer *r, MD_SPANTYPE type, bool written)
{
    buffer_putc(&r->open, (char)(type | (written ? 0 : SILENT)));
    r->linked |= written && *span_name(type) == 'a';
}

/* Ends the innermost span. */
static void span_pop(struct renderer *r)
{
    int top = r->open.base[--r->open.len];
    if (top & SILENT)
        return;
    buffer_printf(r->out, "</%s>", span_name((MD_SPANTYPE)top));
    r->linked &= *span_name((MD_SPANTYPE)top) != 'a';
}

/* 4: no span reaches from one block into another. */
static void end_spans(struct renderer *r)
{
    while (r->open.len > 0)
        span_pop(r);
    r->images = 0;
}

/* An image is a link to it, with its alternative text, which is plain. Inside
 * a link (or another image) it is that text alone. */
static void image_open(struct renderer *r, const MD_SPAN_IMG_DETAIL *image)
{
    if (r->images++)
        return;
    span_push(r, MD_SPAN_IMG, !r->linked && link_open(r, &image->src, &image->title));
    r->label = r->out->len;
}

static void image_close(struct renderer *r, const MD_SPAN_IMG_DETAIL *image)
{
    if (--r->images)
        return;
    if (r->out->len == r->label && !(r->open.base[r->open.len - 1] & SILENT))
        attribute(r->out, &image->src, escape_html);
    span_pop(r);
}

static void code_open(struct renderer *r, const MD_BLOCK_CODE_DETAIL *code)
{
    buffer_puts(r->out, "<pre><code");
    if (code->lang.size) {
        buffer_puts(r->out, " class=\"language-");
        size_t start = r->out->len;
        attribute(r->out, &code->lang, escape_html);
        size_t len = r->out->len - start;
        for (size_t i = 0; i < len; i++) /* &#32; would begin a class of its own */
            if (strchr(" \t\n", r->out->base[start + i]))
                len = i;
        r->out->len = start + len;
        buffer_putc(r->out, '"');
    }
    buffer_putc(r->out, '>');
}

static void cell_open(struct buffer *out, const char *name, const MD_BLOCK_TD_DETAIL *cell)
{
    static const char *const classes[] = {
        [MD_ALIGN_DEFAULT] = "",
        [MD_ALIGN_LEFT] = " class=\"left\"",
        [MD_ALIGN_CENTER] = " class=\"center\"",
        [MD_ALIGN_RIGHT] = " class=\"right\"",
    };
    buffer_printf(out, "<%s%s>", name, classes[cell->align]);
}

static void heading_open(struct renderer *r, unsigned level)
{
    if (r->headings) {
        level += r->headings->under;
        level = level > r->level + 1 ? r->level + 1 : level;
        level = level > 6 ? 6 : level;
    }
    r->level = level;
    buffer_printf(r->out, "<h%u", level);
    r->heading = r->out->len;
    buffer_putc(r->out, '>');
}

/* The id of a heading whose HTML this is: its ASCII letters and digits, tags and entities aside. */
static void write_anchor(struct buffer *out, const char *html, size_t len)
{
    bool gap = false, any = false;
    for (size_t i = 0; i < len; i++) {
        char c = html[i];
        if (c == '<' || c == '&') {
            const char *end = memchr(html + i, c == '<' ? '>' : ';', len - i);
            i = end ? (size_t)(end - html) : len;
            gap |= c == '&';
            continue;
        }
        bool capital = c >= 'A' && c <= 'Z';
        if (!capital && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
            gap = true;
            continue;
        }
        if (gap && any)
            buffer_putc(out, '-');
        buffer_putc(out, (char)(capital ? c | 0x20 : c));
        any = true;
        gap = false;
    }
}

/* What its anchor is made of is known only now: it is put into the tag. */
static void heading_close(struct renderer *r)
{
    struct buffer *out = r->out;
    if (r->headings && r->headings->anchors && !out->overflow) {
        struct buffer rest;
        buffer_init(&rest, MARKDOWN_OUTPUT_MAX);
        buffer_append(&rest, out->base + r->heading, out->len - r->heading);
        out->len = r->heading;
        buffer_puts(out, " id=\"");
        write_anchor(out, rest.base + 1, rest.len - 1);
        buffer_putc(out, '"');
        buffer_append(out, rest.base, rest.len);
        buffer_release(&rest);
    }
    buffer_printf(out, "</h%u>\n", r->level);
}

/* 0, or what makes md4c stop. */
static int so_far(const struct renderer *r)
{
    return r->out->overflow || r->open.overflow || r->out->len - r->start > MARKDOWN_OUTPUT_MAX ? -1 : 0;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *context)
{
    struct renderer *r = context;
    struct buffer *out = r->out;
    const MD_BLOCK_LI_DETAIL *item = detail;
    const MD_BLOCK_OL_DETAIL *list = detail;

    end_spans(r);
    switch (type) {
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
        break;
    case MD_BLOCK_QUOTE:
        buffer_puts(out, "<blockquote>\n");
        break;
    case MD_BLOCK_UL:
        buffer_puts(out, "<ul>\n");
        break;
    case MD_BLOCK_OL:
        if (list->start == 1)
            buffer_puts(out, "<ol>\n");
        else
            buffer_printf(out, "<ol start=\"%u\">\n", list->start);
        break;
    case MD_BLOCK_LI:
        if (!item->is_task)
            buffer_puts(out, "<li>");
        else if (item->task_mark == ' ')
            buffer_puts(out, "<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"open\"> ");
        else
            buffer_puts(out,
                        "<li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"done\"> ");
        break;
    case MD_BLOCK_HR:
        buffer_puts(out, "<hr>\n");
        break;
    case MD_BLOCK_H:
        heading_open(r, ((const MD_BLOCK_H_DETAIL *)detail)->level);
        break;
    case MD_BLOCK_CODE:
        code_open(r, detail);
        break;
    case MD_BLOCK_P:
        buffer_puts(out, "<p>");
        break;
    case MD_BLOCK_TABLE:
        buffer_puts(out, "<table>\n");
        break;
    case MD_BLOCK_THEAD:
        buffer_puts(out, "<thead>\n");
        break;
    case MD_BLOCK_TBODY:
        buffer_puts(out, "<tbody>\n");
        break;
    case MD_BLOCK_TR:
        buffer_puts(out, "<tr>\n");
        break;
    case MD_BLOCK_TH:
        cell_open(out, "th", detail);
        break;
    case MD_BLOCK_TD:
        cell_open(out, "td", detail);
        break;
    }
    return so_far(r);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *context)
{
    (void)detail;
    static const char *const ends[] = {
        [MD_BLOCK_DOC] = "",
        [MD_BLOCK_QUOTE] = "</blockquote>\n",
        [MD_BLOCK_UL] = "</ul>\n",
        [MD_BLOCK_OL] = "</ol>\n",
        [MD_BLOCK_LI] = "</li>\n",
        [MD_BLOCK_HR] = "",
        [MD_BLOCK_H] = "",
        [MD_BLOCK_CODE] = "</code></pre>\n",
        [MD_BLOCK_HTML] = "",
        [MD_BLOCK_P] = "</p>\n",
        [MD_BLOCK_TABLE] = "</table>\n",
        [MD_BLOCK_THEAD] = "</thead>\n",
        [MD_BLOCK_TBODY] = "</tbody>\n",
        [MD_BLOCK_TR] = "</tr>\n",
        [MD_BLOCK_TH] = "</th>\n",
        [MD_BLOCK_TD] = "</td>\n",
    };
    struct renderer *r = context;

    end_spans(r);
    if (type == MD_BLOCK_H)
        heading_close(r);
    else
        buffer_puts(r->out, ends[type]);
    return so_far(r);
}

static int enter_span(MD_SPANTYPE type, void *detail, void *context)
{
    struct renderer *r = context;
    const MD_SPAN_A_DETAIL *a = detail;

    if (type == MD_SPAN_IMG) {
        image_open(r, detail);
    } else if (r->images) {
        /* plain text */
    } else if (type == MD_SPAN_A) {
        span_push(r, type, !r->linked && link_open(r, &a->href, &a->title));
    } else {
        buffer_printf(r->out, "<%s>", span_name(type));
        span_push(r, type, true);
    }
    return so_far(r);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *context)
{
    struct renderer *r = context;

    if (type == MD_SPAN_IMG) {
        image_close(r, detail);
    } else if (!r->images) {
        size_t at = r->open.len;
        while (at > 0 && (MD_SPANTYPE)(r->open.base[at - 1] & ~SILENT) != type)
            at--;
        while (at > 0 && r->open.len >= at) /* 4 */
            span_pop(r);
    }
    return so_far(r);
}

static int text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE len, void *context)
{
    struct renderer *r = context;

    if (type == MD_TEXT_BR)
        buffer_puts(r->out, r->images ? "\n" : "<br>\n");
    else if (type == MD_TEXT_SOFTBR)
        buffer_putc(r->out, '\n');
    else
        text_piece(r->out, type, s, len, escape_html);
    return so_far(r);
}

/* Could it keep md4c busy for long? A rough count that errs on the side of
 * "yes": of brackets open at once in a paragraph, and of block quotes and list
 * items that begin in one line. */
static bool too_deep(const char *s, size_t len)
{
    unsigned brackets = 0, blocks = 0;
    bool leading = true; /* only marks of blocks so far in this line */

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\n') {
            if (leading)
                brackets = 0;
            blocks = 0;
            leading = true;
        } else if (leading) {
            bool blank_next = i + 1 == len || strchr(" \t\n", s[i + 1]);
            if (s[i] == '>' || (strchr("-+*.)", s[i]) && blank_next))
                blocks++;
            else if (!strchr(" \t0123456789", s[i]))
                leading = false;
        }
        if (s[i] == '[')
            brackets++;
        else if (s[i] == ']' && brackets)
            brackets--;
        if (brackets > MARKDOWN_NESTING_MAX || blocks > MARKDOWN_NESTING_MAX)
            return true;
    }
    return false;
}

bool markdown_html(struct buffer *out, const char *source, size_t len,
                   const struct markdown_headings *headings)
{
    static const MD_PARSER parser = {
        .flags = FLAGS,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = text,
    };
    const bool overflow = out->overflow;
    struct renderer r = {.out = out, .start = out->len, .headings = headings};
    r.level = headings && headings->under ? headings->under : 1;
    buffer_init(&r.url, MARKDOWN_OUTPUT_MAX);
    buffer_init(&r.open, MARKDOWN_OUTPUT_MAX);

    bool done = len <= MARKDOWN_OUTPUT_MAX && !too_deep(source, len) &&
                md_parse(source, (MD_SIZE)len, &parser, &r) == 0 && so_far(&r) == 0;
    buffer_release(&r.url);
    buffer_release(&r.open);
    if (!done) {
        out->len = r.start;
        out->overflow = overflow; /* ours does not count: the source may fit */
        buffer_puts(out, "<pre class=\"plain\">");
        escape_html(out, source, len);
        buffer_puts(out, "</pre>\n");
    }
    return done;
}
