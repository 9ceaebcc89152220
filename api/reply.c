/* See reply.h. */
#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A refused form of a megabyte comes back with every byte escaped. */
enum { REPLY_MAX = 8 << 20 };

/* Unversioned on purpose: the API does not read the site, and an error page must have its style also
 * when the generator is away. */
#define STYLE_HREF "/assets/style.css"
#define ICON_HREF "/assets/icon.svg"

#define JSON_TYPE "application/json"
#define PROBLEM_TYPE_JSON "application/problem+json"
#define HTML_TYPE "text/html; charset=utf-8"

static const struct problem_row {
    unsigned status;
    const char *type; /* a URI reference: the help page has a section for each that is ours */
    const char *title;
    const char *detail;
    const char *retry_after; /* seconds */
} problem_rows[] = {
    [PROBLEM_REQUEST] = {400, "about:blank", "Not a request that can be read", "The request cannot be read.",
                         NULL},
    [PROBLEM_UNAUTHORIZED] = {401, "/help/api#unauthorized", "Not signed in",
                              "Writing is for the members of this board: sign in, or send a token.", NULL},
    [PROBLEM_PASSPHRASE] = {401, "/help/api#unauthorized", "Not the passphrase",
                            "That is not the passphrase of this board's owner.", NULL},
    [PROBLEM_NO_PASSPHRASE] =
        {401, "/help/api#unauthorized", "No passphrase yet",
         "This board has no passphrase yet: whoever runs it sets one with 'make passphrase'.", NULL},
    [PROBLEM_FORGED] = {403, "/help/api#forged", "From another site",
                        "A browser may write here only from a page of this site, so nothing was done.", NULL},
    [PROBLEM_UNKNOWN] = {404, "about:blank", "Nothing here",
                         "The API has nothing at this address; /help/api lists what it has.", NULL},
    [PROBLEM_ABSENT] = {404, "/help/api#absent", "No such thing",
                        "There is no such todo or list; it may have been deleted for good.", NULL},
    [PROBLEM_METHOD] = {405, "about:blank", "Not done this way",
                        "This address takes other methods: the Allow header lists them, and Link names the "
                        "page to read.",
                        NULL},
    [PROBLEM_CONFLICT] = {409, "/help/api#conflict", "Not possible as things are",
                          "The board's state does not allow this.", NULL},
    [PROBLEM_GONE] = {410, "/help/api#gone", "Deleted",
                      "This todo is deleted. Restore it before changing it.", NULL},
    [PROBLEM_LENGTH] = {411, "about:blank", "How long is it?",
                        "Send the body with a Content-Length, and not in chunks.", NULL},
    [PROBLEM_STALE] = {412, "/help/api#stale", "Changed by someone else meanwhile",
                       "There is a newer version than the one that was changed here, so nothing was stored.",
                       NULL},
    [PROBLEM_TOO_LARGE] = {413, "about:blank", "Too much at once",
                           "A write may have 128 KiB, an import 1 MiB.", NULL},
    [PROBLEM_TYPE] = {415, "about:blank", "Not a type that is understood here",
                      "Send application/json, or a form as application/x-www-form-urlencoded, in UTF-8.",
                      NULL},
    [PROBLEM_FIELDS] = {422, "/help/api#fields", "Something is not right yet",
                        "Nothing was stored, because of what is said beside the fields.", NULL},
    [PROBLEM_KEY_REUSED] = {422, "/help/api#key", "The key was used for something else",
                            "This Idempotency-Key came with another request before. Take a new key.", NULL},
    [PROBLEM_LIMITED] = {429, "/help/api#limits", "Too often",
                         "That was too often in too short a time. Nothing was done: wait, and send it again.",
                         NULL},
    [PROBLEM_REFUSED] = {500, "about:blank", "The database refused this",
                         "The database did not take this write, and nothing of it was stored. The log says "
                         "why.",
                         NULL},
    [PROBLEM_BUSY] = {503, "/help/api#busy", "Too much to do",
                      "More writes are waiting than can be taken. Nothing was stored: send it again.", "1"},
    [PROBLEM_DATABASE] = {503, "/help/api#database", "The database is away",
                          "The database did not answer in time. The write may have been stored all the same: "
                          "look, or send it again with the same Idempotency-Key.",
                          "5"},
    [PROBLEM_FULL] = {507, "/help/api#full", "No room left",
                      "There is no room left to store this. Nothing was stored.", NULL},
};

static const struct outcome_row {
    unsigned status;        /* of a success */
    enum problem_kind kind; /* of all others */
} outcome_rows[] = {
    [OUTCOME_CREATED] = {201, PROBLEM_NONE},
    [OUTCOME_OK] = {200, PROBLEM_NONE},
    [OUTCOME_NOT_FOUND] = {0, PROBLEM_ABSENT},
    [OUTCOME_GONE] = {0, PROBLEM_GONE},
    [OUTCOME_CONFLICT] = {0, PROBLEM_CONFLICT},
    [OUTCOME_STALE] = {0, PROBLEM_STALE},
    [OUTCOME_UNAUTHORIZED] = {0, PROBLEM_UNAUTHORIZED},
    [OUTCOME_KEY_REUSED] = {0, PROBLEM_KEY_REUSED},
    [OUTCOME_FULL] = {0, PROBLEM_FULL},
    [OUTCOME_REFUSED] = {0, PROBLEM_REFUSED},
    [OUTCOME_UNAVAILABLE] = {0, PROBLEM_DATABASE},
};

bool outcome_is_success(enum outcome_status status)
{
    return outcome_rows[status].status != 0;
}

const char *reply_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {303, "See Other"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

/* ---- the site */

static const struct mustache *need(const struct site *site, const char *folder, const char *name)
{
    const struct mustache *m = mustache_find(site->templates, name);
    if (!m) {
        fprintf(stderr, "writ-api: there is no %s/%s.mustache; is WRIT_TEMPLATES right?\n", folder, name);
        exit(1);
    }
    return m;
}

void site_read(struct site *site, const char *folder, const char *title)
{
    char error[512];
    site->title = title;
    site->templates = mustache_read(folder, &page_view_type, error, sizeof error);
    if (!site->templates) {
        fprintf(stderr, "writ-api: %s\n", error);
        exit(1);
    }
    site->problem = need(site, folder, "problem.html");
    site->accepted = need(site, folder, "accepted.html");
    site->signed_in = need(site, folder, "signed-in.html");
    site->todo = need(site, folder, "todo.json");
}

void site_release(struct site *site)
{
    mustache_free(site->templates);
}

static struct page_view page(const struct site *site, const struct request *request)
{
    const char *back = request->next ? request->next : request->route.page;
    return (struct page_view){.site_title = site->title,
                              .site_url = "",
                              .members = true,
                              .signed_in = request->signed_in,
                              .style_href = STYLE_HREF,
                              .icon_href = ICON_HREF,
                              .back = *back ? back : "/"};
}

/* ---- what every answer is made of */

void reply_init(struct reply *reply)
{
    *reply = (struct reply){0};
    buffer_init(&reply->body, REPLY_MAX);
}

void reply_release(struct reply *reply)
{
    buffer_release(&reply->body);
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    reply->headers[reply->nheaders].name = name;
    reply->headers[reply->nheaders++].value = value;
}

static void add_etag(struct reply *reply, struct arena *a, uint32_t version)
{
    reply_header(reply, "etag", arena_printf(a, "\"%" PRIu32 "\"", version));
}

static int append_json(const char *s, size_t len, void *body)
{
    buffer_append(body, s, len);
    return 0;
}

/* Takes over `json`. */
static void set_json(struct reply *reply, const char *content_type, json_t *json)
{
    reply->content_type = content_type;
    json_dump_callback(json, append_json, &reply->body, JSON_COMPACT);
    buffer_putc(&reply->body, '\n');
    json_decref(json);
}

static void set_page(struct reply *reply, const struct mustache *template, const struct page_view *view)
{
    reply->content_type = HTML_TYPE;
    mustache_render(template, &page_view_type, view, &reply->body);
}

/* ---- a todo as it is stored */

static const struct todo_view *todo_view(struct arena *a, const struct todo_row *row)
{
    struct name_view *list = arena_alloc(a, sizeof *list);
    *list = (struct name_view){.name = row->list, .slug = row->list_slug, .last = true};
    struct name_view *tags = arena_alloc(a, sizeof *tags * TODO_TAGS);
    for (unsigned i = 0; i < row->ntags; i++)
        tags[i] =
            (struct name_view){.name = row->tags[i], .slug = row->tag_slugs[i], .last = i + 1 == row->ntags};
    char *day = NULL;
    struct due due;
    if (row->due && !due_parse(row->due, &due)) {
        day = arena_alloc(a, 11);
        due_day(&due, day);
    }
    struct todo_view *view = arena_alloc(a, sizeof *view);
    *view = (struct todo_view){.id = row->id,
                               .version = row->version,
                               .revision = row->revision,
                               .title = row->title,
                               .notes = row->notes,
                               .done = row->state == TODO_DONE || row->finished_before_delete,
                               .list = list,
                               .tags = {tags, row->ntags},
                               .priority = row->priority,
                               .due = row->due,
                               .due_day = day,
                               .created = row->created,
                               .updated = row->updated,
                               .finished = row->finished,
                               .last = true};
    return view;
}

/* The very object that the todo's twin is. */
static json_t *todo_json(struct arena *a, const struct site *site, const struct todo_row *row)
{
    struct page_view view = {.todo = todo_view(a, row)};
    struct buffer text;
    buffer_init(&text, REPLY_MAX);
    mustache_render(site->todo, &page_view_type, &view, &text);
    json_t *json = json_loadb(text.base, text.len, 0, NULL);
    buffer_release(&text);
    return json;
}

/* Tags as a form's field has them: separated by commas, in quotes where quick add needs them. */
static const char *tags_text(struct arena *a, const struct todo_row *row)
{
    const char *text = "";
    for (unsigned i = 0; i < row->ntags; i++) {
        const char *token = quick_tokens(a, &row->tags[i], 1, 0, NULL, NULL);
        text = arena_printf(a, "%s%s%s", text, i ? ", " : "", token + strlen(" #"));
    }
    return text;
}

/* ---- a form, shown again */

/* What was sent as `name`; else what is stored; else nothing. */
static const char *field_text(json_t *form, const char *name, const char *stored)
{
    const char *sent = json_string_value(json_object_get(form, name));
    return sent ? sent : stored ? stored : "";
}

static const char *field_error(const struct problems *problems, const char *name)
{
    for (size_t i = 0; problems && i < problems->count; i++)
        if (strcmp(problems->item[i].field, name) == 0)
            return problems->item[i].detail;
    return NULL;
}

static struct mustache_list priority_options(struct arena *a, const char *selected)
{
    static const char *const values[TODO_PRIORITIES + 1] = {"", "1", "2", "3", "4"};
    static const char *const labels[TODO_PRIORITIES + 1] = {"none", "1 (highest)", "2", "3", "4 (lowest)"};
    struct option_view *options = arena_alloc(a, sizeof *options * (TODO_PRIORITIES + 1));
    for (size_t i = 0; i <= TODO_PRIORITIES; i++)
        options[i] = (struct option_view){values[i], labels[i], strcmp(values[i], selected) == 0};
    return (struct mustache_list){options, TODO_PRIORITIES + 1};
}

/* The form as it was sent, with a sentence beside each field that is wrong. What it did not have (a button
 * that only finishes) comes from the stored todo, if there is one; NULL if neither has a title. */
static const struct form_view *form_again(struct arena *a, const struct request *request,
                                          const struct problems *problems, const struct outcome *outcome)
{
    json_t *form = request->form;
    const struct todo_row *stored = outcome ? outcome->todo : NULL;
    bool creates = request->route.action == ACTION_CREATE;
    if (!form || (!creates && request->route.action != ACTION_EDIT))
        return NULL;
    if (!creates && !stored && !json_object_get(form, "title"))
        return NULL;

    const char *quick = json_string_value(json_object_get(form, "quick"));
    const char *done = json_string_value(json_object_get(form, "done"));
    const char *priority = stored && stored->priority ? arena_printf(a, "%u", stored->priority) : NULL;
    struct form_view *view = arena_alloc(a, sizeof *view);
    *view = (struct form_view){
        .action = creates ? "/api/todos" : arena_printf(a, "/api/todos/%" PRIu64, request->route.todo),
        .method = creates ? NULL : "PATCH",
        .version = outcome && outcome->version ? outcome->version : request->version,
        .next = request->next,
        .quick = quick,
        .quick_error = field_error(problems, "quick"),
        .title = field_text(form, "title", stored ? stored->title : NULL),
        .notes = field_text(form, "notes", stored ? stored->notes : NULL),
        .list = field_text(form, "list", stored ? stored->list : NULL),
        .tags = field_text(form, "tags", stored ? tags_text(a, stored) : NULL),
        .due = field_text(form, "due", stored ? stored->due : NULL),
        .done = done && *done && (strchr("1ty", *done) || strcmp(done, "on") == 0),
        .priorities = priority_options(a, field_text(form, "priority", priority)),
        .title_error = field_error(problems, "title"),
        .notes_error = field_error(problems, "notes"),
        .list_error = field_error(problems, "list"),
        .tags_error = field_error(problems, "tags"),
        .priority_error = field_error(problems, "priority"),
        .due_error = field_error(problems, "due")};
    return view;
}

/* ---- refusals */

static void set_problem_json(struct reply *reply, const struct problem_row *row, const char *detail,
                             const struct problems *problems)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "type", row->type, "title", row->title, "status",
                             (int)row->status, "detail", detail);
    json_t *errors = json_array();
    for (size_t i = 0; problems && i < problems->count; i++)
        if (*problems->item[i].field)
            json_array_append_new(errors, json_pack("{s:s, s:s}", "field", problems->item[i].field, "detail",
                                                    problems->item[i].detail));
    if (json_array_size(errors))
        json_object_set(json, "errors", errors);
    json_decref(errors);
    set_json(reply, PROBLEM_TYPE_JSON, json);
}

/* What is wrong with which field. */
static struct mustache_list problem_list(struct arena *a, const struct problems *problems)
{
    struct problem_view *items = arena_alloc(a, PROBLEMS * sizeof *items);
    size_t n = 0;
    for (size_t i = 0; problems && i < problems->count; i++)
        if (*problems->item[i].field)
            items[n++] =
                (struct problem_view){.field = problems->item[i].field, .detail = problems->item[i].detail};
    if (n)
        items[n - 1].last = true;
    return (struct mustache_list){items, n};
}

/* The fields that are kept, as hidden ones. With `prefix` they go through the form to sign in, and where they
 * were going goes along. */
static struct mustache_list kept_fields(struct arena *a, const struct kept *kept, bool prefix)
{
    struct kept_view *fields = arena_alloc(a, (json_object_size(kept->fields) + 1) * sizeof *fields);
    size_t n = 0;
    const char *name;
    json_t *value;
    if (prefix && kept->action)
        fields[n++] = (struct kept_view){.name = KEPT_ACTION, .value = kept->action};
    json_object_foreach(kept->fields, name, value)
    {
        const char *as = prefix ? arena_printf(a, KEPT_PREFIX "%s", name) : name;
        fields[n++] = (struct kept_view){.name = as, .value = json_string_value(value)};
    }
    return (struct mustache_list){fields, n};
}

/* The form to sign in, whatever it is that stands in the way. */
static const struct sign_in_view *sign_in_form(struct arena *a, const struct request *request)
{
    struct sign_in_view *view = arena_alloc(a, sizeof *view);
    *view = (struct sign_in_view){.next = request->next, .kept = kept_fields(a, &request->kept, true)};
    return view;
}

static void set_problem_page(struct reply *reply, struct arena *a, const struct site *site,
                             const struct request *request, const struct problem_row *row, const char *detail,
                             const struct problems *problems, const struct outcome *outcome)
{
    struct page_view view = page(site, request);
    view.title = row->title;
    view.path = request->route.page;
    view.kind = "error";
    view.status = row->status;
    view.detail = detail;
    view.problems = problem_list(a, problems);
    if (row->status == 401 || request->route.action == ACTION_SIGN_IN) {
        view.members = view.signed_in = false; /* nobody has shown that he is one */
        view.sign_in = sign_in_form(a, request);
    } else {
        view.form = form_again(a, request, problems, outcome);
    }
    view.stored = row->status == 412 && outcome->todo ? todo_view(a, outcome->todo) : NULL;

    set_page(reply, site->problem, &view);
}

void reply_problem(struct reply *reply, struct arena *a, const struct site *site,
                   const struct request *request, enum problem_kind kind, const char *detail,
                   const struct problems *problems, const struct outcome *outcome)
{
    const struct problem_row *row = &problem_rows[kind];
    if (!detail && problems && problems->count && !*problems->item[0].field)
        detail = problems->item[0].detail; /* about the whole: a sentence */
    if (!detail)
        detail = row->detail;
    reply->status = row->status;
    if (row->retry_after)
        reply_header(reply, "retry-after", row->retry_after);
    if (kind == PROBLEM_LIMITED)
        reply_header(reply, "retry-after", arena_printf(a, "%u", request->wait));
    if (row->status == 401)
        reply_header(reply, "www-authenticate", "Bearer");
    if (kind == PROBLEM_METHOD) {
        reply_header(reply, "allow", request->route.allow);
        reply_header(reply, "link", arena_printf(a, "<%s>; rel=\"alternate\"", request->route.page));
    }
    if (kind == PROBLEM_STALE)
        add_etag(reply, a, outcome->version);
    if (request->html)
        set_problem_page(reply, a, site, request, row, detail, problems, outcome);
    else
        set_problem_json(reply, row, detail, problems);
}

/* ---- successes */

static bool is_about_list(enum command_op op)
{
    return op == COMMAND_LIST_EDIT || op == COMMAND_LIST_DELETE;
}

/* A path as a header has it, with room for `more` bytes behind it: what was typed into `next` beyond ASCII
 * becomes %XX. */
static char *header_path(struct arena *a, const char *path, size_t more)
{
    char *text = arena_alloc(a, 3 * strlen(path) + more + 1), *p = text;
    for (const char *s = path; *s; s++)
        p += sprintf(p, *s > ' ' && *s < 0x7f ? "%c" : "%%%02X", (unsigned char)*s);
    return text;
}

/* Where a browser goes, with a fragment by which the page can point at what changed. */
static const char *redirect_target(struct arena *a, const struct request *request,
                                   const struct command *command)
{
    const char *next = request->next;
    uint64_t id = 0; /* to point at */
    switch (command->op) {
    case COMMAND_CREATE:
    case COMMAND_EDIT:
    case COMMAND_RESTORE:
        id = command->outcome.id;
        if (!next)
            next = arena_printf(a, "/todos/%" PRIu64, id);
        break;
    case COMMAND_LIST_EDIT:
        if (!next)
            next = request->route.page;
        break;
    case COMMAND_LIST_DELETE:
        if (!next)
            next = "/lists";
        break;
    default:
        if (!next)
            next = "/";
    }
    char *target = header_path(a, next, sizeof "#todo-" + 20);
    if (id && !strchr(target, '#'))
        sprintf(target + strlen(target), "#todo-%" PRIu64, id);
    return target;
}

static json_t *success_json(struct arena *a, const struct site *site, const struct request *request,
                            const struct command *command, bool published)
{
    const struct outcome *o = &command->outcome;
    if (command->op == COMMAND_IMPORT)
        return json_pack("{s:I, s:I, s:I, s:I, s:b}", "todos", (json_int_t)o->todos, "done",
                         (json_int_t)o->done, "lists", (json_int_t)o->lists, "revision",
                         (json_int_t)o->revision, "published", published);
    const char *url =
        is_about_list(command->op) ? request->route.page : arena_printf(a, "/todos/%" PRIu64, o->id);
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:b, s:s}", "id", (json_int_t)o->id, "version", (json_int_t)o->version,
                  "revision", (json_int_t)o->revision, "published", published, "url", url);
    if (o->todo)
        json_object_set_new(json, "todo", todo_json(a, site, o->todo));
    return json;
}

static void reply_success(struct reply *reply, struct command *command, const struct site *site,
                          const struct request *request, bool published)
{
    struct arena *a = &command->arena;
    const struct outcome *o = &command->outcome;
    bool async = request->prefer.respond_async && !published;

    if (o->replayed)
        reply_header(reply, "idempotency-replayed", "true");
    if (async || o->todo)
        reply_header(reply, "preference-applied",
                     async && o->todo ? "respond-async, return=representation"
                     : async          ? "respond-async"
                                      : "return=representation");
    if (command->op != COMMAND_IMPORT)
        add_etag(reply, a, o->version);

    if (request->html) {
        const char *target = redirect_target(a, request, command);
        if (published) {
            reply->status = 303;
            reply_header(reply, "location", target);
            return;
        }
        struct page_view view = page(site, request);
        view.title = "Stored";
        view.path = request->route.page;
        view.kind = "accepted";
        view.status = reply->status = 202;
        view.look_again = target;
        set_page(reply, site->accepted, &view);
        return;
    }
    reply->status = published ? outcome_rows[o->status].status : 202;
    if (command->op == COMMAND_CREATE)
        reply_header(reply, "location", arena_printf(a, "/todos/%" PRIu64, o->id));
    set_json(reply, JSON_TYPE, success_json(a, site, request, command, published));
}

void reply_outcome(struct reply *reply, struct command *command, const struct site *site,
                   const struct request *request, bool published)
{
    const struct outcome *o = &command->outcome;
    if (outcome_is_success(o->status))
        reply_success(reply, command, site, request, published);
    else
        reply_problem(reply, &command->arena, site, request, outcome_rows[o->status].kind, o->why, NULL, o);
}

/* The kept form as it was sent. One to add or edit a todo can be seen and altered; any other (a line of quick
 * add, a button) is sent again as it is. */
static void set_kept_page(struct reply *reply, struct arena *a, const struct site *site,
                          const struct request *request)
{
    const struct form_view as_it_was = {.action = request->kept.action};
    const struct sign_in_view hidden = {.kept = kept_fields(a, &request->kept, false)};
    struct page_view view = page(site, request);
    view.title = "Signed in";
    view.path = request->route.page;
    view.kind = "accepted";
    view.status = reply->status;
    if (!json_object_get(request->form, "quick"))
        view.form = form_again(a, request, NULL, NULL);
    if (!view.form) {
        view.form = &as_it_was;
        view.sign_in = &hidden;
    }
    set_page(reply, site->signed_in, &view);
}

void reply_session(struct reply *reply, struct arena *a, const struct site *site,
                   const struct request *request, const struct session_secret *session)
{
    const char *cookies[2];
    session_cookies(a, session, request->secure, cookies);
    reply_header(reply, "set-cookie", cookies[0]);
    reply_header(reply, "set-cookie", cookies[1]);
    reply->status = 200;
    if (!request->html) {
        set_json(reply, JSON_TYPE, json_pack("{s:b}", "signed_in", session != NULL));
    } else if (request->kept.action) {
        set_kept_page(reply, a, site, request);
    } else {
        reply->status = 303;
        reply_header(reply, "location", header_path(a, request->next ? request->next : "/", 0));
    }
}

void reply_health(struct reply *reply, bool database, bool generator, uint64_t revision, uint64_t published)
{
    reply->status = database ? 200 : 503;
    if (!database)
        reply_header(reply, "retry-after", problem_rows[PROBLEM_DATABASE].retry_after);
    set_json(reply, JSON_TYPE,
             json_pack("{s:s, s:s, s:s, s:I, s:I}", "status",
                       !database    ? "down"
                       : !generator ? "degraded"
                                    : "ok",
                       "database", database ? "ok" : "down", "generator", generator ? "ok" : "away",
                       "revision", (json_int_t)revision, "published", (json_int_t)published));
}
