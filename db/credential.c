/*
 * See credential.h. Values go into the statements as hexadecimal literals, which nothing can break out of.
 *
 * The owner's row is what orders sign-ins and changes of the passphrase: both lock it before they touch
 * credentials, so that no session of the old passphrase comes to be after the change has ended them all.
 */
#include "credential.h"

#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

/* A statement under construction. */
struct statement {
    char *text;
    size_t len;
    FILE *f;
};

static void statement_open(struct statement *s, const char *begin)
{
    s->f = db_open_text(&s->text, &s->len);
    fputs(begin, s->f);
}

/* Runs it, and frees it. *affected: rows, by the last of its parts; may be NULL. `doing` is for an error's
 * message, in which the statement itself must not stand: hashes are in it. */
static enum db_result statement_run(struct statement *s, struct db *db, const char *doing, uint64_t *affected)
{
    fclose(s->f);
    int more = mysql_real_query(db->mysql, s->text, (unsigned long)s->len);
    while (more == 0) {
        if (affected)
            *affected = mysql_affected_rows(db->mysql);
        more = mysql_next_result(db->mysql); /* -1: there is none */
    }
    free(s->text);
    return more < 0 ? DB_OK : db_failed(db, NULL, doing);
}

static void put_text(struct statement *s, const char *text)
{
    fputs("_utf8mb4 ", s->f);
    db_write_hex(s->f, text, strlen(text));
}

static void put_hash(struct statement *s, const unsigned char hash[CREDENTIAL_HASH_BYTES])
{
    db_write_hex(s->f, hash, CREDENTIAL_HASH_BYTES);
}

/* ---- the passphrase */

static enum db_result ask(struct db *db, const char *sql, MYSQL_RES **rows)
{
    *rows = NULL;
    if (mysql_query(db->mysql, sql) || !(*rows = mysql_store_result(db->mysql)))
        return db_failed(db, NULL, sql);
    return DB_OK;
}

enum db_result credential_passphrase(struct db *db, char out[CREDENTIAL_PASSPHRASE_BYTES])
{
    MYSQL_RES *rows;
    enum db_result result = ask(db, "SELECT passphrase FROM owner", &rows);
    out[0] = '\0';
    if (result != DB_OK)
        return result;
    MYSQL_ROW row = mysql_fetch_row(rows);
    if (row)
        snprintf(out, CREDENTIAL_PASSPHRASE_BYTES, "%s", row[0]);
    mysql_free_result(rows);
    return DB_OK;
}

enum db_result credential_set_passphrase(struct db *db, const char *hash, bool first, bool *set)
{
    static const char doing[] = "storing a passphrase";
    struct statement s;
    uint64_t rows = 0;
    statement_open(&s, "START TRANSACTION;INSERT INTO owner (passphrase, changed) VALUES (");
    put_text(&s, hash);
    fputs(", UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE ", s.f);
    /* Set to what it is, it counts as no row. */
    fputs(first ? "passphrase = passphrase" : "passphrase = VALUES(passphrase), changed = VALUES(changed)",
          s.f);
    enum db_result result = statement_run(&s, db, doing, &rows);
    *set = rows > 0;
    if (result != DB_OK)
        return result;
    statement_open(&s, *set ? "DELETE FROM credential WHERE kind = 1;COMMIT" : "COMMIT");
    return statement_run(&s, db, doing, NULL);
}

/* ---- sessions */

enum db_result credential_add_session(struct db *db, const char *passphrase,
                                      const unsigned char hash[CREDENTIAL_HASH_BYTES],
                                      const char *reading_key, unsigned days, bool *added)
{
    struct statement s;
    uint64_t rows = 0;
    statement_open(&s, "DELETE FROM credential WHERE kind = 1 AND expires < UTC_TIMESTAMP(3);"
                       "INSERT INTO credential (hash, kind, name, reading_key, created, expires) SELECT ");
    put_hash(&s, hash);
    fputs(", 1, '" CREDENTIAL_OWNER "', ", s.f);
    put_text(&s, reading_key);
    fprintf(s.f,
            ", UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL %u DAY FROM owner WHERE passphrase = ", days);
    put_text(&s, passphrase);
    fputs(" LOCK IN SHARE MODE", s.f);
    enum db_result result = statement_run(&s, db, "storing a session", &rows);
    *added = rows == 1;
    return result;
}

enum db_result credential_end_session(struct db *db, const unsigned char hash[CREDENTIAL_HASH_BYTES])
{
    struct statement s;
    statement_open(&s, "DELETE FROM credential WHERE kind = 1 AND hash = ");
    put_hash(&s, hash);
    return statement_run(&s, db, "ending a session", NULL);
}

/* ---- tokens */

enum db_result credential_add_token(struct db *db, const char *name,
                                    const unsigned char hash[CREDENTIAL_HASH_BYTES], const char *reading_key,
                                    unsigned days, bool *added)
{
    struct statement s;
    statement_open(
        &s, "INSERT INTO credential (hash, kind, name, token_name, reading_key, created, expires) VALUES (");
    put_hash(&s, hash);
    fputs(", 2, ", s.f);
    put_text(&s, name);
    fputs(", ", s.f);
    put_text(&s, name);
    fputs(", ", s.f);
    put_text(&s, reading_key);
    if (days)
        fprintf(s.f, ", UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL %u DAY)", days);
    else
        fputs(", UTC_TIMESTAMP(3), NULL)", s.f);
    enum db_result result = statement_run(&s, db, "storing a token", NULL);
    *added = result == DB_OK;
    return result == DB_REFUSED && db->error_number == ER_DUP_ENTRY ? DB_OK : result;
}

enum db_result credential_revoke(struct db *db, const char *name, bool *found)
{
    struct statement s;
    uint64_t rows = 0;
    statement_open(&s, "DELETE FROM credential WHERE token_name = ");
    put_text(&s, name);
    enum db_result result = statement_run(&s, db, "revoking a token", &rows);
    *found = rows == 1;
    return result;
}

enum db_result credential_tokens(struct db *db,
                                 void (*each)(void *context, const struct credential_token *token),
                                 void *context)
{
    static const char sql[] = "SELECT token_name, DATE_FORMAT(created, '%Y-%m-%d %H:%i'),"
                              " DATE_FORMAT(expires, '%Y-%m-%d %H:%i'), expires <= UTC_TIMESTAMP(3)"
                              " FROM credential WHERE kind = 2 ORDER BY token_name";
    MYSQL_RES *rows;
    enum db_result result = ask(db, sql, &rows);
    if (result != DB_OK)
        return result;
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows));) {
        struct credential_token token = {
            .name = row[0], .created = row[1], .expires = row[2], .expired = row[3] && row[3][0] == '1'};
        each(context, &token);
    }
    mysql_free_result(rows);
    return DB_OK;
}
