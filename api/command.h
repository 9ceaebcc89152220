/*
 * Fields -> a checked command, or what is wrong with which field. Pure: the
 * day is an argument.
 */
#ifndef WRIT_API_COMMAND_H
#define WRIT_API_COMMAND_H

#include "../db/write.h"
#include "body.h"

enum { NEXT_BYTES = 1000 }; /* it becomes a header, for which Nginx has 4 KiB */

enum { PASSPHRASE_MIN = 8, PASSPHRASE_BYTES = 1024 }; /* bytes, of a new one and of any */

/* What a form says beside the todo's fields; taken out of the body first. JSON has none of it. */
struct form_controls {
    const char *method; /* _method: "PATCH" or "DELETE"; NULL: POST. Anything else is a problem */
    const char *next;   /* a path on this site ("/" and not "//", no controls, no backslash, at most
                           NEXT_BYTES), or NULL; anything else is a problem */
    uint32_t version;   /* 0: not given, or empty */
};

/* Takes them out of `body`, a form's; copies into the arena. */
void form_controls(struct arena *a, json_t *body, struct form_controls *out, struct problems *problems);

/* Each fills command->op and what belongs to it, copying all it keeps into command->arena; an
 * unknown field, a wrong type or a bad value is a problem by name (all are found, not only the first). In
 * a form an empty string is "none" (for `list`: the default), `done` and `public` are
 * true/1/on/yes or false/0/off/no or empty, `tags` are separated by commas or blanks (quoted names as quick
 * add has them). JSON follows RFC 7396: null removes (title cannot be removed, list becomes the default).
 * In a create, what is none is as if it were not there; what `quick` says counts before the other fields, its
 * tags are added to theirs, and `title` beside it is a problem. An edit may also have `above` or `below`, the
 * id of a todo in the same list. In a form `due` may be words (due_from_words()), which `today` is for. True
 * if there is no problem.
 */
bool command_create(struct command *command, json_t *body, bool form, const struct tm *today,
                    struct problems *problems);
bool command_edit(struct command *command, uint64_t id, json_t *body, bool form, const struct tm *today,
                  struct problems *problems);
bool command_list_edit(struct command *command, const char *slug, json_t *body, bool form,
                       struct problems *problems);

/* DELETE, restore and purge take no fields: those that came are problems. */
bool command_todo(struct command *command, enum command_op op, uint64_t id, json_t *body,
                  struct problems *problems);
bool command_list_delete(struct command *command, const char *slug, json_t *body, struct problems *problems);

/* text/markdown alone, so far (valid UTF-8 is checked here, lines are made Unix ones). Nothing to import is a
 * problem. */
bool command_import(struct command *command, enum body_type type, const char *base, size_t len,
                    const struct tm *today, struct problems *problems);

/* What needs no field at all: signing out. */
bool command_nothing(json_t *body, struct problems *problems);

/* What signs in: `passphrase`, a string of at most 1024 bytes, and nothing else. Lives as long as `body`;
 * NULL if there is a problem. */
const char *command_passphrase(json_t *body, struct problems *problems);

/* An idempotency key: 1 to 255 printable ASCII characters, quotes around it allowed and dropped. Copies;
 * false if it is no key. */
bool command_set_key(struct command *command, const char *key, size_t len);

/* The fingerprint of a request: BLAKE2b-256 (libsodium) of method, path with query, body type and body,
 * length-framed. */
void command_fingerprint(struct command *command, const char *method, size_t method_len, const char *path,
                         size_t path_len, const char *type, size_t type_len, const char *body,
                         size_t body_len);

#endif
