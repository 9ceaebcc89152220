/*
 * A Markdown document <-> todos: import, and the .md twins. The only file that
 * knows cmark.
 *
 * Pure; any thread.
 */
#ifndef WRIT_DB_OUTLINE_H
#define WRIT_DB_OUTLINE_H

#include "todo.h"

struct outline {
    struct todo_draft *todos; /* in the order of the document, each checked as a create is:
                                 `list` is always set; FIELD_DONE too */
    size_t ntodos;
};

/* Reads a task list. Every list item that begins with `[ ]`, `[x]` or `[X]` is
 * a todo, at any depth (bullets and numbers alike); it stands in the list
 * named by the document-level heading above it (its plain text, cut at
 * NAME_CHARS), or DEFAULT_LIST. The title is the plain text of the item's
 * first paragraph, taken as a line of quick add (with escapes as outline_todo
 * writes them; in links, code and emphasis nothing is a token), or
 * "(untitled)"; what else the item holds, nested boxes aside, is its notes, in
 * source, outdented, without empty lines at both ends. A title with a link or
 * an image (whose address would be lost), or one that is too long (cut at a
 * word, with "…"), has its full source opening the notes, with an empty line
 * behind it. Definitions of links that the notes use, and that stand outside
 * of all todos, are copied to their end.
 *
 * The document is valid UTF-8 as text_check() with lines has it, has Unix
 * lines, and at most 1 MiB (then it takes 1.3 s at worst). False, and
 * `problems` says why with the line: a note too long, lists nested beyond
 * column 128, and the like; *out is then empty. All from the arena. */
bool outline_read(struct arena *a, const char *document, size_t len, const struct tm *today,
                  struct outline *out, struct problems *problems) __attribute__((warn_unused_result));

/* One todo as a list item, notes indented below it after an empty line, with a
 * line feed at the end: read again it gives the same todo, if its title's white
 * space is single blanks and its notes have no empty lines at their ends.
 * Markdown in the title is escaped by cmark's writer, quick-add tokens in it
 * with a backslash; boxes in the notes are escaped so that they stay notes.
 * `list` is NULL where a heading above says it; `notes` is "" for none. */
struct outline_todo {
    const char *title, *notes, *list, *due;
    const char *const *tags;
    size_t ntags;
    unsigned priority;
    bool done;
};
/* From the arena. */
char *outline_todo(struct arena *a, const struct outline_todo *todo);

/* "# Name\n", escaped, from the arena. */
char *outline_heading(struct arena *a, const char *name);

#endif
