/* See trigger.h. */
#include "trigger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Is somebody listening there? */
static bool is_taken(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && !connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (fd >= 0)
        close(fd);
    return taken;
}

bool trigger_open(struct trigger *t, const char *path, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *t = (struct trigger){.listener = -1, .path = path};
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(error, error_size, "WRIT_GEN_SOCKET is too long for a socket's path: %s", path);
        return false;
    }
    strcpy(address.sun_path, path);
    if (is_taken(&address)) {
        snprintf(error, error_size, "another generator is listening on %s; one is enough, stop it first",
                 path);
        return false;
    }
    unlink(path);
    mode_t mask = umask(0117); /* for the owner and the group, to which the API belongs */
    t->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = t->listener >= 0 && !bind(t->listener, (struct sockaddr *)&address, sizeof address) &&
              !listen(t->listener, TRIGGER_CLIENTS);
    int saved = errno;
    umask(mask);
    if (!ok) {
        snprintf(error, error_size, "listening on %s (WRIT_GEN_SOCKET): %s", path, strerror(saved));
        if (t->listener >= 0)
            close(t->listener);
        t->listener = -1;
    }
    return ok;
}

void trigger_close(struct trigger *t)
{
    for (size_t i = 0; i < t->nclients; i++)
        close(t->clients[i].fd);
    if (t->listener >= 0) {
        close(t->listener);
        unlink(t->path);
    }
    t->nclients = 0;
    t->listener = -1;
}

/* ---- clients: one that fails is marked by fd -1, and swept up afterwards */

static void drop(struct trigger_client *client)
{
    close(client->fd);
    client->fd = -1;
}

static void sweep(struct trigger *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->nclients; i++)
        if (t->clients[i].fd >= 0)
            t->clients[kept++] = t->clients[i];
    t->nclients = kept;
}

static void send_line(struct trigger_client *client, const char *line, int len)
{
    if (send(client->fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != len)
        drop(client);
}

static void tell(const struct trigger *t, struct trigger_client *client)
{
    char line[96]; /* four numbers of 20 digits fit */
    int len = snprintf(line, sizeof line, "published %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       t->published, t->times.read, t->times.render, t->times.files);
    send_line(client, line, len);
}

static void greet(struct trigger *t)
{
    int fd;
    while ((fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        if (t->nclients == TRIGGER_CLIENTS) {
            close(fd);
            continue;
        }
        struct trigger_client *client = &t->clients[t->nclients++];
        *client = (struct trigger_client){.fd = fd};
        tell(t, client);
    }
}

static void want_pages(struct trigger *t, struct trigger_client *client, uint64_t revision)
{
    if (revision <= t->published) {
        tell(t, client);
        return;
    }
    if (revision > t->wanted)
        t->wanted = revision;
    t->asked = true;
}

/* `word` and a number, the whole line. */
static bool take_number(const char *line, const char *word, uint64_t *number)
{
    size_t len = strlen(word);
    if (strncmp(line, word, len) != 0 || line[len] < '0' || line[len] > '9')
        return false;
    char *end;
    *number = strtoull(line + len, &end, 10);
    return !*end;
}

/* One line, without its end; false if it is none that we know. */
static bool take_line(struct trigger *t, struct trigger_client *client, const char *line)
{
    uint64_t number;
    if (take_number(line, "publish ", &number)) {
        want_pages(t, client, number);
        return true;
    }
    if (!take_number(line, "keys ", &number))
        return false;
    if (number > client->keys)
        client->keys = number;
    return true;
}

static void hear(struct trigger *t, struct trigger_client *client)
{
    char bytes[1024];
    ssize_t n;
    while (client->fd >= 0 && (n = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT)) != 0) {
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                drop(client);
            return;
        }
        for (ssize_t i = 0; i < n && client->fd >= 0; i++) {
            bool ends = bytes[i] == '\n';
            if (client->len == sizeof client->line - 1 && !ends) {
                drop(client);
                return;
            }
            client->line[ends ? client->len : client->len++] = ends ? '\0' : bytes[i];
            if (!ends)
                continue;
            client->len = 0;
            if (!take_line(t, client, client->line) && client->fd >= 0)
                drop(client);
        }
    }
    if (client->fd >= 0)
        drop(client); /* it left */
}

bool trigger_wait(struct trigger *t, int also, int milliseconds)
{
    struct pollfd fds[TRIGGER_CLIENTS + 2] = {{.fd = also, .events = POLLIN},
                                              {.fd = t->listener, .events = POLLIN}};
    size_t n = t->nclients;
    for (size_t i = 0; i < n; i++)
        fds[i + 2] = (struct pollfd){.fd = t->clients[i].fd, .events = POLLIN};
    if (poll(fds, n + 2, milliseconds) <= 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (fds[i + 2].revents)
            hear(t, &t->clients[i]);
    if (fds[1].revents)
        greet(t);
    sweep(t);
    return fds[0].revents != 0;
}

void trigger_publish(struct trigger *t, uint64_t revision, const struct trigger_times *times)
{
    t->published = revision;
    t->times = *times;
    for (size_t i = 0; i < t->nclients; i++)
        tell(t, &t->clients[i]);
    sweep(t);
}

bool trigger_wants_keys(const struct trigger *t)
{
    for (size_t i = 0; i < t->nclients; i++)
        if (t->clients[i].keys)
            return true;
    return false;
}

void trigger_keyed(struct trigger *t)
{
    for (size_t i = 0; i < t->nclients; i++) {
        struct trigger_client *client = &t->clients[i];
        if (!client->keys)
            continue;
        char line[32];
        int len = snprintf(line, sizeof line, "keyed %" PRIu64 "\n", client->keys);
        client->keys = 0;
        send_line(client, line, len);
    }
    sweep(t);
}
