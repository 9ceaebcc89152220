/*
 * The rows that a batch of commands names or touches, read under the board's
 * lock. Linked into the API only; called on its writer thread.
 *
 * Opens the transaction that its caller ends. In READ COMMITTED: once the lock
 * is held, every SELECT sees all that was committed by whoever held it before.
 */
#ifndef WRIT_DB_LOAD_H
#define WRIT_DB_LOAD_H

#include "batch.h"
#include "db.h"

/* Locks the board and fills `b`, which batch_init() has made, in one round trip, or in two when a list or tag
 * is new. */
enum db_result load_batch(struct db *db, struct batch *b, struct command *const *commands, size_t n)
    __attribute__((warn_unused_result));

/* The number of the last batch that the writer with this token committed; 0: none. Locks the board first,
 * which a transaction that is still ending holds. */
enum db_result load_mark(struct db *db, const void *token, size_t size, uint64_t *last)
    __attribute__((warn_unused_result));

#endif
