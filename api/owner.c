/* See owner.h. */
#include "owner.h"

#include "command.h"
#include "sign_in.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    DATABASE_SECONDS = 10,
    KEYED_MS = 2000, /* then the generator does it by itself, a little later */
    DAYS_MAX = 36500,
    FIRST_GROUPS = 6, /* of a random passphrase, of two syllables each: 75 bits */
};

static const char usage[] =
    "usage: writ-api serve\n"
    "       writ-api token NAME [--expires DAYS]\n"
    "       writ-api tokens\n"
    "       writ-api revoke NAME\n"
    "       writ-api passphrase [--first]\n"
    "serve takes writes; WRIT_LISTEN, WRIT_GEN_SOCKET and MYSQL_* say where. The others are for\n"
    "the owner: who may write with a token, and what to sign in with.\n";

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("writ-api: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

/* ---- the generator */

/* Reads until a whole line begins with `word`; false when the other end is gone, or the time is up. */
static bool wait_for_line(int fd, const char *word)
{
    char line[96];
    size_t len = 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + KEYED_MS;
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left = end - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        char c;
        if (left <= 0 || poll(&readable, 1, (int)left) <= 0 || read(fd, &c, 1) != 1)
            return false;
        if (c != '\n') {
            if (len < sizeof line - 1)
                line[len++] = c;
            continue;
        }
        line[len] = '\0';
        if (strncmp(line, word, strlen(word)) == 0)
            return true;
        len = 0;
    }
}

/* Has the files by which Nginx lets readers in brought up to date. A generator that is away does it when it
 * comes back. */
static void publish_keys(void)
{
    static const char request[] = "keys 1\n";
    const char *path = getenv("WRIT_GEN_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof to.sun_path)
        return;
    strcpy(to.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1 &&
        !wait_for_line(fd, "keyed "))
        fputs("The generator did not answer; reading with it follows as soon as it can.\n", stderr);
    if (fd >= 0)
        close(fd);
}

/* ---- the database */

/* Exits with a sentence if it cannot be reached. */
static void connect_database(struct db *db)
{
    static struct db_config config;
    db_config_from_env(&config);
    *db = (struct db){0};
    if (db_open(db, &config, true, DATABASE_SECONDS) != DB_OK)
        exit(fail("%s", db->error));
}

/* Ends a command that has asked the database. */
static int finish(struct db *db, enum db_result result, bool changed)
{
    int status = result == DB_OK ? 0 : fail("%s", db->error);
    db_close(db);
    if (status == 0 && changed)
        publish_keys();
    return status;
}

/* ---- tokens */

/* The name in normal form, from the arena; NULL after a sentence. */
static char *token_name(struct arena *a, const char *typed)
{
    const char *why = text_check(typed, strlen(typed), false);
    char *name = why ? NULL : name_normal(a, typed, &why);
    if (!name) {
        fail("The name of a token %s.", why);
        return NULL;
    }
    /* Of the history, where a token must not pass for somebody else. */
    static const char *const others[] = {CREDENTIAL_OWNER, "anyone"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name_key(a, name), others[i]) == 0) {
            fail("A token cannot be called '%s': choose another name.", name);
            return NULL;
        }
    return name;
}

static int add_token(const char *name, unsigned days)
{
    struct session_config config;
    struct session_secret token;
    struct db db;
    bool added;
    unsetenv("WRIT_OPEN"); /* while it is 1 no token is asked for; this one is for afterwards */
    session_config_from_env(&config);
    session_draw(&config, &token);
    connect_database(&db);
    enum db_result result = credential_add_token(&db, name, token.hash, token.reading_key, days, &added);
    if (result == DB_OK && !added) {
        db_close(&db);
        return fail("There is a token '%s' already: choose another name, or revoke that one first.", name);
    }
    int status = finish(&db, result, added);
    if (status == 0)
        printf("The token '%s'. It is shown this once:\nwrit_%s_%s\n", name, token.reading_key, token.secret);
    return status;
}

static int revoke_token(const char *name)
{
    struct db db;
    bool found;
    connect_database(&db);
    enum db_result result = credential_revoke(&db, name, &found);
    if (result == DB_OK && !found) {
        db_close(&db);
        return fail("There is no token '%s'. 'writ-api tokens' lists all there are.", name);
    }
    return finish(&db, result, found);
}

static void print_token(void *count, const struct credential_token *token)
{
    if (++*(size_t *)count == 1)
        printf("%-*s  %-16s  %s\n", NAME_CHARS / 2, "NAME", "CREATED (UTC)", "EXPIRES (UTC)");
    size_t chars = text_chars(token->name);
    printf("%s%*s  %s  %s%s\n", token->name, chars < NAME_CHARS / 2 ? (int)(NAME_CHARS / 2 - chars) : 0, "",
           token->created, token->expires ? token->expires : "never", token->expired ? " (has expired)" : "");
}

static int list_tokens(void)
{
    struct db db;
    size_t count = 0;
    connect_database(&db);
    enum db_result result = credential_tokens(&db, print_token, &count);
    if (result == DB_OK && count == 0)
        puts("There are no tokens.");
    return finish(&db, result, false);
}

/* ---- the passphrase */

/* The terminal as it was. */
static struct termios usual;

/* Not with the terminal silent: as it was, and then as if nobody had caught it. */
static void interrupt(int signal_number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    raise(signal_number);
}

/* A line without its end. False at the end of input or an error, or if it is longer than a passphrase may be.
 */
static bool read_line(char line[PASSPHRASE_BYTES + 1])
{
    size_t len = 0;
    char c = '\0';
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        if (len == PASSPHRASE_BYTES || c == '\0')
            return false;
        line[len++] = c;
    }
    if (len && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    return c == '\n' || len;
}

/* Asks on the terminal, which does not echo meanwhile. */
static bool ask(const char *prompt, char line[PASSPHRASE_BYTES + 1])
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction quit = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND},
                     before[sizeof signals / sizeof *signals];
    if (tcgetattr(STDIN_FILENO, &usual) != 0)
        return false;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &quit, &before[i]);
    struct termios silent = usual;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs(prompt, stderr);
    bool ok = read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    fputc('\n', stderr);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &before[i], NULL);
    return ok;
}

/* From the terminal, or standard input. False after a sentence. */
static bool read_passphrase(char line[PASSPHRASE_BYTES + 1])
{
    bool terminal = isatty(STDIN_FILENO);
    if (!(terminal ? ask("The new passphrase: ", line) : read_line(line))) {
        fail("A passphrase is a line of at most %d bytes.", PASSPHRASE_BYTES);
        return false;
    }
    size_t len = strlen(line);
    const char *why = text_check(line, len, false);
    if (why || len < PASSPHRASE_MIN) {
        fail("The passphrase %s.", why ? why : "must have at least 8 bytes");
        return false;
    }
    char again[PASSPHRASE_BYTES + 1];
    if (terminal && (!ask("The same once more: ", again) || strcmp(line, again) != 0)) {
        fail("That was not the same twice. Nothing has changed.");
        return false;
    }
    return true;
}

/* Syllables that can be read out and typed: 5 vowels after 16 consonants, 6.3 bits each. */
static void draw_passphrase(char line[PASSPHRASE_BYTES + 1])
{
    static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aeiou";
    char *p = line;
    for (int i = 0; i < 2 * FIRST_GROUPS; i++) {
        if (i && i % 2 == 0)
            *p++ = '-';
        *p++ = consonants[randombytes_uniform(sizeof consonants - 1)];
        *p++ = vowels[randombytes_uniform(sizeof vowels - 1)];
    }
    *p = '\0';
}

static int set_passphrase(bool first)
{
    char line[PASSPHRASE_BYTES + 1], hash[CREDENTIAL_PASSPHRASE_BYTES];
    struct db db;
    bool set = false;
    if (first)
        draw_passphrase(line);
    else if (!read_passphrase(line))
        return 1;
    if (!sign_in_hash(line, hash))
        return fail("there is no memory to hash a passphrase with");
    connect_database(&db);
    enum db_result result = credential_set_passphrase(&db, hash, first, &set);
    int status = finish(&db, result, set);
    if (status == 0 && set && first)
        printf("Passphrase: %s\n", line);
    else if (status == 0 && set)
        puts("The passphrase is set, and everyone is signed out.");
    return status;
}

/* ---- the arguments */

/* A number of days, or 0. */
static unsigned read_days(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && n <= DAYS_MAX ? (unsigned)n : 0;
}

static int token_command(int argc, char **argv)
{
    struct arena a = {0};
    unsigned days = 0;
    int status = 2;
    if (argc == 5 && strcmp(argv[3], "--expires") == 0 && (days = read_days(argv[4])) == 0)
        status = fail("--expires is a number of days from 1 to %d, and not '%s'.", DAYS_MAX, argv[4]);
    else if (argc == 3 || days) {
        const char *name = token_name(&a, argv[2]);
        status = !name ? 1 : strcmp(argv[1], "token") == 0 ? add_token(name, days) : revoke_token(name);
    }
    arena_release(&a);
    return status;
}

int owner_command(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    int status = 2;
    if (strcmp(command, "token") == 0 || (strcmp(command, "revoke") == 0 && argc == 3))
        status = token_command(argc, argv);
    else if (strcmp(command, "tokens") == 0 && argc == 2)
        status = list_tokens();
    else if (strcmp(command, "passphrase") == 0 && argc == 2)
        status = set_passphrase(false);
    else if (strcmp(command, "passphrase") == 0 && argc == 3 && strcmp(argv[2], "--first") == 0)
        status = set_passphrase(true);
    if (status == 2)
        fputs(usage, stderr);
    return status;
}
