/* See publisher.h. */
#include "publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum {
    RECONNECT_MS = 200,
    LINE_BYTES = 96, /* "published " and four numbers of 20 digits fit */
};

struct publisher {
    h2o_loop_t *loop;
    struct sockaddr_un address;
    void (*advanced)(void *context);
    void *context;

    h2o_socket_t *socket; /* NULL while there is none */
    bool connected;
    bool writing; /* h2o takes one write at a time */
    bool waiting; /* for `published`, since `asked` was sent */
    uint64_t wanted, asked, published;
    bool waiting_for_keys;
    uint64_t keys_wanted, keys_asked, keyed;
    struct publisher_times times;
    char line[LINE_BYTES]; /* being sent: h2o borrows it */

    h2o_timeout_t reconnect_delay;
    h2o_timeout_entry_t reconnect;
};

static void ask(struct publisher *p);
static void lose(struct publisher *p, const char *why);

static void on_sent(h2o_socket_t *socket, const char *error)
{
    struct publisher *p = socket->data;
    p->writing = false;
    if (!error) /* the reading side hears of the loss, too, and deals with it */
        ask(p);
}

static void send_line(struct publisher *p, const char *wish, uint64_t number)
{
    int len = snprintf(p->line, sizeof p->line, "%s %" PRIu64 "\n", wish, number);
    h2o_iovec_t v = h2o_iovec_init(p->line, (size_t)len);
    p->writing = true;
    h2o_socket_write(p->socket, &v, 1, on_sent);
}

static void ask_to_publish(struct publisher *p)
{
    p->asked = p->wanted;
    p->waiting = true;
    send_line(p, "publish", p->asked);
}

static void ask_for_keys(struct publisher *p)
{
    p->keys_asked = p->keys_wanted;
    p->waiting_for_keys = true;
    send_line(p, "keys", p->keys_asked);
}

static void ask(struct publisher *p)
{
    if (!p->connected || p->writing)
        return;
    if (!p->waiting && p->wanted > p->published)
        ask_to_publish(p);
    else if (!p->waiting_for_keys && p->keys_wanted > p->keyed)
        ask_for_keys(p);
}

/* A line `published N READ RENDER FILES` or `keyed N`, terminated. */
static bool read_line(struct publisher *p, const char *line)
{
    struct publisher_times times;
    uint64_t number;
    if (sscanf(line, "published %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &number, &times.read,
               &times.render, &times.files) == 4) {
        p->published = number;
        p->times = times;
        if (p->published >= p->asked)
            p->waiting = false;
        return true;
    }
    if (sscanf(line, "keyed %" SCNu64, &number) != 1)
        return false;
    if (number > p->keyed)
        p->keyed = number;
    if (p->keyed >= p->keys_asked)
        p->waiting_for_keys = false;
    return true;
}

static void on_read(h2o_socket_t *socket, const char *error)
{
    struct publisher *p = socket->data;
    if (error) {
        lose(p, error);
        return;
    }
    bool heard = false;
    while (socket->input->size > 0) {
        char *line = socket->input->bytes;
        char *end = memchr(line, '\n', socket->input->size);
        if (!end && socket->input->size < LINE_BYTES)
            break; /* the rest is on its way */
        if (end)
            *end = '\0';
        if (!end || !read_line(p, line)) {
            lose(p, "it said something else than 'published N' or 'keyed N'");
            return;
        }
        h2o_buffer_consume(&socket->input, (size_t)(end + 1 - line));
        heard = true;
    }
    if (!heard)
        return;
    ask(p);
    p->advanced(p->context);
}

static void on_connected(h2o_socket_t *socket, const char *error)
{
    struct publisher *p = socket->data;
    if (error) {
        lose(p, NULL);
        return;
    }
    p->connected = true;
    h2o_socket_read_start(socket, on_read);
    ask_to_publish(p); /* also when nothing is wanted: its answer says what is published */
}

static void connect_now(h2o_timeout_entry_t *entry)
{
    struct publisher *p = H2O_STRUCT_FROM_MEMBER(struct publisher, reconnect, entry);
    p->socket = h2o_socket_connect(p->loop, (struct sockaddr *)&p->address, sizeof p->address, on_connected);
    if (p->socket)
        p->socket->data = p;
    else
        lose(p, NULL);
}

/* `why` is NULL when there was nothing to lose: that is said once, by health, and not five times a second. */
static void lose(struct publisher *p, const char *why)
{
    if (why)
        fprintf(stderr, "writ-api: lost the generator on %s: %s; connecting again\n", p->address.sun_path,
                why);
    if (p->socket)
        h2o_socket_close(p->socket);
    p->socket = NULL;
    p->connected = p->writing = p->waiting = p->waiting_for_keys = false;
    h2o_timeout_link(p->loop, &p->reconnect_delay, &p->reconnect);
}

struct publisher *publisher_start(h2o_loop_t *loop, const char *path, void (*advanced)(void *context),
                                  void *context)
{
    struct publisher *p = h2o_mem_alloc(sizeof *p);
    *p = (struct publisher){.loop = loop,
                            .address = {.sun_family = AF_UNIX},
                            .advanced = advanced,
                            .context = context,
                            .reconnect = {.cb = connect_now}};
    if (strlen(path) >= sizeof p->address.sun_path) {
        fprintf(stderr, "writ-api: WRIT_GEN_SOCKET is too long for a socket's path: %s\n", path);
        exit(1);
    }
    strcpy(p->address.sun_path, path);
    h2o_timeout_init(loop, &p->reconnect_delay, RECONNECT_MS);
    connect_now(&p->reconnect);
    return p;
}

void publisher_stop(struct publisher *p)
{
    if (p->socket)
        h2o_socket_close(p->socket);
    if (h2o_timeout_is_linked(&p->reconnect))
        h2o_timeout_unlink(&p->reconnect);
    h2o_timeout_dispose(p->loop, &p->reconnect_delay);
    free(p);
}

void publisher_want(struct publisher *p, uint64_t revision)
{
    if (revision > p->wanted)
        p->wanted = revision;
    ask(p);
}

uint64_t publisher_want_keys(struct publisher *p)
{
    p->keys_wanted++;
    ask(p);
    return p->keys_wanted;
}

uint64_t publisher_keyed(const struct publisher *p)
{
    return p->keyed;
}

uint64_t publisher_published(const struct publisher *p)
{
    return p->published;
}

struct publisher_times publisher_times(const struct publisher *p)
{
    return p->times;
}

bool publisher_connected(const struct publisher *p)
{
    return p->connected;
}
