/*
 * Text and dates: what is let through, what is refused and in which words.
 * The calendar is checked against timegm(), day by day.
 */
#include "../../db/todo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* NULL is equal to NULL only. */
static void assert_same(const char *what, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
        fail_msg("%s: got \"%s\", not \"%s\"", what, got ? got : "(none)", want ? want : "(none)");
}

/* ---- problems */

static void problems_are_kept_in_order_and_bounded(void **state)
{
    (void)state;
    struct problems p = {0};
    for (int i = 0; i < PROBLEMS + 5; i++)
        problems_add(&p, "title", "is number %d", i);
    assert_int_equal(p.count, PROBLEMS);
    assert_string_equal(p.item[0].detail, "is number 0");
    assert_string_equal(p.item[PROBLEMS - 1].detail, "is number 19");
}

static void problems_cut_at_a_character(void **state)
{
    (void)state;
    char exact[64], field[256];
    memset(exact, 'x', 63);
    exact[63] = '\0';
    struct problems p = {0};
    problems_add(&p, exact, "ok");
    assert_string_equal(p.item[0].field, exact);

    for (size_t shift = 0; shift < 4; shift++) { /* the cut falls on each byte of a character once */
        memset(field, 'x', shift);
        field[shift] = '\0';
        for (int i = 0; i < 40; i++)
            strcat(field, "😀");
        p.count = 0;
        problems_add(&p, field, "%s%s", field, field);
        assert_null(text_check(p.item[0].field, strlen(p.item[0].field), false));
        assert_null(text_check(p.item[0].detail, strlen(p.item[0].detail), false));
        assert_non_null(strstr(p.item[0].field, "😀…"));
        assert_non_null(strstr(p.item[0].detail, "😀…"));
        assert_true(strlen(p.item[0].field) >= 60);
        assert_true(strlen(p.item[0].detail) >= 196);
    }
}

/* ---- text */

static const char bad_utf8[] = "is not valid UTF-8";
static const char has_nul[] = "must not contain NUL";
static const char has_control[] = "must not contain control characters";
static const char has_control_in_lines[] =
    "must not contain control characters other than tabs and line feeds";

static const struct {
    const char *text;
    size_t len; /* 0: up to the NUL */
    const char *line, *lines;
} texts[] = {
    {"", 0, NULL, NULL},
    {"plain", 0, NULL, NULL},
    {"Größe, 買い物, قائمة, 👩‍👩‍👧", 0, NULL, NULL},
    {"\xC2\xA0", 0, NULL, NULL}, /* the first that is not C1 */
    {"\x7E", 0, NULL, NULL},
    {"\xEF\xBF\xBF", 0, NULL, NULL},     /* U+FFFF, no character, but UTF-8 */
    {"\xED\x9F\xBF", 0, NULL, NULL},     /* U+D7FF */
    {"\xEE\x80\x80", 0, NULL, NULL},     /* U+E000 */
    {"\xF4\x8F\xBF\xBF", 0, NULL, NULL}, /* U+10FFFF */
    {"a\tb", 0, has_control, NULL},
    {"a\nb", 0, has_control, NULL},
    {"a\rb", 0, has_control, has_control_in_lines},
    {"\x01", 0, has_control, has_control_in_lines},
    {"\x1F", 0, has_control, has_control_in_lines},
    {"\x7F", 0, has_control, has_control_in_lines},
    {"\xC2\x80", 0, has_control, has_control_in_lines},
    {"\xC2\x85", 0, has_control, has_control_in_lines},
    {"\xC2\x9F", 0, has_control, has_control_in_lines},
    {"\x1B[31m", 0, has_control, has_control_in_lines},
    {"a\0b", 3, has_nul, has_nul},
    {"\0", 1, has_nul, has_nul},
    {"\x80", 0, bad_utf8, bad_utf8},         /* a continuation of nothing */
    {"\xC0\x80", 0, bad_utf8, bad_utf8},     /* overlong NUL */
    {"\xC0\xAF", 0, bad_utf8, bad_utf8},     /* overlong slash */
    {"\xC1\xBF", 0, bad_utf8, bad_utf8},     /* overlong */
    {"\xE0\x80\xAF", 0, bad_utf8, bad_utf8}, /* overlong */
    {"\xE0\x9F\xBF", 0, bad_utf8, bad_utf8}, /* overlong */
    {"\xF0\x80\x80\xAF", 0, bad_utf8, bad_utf8},
    {"\xF0\x8F\xBF\xBF", 0, bad_utf8, bad_utf8},
    {"\xED\xA0\x80", 0, bad_utf8, bad_utf8},             /* U+D800 */
    {"\xED\xBF\xBF", 0, bad_utf8, bad_utf8},             /* U+DFFF */
    {"\xED\xA0\xBD\xED\xB8\x80", 0, bad_utf8, bad_utf8}, /* a pair: CESU-8 */
    {"\xF4\x90\x80\x80", 0, bad_utf8, bad_utf8},         /* U+110000 */
    {"\xF5\x80\x80\x80", 0, bad_utf8, bad_utf8},
    {"\xFE", 0, bad_utf8, bad_utf8},
    {"\xFF", 0, bad_utf8, bad_utf8},
    {"\xC3", 0, bad_utf8, bad_utf8}, /* cut off */
    {"\xE2\x82", 0, bad_utf8, bad_utf8},
    {"\xF0\x9F\x98", 0, bad_utf8, bad_utf8},
    {"\xC3(", 0, bad_utf8, bad_utf8},
    {"\xC3\xA4", 1, bad_utf8, bad_utf8}, /* the length ends within it */
};

static void text_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(texts); i++) {
        size_t len = texts[i].len ? texts[i].len : strlen(texts[i].text);
        char *exact = malloc(len + 1); /* so that a sanitizer sees a byte read beyond */
        memcpy(exact, texts[i].text, len);
        exact = realloc(exact, len ? len : 1);
        assert_same(texts[i].text, text_check(exact, len, false), texts[i].line);
        assert_same(texts[i].text, text_check(exact, len, true), texts[i].lines);
        free(exact);
    }
}

static void text_is_counted_in_code_points(void **state)
{
    (void)state;
    assert_int_equal(text_chars(""), 0);
    assert_int_equal(text_chars("abc"), 3);
    assert_int_equal(text_chars("äöü"), 3);
    assert_int_equal(text_chars("😀買"), 2);
    assert_int_equal(text_chars("e\xCC\x81"), 2);
}

static void lines_become_unix_ones(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},     {"a\nb", "a\nb"}, {"a\r\nb", "a\nb"},         {"a\rb", "a\nb"},
        {"\r", "\n"}, {"\r\n", "\n"},   {"\r\r\n\n\r", "\n\n\n\n"}, {"a\r\n\r\nb\r", "a\n\nb\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char s[32];
        strcpy(s, cases[i][0]);
        size_t len = text_unix_lines(s, strlen(s));
        s[len] = '\0';
        assert_same(cases[i][0], s, cases[i][1]);
    }
    char cut[] = {'a', '\r', '\n'};
    assert_int_equal(text_unix_lines(cut, 2), 2); /* does not look beyond the length */
}

static void white_space_of_any_script_is_trimmed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {" ", ""},
        {" \t\n a \r ", "a"},
        {"a  b", "a  b"},
        {"\xC2\xA0 a\xC2\xA0", "a"},
        {"\xE3\x80\x80買い物\xE3\x80\x80", "買い物"},
        {"\xE2\x80\xA8x\xE2\x80\xA9", "x"},
        {"\xE2\x80\x8Bx", "\xE2\x80\x8Bx"}, /* zero width is not white space */
        {" ä ", "ä"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char s[64];
        strcpy(s, cases[i][0]);
        assert_same(cases[i][0], text_trim(s), cases[i][1]);
    }
}

static void a_title_is_bounded_and_visible(void **state)
{
    (void)state;
    static const char long_one[] = "must be at most 200 characters";
    static const char invisible[] = "must contain something visible";
    static const char *const characters[] = {"x", "ä", "買", "😀"};
    for (size_t i = 0; i < LENGTH(characters); i++) {
        char title[201 * 4 + 1] = "";
        for (int n = 0; n < 200; n++)
            strcat(title, characters[i]);
        assert_same(characters[i], title_check(title), NULL);
        strcat(title, characters[i]);
        assert_same(characters[i], title_check(title), long_one);
    }
    static const char *const cases[][2] = {
        {"", "must not be empty"},
        {"x", NULL},
        {".", NULL},
        {"😀", NULL},
        {"❤️", NULL},
        {"\xE2\x80\x8B", invisible},                         /* zero width space */
        {"\xE2\x80\x8D\xE2\x80\x8E\xEF\xBB\xBF", invisible}, /* joiner, mark, BOM */
        {"\xC2\xAD", invisible},                             /* soft hyphen */
        {"\xE3\x85\xA4", invisible},                         /* Hangul filler, a letter by category */
        {"\xE2\xA0\x80", invisible},                         /* blank braille pattern */
        {"\xCC\x81", invisible},                             /* a mark on nothing */
        {"\xF3\xA0\x81\x81", invisible},                     /* a tag character */
        {"\xE2\x80\x8Bx", NULL},
        {"\xF0\x9F\xAB\xAA", NULL}, /* U+1FAEA, newer than the library's tables */
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_same(cases[i][0], title_check(cases[i][0]), cases[i][1]);
}

/* ---- due */

static const char form[] = "must be a date (2026-12-01) or a time (2026-12-01T18:00:00Z)";
static const char calendar[] = "must be a day of the calendar";
static const char clock_time[] = "must have a time from 00:00:00 to 23:59:59";
static const char offset[] = "must have an offset from -23:59 to +23:59";
static const char years[] = "must lie in the years 0001 to 9999";

static const struct {
    const char *text, *why, *normal, *key; /* normal NULL: as text */
} dues[] = {
    {"2026-12-01", NULL, NULL, "2026-12-01 00:00:00"},
    {"0001-01-01", NULL, NULL, "0001-01-01 00:00:00"},
    {"9999-12-31", NULL, NULL, "9999-12-31 00:00:00"},
    {"2024-02-29", NULL, NULL, "2024-02-29 00:00:00"},
    {"2000-02-29", NULL, NULL, "2000-02-29 00:00:00"},
    {"2026-12-01T18:00:00Z", NULL, NULL, "2026-12-01 18:00:00"},
    {"2026-12-01t18:00:00z", NULL, "2026-12-01T18:00:00Z", "2026-12-01 18:00:00"},
    {"2026-12-01T18:00:00+02:00", NULL, NULL, "2026-12-01 16:00:00"},
    {"2026-12-01T18:00:00-00:00", NULL, NULL, "2026-12-01 18:00:00"},
    {"2026-12-31T23:30:00-01:45", NULL, NULL, "2027-01-01 01:15:00"},
    {"2024-03-01T00:10:00+05:30", NULL, NULL, "2024-02-29 18:40:00"},
    {"2026-12-01T18:00:00.5Z", NULL, NULL, "2026-12-01 18:00:00"},
    {"2026-12-01T23:59:59.999999999+23:59", NULL, NULL, "2026-12-01 00:00:59"}, /* 35 bytes */
    {"2026-12-01T23:59:59.9999999999+23:59", form, NULL, NULL},                 /* 36 */

    {"", form, NULL, NULL},
    {"tomorrow", form, NULL, NULL},
    {"2026-12-1", form, NULL, NULL},
    {"26-12-01", form, NULL, NULL},
    {"2026-12-01 ", form, NULL, NULL},
    {" 2026-12-01", form, NULL, NULL},
    {"2026/12/01", form, NULL, NULL},
    {"+2026-12-01", form, NULL, NULL},
    {"-026-12-01", form, NULL, NULL},
    {"20261201", form, NULL, NULL},
    {"2026-12-011", form, NULL, NULL},
    {"２０２６-12-01", form, NULL, NULL},
    {"2026-12-01T", form, NULL, NULL},
    {"2026-12-01T18:00Z", form, NULL, NULL},
    {"2026-12-01T18:00:00", form, NULL, NULL},
    {"2026-12-01 18:00:00Z", form, NULL, NULL},
    {"2026-12-01T18:00:00.Z", form, NULL, NULL},
    {"2026-12-01T18:00:00,5Z", form, NULL, NULL},
    {"2026-12-01T18:00:00+0200", form, NULL, NULL},
    {"2026-12-01T18:00:00+02", form, NULL, NULL},
    {"2026-12-01T18:00:00+-2:00", form, NULL, NULL},
    {"2026-12-01T18:00:00ZZ", form, NULL, NULL},
    {"2026-12-01T18:00:00−02:00", form, NULL, NULL}, /* U+2212 */

    {"0000-01-01", years, NULL, NULL},
    {"0001-01-01T00:00:00+00:01", years, NULL, NULL},
    {"9999-12-31T23:59:59-00:01", years, NULL, NULL},
    {"2026-00-01", calendar, NULL, NULL},
    {"2026-13-01", calendar, NULL, NULL},
    {"2026-01-00", calendar, NULL, NULL},
    {"2026-01-32", calendar, NULL, NULL},
    {"2026-04-31", calendar, NULL, NULL},
    {"2026-02-29", calendar, NULL, NULL},
    {"2024-02-30", calendar, NULL, NULL},
    {"1900-02-29", calendar, NULL, NULL},
    {"2026-02-30T10:00:00Z", calendar, NULL, NULL},
    {"2026-12-01T24:00:00Z", clock_time, NULL, NULL},
    {"2026-12-01T18:60:00Z", clock_time, NULL, NULL},
    {"2016-12-31T23:59:60Z", clock_time, NULL, NULL}, /* a leap second that was */
    {"2026-12-01T18:00:00+24:00", offset, NULL, NULL},
    {"2026-12-01T18:00:00-01:60", offset, NULL, NULL},
};

static void due_is_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(dues); i++) {
        struct due due;
        assert_same(dues[i].text, due_parse(dues[i].text, &due), dues[i].why);
        if (dues[i].why)
            continue;
        assert_same(dues[i].text, due.text, dues[i].normal ? dues[i].normal : dues[i].text);
        assert_same(dues[i].text, due.key, dues[i].key);
        assert_int_equal(due.has_time, strlen(dues[i].text) > 10);
    }
}

static void the_calendar_is_that_of_libc(void **state)
{
    (void)state;
    for (int year = 1896; year <= 2104; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 0; day <= 32; day++) {
                struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
                timegm(&tm);
                bool exists = tm.tm_mday == day && tm.tm_mon == month - 1;
                char text[40];
                struct due due;
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                if ((due_parse(text, &due) == NULL) != exists)
                    fail_msg("%s", text);
            }
}

static void due_falls_on_a_local_day(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *due, *day;
    } cases[] = {
        {"UTC", "2026-12-01", "2026-12-01"},
        {"Pacific/Kiritimati", "2026-12-01", "2026-12-01"},
        {"Pacific/Pago_Pago", "2026-12-01", "2026-12-01"},
        {"UTC", "2026-12-01T23:30:00Z", "2026-12-01"},
        {"Europe/Berlin", "2026-12-01T22:59:59Z", "2026-12-01"},
        {"Europe/Berlin", "2026-12-01T23:00:00Z", "2026-12-02"},
        {"Europe/Berlin", "2026-07-01T22:00:00Z", "2026-07-02"}, /* summer time */
        {"America/New_York", "2027-01-01T04:59:59Z", "2026-12-31"},
        {"America/New_York", "2026-12-31T23:00:00-05:00", "2026-12-31"},
        {"Europe/Berlin", "9999-12-31T23:30:00Z", "9999-12-31"}, /* else the year 10000 */
        {"America/New_York", "0001-01-01T00:00:00Z", "0001-01-01"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct due due;
        char day[11];
        setenv("TZ", cases[i].zone, 1);
        tzset();
        assert_null(due_parse(cases[i].due, &due));
        due_day(&due, day);
        assert_same(cases[i].due, day, cases[i].day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_are_kept_in_order_and_bounded),
        cmocka_unit_test(problems_cut_at_a_character),
        cmocka_unit_test(text_is_checked),
        cmocka_unit_test(text_is_counted_in_code_points),
        cmocka_unit_test(lines_become_unix_ones),
        cmocka_unit_test(white_space_of_any_script_is_trimmed),
        cmocka_unit_test(a_title_is_bounded_and_visible),
        cmocka_unit_test(due_is_parsed),
        cmocka_unit_test(the_calendar_is_that_of_libc),
        cmocka_unit_test(due_falls_on_a_local_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
