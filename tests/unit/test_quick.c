/*
 * Quick add: what is taken for a token and what stays in the title, and that a
 * line that was written is read as what it was written from.
 */
#include "../../db/todo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A Thursday. */
static const struct tm today = {.tm_year = 2026 - 1900, .tm_mon = 12 - 1, .tm_mday = 31};

/* The draft in one line, so that a table can say all of it: title|tags|priority|due|list. */
static const char *summary(const struct todo_draft *draft)
{
    char *s = arena_printf(&arena, "%s|", draft->title);
    for (unsigned i = 0; i < draft->ntags; i++)
        s = arena_printf(&arena, "%s%s%s", s, i ? "," : "", draft->tags[i]);
    s = draft->priority ? arena_printf(&arena, "%s|%u", s, draft->priority) : arena_printf(&arena, "%s|", s);
    return arena_printf(&arena, "%s|%s|%s", s, draft->due ? draft->due : "", draft->list ? draft->list : "");
}

static const struct {
    const char *line, *summary;
} lines[] = {
    {"Buy milk #home !2 @2026-12-01 +Groceries", "Buy milk|home|2|2026-12-01|Groceries"},
    {"#home Buy +Groceries !2 milk @2026-12-01", "Buy milk|home|2|2026-12-01|Groceries"},
    {"", "||||"},
    {"   ", "||||"},
    {"  Buy \t  milk  ", "Buy milk||||"},
    {"Buy\xC2\xA0\xE3\x80\x80milk #a\xE3\x80\x80#b", "Buy milk|a,b|||"},
    {"#home", "|home|||"},

    /* tags and lists */
    {"x #a #b #A #c", "x|a,b,c|||"},
    {"x #Grün #買い物 #हिन्दी #e\xCC\x81", "x|Grün,買い物,हिन्दी,é|||"},
    {"x #a-b_c.d&e/f'g", "x|a-b_c.d&e/f'g|||"},
    {"x +One +Two", "x||||Two"},
    {"x #12", "x #12||||"},
    {"x #٢٠", "x #٢٠||||"},
    {"x #12a", "x|12a|||"},
    {"Invite Bob +1", "Invite Bob +1||||"},
    {"Voltage +/- 5", "Voltage +/- 5||||"},
    {"x #", "x #||||"},
    {"x +", "x +||||"},
    {"C# in a week", "C# in a week||||"},
    {"a+b c#d", "a+b c#d||||"},
    {"x #home, y", "x #home, y||||"},
    {"x ##home", "x ##home||||"},
    {"x #a#b", "x #a#b||||"},
    {"x #c++", "x #c++||||"},
    {"x #👍", "x #👍||||"},
    {"x #\"c++\" +\"Shopping list\" y", "x y|c++|||Shopping list"},
    {"x #\"12\"", "x|12|||"},
    {"x #\"👍\"", "x|👍|||"},
    {"x #\"say \\\"hi\\\" \\\\ \\n\"", "x|say \"hi\" \\ \\n|||"},
    {"x #\" a   b \"", "x|a b|||"},
    {"x #\"\"", "x #\"\"||||"},
    {"x #\"  \"", "x #\" \"||||"},
    {"x #\"open", "x #\"open||||"},
    {"x #\"open\\\"", "x #\"open\\\"||||"},
    {"x #\"open\\", "x #\"open\\||||"},
    {"x #\"a\"b #c", "x #\"a\"b|c|||"},
    {"x #\"not closed #home", "x #\"not closed|home|||"},
    {"x #\"\xE2\x80\x8B\"", "x #\"\xE2\x80\x8B\"||||"}, /* nothing visible */
    {"x #\"a\xE2\x80\xAE\"", "x #\"a\xE2\x80\xAE\"||||"},

    /* priorities */
    {"x !1", "x||1||"},
    {"x !4 !3", "x||3||"},
    {"x !0 !5 !12 !a ! !! !1. Wow!", "x !0 !5 !12 !a ! !! !1. Wow!||||"},

    /* dates: today is Thursday, 31 December 2026 */
    {"x @2024-02-29", "x|||2024-02-29|"},
    {"x @2026-02-29", "x @2026-02-29||||"},
    {"x @2026-12-01t18:00:00+02:00", "x|||2026-12-01T18:00:00+02:00|"},
    {"x @2026-12-01T18:00", "x @2026-12-01T18:00||||"},
    {"x @today", "x|||2026-12-31|"},
    {"x @Tomorrow", "x|||2027-01-01|"},
    {"x @fri", "x|||2027-01-01|"},
    {"x @SAT", "x|||2027-01-02|"},
    {"x @sunday", "x|||2027-01-03|"},
    {"x @mon", "x|||2027-01-04|"},
    {"x @Tuesday", "x|||2027-01-05|"},
    {"x @wed", "x|||2027-01-06|"},
    {"x @thu", "x|||2027-01-07|"}, /* not today */
    {"x @thursday", "x|||2027-01-07|"},
    {"x @+0d", "x|||2026-12-31|"},
    {"x @+3d", "x|||2027-01-03|"},
    {"x @+90D", "x|||2027-03-31|"},
    {"x @+9999d", "x|||2054-05-17|"},
    {"x @+10000d", "x @+10000d||||"},
    {"x @+d @+3 @3d @+-3d @+3dd @-fri @fri-", "x @+d @+3 @3d @+-3d @+3dd @-fri @fri-||||"},
    {"x @home @ @mo @mond @todays me@today", "x @home @ @mo @mond @todays me@today||||"},
    {"x @fri @2026-12-01", "x|||2026-12-01|"},

    /* escapes */
    {"\\#home", "#home||||"},
    {"x \\!1 \\@today \\+List \\\\", "x !1 @today +List \\||||"},
    {"x \\\\#home", "x \\#home||||"},
    {"x \\home a\\#b \\", "x \\home a\\#b \\||||"},
    {"x \\#\"a b\"", "x #\"a b\"||||"},
    {"x \\!", "x !||||"},
};

static void lines_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct todo_draft draft;
        memset(&draft, 0xA5, sizeof draft); /* all that counts is set */
        quick_parse(&arena, lines[i].line, &today, &draft);
        if (strcmp(summary(&draft), lines[i].summary) != 0)
            fail_msg("%s: got %s, not %s", lines[i].line, summary(&draft), lines[i].summary);
        unsigned present = FIELD_TITLE | (draft.ntags ? FIELD_TAGS : 0U) |
                           (draft.priority ? FIELD_PRIORITY : 0U) | (draft.due ? FIELD_DUE : 0U) |
                           (draft.list ? FIELD_LIST : 0U);
        assert_int_equal(draft.present, present);
    }
}

static void tags_beyond_the_limit_stay_in_the_title(void **state)
{
    (void)state;
    char line[256] = "x";
    for (char c = 'a'; c < 'a' + TODO_TAGS + 2; c++)
        sprintf(line + strlen(line), " #%c", c);
    struct todo_draft draft;
    quick_parse(&arena, line, &today, &draft);
    assert_string_equal(draft.title, "x #q #r");
    assert_int_equal(draft.ntags, TODO_TAGS);

    strcpy(line, "x");
    for (int i = 0; i < TODO_TAGS; i++) /* the same one counts each time */
        strcat(line, " #a");
    strcat(line, " #b");
    quick_parse(&arena, line, &today, &draft);
    assert_string_equal(draft.title, "x #b");
    assert_int_equal(draft.ntags, 1);
}

static void names_are_64_characters(void **state)
{
    (void)state;
    char line[NAME_CHARS * 4 + 8] = "#";
    struct todo_draft draft;
    for (int i = 0; i < NAME_CHARS; i++)
        strcat(line, "買");
    quick_parse(&arena, line, &today, &draft);
    assert_int_equal(draft.ntags, 1);
    strcat(line, "買");
    quick_parse(&arena, line, &today, &draft);
    assert_int_equal(draft.ntags, 0);
    assert_string_equal(draft.title, line);
}

static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        struct tm day;
        const char *word, *due;
    } cases[] = {
        {{.tm_year = 124, .tm_mon = 1, .tm_mday = 28}, "@tomorrow", "2024-02-29"},
        {{.tm_year = 126, .tm_mon = 1, .tm_mday = 28}, "@tomorrow", "2026-03-01"},
        {{.tm_year = 126, .tm_mon = 2, .tm_mday = 28}, "@tomorrow", "2026-03-29"}, /* clocks change */
        {{.tm_year = 126, .tm_mon = 9, .tm_mday = 25}, "@+1d", "2026-10-26"},
        /* A time of day, and whether it is summer time, do not count. */
        {{.tm_year = 126, .tm_mon = 2, .tm_mday = 29, .tm_hour = 23, .tm_min = 59, .tm_isdst = 1},
         "@today",
         "2026-03-29"},
        {{.tm_year = 9999 - 1900, .tm_mon = 11, .tm_mday = 31}, "@tomorrow", NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct todo_draft draft;
        quick_parse(&arena, cases[i].word, &cases[i].day, &draft);
        if (cases[i].due)
            assert_string_equal(draft.due, cases[i].due);
        else
            assert_null(draft.due);
    }
}

static void names_are_quoted_when_they_must_be(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"home", "home"},
        {"Grün/買い物", "Grün/買い物"},
        {"Shopping list", "\"Shopping list\""},
        {"12", "\"12\""},
        {"c++", "\"c++\""},
        {"a \"b\" \\", "\"a \\\"b\\\" \\\\\""},
        {"👍", "\"👍\""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *end, *quoted = quick_name(&arena, cases[i][0]);
        assert_string_equal(quoted, cases[i][1]);
        if (*quoted == '"') {
            assert_string_equal(quick_unquote(&arena, quoted, &end), cases[i][0]);
            assert_string_equal(end, "");
        }
    }
    const char *end;
    assert_null(quick_unquote(&arena, "\"a\\\"", &end));
    assert_null(quick_unquote(&arena, "\"", &end));
}

static void tokens_are_written(void **state)
{
    (void)state;
    const char *const tags[] = {"home", "Shopping list"};
    assert_string_equal(quick_tokens(&arena, NULL, 0, 0, NULL, NULL), "");
    assert_string_equal(quick_tokens(&arena, tags, 2, 2, "2026-12-01", "12"),
                        " #home #\"Shopping list\" !2 @2026-12-01 +\"12\"");
    assert_string_equal(quick_tokens(&arena, tags, 1, 0, NULL, NULL), " #home");
}

static void tokens_are_told_from_words(void **state)
{
    (void)state;
    static const char *const are[] = {"#home",   "#home and more", "+List",       "!2",   "@today",
                                      "@fri x",  "@+3d",           "@2026-12-01", "\\#",  "\\\\",
                                      "\\@home", "#\"a\"",         "#\"a b",      "+\"a", "#\"12\" x"};
    static const char *const are_not[] = {"",      "home",        "#12", "+1",  "!5",   "!2x",
                                          "@home", "@2026-02-30", "\\",  "\\a", "#a,b", "#home,",
                                          "#",     "a#b c",       "!",   "@"};
    for (size_t i = 0; i < LENGTH(are); i++)
        if (!quick_is_token(are[i]))
            fail_msg("%s", are[i]);
    for (size_t i = 0; i < LENGTH(are_not); i++)
        if (quick_is_token(are_not[i]))
            fail_msg("%s", are_not[i]);
}

/* Every title of up to three of these words, escaped where it must be, comes back, with its tokens. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const words[] = {"a",      "#home", "#\"a",   "b\"",     "\\#home", "\\",  "\\\\",
                                        "!2",     "!5",    "@today", "@home",   "+List",   "+\"", "\"",
                                        "#\"a\"", "#12",   "\\\"",   "+\"\\\"", "#\"\\"};
    static const char *const tags[] = {"x y", "\"", "\\", "12", "z"};
    for (size_t i = 0; i < LENGTH(words) * LENGTH(words) * LENGTH(words); i++) {
        const char *const used[] = {words[i % LENGTH(words)], words[i / LENGTH(words) % LENGTH(words)],
                                    words[i / LENGTH(words) / LENGTH(words)]};
        char title[64] = "", line[256] = "";
        for (size_t n = 0; n < LENGTH(used); n++) {
            sprintf(title + strlen(title), "%s%s", n ? " " : "", used[n]);
            sprintf(line + strlen(line), "%s%s%s", n ? " " : "", quick_is_token(used[n]) ? "\\" : "",
                    used[n]);
        }
        strcat(line, quick_tokens(&arena, tags, LENGTH(tags), 3, "2026-12-01", "My \"list\""));

        struct todo_draft draft;
        quick_parse(&arena, line, &today, &draft);
        assert_string_equal(draft.title, title);
        assert_int_equal(draft.ntags, LENGTH(tags));
        for (size_t n = 0; n < LENGTH(tags); n++)
            assert_string_equal(draft.tags[n], tags[n]);
        assert_int_equal(draft.priority, 3);
        assert_string_equal(draft.due, "2026-12-01");
        assert_string_equal(draft.list, "My \"list\"");
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lines_are_taken_apart, release),
        cmocka_unit_test_teardown(tags_beyond_the_limit_stay_in_the_title, release),
        cmocka_unit_test_teardown(names_are_64_characters, release),
        cmocka_unit_test_teardown(days_are_those_of_the_calendar, release),
        cmocka_unit_test_teardown(names_are_quoted_when_they_must_be, release),
        cmocka_unit_test_teardown(tokens_are_written, release),
        cmocka_unit_test(tokens_are_told_from_words),
        cmocka_unit_test_teardown(what_is_written_is_read, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
