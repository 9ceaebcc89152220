/*
 * A body and its content type -> every command that could be meant. The first line is the Content-Type
 * header, the rest the body.
 */
#include "../../api/command.h"
#include "../../api/kept.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Signing in: the passphrase, and a form that is kept meanwhile. */
static void sign_in(enum body_type type, const char *base, size_t len)
{
    struct arena a = {0};
    struct kept kept = {0};
    struct problems problems = {0};
    enum body_result result;
    json_t *body = body_parse(type, base, len, &result, &problems);
    if (body && type == BODY_FORM)
        kept_take(&kept, &a, body);
    CHECK(!kept.action || strncmp(kept.action, "/api/", 5) == 0);
    const char *passphrase = body ? command_passphrase(body, &problems) : NULL;
    CHECK((passphrase != NULL) == (problems.count == 0));
    CHECK(!passphrase || strlen(passphrase) <= PASSPHRASE_BYTES);
    kept_release(&kept);
    json_decref(body);
    arena_release(&a);
}

/* The fields of a form are consumed by its controls: each command gets a body of its own. */
static void run(enum command_op op, enum body_type type, const char *base, size_t len)
{
    struct command command = {0};
    struct problems problems = {0};
    bool form = type == BODY_FORM, good = false;

    if (op == COMMAND_IMPORT) {
        good = command_import(&command, type, base, len, &today, &problems);
        for (size_t i = 0; good && i < command.ndrafts; i++)
            check_draft(&command.arena, &command.drafts[i]);
    } else {
        enum body_result result;
        json_t *body = body_parse(type, base, len, &result, &problems);
        CHECK((body != NULL) == (result == BODY_OK));
        struct form_controls controls = {0};
        if (body && form)
            form_controls(&command.arena, body, &controls, &problems);
        if (controls.next)
            CHECK(controls.next[0] == '/' && controls.next[1] != '/' && !strpbrk(controls.next, "\\\r\n\t"));
        if (body && op == COMMAND_CREATE)
            good = command_create(&command, body, form, &today, &problems);
        else if (body && op == COMMAND_EDIT)
            good = command_edit(&command, 1, body, form, &today, &problems);
        else if (body && op == COMMAND_LIST_EDIT)
            good = command_list_edit(&command, "slug", body, form, &problems);
        else if (body && op == COMMAND_DELETE)
            good = command_todo(&command, op, 1, body, &problems);
        if (good)
            check_draft(&command.arena, &command.draft);
        if (good && command.list_name)
            check_name(&command.arena, command.list_name);
        json_decref(body);
    }
    CHECK(good == (problems.count == 0));
    check_problems(&problems);
    arena_release(&command.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *base = (const char *)data, *end = size ? memchr(base, '\n', size) : NULL;
    if (!end)
        return 0;
    enum body_type type = body_type(base, (size_t)(end - base));
    size_t len = size - (size_t)(end + 1 - base);

    static const enum command_op ops[] = {COMMAND_CREATE, COMMAND_EDIT, COMMAND_DELETE, COMMAND_LIST_EDIT,
                                          COMMAND_IMPORT};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        run(ops[i], type, end + 1, len);
    sign_in(type, end + 1, len);
    return 0;
}
