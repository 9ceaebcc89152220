/*
 * Text and dates: the checks that everything typed passes before it is
 * stored. All of it works on its arguments alone, so that a test, the API and
 * the generator cannot come to different answers.
 */
#include "todo.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* ---- problems */

static const char ellipsis[] = "…";

/* A printf cut s to its size, perhaps within a character. */
static void end_with_ellipsis(char *s, size_t size)
{
    size_t end = size - sizeof ellipsis;
    while (end > 0 && ((unsigned char)s[end] & 0xC0) == 0x80)
        end--;
    memcpy(s + end, ellipsis, sizeof ellipsis);
}

void problems_add(struct problems *p, const char *field, const char *format, ...)
{
    if (p->count == PROBLEMS)
        return;
    struct problem *new = &p->item[p->count++];

    if ((size_t)snprintf(new->field, sizeof new->field, "%s", field) >= sizeof new->field)
        end_with_ellipsis(new->field, sizeof new->field);

    va_list arguments;
    va_start(arguments, format);
    if ((size_t)vsnprintf(new->detail, sizeof new->detail, format, arguments) >= sizeof new->detail)
        end_with_ellipsis(new->detail, sizeof new->detail);
    va_end(arguments);
}

/* ---- text */

const char *text_check(const char *s, size_t len, bool lines)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n;
    for (const char *end = s + len; s < end; s += n) {
        n = utf8proc_iterate((const utf8proc_uint8_t *)s, end - s, &c);
        if (n < 0)
            return "is not valid UTF-8";
        if (c == 0)
            return "must not contain NUL";
        if (lines && (c == '\t' || c == '\n'))
            continue;
        if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            return lines ? "must not contain control characters other than tabs and line feeds"
                         : "must not contain control characters";
    }
    return NULL;
}

size_t text_chars(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

size_t text_unix_lines(char *s, size_t len)
{
    char *to = s;
    for (const char *from = s, *end = s + len; from < end; from++) {
        if (*from == '\r') {
            *to++ = '\n';
            if (from + 1 < end && from[1] == '\n')
                from++;
        } else {
            *to++ = *from;
        }
    }
    return (size_t)(to - s);
}

int32_t text_at(const char *s, size_t *len)
{
    enum { REPLACEMENT = 0xFFFD };
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t n = *s == '\0' ? 0 : utf8proc_iterate((const utf8proc_uint8_t *)s, -1, &c);
    if (n < 0) { /* text_check() was passed by: a byte at a time then, so that loops end */
        *len = 1;
        return REPLACEMENT;
    }
    *len = (size_t)n;
    return c;
}

/* Unicode's White_Space, which is more than the category Z. */
bool text_is_space(int32_t c)
{
    if ((c >= '\t' && c <= '\r') || c == 0x85)
        return true;
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

bool text_is_visible(int32_t c)
{
    enum { BRAILLE_BLANK = 0x2800 };
    const utf8proc_property_t *property = utf8proc_get_property(c);
    if (property->ignorable || c == BRAILLE_BLANK)
        return false;
    switch (property->category) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
        return false;
    default: /* what is not assigned is, for all we know, a newer emoji */
        return true;
    }
}

char *text_trim(char *s)
{
    size_t n;
    while (text_is_space(text_at(s, &n)))
        s += n;
    char *end = s;
    for (char *at = s; *at != '\0'; at += n)
        if (!text_is_space(text_at(at, &n)))
            end = at + n;
    *end = '\0';
    return s;
}

const char *title_check(const char *title)
{
    if (*title == '\0')
        return "must not be empty";
    _Static_assert(TODO_TITLE_CHARS == 200, "the sentence says 200");
    if (text_chars(title) > TODO_TITLE_CHARS)
        return "must be at most 200 characters";
    size_t n;
    for (const char *at = title; *at != '\0'; at += n)
        if (text_is_visible(text_at(at, &n)))
            return NULL;
    return "must contain something visible";
}

/* ---- due */

static const char due_form[] = "must be a date (2026-12-01) or a time (2026-12-01T18:00:00Z)";
static const char due_years[] = "must lie in the years 0001 to 9999";

/* Moves *s over exactly so many digits. */
static bool take_digits(const char **s, int digits, int *out)
{
    *out = 0;
    for (; digits > 0; digits--, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

/* strftime does not pad the year, and printf does not know that it fits. */
static void put_digits(char *at, int digits, int n)
{
    for (; digits > 0; digits--, n /= 10)
        at[digits - 1] = (char)('0' + n % 10);
}

static void put_day(char day[10], const struct tm *tm)
{
    put_digits(day, 4, tm->tm_year + 1900);
    day[4] = '-';
    put_digits(day + 5, 2, tm->tm_mon + 1);
    day[7] = '-';
    put_digits(day + 8, 2, tm->tm_mday);
}

static bool year_fits(const struct tm *tm)
{
    return tm->tm_year + 1900 >= 1 && tm->tm_year + 1900 <= 9999;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(const char **s, int *year, int *month, int *day)
{
    return take_digits(s, 4, year) && take_char(s, '-') && take_digits(s, 2, month) && take_char(s, '-') &&
           take_digits(s, 2, day);
}

static bool take_clock(const char **s, struct tm *tm)
{
    return take_digits(s, 2, &tm->tm_hour) && take_char(s, ':') && take_digits(s, 2, &tm->tm_min) &&
           take_char(s, ':') && take_digits(s, 2, &tm->tm_sec);
}

static bool take_fraction(const char **s)
{
    if (!take_char(s, '.'))
        return true; /* there need be none */
    size_t digits = strspn(*s, "0123456789");
    *s += digits;
    return digits > 0;
}

/* Minutes east of Greenwich. */
static bool take_zone(const char **s, int *hours, int *minutes)
{
    *hours = *minutes = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    int sign = **s == '-' ? -1 : 1;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, hours) || !take_char(s, ':') || !take_digits(s, 2, minutes))
        return false;
    *hours *= sign;
    *minutes *= sign;
    return true;
}

const char *due_parse(const char *s, struct due *out)
{
    int year, month, day, zone_hours = 0, zone_minutes = 0;
    struct tm tm = {0};
    const char *at = s;
    if (strlen(s) > DUE_BYTES || !take_date(&at, &year, &month, &day))
        return due_form;
    bool has_time = take_char(&at, 'T') || take_char(&at, 't');
    if (has_time &&
        !(take_clock(&at, &tm) && take_fraction(&at) && take_zone(&at, &zone_hours, &zone_minutes)))
        return due_form;
    if (*at != '\0')
        return due_form;

    if (year == 0)
        return due_years;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return "must be a day of the calendar";
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return "must have a time from 00:00:00 to 23:59:59";
    if (zone_hours < -23 || zone_hours > 23 || zone_minutes < -59 || zone_minutes > 59)
        return "must have an offset from -23:59 to +23:59";

    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour -= zone_hours;
    tm.tm_min -= zone_minutes;
    timegm(&tm); /* for its carrying over into hours and days */
    if (!year_fits(&tm))
        return due_years;

    *out = (struct due){.key = "0000-00-00 00:00:00", .has_time = has_time};
    for (size_t i = 0; s[i] != '\0'; i++)
        out->text[i] = s[i] == 't' || s[i] == 'z' ? (char)(s[i] - 'a' + 'A') : s[i];
    put_day(out->key, &tm);
    put_digits(out->key + 11, 2, tm.tm_hour);
    put_digits(out->key + 14, 2, tm.tm_min);
    put_digits(out->key + 17, 2, tm.tm_sec);
    return NULL;
}

/* Of a time as the database has it, "YYYY-MM-DD HH:MM:SS…". */
static time_t stored_moment(const char *s)
{
    struct tm utc = {0};
    const char *p = s;
    int year, month;
    if (!take_date(&p, &year, &month, &utc.tm_mday))
        return 0;
    p++;
    take_clock(&p, &utc);
    utc.tm_year = year - 1900;
    utc.tm_mon = month - 1;
    return timegm(&utc);
}

void due_day(const struct due *due, char day[11])
{
    memcpy(day, due->text, 10);
    day[10] = '\0';
    if (!due->has_time)
        return;

    struct tm local;
    time_t moment = stored_moment(due->key);
    /* At the very ends of time the zone may lead into a year that has no four digits. */
    if (localtime_r(&moment, &local) != NULL && year_fits(&local))
        put_day(day, &local);
}

/* ---- days and durations */

enum { DAY_SECONDS = 24 * 60 * 60 };

uint32_t day_number(time_t moment)
{
    struct tm local;
    if (localtime_r(&moment, &local) == NULL)
        return 0;
    struct tm day = {.tm_year = local.tm_year, .tm_mon = local.tm_mon, .tm_mday = local.tm_mday};
    time_t begin = timegm(&day);
    return begin < 0 ? 0 : (uint32_t)(begin / DAY_SECONDS);
}

static const struct {
    time_t below; /* seconds */
    const char *name;
} took_classes[TOOK_CLASSES] = {
    {60 * 60, "within an hour"},           {DAY_SECONDS, "within a day"},
    {3 * DAY_SECONDS, "within 3 days"},    {7 * DAY_SECONDS, "within a week"},
    {14 * DAY_SECONDS, "within 2 weeks"},  {30 * DAY_SECONDS, "within a month"},
    {90 * DAY_SECONDS, "within 3 months"}, {0, "longer"},
};

const char *took_class_name(unsigned class)
{
    return took_classes[class - 1].name;
}

unsigned took_class(const char *created, const char *finished)
{
    if (strcmp(finished, created) <= 0)
        return 0;
    time_t took = stored_moment(finished) - stored_moment(created);
    unsigned class = 1;
    while (class < TOOK_CLASSES && took >= took_classes[class - 1].below)
        class ++;
    return class;
}
