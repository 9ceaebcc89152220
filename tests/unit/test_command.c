/*
 * Commands: what each field takes from JSON and from a form, at its limits and
 * one beyond, and under which name it is refused otherwise.
 */
#include "../../api/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* A Thursday. */
static const struct tm today = {.tm_year = 2026 - 1900, .tm_mon = 12 - 1, .tm_mday = 31};

enum kind { CREATE, EDIT, EDIT_LIST };

/* One request after the other. */
static struct command command;
static struct problems problems;

static int release(void **state)
{
    (void)state;
    arena_release(&command.arena);
    return 0;
}

/* The body is JSON if it begins with a brace. */
static bool run(enum kind kind, const char *text)
{
    bool form = *text != '{';
    enum body_result result;
    arena_reset(&command.arena);
    command = (struct command){.arena = command.arena};
    problems = (struct problems){0};
    json_t *body = body_parse(form ? BODY_FORM : BODY_JSON, text, strlen(text), &result, &problems);
    if (result != BODY_OK)
        fail_msg("%s: %s %s", text, problems.item[0].field, problems.item[0].detail);
    bool good = false;
    switch (kind) {
    case CREATE:
        good = command_create(&command, body, form, &today, &problems);
        break;
    case EDIT:
        good = command_edit(&command, 42, body, form, &today, &problems);
        break;
    case EDIT_LIST:
        good = command_list_edit(&command, "home", body, form, &problems);
        break;
    }
    json_decref(body); /* nothing is borrowed from it */
    assert_int_equal(good, problems.count == 0);
    return good;
}

/* What is in the command, as one line. Of a draft only what is present. */
static const char *summary(enum kind kind)
{
    struct arena *a = &command.arena;
    const struct todo_draft *draft = &command.draft;
    if (kind == EDIT_LIST)
        return arena_printf(a, "%s name=%s public=%d", command.slug,
                            command.list_name ? command.list_name : "(kept)", command.list_public);
    char *s = arena_strdup(a, "");
    if (draft->present & FIELD_TITLE)
        s = arena_printf(a, "%stitle=%s;", s, draft->title);
    if (draft->present & FIELD_NOTES)
        s = arena_printf(a, "%snotes=%s;", s, draft->notes);
    if (draft->present & FIELD_LIST)
        s = arena_printf(a, "%slist=%s;", s, draft->list);
    if (draft->present & FIELD_TAGS) {
        s = arena_printf(a, "%stags=", s);
        for (unsigned i = 0; i < draft->ntags; i++)
            s = arena_printf(a, "%s%s%s", s, i ? "|" : "", draft->tags[i]);
        s = arena_printf(a, "%s;", s);
    }
    if (draft->present & FIELD_PRIORITY)
        s = arena_printf(a, "%spriority=%u;", s, draft->priority);
    if (draft->present & FIELD_DUE)
        s = arena_printf(a, "%sdue=%s;", s, draft->due ? draft->due : "(none)");
    if (draft->present & FIELD_DONE)
        s = arena_printf(a, "%sdone=%d;", s, draft->done);
    if (draft->present & FIELD_PLACE)
        s = arena_printf(a, "%s%s=%d;", s, draft->above ? "above" : "below", (int)draft->beside);
    return s;
}

static const struct {
    enum kind kind;
    const char *body, *summary;
} good[] = {
    /* create, JSON */
    {CREATE, "{\"title\":\"Buy milk\"}", "title=Buy milk;notes=;list=Inbox;"},
    {CREATE, "{\"title\":\" \xC2\xA0 Buy  milk \"}", "title=Buy  milk;notes=;list=Inbox;"},
    {CREATE,
     "{\"title\":\"x\",\"notes\":\"a\\r\\nb\\rc\\td\",\"list\":\" Shopping   list "
     "\",\"tags\":[\"b\",\"a\",\"B\"],"
     "\"priority\":4,\"due\":\"2026-12-01t10:00:00z\",\"done\":true}",
     "title=x;notes=a\nb\nc\td;list=Shopping list;tags=b|a;priority=4;due=2026-12-01T10:00:00Z;done=1;"},
    {CREATE,
     "{\"title\":\"x\",\"notes\":null,\"list\":null,\"tags\":null,\"priority\":null,\"due\":null,\"done\":"
     "null,"
     "\"quick\":null}",
     "title=x;notes=;list=Inbox;"},
    {CREATE, "{\"title\":\"x\",\"tags\":[],\"notes\":\"\",\"done\":false}",
     "title=x;notes=;list=Inbox;tags=;done=0;"},
    {CREATE, "{\"title\":\"x #home !2\"}", "title=x #home !2;notes=;list=Inbox;"}, /* not quick add */
    {CREATE, "{\"title\":\"x\",\"list\":\"e\\u0301\"}", "title=x;notes=;list=é;"},
    {CREATE, "{\"title\":\"x\",\"tags\":[\"Straße\",\"STRASSE\",\"12\"]}",
     "title=x;notes=;list=Inbox;tags=Straße|12;"},
    {CREATE, "{\"title\":\"👍 שלום\"}", "title=👍 שלום;notes=;list=Inbox;"},
    {CREATE, "{\"title\":\"x\",\"due\":\"2024-02-29\"}", "title=x;notes=;list=Inbox;due=2024-02-29;"},

    /* quick add */
    {CREATE, "{\"quick\":\"Buy milk #home !2 @fri +Groceries\"}",
     "title=Buy milk;notes=;list=Groceries;tags=home;priority=2;due=2027-01-01;"},
    {CREATE, "{\"quick\":\"Buy milk\"}", "title=Buy milk;notes=;list=Inbox;"},
    {CREATE,
     "{\"quick\":\"x #home !2 @fri +Groceries\",\"list\":\"Work\",\"tags\":[\"a\"],\"priority\":1,"
     "\"due\":\"2026-12-01\",\"notes\":\"n\"}",
     "title=x;notes=n;list=Groceries;tags=a|home;priority=2;due=2027-01-01;"},
    {CREATE, "{\"list\":\"Work\",\"quick\":\"x +Groceries\"}", "title=x;notes=;list=Groceries;"},
    {CREATE, "{\"list\":\"Work\",\"quick\":\"x\",\"priority\":3}", "title=x;notes=;list=Work;priority=3;"},
    {CREATE, "{\"quick\":\"x #a #b\",\"tags\":[\"B\",\"c\"]}", "title=x;notes=;list=Inbox;tags=B|c|a;"},
    {CREATE, "{\"quick\":\"x !2 @fri\",\"title\":null,\"priority\":null,\"due\":null}",
     "title=x;notes=;list=Inbox;priority=2;due=2027-01-01;"},
    {CREATE, "quick=x+%232+!2+%23a&title=&notes=&list=&tags=&priority=&due=",
     "title=x #2;notes=;list=Inbox;tags=a;priority=2;"},
    {CREATE, "quick=&title=x", "title=x;notes=;list=Inbox;"},

    /* create, form */
    {CREATE, "title=Buy+milk&notes=&list=&tags=&priority=&due=&done=", "title=Buy milk;notes=;list=Inbox;"},
    {CREATE, "title=x&notes=a%0D%0Ab&list=Work&tags=a,+b++c,,A&priority=1&due=+2026-12-01+&done=on",
     "title=x;notes=a\nb;list=Work;tags=a|b|c;priority=1;due=2026-12-01;done=1;"},
    {CREATE, "title=x&tags=%22Shopping+list%22%22a%2Cb%22c%2B%2B,12%C2%A0d",
     "title=x;notes=;list=Inbox;tags=Shopping list|a,b|c++|12|d;"},
    {CREATE, "title=x&tags=%22say+%5C%22hi%5C%22%22", "title=x;notes=;list=Inbox;tags=say \"hi\";"},
    {CREATE, "title=x&tags=+,+,", "title=x;notes=;list=Inbox;tags=;"},
    {CREATE, "title=x&due=Next+friday", "title=x;notes=;list=Inbox;due=2027-01-01;"},
    {CREATE, "title=x&due=in+3+days", "title=x;notes=;list=Inbox;due=2027-01-03;"},
    {CREATE, "title=x&done=true", "title=x;notes=;list=Inbox;done=1;"},
    {CREATE, "title=x&done=1", "title=x;notes=;list=Inbox;done=1;"},
    {CREATE, "title=x&done=yes", "title=x;notes=;list=Inbox;done=1;"},
    {CREATE, "title=x&done=false", "title=x;notes=;list=Inbox;done=0;"},
    {CREATE, "title=x&done=0", "title=x;notes=;list=Inbox;done=0;"},
    {CREATE, "title=x&done=off", "title=x;notes=;list=Inbox;done=0;"},
    {CREATE, "title=x&done=no", "title=x;notes=;list=Inbox;done=0;"},

    /* edit */
    {EDIT, "{}", ""},
    {EDIT, "{\"title\":\" y \"}", "title=y;"},
    {EDIT, "{\"done\":true}", "done=1;"},
    {EDIT, "{\"notes\":null,\"list\":null,\"tags\":null,\"priority\":null,\"due\":null,\"done\":null}",
     "notes=;list=Inbox;tags=;priority=0;due=(none);done=0;"},
    {EDIT, "{\"priority\":3,\"due\":\"2026-12-01\",\"tags\":[\"b\"]}", "tags=b;priority=3;due=2026-12-01;"},
    {EDIT, "title=y&notes=&list=&tags=&priority=&due=&done=",
     "title=y;notes=;list=Inbox;tags=;priority=0;due=(none);done=0;"},
    {EDIT, "done=1", "done=1;"},
    {EDIT, "due=1+feb", "due=2027-02-01;"},
    {EDIT, "{\"above\":7}", "above=7;"},
    {EDIT, "{\"below\":7,\"list\":\"Work\"}", "list=Work;below=7;"},
    {EDIT, "above=7&below=", "above=7;"},
    {EDIT, "below=7&above=", "below=7;"},
    {EDIT, "above=&below=", ""},

    /* lists */
    {EDIT_LIST, "{}", "home name=(kept) public=-1"},
    {EDIT_LIST, "{\"name\":\" Our   home \"}", "home name=Our home public=-1"},
    {EDIT_LIST, "{\"public\":true}", "home name=(kept) public=1"},
    {EDIT_LIST, "{\"public\":false,\"name\":\"x\"}", "home name=x public=0"},
    {EDIT_LIST, "{\"public\":null}", "home name=(kept) public=0"},
    {EDIT_LIST, "name=x&public=on", "home name=x public=1"},
    {EDIT_LIST, "public=", "home name=(kept) public=0"},
};

static void good_fields_are_taken(void **state)
{
    (void)state;
    static const enum command_op ops[] = {COMMAND_CREATE, COMMAND_EDIT, COMMAND_LIST_EDIT};
    for (size_t i = 0; i < LENGTH(good); i++) {
        if (!run(good[i].kind, good[i].body))
            fail_msg("%s: %s %s", good[i].body, problems.item[0].field, problems.item[0].detail);
        if (strcmp(summary(good[i].kind), good[i].summary) != 0)
            fail_msg("%s: got %s", good[i].body, summary(good[i].kind));
        assert_int_equal(command.op, ops[good[i].kind]);
        assert_int_equal(command.todo, good[i].kind == EDIT ? 42 : 0);
    }
}

static const char a_string[] = "must be a string";
static const char a_bool[] = "must be true or false";
static const char a_priority[] = "must be a whole number from 1 to 4";
static const char an_array[] = "must be an array of strings";
static const char no_control[] = "must not contain control characters";
static const char a_due[] = "must be a date (2026-12-01) or a time (2026-12-01T18:00:00Z)";
static const char not_empty[] = "must not be empty";
static const char an_id[] = "must be the id of a todo";
static const char not_of_todo[] = "is not a field of a todo";

static const struct {
    enum kind kind;
    const char *body, *field, *detail;
} bad[] = {
    /* title */
    {CREATE, "{}", "title", "is required"},
    {CREATE, "{\"title\":null}", "title", "is required"},
    {CREATE, "notes=x", "title", "is required"},
    {CREATE, "title=", "title", "is required"},
    {CREATE, "{\"title\":\"\"}", "title", not_empty},
    {CREATE, "{\"title\":\"  \\u00a0\\u3000\"}", "title", not_empty},
    {CREATE, "title=+", "title", not_empty},
    {CREATE, "{\"title\":1}", "title", a_string},
    {CREATE, "{\"title\":[\"x\"]}", "title", a_string},
    {CREATE, "{\"title\":true}", "title", a_string},
    {CREATE, "{\"title\":{}}", "title", a_string},
    {CREATE, "{\"title\":\"a\\tb\"}", "title", no_control},
    {CREATE, "{\"title\":\"a\\n\"}", "title", no_control}, /* not trimmed away */
    {CREATE, "{\"title\":\"a\\u007f\"}", "title", no_control},
    {CREATE, "{\"title\":\"a\\u0085\"}", "title", no_control},
    {CREATE, "title=a%0Ab", "title", no_control},
    {CREATE, "{\"title\":\"\\u200b\"}", "title", "must contain something visible"},
    {EDIT, "{\"title\":null}", "title", "cannot be removed"},
    {EDIT, "{\"title\":\" \"}", "title", not_empty},
    {EDIT, "title=", "title", not_empty},

    /* quick */
    {CREATE, "{\"quick\":\"x\",\"title\":\"y\"}", "quick", "cannot stand beside a title"},
    {CREATE, "quick=x&title=y", "quick", "cannot stand beside a title"},
    {CREATE, "{\"quick\":1}", "quick", a_string},
    {CREATE, "{\"quick\":\"\"}", "quick", "must say what is to be done"},
    {CREATE, "{\"quick\":\"#home !2\"}", "quick", "must say what is to be done"},
    {CREATE, "{\"quick\":\"a\\nb\"}", "quick", no_control},
    {CREATE, "{\"quick\":\"\\u200b #a\"}", "quick", "has a title that must contain something visible"},
    {EDIT, "{\"quick\":\"x\"}", "quick", not_of_todo},

    /* notes */
    {EDIT, "{\"notes\":1}", "notes", a_string},
    {EDIT, "{\"notes\":[]}", "notes", a_string},
    {EDIT, "{\"notes\":\"a\\u0007\"}", "notes",
     "must not contain control characters other than tabs and line feeds"},
    {EDIT, "notes=%0B", "notes", "must not contain control characters other than tabs and line feeds"},

    /* list */
    {EDIT, "{\"list\":\"\"}", "list", not_empty},
    {EDIT, "{\"list\":\" \"}", "list", not_empty},
    {EDIT, "{\"list\":7}", "list", a_string},
    {EDIT, "{\"list\":\"a\\tb\"}", "list", no_control},
    {EDIT, "{\"list\":\"a\\u202eb\"}", "list", "must not contain controls of writing direction"},
    {EDIT, "{\"list\":\"\\u2060\"}", "list", "must contain something visible"},

    /* tags */
    {EDIT, "{\"tags\":\"a,b\"}", "tags", an_array},
    {EDIT, "{\"tags\":{}}", "tags", an_array},
    {EDIT, "{\"tags\":false}", "tags", an_array},
    {EDIT, "{\"tags\":[\"a\",1]}", "tags[1]", a_string},
    {EDIT, "{\"tags\":[\"a\",null]}", "tags[1]", a_string},
    {EDIT, "{\"tags\":[[\"a\"]]}", "tags[0]", a_string},
    {EDIT, "{\"tags\":[\"a\",\"b\",\"c\",\"\"]}", "tags[3]", not_empty},
    {EDIT, "{\"tags\":[\"a\\nb\"]}", "tags[0]", no_control},
    {EDIT, "{\"tags\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "tags", "must be at most 16"},
    {EDIT, "tags=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q", "tags", "must be at most 16"},
    {EDIT, "tags=a+%22b", "tags", "must not have a quote that is not closed"},
    {EDIT, "tags=a+%22%22", "tags", not_empty},
    {EDIT, "tags=a%09b", "tags", no_control},

    /* priority */
    {EDIT, "{\"priority\":0}", "priority", a_priority},
    {EDIT, "{\"priority\":5}", "priority", a_priority},
    {EDIT, "{\"priority\":-1}", "priority", a_priority},
    {EDIT, "{\"priority\":4294967297}", "priority", a_priority},
    {EDIT, "{\"priority\":1.5}", "priority", a_priority},
    {EDIT, "{\"priority\":\"1\"}", "priority", a_priority},
    {EDIT, "{\"priority\":\"\"}", "priority", a_priority},
    {EDIT, "{\"priority\":true}", "priority", a_priority},
    {EDIT, "priority=0", "priority", a_priority},
    {EDIT, "priority=5", "priority", a_priority},
    {EDIT, "priority=11", "priority", a_priority},
    {EDIT, "priority=+1", "priority", a_priority},
    {EDIT, "priority=high", "priority", a_priority},

    /* due */
    {EDIT, "{\"due\":20261201}", "due", a_string},
    {EDIT, "{\"due\":\"\"}", "due", a_due},
    {EDIT, "{\"due\":\"tomorrow\"}", "due", a_due},
    {EDIT, "{\"due\":\"2026-12-01T18:00\"}", "due", a_due},
    {EDIT, "{\"due\":\"2026-02-30\"}", "due", "must be a day of the calendar"},
    {EDIT, "{\"due\":\"2026-12-01T23:59:60Z\"}", "due", "must have a time from 00:00:00 to 23:59:59"},
    {EDIT, "due=2025-02-29", "due", "must be a day of the calendar"},

    {EDIT, "due=nevermore", "due",
     "must be a date (2026-12-01) or a time (2026-12-01T18:00:00Z), or words such as next friday"},
    {EDIT, "due=30+february", "due", "must be a date (2026-12-01) or a time (2026-12-01T18:00:00Z)"},

    /* place */
    {EDIT, "{\"above\":\"7\"}", "above", an_id},
    {EDIT, "{\"above\":null}", "above", an_id},
    {EDIT, "{\"below\":0}", "below", an_id},
    {EDIT, "{\"below\":1.5}", "below", an_id},
    {EDIT, "above=-7", "above", an_id},
    {EDIT, "above=99999999999999999999", "above", an_id},
    {EDIT, "{\"above\":42}", "above", "must be another todo"},
    {EDIT, "{\"above\":7,\"below\":8}", "below",
     "cannot be said together with the other one of above and below"},
    {CREATE, "{\"title\":\"x\",\"above\":7}", "above", not_of_todo},

    /* done */
    {EDIT, "{\"done\":1}", "done", a_bool},
    {EDIT, "{\"done\":\"true\"}", "done", a_bool},
    {EDIT, "{\"done\":\"\"}", "done", a_bool},
    {EDIT, "{\"done\":[]}", "done", a_bool},
    {EDIT, "done=maybe", "done", a_bool},
    {EDIT, "done=TRUE", "done", a_bool},

    /* what nobody knows */
    {CREATE, "{\"title\":\"x\",\"colour\":\"red\"}", "colour", not_of_todo},
    {CREATE, "{\"title\":\"x\",\"Title\":\"y\"}", "Title", not_of_todo},
    {CREATE, "{\"title\":\"x\",\"id\":7}", "id", not_of_todo},
    {CREATE, "{\"title\":\"x\",\"version\":7}", "version", not_of_todo},
    {CREATE, "{\"title\":\"x\",\"public\":true}", "public", not_of_todo},
    {CREATE, "{\"title\":\"x\",\"\":null}", "", not_of_todo},
    {CREATE, "title=x&colour=", "colour", not_of_todo}, /* empty, but there */
    {EDIT, "{\"colour\":null}", "colour", not_of_todo},
    {EDIT_LIST, "{\"title\":\"x\"}", "title", "is not a field of a list"},

    /* lists */
    {EDIT_LIST, "{\"name\":null}", "name", "cannot be removed"},
    {EDIT_LIST, "{\"name\":\"\"}", "name", not_empty},
    {EDIT_LIST, "name=", "name", not_empty},
    {EDIT_LIST, "{\"name\":1}", "name", a_string},
    {EDIT_LIST, "{\"public\":1}", "public", a_bool},
    {EDIT_LIST, "{\"public\":\"true\"}", "public", a_bool},
    {EDIT_LIST, "public=2", "public", a_bool},
};

static void bad_fields_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (run(bad[i].kind, bad[i].body) || problems.count != 1 ||
            strcmp(problems.item[0].field, bad[i].field) != 0 ||
            strcmp(problems.item[0].detail, bad[i].detail) != 0)
            fail_msg("%s: got %zu, \"%s\" %s", bad[i].body, problems.count, problems.item[0].field,
                     problems.item[0].detail);
}

static void all_problems_are_found(void **state)
{
    (void)state;
    run(CREATE,
        "{\"notes\":1,\"list\":\"\",\"tags\":[1,\"\"],\"priority\":9,\"due\":\"x\",\"done\":0,\"no\":1}");
    static const char *const fields[] = {"title",    "notes", "list", "tags[0]", "tags[1]",
                                         "priority", "due",   "done", "no"};
    assert_int_equal(problems.count, LENGTH(fields));
    for (size_t i = 0; i < LENGTH(fields); i++)
        assert_string_equal(problems.item[i].field, fields[i]);
}

/* {"field":"characters…"} with so many of them, `before` and `after` them. */
static const char *repeated(const char *before, const char *character, size_t n, const char *after)
{
    static char body[128 * 1024];
    char *to = stpcpy(body, before);
    while (n-- > 0)
        to = stpcpy(to, character);
    strcpy(to, after);
    return body;
}

static void limits_are_exact(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        const char *before, *character, *after;
        size_t most;
        const char *detail;
    } cases[] = {
        {CREATE, "{\"title\":\"", "x", "\"}", TODO_TITLE_CHARS, "must be at most 200 characters"},
        {CREATE, "{\"title\":\" ", "ä", " \"}", TODO_TITLE_CHARS, "must be at most 200 characters"},
        {CREATE, "{\"title\":\"", "😀", "\"}", TODO_TITLE_CHARS, "must be at most 200 characters"},
        {CREATE, "title=", "%F0%9F%98%80", "", TODO_TITLE_CHARS, "must be at most 200 characters"},
        {CREATE, "{\"quick\":\"#a ", "買", " !2\"}", TODO_TITLE_CHARS,
         "has a title that must be at most 200 characters"},
        {EDIT, "{\"notes\":\"", "x", "\"}", TODO_NOTES_BYTES, "must be at most 16384 bytes"},
        {EDIT, "{\"notes\":\"", "ä", "\"}", TODO_NOTES_BYTES / 2, "must be at most 16384 bytes"},
        {EDIT, "{\"notes\":\"", "😀", "\"}", TODO_NOTES_BYTES / 4, "must be at most 16384 bytes"},
        {EDIT, "{\"notes\":\"", "\\r\\n", "\"}", TODO_NOTES_BYTES, "must be at most 16384 bytes"},
        {EDIT, "notes=", "%0D%0A", "", TODO_NOTES_BYTES, "must be at most 16384 bytes"},
        {EDIT, "{\"list\":\"", "買", "\"}", NAME_CHARS, "must be at most 64 characters"},
        {EDIT, "{\"list\":\"", "e\xCC\x81", "\"}", NAME_CHARS, "must be at most 64 characters"},
        {EDIT, "{\"tags\":[\"", "ß", "\"]}", NAME_CHARS, "must be at most 64 characters"},
        {EDIT, "tags=", "x", "", NAME_CHARS, "must be at most 64 characters"},
        {EDIT, "{\"tags\":[\"a\"", ",\"a\"", "]}", TODO_TAGS - 1, "must be at most 16"},
        {EDIT_LIST, "{\"name\":\"", "😀", "\"}", NAME_CHARS, "must be at most 64 characters"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (!run(cases[i].kind, repeated(cases[i].before, cases[i].character, cases[i].most, cases[i].after)))
            fail_msg("case %zu, at the limit: %s", i, problems.item[0].detail);
        if (run(cases[i].kind,
                repeated(cases[i].before, cases[i].character, cases[i].most + 1, cases[i].after)))
            fail_msg("case %zu, one beyond the limit: taken", i);
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.item[0].detail, cases[i].detail);
    }
}

static void sixteen_tags_are_taken(void **state)
{
    (void)state;
    assert_true(run(EDIT, "tags=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p"));
    assert_int_equal(command.draft.ntags, TODO_TAGS);
    assert_string_equal(command.draft.tags[15], "p");
}

/* ---- without fields */

static void other_commands_take_no_fields(void **state)
{
    (void)state;
    json_t *nothing = json_object(), *something = json_pack("{s:s}", "title", "x");

    problems = (struct problems){0};
    command = (struct command){.arena = command.arena};
    assert_true(command_todo(&command, COMMAND_RESTORE, 7, nothing, &problems));
    assert_int_equal(command.op, COMMAND_RESTORE);
    assert_int_equal(command.todo, 7);
    assert_false(command_todo(&command, COMMAND_PURGE, 7, something, &problems));
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.item[0].field, "title");
    assert_string_equal(problems.item[0].detail, "is not a field of this request");

    problems = (struct problems){0};
    assert_true(command_list_delete(&command, "größe", nothing, &problems));
    assert_int_equal(command.op, COMMAND_LIST_DELETE);
    assert_string_equal(command.slug, "größe");
    assert_false(command_list_delete(&command, "größe", something, &problems));
    assert_string_equal(problems.item[0].field, "title");

    json_decref(nothing);
    json_decref(something);
}

/* ---- controls of a form */

static void controls_are_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *form, *method, *next;
        uint32_t version;
        const char *problem, *detail;
    } cases[] = {
        {"title=x", NULL, NULL, 0, NULL, NULL},
        {"_method=PATCH&next=/todos/42&version=3", "PATCH", "/todos/42", 3, NULL, NULL},
        {"_method=DELETE&next=/", "DELETE", "/", 0, NULL, NULL},
        {"next=/lists/gr%25C3%25B6%3Fa%3Db%23t42", NULL, "/lists/gr%C3%B6?a=b#t42", 0, NULL, NULL},
        {"next=&version=", NULL, NULL, 0, NULL, NULL},
        {"version=4294967295", NULL, NULL, UINT32_MAX, NULL, NULL},
        {"_method=patch", NULL, NULL, 0, "_method", "must be PATCH or DELETE"},
        {"_method=POST", NULL, NULL, 0, "_method", "must be PATCH or DELETE"},
        {"_method=", NULL, NULL, 0, "_method", "must be PATCH or DELETE"},
        {"next=todos", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=//example.org", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=/%5Cexample.org", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=/a%5Cb", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=https://example.org/", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=javascript:alert(1)", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=+/", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=/%09/example.org", NULL, NULL, 0, "next", "must be a path on this site"},
        {"next=/a%0D%0ASet-Cookie:+x", NULL, NULL, 0, "next", "must be a path on this site"},
        {"version=0", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=-1", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=%2B1", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=+1", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=1.0", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=4294967296", NULL, NULL, 0, "version", "must be the number of a version"},
        {"version=99999999999999999999", NULL, NULL, 0, "version", "must be the number of a version"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct form_controls controls;
        enum body_result result;
        problems = (struct problems){0};
        json_t *body = body_parse(BODY_FORM, cases[i].form, strlen(cases[i].form), &result, &problems);
        assert_non_null(body);
        form_controls(&command.arena, body, &controls, &problems);
        assert_null(json_object_get(body, "_method"));
        assert_null(json_object_get(body, "next"));
        assert_null(json_object_get(body, "version"));
        assert_int_equal(json_object_size(body), strcmp(cases[i].form, "title=x") == 0);
        json_decref(body); /* what was taken outlives it */

        assert_int_equal(controls.version, cases[i].version);
        assert_int_equal(controls.method == NULL, cases[i].method == NULL);
        if (cases[i].method)
            assert_string_equal(controls.method, cases[i].method);
        assert_int_equal(controls.next == NULL, cases[i].next == NULL);
        if (cases[i].next)
            assert_string_equal(controls.next, cases[i].next);
        assert_int_equal(problems.count, cases[i].problem != NULL);
        if (cases[i].problem) {
            assert_string_equal(problems.item[0].field, cases[i].problem);
            assert_string_equal(problems.item[0].detail, cases[i].detail);
        }
    }
}

static void the_way_back_is_bounded(void **state)
{
    (void)state;
    for (size_t len = NEXT_BYTES; len <= NEXT_BYTES + 1; len++) {
        char *path = malloc(len + 1);
        memset(path, 'x', len);
        path[0] = '/';
        path[len] = '\0';
        json_t *body = json_pack("{s:s}", "next", path);
        struct form_controls controls;
        problems = (struct problems){0};
        form_controls(&command.arena, body, &controls, &problems);
        assert_int_equal(controls.next != NULL, len == NEXT_BYTES);
        assert_int_equal(problems.count, len == NEXT_BYTES ? 0 : 1);
        json_decref(body);
        free(path);
    }
}

/* ---- import */

static bool import(enum body_type type, const char *document, size_t len)
{
    arena_reset(&command.arena);
    command = (struct command){.arena = command.arena};
    problems = (struct problems){0};
    return command_import(&command, type, document, len, &today, &problems);
}

static void a_task_list_is_imported(void **state)
{
    (void)state;
    static const char document[] = "# Home\r\n\r\n- [ ] Buy milk\r- [ ] Call Zoë\r\n";
    assert_true(import(BODY_MARKDOWN, document, strlen(document)));
    assert_int_equal(command.op, COMMAND_IMPORT);
    assert_int_equal(command.ndrafts, 2);
    assert_string_equal(command.drafts[0].title, "Buy milk");
    assert_string_equal(command.drafts[1].title, "Call Zoë");
    assert_string_equal(command.drafts[1].list, "Home");
}

static void other_documents_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum body_type type;
        const char *document;
        size_t len;
        const char *detail;
    } cases[] = {
        {BODY_MARKDOWN, "", 0, "The document has no todo"},
        {BODY_MARKDOWN, "# Home\n\n- Buy milk\n", 19, "The document has no todo"},
        {BODY_MARKDOWN, "- [ ] \xFF\n", 8, "The document is not valid UTF-8."},
        {BODY_MARKDOWN, "- [ ] \xC0\xAF\n", 9, "The document is not valid UTF-8."},
        {BODY_MARKDOWN, "- [ ] \xED\xA0\x80\n", 10, "The document is not valid UTF-8."},
        {BODY_MARKDOWN, "- [ ] a\0b\n", 10, "The document must not contain NUL."},
        {BODY_MARKDOWN, "- [ ] a\x1B[1m\n", 12, "The document must not contain control characters"},
        {BODY_JSON, "{}", 2, "Only text/markdown can be imported."},
        {BODY_TEXT, "- [ ] x", 7, "Only text/markdown can be imported."},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_false(import(cases[i].type, cases[i].document, cases[i].len));
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.item[0].field, "");
        if (strncmp(problems.item[0].detail, cases[i].detail, strlen(cases[i].detail)) != 0)
            fail_msg("%s: got %s", cases[i].document, problems.item[0].detail);
        assert_int_equal(command.ndrafts, 0);
    }
}

/* ---- keys */

static void keys_are_printable_and_bounded(void **state)
{
    (void)state;
    char longest[WRITE_KEY_BYTES + 3];
    memset(longest, 'k', sizeof longest);
    longest[0] = longest[WRITE_KEY_BYTES + 1] = '"';
    const struct {
        const char *key;
        size_t len;
        const char *taken; /* NULL: refused */
    } cases[] = {
        {"a", 1, "a"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", 36, "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"\"a b\"", 5, "a b"},
        {"abc", 2, "ab"}, /* the length counts */
        {"\"", 1, "\""},
        {"\"a", 2, "\"a"},
        {"~ !", 3, "~ !"},
        {"", 0, NULL},
        {"\"\"", 2, NULL},
        {"a\x1F", 2, NULL},
        {"a\x7F", 2, NULL},
        {"ä", 2, NULL},
        {"a\0b", 3, NULL},
        {"a\tb", 3, NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        command.key = NULL;
        bool taken = command_set_key(&command, cases[i].key, cases[i].len);
        assert_int_equal(taken, cases[i].taken != NULL);
        if (taken) {
            assert_string_equal(command.key, cases[i].taken);
            assert_int_equal(command.key_len, strlen(cases[i].taken));
        } else {
            assert_null(command.key);
        }
    }
    assert_true(command_set_key(&command, longest + 1, WRITE_KEY_BYTES));
    assert_true(command_set_key(&command, longest, WRITE_KEY_BYTES + 2)); /* without its quotes */
    assert_int_equal(command.key_len, WRITE_KEY_BYTES);
    longest[WRITE_KEY_BYTES + 1] = 'k';
    assert_false(command_set_key(&command, longest + 1, WRITE_KEY_BYTES + 1));
}

static void fingerprints_tell_requests_apart(void **state)
{
    (void)state;
    static const char *const requests[][4] = {
        {"POST", "/api/todos", "application/json", "{}"},  {"PATCH", "/api/todos", "application/json", "{}"},
        {"POST", "/api/todo", "application/json", "{}"},   {"POST", "/api/todos", "application/jso", "n{}"},
        {"POST", "/api/todos", "application/json", "{ }"}, {"POST", "/api/todos", "application/json{}", ""},
        {"POST/", "api/todos", "application/json", "{}"},  {"POST", "/api/todos", "", "application/json{}"},
    };
    unsigned char prints[LENGTH(requests)][sizeof command.fingerprint];
    for (size_t i = 0; i < LENGTH(requests); i++) {
        const char *const *r = requests[i];
        for (int again = 0; again < 2; again++) {
            memset(command.fingerprint, again, sizeof command.fingerprint);
            command_fingerprint(&command, r[0], strlen(r[0]), r[1], strlen(r[1]), r[2], strlen(r[2]), r[3],
                                strlen(r[3]));
            if (again)
                assert_memory_equal(prints[i], command.fingerprint, sizeof command.fingerprint);
            memcpy(prints[i], command.fingerprint, sizeof command.fingerprint);
        }
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(prints[j], prints[i], sizeof command.fingerprint);
    }

    /* Receipts outlive the process. Python: blake2b(digest_size=32), lengths as 8 bytes, little end first. */
    static const unsigned char known[] = {0x2b, 0xb4, 0x3f, 0x0f, 0x18, 0x9f, 0x1c, 0x5f};
    assert_memory_equal(prints[0], known, sizeof known);
}

static void a_passphrase_is_one_string(void **state)
{
    (void)state;
    static const struct {
        const char *body, *field; /* NULL: it is taken */
    } cases[] = {
        {"{\"passphrase\":\" as it is \"}", NULL},
        {"{\"passphrase\":\"\"}", "passphrase"},
        {"{\"passphrase\":null}", "passphrase"},
        {"{\"passphrase\":[\"x\"]}", "passphrase"},
        {"{}", "passphrase"},
        {"{\"passphrase\":\"x\",\"user\":\"y\"}", "user"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        json_t *body = json_loads(cases[i].body, 0, NULL);
        problems = (struct problems){0};
        const char *passphrase = command_passphrase(body, &problems);
        if (cases[i].field) {
            assert_null(passphrase);
            assert_string_equal(problems.item[0].field, cases[i].field);
        } else {
            assert_string_equal(passphrase, " as it is ");
        }
        json_decref(body);
    }
    char longest[PASSPHRASE_BYTES + 2];
    memset(longest, 'x', sizeof longest);
    for (size_t over = 0; over < 2; over++) {
        longest[PASSPHRASE_BYTES + over] = '\0';
        json_t *body = json_pack("{s:s}", "passphrase", longest);
        problems = (struct problems){0};
        assert_int_equal(command_passphrase(body, &problems) == NULL, over);
        longest[PASSPHRASE_BYTES] = 'x';
        json_decref(body);
    }
    json_t *nothing = json_object(), *something = json_pack("{s:s}", "passphrase", "x");
    problems = (struct problems){0};
    assert_true(command_nothing(nothing, &problems));
    assert_false(command_nothing(something, &problems));
    json_decref(nothing);
    json_decref(something);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(good_fields_are_taken, release),
        cmocka_unit_test_teardown(bad_fields_are_refused_by_name, release),
        cmocka_unit_test_teardown(all_problems_are_found, release),
        cmocka_unit_test_teardown(limits_are_exact, release),
        cmocka_unit_test_teardown(sixteen_tags_are_taken, release),
        cmocka_unit_test_teardown(other_commands_take_no_fields, release),
        cmocka_unit_test_teardown(controls_are_taken_out, release),
        cmocka_unit_test_teardown(the_way_back_is_bounded, release),
        cmocka_unit_test_teardown(a_task_list_is_imported, release),
        cmocka_unit_test_teardown(other_documents_are_refused, release),
        cmocka_unit_test(a_passphrase_is_one_string),
        cmocka_unit_test_teardown(keys_are_printable_and_bounded, release),
        cmocka_unit_test_teardown(fingerprints_tell_requests_apart, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
