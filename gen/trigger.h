/*
 * The socket on which the API asks for pages, and hears that they stand.
 *
 * A Unix stream, a line each way: a client may send `publish N`, and is sent
 * `published M` when it connects, whenever M advances, and at once when it asks for
 * what is published already. Behind M stands where the time of the cycle that got there went, in
 * microseconds: reading from the database, rendering, files. Lines that wait are coalesced. A client that
 * says something else, or does not read, is dropped: nothing here ever waits
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
    uint64_t published; /* as last told to all */
    struct trigger_times {
        uint64_t read, render, files;
    } times;
    size_t nclients;
    struct trigger_client {
        int fd;
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

#endif
