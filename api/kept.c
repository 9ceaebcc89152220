/* See kept.h. */
#include "kept.h"

#include <string.h>

/* Routes that pages have forms for. */
static bool read_action(struct kept *kept, const char *action, size_t len)
{
    if (route_find("POST", strlen("POST"), action, len, &kept->route) != ROUTE_FOUND)
        return false;
    switch (kept->route.action) {
    case ACTION_CREATE:
    case ACTION_RESTORE:
    case ACTION_TODO_FORM:
    case ACTION_LIST_FORM:
        return true;
    default:
        return false;
    }
}

void kept_keep(struct kept *kept, struct arena *a, const char *action, size_t len, json_t *form)
{
    *kept = (struct kept){0};
    if (!read_action(kept, action, len))
        return;
    kept->action = arena_strndup(a, action, len);
    kept->fields = json_incref(form);
}

void kept_take(struct kept *kept, struct arena *a, json_t *form)
{
    const char *name;
    json_t *value, *fields = json_object();
    void *next;
    json_object_foreach_safe(form, next, name, value)
    {
        if (strncmp(name, KEPT_PREFIX, strlen(KEPT_PREFIX)) != 0)
            continue;
        json_object_set(fields, name + strlen(KEPT_PREFIX), value);
        json_object_del(form, name);
    }
    const char *action = json_string_value(json_object_get(form, KEPT_ACTION));
    *kept = (struct kept){0};
    if (action)
        kept_keep(kept, a, action, strlen(action), fields);
    json_object_del(form, KEPT_ACTION);
    json_decref(fields);
}

void kept_release(struct kept *kept)
{
    json_decref(kept->fields);
    *kept = (struct kept){0};
}
