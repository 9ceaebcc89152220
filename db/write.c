/*
 * A batch as one transaction:
 *
 *   1. one round trip: lock the board's row, read every row that the commands
 *      name or touch (load.c); another when a list or tag is new;
 *   2. decide (decide.c), in memory;
 *   3. one array-bound execution for each table that has dirty rows; if a
 *      list has become public or private, statements for all of its todos;
 *   4. one round trip: this batch's mark, the board, COMMIT.
 *
 * So the number of round trips depends on the tables touched, not on the
 * number of commands. (One text with all rows as literals, in one round trip,
 * takes a tenth less time for a write that is alone, but a third more of the
 * server's for each of many.) All that is read is read under the board's lock, in READ
 * COMMITTED: nothing that another API process committed can be missed.
 *
 * When the answer to COMMIT is lost, the batch may have happened or not. Only
 * a row written by the same transaction can tell: `writer` holds, for this
 * process, the number of the batch that it committed last. It is looked up,
 * under the lock, before the batch is run again.
 *
 * InnoDB shows a commit to others, and gives up its locks, before its log is on the disk.
 * So what a batch has read may still be undone by a crash of the server, unless a COMMIT of
 * our own came after it: a batch that has nothing to store but answers with
 * what another process has just committed stores its mark, and waits for that.
 */
#include "write.h"

#include "clock.h"
#include "decide.h"
#include "load.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_S = 5,        /* for any one call to the server */
    BULK_ROWS = 1000,     /* rows in one array-bound execution */
    BULK_BYTES = 4 << 20, /* their text; the server's max_allowed_packet is 16 MiB */
    COLUMNS_MAX = 19,
    FLIP_NUMBERS = 1000, /* of a list, in one statement: few enough for the index to be taken */
};

enum statement {
    PUT_LIST,
    PUT_TAG,
    PUT_TODO,
    DROP_TODO_TAG,
    PUT_TODO_TAG,
    ADD_TO_BUCKET,
    DROP_EMPTY_BUCKET,
    ADD_CHANGE,
    PUT_RECEIPT,
    STATEMENTS,
};

/* types: u unsigned number, i signed number, s bytes, one letter a column. */
static const struct {
    const char *sql;
    const char *types;
} statements[STATEMENTS] = {
    [PUT_LIST] =
        {"INSERT INTO list (id, version, revision, name, name_key, slug, public, deleted, last_number,"
         " last_rank, open, done) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
         " ON DUPLICATE KEY UPDATE version=VALUES(version), revision=VALUES(revision), name=VALUES(name),"
         " name_key=VALUES(name_key), public=VALUES(public), deleted=VALUES(deleted),"
         " last_number=VALUES(last_number), last_rank=VALUES(last_rank), open=VALUES(open),"
         " done=VALUES(done)",
         "uuusssuuuuii"},
    [PUT_TAG] =
        {"INSERT INTO tag (id, name, name_key, slug, last_number, open, done, public_open, public_done)"
         " VALUES (?,?,?,?,?,?,?,?,?)"
         " ON DUPLICATE KEY UPDATE last_number=VALUES(last_number), open=VALUES(open), done=VALUES(done),"
         " public_open=VALUES(public_open), public_done=VALUES(public_done)",
         "usssuiiii"},
    [PUT_TODO] =
        {"INSERT INTO todo (id, version, revision, state, title, notes, list_id, list_number, priority,"
         " list_rank, due, due_key, created, created_day, updated, finished, finished_day, deleted, public)"
         " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
         " ON DUPLICATE KEY UPDATE version=VALUES(version), revision=VALUES(revision),"
         " state=VALUES(state), title=VALUES(title), notes=VALUES(notes), list_id=VALUES(list_id),"
         " list_number=VALUES(list_number), priority=VALUES(priority), list_rank=VALUES(list_rank),"
         " due=VALUES(due), due_key=VALUES(due_key), updated=VALUES(updated), finished=VALUES(finished),"
         " finished_day=VALUES(finished_day), deleted=VALUES(deleted), public=VALUES(public)",
         "uuuussuuuusssussusu"},
    [DROP_TODO_TAG] = {"DELETE FROM todo_tag WHERE todo_id=? AND tag_id=?", "uu"},
    [PUT_TODO_TAG] =
        {"INSERT INTO todo_tag (todo_id, tag_id, position, number, state, public) VALUES (?,?,?,?,?,?)"
         " ON DUPLICATE KEY UPDATE position=VALUES(position), number=VALUES(number), state=VALUES(state),"
         " public=VALUES(public)",
         "uuuuuu"},
    [ADD_TO_BUCKET] = {"INSERT INTO bucket (kind, owner, number, todos) VALUES (?,?,?,?)"
                       " ON DUPLICATE KEY UPDATE todos=todos+VALUES(todos)",
                       "uuui"},
    [DROP_EMPTY_BUCKET] = {"DELETE FROM bucket WHERE kind=? AND owner=? AND number=? AND todos=0", "uuu"},
    [ADD_CHANGE] = {"INSERT INTO `change` (revision, at, actor, op, todo_id, list_id, version, state_from,"
                    " state_to, public_from, public_to, places, detail) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    "ussuuuuuuuuss"},
    [PUT_RECEIPT] =
        {"INSERT INTO receipt (actor, idempotency_key, fingerprint, at, op, id, version, revision,"
         " todos, done, lists) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
         " ON DUPLICATE KEY UPDATE fingerprint=VALUES(fingerprint), at=VALUES(at), op=VALUES(op),"
         " id=VALUES(id), version=VALUES(version), revision=VALUES(revision), todos=VALUES(todos),"
         " done=VALUES(done), lists=VALUES(lists)",
         "ssssuuuuuuu"},
};

/* One column of an array-bound execution. */
struct column {
    union {
        uint64_t number[BULK_ROWS];
        const char *text[BULK_ROWS];
    } value;
    unsigned long length[BULK_ROWS];
    char indicator[BULK_ROWS];
};

struct write_session {
    struct db_config config;
    struct db db;
    MYSQL_STMT *prepared[STATEMENTS];
    unsigned char token[16];  /* names this process in table writer */
    uint64_t attempt;         /* number of the last batch that was tried */
    uint64_t in_doubt;        /* the attempt whose COMMIT got no answer; 0: none */
    uint64_t flushed;         /* revisions up to this one are on the disk: a COMMIT of ours came after them */
    struct arena arena;       /* one batch */
    struct write_times times; /* of the last batch */

    /* The execution being filled. */
    enum statement filling;
    unsigned rows, columns;
    size_t bytes;
    struct column column[COLUMNS_MAX];
};

/* ---- filling an execution, row by row */

static void fill_begin(struct write_session *s, enum statement statement)
{
    s->filling = statement;
    s->rows = s->columns = 0;
    s->bytes = 0;
}

static void fill_number(struct write_session *s, uint64_t n)
{
    struct column *c = &s->column[s->columns++];
    c->value.number[s->rows] = n;
    c->indicator[s->rows] = STMT_INDICATOR_NONE;
}

static void fill_number_or_null(struct write_session *s, uint64_t n)
{
    fill_number(s, n);
    if (!n)
        s->column[s->columns - 1].indicator[s->rows] = STMT_INDICATOR_NULL;
}

static void fill_bytes(struct write_session *s, const void *bytes, size_t len)
{
    struct column *c = &s->column[s->columns++];
    c->value.text[s->rows] = bytes;
    c->length[s->rows] = (unsigned long)len;
    c->indicator[s->rows] = bytes ? STMT_INDICATOR_NONE : STMT_INDICATOR_NULL;
    s->bytes += len;
}

static void fill_text(struct write_session *s, const char *text)
{
    fill_bytes(s, text, text ? strlen(text) : 0);
}

static enum db_result fill_execute(struct write_session *s)
{
    static const char *const doing[STATEMENTS] = {
        [PUT_LIST] = "storing lists",
        [PUT_TAG] = "storing tags",
        [PUT_TODO] = "storing todos",
        [DROP_TODO_TAG] = "taking tags off todos",
        [PUT_TODO_TAG] = "tagging todos",
        [ADD_TO_BUCKET] = "counting buckets",
        [DROP_EMPTY_BUCKET] = "dropping empty buckets",
        [ADD_CHANGE] = "recording changes",
        [PUT_RECEIPT] = "storing receipts",
    };
    MYSQL_STMT *stmt = s->prepared[s->filling];
    const char *types = statements[s->filling].types;
    MYSQL_BIND bind[COLUMNS_MAX] = {0};

    if (!s->rows)
        return DB_OK;
    for (unsigned k = 0; types[k]; k++) {
        struct column *c = &s->column[k];
        bind[k].u.indicator = c->indicator;
        if (types[k] == 's') {
            bind[k].buffer_type = MYSQL_TYPE_STRING;
            bind[k].buffer = (void *)c->value.text;
            bind[k].length = c->length;
        } else {
            bind[k].buffer_type = MYSQL_TYPE_LONGLONG;
            bind[k].buffer = c->value.number;
            bind[k].is_unsigned = types[k] == 'u';
        }
    }
    unsigned rows = s->rows;
    s->rows = s->columns = 0;
    s->bytes = 0;
    if (mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &rows) || mysql_stmt_bind_param(stmt, bind) ||
        mysql_stmt_execute(stmt))
        return db_failed(&s->db, stmt, doing[s->filling]);
    return DB_OK;
}

static enum db_result fill_row_done(struct write_session *s)
{
    s->rows++;
    s->columns = 0;
    return s->rows == BULK_ROWS || s->bytes > BULK_BYTES ? fill_execute(s) : DB_OK;
}

/* ---- connecting */

static void disconnect(struct write_session *s)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        if (s->prepared[i])
            mysql_stmt_close(s->prepared[i]);
        s->prepared[i] = NULL;
    }
    db_close(&s->db);
}

static enum db_result prepare(struct write_session *s)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        s->prepared[i] = mysql_stmt_init(s->db.mysql);
        if (!s->prepared[i])
            return db_failed(&s->db, NULL, "preparing a statement");
        if (mysql_stmt_prepare(s->prepared[i], statements[i].sql, strlen(statements[i].sql)))
            return db_failed(&s->db, s->prepared[i], statements[i].sql);
    }
    return DB_OK;
}

/* DB_OK or DB_LOST: whatever went wrong, there is no connection to work with. */
static enum db_result connect_and_prepare(struct write_session *s)
{
    /* A lock wait ends long before TIMEOUT_S would cut the connection. */
    static const char settings[] =
        "SET SESSION tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 3";
    if (db_open(&s->db, &s->config, false, TIMEOUT_S) == DB_OK &&
        db_run(&s->db, settings, sizeof settings - 1) == DB_OK && prepare(s) == DB_OK)
        return DB_OK;
    disconnect(s);
    return DB_LOST;
}

struct write_session *write_session_new(const struct db_config *config)
{
    struct write_session *s = calloc(1, sizeof *s);
    if (!s || sodium_init() < 0) {
        fprintf(stderr, "writ-api: cannot start the writer: out of memory or of randomness\n");
        abort();
    }
    s->config = *config;
    randombytes_buf(s->token, sizeof s->token);
    return s;
}

void write_session_free(struct write_session *s)
{
    disconnect(s);
    arena_release(&s->arena);
    free(s);
}

const char *write_error(const struct write_session *s)
{
    return s->db.error;
}

struct write_times write_times(const struct write_session *s)
{
    return s->times;
}

void write_give_up(struct write_session *s)
{
    s->in_doubt = 0;
}

/* ---- storing */

static enum db_result store_lists(struct write_session *s, const struct batch *b)
{
    fill_begin(s, PUT_LIST);
    for (size_t i = 0; i < b->lists.count; i++) {
        const struct stored_list *l = b->lists.item[i];
        if (!l->dirty)
            continue;
        fill_number(s, l->id);
        fill_number(s, l->version);
        fill_number(s, l->revision);
        fill_text(s, l->name);
        fill_bytes(s, l->key, l->key_len);
        fill_text(s, l->slug);
        fill_number(s, l->public);
        fill_number(s, l->deleted);
        fill_number(s, l->last_number);
        fill_number(s, l->last_rank);
        fill_number(s, (uint64_t)l->open);
        fill_number(s, (uint64_t)l->done);
        enum db_result result = fill_row_done(s);
        if (result != DB_OK)
            return result;
    }
    return fill_execute(s);
}

static enum db_result store_tags(struct write_session *s, const struct batch *b)
{
    fill_begin(s, PUT_TAG);
    for (size_t i = 0; i < b->tags.count; i++) {
        const struct stored_tag *t = b->tags.item[i];
        if (!t->dirty)
            continue;
        fill_number(s, t->id);
        fill_text(s, t->name);
        fill_text(s, t->key);
        fill_text(s, t->slug);
        fill_number(s, t->last_number);
        fill_number(s, (uint64_t)t->open);
        fill_number(s, (uint64_t)t->done);
        fill_number(s, (uint64_t)t->public_open);
        fill_number(s, (uint64_t)t->public_done);
        enum db_result result = fill_row_done(s);
        if (result != DB_OK)
            return result;
    }
    return fill_execute(s);
}

static enum db_result store_todos(struct write_session *s, const struct batch *b)
{
    fill_begin(s, PUT_TODO);
    for (size_t i = 0; i < b->todos.count; i++) {
        const struct stored_todo *t = b->todos.item[i];
        if (!t->dirty)
            continue;
        fill_number(s, t->id);
        fill_number(s, t->version);
        fill_number(s, t->revision);
        fill_number(s, t->state);
        fill_text(s, t->title);
        fill_text(s, t->notes);
        fill_number(s, t->list->id);
        fill_number(s, t->list_number);
        fill_number(s, t->priority);
        fill_number(s, t->rank);
        fill_text(s, t->due);
        fill_text(s, t->due_key);
        fill_text(s, t->created);
        fill_number(s, t->created_day);
        fill_text(s, t->updated);
        fill_text(s, t->finished);
        fill_number_or_null(s, t->finished_day);
        fill_text(s, t->deleted);
        fill_number(s, t->list->public);
        enum db_result result = fill_row_done(s);
        if (result != DB_OK)
            return result;
    }
    return fill_execute(s);
}

static enum db_result store_todo_tags(struct write_session *s, const struct batch *b)
{
    enum db_result result;
    fill_begin(s, DROP_TODO_TAG);
    for (size_t i = 0; i < b->left_tags.count; i++) {
        const struct left_tag *left = b->left_tags.item[i];
        fill_number(s, left->todo_id);
        fill_number(s, left->tag_id);
        if ((result = fill_row_done(s)) != DB_OK)
            return result;
    }
    if ((result = fill_execute(s)) != DB_OK)
        return result;

    fill_begin(s, PUT_TODO_TAG);
    for (size_t i = 0; i < b->todos.count; i++) {
        const struct stored_todo *t = b->todos.item[i];
        for (unsigned k = 0; t->dirty && k < t->ntags; k++) {
            fill_number(s, t->id);
            fill_number(s, t->tags[k].tag->id);
            fill_number(s, k);
            fill_number(s, t->tags[k].number);
            fill_number(s, t->state);
            fill_number(s, t->list->public);
            if ((result = fill_row_done(s)) != DB_OK)
                return result;
        }
    }
    return fill_execute(s);
}

static enum db_result store_buckets(struct write_session *s, const struct batch *b)
{
    enum db_result result;
    fill_begin(s, ADD_TO_BUCKET);
    for (size_t i = 0; i < b->buckets.count; i++) {
        const struct bucket_delta *d = b->buckets.item[i];
        if (!d->todos)
            continue;
        fill_number(s, d->kind);
        fill_number(s, d->owner);
        fill_number(s, d->number);
        fill_number(s, (uint64_t)d->todos);
        if ((result = fill_row_done(s)) != DB_OK)
            return result;
    }
    if ((result = fill_execute(s)) != DB_OK)
        return result;

    fill_begin(s, DROP_EMPTY_BUCKET);
    for (size_t i = 0; i < b->buckets.count; i++) {
        const struct bucket_delta *d = b->buckets.item[i];
        if (d->todos >= 0)
            continue;
        fill_number(s, d->kind);
        fill_number(s, d->owner);
        fill_number(s, d->number);
        if ((result = fill_row_done(s)) != DB_OK)
            return result;
    }
    return fill_execute(s);
}

static enum db_result store_changes(struct write_session *s, const struct batch *b)
{
    fill_begin(s, ADD_CHANGE);
    for (size_t i = 0; i < b->changes.count; i++) {
        const struct change_row *c = b->changes.item[i];
        fill_number(s, c->revision);
        fill_text(s, b->now);
        fill_text(s, c->actor);
        fill_number(s, c->op);
        fill_number_or_null(s, c->todo_id);
        fill_number_or_null(s, c->list_id);
        fill_number(s, c->version);
        fill_number(s, c->from);
        fill_number(s, c->to);
        fill_number(s, c->public_from);
        fill_number(s, c->public_to);
        fill_text(s, c->places);
        fill_text(s, c->detail);
        enum db_result result = fill_row_done(s);
        if (result != DB_OK)
            return result;
    }
    return fill_execute(s);
}

static enum db_result store_receipts(struct write_session *s, const struct batch *b)
{
    fill_begin(s, PUT_RECEIPT);
    for (size_t i = 0; i < b->receipts.count; i++) {
        const struct receipt *r = b->receipts.item[i];
        if (!r->fresh)
            continue;
        fill_text(s, r->actor);
        fill_bytes(s, r->key, r->key_len);
        fill_bytes(s, r->fingerprint, sizeof r->fingerprint);
        fill_text(s, b->now);
        fill_number(s, r->op);
        fill_number(s, r->id);
        fill_number(s, r->version);
        fill_number(s, r->revision);
        fill_number(s, r->todos);
        fill_number(s, r->done);
        fill_number(s, r->lists);
        enum db_result result = fill_row_done(s);
        if (result != DB_OK)
            return result;
    }
    return fill_execute(s);
}

/* Takes all todos of the list that has become public or private along, with
 * the counters of their tags and their buckets. The list's numbers divide it,
 * so that each statement is answered within TIMEOUT_S however many there are. */
static enum db_result store_flip(struct write_session *s, const struct batch *b)
{
#define THOSE "t.list_id=@list AND t.list_number BETWEEN @first AND @last"
#define SHOWN THOSE " AND t.state IN (1,2)"
    static const char *const flips[] = {
        "UPDATE todo t SET t.public=@public WHERE " THOSE,
        "UPDATE todo t JOIN todo_tag m ON m.todo_id=t.id SET m.public=@public WHERE " THOSE,
        "UPDATE tag g JOIN (SELECT m.tag_id, SUM(t.state=1) AS open, SUM(t.state=2) AS done"
        " FROM todo t JOIN todo_tag m ON m.todo_id=t.id WHERE " SHOWN " GROUP BY m.tag_id) c ON c.tag_id=g.id"
        " SET g.public_open=g.public_open+@sign*c.open, g.public_done=g.public_done+@sign*c.done",
        "INSERT INTO bucket (kind, owner, number, todos)"
        " SELECT 4+t.state, 0, (t.id-1) DIV 100+1, @sign*COUNT(*) FROM todo t WHERE " SHOWN
        " GROUP BY 1, 2, 3 ON DUPLICATE KEY UPDATE todos=bucket.todos+VALUES(todos)",
        "INSERT INTO bucket (kind, owner, number, todos)"
        " SELECT 7, m.tag_id, (t.id-1) DIV 100+1, @sign*COUNT(*)"
        " FROM todo t JOIN todo_tag m ON m.todo_id=t.id WHERE " SHOWN
        " GROUP BY 1, 2, 3 ON DUPLICATE KEY UPDATE todos=bucket.todos+VALUES(todos)",
        "DELETE k FROM todo t JOIN bucket k ON k.kind=4+t.state AND k.owner=0 AND k.number=(t.id-1) DIV 100+1"
        " WHERE k.todos=0 AND " SHOWN,
        "DELETE k FROM todo t JOIN todo_tag m ON m.todo_id=t.id"
        " JOIN bucket k ON k.kind=7 AND k.owner=m.tag_id AND k.number=(t.id-1) DIV 100+1"
        " WHERE k.todos=0 AND " SHOWN,
    };
    /* The list's own bars are those that its todos have in the public's. */
    static const char *const bars[] = {
        "INSERT INTO bucket (kind, owner, number, todos)"
        " SELECT kind-3, 0, number, @sign*todos FROM bucket AS of_list WHERE kind IN (14,15,16) AND "
        "owner=@list"
        " ON DUPLICATE KEY UPDATE todos=bucket.todos+VALUES(todos)",
        "DELETE p FROM bucket l JOIN bucket p ON p.kind=l.kind-3 AND p.owner=0 AND p.number=l.number"
        " WHERE l.kind IN (14,15,16) AND l.owner=@list AND p.todos=0",
    };
    _Static_assert(BUCKET_PUBLIC_OPEN == 4 + TODO_OPEN && BUCKET_PUBLIC_DONE == 4 + TODO_DONE &&
                       BUCKET_PUBLIC_TAG == 7 && BUCKET_TODOS == 100 && BAR_LIST_CREATED == 14 &&
                       BAR_PUBLIC_CREATED == 11,
                   "these stand in flips and bars");
    const struct stored_list *list = b->flipped;
    for (uint32_t first = 1; list && first <= list->last_number; first += FLIP_NUMBERS) {
        char which[160];
        int len = snprintf(which, sizeof which, "SET @list=%u, @first=%u, @last=%u, @public=%d, @sign=%d",
                           list->id, first, first + FLIP_NUMBERS - 1, list->public, list->public ? 1 : -1);
        enum db_result result = db_run(&s->db, which, (size_t)len);
        for (size_t i = 0; result == DB_OK && i < sizeof flips / sizeof *flips; i++)
            result = db_run(&s->db, flips[i], strlen(flips[i]));
        for (size_t i = 0; result == DB_OK && first == 1 && i < sizeof bars / sizeof *bars; i++)
            result = db_run(&s->db, bars[i], strlen(bars[i]));
        if (result != DB_OK)
            return result;
    }
    return DB_OK;
#undef THOSE
#undef SHOWN
}

/* The purges, this batch's mark, the board, COMMIT: one round trip. */
static enum db_result commit(struct write_session *s, const struct batch *b)
{
    char *sql = NULL;
    size_t len = 0;
    FILE *f = db_open_text(&sql, &len);
    for (size_t i = 0; i < b->todos.count; i++) {
        const struct stored_todo *t = b->todos.item[i];
        if (t->purged)
            fprintf(f, "CALL purge_todo(%llu);", (unsigned long long)t->id);
    }
    fputs("INSERT INTO writer (token, batch, at) VALUES (", f);
    db_write_hex(f, s->token, sizeof s->token);
    fprintf(f,
            ",%llu,'%s') ON DUPLICATE KEY UPDATE batch=VALUES(batch), at=VALUES(at);"
            "UPDATE board SET revision=%llu, last_todo=%llu, last_list=%u, last_tag=%u, open=%lld, done=%lld,"
            " public_open=%lld, public_done=%lld WHERE id=1;COMMIT",
            (unsigned long long)s->attempt, b->now, (unsigned long long)b->revision,
            (unsigned long long)b->last_todo, b->last_list, b->last_tag, (long long)b->open,
            (long long)b->done, (long long)b->public_open, (long long)b->public_done);
    fclose(f);

    s->in_doubt = s->attempt;
    enum db_result result = db_run(&s->db, sql, len);
    free(sql);
    if (result != DB_LOST)
        s->in_doubt = 0;
    return result;
}

static enum db_result store(struct write_session *s, const struct batch *b)
{
    static enum db_result (*const steps[])(struct write_session *, const struct batch *) = {
        store_lists,   store_tags,    store_todos,    store_todo_tags,
        store_buckets, store_changes, store_receipts, store_flip,
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum db_result result = steps[i](s, b);
        if (result != DB_OK)
            return result;
    }
    s->times.stored = now_us();
    enum db_result result = commit(s, b);
    s->times.committed = now_us();
    return result;
}

/* ---- a batch */

/* Was the attempt in doubt committed? Then its log, too, may still be on its way to the disk. */
static enum db_result was_committed(struct write_session *s, bool *committed)
{
    uint64_t last = 0;
    enum db_result result = load_mark(&s->db, s->token, sizeof s->token, &last);
    *committed = last == s->in_doubt;
    if (result != DB_OK)
        return result;
    char *sql = NULL;
    size_t len = 0;
    FILE *f = db_open_text(&sql, &len);
    fputs("UPDATE writer SET at=UTC_TIMESTAMP(3) WHERE token=", f);
    db_write_hex(f, s->token, sizeof s->token);
    fputs(";COMMIT", f);
    fclose(f);
    result = db_run(&s->db, sql, len);
    free(sql);
    return result;
}

static enum db_result run_batch(struct write_session *s, struct command **commands, size_t n)
{
    struct batch b;
    struct timespec clock;
    struct tm utc;
    stored_time now;

    clock_gettime(CLOCK_REALTIME, &clock);
    gmtime_r(&clock.tv_sec, &utc);
    size_t len = strftime(now, sizeof now, "%Y-%m-%d %H:%M:%S", &utc);
    snprintf(now + len, sizeof now - len, ".%03u", (unsigned)(clock.tv_nsec / 1000000) % 1000);

    s->attempt++;
    s->times = (struct write_times){0};
    arena_reset(&s->arena);
    batch_init(&b, &s->arena, now, day_number(clock.tv_sec));
    enum db_result result = load_batch(&s->db, &b, commands, n);
    s->times.read = now_us();
    if (result == DB_OK) {
        uint64_t before = b.revision;
        for (size_t i = 0; i < n; i++)
            decide(&b, commands[i]);
        if (b.revision != before)
            result = store(s, &b);
        else if (b.revision > s->flushed)
            result = commit(s, &b);
        else if (mysql_rollback(s->db.mysql))
            result = db_failed(&s->db, NULL, "ending a transaction");
        if (result == DB_OK)
            s->flushed = b.revision;
    }
    batch_release(&b);
    return result;
}

bool write_runs_alone(const struct command *command)
{
    return command->op == COMMAND_LIST_EDIT || command->op == COMMAND_LIST_DELETE ||
           (command->op == COMMAND_EDIT && command->draft.present & FIELD_PLACE);
}

enum db_result write_batch(struct write_session *s, struct command **commands, size_t n)
{
    enum db_result result;

    for (size_t i = 0; n > 1 && i < n; i++)
        if (write_runs_alone(commands[i])) {
            snprintf(s->db.error, sizeof s->db.error, "a command was not alone in its batch that must be");
            return DB_REFUSED;
        }
    if (!s->db.mysql && (result = connect_and_prepare(s)) != DB_OK)
        goto failed;
    if (s->in_doubt) {
        bool committed;
        if ((result = was_committed(s, &committed)) != DB_OK)
            goto failed;
        s->in_doubt = 0;
        if (committed)
            return DB_OK; /* the outcomes are still in the commands */
    }
    result = run_batch(s, commands, n);
failed:
    if (result == DB_LOST)
        disconnect(s);
    else if (result != DB_OK && mysql_rollback(s->db.mysql))
        disconnect(s);
    return result;
}

enum db_result write_forget_old(struct write_session *s)
{
    static const char sql[] = "DELETE FROM receipt WHERE at < UTC_TIMESTAMP(3) - INTERVAL 24 HOUR LIMIT 1000;"
                              "DELETE FROM writer WHERE at < UTC_TIMESTAMP(3) - INTERVAL 24 HOUR LIMIT 1000;"
                              "COMMIT";
    enum db_result result;
    if (!s->db.mysql && (result = connect_and_prepare(s)) != DB_OK)
        return result;
    result = db_run(&s->db, sql, sizeof sql - 1);
    if (result != DB_OK)
        disconnect(s);
    return result;
}
