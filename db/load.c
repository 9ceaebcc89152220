/*
 * What a batch touches, in one round trip: several SELECTs in one text, each
 * with the rows' taker beside it. Names, keys and slugs stand in it as
 * hexadecimal literals: nothing that was typed stands in SQL as it is.
 */
#include "load.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lock_board[] =
    "SELECT revision, last_todo, last_list, last_tag, open, done FROM board WHERE id=1 FOR UPDATE";

/* The text of a round trip and what takes the rows of each of its results. */
typedef void load_fn(struct batch *b, MYSQL_ROW row, const unsigned long *len);
struct query {
    FILE *text;
    load_fn *load[10];
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
    "l.done"

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
                                            .done = strtoll(row[10], NULL, 10)});
}

#define TAG_COLUMNS "g.id, g.name, g.name_key, g.slug, g.last_number, g.open, g.done"

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
                                          .done = strtoll(row[6], NULL, 10)});
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
                               .deleted = copy(b, row[14], len[14])};
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

/* All that the commands of a batch name. */
struct named {
    struct arena *arena;
    struct literals receipts, todos, slugs;
    struct literals lists, list_slugs; /* keys of lists by name; slugs that new ones could get */
    struct literals tags, tag_slugs;
    void *seen_lists, *seen_tags; /* names, so that each is written once */
};

static void name_one(struct named *n, bool of_tag, const char *name)
{
    void **seen = of_tag ? &n->seen_tags : &n->seen_lists;
    if (tfind(name, seen, compare_strings))
        return;
    tsearch(name, seen, compare_strings);
    const char *key = name_key(n->arena, name);
    literal_bytes(of_tag ? &n->tags : &n->lists, key, strlen(key));
    for (unsigned k = 0; k < SLUG_CANDIDATES; k++) {
        const char *slug = slug_candidate(n->arena, name, of_tag, k);
        literal_bytes(of_tag ? &n->tag_slugs : &n->list_slugs, slug, strlen(slug));
    }
}

static void name_draft(struct named *n, const struct todo_draft *draft)
{
    if (draft->present & FIELD_LIST)
        name_one(n, false, draft->list);
    for (unsigned i = 0; draft->present & FIELD_TAGS && i < draft->ntags; i++)
        name_one(n, true, draft->tags[i]);
}

static void name_command(struct named *n, const struct command *c)
{
    if (c->key)
        literal_bytes(&n->receipts, c->key, c->key_len);
    if (c->todo)
        literal_number(&n->todos, c->todo);
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
    struct literals *all[] = {&n->receipts,   &n->todos, &n->slugs,    &n->lists,
                              &n->list_slugs, &n->tags,  &n->tag_slugs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        literals_open(all[i]);
}

static void named_close(struct named *n)
{
    struct literals *all[] = {&n->receipts,   &n->todos, &n->slugs,    &n->lists,
                              &n->list_slugs, &n->tags,  &n->tag_slugs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        literals_close(all[i]);
    tdestroy(n->seen_lists, keep);
    tdestroy(n->seen_tags, keep);
}

/* Adds a SELECT, unless nothing was named; what is named goes where %s stands. */
static void ask(struct query *q, load_fn *load, const char *format, struct literals *named)
{
    if (!named->count)
        return;
    fprintf(q->text, format, literals_text(named));
    q->load[q->loads++] = load;
}

/* Lists stand before the todos in them, tags come with the todos' rows. */
static void write_query(struct query *q, struct named *n)
{
    fputs(lock_board, q->text);
    q->load[q->loads++] = load_board;
    ask(q, load_list, ";SELECT " LIST_COLUMNS " FROM list l WHERE l.name_key IN (%s)", &n->lists);
    ask(q, load_list, ";SELECT " LIST_COLUMNS " FROM list l WHERE l.slug IN (%s)", &n->slugs);
    ask(q, load_list,
        ";SELECT DISTINCT " LIST_COLUMNS " FROM todo t JOIN list l ON l.id=t.list_id WHERE t.id IN (%s)",
        &n->todos);
    ask(q, load_list_slug, ";SELECT slug FROM list WHERE slug IN (%s)", &n->list_slugs);
    ask(q, load_tag, ";SELECT " TAG_COLUMNS " FROM tag g WHERE g.name_key IN (%s)", &n->tags);
    ask(q, load_tag_slug, ";SELECT slug FROM tag WHERE slug IN (%s)", &n->tag_slugs);
    ask(q, load_todo,
        ";SELECT id, version, revision, state, title, notes, list_id, list_number, priority, due, due_key, "
        "created,"
        " updated, finished, deleted FROM todo WHERE id IN (%s)",
        &n->todos);
    ask(q, load_todo_tag,
        ";SELECT m.todo_id, m.number, " TAG_COLUMNS " FROM todo_tag m JOIN tag g ON g.id=m.tag_id"
        " WHERE m.todo_id IN (%s) ORDER BY m.todo_id, m.position",
        &n->todos);
    ask(q, load_receipt,
        ";SELECT r.actor, r.idempotency_key, r.fingerprint, r.op, r.id, r.version, r.revision, r.todos, "
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

enum db_result load_batch(struct db *db, struct batch *b, struct command *const *commands, size_t n)
{
    struct named named;
    struct query query = {0};
    char *sql = NULL;
    size_t len = 0;

    named_open(&named, b->arena);
    for (size_t i = 0; i < n; i++)
        name_command(&named, commands[i]);
    query.text = db_open_text(&sql, &len);
    write_query(&query, &named);
    fclose(query.text);
    named_close(&named);

    enum db_result result = run_query(db, b, sql, len, query.load);
    free(sql);
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
