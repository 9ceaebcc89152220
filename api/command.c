/*
 * Bodies -> commands. Each kind of body has a table of its fields; a field has
 * one function that takes its value, from JSON or from a form, into the
 * command, or says what is wrong with it. All problems are found in one go,
 * so that a form comes back with everything that is to be mended.
 */
#include "command.h"

#include "../db/outline.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What the functions that take a value work on. */
struct taking {
    struct command *command;
    bool form;
    bool new_todo;          /* what is none is as if it were not there: a quick line may say it */
    const struct tm *today; /* of a form, in which a due date may be words */
    struct problems *problems;
};

struct field {
    const char *name;
    unsigned bit; /* enum todo_field; 0: not of a todo */
    void (*take)(struct taking *t, const char *name, json_t *value);
};

/* ---- values */

/* null in JSON, nothing in a form. */
static bool is_none(const struct taking *t, json_t *value)
{
    return json_is_null(value) || (t->form && json_string_length(value) == 0);
}

/* A copy of the string that may stand there, checked and trimmed if it is one line; or NULL and a problem. */
static char *take_text(struct taking *t, const char *name, json_t *value, bool lines)
{
    if (!json_is_string(value)) {
        problems_add(t->problems, name, "must be a string");
        return NULL;
    }
    size_t len = json_string_length(value);
    char *text = arena_strndup(&t->command->arena, json_string_value(value), len);
    if (lines) {
        len = text_unix_lines(text, len);
        text[len] = '\0';
    }
    const char *why = text_check(text, len, lines);
    if (why) {
        problems_add(t->problems, name, "%s", why);
        return NULL;
    }
    return lines ? text : text_trim(text);
}

static void take_bool(struct taking *t, const char *name, json_t *value, bool *out)
{
    static const char *const words[][4] = {{"false", "0", "off", "no"}, {"true", "1", "on", "yes"}};
    if (json_is_boolean(value) || is_none(t, value)) {
        *out = json_is_true(value);
        return;
    }
    for (int truth = 0; t->form && truth < 2; truth++)
        for (int i = 0; i < 4; i++)
            if (strcmp(json_string_value(value), words[truth][i]) == 0) {
                *out = truth;
                return;
            }
    problems_add(t->problems, name, "must be true or false");
}

static char *take_name(struct taking *t, const char *name, json_t *value)
{
    char *text = take_text(t, name, value, false);
    if (text == NULL)
        return NULL;
    const char *why;
    text = name_normal(&t->command->arena, text, &why);
    if (text == NULL)
        problems_add(t->problems, name, "%s", why);
    return text;
}

/* ---- a todo's fields */

static void take_title(struct taking *t, const char *name, json_t *value)
{
    if (json_is_null(value)) {
        problems_add(t->problems, name, "cannot be removed");
        return;
    }
    char *title = take_text(t, name, value, false);
    const char *why = title ? title_check(title) : NULL;
    if (why)
        problems_add(t->problems, name, "%s", why);
    t->command->draft.title = title;
}

static void take_notes(struct taking *t, const char *name, json_t *value)
{
    char *notes = is_none(t, value) ? arena_strdup(&t->command->arena, "") : take_text(t, name, value, true);
    if (notes && strlen(notes) > TODO_NOTES_BYTES)
        problems_add(t->problems, name, "must be at most %d bytes", TODO_NOTES_BYTES);
    t->command->draft.notes = notes;
}

static void take_list(struct taking *t, const char *name, json_t *value)
{
    t->command->draft.list =
        is_none(t, value) ? arena_strdup(&t->command->arena, DEFAULT_LIST) : take_name(t, name, value);
}

/* A tag as it was given; `field` is what a problem is said of. */
static void add_tag(struct taking *t, const char *field, const char *text)
{
    const char *why;
    char *name = name_normal(&t->command->arena, text, &why);
    if (name == NULL)
        problems_add(t->problems, field, "%s", why);
    else if (!name_add_tag(&t->command->arena, &t->command->draft, name))
        problems_add(t->problems, field, "must be at most %d", TODO_TAGS);
}

static bool separates_tags(const char *s, size_t *len)
{
    int32_t c = text_at(s, len);
    return c == ',' || text_is_space(c);
}

static void take_tag_words(struct taking *t, const char *field, const char *s)
{
    struct arena *a = &t->command->arena;
    size_t n;
    for (int count = 0; *s != '\0';) {
        if (separates_tags(s, &n)) {
            s += n;
            continue;
        }
        if (++count > TODO_TAGS) {
            problems_add(t->problems, field, "must be at most %d", TODO_TAGS);
            return;
        }
        const char *end = s;
        char *tag;
        if (*s == '"') {
            tag = quick_unquote(a, s, &end);
            if (tag == NULL) {
                problems_add(t->problems, field, "must not have a quote that is not closed");
                return;
            }
        } else {
            while (*end != '\0' && !separates_tags(end, &n))
                end += n;
            tag = arena_strndup(a, s, (size_t)(end - s));
        }
        add_tag(t, field, tag);
        s = end;
    }
}

static void take_tags(struct taking *t, const char *name, json_t *value)
{
    t->command->draft.ntags = 0;
    if (is_none(t, value))
        return;
    if (t->form) {
        char *words = take_text(t, name, value, false);
        if (words)
            take_tag_words(t, name, words);
        return;
    }
    if (!json_is_array(value)) {
        problems_add(t->problems, name, "must be an array of strings");
        return;
    }
    if (json_array_size(value) > TODO_TAGS) {
        problems_add(t->problems, name, "must be at most %d", TODO_TAGS);
        return;
    }
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        const char *path = arena_printf(&t->command->arena, "%s[%zu]", name, i);
        const char *tag = take_text(t, path, item, false);
        if (tag)
            add_tag(t, path, tag);
    }
}

static void take_priority(struct taking *t, const char *name, json_t *value)
{
    json_int_t number = 0;
    if (t->form && json_string_length(value) == 1)
        number = json_string_value(value)[0] - '0';
    else if (json_is_integer(value))
        number = json_integer_value(value);
    if (!is_none(t, value) && (number < 1 || number > TODO_PRIORITIES))
        problems_add(t->problems, name, "must be a whole number from 1 to %d", TODO_PRIORITIES);
    t->command->draft.priority = (unsigned)number;
}

static void take_due(struct taking *t, const char *name, json_t *value)
{
    t->command->draft.due = NULL;
    const char *text = is_none(t, value) ? NULL : take_text(t, name, value, false);
    if (text == NULL)
        return;
    struct due due;
    const char *why = due_parse(text, &due);
    t->command->draft.due = why && t->form ? due_from_words(&t->command->arena, text, t->today)
                            : why          ? NULL
                                           : arena_strdup(&t->command->arena, due.text);
    bool words = t->form && (*text < '0' || *text > '9');
    if (!t->command->draft.due)
        problems_add(t->problems, name, "%s%s", why, words ? ", or words such as next friday" : "");
}

static void take_done(struct taking *t, const char *name, json_t *value)
{
    take_bool(t, name, value, &t->command->draft.done);
}

/* The other todo that an edit puts this one beside. */
static void take_beside(struct taking *t, const char *name, json_t *value, bool above)
{
    struct todo_draft *draft = &t->command->draft;
    const char *text = json_string_value(value);
    json_int_t id = 0;
    if (t->form && is_none(t, value)) {
        if (!draft->beside)
            draft->present &= ~(unsigned)FIELD_PLACE;
        return;
    }
    if (json_is_integer(value))
        id = json_integer_value(value);
    else if (t->form && strlen(text) <= 18 && strspn(text, "0123456789") == strlen(text))
        id = strtoll(text, NULL, 10);
    if (id < 1)
        problems_add(t->problems, name, "must be the id of a todo");
    else if ((uint64_t)id == t->command->todo)
        problems_add(t->problems, name, "must be another todo");
    else if (draft->beside)
        problems_add(t->problems, name, "cannot be said together with the other one of above and below");
    draft->beside = (uint64_t)id;
    draft->above = above;
}

static void take_above(struct taking *t, const char *name, json_t *value)
{
    take_beside(t, name, value, true);
}

static void take_below(struct taking *t, const char *name, json_t *value)
{
    take_beside(t, name, value, false);
}

static const struct field todo_fields[] = {
    {"title", FIELD_TITLE, take_title},
    {"notes", FIELD_NOTES, take_notes},
    {"list", FIELD_LIST, take_list},
    {"tags", FIELD_TAGS, take_tags},
    {"priority", FIELD_PRIORITY, take_priority},
    {"due", FIELD_DUE, take_due},
    {"done", FIELD_DONE, take_done},
    {"above", FIELD_PLACE, take_above},
    {"below", FIELD_PLACE, take_below},
    {NULL, 0, NULL},
};

/* ---- a list's fields */

static void take_list_name(struct taking *t, const char *name, json_t *value)
{
    if (json_is_null(value))
        problems_add(t->problems, name, "cannot be removed");
    else
        t->command->list_name = take_name(t, name, value);
}

static void take_public(struct taking *t, const char *name, json_t *value)
{
    bool public = false;
    take_bool(t, name, value, &public);
    t->command->list_public = public;
}

static const struct field list_fields[] = {
    {"name", 0, take_list_name},
    {"public", 0, take_public},
    {NULL, 0, NULL},
};

/* ---- bodies */

/* `skip` is a field that has been dealt with, or NULL. `what` ends the sentence about an unknown one. */
static void take_fields(struct taking *t, const struct field *fields, json_t *body, const char *skip,
                        const char *what)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        if (skip && strcmp(name, skip) == 0)
            continue;
        const struct field *field = fields;
        while (field->name && strcmp(field->name, name) != 0)
            field++;
        bool known = field->name && !(t->new_todo && field->bit == FIELD_PLACE); /* a new one stands on top */
        if (!known) {
            problems_add(t->problems, name, "is not a field of %s", what);
        } else if (!t->new_todo || !is_none(t, value)) {
            t->command->draft.present |= field->bit;
            field->take(t, name, value);
        }
    }
}

/* What the line says counts before what the fields say, which are of the place that it was typed in; its tags
 * come on top of theirs. */
static void take_quick(struct taking *t, json_t *value)
{
    static const char name[] = "quick";
    struct todo_draft *draft = &t->command->draft, said;
    const char *line = take_text(t, name, value, false);
    if (line == NULL)
        return;
    quick_parse(&t->command->arena, line, t->today, &said);
    const char *why = title_check(said.title);
    if (*said.title == '\0')
        problems_add(t->problems, name, "must say what is to be done");
    else if (why)
        problems_add(t->problems, name, "has a title that %s", why);
    draft->title = said.title;
    if (said.present & FIELD_LIST)
        draft->list = said.list;
    if (said.present & FIELD_PRIORITY)
        draft->priority = said.priority;
    if (said.present & FIELD_DUE)
        draft->due = said.due;
    for (unsigned i = 0; i < said.ntags; i++)
        if (!name_add_tag(&t->command->arena, draft, said.tags[i])) {
            problems_add(t->problems, "tags", "must be at most %d", TODO_TAGS);
            break;
        }
    draft->present |= said.present;
}

/* The field, or NULL if it is none. */
static json_t *given(const struct taking *t, json_t *body, const char *name)
{
    json_t *value = json_object_get(body, name);
    return value && !is_none(t, value) ? value : NULL;
}

bool command_create(struct command *command, json_t *body, bool form, const struct tm *today,
                    struct problems *problems)
{
    struct taking t = {
        .command = command, .form = form, .new_todo = true, .today = today, .problems = problems};
    json_t *title = given(&t, body, "title"), *quick = given(&t, body, "quick");
    command->op = COMMAND_CREATE;
    command->draft = (struct todo_draft){0};
    if (title && quick)
        problems_add(problems, "quick", "cannot stand beside a title");
    else if (!title && !quick)
        problems_add(problems, "title", "is required");
    take_fields(&t, todo_fields, body, "quick", "a todo");
    if (quick && !title)
        take_quick(&t, quick);

    struct todo_draft *draft = &command->draft;
    if (!(draft->present & FIELD_NOTES))
        draft->notes = arena_strdup(&command->arena, "");
    if (!(draft->present & FIELD_LIST))
        draft->list = arena_strdup(&command->arena, DEFAULT_LIST);
    draft->present |= FIELD_TITLE | FIELD_NOTES | FIELD_LIST;
    return problems->count == 0;
}

bool command_edit(struct command *command, uint64_t id, json_t *body, bool form, const struct tm *today,
                  struct problems *problems)
{
    struct taking t = {.command = command, .form = form, .today = today, .problems = problems};
    command->op = COMMAND_EDIT;
    command->todo = id;
    command->draft = (struct todo_draft){0};
    take_fields(&t, todo_fields, body, NULL, "a todo");
    return problems->count == 0;
}

bool command_list_edit(struct command *command, const char *slug, json_t *body, bool form,
                       struct problems *problems)
{
    struct taking t = {.command = command, .form = form, .problems = problems};
    command->op = COMMAND_LIST_EDIT;
    command->slug = arena_strdup(&command->arena, slug);
    command->list_name = NULL;
    command->list_public = -1;
    take_fields(&t, list_fields, body, NULL, "a list");
    return problems->count == 0;
}

/* The end of a table that has nothing else. */
static const struct field no_fields[] = {{NULL, 0, NULL}};

bool command_todo(struct command *command, enum command_op op, uint64_t id, json_t *body,
                  struct problems *problems)
{
    struct taking t = {.command = command, .problems = problems};
    command->op = op;
    command->todo = id;
    take_fields(&t, no_fields, body, NULL, "this request");
    return problems->count == 0;
}

bool command_list_delete(struct command *command, const char *slug, json_t *body, struct problems *problems)
{
    struct taking t = {.command = command, .problems = problems};
    command->op = COMMAND_LIST_DELETE;
    command->slug = arena_strdup(&command->arena, slug);
    take_fields(&t, no_fields, body, NULL, "this request");
    return problems->count == 0;
}

bool command_import(struct command *command, enum body_type type, const char *base, size_t len,
                    const struct tm *today, struct problems *problems)
{
    command->op = COMMAND_IMPORT;
    if (type != BODY_MARKDOWN) {
        problems_add(problems, "", "Only text/markdown can be imported.");
        return false;
    }
    char *document = arena_strndup(&command->arena, base, len);
    len = text_unix_lines(document, len);
    document[len] = '\0';
    const char *why = text_check(document, len, true);
    if (why) {
        problems_add(problems, "", "The document %s.", why);
        return false;
    }
    struct outline outline;
    if (!outline_read(&command->arena, document, len, today, &outline, problems))
        return false;
    if (outline.ntodos == 0) {
        problems_add(problems, "",
                     "The document has no todo: list items that begin with [ ] or [x] are todos.");
        return false;
    }
    command->drafts = outline.todos;
    command->ndrafts = outline.ntodos;
    return problems->count == 0;
}

bool command_nothing(json_t *body, struct problems *problems)
{
    struct taking t = {.problems = problems};
    take_fields(&t, no_fields, body, NULL, "this request");
    return problems->count == 0;
}

const char *command_passphrase(json_t *body, struct problems *problems)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        if (strcmp(name, "passphrase") != 0)
            problems_add(problems, name, "is not a field of a sign-in");
    }
    json_t *passphrase = json_object_get(body, "passphrase");
    if (!json_is_string(passphrase) || json_string_length(passphrase) == 0)
        problems_add(problems, "passphrase",
                     passphrase && !json_is_string(passphrase) ? "must be a string" : "is required");
    else if (json_string_length(passphrase) > PASSPHRASE_BYTES)
        problems_add(problems, "passphrase", "must be at most %d bytes", PASSPHRASE_BYTES);
    return problems->count ? NULL : json_string_value(passphrase);
}

/* ---- beside the fields */

/* The value of a control, taken out of the form, copied; NULL if it is not there. */
static const char *take_control(struct arena *a, json_t *body, const char *name)
{
    const char *value = json_string_value(json_object_get(body, name));
    const char *copy = value ? arena_strdup(a, value) : NULL;
    json_object_del(body, name);
    return copy;
}

static bool is_path_of_ours(const char *next)
{
    return next[0] == '/' && next[1] != '/' && strlen(next) <= NEXT_BYTES && strchr(next, '\\') == NULL &&
           text_check(next, strlen(next), false) == NULL;
}

void form_controls(struct arena *a, json_t *body, struct form_controls *out, struct problems *problems)
{
    *out = (struct form_controls){0};

    out->method = take_control(a, body, "_method");
    if (out->method && strcmp(out->method, "PATCH") != 0 && strcmp(out->method, "DELETE") != 0) {
        problems_add(problems, "_method", "must be PATCH or DELETE");
        out->method = NULL;
    }

    const char *next = take_control(a, body, "next");
    if (next && is_path_of_ours(next))
        out->next = next;
    else if (next && *next != '\0')
        problems_add(problems, "next", "must be a path on this site");

    const char *version = take_control(a, body, "version");
    if (version == NULL || *version == '\0')
        return;
    errno = 0;
    unsigned long long number = strtoull(version, NULL, 10);
    if (strspn(version, "0123456789") == strlen(version) && errno == 0 && number >= 1 && number <= UINT32_MAX)
        out->version = (uint32_t)number;
    else
        problems_add(problems, "version", "must be the number of a version");
}

bool command_set_key(struct command *command, const char *key, size_t len)
{
    if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
        key++;
        len -= 2;
    }
    if (len < 1 || len > WRITE_KEY_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if (key[i] < ' ' || key[i] > '~')
            return false;
    command->key = arena_strndup(&command->arena, key, len);
    command->key_len = len;
    return true;
}

/* A part with its length before it, so that no two requests run together into the same bytes. */
static void hash_part(crypto_generichash_state *state, const char *part, size_t len)
{
    unsigned char length[8];
    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (unsigned char)((uint64_t)len >> (8 * i));
    crypto_generichash_update(state, length, sizeof length);
    crypto_generichash_update(state, (const unsigned char *)part, len);
}

void command_fingerprint(struct command *command, const char *method, size_t method_len, const char *path,
                         size_t path_len, const char *type, size_t type_len, const char *body,
                         size_t body_len)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof command->fingerprint);
    hash_part(&state, method, method_len);
    hash_part(&state, path, path_len);
    hash_part(&state, type, type_len);
    hash_part(&state, body, body_len);
    crypto_generichash_final(&state, command->fingerprint, sizeof command->fingerprint);
}
