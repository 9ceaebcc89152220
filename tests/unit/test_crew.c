/* Two threads: every piece once, each worker alone with what is its own. */
#include "../../gen/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

enum { PIECES = 1000 };

struct tally {
    unsigned char done[PIECES];
    size_t by[CREW]; /* not atomic: each is its worker's own */
};

static void mark(void *context, unsigned worker, size_t piece)
{
    struct tally *tally = context;
    tally->done[piece]++;
    tally->by[worker]++;
}

static void check(struct crew *crew, size_t pieces)
{
    struct tally tally = {0};
    crew_run(crew, pieces, mark, &tally);
    assert_int_equal(tally.by[0] + tally.by[1], pieces);
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(tally.done[i], i < pieces);
}

static void every_piece_is_done_once(void **state)
{
    (void)state;
    struct crew *crew = crew_start();
    for (int i = 0; i < 200; i++)
        check(crew, (size_t)(i * 5 % PIECES));
    check(crew, PIECES);
    crew_stop(crew);
}

static void without_a_second_thread_one_does_all(void **state)
{
    (void)state;
    struct tally tally = {0};
    crew_run(NULL, 10, mark, &tally);
    assert_int_equal(tally.by[0], 10);
    crew_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_done_once),
        cmocka_unit_test(without_a_second_thread_one_does_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
