/*
 * What a batch touches, in one round trip: several SELECTs in one text, each
 * with the rows' taker beside it; in a second one, when a list or tag is new,
 * the slugs that it may not get. Names, keys and slugs stand in it as
 * hexadecimal literals: nothing that was typed stands in SQL as it is.
 */
#include "load.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lock_board[] = "SELECT revision, last_todo, last_list, last_tag, open, done, public_open, "
                                 "public_done FROM board WHERE id=1 FOR UPDATE";

/* The text of a round trip and what takes the rows of each of its results. */
typedef void load_fn(struct batch *b, MYSQL_ROW row, const unsigned long *len);
struct query {
    FILE *text; /* writes sql */
    char *sql;
    size_t len;
    load_fn *load[9];
    size_t loads;
};

static uint64_t number(const char *s)
{
    return strtoull(s, NULL, 10);
}

static const char *copy(struct batch *b, const char *s, unsigned long len)
{
    return s ? arena_strndup(b->arena, s, len) : NULL;
}

static void load_board(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    (void)len;
    b->revision = number(row[0]);
    b->last_todo = number(row[1]);
    b->last_list = (uint32_t)number(row[2]);
    b->last_tag = (uint32_t)number(row[3]);
    b->open = strtoll(row[4], NULL, 10);
    b->done = strtoll(row[5], NULL, 10);
    b->public_open = strtoll(row[6], NULL, 10);
    b->public_done = strtoll(row[7], NULL, 10);
}

static void load_credential(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    struct stored_credential credential = {.shown.kind =
                                               *row[1] == '1' ? CREDENTIAL_SESSION : CREDENTIAL_TOKEN,
                                           .name = copy(b, row[2], len[2])};
    memcpy(credential.shown.hash, row[0], sizeof credential.shown.hash);
    snprintf(credential.shown.reading_key, sizeof credential.shown.reading_key, "%s", row[3]);
    batch_add_credential(b, &credential);
}

static void load_receipt(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    struct receipt receipt = {.actor = copy(b, row[0], len[0]),
                              .key = copy(b, row[1], len[1]),
                              .key_len = len[1],
                              .op = (enum command_op)number(row[3]),
                              .id = number(row[4]),
                              .version = (uint32_t)number(row[5]),
                              .revision = number(row[6]),
                              .todos = (uint32_t)number(row[7]),
                              .done = (uint32_t)number(row[8]),
                              .lists = (uint32_t)number(row[9]),
                              .slug = copy(b, row[10], len[10])};
    memcpy(receipt.fingerprint, row[2], sizeof receipt.fingerprint);
    batch_add_receipt(b, &receipt);
}

#define LIST_COLUMNS                                                                                         \
    "l.id, l.version, l.revision, l.name, l.name_key, l.slug, l.public, l.deleted, l.last_number, l.open, "  \
    "l.done, l.last_rank"

static void load_list(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    uint32_t id = (uint32_t)number(row[0]);
    if (batch_list(b, id))
        return;
    batch_add_list(b, &(struct stored_list){.id = id,
                                            .version = (uint32_t)number(row[1]),
                                            .revision = number(row[2]),
                                            .name = copy(b, row[3], len[3]),
                                            .key = copy(b, row[4], len[4]),
                                            .key_len = len[4],
                                            .slug = copy(b, row[5], len[5]),
                                            .public = *row[6] == '1',
                                            .deleted = *row[7] == '1',
                                            .last_number = (uint32_t)number(row[8]),
                                            .open = strtoll(row[9], NULL, 10),
                                            .done = strtoll(row[10], NULL, 10),
                                            .last_rank = number(row[11])});
}

#define TAG_COLUMNS                                                                                          \
    "g.id, g.name, g.name_key, g.slug, g.last_number, g.open, g.done, g.public_open, g.public_done"

static void load_tag(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    uint32_t id = (uint32_t)number(row[0]);
    if (batch_tag(b, id))
        return;
    batch_add_tag(b, &(struct stored_tag){.id = id,
                                          .name = copy(b, row[1], len[1]),
                                          .key = copy(b, row[2], len[2]),
                                          .slug = copy(b, row[3], len[3]),
                                          .last_number = (uint32_t)number(row[4]),
                                          .open = strtoll(row[5], NULL, 10),
                                          .done = strtoll(row[6], NULL, 10),
                                          .public_open = strtoll(row[7], NULL, 10),
                                          .public_done = strtoll(row[8], NULL, 10)});
}

static void load_list_slug(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    batch_take_slug(b, false, copy(b, row[0], len[0]));
}

static void load_tag_slug(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    batch_take_slug(b, true, copy(b, row[0], len[0]));
}

static void load_todo(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    struct stored_todo todo = {.id = number(row[0]),
                               .version = (uint32_t)number(row[1]),
                               .revision = number(row[2]),
                               .state = (enum todo_state)number(row[3]),
                               .title = copy(b, row[4], len[4]),
                               .notes = copy(b, row[5], len[5]),
                               .list = batch_list(b, (uint32_t)number(row[6])),
                               .list_number = (uint32_t)number(row[7]),
                               .priority = (unsigned)number(row[8]),
                               .due = copy(b, row[9], len[9]),
                               .due_key = copy(b, row[10], len[10]),
                               .created = copy(b, row[11], len[11]),
                               .updated = copy(b, row[12], len[12]),
                               .finished = copy(b, row[13], len[13]),
                               .deleted = copy(b, row[14], len[14]),
                               .rank = number(row[15]),
                               .created_day = (uint32_t)number(row[16]),
                               .finished_day = row[17] ? (uint32_t)number(row[17]) : 0};
    batch_add_todo(b, &todo);
}

static void load_todo_tag(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    load_tag(b, row + 2, len + 2);
    struct stored_todo *todo = batch_todo(b, number(row[0]));
    todo->tags[todo->ntags++] =
        (struct membership){batch_tag(b, (uint32_t)number(row[2])), (uint32_t)number(row[1])};
}

/* A comma-separated list of literals, written while the commands are walked. */
struct literals {
    char *text;
    size_t len;
    FILE *f;
    size_t count;
};

static void literals_open(struct literals *l)
{
    l->count = 0;
    l->f = db_open_text(&l->text, &l->len);
}

static const char *literals_text(struct literals *l)
{
    fflush(l->f);
    return l->text;
}

static void literals_close(struct literals *l)
{
    fclose(l->f);
    free(l->text);
}

static void literal_bytes(struct literals *l, const char *bytes, size_t len)
{
    if (l->count++)
        fputc(',', l->f);
    db_write_hex(l->f, bytes, len);
}

static void literal_number(struct literals *l, uint64_t n)
{
    fprintf(l->f, "%s%llu", l->count++ ? "," : "", (unsigned long long)n);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void keep(void *node)
{
    (void)node; /* the arena's */
}

/* A name of a list or tag. */
struct typed {
    const char *name, *key;
    bool of_tag;
    struct typed *next;
};

/* All that the commands of a batch name. */
struct named {
    struct arena *arena;
    struct literals credentials, receipts, todos, slugs;
    struct literals created;           /* todos that were created under a key that comes again */
    struct literals lists, list_slugs; /* keys of lists by name; slugs that new ones could get */
    struct literals tags, tag_slugs;
    struct typed *typed;
    void *seen_lists, *seen_tags, *seen_credentials; /* so that each is written once */
};

static void name_one(struct named *n, bool of_tag, const char *name)
{
    void **seen = of_tag ? &n->seen_tags : &n->seen_lists;
    if (tfind(name, seen, compare_strings))
        return;
    tsearch(name, seen, compare_strings);
    struct typed *typed = arena_alloc(n->arena, sizeof *typed);
    *typed = (struct typed){name, name_key(n->arena, name), of_tag, n->typed};
    n->typed = typed;
    literal_bytes(of_tag ? &n->tags : &n->lists, typed->key, strlen(typed->key));
}

/* Of the names that nobody has yet, the slugs that they could get. */
static void name_slugs(struct named *n, const struct batch *b)
{
    for (const struct typed *t = n->typed; t; t = t->next) {
        if (t->of_tag ? batch_tag_named(b, t->key) != NULL : batch_list_named(b, t->key) != NULL)
            continue;
        for (unsigned k = 0; k < SLUG_CANDIDATES; k++) {
            const char *slug = slug_candidate(n->arena, t->name, t->of_tag, k);
            literal_bytes(t->of_tag ? &n->tag_slugs : &n->list_slugs, slug, strlen(slug));
        }
    }
}

/* An answer given again shows the todo as it is. */
static void name_created(struct named *n, const struct batch *b)
{
    for (size_t i = 0; i < b->receipts.count; i++) {
        const struct receipt *receipt = b->receipts.item[i];
        if (receipt->op == COMMAND_CREATE && !batch_todo(b, receipt->id))
            literal_number(&n->created, receipt->id);
    }
}

static void name_draft(struct named *n, const struct todo_draft *draft)
{
    if (draft->present & FIELD_LIST)
        name_one(n, false, draft->list);
    for (unsigned i = 0; draft->present & FIELD_TAGS && i < draft->ntags; i++)
        name_one(n, true, draft->tags[i]);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof((struct credential *)NULL)->hash);
}

static void name_credential(struct named *n, const struct credential *c)
{
    if (c->kind != CREDENTIAL_SESSION && c->kind != CREDENTIAL_TOKEN)
        return;
    if (tfind(c->hash, &n->seen_credentials, compare_hashes))
        return;
    tsearch(c->hash, &n->seen_credentials, compare_hashes);
    literal_bytes(&n->credentials, (const char *)c->hash, sizeof c->hash);
}

static void name_command(struct named *n, const struct command *c)
{
    name_credential(n, &c->credential);
    if (c->key)
        literal_bytes(&n->receipts, c->key, c->key_len);
    if (c->todo)
        literal_number(&n->todos, c->todo);
    if (c->draft.present & FIELD_PLACE)
        literal_number(&n->todos, c->draft.beside);
    if (c->slug)
        literal_bytes(&n->slugs, c->slug, strlen(c->slug));
    if (c->list_name)
        name_one(n, false, c->list_name);
    if (c->op == COMMAND_CREATE || c->op == COMMAND_EDIT)
        name_draft(n, &c->draft);
    for (size_t i = 0; i < c->ndrafts; i++)
        name_draft(n, &c->drafts[i]);
}

static void named_open(struct named *n, struct arena *arena)
{
    *n = (struct named){.arena = arena};
    struct literals *all[] = {&n->credentials, &n->receipts, &n->todos,      &n->created,  &n->slugs,
                              &n->tags,        &n->lists,    &n->list_slugs, &n->tag_slugs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        literals_open(all[i]);
}

static void named_close(struct named *n)
{
    struct literals *all[] = {&n->credentials, &n->receipts, &n->todos,      &n->created,  &n->slugs,
                              &n->tags,        &n->lists,    &n->list_slugs, &n->tag_slugs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        literals_close(all[i]);
    tdestroy(n->seen_lists, keep);
    tdestroy(n->seen_tags, keep);
    tdestroy(n->seen_credentials, keep);
}

/* Adds a SELECT, unless nothing was named; what is named goes where %s stands. */
static void ask(struct query *q, load_fn *load, const char *format, struct literals *named)
{
    if (!named->count)
        return;
    if (q->loads)
        fputc(';', q->text);
    fprintf(q->text, format, literals_text(named));
    q->load[q->loads++] = load;
}

/* With their lists, which stand before them, and tags. */
static void ask_todos(struct query *q, struct literals *ids)
{
    ask(q, load_list,
        "SELECT DISTINCT " LIST_COLUMNS " FROM todo t JOIN list l ON l.id=t.list_id WHERE t.id IN (%s)", ids);
    ask(q, load_todo,
        "SELECT id, version, revision, state, title, notes, list_id, list_number, priority, due, due_key, "
        "created,"
        " updated, finished, deleted, list_rank, created_day, finished_day FROM todo WHERE id IN (%s)",
        ids);
    ask(q, load_todo_tag,
        "SELECT m.todo_id, m.number, " TAG_COLUMNS " FROM todo_tag m JOIN tag g ON g.id=m.tag_id"
        " WHERE m.todo_id IN (%s) ORDER BY m.todo_id, m.position",
        ids);
}

static void write_query(struct query *q, struct named *n)
{
    fputs(lock_board, q->text);
    q->load[q->loads++] = load_board;
    ask(q, load_credential,
        "SELECT hash, kind, name, reading_key FROM credential WHERE hash IN (%s)"
        " AND (expires IS NULL OR expires > UTC_TIMESTAMP(3))",
        &n->credentials);
    ask(q, load_list, "SELECT " LIST_COLUMNS " FROM list l WHERE l.name_key IN (%s)", &n->lists);
    ask(q, load_list, "SELECT " LIST_COLUMNS " FROM list l WHERE l.slug IN (%s)", &n->slugs);
    ask(q, load_tag, "SELECT " TAG_COLUMNS " FROM tag g WHERE g.name_key IN (%s)", &n->tags);
    ask_todos(q, &n->todos);
    ask(q, load_receipt,
        "SELECT r.actor, r.idempotency_key, r.fingerprint, r.op, r.id, r.version, r.revision, r.todos, "
        "r.done,"
        " r.lists, l.slug FROM receipt r LEFT JOIN list l ON l.id=r.id AND r.op IN (6, 7)"
        " WHERE r.idempotency_key IN (%s) AND r.at > UTC_TIMESTAMP(3) - INTERVAL 24 HOUR FOR UPDATE",
        &n->receipts);
}

_Static_assert(COMMAND_LIST_EDIT == 6 && COMMAND_LIST_DELETE == 7, "stands in write_query()");

static enum db_result run_query(struct db *db, struct batch *b, const char *sql, size_t len,
                                load_fn *const *load)
{
    static const char doing[] = "reading what a batch touches";
    if (mysql_real_query(db->mysql, sql, (unsigned long)len))
        return db_failed(db, NULL, doing);
    for (size_t i = 0;; i++) {
        MYSQL_RES *result = mysql_store_result(db->mysql);
        if (!result)
            return db_failed(db, NULL, doing);
        MYSQL_ROW row;
        while ((row = mysql_fetch_row(result)))
            load[i](b, row, mysql_fetch_lengths(result));
        mysql_free_result(result);
        int more = mysql_next_result(db->mysql);
        if (more < 0)
            return DB_OK;
        if (more > 0)
            return db_failed(db, NULL, doing);
    }
}

static enum db_result run_and_close(struct query *q, struct db *db, struct batch *b)
{
    fclose(q->text);
    enum db_result result = q->loads ? run_query(db, b, q->sql, q->len, q->load) : DB_OK;
    free(q->sql);
    return result;
}

/* ---- between two */

static void load_neighbour(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    (void)len;
    b->gap.rank = row[0] ? number(row[0]) : 0;
}

static void load_rank(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    (void)len;
    batch_todo(b, number(row[0]))->rank = number(row[1]);
}

/* The rank next to that of a todo, whatever the state of the one that has it: one end of a range of an index
 * for each. */
static enum db_result ask_neighbour(struct db *db, struct batch *b, const struct stored_todo *beside,
                                    bool above)
{
    static load_fn *const loads[] = {load_neighbour};
    char sql[512];
    const char *end = above ? "MIN" : "MAX", *side = above ? ">" : "<";
    int len = snprintf(sql, sizeof sql, "SELECT %s(r) FROM (", end);
    for (int state = TODO_OPEN; state <= TODO_DELETED; state++)
        len += snprintf(
            sql + len, sizeof sql - (size_t)len,
            "%sSELECT %s(list_rank) AS r FROM todo WHERE list_id=%u AND state=%d AND list_rank%s%llu",
            state > TODO_OPEN ? " UNION ALL " : "", end, beside->list->id, state, side,
            (unsigned long long)beside->rank);
    len += snprintf(sql + len, sizeof sql - (size_t)len, ") AS ends");
    return run_query(db, b, sql, (size_t)len, loads);
}

/* Gives the todos around one in its list equal distances, in the order that they have: so many on each side
 * that there is room between them again, whatever has been done to a few. Below the lowest there is room as
 * well. */
static enum db_result respace(struct db *db, struct batch *b, const struct stored_todo *beside)
{
    enum { SIDE = 1000 };
    const unsigned list = beside->list->id;
    const unsigned long long rank = beside->rank;
    const char *sql = arena_printf(
        b->arena,
        "UPDATE todo t JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY list_rank, id) AS n, COUNT(*) OVER () AS "
        "all_n,"
        " MAX(list_rank) OVER () AS last,"
        " IF(SUM(list_rank <= %llu) OVER () < %d, 0, MIN(list_rank) OVER ()) AS first"
        " FROM ((SELECT id, list_rank FROM todo WHERE list_id=%u AND list_rank<=%llu"
        " ORDER BY list_rank DESC LIMIT %d) UNION ALL (SELECT id, list_rank FROM todo WHERE list_id=%u"
        " AND list_rank>%llu ORDER BY list_rank LIMIT %d)) AS around) AS s ON s.id=t.id"
        " SET t.list_rank=s.first+(s.last-s.first) DIV s.all_n*s.n",
        rank, SIDE, list, rank, SIDE, list, rank, SIDE);
    return db_run(db, sql, strlen(sql));
}

/* What is free beside the todo that is named: b->gap. */
static enum db_result load_gap(struct db *db, struct batch *b, const struct command *command)
{
    static load_fn *const loads[] = {load_rank};
    const bool above = command->draft.above;
    const struct stored_todo *beside = batch_todo(b, command->draft.beside);
    if (!beside)
        return DB_OK;
    enum db_result result = ask_neighbour(db, b, beside, above);
    bool full = above ? b->gap.rank == beside->rank + 1 : b->gap.rank + 1 >= beside->rank;
    if (result != DB_OK || !full)
        return result;
    b->gap.respaced = true;
    result = respace(db, b, beside);
    const char *sql = arena_printf(b->arena, "SELECT id, list_rank FROM todo WHERE id IN (%llu, %llu)",
                                   (unsigned long long)beside->id, (unsigned long long)command->todo);
    if (result == DB_OK)
        result = run_query(db, b, sql, strlen(sql), loads);
    return result == DB_OK ? ask_neighbour(db, b, beside, above) : result;
}

enum db_result load_batch(struct db *db, struct batch *b, struct command *const *commands, size_t n)
{
    struct named named;
    struct query query = {0}, more = {0};

    named_open(&named, b->arena);
    for (size_t i = 0; i < n; i++)
        name_command(&named, commands[i]);
    query.text = db_open_text(&query.sql, &query.len);
    write_query(&query, &named);
    enum db_result result = run_and_close(&query, db, b);
    if (result == DB_OK) {
        name_slugs(&named, b);
        name_created(&named, b);
        more.text = db_open_text(&more.sql, &more.len);
        ask(&more, load_list_slug, "SELECT slug FROM list WHERE slug IN (%s)", &named.list_slugs);
        ask(&more, load_tag_slug, "SELECT slug FROM tag WHERE slug IN (%s)", &named.tag_slugs);
        ask_todos(&more, &named.created);
        result = run_and_close(&more, db, b);
    }
    named_close(&named);
    if (result == DB_OK && n == 1 && commands[0]->draft.present & FIELD_PLACE)
        result = load_gap(db, b, commands[0]);
    return result;
}

static void load_last_batch(struct batch *b, MYSQL_ROW row, const unsigned long *len)
{
    (void)len;
    b->revision = number(row[0]);
}

enum db_result load_mark(struct db *db, const void *token, size_t size, uint64_t *last)
{
    static load_fn *const loads[] = {load_board, load_last_batch};
    struct batch b = {0}; /* nothing is copied into an arena */
    char *sql = NULL;
    size_t len = 0;
    FILE *f = db_open_text(&sql, &len);
    fputs(lock_board, f);
    fputs(";SELECT COALESCE(MAX(batch), 0) FROM writer WHERE token=", f);
    db_write_hex(f, token, size);
    fclose(f);
    enum db_result result = run_query(db, &b, sql, len, loads);
    free(sql);
    *last = b.revision;
    return result;
}
