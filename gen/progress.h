/* A bar on stderr, for people who wait; nothing when it is not a terminal. */
#ifndef WRIT_GEN_PROGRESS_H
#define WRIT_GEN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;
    uint64_t done, total;
    unsigned permille; /* as drawn */
};

void progress_begin(struct progress *progress, uint64_t total);
void progress_advance(struct progress *progress, uint64_t by);
void progress_end(struct progress *progress);

#endif
