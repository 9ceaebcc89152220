/*
 * `writ-gen follow`: keeps the pages up with the database until it is told to
 * stop. The one place of the generator that waits, retries and gives up.
 */
#ifndef WRIT_GEN_FOLLOW_H
#define WRIT_GEN_FOLLOW_H

#include "settings.h"

/* Returns the exit status: 0 after SIGTERM or SIGINT, with all published and settled that could be. */
int follow(const struct settings *settings);

#endif
