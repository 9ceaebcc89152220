/*
 * What more than one fuzzer asks. CHECK() is an assertion that says where it stands and is never compiled
 * out.
 */
#ifndef WRIT_TESTS_FUZZ_CHECK_H
#define WRIT_TESTS_FUZZ_CHECK_H

#include "../../db/todo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds) ((holds) ? (void)0 : check_failed(#holds, __FILE__, __LINE__))

static inline _Noreturn void check_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* The day that all fuzzers live in: a Monday. */
static const struct tm today = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23};

static inline bool is_utf8(const char *s)
{
    const char *why = text_check(s, strlen(s), true);
    return !why || !strstr(why, "UTF-8");
}

static inline void check_name(struct arena *a, const char *name)
{
    const char *why;
    const char *again = name_normal(a, name, &why);
    CHECK(again && strcmp(again, name) == 0);

    const char *slug = slug_from(a, name);
    CHECK(strlen(slug) <= SLUG_BYTES - 8 && !text_check(slug, strlen(slug), false));
    size_t n;
    for (const char *s = slug; *s != '\0'; s += n)
        CHECK(name_char(text_at(s, &n)) != NAME_OTHER ||
              (*s == '-' && s > slug && s[1] != '\0' && s[1] != '-'));
}

/* What is present of a draft is as the model promises it. Of a line of quick add the title is as it came. */
static inline void check_draft(struct arena *a, const struct todo_draft *draft)
{
    if (draft->present & FIELD_TITLE)
        CHECK(!text_check(draft->title, strlen(draft->title), false) && !title_check(draft->title));
    if (draft->present & FIELD_NOTES)
        CHECK(!text_check(draft->notes, strlen(draft->notes), true) &&
              strlen(draft->notes) <= TODO_NOTES_BYTES);
    if (draft->present & FIELD_LIST)
        check_name(a, draft->list);
    CHECK(draft->ntags <= TODO_TAGS && draft->priority <= TODO_PRIORITIES);
    for (unsigned i = 0; i < draft->ntags; i++) {
        check_name(a, draft->tags[i]);
        for (unsigned j = 0; j < i; j++)
            CHECK(strcmp(name_key(a, draft->tags[i]), name_key(a, draft->tags[j])) != 0);
    }
    struct due due;
    CHECK(!draft->due || (!due_parse(draft->due, &due) && strcmp(due.text, draft->due) == 0));
}

static inline void check_problems(const struct problems *problems)
{
    CHECK(problems->count <= PROBLEMS);
    for (size_t i = 0; i < problems->count; i++)
        CHECK(is_utf8(problems->item[i].field) && is_utf8(problems->item[i].detail) &&
              *problems->item[i].detail);
}

static inline void check_same(const struct todo_draft *x, const struct todo_draft *y)
{
    CHECK(strcmp(x->title, y->title) == 0);
    CHECK(strcmp(x->notes ? x->notes : "", y->notes ? y->notes : "") == 0);
    CHECK(strcmp(x->list ? x->list : "", y->list ? y->list : "") == 0);
    CHECK(strcmp(x->due ? x->due : "", y->due ? y->due : "") == 0);
    CHECK(x->priority == y->priority && x->done == y->done && x->ntags == y->ntags);
    for (unsigned i = 0; i < x->ntags; i++)
        CHECK(strcmp(x->tags[i], y->tags[i]) == 0);
}

#endif
