/*
 * The model: what a todo is, its limits, and the checks and parsers that need
 * nothing but their arguments. Shared by the API and the generator.
 *
 * Text is UTF-8 without NUL in C strings: text_check() is the gate through
 * which all of it comes in. Nothing here does I/O or allocates but from the
 * arena that it is given. Any thread.
 */
#ifndef WRIT_DB_TODO_H
#define WRIT_DB_TODO_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Limits. "Characters" are code points. */
enum {
    TODO_TITLE_CHARS = 200,
    TODO_NOTES_BYTES = 16 * 1024, /* nested brackets cost md4c quadratic time */
    TODO_TAGS = 16,
    TODO_PRIORITIES = 4,
    NAME_CHARS = 64,    /* of a list or tag */
    SLUG_BYTES = 200,   /* of a list or tag: with an extension it is a file name, at most 255 */
    DUE_BYTES = 35,     /* the longest RFC 3339 time that we take */
    BUCKET_TODOS = 100, /* numbers in a bucket, and the most todos on any page */
    HISTORY_CHANGES = 100,
    PROBLEMS = 20,
};
#define DEFAULT_LIST "Inbox"

enum todo_state { TODO_ABSENT, TODO_OPEN, TODO_DONE, TODO_DELETED };

/* Whose view of the board. */
enum audience { AUDIENCE_MEMBERS, AUDIENCE_PUBLIC, AUDIENCES };

/* What a change row records. The numbers are stored: append only. */
enum change_op {
    CHANGE_CREATE = 1,
    CHANGE_EDIT,   /* fields other than done, or several at once */
    CHANGE_FINISH, /* done alone, to true */
    CHANGE_REOPEN, /* done alone, to false */
    CHANGE_DELETE,
    CHANGE_RESTORE,
    CHANGE_PURGE,
    CHANGE_LIST_EDIT,
    CHANGE_LIST_DELETE,
    CHANGE_BOARD_RESTORE, /* a backup took the place of everything (db/restore.sh); there may be a gap before
                             it */
};

/* Places: where a todo stands, as a change row says it, so that the generator
 * can plan from changes alone. Items separated by one blank:
 *   =l5:17  is and was in list 5 under number 17
 *   ~l5:17  the same, and it has moved in the list's order
 *   +t3:9   joined tag 3 under number 9        -t3:9  left it
 *   *l5 *t3 the list or tag came into being with this change (or came back)
 *   =d +d -d  it is due at some time: was and is, is, was
 * Behind the number in a list stands `/RANK` if its rank there is another than
 * list_rank() of it, and `/0` if ranks of others have changed, too.
 * Places of a deleted todo are kept, so it is '=' through delete and restore;
 * a purge leaves them all ('-'). */
enum place_kind {
    PLACE_STAYS = '=',
    PLACE_MOVES = '~',
    PLACE_JOINS = '+',
    PLACE_LEAVES = '-',
    PLACE_NEW = '*',
};

/* The rank of todo number n of a list in whose order nobody has put one on top. Between two there is room for
 * others. */
enum { RANK_STEP = 1 << 24 };
static inline uint64_t list_rank(uint64_t number)
{
    return number * RANK_STEP;
}

/* Buckets: kinds as stored in table bucket. In kinds LIST and TAG a todo has
 * the number that it got on joining; in all others its number is its id. The
 * public ones hold the todos of public lists alone: a tag's numbers would
 * count the private ones too. */
enum bucket_kind {
    BUCKET_OPEN = 1,
    BUCKET_DONE,
    BUCKET_LIST,
    BUCKET_TAG,
    BUCKET_PUBLIC_OPEN,
    BUCKET_PUBLIC_DONE,
    BUCKET_PUBLIC_TAG,
};

/* The bars of /stats, kinds in the same table: how many todos were created or finished on a day
 * (day_number()), and how many took how long (took_class()). */
enum bar_kind {
    BAR_CREATED = BUCKET_PUBLIC_TAG + 1,
    BAR_FINISHED,
    BAR_TOOK,
    BAR_PUBLIC_CREATED,
    BAR_PUBLIC_FINISHED,
    BAR_PUBLIC_TOOK,
    BAR_LIST_CREATED,
    BAR_LIST_FINISHED,
    BAR_LIST_TOOK,
};

static inline uint64_t bucket_of(uint64_t number)
{
    return (number - 1) / BUCKET_TODOS + 1;
}

/* Fields that a write may name. */
enum todo_field {
    FIELD_TITLE = 1 << 0,
    FIELD_NOTES = 1 << 1,
    FIELD_LIST = 1 << 2,
    FIELD_TAGS = 1 << 3,
    FIELD_PRIORITY = 1 << 4,
    FIELD_DUE = 1 << 5,
    FIELD_DONE = 1 << 6,
    FIELD_PLACE = 1 << 7, /* in its list */
};

/* What a writer asks a todo to be: only the fields named in `present` count.
 * Checked and in normal form once it is in a command. */
struct todo_draft {
    unsigned present; /* of enum todo_field */
    char *title;
    char *notes;           /* "" is none */
    char *list;            /* a name */
    char *tags[TODO_TAGS]; /* names, no two the same when folded */
    unsigned ntags;
    unsigned priority; /* 0 is none */
    char *due;         /* NULL is none */
    bool done;
    uint64_t beside; /* the todo next to which it is put, above or below it */
    bool above;
};

/* A list of complaints about fields, in the order they were found. */
struct problems {
    size_t count; /* at most PROBLEMS are kept */
    struct problem {
        char field[64];   /* "" when it is about the whole */
        char detail[200]; /* the end of a sentence that begins with the field's name, without a full
                             stop ("must not be empty"); a whole sentence when `field` is "" */
    } item[PROBLEMS];
};
/* What is too long is cut at a character, with "…". */
void problems_add(struct problems *p, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- text (todo.c) */

/* NULL if the len bytes at s are valid UTF-8 (no surrogates, nothing above
 * U+10FFFF) without NUL and other control characters (C0, DEL, C1); with
 * `lines`, tab and line feed are fine. Otherwise what is wrong, as the end of
 * a sentence that begins with the field's name: "is not valid UTF-8", "must
 * not contain …". Static. */
const char *text_check(const char *s, size_t len, bool lines);

/* Code points in a valid string. */
size_t text_chars(const char *s);

/* Turns CR LF and lone CR into LF, in place; returns the new length. */
size_t text_unix_lines(char *s, size_t len);

/* s without white space (any script's) at both ends: a pointer into s, which
 * is cut in place. */
char *text_trim(char *s);

/* The code point at s and how many bytes it takes; 0 and 0 bytes at the end. */
int32_t text_at(const char *s, size_t *len);

bool text_is_space(int32_t c);   /* white space of any script */
bool text_is_visible(int32_t c); /* can be seen, even with nothing around it */

/* Of a title that text_check() let through and text_trim() trimmed: NULL if
 * it may stand, or what is wrong, as text_check() says it. */
const char *title_check(const char *title);

/* ---- due (todo.c) */

/* What `due` means. A plain date is due on that day wherever one is; a time
 * is a moment. */
struct due {
    char text[DUE_BYTES + 1]; /* in normal form: upper-case T and Z */
    char key[20];             /* for todo.due_key: "YYYY-MM-DD HH:MM:SS" */
    bool has_time;
};

/* NULL and *out filled, or what is wrong (static; the end of a sentence, as
 * above). Takes YYYY-MM-DD and RFC 3339 with any offset; checks the calendar,
 * leap years included; years 0001 to 9999; seconds 60 is refused. */
const char *due_parse(const char *s, struct due *out);

/* The local day in TZ, as "YYYY-MM-DD", on which a due todo is due: the date
 * itself, or the day of its moment in the zone of this process. */
void due_day(const struct due *due, char day[11]);

/* The due date that a person has typed: a date or time as due_parse() takes it, or English words: `today`,
 * `tomorrow`; `fri`, `next friday` (the next one, today excluded); `next week` (its Monday), `next month`
 * (its first); `in 3 days`,
 * `+3d`, and weeks (w) and months (m) as well; `1 december`, `dec 1`, with a year behind it, or the next such
 * day. In any case; words are separated by blanks or hyphens. `today` is a local date: only tm_year, tm_mon
 * and tm_mday count. In normal form, from the arena; NULL if it is not understood. In due.c. */
char *due_from_words(struct arena *a, const char *words, const struct tm *today);

/* ---- days and durations (todo.c) */

/* The local day of a moment, in the zone of this process, as a number from 0 on 1970-01-01. */
uint32_t day_number(time_t moment);

/* How long a todo took that was created and finished at these times ("YYYY-MM-DD HH:MM:SS…", UTC), as a
 * class from 1 on; 0 if it was finished as soon as it was created. */
enum { TOOK_CLASSES = 8 };
unsigned took_class(const char *created, const char *finished);

/* What a class is called: "within an hour". Static. */
const char *took_class_name(unsigned class);

/* ---- names and slugs (name.c, with utf8proc) */

/* The name trimmed, inner white space runs made one blank, in normal form C:
 * from the arena; or NULL with *why set (static, the end of a sentence): it is
 * empty, too long, has nothing visible, or has controls, those of writing
 * direction among them, which would turn round what stands beside it. */
char *name_normal(struct arena *a, const char *s, const char **why);

/* The key under which names are compared: NFC of the case fold. */
char *name_key(struct arena *a, const char *name);

/* A letter or digit of any script, or a mark that belongs to one: what a slug
 * keeps, and a bare name in quick add. */
enum name_char { NAME_OTHER, NAME_LETTER, NAME_DIGIT, NAME_MARK };
enum name_char name_char(int32_t c);

/* Appends a name in normal form to the draft's tags, unless it is there
 * already (in any case). False if there is no room. */
bool name_add_tag(struct arena *a, struct todo_draft *draft, char *name) __attribute__((warn_unused_result));

/* Letters and digits of any script (and the marks that belong to them) in
 * lower case, every other run one '-', none at the ends, at most SLUG_BYTES
 * less 8; may be "", which the caller replaces. Never contains '/', '.', or
 * NUL. */
char *slug_from(struct arena *a, const char *name);

/* ---- quick add (quick.c) */

/* Takes a line apart: `Buy milk #home !2 @2026-12-01 +Groceries`. Words that
 * begin a token and parse are taken out wherever they stand; everything else
 * is the title, its white space runs made one blank. Names with other
 * characters than letters, digits, marks and `-_.&/'`, or without a letter (so
 * that `#12` and `+1` stay as they are), are quoted: `+"Shopping list"`, in
 * which `\"` and `\\` stand for themselves. A backslash before one of `#!@+\`
 * at the start of a word keeps the word as it is, without the backslash.
 * `today` is a local date (only tm_year, tm_mon, tm_mday count) for what
 * due_from_words() takes behind the @, hyphens in the place of blanks. A token given twice:
 * the last one counts; but tags add up, the first TODO_TAGS of them: more stay
 * in the title. The line is one that text_check() let through. Sets `present`
 * for what was found, FIELD_TITLE always (may be ""). */
void quick_parse(struct arena *a, const char *line, const struct tm *today, struct todo_draft *out);

/* A name as quick add reads it behind a `#` or `+`: itself, or quoted. From the
 * arena. */
char *quick_name(struct arena *a, const char *name);

/* The other way: reads the quoted name that begins at s with a `"`, up to the
 * closing one; *end is behind it. From the arena, not yet in normal form; NULL
 * if it is not closed. */
char *quick_unquote(struct arena *a, const char *s, const char **end);

/* The tokens of a todo as a line of quick add has them behind its title, each
 * with a blank before it: ` #home !2 @2026-12-01`, and ` +List` if list is not
 * NULL. From the arena. */
char *quick_tokens(struct arena *a, const char *const *tags, size_t ntags, unsigned priority, const char *due,
                   const char *list);

/* Would quick_parse take this word (up to a blank or the end) for a token, or
 * drop its backslash? Then whoever writes a title into a line puts a backslash
 * before it. */
bool quick_is_token(const char *word);

#endif
