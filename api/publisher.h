/*
 * The link to the generator: asks it to publish, hears what is published; and the same for reading keys.
 *
 * A Unix stream, a line each way: we write `publish N`, and it writes
 * `published M` when every page up to revision M stands, at least once with
 * M >= N for each line of ours, and whenever it likes. Behind M stands where the time of that cycle went. One
 * request is outstanding at a time, so that many writes coalesce into the next one. The request is
 * idempotent: after a lost connection it is asked again, and nothing else has to be remembered.
 *
 * Likewise `keys N`, when a credential has come or gone, and `keyed N` when the files by which Nginx lets
 * readers in say so: N is a number of ours.
 *
 * All on the loop's thread.
 */
#ifndef WRIT_API_PUBLISHER_H
#define WRIT_API_PUBLISHER_H

#include <h2o.h>
#include <stdbool.h>
#include <stdint.h>

struct publisher;

/* Connects to the socket at `path` (borrowed), and again whenever the link is lost. `advanced` is called
 * when the generator has said what is published or keyed. Exits with a sentence if `path` is too long. */
struct publisher *publisher_start(h2o_loop_t *loop, const char *path, void (*advanced)(void *context),
                                  void *context);
void publisher_stop(struct publisher *publisher);

/* All up to `revision` should be published soon. */
void publisher_want(struct publisher *publisher, uint64_t revision);

/* The last revision the generator has named, also when it has gone since: pages are not unpublished. */
uint64_t publisher_published(const struct publisher *publisher);

/* The reading keys should be brought up to date with what is in the database now. Returns the number that
 * publisher_keyed() will have reached when they are. */
uint64_t publisher_want_keys(struct publisher *publisher);
uint64_t publisher_keyed(const struct publisher *publisher);

bool publisher_connected(const struct publisher *publisher);

/* Where the time of the generator's last cycle went, in microseconds: reading from the database, making
 * pages, writing files. */
struct publisher_times {
    uint64_t read, render, files;
};
struct publisher_times publisher_times(const struct publisher *publisher);

#endif
