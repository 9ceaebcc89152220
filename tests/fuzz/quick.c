/*
 * A line of quick add -> a draft, and back: the title with a backslash before what would be read as a token,
 * its tokens behind it, gives the same draft again.
 */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_line(struct arena *a, const struct todo_draft *draft)
{
    char *line = arena_strdup(a, "");
    const char *end;
    for (const char *word = draft->title; *word != '\0'; word = end + (*end == ' ')) {
        end = word + strcspn(word, " ");
        line = arena_printf(a, "%s%s%.*s ", line, quick_is_token(word) ? "\\" : "", (int)(end - word), word);
    }
    return arena_printf(a, "%s%s", line,
                        quick_tokens(a, (const char *const *)draft->tags, draft->ntags, draft->priority,
                                     draft->due, draft->list));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (text_check((const char *)data, size, false))
        return 0;
    struct arena a = {0};
    struct todo_draft draft, again;
    quick_parse(&a, arena_strndup(&a, (const char *)data, size), &today, &draft);
    CHECK(strcmp(text_trim(arena_strdup(&a, draft.title)), draft.title) == 0);

    quick_parse(&a, write_line(&a, &draft), &today, &again);
    check_same(&draft, &again);
    if (title_check(draft.title))
        draft.present &= ~(unsigned)FIELD_TITLE;
    check_draft(&a, &draft);
    arena_release(&a);
    return 0;
}
