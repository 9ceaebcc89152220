/* See progress.h. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR_CELLS = 40 };

static void draw(const struct progress *p)
{
    static const char full[] = "########################################";
    int cells = (int)(p->permille * BAR_CELLS / 1000);
    fprintf(stderr, "\r[%-*.*s] %3u%%  %" PRIu64 " pages", BAR_CELLS, cells, full, p->permille / 10, p->done);
}

void progress_begin(struct progress *p, uint64_t total)
{
    *p = (struct progress){.shown = isatty(STDERR_FILENO), .total = total ? total : 1};
    if (p->shown)
        draw(p);
}

void progress_advance(struct progress *p, uint64_t by)
{
    p->done += by;
    if (!p->shown)
        return;
    /* A few pages are not in the total, which was counted before. */
    unsigned permille = p->done >= p->total ? 1000 : (unsigned)(p->done * 1000 / p->total);
    if (permille == p->permille)
        return;
    p->permille = permille;
    draw(p);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
