/* See exchange.h. The order of the functions is the order in which a request meets them. */
#include "exchange.h"

#include "../db/clock.h"
#include "command.h"
#include "framing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
    struct job job;             /* the writer's, while away */
    struct sign_in_job sign_in; /* or this the other thread's; never both */
    struct exchanges *all;
    h2o_req_t *req;          /* NULL once it is answered or has died */
    struct exchange **token; /* in the request's pool: how its end is noticed */
    struct request request;
    struct visitor visitor;
    enum body_type type;
    json_t *body;
    h2o_timeout_entry_t deadline;
    h2o_linklist_t held; /* in all->held or all->keyless */
    uint64_t keys;       /* the number to wait for in all->keyless */
    bool away;           /* a thread has the job */
    bool late;           /* the deadline passed while it was away */
};

/* ---- life and death */

static void exchange_free(struct exchange *x)
{
    json_decref(x->body);
    kept_release(&x->request.kept);
    arena_release(&x->job.command.arena);
    free(x);
}

/* Ends the request's side. */
static void detach(struct exchange *x)
{
    if (h2o_timeout_is_linked(&x->deadline))
        h2o_timeout_unlink(&x->deadline);
    if (h2o_linklist_is_linked(&x->held))
        h2o_linklist_unlink(&x->held);
    *x->token = NULL;
    x->req = NULL;
    if (!x->away)
        exchange_free(x);
}

static void on_request_disposed(void *token)
{
    struct exchange *x = *(struct exchange **)token;
    if (x)
        detach(x);
}

/* ---- sending */

/* The request in the log: whatever a client wrote, on one line. */
static void log_request(const struct exchange *x, unsigned status)
{
    h2o_req_t *req = x->req;
    ssize_t i = h2o_find_header_by_str(&req->headers, H2O_STRLIT("x-request-id"), -1);
    h2o_iovec_t id = i < 0 ? h2o_iovec_init(H2O_STRLIT("-")) : req->headers.entries[i].value;
    char line[256];
    int len = snprintf(line, sizeof line, "request %.*s: %.*s %.*s", (int)id.len, id.base,
                       (int)req->method.len, req->method.base, (int)req->path.len, req->path.base);
    if (len >= (int)sizeof line)
        len = sizeof line - 1;
    for (int j = 0; j < len; j++)
        if (line[j] < ' ' || line[j] > '~')
            line[j] = '?';
    fprintf(stderr, "writ-api: answered %u to %.*s\n", status, len, line);
}

/* Ends the exchange's request with this answer. */
static void send_reply(struct exchange *x, struct reply *reply)
{
    h2o_req_t *req = x->req;
    if (reply->status >= 500 || (x->all->logging && x->request.route.action != ACTION_HEALTH))
        log_request(x, reply->status);
    if (reply->body.overflow) /* out of memory: the status has to do */
        buffer_clear(&reply->body);

    req->res.status = (int)reply->status;
    req->res.reason = reply_reason(reply->status);
    req->res.content_length = reply->body.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL, H2O_STRLIT("no-store"));
    if (reply->content_type)
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, reply->content_type,
                       strlen(reply->content_type));
    for (size_t i = 0; i < reply->nheaders; i++) {
        h2o_iovec_t value = h2o_strdup(&req->pool, reply->headers[i].value, SIZE_MAX);
        h2o_add_header_by_str(&req->pool, &req->res.headers, reply->headers[i].name,
                              strlen(reply->headers[i].name), 1, NULL, value.base, value.len);
    }
    if (x->all->closing)
        req->http1_is_persistent = 0;
    h2o_iovec_t body = h2o_iovec_init(reply->body.len ? reply->body.base : "", reply->body.len);
    detach(x);
    h2o_send_inline(req, body.base, body.len); /* copies; sends no body on HEAD, as h2o_send() would */
    reply_release(reply);
}

/* A form that somebody has to sign in for comes back with the form to sign in. Read anew, as it was sent. */
static void keep_form(struct exchange *x)
{
    const h2o_req_t *req = x->req;
    struct problems ignored = {0};
    enum body_result result;
    if (!x->request.html || x->type != BODY_FORM || x->request.kept.fields)
        return;
    json_t *form = body_parse(BODY_FORM, req->entity.base, req->entity.len, &result, &ignored);
    if (form && x->request.route.action == ACTION_SIGN_IN)
        kept_take(&x->request.kept, &x->job.command.arena, form);
    else if (form)
        kept_keep(&x->request.kept, &x->job.command.arena, req->path.base, req->path.len, form);
    json_decref(form);
}

static void refuse(struct exchange *x, enum problem_kind kind, const struct problems *problems)
{
    struct reply reply;
    reply_init(&reply);
    if (kind == PROBLEM_UNAUTHORIZED || x->request.route.action == ACTION_SIGN_IN)
        keep_form(x);
    reply_problem(&reply, &x->job.command.arena, x->all->site, &x->request, kind, NULL, problems, NULL);
    send_reply(x, &reply);
}

/* Where the time went, for who asked: each stage from the end of the one before, in milliseconds. The last
 * three are the generator's own account of `publish`. */
static const char *timing(struct exchange *x, bool published)
{
    const struct job *job = &x->job;
    const struct publisher_times gen = publisher_times(x->all->publisher);
    const uint64_t now = now_us(), decided = job->written.committed ? job->written.committed : now;
    const struct {
        const char *name;
        uint64_t from, to;
    } stages[] = {
        {"parse", job->received, job->submitted},
        {"queue", job->submitted, job->taken},
        {"read", job->taken, job->written.read},
        {"store", job->written.read, job->written.stored},
        {"commit", job->written.stored, job->written.committed},
        {"publish", decided, now},
        {"gen-read", 0, published ? gen.read : 0},
        {"gen-render", 0, published ? gen.render : 0},
        {"gen-files", 0, published ? gen.files : 0},
    };
    const char *text = "";
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i].to > stages[i].from)
            text = arena_printf(&x->job.command.arena, "%s%s%s;dur=%.3f", text, *text ? ", " : "",
                                stages[i].name, (double)(stages[i].to - stages[i].from) / 1000);
    return text;
}

static void answer(struct exchange *x, bool published)
{
    struct reply reply;
    reply_init(&reply);
    if (x->job.command.outcome.status == OUTCOME_UNAUTHORIZED)
        keep_form(x);
    reply_outcome(&reply, &x->job.command, x->all->site, &x->request, published);
    if (x->request.prefer.timing)
        reply_header(&reply, "server-timing", timing(x, published));
    send_reply(x, &reply);
}

static void answer_health(struct exchange *x)
{
    struct exchanges *all = x->all;
    bool database = !x->away && x->job.command.outcome.status == OUTCOME_OK;
    struct reply reply;
    reply_init(&reply);
    reply_health(&reply, database, publisher_connected(all->publisher), all->revision,
                 publisher_published(all->publisher));
    send_reply(x, &reply);
}

/* ---- reading the request */

/* What the answer will look like, whatever else is wrong with the request. */
static void read_manner(struct exchange *x)
{
    h2o_req_t *req = x->req;
    h2o_iovec_t type, accept = header_joined(&req->pool, &req->headers, "accept", ","),
                      prefer = header_joined(&req->pool, &req->headers, "prefer", ",");
    bool once = header_single(&req->headers, "content-type", &type);
    x->type = once ? body_type(type.base, type.len) : BODY_OTHER;
    x->request.html = header_wants_html(accept.base, accept.len, x->type == BODY_FORM);
    header_prefer(prefer.base, prefer.len, &x->request.prefer);
}

/* If-Match and Idempotency-Key. */
static bool read_conditions(struct exchange *x, struct problems *problems)
{
    struct command *command = &x->job.command;
    h2o_iovec_t match, key, type;
    if (!header_single(&x->req->headers, "if-match", &match) ||
        (match.base && !header_if_match(match.base, match.len, &x->request.version))) {
        problems_add(problems, "", "If-Match must be one version in quotes, as ETag gives it, or *.");
        return false;
    }
    if (!header_single(&x->req->headers, "idempotency-key", &key) ||
        (key.base && !command_set_key(command, key.base, key.len))) {
        problems_add(problems, "", "Idempotency-Key must be 1 to %d printable ASCII characters.",
                     WRITE_KEY_BYTES);
        return false;
    }
    if (command->key) {
        const h2o_req_t *req = x->req;
        header_single(&req->headers, "content-type", &type);
        command_fingerprint(command, req->method.base, req->method.len, req->path.base, req->path.len,
                            type.base, type.len, req->entity.base, req->entity.len);
    }
    return true;
}

/* What a form says beside the fields: version, next, and by _method which action it means. */
static bool read_controls(struct exchange *x, struct problems *problems)
{
    struct request *request = &x->request;
    struct form_controls controls;
    form_controls(&x->job.command.arena, x->body, &controls, problems);
    request->next = controls.next;
    if (controls.version && request->version && controls.version != request->version) {
        problems_add(problems, "version", "is not the one that If-Match names");
        return false;
    }
    if (controls.version)
        request->version = controls.version;

    bool patch = controls.method && strcmp(controls.method, "PATCH") == 0;
    bool deletes = controls.method && strcmp(controls.method, "DELETE") == 0;
    enum action action = request->route.action;
    if (action == ACTION_TODO_FORM && (patch || deletes))
        request->route.action = patch ? ACTION_EDIT : request->route.purge ? ACTION_PURGE : ACTION_DELETE;
    else if (action == ACTION_LIST_FORM && (patch || deletes))
        request->route.action = patch ? ACTION_LIST_EDIT : ACTION_LIST_DELETE;
    else if (action == ACTION_TODO_FORM || action == ACTION_LIST_FORM)
        problems_add(problems, "_method", "must be PATCH or DELETE here");
    else if (action == ACTION_SIGN_IN && deletes)
        request->route.action = ACTION_SIGN_OUT;
    else if (controls.method)
        problems_add(problems, "_method", "is not for this address");
    return true;
}

/* The command that the action means, from the fields. True if there is nothing wrong with it. */
static bool read_fields(struct exchange *x, bool form, struct problems *problems)
{
    struct command *command = &x->job.command;
    const struct route *route = &x->request.route;
    time_t now = time(NULL);
    struct tm today;
    switch (route->action) {
    case ACTION_CREATE:
        return command_create(command, x->body, form, localtime_r(&now, &today), problems);
    case ACTION_EDIT:
        return command_edit(command, route->todo, x->body, form, localtime_r(&now, &today), problems);
    case ACTION_DELETE:
        return command_todo(command, COMMAND_DELETE, route->todo, x->body, problems);
    case ACTION_PURGE:
        return command_todo(command, COMMAND_PURGE, route->todo, x->body, problems);
    case ACTION_RESTORE:
        return command_todo(command, COMMAND_RESTORE, route->todo, x->body, problems);
    case ACTION_LIST_EDIT:
        return command_list_edit(command, route->slug, x->body, form, problems);
    case ACTION_LIST_DELETE:
        return command_list_delete(command, route->slug, x->body, problems);
    case ACTION_SIGN_IN:
        x->sign_in.passphrase = command_passphrase(x->body, problems);
        return x->sign_in.passphrase != NULL;
    case ACTION_SIGN_OUT:
        return command_nothing(x->body, problems);
    default: /* a form whose _method is missing: there is a problem already */
        return false;
    }
}

static enum problem_kind read_import(struct exchange *x, struct problems *problems)
{
    const h2o_iovec_t *entity = &x->req->entity;
    time_t now = time(NULL);
    struct tm today;
    if (x->type != BODY_MARKDOWN) {
        problems_add(problems, "", "Send a task list as text/markdown, in UTF-8.");
        return PROBLEM_TYPE;
    }
    if (entity->len > EXCHANGE_IMPORT_MAX)
        return PROBLEM_TOO_LARGE;
    bool ok = command_import(&x->job.command, x->type, entity->base, entity->len, localtime_r(&now, &today),
                             problems);
    return ok ? PROBLEM_NONE : PROBLEM_FIELDS;
}

static enum problem_kind read_write(struct exchange *x, struct problems *problems)
{
    const h2o_iovec_t *entity = &x->req->entity;
    bool form = x->type == BODY_FORM;
    if (!form && x->type != BODY_JSON && !(x->type == BODY_NONE && entity->len == 0))
        return PROBLEM_TYPE;
    if (entity->len > EXCHANGE_BODY_MAX && !form)
        return PROBLEM_TOO_LARGE;
    enum body_result result;
    x->body = body_parse(x->type, entity->base, entity->len, &result, problems);
    if (!x->body)
        return result == BODY_MALFORMED ? PROBLEM_REQUEST : PROBLEM_FIELDS;
    if (form) {
        x->request.form = x->body;
        if (x->request.route.action == ACTION_SIGN_IN)
            kept_take(&x->request.kept, &x->job.command.arena, x->body);
        if (!read_controls(x, problems))
            return PROBLEM_REQUEST;
    } else if (x->request.route.action == ACTION_TODO_FORM || x->request.route.action == ACTION_LIST_FORM) {
        problems_add(problems, "", "POST is for forms here: send PATCH or DELETE.");
        return PROBLEM_TYPE;
    }
    if (entity->len > EXCHANGE_BODY_MAX) /* only now, so that a person gets the text back */
        return PROBLEM_TOO_LARGE;
    bool ok = read_fields(x, form, problems);
    return ok && problems->count == 0 ? PROBLEM_NONE : PROBLEM_FIELDS;
}

static bool signs(const struct exchange *x)
{
    return x->request.route.action == ACTION_SIGN_IN || x->request.route.action == ACTION_SIGN_OUT;
}

/* What the body and the headers that belong to it ask for. */
static enum problem_kind read_request(struct exchange *x, struct problems *problems)
{
    struct request *request = &x->request;
    struct command *command = &x->job.command;
    if (!signs(x) && !read_conditions(x, problems))
        return PROBLEM_REQUEST;
    enum problem_kind kind =
        request->route.action == ACTION_IMPORT ? read_import(x, problems) : read_write(x, problems);
    bool creates = command->op == COMMAND_CREATE || command->op == COMMAND_IMPORT;
    if (kind == PROBLEM_NONE && creates && request->version) {
        problems_add(problems, "", "What does not exist yet has no version to match.");
        kind = PROBLEM_REQUEST;
    }
    command->expected_version = request->version;
    command->want_todo = request->prefer.representation;
    return kind;
}

/* Everything that can be said before the database is asked, in this order: whoever may not come in learns
 * nothing of what is wrong with what he brings. */
static enum problem_kind admit(struct exchange *x, struct problems *problems)
{
    struct request *request = &x->request;
    h2o_req_t *req = x->req;
    enum route_result found =
        route_find(req->method.base, req->method.len, req->path.base, req->path.len, &request->route);
    if (found == ROUTE_UNKNOWN)
        return PROBLEM_UNKNOWN;
    if (found == ROUTE_NOT_ALLOWED)
        return PROBLEM_METHOD;
    if (request->route.action == ACTION_HEALTH && found == ROUTE_FOUND) {
        x->job.command.op = COMMAND_PING;
        return PROBLEM_NONE;
    }
    enum problem_kind kind = gate_pass(x->all->gate, req, request, &x->visitor);
    if (kind != PROBLEM_NONE)
        return kind;
    if (signs(x) && x->all->gate->config->open) {
        problems_add(problems, "", "Everyone is a member of this board: there is nothing to sign in to.");
        return PROBLEM_CONFLICT;
    }
    if (found == ROUTE_BAD_QUERY) {
        problems_add(problems, "", "The only query there is is ?purge=1, where a todo is deleted.");
        return PROBLEM_REQUEST;
    }
    x->job.command.credential = x->visitor.credential;
    return read_request(x, problems);
}

/* ---- waiting */

/* The form that was kept becomes the one that is shown. */
static void show_kept(struct exchange *x)
{
    struct problems ignored = {0};
    json_decref(x->body);
    x->body = json_deep_copy(x->request.kept.fields);
    x->request.form = x->body;
    x->request.route = x->request.kept.route;
    x->request.version = 0;
    (void)read_controls(x, &ignored);
}

static void answer_session(struct exchange *x)
{
    bool in = x->request.route.action == ACTION_SIGN_IN;
    struct reply reply;
    reply_init(&reply);
    x->request.signed_in = in;
    if (in && x->request.kept.action)
        show_kept(x);
    reply_session(&reply, &x->job.command.arena, x->all->site, &x->request, in ? &x->sign_in.session : NULL);
    send_reply(x, &reply);
}

/* The pages did not follow in time; or the writer still has it, and its answer is sent as soon as it comes.
 */
static void on_publish_timeout(h2o_timeout_entry_t *entry)
{
    struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, deadline, entry);
    if (x->away)
        x->late = true;
    else if (signs(x))
        answer_session(x);
    else
        answer(x, false);
}

static void on_health_timeout(h2o_timeout_entry_t *entry)
{
    answer_health(H2O_STRUCT_FROM_MEMBER(struct exchange, deadline, entry));
}

/* Jobs come back in order of revision, but for replays: the place is at the end or near it. */
static void hold(struct exchange *x)
{
    h2o_linklist_t *place = &x->all->held;
    while (place->prev != &x->all->held) {
        struct exchange *before = H2O_STRUCT_FROM_MEMBER(struct exchange, held, place->prev);
        if (before->job.command.outcome.revision <= x->job.command.outcome.revision)
            break;
        place = place->prev;
    }
    h2o_linklist_insert(place, &x->held);
}

void exchanges_published(void *context)
{
    struct exchanges *all = context;
    uint64_t published = publisher_published(all->publisher);
    while (!h2o_linklist_is_empty(&all->held)) {
        struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, held, all->held.next);
        if (x->job.command.outcome.revision > published)
            break;
        answer(x, true);
    }
    uint64_t keyed = publisher_keyed(all->publisher);
    while (!h2o_linklist_is_empty(&all->keyless)) {
        struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, held, all->keyless.next);
        if (x->keys > keyed)
            break;
        answer_session(x);
    }
}

static void take_back(struct exchange *x)
{
    const struct outcome *outcome = &x->job.command.outcome;
    x->away = false;
    x->all->away--;
    bool success = outcome_is_success(outcome->status);
    if (outcome->status == OUTCOME_UNAUTHORIZED)
        gate_unknown(x->all->gate, &x->visitor);
    if (success && outcome->revision > x->all->revision)
        x->all->revision = outcome->revision;
    if (!x->req) {
        exchange_free(x);
        return;
    }
    if (x->request.route.action == ACTION_HEALTH) {
        answer_health(x);
        return;
    }
    bool published = outcome->revision <= publisher_published(x->all->publisher);
    if (!success || published || x->late || x->request.prefer.respond_async)
        answer(x, published);
    else
        hold(x);
}

void exchanges_done(void *context, struct job *jobs)
{
    struct exchanges *all = context;
    while (jobs) {
        struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, job, jobs);
        jobs = jobs->next;
        take_back(x);
    }
    publisher_want(all->publisher, all->revision);
}

void exchanges_signed_in(void *context, struct sign_in_job *job)
{
    static const enum problem_kind problems[] = {
        [SIGN_IN_DONE] = PROBLEM_NONE,
        [SIGN_IN_WRONG] = PROBLEM_PASSPHRASE,
        [SIGN_IN_UNSET] = PROBLEM_NO_PASSPHRASE,
        [SIGN_IN_LIMITED] = PROBLEM_LIMITED,
        [SIGN_IN_UNAVAILABLE] = PROBLEM_DATABASE,
    };
    struct exchanges *all = context;
    struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, sign_in, job);
    x->away = false;
    all->away--;
    if (job->result == SIGN_IN_DONE)
        x->keys = publisher_want_keys(all->publisher);
    if (!x->req) {
        exchange_free(x);
        return;
    }
    x->request.wait = sign_in_wait(all->sign_in, job->address);
    if (job->result != SIGN_IN_DONE)
        refuse(x, problems[job->result], NULL);
    else if (x->late)
        answer_session(x);
    else
        h2o_linklist_insert(&all->keyless, &x->held);
}

/* ---- the beginning and the end */

/* The head as it came, at the start of what the connection has read: h2o has no other trace of what was
 * doubtful in it. (The method is not where the head begins: with a body h2o has moved it elsewhere.) */
static enum problem_kind check_framing(struct exchange *x, struct problems *problems)
{
    const h2o_buffer_t *input = x->req->conn->callbacks->get_socket(x->req->conn)->input;
    const char *why;
    enum framing framing = framing_check(input->bytes, input->size, &why);
    if (framing == FRAMING_OK)
        return PROBLEM_NONE;
    problems_add(problems, "", "%s", why);
    x->req->http1_is_persistent = 0;
    return framing == FRAMING_NO_LENGTH ? PROBLEM_LENGTH : PROBLEM_REQUEST;
}

/* False when the queue is full. */
static bool submit(struct exchange *x)
{
    struct exchanges *all = x->all;
    bool taken;
    x->away = true;
    all->away++;
    if (signs(x)) {
        x->sign_in.address = x->visitor.address;
        x->sign_in.had_session = x->visitor.credential.kind == CREDENTIAL_SESSION;
        memcpy(x->sign_in.had, x->visitor.credential.hash, sizeof x->sign_in.had);
        taken = sign_in_submit(all->sign_in, &x->sign_in);
    } else {
        x->job.submitted = now_us();
        taken = writer_submit(all->writer, &x->job);
    }
    if (!taken) {
        x->away = false;
        all->away--;
    }
    return taken;
}

void exchange_start(struct exchanges *all, h2o_req_t *req)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        h2o_fatal("no memory");
    x->all = all;
    x->req = req;
    x->token = h2o_mem_alloc_shared(&req->pool, sizeof *x->token, on_request_disposed);
    *x->token = x;
    x->job.received = now_us();

    struct problems problems = {0};
    read_manner(x);
    enum problem_kind kind = check_framing(x, &problems);
    if (kind == PROBLEM_NONE)
        kind = admit(x, &problems);
    if (kind != PROBLEM_NONE) {
        refuse(x, kind, &problems);
        return;
    }
    bool health = x->request.route.action == ACTION_HEALTH;
    x->deadline.cb = health ? on_health_timeout : on_publish_timeout;
    h2o_timeout_link(all->loop, health ? &all->health_timeout : &all->publish_timeout, &x->deadline);
    if (submit(x))
        return;
    if (health)
        answer_health(x);
    else
        refuse(x, PROBLEM_BUSY, NULL);
}

void exchanges_init(struct exchanges *all, h2o_loop_t *loop, const struct site *site)
{
    *all = (struct exchanges){.loop = loop, .site = site};
    h2o_linklist_init_anchor(&all->held);
    h2o_linklist_init_anchor(&all->keyless);
    h2o_timeout_init(loop, &all->publish_timeout, EXCHANGE_PUBLISH_MS);
    h2o_timeout_init(loop, &all->health_timeout, EXCHANGE_HEALTH_MS);
}

void exchanges_release(struct exchanges *all)
{
    h2o_timeout_dispose(all->loop, &all->publish_timeout);
    h2o_timeout_dispose(all->loop, &all->health_timeout);
}
