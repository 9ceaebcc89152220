/* What a request shows of who sends it, what is handed out, and the board's own secret. */
#include "../../api/kept.h"
#include "../../api/session.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define A64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
#define B64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct session_config config = {.key = "a key of thirty-two bytes......"};

static void test_what_is_drawn(void **state)
{
    (void)state;
    struct session_secret one, two;
    struct credential shown;
    session_draw(&config, &one);
    session_draw(&config, &two);
    assert_int_equal(strlen(one.secret), 64);
    assert_int_equal(strlen(one.reading_key), 64);
    assert_string_not_equal(one.secret, two.secret);
    assert_string_not_equal(one.reading_key, two.reading_key);
    assert_string_not_equal(one.secret, one.reading_key);

    char token[200], cookie[200];
    snprintf(token, sizeof token, "Bearer writ_%s_%s", one.reading_key, one.secret);
    assert_true(session_from_token(&config, token, strlen(token), &shown));
    assert_int_equal(shown.kind, CREDENTIAL_TOKEN);
    assert_memory_equal(shown.hash, one.hash, 32);
    assert_string_equal(shown.reading_key, one.reading_key);

    snprintf(cookie, sizeof cookie, "writ-read=%s; writ=%s", one.reading_key, one.secret);
    session_from_cookies(&config, cookie, strlen(cookie), false, &shown);
    assert_int_equal(shown.kind, CREDENTIAL_SESSION);
    assert_memory_equal(shown.hash, one.hash, 32);
    assert_string_equal(shown.reading_key, "");
}

/* The hash says nothing without SECRET_KEY: another one, another hash; and it is BLAKE2b, as documented. */
static void test_the_hash_is_keyed(void **state)
{
    (void)state;
    static const struct session_config other = {.key = "another key of thirty-two bytes"};
    struct credential mine, theirs;
    session_from_cookies(&config, "writ=" B64, strlen("writ=" B64), false, &mine);
    session_from_cookies(&other, "writ=" B64, strlen("writ=" B64), false, &theirs);
    assert_memory_not_equal(mine.hash, theirs.hash, 32);
    unsigned char secret[32], hash[32];
    sodium_hex2bin(secret, sizeof secret, B64, 64, NULL, NULL, NULL);
    crypto_generichash(hash, sizeof hash, secret, sizeof secret, config.key, sizeof config.key);
    assert_memory_equal(mine.hash, hash, 32);
}

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool counts;
        enum credential_kind kind;
    } cases[] = {
        {"Bearer writ_" A64 "_" B64, true, CREDENTIAL_TOKEN},
        {"bearer writ_" A64 "_" B64, true, CREDENTIAL_TOKEN},
        {"Bearer  writ_" A64 "_" B64, true, CREDENTIAL_NONE},
        {"Bearer writ_" A64 "_" B64 " ", true, CREDENTIAL_NONE},
        {"Bearer writ_" A64 "_" B64 "0", true, CREDENTIAL_NONE},
        {"Bearer writ_" A64 "-" B64, true, CREDENTIAL_NONE},
        {"Bearer writ_" A64 "_", true, CREDENTIAL_NONE},
        {"Bearer WRIT_" A64 "_" B64, true, CREDENTIAL_NONE},
        {"Bearer writ_A" A64 "_" B64, true, CREDENTIAL_NONE},
        {"Bearer writ_" A64 "_0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", true,
         CREDENTIAL_NONE},
        {"Bearer writ_../../../../../../../../../../../../../../../../../../../../../etc_" B64, true,
         CREDENTIAL_NONE},
        {"Bearer ", true, CREDENTIAL_NONE},
        {"Bearer", false, CREDENTIAL_NONE},
        {"Basic writ_" A64 "_" B64, false, CREDENTIAL_NONE},
        {"writ_" A64 "_" B64, false, CREDENTIAL_NONE},
        {"", false, CREDENTIAL_NONE},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct credential shown;
        if (session_from_token(&config, cases[i].value, strlen(cases[i].value), &shown) != cases[i].counts ||
            shown.kind != cases[i].kind)
            fail_msg("'%s' is taken for something else", cases[i].value);
    }
}

static void test_cookies(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool secure, session;
    } cases[] = {
        {"writ=" B64, false, true},
        {"a=b; writ=" B64 "; c=d", false, true},
        {"a=b;writ=" B64, false, true},
        {"__Host-writ=" B64, true, true},
        {"writ=" B64, true, false}, /* not from HTTPS: anybody on the way could have set it */
        {"__Host-writ=" B64, false, false},
        {"__Host-writ=" B64 "; writ=" A64, true, true},
        {"writ=" B64 "; writ=" A64, false, false},
        {"writ=" B64 "; writ=", false, false},
        {"writ=" B64 "0", false, false},
        {"writ=" B64 " ", false, false},
        {"writ=\"" B64 "\"", false, false},
        {"Writ=" B64, false, false},
        {"writ-read=" B64, false, false},
        {"xwrit=" B64, false, false},
        {"a=writ=" B64, false, false},
        {"writ=0123", false, false},
        {"writ=", false, false},
        {"writ", false, false},
        {";;; ;", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct credential shown;
        size_t len = strlen(cases[i].value);
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, cases[i].value, len);
        session_from_cookies(&config, exact, len, cases[i].secure, &shown);
        free(exact);
        if (shown.kind != (cases[i].session ? CREDENTIAL_SESSION : CREDENTIAL_NONE))
            fail_msg("'%s' is taken for something else", cases[i].value);
    }
}

static void test_what_is_set(void **state)
{
    (void)state;
    struct arena a = {0};
    const struct session_secret session = {.secret = A64, .reading_key = B64};
    const char *cookies[2];
    session_cookies(&a, &session, true, cookies);
    assert_string_equal(cookies[0],
                        "__Host-writ=" A64 "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure");
    assert_string_equal(cookies[1], "__Host-writ-read=" B64
                                    "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure");
    session_cookies(&a, &session, false, cookies);
    assert_string_equal(cookies[0], "writ=" A64 "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
    session_cookies(&a, NULL, false, cookies);
    assert_string_equal(cookies[0], "writ=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    assert_string_equal(cookies[1], "writ-read=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    arena_release(&a);
}

/* ---- SECRET_KEY: a process each, since a refusal ends it */

static const char secret_file[] = "/dev/null";

/* The exit status of reading the settings, and the key that came of it. */
static int start(const char *open, const char *key, const char *file, struct session_config *out)
{
    int pipe_of[2], status;
    assert_int_equal(pipe(pipe_of), 0);
    pid_t child = fork();
    if (child == 0) {
        struct session_config read_config;
        if (!freopen("/dev/null", "w", stderr))
            _exit(3);
        open ? setenv("WRIT_OPEN", open, 1) : unsetenv("WRIT_OPEN");
        key ? setenv("SECRET_KEY", key, 1) : unsetenv("SECRET_KEY");
        file ? setenv("SECRET_KEY_FILE", file, 1) : unsetenv("SECRET_KEY_FILE");
        session_config_from_env(&read_config);
        _exit(write(pipe_of[1], &read_config, sizeof read_config) == sizeof read_config ? 0 : 4);
    }
    close(pipe_of[1]);
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 0)
        assert_int_equal(read(pipe_of[0], out, sizeof *out), sizeof *out);
    close(pipe_of[0]);
    return WEXITSTATUS(status);
}

static void test_the_secret(void **state)
{
    (void)state;
    struct session_config one, two;
    assert_int_equal(start("0", NULL, NULL, &one), 1);
    assert_int_equal(start(NULL, NULL, NULL, &one), 1);
    assert_int_equal(start(NULL, "", "", &one), 1);
    assert_int_equal(start(NULL, "31 bytes are not enough for one", NULL, &one), 1);
    assert_int_equal(start(NULL, NULL, secret_file, &one), 1); /* is empty */
    assert_int_equal(start(NULL, NULL, "/nonexistent", &one), 1);
    assert_int_equal(start(NULL, A64, NULL, &one), 0);
    assert_false(one.open);
    assert_int_equal(start("yes", B64, NULL, &two), 0);
    assert_false(two.open); /* 1 and nothing else */
    assert_memory_not_equal(one.key, two.key, sizeof one.key);
    assert_int_equal(start("1", NULL, NULL, &one), 0);
    assert_true(one.open);

    char name[] = "/tmp/writ-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0 && write(fd, B64 "\nmore\n", 70) == 70);
    assert_int_equal(start(NULL, NULL, name, &one), 0);
    assert_memory_equal(one.key, two.key, sizeof one.key);
    close(fd);
    unlink(name);
}

static void test_where_it_may_listen(void **state)
{
    (void)state;
    const struct session_config open = {.open = true};
    assert_non_null(session_refusal(&open, false));
    assert_null(session_refusal(&open, true));
    assert_null(session_refusal(&config, false));
    assert_null(session_refusal(&config, true));
}

/* ---- a form that waits */

static void test_kept(void **state)
{
    (void)state;
    struct arena a = {0};
    struct kept kept;
    json_t *form = json_pack("{s:s, s:s}", "title", "<b>", "_method", "PATCH");
    kept_keep(&kept, &a, "/api/todos/42", strlen("/api/todos/42"), form);
    assert_string_equal(kept.action, "/api/todos/42");
    assert_int_equal(kept.route.action, ACTION_TODO_FORM);
    assert_true(json_equal(kept.fields, form));
    kept_release(&kept);
    json_decref(form);

    form = json_pack("{s:s, s:s, s:s, s:s}", "kept.title", "<b>", "kept.kept.x", "y", "passphrase", "p",
                     "kept_action", "/api/todos");
    kept_take(&kept, &a, form);
    assert_string_equal(kept.action, "/api/todos");
    assert_int_equal(json_object_size(kept.fields), 2);
    assert_string_equal(json_string_value(json_object_get(kept.fields, "title")), "<b>");
    assert_string_equal(json_string_value(json_object_get(kept.fields, "kept.x")), "y");
    assert_int_equal(json_object_size(form), 1); /* the passphrase is not among them */
    kept_release(&kept);
    json_decref(form);
    arena_release(&a);
}

static void test_kept_for_nowhere(void **state)
{
    (void)state;
    static const char *const actions[] = {"",
                                          "/",
                                          "/api/session",
                                          "/api/import",
                                          "/api/health",
                                          "//elsewhere.example/api/todos",
                                          "http://elsewhere.example/api/todos",
                                          "javascript:alert(1)",
                                          "/api/todos?x=1",
                                          "/api/todos/1?purge=2"};
    for (size_t i = 0; i < LENGTH(actions); i++) {
        struct arena a = {0};
        struct kept kept;
        json_t *form = json_pack("{s:s, s:s}", "kept.title", "t", "kept_action", actions[i]);
        kept_take(&kept, &a, form);
        assert_null(kept.action);
        assert_null(kept.fields);
        assert_int_equal(json_object_size(form), 0);
        kept_release(&kept);
        json_decref(form);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_drawn),
        cmocka_unit_test(test_the_hash_is_keyed),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_what_is_set),
        cmocka_unit_test(test_the_secret),
        cmocka_unit_test(test_where_it_may_listen),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_for_nowhere),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
