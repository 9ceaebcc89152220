/*
 * The socket on which the API asks for pages, and hears that they stand; and
 * for reading keys (keys.h).
 *
 * A Unix stream, a line each way: a client may send `publish N`, and is sent
 * `published M` when it connects, whenever M advances, and at once when it asks for
 * what is published already. Behind M stands where the time of the cycle that got there went, in
 * microseconds: reading from the database, rendering, files. Lines that wait are coalesced.
 *
 * After it has added credentials or taken some away, a client sends `keys N`, N from 1
 * being a number of its own, and is sent `keyed N` once the keys are as the table was then or later: with the
 * highest N, when several wait.
 *
 * A client that says something else, or does not read, is dropped: nothing here ever waits
 * for one.
 */
#ifndef WRIT_GEN_TRIGGER_H
#define WRIT_GEN_TRIGGER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRIGGER_CLIENTS = 256, /* more are turned away */
    TRIGGER_LINE = 32,     /* "publish " and 20 digits fit */
};

struct trigger {
    int listener;
    const char *path;
    uint64_t wanted;    /* the highest revision that was asked for */
    bool asked;         /* for more than is published, since its owner last took this back */
    uint64_t published; /* as last told to all */
    struct trigger_times {
        uint64_t read, render, files;
    } times;
    size_t nclients;
    struct trigger_client {
        int fd;
        uint64_t keys; /* the highest that it waits for; 0: none */
        size_t len;
        char line[TRIGGER_LINE]; /* begun, not ended */
    } clients[TRIGGER_CLIENTS];
};

/* Listens at `path`, which is borrowed. Takes the place of a socket that nobody listens on; false with a
 * sentence if somebody does, or it cannot. */
bool trigger_open(struct trigger *trigger, const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));
void trigger_close(struct trigger *trigger);

/* Sleeps until a client speaks or comes, `also` can be read, or the time is over; and deals with the clients.
 * True if `also` can be read. */
bool trigger_wait(struct trigger *trigger, int also, int milliseconds);

/* Tells all clients. */
void trigger_publish(struct trigger *trigger, uint64_t revision, const struct trigger_times *times);

/* Does a client wait for the reading keys? */
bool trigger_wants_keys(const struct trigger *trigger);

/* They are as the table was after the last trigger_wait(): tells those who wait. */
void trigger_keyed(struct trigger *trigger);

#endif
