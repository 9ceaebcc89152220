/*
 * A connection to MariaDB and what its errors mean. The only retry policy is
 * in api/writer.c and gen/follow.c; here an error is named, never retried.
 *
 * A connection belongs to one thread at a time.
 */
#ifndef WRIT_DB_DB_H
#define WRIT_DB_DB_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum db_result {
    DB_OK,
    DB_RETRY,   /* deadlock, lock wait or a stale snapshot: roll back, do it all again */
    DB_REFUSED, /* an SQL error that will come again: the statement's fault */
    DB_FULL,    /* no room left on the device or in the table */
    DB_LOST,    /* the connection is gone, what was under way is in doubt */
};

struct db_config {
    const char *host; /* NULL: the socket */
    unsigned port;
    const char *socket;
    const char *user;
    const char *password;
    const char *database;
};

/* From MYSQL_HOST, MYSQL_PORT, MYSQL_SOCKET, MYSQL_USER, MYSQL_PASSWORD (or
 * the file named by MYSQL_PASSWORD_FILE), MYSQL_DATABASE. Exits with a
 * sentence if one is missing; the strings live as long as the process. */
void db_config_from_env(struct db_config *config);

struct db {
    MYSQL *mysql;    /* NULL when not connected */
    char error[512]; /* of the last call that failed: what was tried, the server's words */
    unsigned error_number;
};

/* Connects with utf8mb4, UTC, strict mode, no reconnecting, no LOCAL INFILE,
 * multi-statements, autocommit off if asked, and read and write timeouts of
 * `timeout` seconds. */
enum db_result db_open(struct db *db, const struct db_config *config, bool autocommit, unsigned timeout)
    __attribute__((warn_unused_result));
void db_close(struct db *db);

/* Runs one or several statements (separated by ';') that return nothing. */
enum db_result db_run(struct db *db, const char *sql, size_t len) __attribute__((warn_unused_result));

/* A growing text to write SQL into; `text` is the caller's to free, once the stream is closed. Never NULL:
 * out of memory ends the process. */
FILE *db_open_text(char **text, size_t *len);

/* Bytes as a hexadecimal literal, x'…'. */
void db_write_hex(FILE *f, const void *bytes, size_t len);

/* Records the error of the connection, or of stmt if not NULL, under what was
 * being done, and says what it means. */
enum db_result db_failed(struct db *db, MYSQL_STMT *stmt, const char *doing);

#endif
