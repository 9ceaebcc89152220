/*
 * Connections to MariaDB. Two rules shape this file: a lost connection is
 * never repaired silently (the client library's reconnecting forgets the
 * transaction and goes on with autocommit), and every error is one of the few
 * kinds that the callers treat differently.
 */
#include "db.h"

#include <errmsg.h>
#include <errno.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *sentence, const char *what)
{
    fprintf(stderr, "writ: %s: %s\n", what, sentence);
    exit(1);
}

enum { SECRET_BYTES = 1024 };

/* The variable's value, or the first line of the file that NAME_FILE names
 * (container secrets come as files), read into `line`. NULL when neither is set. */
static const char *env_or_file(const char *name, char line[SECRET_BYTES])
{
    const char *value = getenv(name);
    if (value && *value)
        return value;
    char file_name[64];
    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *path = getenv(file_name);
    if (!path || !*path)
        return NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        die(strerror(errno), path);
    if (!fgets(line, SECRET_BYTES, f))
        line[0] = '\0';
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    if (!*line)
        die("is empty, and should hold a secret in its first line", path);
    return line;
}

void db_config_from_env(struct db_config *config)
{
    static char user[SECRET_BYTES], password[SECRET_BYTES]; /* as long as the process */
    const char *port = getenv("MYSQL_PORT");
    *config = (struct db_config){
        .host = getenv("MYSQL_HOST"),
        .socket = getenv("MYSQL_SOCKET"),
        .user = env_or_file("MYSQL_USER", user),
        .password = env_or_file("MYSQL_PASSWORD", password),
        .database = getenv("MYSQL_DATABASE"),
    };
    if (port) {
        char *end;
        unsigned long n = strtoul(port, &end, 10);
        if (*end || n == 0 || n > 65535)
            die("must be a port number from 1 to 65535", "MYSQL_PORT");
        config->port = (unsigned)n;
    }
    if (!config->host && !config->socket)
        die("set this, or MYSQL_HOST, to say where MariaDB is", "MYSQL_SOCKET");
    if (!config->user)
        die("is not set", "MYSQL_USER");
    if (!config->password)
        die("is not set, nor is MYSQL_PASSWORD_FILE", "MYSQL_PASSWORD");
    if (!config->database || !*config->database)
        config->database = "writ";
}

static enum db_result classify(unsigned error)
{
    switch (error) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD: /* 1020: snapshot isolation found a newer row */
        return DB_RETRY;
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
        return DB_FULL;
    case 0: /* the library lost its way without saying why */
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_QUERY_INTERRUPTED:
    case ER_ERROR_DURING_COMMIT: /* may have happened */
        return DB_LOST;
    default:
        /* Below 2000 the server refused the statement and the connection
         * lives; from 2000 on the client library speaks, and after a KILL
         * even of 2014, "commands out of sync". */
        return error < CR_MIN_ERROR ? DB_REFUSED : DB_LOST;
    }
}

enum db_result db_failed(struct db *db, MYSQL_STMT *stmt, const char *doing)
{
    db->error_number = stmt ? mysql_stmt_errno(stmt) : db->mysql ? mysql_errno(db->mysql) : CR_SERVER_LOST;
    snprintf(db->error, sizeof db->error, "%s: %s (%u)", doing,
             stmt        ? mysql_stmt_error(stmt)
             : db->mysql ? mysql_error(db->mysql)
                         : "not connected",
             db->error_number);
    return classify(db->error_number);
}

enum db_result db_open(struct db *db, const struct db_config *config, bool autocommit, unsigned timeout)
{
    static const char settings[] =
        "SET NAMES utf8mb4, time_zone = '+00:00', "
        "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'";
    my_bool off = 0;
    unsigned no_files = 0;

    db->mysql = mysql_init(NULL);
    if (!db->mysql) {
        fprintf(stderr, "writ: out of memory\n");
        abort();
    }
    mysql_options(db->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
    mysql_options(db->mysql, MYSQL_OPT_READ_TIMEOUT, &timeout);
    mysql_options(db->mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
    mysql_options(db->mysql, MYSQL_OPT_RECONNECT, &off);
    mysql_options(db->mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
    mysql_options(db->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(db->mysql, MYSQL_INIT_COMMAND, settings);

    const char *where = config->host ? config->host : config->socket;
    if (!mysql_real_connect(db->mysql, config->host, config->user, config->password, config->database,
                            config->port, config->host ? NULL : config->socket,
                            CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS) ||
        mysql_autocommit(db->mysql, autocommit)) {
        char doing[256];
        snprintf(doing, sizeof doing, "connecting to MariaDB at %s as %s", where, config->user);
        db_failed(db, NULL, doing);
        db_close(db);
        return DB_LOST; /* whatever it was, there is no connection */
    }
    return DB_OK;
}

void db_close(struct db *db)
{
    if (db->mysql)
        mysql_close(db->mysql);
    db->mysql = NULL;
}

enum db_result db_run(struct db *db, const char *sql, size_t len)
{
    if (!db->mysql || mysql_real_query(db->mysql, sql, (unsigned long)len))
        return db_failed(db, NULL, sql);
    for (;;) {
        /* None of the statements returns rows; one that does is drained. */
        MYSQL_RES *rows = mysql_store_result(db->mysql);
        if (rows)
            mysql_free_result(rows);
        int more = mysql_next_result(db->mysql);
        if (more < 0)
            return DB_OK;
        if (more > 0)
            return db_failed(db, NULL, sql);
    }
}

FILE *db_open_text(char **text, size_t *len)
{
    FILE *f = open_memstream(text, len);
    if (!f) {
        fprintf(stderr, "writ: out of memory\n");
        abort();
    }
    return f;
}

void db_write_hex(FILE *f, const void *bytes, size_t len)
{
    const unsigned char *s = bytes;
    fputs("x'", f);
    for (size_t i = 0; i < len; i++)
        fprintf(f, "%02x", s[i]);
    fputc('\'', f);
}
