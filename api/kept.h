/*
 * A form that was refused because nobody was signed in, carried through the form to sign in, so that what was
 * typed is not lost: its fields as kept.NAME, where it was going as kept_action. Pure.
 */
#ifndef WRIT_API_KEPT_H
#define WRIT_API_KEPT_H

#include "../db/todo.h"
#include "route.h"

#include <jansson.h>

#define KEPT_PREFIX "kept."
#define KEPT_ACTION "kept_action"

struct kept {
    const char *action; /* path and query; NULL: nothing is kept */
    json_t *fields;     /* strings, without the prefix; to be released with kept_release() */
    struct route route; /* what the action means */
};

/* Keeps `form` (borrowed), which went to `action` (copied into the arena). */
void kept_keep(struct kept *kept, struct arena *a, const char *action, size_t len, json_t *form);

/* Takes what is kept out of a form to sign in. What could not have been kept here (an action that is not a
 * form's) is dropped: the fields come back as a page of ours. */
void kept_take(struct kept *kept, struct arena *a, json_t *form);

void kept_release(struct kept *kept);

#endif
