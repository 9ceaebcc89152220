/*
 * The head of a request as it came: the one form that Nginx sends passes, and everything by which two
 * programs could disagree about where a request ends does not.
 */
#include "../../api/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define HOST "Host: x\r\n"

/* In memory of exactly that size, so that a sanitizer sees a byte too many. */
static enum framing check(const char *head, size_t len)
{
    const char *why = NULL;
    char *bytes = malloc(len ? len : 1);
    assert_non_null(bytes);
    memcpy(bytes, head, len);
    enum framing framing = framing_check(bytes, len, &why);
    free(bytes);
    assert_true(framing == FRAMING_OK || (why && why[strlen(why) - 1] == '.'));
    return framing;
}

static void test_what_nginx_sends(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "POST /api/todos HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nx-request-id: 0a\r\nContent-Length: 17\r\n"
        "Content-Type: application/json\r\nCookie: a=b; c=d\r\n\r\n",
        "DELETE /api/todos/1?purge=1 HTTP/1.1\r\n" HOST "\r\n",
        "GET /api/health HTTP/1.0\r\n" HOST "\r\n",
        "POST /caf\xc3\xa9 HTTP/1.1\r\n" HOST "content-length:0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: \t 5 \t\r\nX: a\tb \xff\r\nEmpty:\r\n\r\n",
        "M-SEARCH * HTTP/1.1\r\nHost:\r\n\r\n",
        /* What follows the head is not looked at. */
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n\n\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\nTransfer-Encoding: chunked\n\n",
    };
    for (size_t i = 0; i < LENGTH(heads); i++)
        if (check(heads[i], strlen(heads[i])) != FRAMING_OK)
            fail_msg("refused: %s", heads[i]);
}

#define BAD(head)                                                                                            \
    {                                                                                                        \
        head, sizeof(head) - 1                                                                               \
    }

static void test_what_is_doubtful(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        size_t len;
    } heads[] = {
        BAD(""),
        BAD("GET / HTTP/1.1"),
        BAD("GET / HTTP/1.1\r"),
        BAD("GET / HTTP/1.1\r\n" HOST), /* no end */
        /* line ends */
        BAD("GET / HTTP/1.1\n" HOST "\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: x\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "\n"),
        BAD("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A: b\rTransfer-Encoding: chunked\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A: b\r\r\n\r\n"),
        /* controls */
        BAD("GET / HTTP/1.1\r\n" HOST "A: \0b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A: \vb\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n"),
        BAD("GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
        /* the first line */
        BAD("GET  / HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET /  HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET / HTTP/1.1 \r\n" HOST "\r\n"),
        BAD(" GET / HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET\t/ HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET /\tHTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET / x HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET /\r\n" HOST "\r\n"),
        BAD("GET HTTP/1.1\r\n" HOST "\r\n"),
        BAD("GET / HTTP/1.2\r\n" HOST "\r\n"),
        BAD("GET / HTTP/2.0\r\n" HOST "\r\n"),
        BAD("GET / http/1.1\r\n" HOST "\r\n"),
        BAD("G@T / HTTP/1.1\r\n" HOST "\r\n"),
        /* lines that are no headers, or go on with the one before */
        BAD("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc: d\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A\t: b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A b: c\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "A\xc3: b\r\n\r\n"),
        /* Host */
        BAD("GET / HTTP/1.1\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\n" HOST "hOST: x\r\n\r\n"),
        /* how long the body is */
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5;\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n"),
        BAD("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding\v: chunked\r\n\r\n"),
    };
    for (size_t i = 0; i < LENGTH(heads); i++)
        if (check(heads[i].head, heads[i].len) != FRAMING_BAD)
            fail_msg("case %zu is not refused: %s", i, heads[i].head);
}

static void test_chunks(void **state)
{
    (void)state;
    static const char *const codings[] = {"chunked", "Chunked", "xchunked", "gzip, chunked", "", "identity"};
    char head[200];
    for (size_t i = 0; i < LENGTH(codings); i++) {
        snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "tRANSFER-eNCODING: %s\r\n\r\n", codings[i]);
        assert_int_equal(check(head, strlen(head)), FRAMING_NO_LENGTH);
    }
}

/* Every head that is cut short is refused, and no byte behind it is read. */
static void test_every_beginning(void **state)
{
    (void)state;
    static const char head[] = "POST /api/todos HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
    for (size_t len = 0; len < sizeof head - 1; len++)
        assert_int_equal(check(head, len), FRAMING_BAD);
    assert_int_equal(check(head, sizeof head - 1), FRAMING_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nginx_sends),
        cmocka_unit_test(test_what_is_doubtful),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_every_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
