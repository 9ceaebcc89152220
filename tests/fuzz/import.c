/*
 * A Markdown document -> todos -> a document, as an .md twin has them -> the same todos.
 */
#include "../../db/outline.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_document(struct arena *a, const struct outline *outline)
{
    char *document = arena_strdup(a, "");
    const char *list = NULL;
    for (size_t i = 0; i < outline->ntodos; i++) {
        const struct todo_draft *todo = &outline->todos[i];
        const struct outline_todo row = {.title = todo->title,
                                         .notes = todo->notes,
                                         .due = todo->due,
                                         .tags = (const char *const *)todo->tags,
                                         .ntags = todo->ntags,
                                         .priority = todo->priority,
                                         .done = todo->done};
        const char *heading = "";
        if (!list || strcmp(list, todo->list) != 0)
            heading = outline_heading(a, list = todo->list);
        document = arena_printf(a, "%s%s%s\n", document, heading, outline_todo(a, &row));
    }
    return document;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct problems problems = {0};
    struct outline outline, again;
    char *document = arena_strndup(&a, (const char *)data, size);
    size_t len = text_unix_lines(document, size);
    document[len] = '\0';
    bool good =
        !text_check(document, len, true) && outline_read(&a, document, len, &today, &outline, &problems);
    check_problems(&problems);
    if (good) {
        for (size_t i = 0; i < outline.ntodos; i++)
            check_draft(&a, &outline.todos[i]);
        document = write_document(&a, &outline);
        CHECK(outline_read(&a, document, strlen(document), &today, &again, &problems));
        CHECK(outline.ntodos == again.ntodos);
        for (size_t i = 0; i < outline.ntodos; i++)
            check_same(&outline.todos[i], &again.todos[i]);
    }
    arena_release(&a);
    return 0;
}
