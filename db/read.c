/*
 * The generator's questions. Each is one statement over one index, however
 * many todos there are, and those that wait on nothing of each other go out
 * together: a page's todos come as ids from an index that holds
 * them in the page's order, and rows then come by primary key, once for all
 * pages that show them.
 *
 * Integers, and dates made of integers, are all that is ever formatted into a
 * statement.
 */
#include "read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TIMEOUT_SECONDS = 30, /* for one statement, of which none is longer than a chunk */
    ID_BYTES = 21,        /* 20 digits and a comma */
    DETAIL_BYTES = 4096,  /* a change's detail that is longer has notes in it, which no page shows */
};

enum db_result read_open(struct db *db, const struct db_config *config)
{
    /* Rows are wanted in the order of the index that they are found by. Join buffers, and making a table of a
     * list of ids that has a thousand of them, would lose it, and sort rows with all their notes to get it
     * back. */
    static const char session[] = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                                  "SET join_cache_level = 0, in_predicate_conversion_threshold = 0";
    enum db_result result = db_open(db, config, true, TIMEOUT_SECONDS);
    return result == DB_OK ? db_run(db, session, sizeof session - 1) : result;
}

/* ---- statements and rows */

static enum db_result ask(struct db *db, const char *doing, const char *sql)
{
    if (!db->mysql || mysql_real_query(db->mysql, sql, strlen(sql)))
        return db_failed(db, NULL, doing);
    return DB_OK;
}

/* The whole answer, to be freed with mysql_free_result(). */
static enum db_result ask_rows(struct db *db, const char *doing, const char *sql, MYSQL_RES **rows)
{
    enum db_result result = ask(db, doing, sql);
    if (result != DB_OK)
        return result;
    *rows = mysql_store_result(db->mysql);
    return *rows ? DB_OK : db_failed(db, NULL, doing);
}

static uint64_t number(const char *column)
{
    return column ? strtoull(column, NULL, 10) : 0;
}

static const char *text(struct arena *a, const char *column)
{
    return column ? arena_strdup(a, column) : NULL;
}

/* "2026-12-01 10:00:00.000" as RFC 3339. */
static const char *moment(struct arena *a, const char *column)
{
    if (!column)
        return NULL;
    char *time = arena_printf(a, "%sZ", column);
    time[10] = 'T';
    return time;
}

/* A condition: the column is one of n ids, which is not 0. Ids that follow one another, as those of a full
 * build do, become a range: a long list costs the server more than the rows. */
static const char *among(struct arena *a, const char *column, const uint64_t *ids, size_t n)
{
    enum { RUN = 8, FRAME_BYTES = 64 }; /* so many ids in a list take more room than a range */
    char *sql = arena_alloc(a, n * ID_BYTES + FRAME_BYTES), *end = sql;
    uint64_t *single = arena_alloc(a, n * sizeof *single);
    size_t nsingle = 0;
    for (size_t i = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && ids[i + run] == ids[i] + run;)
            run++;
        if (run >= RUN)
            end += sprintf(end, "%s%s BETWEEN %" PRIu64 " AND %" PRIu64, end > sql ? " OR " : "(", column,
                           ids[i], ids[i + run - 1]);
        for (size_t j = 0; run < RUN && j < run; j++)
            single[nsingle++] = ids[i + j];
    }
    for (size_t i = 0; i < nsingle; i++)
        end += i ? sprintf(end, ",%" PRIu64, single[i])
                 : sprintf(end, "%s%s IN (%" PRIu64, end > sql ? " OR " : "(", column, single[i]);
    strcpy(end, nsingle ? "))" : ")");
    return sql;
}

/* ---- the snapshot */

enum db_result read_begin(struct db *db, struct read_board *board)
{
    static const char doing[] = "opening a snapshot of the board";
    enum db_result result = ask(db, doing,
                                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
                                "SELECT revision, open, done, public_open, public_done FROM board");
    if (result != DB_OK)
        return result;
    if (mysql_next_result(db->mysql))
        return db_failed(db, NULL, doing);
    MYSQL_RES *rows = mysql_store_result(db->mysql);
    if (!rows)
        return db_failed(db, NULL, doing);
    MYSQL_ROW row = mysql_fetch_row(rows);
    if (row) {
        *board = (struct read_board){number(row[0]),
                                     {{number(row[1]), number(row[2])}, {number(row[3]), number(row[4])}}};
    } else {
        snprintf(db->error, sizeof db->error, "%s: its row is missing; apply db/migrations", doing);
        result = DB_REFUSED;
    }
    mysql_free_result(rows);
    return result;
}

/* How far the log has been written, and how far that is on the disk. */
static enum db_result read_log(struct db *db, uint64_t *written, uint64_t *flushed)
{
    static const char doing[] = "reading how far the log is on the disk";
    MYSQL_RES *rows;
    enum db_result result = ask_rows(db, doing,
                                     "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE"
                                     " VARIABLE_NAME IN ('INNODB_LSN_CURRENT', 'INNODB_LSN_FLUSHED')"
                                     " ORDER BY VARIABLE_NAME",
                                     &rows);
    if (result != DB_OK)
        return result;
    uint64_t *values[] = {written, flushed};
    for (size_t i = 0; i < 2 && result == DB_OK; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        if (row && row[0])
            *values[i] = number(row[0]);
        else
            result = db_failed(db, NULL, doing);
    }
    mysql_free_result(rows);
    return result;
}

enum db_result read_durable(struct db *db)
{
    uint64_t target, written, flushed;
    enum db_result result = read_log(db, &target, &flushed);
    for (int waited = 0; result == DB_OK && flushed < target; waited++) {
        if (waited == READ_DURABLE_MS) {
            snprintf(db->error, sizeof db->error, "MariaDB does not write its log to the disk");
            return DB_RETRY;
        }
        usleep(1000);
        result = read_log(db, &written, &flushed);
    }
    return result;
}

enum db_result read_end(struct db *db)
{
    return db_run(db, "COMMIT", 6);
}

/* ---- what changed */

static const char *const change_columns =
    "revision, op, todo_id, list_id, state_from, state_to, places, public_from, public_to";

/* Runs a statement that selects change_columns, and hands out its rows as they
 * arrive. With `expected` their revisions must count up from there. */
static enum db_result stream(struct db *db, const char *doing, const char *sql, uint64_t *expected,
                             read_change_fn *each, void *context)
{
    enum db_result result = ask(db, doing, sql);
    if (result != DB_OK)
        return result;
    MYSQL_RES *rows = mysql_use_result(db->mysql);
    if (!rows)
        return db_failed(db, NULL, doing);
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(rows))) {
        struct read_change change = {.revision = number(row[0]),
                                     .op = (enum change_op)number(row[1]),
                                     .todo_id = number(row[2]),
                                     .list_id = (uint32_t)number(row[3]),
                                     .from = (enum todo_state)number(row[4]),
                                     .to = (enum todo_state)number(row[5]),
                                     .places = row[6],
                                     .public_from = number(row[7]) != 0,
                                     .public_to = number(row[8]) != 0};
        /* A restored board goes on above what was issued in the past that is gone. */
        if (expected && change.revision != *expected && change.op != CHANGE_BOARD_RESTORE)
            break;
        if (expected)
            *expected = change.revision + 1;
        each(context, &change);
    }
    if (!row && mysql_errno(db->mysql))
        result = db_failed(db, NULL, doing);
    mysql_free_result(rows); /* reads on to the end, if that was not reached */
    return result;
}

enum db_result read_changes(struct db *db, uint64_t after, uint64_t upto, read_change_fn *each, void *context)
{
    char sql[256];
    uint64_t expected = after + 1;
    snprintf(sql, sizeof sql,
             "SELECT %s FROM `change` WHERE revision > %" PRIu64 " AND revision <= %" PRIu64
             " ORDER BY revision",
             change_columns, after, upto);
    enum db_result result = stream(db, "reading changes", sql, &expected, each, context);
    if (result == DB_OK && expected != upto + 1) {
        snprintf(
            db->error, sizeof db->error,
            "reading changes: revision %" PRIu64 " is missing, of %" PRIu64 " to %" PRIu64
            "; nothing is published past a gap. Restore the database, or render all pages with 'make gen'",
            expected, after + 1, upto);
        result = DB_REFUSED;
    }
    return result;
}

enum db_result read_list_places(struct db *db, uint32_t list_id, read_change_fn *each, void *context)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "SELECT t.revision, %d, t.id, t.list_id, t.state, t.state,"
        " CONCAT('=l', t.list_id, ':', t.list_number, IFNULL((SELECT GROUP_CONCAT(' =t', m.tag_id, ':',"
        " m.number SEPARATOR '') FROM todo_tag m WHERE m.todo_id = t.id), ''), IF(t.due IS NULL, '', ' =d')),"
        " t.public, t.public"
        " FROM todo t WHERE t.list_id = %" PRIu32 " AND t.state IN (%d, %d)",
        CHANGE_EDIT, list_id, TODO_OPEN, TODO_DONE);
    return stream(db, "reading a list's places", sql, NULL, each, context);
}

/* ---- a round of questions */

typedef void answer_fn(struct arena *a, MYSQL_RES *rows, void *out);

struct read_question {
    struct read_question *next;
    const char *doing, *sql;
    answer_fn *answer;
    void *out;
};

void read_questions_init(struct read_questions *q, struct arena *a)
{
    q->arena = a;
    q->first = NULL;
    q->last = &q->first;
}

static void note(struct read_questions *q, const char *doing, const char *sql, answer_fn *answer, void *out)
{
    struct read_question *question = arena_alloc(q->arena, sizeof *question);
    *question = (struct read_question){.doing = doing, .sql = sql, .answer = answer, .out = out};
    *q->last = question;
    q->last = &question->next;
}

/* All of them as one text. */
static const char *join(struct arena *a, const struct read_question *first)
{
    size_t len = 1;
    for (const struct read_question *question = first; question; question = question->next)
        len += strlen(question->sql) + 1;
    char *sql = arena_alloc(a, len), *end = sql;
    for (const struct read_question *question = first; question; question = question->next) {
        end = stpcpy(end, question->sql);
        if (question->next)
            *end++ = ';';
    }
    return sql;
}

enum db_result read_answers(struct db *db, struct read_questions *q)
{
    const struct read_question *question = q->first;
    read_questions_init(q, q->arena);
    if (!question)
        return DB_OK;
    enum db_result result = ask(db, question->doing, join(q->arena, question));
    if (result != DB_OK)
        return result;
    for (;;) {
        MYSQL_RES *rows = mysql_store_result(db->mysql);
        if (!rows)
            return db_failed(db, NULL, question->doing);
        question->answer(q->arena, rows, question->out);
        mysql_free_result(rows);
        question = question->next;
        if (!question)
            return DB_OK;
        if (mysql_next_result(db->mysql)) /* an error, as there is a question more */
            return db_failed(db, NULL, question->doing);
    }
}

/* ---- lists and tags */

/* The same columns of both; and for each audience what makes either exist, and its open todos. A list is
 * public as a whole. */
static const struct {
    const char *table, *columns, *exists[AUDIENCES], *open[AUDIENCES];
} name_sources[] = {
    [BUCKET_LIST] =
        {"list",
         "id, version, name, slug, public, NOT deleted, open, done, public AND NOT deleted, open, done",
         {"NOT deleted", "public AND NOT deleted"},
         {"open", "open"}},
    [BUCKET_TAG] = {"tag",
                    "id, 0, name, slug, 0, open + done > 0, open, done, public_open + public_done > 0,"
                    " public_open, public_done",
                    {"open + done > 0", "public_open + public_done > 0"},
                    {"open", "public_open"}},
};

static void take_names(struct arena *a, MYSQL_RES *rows, void *out)
{
    struct read_names *names = out;
    names->count = mysql_num_rows(rows);
    names->items = arena_alloc(a, names->count * sizeof *names->items);
    for (size_t i = 0; i < names->count; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        names->items[i] = (struct read_name){
            .id = (uint32_t)number(row[0]),
            .version = (uint32_t)number(row[1]),
            .name = text(a, row[2]),
            .slug = text(a, row[3]),
            .is_public = number(row[4]) != 0,
            .exists = {number(row[5]) != 0, number(row[8]) != 0},
            .todos = {{number(row[6]), number(row[7])}, {number(row[9]), number(row[10])}}};
    }
}

static void note_names(struct read_questions *q, enum bucket_kind kind, const char *condition,
                       struct read_names *out)
{
    *out = (struct read_names){0};
    note(q, "reading lists and tags",
         arena_printf(q->arena, "SELECT %s FROM %s WHERE %s", name_sources[kind].columns,
                      name_sources[kind].table, condition),
         take_names, out);
}

void read_names(struct read_questions *q, enum bucket_kind kind, const uint64_t *ids, size_t n,
                struct read_names *out)
{
    *out = (struct read_names){0};
    if (n)
        note_names(q, kind, arena_printf(q->arena, "%s ORDER BY id", among(q->arena, "id", ids, n)), out);
}

void read_all_names(struct read_questions *q, enum audience audience, enum bucket_kind kind,
                    struct read_names *out)
{
    note_names(q, kind, arena_printf(q->arena, "%s ORDER BY name_key", name_sources[kind].exists[audience]),
               out);
}

void read_top_names(struct read_questions *q, enum audience audience, enum bucket_kind kind, unsigned limit,
                    struct read_names *out)
{
    note_names(q, kind,
               arena_printf(q->arena, "%s ORDER BY %s DESC, id LIMIT %u", name_sources[kind].exists[audience],
                            name_sources[kind].open[audience], limit),
               out);
}

static int by_name_id(const void *key, const void *item)
{
    uint32_t id = *(const uint32_t *)key, other = ((const struct read_name *)item)->id;
    return (id > other) - (id < other);
}

const struct read_name *read_names_find(const struct read_names *names, uint32_t id)
{
    return names->count ? bsearch(&id, names->items, names->count, sizeof *names->items, by_name_id) : NULL;
}

/* ---- which todos stand where */

static void take_ids(struct arena *a, MYSQL_RES *rows, void *out)
{
    struct read_ids *ids = out;
    ids->count = mysql_num_rows(rows);
    ids->items = arena_alloc(a, ids->count * sizeof *ids->items);
    if (mysql_num_fields(rows) > 1)
        ids->numbers = arena_alloc(a, ids->count * sizeof *ids->numbers);
    for (size_t i = 0; i < ids->count; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        ids->items[i] = number(row[0]);
        if (ids->numbers)
            ids->numbers[i] = number(row[1]);
    }
}

static void note_ids(struct read_questions *q, const char *sql, struct read_ids *out)
{
    *out = (struct read_ids){0};
    note(q, "reading which todos stand on a page", sql, take_ids, out);
}

static const char *only_public(enum bucket_kind kind)
{
    return kind >= BUCKET_PUBLIC_OPEN ? "public = 1 AND " : "";
}

void read_newest(struct read_questions *q, enum bucket_kind kind, uint32_t owner, unsigned limit,
                 struct read_ids *out)
{
    const char *sql = NULL;
    switch (kind) {
    case BUCKET_OPEN:
    case BUCKET_PUBLIC_OPEN:
        sql = arena_printf(q->arena, "SELECT id FROM todo WHERE %sstate = %d ORDER BY id DESC LIMIT %u",
                           only_public(kind), TODO_OPEN, limit);
        break;
    case BUCKET_DONE:
    case BUCKET_PUBLIC_DONE:
        sql = arena_printf(q->arena,
                           "SELECT id FROM todo WHERE %sstate = %d ORDER BY finished DESC, id DESC LIMIT %u",
                           only_public(kind), TODO_DONE, limit);
        break;
    case BUCKET_LIST:
        sql = arena_printf(q->arena,
                           "SELECT id, list_rank FROM todo WHERE list_id = %" PRIu32
                           " AND state = %d ORDER BY list_rank DESC, id DESC LIMIT %u",
                           owner, TODO_OPEN, limit);
        break;
    case BUCKET_TAG:
        sql = arena_printf(q->arena,
                           "SELECT todo_id, number FROM todo_tag WHERE tag_id = %" PRIu32
                           " AND state = %d ORDER BY number DESC LIMIT %u",
                           owner, TODO_OPEN, limit);
        break;
    case BUCKET_PUBLIC_TAG:
        sql = arena_printf(q->arena,
                           "SELECT todo_id FROM todo_tag WHERE tag_id = %" PRIu32
                           " AND public = 1 AND state = %d ORDER BY todo_id DESC LIMIT %u",
                           owner, TODO_OPEN, limit);
        break;
    }
    note_ids(q, sql, out);
}

void read_bucket_todos(struct read_questions *q, enum bucket_kind kind, uint32_t owner, uint64_t bucket,
                       struct read_ids *out)
{
    uint64_t last = bucket * BUCKET_TODOS, first = last - BUCKET_TODOS + 1;
    const char *sql = NULL;
    switch (kind) {
    case BUCKET_OPEN:
    case BUCKET_DONE:
    case BUCKET_PUBLIC_OPEN:
    case BUCKET_PUBLIC_DONE:
        sql = arena_printf(
            q->arena,
            "SELECT id FROM todo WHERE %sstate = %d AND id BETWEEN %" PRIu64 " AND %" PRIu64 " ORDER BY id",
            only_public(kind), kind == BUCKET_OPEN || kind == BUCKET_PUBLIC_OPEN ? TODO_OPEN : TODO_DONE,
            first, last);
        break;
    case BUCKET_LIST:
        sql = arena_printf(q->arena,
                           "SELECT id, list_number FROM todo WHERE list_id = %" PRIu32
                           " AND list_number BETWEEN %" PRIu64 " AND %" PRIu64
                           " AND state IN (%d, %d) ORDER BY list_number",
                           owner, first, last, TODO_OPEN, TODO_DONE);
        break;
    case BUCKET_TAG:
        sql = arena_printf(q->arena,
                           "SELECT todo_id, number FROM todo_tag WHERE tag_id = %" PRIu32
                           " AND number BETWEEN %" PRIu64 " AND %" PRIu64
                           " AND state IN (%d, %d) ORDER BY number",
                           owner, first, last, TODO_OPEN, TODO_DONE);
        break;
    case BUCKET_PUBLIC_TAG:
        sql = arena_printf(q->arena,
                           "SELECT todo_id FROM todo_tag WHERE tag_id = %" PRIu32
                           " AND public = 1 AND todo_id BETWEEN %" PRIu64 " AND %" PRIu64
                           " AND state IN (%d, %d) ORDER BY todo_id",
                           owner, first, last, TODO_OPEN, TODO_DONE);
        break;
    }
    note_ids(q, sql, out);
}

/* A moment as due_key has it, for a statement. */
static const char *key_of(struct arena *a, time_t moment)
{
    struct tm utc;
    char *text = arena_alloc(a, sizeof "YYYY-MM-DD HH:MM:SS");
    strftime(text, sizeof "YYYY-MM-DD HH:MM:SS", "%Y-%m-%d %H:%M:%S", gmtime_r(&moment, &utc));
    return text;
}

void read_due(struct read_questions *q, enum audience audience, const struct read_day *from,
              const struct read_day *until, unsigned limit, struct read_ids *out)
{
    /* A date stands at its own midnight in due_key, whatever the zone, a time at its moment. So of a range of
     * days those of the one and of the other begin and end apart, by hours, and the index is read from the
     * first beginning to the last end. */
    static const char first[] = "0001-01-01 00:00:00", last[] = "9999-12-31 23:59:59";
    const char *below = until ? "<" : "<=";
    bool public = audience == AUDIENCE_PUBLIC;
    const char *date_from = from ? arena_printf(q->arena, "%.10s 00:00:00", from->date) : first;
    const char *time_from = from ? key_of(q->arena, from->begin) : first;
    const char *date_until = until ? arena_printf(q->arena, "%.10s 00:00:00", until->date) : last;
    const char *time_until = until ? key_of(q->arena, until->begin) : last;
    /* The hint names KEY ([public,] state, due_key, id). Without it, and a beginning of the range, the server
     * walks through all that have no due_key first. */
    note_ids(
        q,
        arena_printf(
            q->arena,
            "SELECT id FROM todo FORCE INDEX (%s) WHERE %sstate = %d AND due_key >= '%s' AND due_key %s '%s'"
            " AND IF(LENGTH(due) > 10, due_key >= '%s' AND due_key %s '%s',"
            " due_key >= '%s' AND due_key %s '%s') ORDER BY due_key, id LIMIT %u",
            public ? "public_due" : "due", public ? "public = 1 AND " : "", TODO_OPEN,
            strcmp(date_from, time_from) < 0 ? date_from : time_from, below,
            strcmp(date_until, time_until) > 0 ? date_until : time_until, time_from, below, time_until,
            date_from, below, date_until, limit),
        out);
}

static void take_buckets(struct arena *a, MYSQL_RES *rows, void *out)
{
    (void)a;
    struct read_bucket *buckets = out;
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(rows))) {
        struct read_bucket *b = &buckets[number(row[0])];
        b->todos = number(row[1]);
        b->previous = number(row[2]);
        b->next = number(row[3]);
    }
}

void read_buckets(struct read_questions *q, struct read_bucket *buckets, size_t n)
{
    /* One statement for all; each part is answered from the ends of a range of the primary key. */
    enum { PART_BYTES = 512 };
    if (n == 0)
        return;
    char *sql = arena_alloc(q->arena, n * PART_BYTES), *end = sql;
    for (size_t i = 0; i < n; i++) {
        const struct read_bucket *b = &buckets[i];
        char of[64];
        snprintf(of, sizeof of, "FROM bucket WHERE kind=%d AND owner=%" PRIu32 " AND number", b->kind,
                 b->owner);
        end += snprintf(end, PART_BYTES,
                        "%sSELECT %zu, (SELECT todos %s=%" PRIu64 "), (SELECT MAX(number) %s<%" PRIu64
                        "), (SELECT MIN(number) %s>%" PRIu64 ")",
                        i ? " UNION ALL " : "", i, of, b->number, of, b->number, of, b->number);
    }
    note(q, "reading buckets", sql, take_buckets, buckets);
}

/* ---- bars */

static void take_bars(struct arena *a, MYSQL_RES *rows, void *out)
{
    struct read_bars *bars = out;
    bars->count = mysql_num_rows(rows);
    bars->items = arena_alloc(a, bars->count * sizeof *bars->items);
    for (size_t i = 0; i < bars->count; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        bars->items[i] = (struct read_bar){
            .owner = (uint32_t)number(row[0]), .number = number(row[1]), .todos = number(row[2])};
    }
}

static void note_bars(struct read_questions *q, const char *sql, struct read_bars *out)
{
    *out = (struct read_bars){0};
    note(q, "reading bars", sql, take_bars, out);
}

void read_bars(struct read_questions *q, enum bar_kind kind, uint64_t from, struct read_bars *out)
{
    note_bars(
        q,
        arena_printf(
            q->arena,
            "SELECT owner, number, todos FROM bucket WHERE kind = %d AND owner = 0 AND number >= %" PRIu64
            " ORDER BY number",
            kind, from),
        out);
}

void read_list_bars(struct read_questions *q, enum bar_kind kind, const uint64_t *lists, size_t n,
                    uint64_t from, struct read_bars *out)
{
    *out = (struct read_bars){0};
    if (n)
        note_bars(q,
                  arena_printf(
                      q->arena,
                      "SELECT owner, number, todos FROM bucket WHERE kind = %d AND %s AND number >= %" PRIu64
                      " ORDER BY owner, number",
                      kind, among(q->arena, "owner", lists, n), from),
                  out);
}

/* ---- todos */

static int by_todo_id(const void *key, const void *item)
{
    uint64_t id = *(const uint64_t *)key, other = ((const struct read_todo *)item)->id;
    return (id > other) - (id < other);
}

struct read_todo *read_todos_find(const struct read_todos *todos, uint64_t id)
{
    return todos->count ? bsearch(&id, todos->items, todos->count, sizeof *todos->items, by_todo_id) : NULL;
}

static void take_todos(struct arena *a, MYSQL_RES *rows, void *out)
{
    struct read_todos *todos = out;
    todos->count = mysql_num_rows(rows);
    todos->items = arena_alloc(a, todos->count * sizeof *todos->items);
    for (size_t i = 0; i < todos->count; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        todos->items[i] = (struct read_todo){.id = number(row[0]),
                                             .version = (uint32_t)number(row[1]),
                                             .revision = number(row[2]),
                                             .state = (enum todo_state)number(row[3]),
                                             .title = text(a, row[4]),
                                             .notes = text(a, row[5]),
                                             .list_id = (uint32_t)number(row[6]),
                                             .list = text(a, row[7]),
                                             .list_slug = text(a, row[8]),
                                             .priority = (unsigned)number(row[9]),
                                             .due = text(a, row[10]),
                                             .created = moment(a, row[11]),
                                             .updated = moment(a, row[12]),
                                             .finished = moment(a, row[13]),
                                             .is_public = number(row[14]) != 0};
    }
}

/* Rows come in order of their todos, and a todo's are one stretch of `all`. */
static void take_tags(struct arena *a, MYSQL_RES *rows, void *out)
{
    struct read_todos *todos = out;
    struct read_name *all = arena_alloc(a, mysql_num_rows(rows) * sizeof *all);
    struct read_todo *todo = NULL;
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(rows))) {
        uint64_t id = number(row[0]);
        if (!todo || todo->id != id) {
            todo = read_todos_find(todos, id);
            if (!todo)
                continue;
            todo->tags = all;
        }
        *all++ = (struct read_name){
            .id = (uint32_t)number(row[1]), .name = text(a, row[2]), .slug = text(a, row[3])};
        todo->ntags++;
    }
}

/* The hints: with few rows in a table the optimizer would rather read all of it, and go on to do so for a
 * while after it has grown. */
void read_todos(struct read_questions *q, const uint64_t *ids, size_t n, struct read_todos *out)
{
    *out = (struct read_todos){0};
    if (n == 0)
        return;
    note(
        q, "reading todos",
        arena_printf(
            q->arena,
            "SELECT t.id, t.version, t.revision, t.state, t.title, t.notes, t.list_id, l.name, l.slug,"
            " t.priority, t.due, t.created, t.updated, t.finished, t.public FROM todo t FORCE INDEX (PRIMARY)"
            " STRAIGHT_JOIN list l ON l.id = t.list_id WHERE %s ORDER BY t.id",
            among(q->arena, "t.id", ids, n)),
        take_todos, out);
    note(q, "reading todos' tags",
         arena_printf(q->arena,
                      "SELECT m.todo_id, g.id, g.name, g.slug FROM todo_tag m FORCE INDEX (PRIMARY)"
                      " STRAIGHT_JOIN tag g ON g.id = m.tag_id WHERE %s"
                      " ORDER BY m.todo_id, m.position",
                      among(q->arena, "m.todo_id", ids, n)),
         take_tags, out);
}

struct histories {
    struct read_todo **todos; /* in order of id */
    size_t count;
};

static int by_pointed_id(const void *a, const void *b)
{
    uint64_t x = (*(struct read_todo *const *)a)->id, y = (*(struct read_todo *const *)b)->id;
    return (x > y) - (x < y);
}

/* A todo's changes come in a row, newest first. */
static void take_history(struct arena *a, MYSQL_RES *rows, void *out)
{
    const struct histories *of = out;
    struct read_history *all = arena_alloc(a, mysql_num_rows(rows) * sizeof *all);
    struct read_todo *todo = NULL;
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(rows))) {
        struct read_todo key = {.id = number(row[0])};
        if (!todo || todo->id != key.id) {
            struct read_todo *wanted = &key;
            struct read_todo **found =
                bsearch(&wanted, of->todos, of->count, sizeof *of->todos, by_pointed_id);
            if (!found) /* nothing else was asked for */
                continue;
            todo = *found;
            todo->history = all;
        }
        if (todo->nhistory == HISTORY_CHANGES)
            continue;
        *all++ = (struct read_history){.at = moment(a, row[1]),
                                       .actor = text(a, row[2]),
                                       .op = (enum change_op)number(row[3]),
                                       .detail = text(a, row[4])};
        todo->nhistory++;
    }
}

static void note_history(struct read_questions *q, const char *condition, struct histories *of)
{
    note(q, "reading todos' history",
         arena_printf(q->arena,
                      "SELECT todo_id, at, actor, op, IF(LENGTH(detail) > %d,"
                      " JSON_REPLACE(detail, '$.notes', ''), detail) FROM `change` FORCE INDEX (history)"
                      " WHERE %s",
                      DETAIL_BYTES, condition),
         take_history, of);
}

void read_histories(struct read_questions *q, struct read_todo **todos, size_t n)
{
    /* Every change adds one to the version: most todos have fewer than are
     * shown, and come together; the few others one by one, so that a long
     * history costs no more than its end. Going backwards through the index sorts nothing. */
    struct histories *of = arena_alloc(q->arena, sizeof *of);
    uint64_t *ids = arena_alloc(q->arena, n * sizeof *ids);
    size_t count = 0;
    *of = (struct histories){todos, n};
    qsort(todos, n, sizeof *todos, by_pointed_id);
    for (size_t i = 0; i < n; i++) {
        if (todos[i]->version <= HISTORY_CHANGES)
            ids[count++] = todos[i]->id;
        else
            note_history(q,
                         arena_printf(q->arena, "todo_id = %" PRIu64 " ORDER BY revision DESC LIMIT %d",
                                      todos[i]->id, HISTORY_CHANGES),
                         of);
    }
    if (count)
        note_history(q,
                     arena_printf(q->arena, "%s ORDER BY todo_id DESC, revision DESC",
                                  among(q->arena, "todo_id", ids, count)),
                     of);
}

/* ---- everything, a piece at a time */

enum db_result read_page_count(struct db *db, uint64_t *pages)
{
    MYSQL_RES *rows;
    char sql[1024];
    const char *const *list = name_sources[BUCKET_LIST].exists, *const *tag = name_sources[BUCKET_TAG].exists;
    snprintf(sql, sizeof sql,
             "SELECT (SELECT COUNT(*) FROM todo)"
             " + (SELECT COUNT(*) FROM todo WHERE public = 1 AND state IN (%d, %d))"
             " + (SELECT COUNT(*) FROM bucket WHERE kind <= %d)"
             " + (SELECT COUNT(*) FROM list STRAIGHT_JOIN bucket ON kind = %d AND owner = id WHERE public)"
             " + (SELECT COUNT(*) FROM list WHERE %s) + (SELECT COUNT(*) FROM list WHERE %s)"
             " + (SELECT COUNT(*) FROM tag WHERE %s) + (SELECT COUNT(*) FROM tag WHERE %s)",
             TODO_OPEN, TODO_DONE, BUCKET_PUBLIC_TAG, BUCKET_LIST, list[AUDIENCE_MEMBERS],
             list[AUDIENCE_PUBLIC], tag[AUDIENCE_MEMBERS], tag[AUDIENCE_PUBLIC]);
    enum db_result result = ask_rows(db, "counting pages", sql, &rows);
    if (result != DB_OK)
        return result;
    *pages = number(mysql_fetch_row(rows)[0]);
    mysql_free_result(rows);
    return DB_OK;
}

static enum db_result read_places(struct db *db, const char *sql, struct read_place *out, size_t *count)
{
    MYSQL_RES *rows;
    enum db_result result = ask_rows(db, "reading what there is", sql, &rows);
    if (result != DB_OK)
        return result;
    MYSQL_ROW row;
    for (*count = 0; (row = mysql_fetch_row(rows)); ++*count)
        out[*count] =
            (struct read_place){number(row[0]), (enum todo_state)number(row[1]), number(row[2]) != 0};
    mysql_free_result(rows);
    return DB_OK;
}

enum db_result read_next_todos(struct db *db, uint64_t after, struct read_place *out, size_t n, size_t *count)
{
    char sql[192];
    snprintf(sql, sizeof sql,
             "SELECT id, state, public AND state IN (%d, %d) FROM todo WHERE id > %" PRIu64
             " ORDER BY id LIMIT %zu",
             TODO_OPEN, TODO_DONE, after, n);
    return read_places(db, sql, out, count);
}

enum db_result read_next_names(struct db *db, enum bucket_kind kind, uint64_t after, struct read_place *out,
                               size_t n, size_t *count)
{
    char sql[256];
    const char *const *exists = name_sources[kind].exists;
    snprintf(sql, sizeof sql, "SELECT id, %d, %s FROM %s WHERE %s AND id > %" PRIu64 " ORDER BY id LIMIT %zu",
             TODO_ABSENT, exists[AUDIENCE_PUBLIC], name_sources[kind].table, exists[AUDIENCE_MEMBERS], after,
             n);
    return read_places(db, sql, out, count);
}

enum db_result read_next_buckets(struct db *db, const struct read_bucket *after, struct read_bucket *out,
                                 size_t n, size_t *count)
{
    MYSQL_RES *rows;
    char sql[448];
    snprintf(sql, sizeof sql,
             "SELECT kind, owner, number, IF(kind = %d, (SELECT public FROM list WHERE id = owner), 0)"
             " FROM bucket WHERE kind <= %d AND (kind > %d OR (kind = %d AND (owner > %" PRIu32
             " OR (owner = %" PRIu32 " AND number > %" PRIu64 ")))) ORDER BY kind, owner, number LIMIT %zu",
             BUCKET_LIST, BUCKET_PUBLIC_TAG, after->kind, after->kind, after->owner, after->owner,
             after->number, n);
    enum db_result result = ask_rows(db, "reading which buckets there are", sql, &rows);
    if (result != DB_OK)
        return result;
    MYSQL_ROW row;
    for (*count = 0; (row = mysql_fetch_row(rows)); ++*count)
        out[*count] = (struct read_bucket){.kind = (enum bucket_kind)number(row[0]),
                                           .owner = (uint32_t)number(row[1]),
                                           .number = number(row[2]),
                                           .is_public = number(row[3]) != 0};
    mysql_free_result(rows);
    return DB_OK;
}

/* ---- who may read */

enum db_result read_keys(struct db *db, struct arena *a, struct read_keys *keys)
{
    MYSQL_RES *rows;
    enum db_result result = ask_rows(db, "reading the reading keys",
                                     "SELECT reading_key, IFNULL(CEILING(UNIX_TIMESTAMP(expires)), 0) FROM"
                                     " credential WHERE expires IS NULL OR expires > UTC_TIMESTAMP(3)"
                                     " ORDER BY reading_key",
                                     &rows);
    if (result != DB_OK)
        return result;
    keys->count = mysql_num_rows(rows);
    keys->items = arena_alloc(a, keys->count * sizeof *keys->items);
    for (size_t i = 0; i < keys->count; i++) {
        MYSQL_ROW row = mysql_fetch_row(rows);
        snprintf(keys->items[i].key, sizeof keys->items[i].key, "%s", row[0]);
        keys->items[i].expires = (time_t)number(row[1]);
    }
    mysql_free_result(rows);
    return DB_OK;
}
