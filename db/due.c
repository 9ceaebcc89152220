/*
 * English words -> a due date: what people write instead of a date. Words are taken
 * one by one, and a sentence that is not understood to its end is none: better
 * to ask again than to guess a day.
 */
#include "todo.h"

#include <string.h>

enum {
    WORDS = 6,
    WORD_BYTES = 12,
    SHORT = 3,        /* letters of a name that is cut short: "wed" */
    COUNT_MAX = 9999, /* of days, weeks, months */
    YEARS_AHEAD = 8,  /* in which there is a 29 February in any case */
};

struct words {
    char word[WORDS][WORD_BYTES];
    size_t count, at;
};

enum char_class { OTHER, LETTER, DIGIT, SEPARATOR };

static enum char_class class_of(char c)
{
    if (c >= '0' && c <= '9')
        return DIGIT;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return LETTER;
    return c == ' ' || c == '-' || c == ',' ? SEPARATOR : OTHER;
}

/* In lower case; "1dec" and "3d" are two words each. False if there is anything else in it, or a separator at
 * an end. */
static bool split(const char *s, struct words *out)
{
    *out = (struct words){0};
    enum char_class before = SEPARATOR;
    size_t len = 0;
    for (; *s; s++) {
        enum char_class class = class_of(*s);
        if (class == OTHER)
            return false;
        if (class != SEPARATOR) {
            if (class != before) {
                if (out->count++ == WORDS)
                    return false;
                len = 0;
            }
            if (len == WORD_BYTES - 1)
                return false;
            out->word[out->count - 1][len++] = (char)(class == LETTER ? *s | 0x20 : *s);
        }
        if (class == SEPARATOR && out->count == 0)
            return false;
        before = class;
    }
    return before != SEPARATOR;
}

static const char *peek(const struct words *w)
{
    return w->at < w->count ? w->word[w->at] : "";
}

static bool take(struct words *w, const char *word)
{
    bool is = strcmp(peek(w), word) == 0;
    w->at += is;
    return is;
}

static bool take_number(struct words *w, int *out)
{
    const char *s = peek(w);
    if (class_of(*s) != DIGIT || strlen(s) > 4)
        return false;
    for (*out = 0; *s; s++)
        *out = *out * 10 + (*s - '0');
    w->at++;
    return true;
}

/* Which of the names, in full or cut short; -1: none. */
static int take_name(struct words *w, const char *const *names, int n)
{
    size_t len = strlen(peek(w));
    for (int i = 0; i < n; i++)
        if (strcmp(peek(w), names[i]) == 0 || (len == SHORT && strncmp(peek(w), names[i], SHORT) == 0)) {
            w->at++;
            return i;
        }
    return -1;
}

static int take_weekday(struct words *w)
{
    static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};
    return take_name(w, names, 7);
}

static int take_month(struct words *w)
{
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    return take_name(w, names, 12);
}

/* Noon in UTC, which no zone's changes of the clock come near. */
static void add_days(struct tm *day, int days)
{
    day->tm_mday += days;
    timegm(day);
}

static char *put(struct arena *a, int year, int month, int day)
{
    struct due due;
    char *text = arena_printf(a, "%04d-%02d-%02d", year, month, day);
    return due_parse(text, &due) ? NULL : text;
}

static char *put_tm(struct arena *a, const struct tm *day)
{
    return put(a, day->tm_year + 1900, day->tm_mon + 1, day->tm_mday);
}

/* "3 days", behind a plus or "in". */
static char *read_count(struct arena *a, struct words *w, struct tm day)
{
    int n;
    if (!take_number(w, &n) || n > COUNT_MAX)
        return NULL;
    if (take(w, "d") || take(w, "day") || take(w, "days")) {
        add_days(&day, n);
        return put_tm(a, &day);
    }
    if (take(w, "w") || take(w, "week") || take(w, "weeks")) {
        add_days(&day, 7 * n);
        return put_tm(a, &day);
    }
    if (!take(w, "m") && !take(w, "month") && !take(w, "months"))
        return NULL;
    int month = day.tm_mon + n, year = day.tm_year + 1900 + month / 12;
    char *text = NULL;
    for (int last = day.tm_mday; !text && last > 27; last--) /* in a month that is shorter, its end */
        text = put(a, year, month % 12 + 1, last);
    return text ? text : put(a, year, month % 12 + 1, day.tm_mday);
}

static char *read_next(struct arena *a, struct words *w, struct tm day)
{
    if (take(w, "week")) {
        add_days(&day, (8 - day.tm_wday) % 7 ? (8 - day.tm_wday) % 7 : 7);
        return put_tm(a, &day);
    }
    if (take(w, "month"))
        return put(a, day.tm_year + 1900 + (day.tm_mon == 11), (day.tm_mon + 1) % 12 + 1, 1);
    int weekday = take_weekday(w);
    if (weekday < 0)
        return NULL;
    add_days(&day, (weekday - day.tm_wday + 6) % 7 + 1);
    return put_tm(a, &day);
}

/* "1 december", "dec 1st", with a year or without: then the next such day, today included. */
static char *read_date(struct arena *a, struct words *w, const struct tm *today)
{
    int day, year, month = take_month(w);
    bool first = month >= 0;
    if (!take_number(w, &day))
        return NULL;
    (void)(take(w, "st") || take(w, "nd") || take(w, "rd") || take(w, "th"));
    take(w, "of");
    if (!first)
        month = take_month(w);
    if (month < 0)
        return NULL;
    if (take_number(w, &year))
        return put(a, year, month + 1, day);
    bool over = month < today->tm_mon || (month == today->tm_mon && day < today->tm_mday);
    char *text = NULL;
    for (int i = over; !text && i <= YEARS_AHEAD; i++)
        text = put(a, today->tm_year + 1900 + i, month + 1, day);
    return text;
}

char *due_from_words(struct arena *a, const char *words, const struct tm *today)
{
    struct due due;
    struct words w;
    if (due_parse(words, &due) == NULL)
        return arena_strdup(a, due.text);

    struct tm day = {
        .tm_year = today->tm_year, .tm_mon = today->tm_mon, .tm_mday = today->tm_mday, .tm_hour = 12};
    timegm(&day); /* for its day of the week */
    bool ahead = *words == '+';
    if (!split(words + ahead, &w))
        return NULL;
    char *text;
    if (ahead || take(&w, "in")) {
        text = read_count(a, &w, day);
    } else if (take(&w, "today") || take(&w, "tonight")) {
        text = put_tm(a, &day);
    } else if (take(&w, "tomorrow")) {
        add_days(&day, 1);
        text = put_tm(a, &day);
    } else if (take(&w, "next")) {
        text = read_next(a, &w, day);
    } else {
        take(&w, "this");
        size_t start = w.at;
        int weekday = take_weekday(&w);
        w.at = start;
        text = weekday >= 0 ? read_next(a, &w, day) : start ? NULL : read_date(a, &w, &day);
    }
    return w.at == w.count ? text : NULL;
}
