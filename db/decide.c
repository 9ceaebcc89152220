#include "decide.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- names */

/* A slug for a new list or tag. The last resort carries the new id behind two
 * hyphens, which no name's own slug can have. */
static const char *new_slug(struct batch *b, const char *name, bool of_tag, uint32_t id)
{
    for (unsigned k = 0; k < SLUG_CANDIDATES; k++) {
        char *slug = slug_candidate(b->arena, name, of_tag, k);
        if (!batch_is_taken(b, of_tag, slug))
            return slug;
    }
    return arena_printf(b->arena, "%s--%u", slug_candidate(b->arena, name, of_tag, 0), id);
}

/* Takes the name away from a deleted list, so that another list can have it:
 * what stays is a key that nobody can type. */
static void retire_name(struct batch *b, struct stored_list *list)
{
    char *key = arena_printf(b->arena, "%s#%u", list->key, list->id);
    size_t len = strlen(key);
    key[strlen(list->key)] = '\0';
    batch_set_key(b, list, key, len);
    list->dirty = true;
}

/* A deleted list comes back, private. If its name went to another list, it
 * gets its id behind it, for people: its key stays one that nobody can type,
 * since somebody may have given that name to a third list. */
static void revive_list(struct batch *b, struct stored_list *list)
{
    bool retired = list->key_len != strlen(list->key);
    if (retired && strcmp(name_key(b->arena, list->name), list->key) == 0) {
        char *name = arena_strdup(b->arena, list->name);
        while (text_chars(name) > NAME_CHARS - 13) {
            size_t len = strlen(name);
            while (((unsigned char)name[--len] & 0xC0) == 0x80)
                ;
            name[len] = '\0';
        }
        list->name = arena_printf(b->arena, "%s (%u)", name, list->id);
    }
    list->deleted = false;
    list->public = false;
    list->version++;
    list->dirty = true;
}

/* Where a change's places are gathered. */
struct places {
    struct arena *arena;
    const char *text;
};

static void place_new(struct places *p, char kind, uint32_t id)
{
    p->text = arena_printf(p->arena, "%s%s%c%c%u", p->text, *p->text ? " " : "", PLACE_NEW, kind, id);
}

static void place(struct places *p, enum place_kind what, char kind, uint32_t id, uint32_t number)
{
    p->text = arena_printf(p->arena, "%s%s%c%c%u:%u", p->text, *p->text ? " " : "", what, kind, id, number);
}

/* Where the todo stands in its list; `respaced`: others' ranks have changed with it. */
static void place_in_list(struct places *p, enum place_kind what, const struct stored_todo *todo,
                          bool respaced)
{
    place(p, what, 'l', todo->list->id, todo->list_number);
    if (respaced)
        p->text = arena_printf(p->arena, "%s/0", p->text);
    else if (todo->rank != list_rank(todo->list_number))
        p->text = arena_printf(p->arena, "%s/%llu", p->text, (unsigned long long)todo->rank);
}

static void place_due(struct places *p, bool was, bool is)
{
    if (was || is)
        p->text = arena_printf(p->arena, "%s %cd", p->text,
                               !was  ? PLACE_JOINS
                               : !is ? PLACE_LEAVES
                                     : PLACE_STAYS);
}

static struct stored_list *list_named(struct batch *b, const char *name, struct places *places)
{
    const char *key = name_key(b->arena, name);
    struct stored_list *list = batch_list_named(b, key);
    if (!list) {
        uint32_t id = ++b->last_list;
        list = batch_add_list(b, &(struct stored_list){.id = id,
                                                       .version = 1,
                                                       .revision = b->revision + 1,
                                                       .name = arena_strdup(b->arena, name),
                                                       .key = key,
                                                       .key_len = strlen(key),
                                                       .slug = new_slug(b, name, false, id),
                                                       .dirty = true});
        place_new(places, 'l', id);
    } else if (list->deleted) {
        revive_list(b, list);
        place_new(places, 'l', list->id);
    }
    return list;
}

static struct stored_tag *tag_named(struct batch *b, const char *name, struct places *places)
{
    const char *key = name_key(b->arena, name);
    struct stored_tag *tag = batch_tag_named(b, key);
    if (!tag) {
        uint32_t id = ++b->last_tag;
        tag = batch_add_tag(b, &(struct stored_tag){.id = id,
                                                    .name = arena_strdup(b->arena, name),
                                                    .key = key,
                                                    .slug = new_slug(b, name, true, id),
                                                    .dirty = true});
        place_new(places, 't', id);
    }
    return tag;
}

/* ---- counters */

/* The todo that has this number stands on a page. */
static void count_bucket(struct batch *b, enum bucket_kind kind, uint32_t owner, uint64_t number, int sign)
{
    batch_count(b, kind, owner, bucket_of(number), sign);
}

/* What /stats shows: the kinds are in the order created, finished, took. */
static void count_bars(struct batch *b, const struct stored_todo *todo, enum bar_kind created, uint32_t owner,
                       int sign)
{
    batch_count(b, created, owner, todo->created_day, sign);
    if (todo->state != TODO_DONE)
        return;
    batch_count(b, created + 1, owner, todo->finished_day, sign);
    unsigned took = took_class(todo->created, todo->finished);
    if (took)
        batch_count(b, created + 2, owner, took, sign);
}
_Static_assert(BAR_FINISHED == BAR_CREATED + 1 && BAR_TOOK == BAR_CREATED + 2, "as count_bars() has it");

/* Puts a todo into all counters (sign 1) or takes it out of them (-1), as it
 * now stands. Deleted ones are in none. */
static void count_todo(struct batch *b, struct stored_todo *todo, int sign)
{
    if (todo->state != TODO_OPEN && todo->state != TODO_DONE)
        return;
    bool open = todo->state == TODO_OPEN, public = todo->list->public;
    *(open ? &b->open : &b->done) += sign;
    *(open ? &todo->list->open : &todo->list->done) += sign;
    todo->list->dirty = true;
    count_bucket(b, open ? BUCKET_OPEN : BUCKET_DONE, 0, todo->id, sign);
    count_bucket(b, BUCKET_LIST, todo->list->id, todo->list_number, sign);
    count_bars(b, todo, BAR_CREATED, 0, sign);
    count_bars(b, todo, BAR_LIST_CREATED, todo->list->id, sign);
    for (unsigned i = 0; i < todo->ntags; i++) {
        struct stored_tag *tag = todo->tags[i].tag;
        *(open ? &tag->open : &tag->done) += sign;
        tag->dirty = true;
        count_bucket(b, BUCKET_TAG, tag->id, todo->tags[i].number, sign);
        if (public) {
            *(open ? &tag->public_open : &tag->public_done) += sign;
            count_bucket(b, BUCKET_PUBLIC_TAG, tag->id, todo->id, sign);
        }
    }
    if (public) {
        *(open ? &b->public_open : &b->public_done) += sign;
        count_bucket(b, open ? BUCKET_PUBLIC_OPEN : BUCKET_PUBLIC_DONE, 0, todo->id, sign);
        count_bars(b, todo, BAR_PUBLIC_CREATED, 0, sign);
    }
}

/* ---- changes and outcomes */

static void places_stay(struct places *places, const struct stored_todo *todo)
{
    place_in_list(places, PLACE_STAYS, todo, false);
    for (unsigned i = 0; i < todo->ntags; i++)
        place(places, PLACE_STAYS, 't', todo->tags[i].tag->id, todo->tags[i].number);
    place_due(places, todo->due, todo->due);
}

/* The todo's new version and revision, and the change row that says so; before: NULL of a new one. */
static void record_todo(struct batch *b, struct command *command, const struct stored_todo *before,
                        struct stored_todo *todo, enum change_op op, const struct places *places,
                        const char *detail)
{
    todo->version++;
    todo->revision = ++b->revision;
    todo->updated = arena_strdup(b->arena, b->now);
    todo->dirty = true;
    struct change_row row = {.revision = b->revision,
                             .actor = command->actor,
                             .op = op,
                             .todo_id = todo->id,
                             .version = todo->version,
                             .from = before ? before->state : TODO_ABSENT,
                             .to = todo->purged ? TODO_ABSENT : todo->state,
                             .public_from = before && before->list->public,
                             .public_to = !todo->purged && todo->list->public,
                             .places = places->text,
                             .detail = detail};
    batch_add_change(b, &row);
}

static const char *rfc3339(struct arena *a, const char *stored)
{
    if (!stored)
        return NULL;
    char *time = arena_printf(a, "%sZ", stored);
    time[10] = 'T';
    return time;
}

static struct todo_row *todo_row(struct arena *a, const struct stored_todo *todo)
{
    struct todo_row *row = arena_alloc(a, sizeof *row);
    *row = (struct todo_row){.id = todo->id,
                             .version = todo->version,
                             .revision = todo->revision,
                             .state = todo->state,
                             .finished_before_delete = todo->finished != NULL,
                             .title = arena_strdup(a, todo->title),
                             .notes = arena_strdup(a, todo->notes),
                             .list = arena_strdup(a, todo->list->name),
                             .list_slug = arena_strdup(a, todo->list->slug),
                             .ntags = todo->ntags,
                             .priority = todo->priority,
                             .due = todo->due ? arena_strdup(a, todo->due) : NULL,
                             .created = rfc3339(a, todo->created),
                             .updated = rfc3339(a, todo->updated),
                             .finished = rfc3339(a, todo->finished)};
    for (unsigned i = 0; i < todo->ntags; i++) {
        row->tags[i] = arena_strdup(a, todo->tags[i].tag->name);
        row->tag_slugs[i] = arena_strdup(a, todo->tags[i].tag->slug);
    }
    return row;
}

static void answer_todo(struct command *command, enum outcome_status status, const struct stored_todo *todo)
{
    struct outcome *o = &command->outcome;
    o->status = status;
    o->id = todo->id;
    o->version = todo->version;
    o->revision = todo->revision;
    if ((command->want_todo && !todo->purged) || status == OUTCOME_STALE)
        o->todo = todo_row(&command->arena, todo);
}

static void answer_list(struct command *command, enum outcome_status status, const struct stored_list *list)
{
    struct outcome *o = &command->outcome;
    o->status = status;
    o->id = list->id;
    o->version = list->version;
    o->revision = list->revision;
    o->slug = arena_strdup(&command->arena, list->slug);
}

static void conflict(struct command *command, const char *why)
{
    command->outcome.status = OUTCOME_CONFLICT;
    command->outcome.why = why;
}

/* ---- commands on todos */

static void finish(struct batch *b, struct stored_todo *todo)
{
    todo->finished = arena_strdup(b->arena, b->now);
    todo->finished_day = b->today;
}

/* On top. */
static void join_list(struct stored_todo *todo, struct stored_list *list)
{
    todo->list = list;
    todo->list_number = ++list->last_number;
    todo->rank = list->last_rank += RANK_STEP;
    list->dirty = true;
}

static struct stored_todo *create(struct batch *b, struct command *command, const struct todo_draft *draft)
{
    struct places places = {b->arena, ""};
    struct due due;
    struct stored_todo *todo =
        batch_add_todo(b, &(struct stored_todo){.id = ++b->last_todo,
                                                .state = draft->done ? TODO_DONE : TODO_OPEN,
                                                .title = draft->title,
                                                .notes = draft->notes ? draft->notes : "",
                                                .priority = draft->priority});
    if (draft->due && !due_parse(draft->due, &due)) {
        todo->due = arena_strdup(b->arena, due.text);
        todo->due_key = arena_strdup(b->arena, due.key);
    }
    todo->created = arena_strdup(b->arena, b->now);
    todo->created_day = b->today;
    if (draft->done)
        finish(b, todo);
    join_list(todo, list_named(b, draft->list, &places));
    place_in_list(&places, PLACE_JOINS, todo, false);
    for (unsigned i = 0; i < draft->ntags; i++) {
        struct stored_tag *tag = tag_named(b, draft->tags[i], &places);
        todo->tags[todo->ntags++] = (struct membership){tag, ++tag->last_number};
        place(&places, PLACE_JOINS, 't', tag->id, tag->last_number);
    }
    place_due(&places, false, todo->due);
    count_todo(b, todo, 1);
    record_todo(b, command, NULL, todo, CHANGE_CREATE, &places, NULL);
    return todo;
}

/* The fields that a draft would really alter. */
static unsigned altered(struct batch *b, const struct stored_todo *todo, const struct todo_draft *draft)
{
    unsigned fields = 0;
    if (draft->present & FIELD_TITLE && strcmp(draft->title, todo->title) != 0)
        fields |= FIELD_TITLE;
    if (draft->present & FIELD_NOTES && strcmp(draft->notes ? draft->notes : "", todo->notes) != 0)
        fields |= FIELD_NOTES;
    if (draft->present & FIELD_LIST && batch_list_named(b, name_key(b->arena, draft->list)) != todo->list)
        fields |= FIELD_LIST;
    if (draft->present & FIELD_PRIORITY && draft->priority != todo->priority)
        fields |= FIELD_PRIORITY;
    if (draft->present & FIELD_DUE) {
        struct due due;
        const char *text = draft->due && !due_parse(draft->due, &due) ? due.text : "";
        if (strcmp(text, todo->due ? todo->due : "") != 0)
            fields |= FIELD_DUE;
    }
    if (draft->present & FIELD_DONE && draft->done != (todo->state == TODO_DONE))
        fields |= FIELD_DONE;
    if (draft->present & FIELD_TAGS) {
        bool same = draft->ntags == todo->ntags;
        for (unsigned i = 0; same && i < draft->ntags; i++)
            same = strcmp(name_key(b->arena, draft->tags[i]), todo->tags[i].tag->key) == 0;
        if (!same)
            fields |= FIELD_TAGS;
    }
    if (draft->present & FIELD_PLACE) {
        /* Where it stands, its neighbour is the one that it would be put beside. */
        bool there = !(fields & FIELD_LIST) && b->gap.rank == todo->rank;
        if (!there)
            fields |= FIELD_PLACE;
    }
    return fields;
}

static json_t *tag_names(const struct stored_todo *todo)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < todo->ntags; i++)
        json_array_append_new(names, json_string(todo->tags[i].tag->name));
    return names;
}

static json_t *field_value(const struct stored_todo *todo, enum todo_field field)
{
    switch (field) {
    case FIELD_TITLE:
        return json_string(todo->title);
    case FIELD_NOTES:
        return json_string(todo->notes);
    case FIELD_LIST:
        return json_string(todo->list->name);
    case FIELD_TAGS:
        return tag_names(todo);
    case FIELD_PRIORITY:
        return todo->priority ? json_integer(todo->priority) : json_null();
    case FIELD_DUE:
        return todo->due ? json_string(todo->due) : json_null();
    case FIELD_DONE:
        return json_boolean(todo->state == TODO_DONE);
    case FIELD_PLACE: /* a rank says nothing to anybody */
        break;
    }
    return json_null();
}

static const struct {
    enum todo_field field;
    const char *name;
} fields_of_detail[] = {
    {FIELD_TITLE, "title"},       {FIELD_NOTES, "notes"}, {FIELD_LIST, "list"}, {FIELD_TAGS, "tags"},
    {FIELD_PRIORITY, "priority"}, {FIELD_DUE, "due"},     {FIELD_DONE, "done"}, {FIELD_PLACE, "place"},
};
enum { FIELDS = sizeof fields_of_detail / sizeof *fields_of_detail };

/* {"title": ["old", "new"], …} for what differs between the two. */
static const char *detail_of(struct batch *b, const struct stored_todo *before,
                             const struct stored_todo *after, unsigned fields)
{
    json_t *detail = json_object();
    for (size_t i = 0; i < FIELDS; i++)
        if (fields & fields_of_detail[i].field)
            json_object_set_new(detail, fields_of_detail[i].name,
                                json_pack("[o, o]", field_value(before, fields_of_detail[i].field),
                                          field_value(after, fields_of_detail[i].field)));
    char *text = json_dumps(detail, JSON_COMPACT);
    json_decref(detail);
    if (!text) {
        fprintf(stderr, "writ-api: out of memory\n");
        abort();
    }
    char *copy = arena_strdup(b->arena, text);
    free(text);
    return copy;
}

/* Where it stands in the order of its list: above or below the one that it is put beside. */
static void put_beside(struct batch *b, struct stored_todo *todo, const struct todo_draft *draft)
{
    const uint64_t rank = batch_todo(b, draft->beside)->rank, neighbour = b->gap.rank;
    if (!draft->above)
        todo->rank = neighbour + (rank - neighbour) / 2;
    else if (neighbour)
        todo->rank = rank + (neighbour - rank) / 2;
    else
        todo->rank = todo->list->last_rank += RANK_STEP;
    todo->list->dirty = true;
}

/* To another list, to another place in it, or both. */
static void move(struct batch *b, struct stored_todo *todo, const struct todo_draft *draft, unsigned fields,
                 struct places *places)
{
    enum place_kind what = fields & FIELD_PLACE ? PLACE_MOVES : PLACE_STAYS;
    if (fields & FIELD_LIST) {
        place_in_list(places, PLACE_LEAVES, todo, false);
        join_list(todo, list_named(b, draft->list, places));
        what = PLACE_JOINS;
    }
    if (fields & FIELD_PLACE)
        put_beside(b, todo, draft);
    place_in_list(places, what, todo, fields & FIELD_PLACE && b->gap.respaced);
}

/* May it be put beside the one that is named? If not, the command says why. */
static bool check_place(struct batch *b, struct command *command, const struct stored_todo *todo)
{
    const struct todo_draft *draft = &command->draft;
    const struct stored_todo *beside = batch_todo(b, draft->beside);
    const char *name = draft->present & FIELD_LIST ? draft->list : todo->list->name;
    const struct stored_list *list =
        draft->present & FIELD_LIST ? batch_list_named(b, name_key(b->arena, name)) : todo->list;
    if (beside && beside->list == list && (beside->state == TODO_OPEN || beside->state == TODO_DONE))
        return true;
    conflict(command, arena_printf(&command->arena, "Todo %llu is not in the list “%s”.",
                                   (unsigned long long)draft->beside, name));
    return false;
}

static void retag(struct batch *b, struct stored_todo *todo, const struct todo_draft *draft,
                  struct places *places)
{
    struct membership old[TODO_TAGS];
    unsigned nold = todo->ntags;
    memcpy(old, todo->tags, sizeof old);

    todo->ntags = 0;
    for (unsigned i = 0; i < draft->ntags; i++) {
        struct membership m = {tag_named(b, draft->tags[i], places), 0};
        for (unsigned k = 0; k < nold; k++)
            if (old[k].tag == m.tag) {
                m.number = old[k].number;
                old[k].tag = NULL; /* stays */
            }
        enum place_kind what = PLACE_STAYS;
        if (!m.number) {
            m.number = ++m.tag->last_number;
            m.tag->dirty = true;
            what = PLACE_JOINS;
        }
        place(places, what, 't', m.tag->id, m.number);
        todo->tags[todo->ntags++] = m;
    }
    for (unsigned k = 0; k < nold; k++) {
        if (!old[k].tag)
            continue;
        place(places, PLACE_LEAVES, 't', old[k].tag->id, old[k].number);
        batch_add_left_tag(b, &(struct left_tag){todo->id, old[k].tag->id});
    }
}

static void edit(struct batch *b, struct command *command, struct stored_todo *todo)
{
    const struct todo_draft *draft = &command->draft;
    if (draft->present & FIELD_PLACE && !check_place(b, command, todo))
        return;
    unsigned fields = altered(b, todo, draft);
    if (!fields) {
        answer_todo(command, OUTCOME_OK, todo);
        return;
    }
    struct stored_todo before = *todo;
    struct places places = {b->arena, ""};
    struct due due;

    count_todo(b, todo, -1);
    if (fields & FIELD_TITLE)
        todo->title = draft->title;
    if (fields & FIELD_NOTES)
        todo->notes = draft->notes ? draft->notes : "";
    if (fields & FIELD_PRIORITY)
        todo->priority = draft->priority;
    if (fields & FIELD_DUE) {
        bool set = draft->due && !due_parse(draft->due, &due);
        todo->due = set ? arena_strdup(b->arena, due.text) : NULL;
        todo->due_key = set ? arena_strdup(b->arena, due.key) : NULL;
    }
    if (fields & FIELD_DONE) {
        todo->state = draft->done ? TODO_DONE : TODO_OPEN;
        todo->finished = NULL;
        todo->finished_day = 0;
        if (draft->done)
            finish(b, todo);
    }
    move(b, todo, draft, fields, &places);
    if (fields & FIELD_TAGS)
        retag(b, todo, draft, &places);
    else
        for (unsigned i = 0; i < todo->ntags; i++)
            place(&places, PLACE_STAYS, 't', todo->tags[i].tag->id, todo->tags[i].number);
    place_due(&places, before.due, todo->due);
    count_todo(b, todo, 1);

    record_todo(b, command, &before, todo,
                fields != FIELD_DONE ? CHANGE_EDIT
                : draft->done        ? CHANGE_FINISH
                                     : CHANGE_REOPEN,
                &places, detail_of(b, &before, todo, fields));
    answer_todo(command, OUTCOME_OK, todo);
}

static void delete_todo(struct batch *b, struct command *command, struct stored_todo *todo)
{
    struct stored_todo before = *todo;
    struct places places = {b->arena, ""};
    places_stay(&places, todo);
    count_todo(b, todo, -1);
    todo->state = TODO_DELETED;
    todo->deleted = arena_strdup(b->arena, b->now);
    record_todo(b, command, &before, todo, CHANGE_DELETE, &places, NULL);
    answer_todo(command, OUTCOME_OK, todo);
}

static void restore(struct batch *b, struct command *command, struct stored_todo *todo)
{
    if (todo->state != TODO_DELETED) {
        answer_todo(command, OUTCOME_OK, todo);
        return;
    }
    struct stored_todo before = *todo;
    struct places places = {b->arena, ""};
    if (todo->list->deleted) {
        revive_list(b, todo->list);
        place_new(&places, 'l', todo->list->id);
    }
    places_stay(&places, todo);
    todo->state = todo->finished ? TODO_DONE : TODO_OPEN;
    todo->deleted = NULL;
    count_todo(b, todo, 1);
    record_todo(b, command, &before, todo, CHANGE_RESTORE, &places, NULL);
    answer_todo(command, OUTCOME_OK, todo);
}

static void purge(struct batch *b, struct command *command, struct stored_todo *todo)
{
    struct stored_todo before = *todo;
    struct places places = {b->arena, ""};
    place_in_list(&places, PLACE_LEAVES, todo, false);
    for (unsigned i = 0; i < todo->ntags; i++)
        place(&places, PLACE_LEAVES, 't', todo->tags[i].tag->id, todo->tags[i].number);
    place_due(&places, todo->due, false);
    count_todo(b, todo, -1);
    todo->state = TODO_DELETED; /* what the purging procedure asks for */
    todo->deleted = arena_strdup(b->arena, b->now);
    todo->purged = true;
    record_todo(b, command, &before, todo, CHANGE_PURGE, &places, NULL);
    answer_todo(command, OUTCOME_OK, todo);
}

static void decide_todo(struct batch *b, struct command *command)
{
    struct stored_todo *todo = batch_todo(b, command->todo);
    if (!todo || todo->purged)
        command->outcome.status = OUTCOME_NOT_FOUND;
    else if (todo->state == TODO_DELETED && (command->op == COMMAND_EDIT || command->op == COMMAND_DELETE))
        answer_todo(command, OUTCOME_GONE, todo);
    else if (command->expected_version && command->expected_version != todo->version)
        answer_todo(command, OUTCOME_STALE, todo);
    else if (command->op == COMMAND_EDIT)
        edit(b, command, todo);
    else if (command->op == COMMAND_DELETE)
        delete_todo(b, command, todo);
    else if (command->op == COMMAND_RESTORE)
        restore(b, command, todo);
    else
        purge(b, command, todo);
}

static void import(struct batch *b, struct command *command)
{
    struct outcome *o = &command->outcome;
    uint64_t first = b->revision + 1;
    for (size_t i = 0; i < command->ndrafts; i++) {
        struct stored_todo *todo = create(b, command, &command->drafts[i]);
        o->todos++;
        o->done += todo->state == TODO_DONE;
        if (todo->list->seen_by != first) {
            todo->list->seen_by = first;
            o->lists++;
        }
    }
    o->status = OUTCOME_CREATED;
    o->revision = b->revision;
}

/* ---- commands on lists */

static void record_list(struct batch *b, struct command *command, struct stored_list *list, enum change_op op,
                        bool public_from, json_t *detail)
{
    list->version++;
    list->revision = ++b->revision;
    list->dirty = true;
    char *text = json_dumps(detail, JSON_COMPACT);
    json_decref(detail);
    struct change_row row = {.revision = b->revision,
                             .actor = command->actor,
                             .op = op,
                             .list_id = list->id,
                             .version = list->version,
                             .public_from = public_from,
                             .public_to = list->public,
                             .places = "",
                             .detail = text ? arena_strdup(b->arena, text) : NULL};
    free(text);
    batch_add_change(b, &row);
}

/* Makes a list public or private, and counts its todos here or there: those of the board at once, those
 * of tags and buckets with the todos' rows. */
static void flip(struct batch *b, struct stored_list *list)
{
    int sign = list->public ? -1 : 1;
    list->public = !list->public;
    b->public_open += sign * list->open;
    b->public_done += sign * list->done;
    b->flipped = list;
}

static void edit_list(struct batch *b, struct command *command, struct stored_list *list)
{
    bool rename = command->list_name && strcmp(command->list_name, list->name) != 0;
    bool publish = command->list_public >= 0 && (command->list_public != 0) != list->public;
    if (!rename && !publish) {
        answer_list(command, OUTCOME_OK, list);
        return;
    }
    bool was_public = list->public;
    json_t *detail = json_object();
    if (rename) {
        const char *key = name_key(b->arena, command->list_name);
        struct stored_list *other = batch_list_named(b, key);
        if (other && other != list && !other->deleted) {
            json_decref(detail);
            conflict(command,
                     arena_printf(&command->arena, "There is a list named “%s” already.", other->name));
            return;
        }
        if (other && other != list)
            retire_name(b, other);
        json_object_set_new(detail, "name", json_pack("[s, s]", list->name, command->list_name));
        list->name = arena_strdup(b->arena, command->list_name);
        batch_set_key(b, list, key, strlen(key));
    }
    if (publish) {
        json_object_set_new(detail, "public", json_pack("[b, b]", was_public, !was_public));
        flip(b, list);
    }
    record_list(b, command, list, CHANGE_LIST_EDIT, was_public, detail);
    answer_list(command, OUTCOME_OK, list);
}

static void delete_list(struct batch *b, struct command *command, struct stored_list *list)
{
    int64_t todos = list->open + list->done;
    if (todos) {
        conflict(command,
                 arena_printf(&command->arena,
                              todos == 1 ? "The list “%s” still holds %lld todo; move or delete it first."
                                         : "The list “%s” still holds %lld todos; move or delete them first.",
                              list->name, (long long)todos));
        return;
    }
    bool was_public = list->public;
    list->deleted = true;
    if (was_public)
        flip(b, list); /* its deleted todos */
    record_list(b, command, list, CHANGE_LIST_DELETE, was_public,
                json_pack("{s:[s, n]}", "name", list->name));
    answer_list(command, OUTCOME_OK, list);
}

static void decide_list(struct batch *b, struct command *command)
{
    struct stored_list *list = batch_list_at(b, command->slug);
    if (!list || list->deleted)
        command->outcome.status = OUTCOME_NOT_FOUND;
    else if (command->expected_version && command->expected_version != list->version)
        answer_list(command, OUTCOME_STALE, list);
    else if (command->op == COMMAND_LIST_EDIT)
        edit_list(b, command, list);
    else
        delete_list(b, command, list);
}

/* ---- repeats */

/* A repeat gets the first answer, but a todo asked for is today's. */
static void replay(struct batch *b, struct command *command, const struct receipt *receipt)
{
    struct outcome *o = &command->outcome;
    if (memcmp(receipt->fingerprint, command->fingerprint, sizeof receipt->fingerprint) != 0) {
        o->status = OUTCOME_KEY_REUSED;
        return;
    }
    o->replayed = true;
    o->status = receipt->op == COMMAND_CREATE || receipt->op == COMMAND_IMPORT ? OUTCOME_CREATED : OUTCOME_OK;
    o->id = receipt->id;
    o->version = receipt->version;
    o->revision = receipt->revision;
    o->todos = receipt->todos;
    o->done = receipt->done;
    o->lists = receipt->lists;
    o->slug = receipt->slug ? arena_strdup(&command->arena, receipt->slug) : NULL;
    struct stored_todo *todo = command->want_todo ? batch_todo(b, receipt->id) : NULL;
    if (todo && !todo->purged && receipt->op != COMMAND_LIST_EDIT && receipt->op != COMMAND_LIST_DELETE)
        o->todo = todo_row(&command->arena, todo);
}

static void remember(struct batch *b, const struct command *command)
{
    const struct outcome *o = &command->outcome;
    struct receipt receipt = {.actor = command->actor,
                              .key = command->key,
                              .key_len = command->key_len,
                              .op = command->op,
                              .id = o->id,
                              .version = o->version,
                              .revision = o->revision,
                              .todos = o->todos,
                              .done = o->done,
                              .lists = o->lists,
                              .slug = o->slug,
                              .fresh = true};
    memcpy(receipt.fingerprint, command->fingerprint, sizeof receipt.fingerprint);
    batch_add_receipt(b, &receipt);
}

/* ---- who asks */

/* The name that the history gets; NULL: nobody who may write. */
static const char *actor_of(const struct batch *b, const struct credential *shown)
{
    if (shown->kind == CREDENTIAL_NONE)
        return NULL;
    if (shown->kind == CREDENTIAL_OPEN)
        return "anyone";
    const struct stored_credential *stored = batch_credential(b, shown->hash);
    if (!stored || stored->shown.kind != shown->kind)
        return NULL;
    if (shown->kind == CREDENTIAL_TOKEN &&
        sodium_memcmp(stored->shown.reading_key, shown->reading_key, sizeof shown->reading_key) != 0)
        return NULL;
    return stored->name;
}

void decide(struct batch *b, struct command *command)
{
    struct outcome *o = &command->outcome;
    *o = (struct outcome){.status = OUTCOME_PENDING};
    if (command->op == COMMAND_PING) {
        *o = (struct outcome){.status = OUTCOME_OK, .revision = b->revision};
        return;
    }
    command->actor = actor_of(b, &command->credential);
    if (!command->actor) {
        o->status = OUTCOME_UNAUTHORIZED;
        return;
    }
    if (command->key) {
        const struct receipt *receipt = batch_receipt(b, command->actor, command->key, command->key_len);
        if (receipt) {
            replay(b, command, receipt);
            return;
        }
    }
    switch (command->op) {
    case COMMAND_CREATE:
        answer_todo(command, OUTCOME_CREATED, create(b, command, &command->draft));
        break;
    case COMMAND_EDIT:
    case COMMAND_DELETE:
    case COMMAND_RESTORE:
    case COMMAND_PURGE:
        decide_todo(b, command);
        break;
    case COMMAND_LIST_EDIT:
    case COMMAND_LIST_DELETE:
        decide_list(b, command);
        break;
    case COMMAND_IMPORT:
        import(b, command);
        break;
    case COMMAND_PING:
        break; /* above */
    }
    if (command->key && (o->status == OUTCOME_CREATED || o->status == OUTCOME_OK))
        remember(b, command);
}
