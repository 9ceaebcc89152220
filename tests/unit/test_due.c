/* Due dates in English words: what each says, and what says nothing. */
#include "../../db/todo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A Thursday. */
static const struct tm today = {.tm_year = 2026 - 1900, .tm_mon = 12 - 1, .tm_mday = 31};

static const struct {
    const char *words, *date; /* NULL: none */
} table[] = {
    {"2026-12-01", "2026-12-01"},
    {"2026-12-01t18:00:00z", "2026-12-01T18:00:00Z"},
    {"2026-02-30", NULL},

    {"today", "2026-12-31"},
    {"Tonight", "2026-12-31"},
    {"TOMORROW", "2027-01-01"},
    {"tomorow", NULL},
    {"today tomorrow", NULL},

    {"fri", "2027-01-01"},
    {"thu", "2027-01-07"}, /* not today */
    {"this Friday", "2027-01-01"},
    {"next friday", "2027-01-01"},
    {"next-fri", "2027-01-01"},
    {"wednes", NULL},
    {"fr", NULL},
    {"fri sat", NULL},
    {"next", NULL},
    {"this", NULL},
    {"this week", NULL},
    {"next week", "2027-01-04"},
    {"next month", "2027-01-01"},
    {"next year", NULL},

    {"in 3 days", "2027-01-03"},
    {"in 1 day", "2027-01-01"},
    {"+3d", "2027-01-03"},
    {"+3", NULL},
    {"in 2 weeks", "2027-01-14"},
    {"+1w", "2027-01-07"},
    {"in 2 months", "2027-02-28"}, /* which has no 31st */
    {"+14m", "2028-02-29"},
    {"+9999m", "2860-03-31"},
    {"+9999w", "2218-08-20"},
    {"in days", NULL},
    {"3 days", NULL},
    {"in 10000 days", NULL},
    {"in 3 days or so", NULL},

    {"1 december", "2027-12-01"}, /* over this year */
    {"31 dec", "2026-12-31"},     /* today */
    {"dec 31", "2026-12-31"},
    {"1st of feb", "2027-02-01"},
    {"2nd January", "2027-01-02"},
    {"1-jan", "2027-01-01"},
    {"1jan", "2027-01-01"},
    {"jan3", "2027-01-03"},
    {"jan 3, 2028", "2028-01-03"},
    {"3 sep 2026", "2026-09-03"}, /* who says a year means it */
    {"29 feb", "2028-02-29"},
    {"30 feb", NULL},
    {"0 jan", NULL},
    {"32 jan", NULL},
    {"1 may", "2027-05-01"},
    {"may", NULL},
    {"ma 1", NULL},
    {"1 1", NULL},
    {"1 jan 99999", NULL},
    {"1 jan 2027 2028", NULL},

    {"", NULL},
    {" ", NULL},
    {"-", NULL},
    {"+", NULL},
    {"-fri", NULL},
    {"fri-", NULL},
    {"fri!", NULL},
    {"fri\xC2\xA0", NULL},
    {"heute", NULL},
    {"a b c d e f g h", NULL},
    {"thursdaythursdaythursday", NULL},
};

static void words_say_a_day_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *date = due_from_words(&arena, table[i].words, &today);
        if (!date != !table[i].date || (date && strcmp(date, table[i].date) != 0))
            fail_msg("'%s' says %s, not %s", table[i].words, date ? date : "nothing",
                     table[i].date ? table[i].date : "nothing");
    }
}

/* On every day of some years: the next such day is within a week, and is that day of the week. */
static void a_weekday_is_the_next_one(void **state)
{
    (void)state;
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    for (int offset = 0; offset < 1500; offset++) {
        struct tm day = {.tm_year = 2026 - 1900, .tm_mday = 1 + offset, .tm_hour = 12};
        time_t noon = timegm(&day);
        for (int weekday = 0; weekday < 7; weekday++) {
            const char *date = due_from_words(&arena, names[weekday], &day);
            struct tm said = {.tm_hour = 12};
            assert_int_equal(sscanf(date, "%d-%d-%d", &said.tm_year, &said.tm_mon, &said.tm_mday), 3);
            said.tm_year -= 1900;
            said.tm_mon -= 1;
            time_t then = timegm(&said);
            assert_in_range((then - noon) / 86400, 1, 7);
            assert_int_equal(said.tm_wday, weekday);
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(words_say_a_day_or_nothing, release),
        cmocka_unit_test_teardown(a_weekday_is_the_next_one, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
