/*
 * A load on a server: N connections, each with one request under way at any
 * time, for a number of seconds; then one line of JSON. Reads are GET; with a
 * body they are POSTs of a form, and every '#' in it is the number of the
 * request, so that no two are the same. Answers still under way at the end do not
 * count, but are waited for: a slow server is idle again for what is measured next.
 *
 * One thread on epoll that does as little as it can, because it shares the
 * machine's cores with what it measures. It understands what Nginx answers:
 * HTTP/1.1 with Content-Length.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 1024,
    HEAD_MAX = 8192,    /* of an answer */
    REQUEST_MAX = 8192, /* written at once: a fresh socket's buffer takes far more */
    STATUS_MAX = 600,
};
#define DRAIN_NS UINT64_C(30000000000)

struct connection {
    int fd;
    uint64_t sent_ns;
    char head[HEAD_MAX];
    size_t head_len;
    bool in_body, closes;
    int status;
    size_t body_left;
};

struct load {
    struct sockaddr_in address;
    char head[REQUEST_MAX / 2]; /* of every request, but for its Content-Length */
    const char *body;           /* NULL: none */
    int epoll;
    bool ending; /* no new requests, and nothing counts any more */
    int busy;    /* connections with a request under way */
    uint64_t requests, errors;
    uint64_t by_status[STATUS_MAX];
    uint32_t *latencies_us;
    size_t count, capacity;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t make_request(const struct load *l, char out[REQUEST_MAX])
{
    if (!l->body)
        return (size_t)snprintf(out, REQUEST_MAX, "%s\r\n", l->head);
    char body[REQUEST_MAX / 2];
    size_t len = 0;
    for (const char *c = l->body; *c && len < sizeof body - 32; c++)
        if (*c == '#')
            len += (size_t)sprintf(body + len, "%" PRIu64, l->requests);
        else
            body[len++] = *c;
    return (size_t)snprintf(out, REQUEST_MAX, "%sContent-Length: %zu\r\n\r\n%.*s", l->head, len, (int)len,
                            body);
}

static void send_request(struct load *l, struct connection *c)
{
    char request[REQUEST_MAX];
    l->requests++;
    size_t len = make_request(l, request);
    c->head_len = 0;
    c->in_body = false;
    c->sent_ns = now_ns();
    /* A connection that was closed meanwhile says so when its answer is read. */
    if (send(c->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE && errno != ECONNRESET)
        die("sending a request");
}

static void connect_anew(struct load *l, struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address))
        die("connecting");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event))
        die("watching a connection");
    send_request(l, c);
}

static void finish(struct load *l, struct connection *c)
{
    close(c->fd);
    l->busy--;
}

static void failed(struct load *l, struct connection *c)
{
    if (l->ending) {
        finish(l, c);
        return;
    }
    l->errors++;
    connect_anew(l, c);
}

static void answered(struct load *l, struct connection *c)
{
    if (l->ending) {
        finish(l, c);
        return;
    }
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 1 << 16;
        l->latencies_us = realloc(l->latencies_us, l->capacity * sizeof *l->latencies_us);
        if (!l->latencies_us)
            die("noting a latency");
    }
    l->latencies_us[l->count++] = (uint32_t)((now_ns() - c->sent_ns) / 1000);
    l->by_status[c->status]++;
    if (c->closes)
        connect_anew(l, c);
    else
        send_request(l, c);
}

/* Reads status, length and persistence once the head is whole. False if it cannot be understood. */
static bool read_head(struct connection *c, size_t head_bytes)
{
    char *length = strcasestr(c->head, "\r\nContent-Length:");
    if (sscanf(c->head, "HTTP/1.1 %d", &c->status) != 1 || c->status < 100 || c->status >= STATUS_MAX ||
        !length)
        return false;
    size_t body = strtoull(length + strlen("\r\nContent-Length:"), NULL, 10);
    size_t here = c->head_len - head_bytes;
    if (here > body)
        return false;
    c->closes = strcasestr(c->head, "\r\nConnection: close") != NULL;
    c->in_body = true;
    c->body_left = body - here;
    return true;
}

static void readable(struct load *l, struct connection *c)
{
    static char thrown_away[1 << 18];
    bool in_head = !c->in_body;
    ssize_t n = in_head ? recv(c->fd, c->head + c->head_len, HEAD_MAX - 1 - c->head_len, 0)
                        : recv(c->fd, thrown_away, sizeof thrown_away, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 || (!in_head && (size_t)n > c->body_left)) {
        failed(l, c);
        return;
    }
    if (in_head) {
        c->head_len += (size_t)n;
        c->head[c->head_len] = '\0';
        char *end = strstr(c->head, "\r\n\r\n");
        if (!end && c->head_len < HEAD_MAX - 1)
            return;
        if (!end || !(end[2] = '\0', read_head(c, (size_t)(end + 4 - c->head)))) {
            failed(l, c);
            return;
        }
    } else {
        c->body_left -= (size_t)n;
    }
    if (c->body_left == 0)
        answered(l, c);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile_ms(const struct load *l, size_t percent)
{
    return l->count ? l->latencies_us[(l->count - 1) * percent / 100] / 1000.0 : 0;
}

static void report(struct load *l, double seconds)
{
    if (l->count)
        qsort(l->latencies_us, l->count, sizeof *l->latencies_us, by_value);
    printf("{\"seconds\":%.3f,\"count\":%zu,\"errors\":%" PRIu64
           ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"statuses\":{",
           seconds, l->count, l->errors, percentile_ms(l, 50), percentile_ms(l, 99));
    const char *comma = "";
    for (int status = 0; status < STATUS_MAX; status++)
        if (l->by_status[status]) {
            printf("%s\"%d\":%" PRIu64, comma, status, l->by_status[status]);
            comma = ",";
        }
    printf("}}\n");
}

/* Takes answers until a moment, or until none is awaited any more. */
static void take_answers(struct load *l, uint64_t end)
{
    struct epoll_event events[64];
    for (uint64_t now; l->busy > 0 && (now = now_ns()) < end;) {
        int n = epoll_wait(l->epoll, events, 64, (int)((end - now) / 1000000) + 1);
        for (int i = 0; i < n; i++)
            readable(l, events[i].data.ptr);
    }
}

static void run(struct load *l, int connections, double seconds)
{
    static struct connection all[CONNECTIONS_MAX];
    uint64_t start = now_ns();
    for (l->busy = 0; l->busy < connections; l->busy++) {
        all[l->busy].fd = -1;
        connect_anew(l, &all[l->busy]);
    }
    take_answers(l, start + (uint64_t)(seconds * 1e9));
    report(l, (double)(now_ns() - start) / 1e9);
    l->ending = true;
    take_answers(l, now_ns() + DRAIN_NS);
}

int main(int argc, char **argv)
{
    struct load l = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    int connections = 1, option;
    double seconds = 1;
    char headers[REQUEST_MAX / 4] = "";
    size_t len = 0;
    while ((option = getopt(argc, argv, "c:d:b:H:")) != -1)
        switch (option) {
        case 'c':
            connections = atoi(optarg);
            break;
        case 'd':
            seconds = atof(optarg);
            break;
        case 'b':
            l.body = optarg;
            break;
        case 'H':
            if (len < sizeof headers)
                len += (size_t)snprintf(headers + len, sizeof headers - len, "%s\r\n", optarg);
            break;
        default:
            argc = 0;
        }
    if (argc - optind != 2 || connections < 1 || connections > CONNECTIONS_MAX || seconds <= 0 ||
        len >= sizeof headers) {
        fprintf(stderr, "Usage: load [-c CONNECTIONS] [-d SECONDS] [-H HEADER]... [-b FORM] PORT PATH\n");
        return 2;
    }
    l.address.sin_family = AF_INET;
    l.address.sin_port = htons((uint16_t)atoi(argv[optind]));
    l.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int head = snprintf(l.head, sizeof l.head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n%s%s",
                        l.body ? "POST" : "GET", argv[optind + 1], argv[optind], headers,
                        l.body ? "Content-Type: application/x-www-form-urlencoded\r\n" : "");
    if (l.epoll < 0 || head >= (int)sizeof l.head)
        die("starting");
    run(&l, connections, seconds);
    free(l.latencies_us);
    return 0;
}
