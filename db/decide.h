/*
 * A batch of commands against the rows that they touch: what each comes to, in
 * order of arrival, and which rows have to be written. Pure: write.c loads the
 * rows under the board's lock before, and stores what is dirty afterwards.
 *
 * Invariants:
 *  1. Every change takes the next revision; an unsuccessful or empty command
 *     takes none. So revisions are dense.
 *  2. Ids and numbers are given out only to what is stored.
 *  3. Counters (board, list, tag, bucket) are the sums over todos that are
 *     not deleted, the public ones over those in public lists: whatever alters
 *     a todo takes it out of all counters first and puts it back afterwards
 *     (count_todo).
 *  4. A command that is refused has altered nothing.
 *  5. A name that was loaded stays known: only a command on a list takes it
 *     from one, and that is alone in its batch (write_runs_alone). So a slug
 *     is drawn only for names that load.c did not find.
 *  6. A todo is put between two others by a command that is alone in its batch,
 *     too: nothing else moves what load.c found there.
 *  7. A list that becomes public or private takes todos along that are not
 *     here: what the flip does to todos, tags and buckets is left to write.c,
 *     which again nothing else in the batch may meet.
 */
#ifndef WRIT_DB_DECIDE_H
#define WRIT_DB_DECIDE_H

#include "batch.h"

/* Decides one command: its actor, its outcome, and what becomes dirty. */
void decide(struct batch *b, struct command *command);

#endif
