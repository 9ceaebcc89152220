/*
 * writ-api: takes writes over HTTP. This file is the process: its options,
 * the listener, signals, the loop, and how it ends. What its owner can say to
 * it on the command line is in owner.c.
 *
 * One h2o loop on the main thread, beside it the writer's thread and one that
 * signs in. On TERM or INT it stops listening, finishes what is under way, and
 * exits with 0.
 */
#include "exchange.h"
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <h2o.h>
#include <h2o/http1.h>
#include <netdb.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

enum {
    CONNECTIONS_MAX = 4000, /* more wait in the kernel's queue */
    OTHER_FILES = 64,       /* open beside connections, generously */
    ACCEPTS_A_TURN = 16,    /* so that a flood of newcomers does not starve who is in */
    LISTEN_BACKLOG = 1024,
    REQUEST_TIMEOUT_MS = 15000, /* for head and body, and how long an idle connection is kept: Nginx's own
                                   keepalive_timeout for us must be shorter */
    BODY_SLACK = 64 * 1024,     /* h2o cuts the connection above its limit: leave room to answer 413 first */
    DRAIN_SECONDS = 15,         /* the writer gives up sooner, and so does waiting for pages */
    FRESH_SECONDS = 1,          /* and a request may just be on its way on a connection that looks idle */
    IDLE_TURN_MS = 10000,
    DRAIN_TURN_MS = 100,
};

struct server {
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_socket_t *listener; /* NULL once stopping */
    h2o_socket_t *signals;
    size_t connections, connections_max;
    bool paused; /* the listener, at connections_max */
    bool stopping;
    time_t stop_by; /* monotonic */
    struct session_config session;
    struct gate gate;
    struct exchanges exchanges;
};

/* h2o's handlers carry no pointer of ours, and there is one server in a process. */
static struct server server;

static void die(const char *doing, const char *what)
{
    fprintf(stderr, "writ-api: cannot %s %s: %s\n", doing, what, strerror(errno));
    exit(1);
}

static const char *env(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    if (value && *value)
        return value;
    if (fallback)
        return fallback;
    fprintf(stderr, "writ-api: %s is not set\n", name);
    exit(1);
}

static time_t now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* WRIT_RATE. */
static unsigned writes_a_second(void)
{
    const char *rate = getenv("WRIT_RATE");
    if (!rate || !*rate)
        return GATE_WRITES_RATE;
    char *end;
    unsigned long n = strtoul(rate, &end, 10);
    if (*rate < '0' || *rate > '9' || *end || n > GATE_RATE_MAX) {
        fprintf(
            stderr,
            "writ-api: WRIT_RATE, how many writes a second a writer has, must be a number up to %d (0: no "
            "limit), and is '%s'\n",
            GATE_RATE_MAX, rate);
        exit(1);
    }
    return (unsigned)n;
}

/* ---- the listener */

static void check_session(bool loopback)
{
    const char *refusal = session_refusal(&server.session, loopback);
    if (refusal) {
        fprintf(stderr, "writ-api: %s\n", refusal);
        exit(1);
    }
}

/* A Unix socket that takes its place at once, whatever stood there: whoever connects meanwhile reaches
 * the old one or the new one. */
static int listen_unix(const char *path)
{
    check_session(true);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int len = snprintf(to.sun_path, sizeof to.sun_path, "%s.%d", path, (int)getpid());
    if (len >= (int)sizeof to.sun_path) {
        errno = ENAMETOOLONG;
        die("listen on", path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(to.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || chmod(to.sun_path, 0660) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0 || rename(to.sun_path, path) != 0)
        die("listen on", path);
    return fd;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* `colon` is the last one in `where`, which is HOST:PORT, [HOST]:PORT or :PORT. */
static int listen_tcp(const char *where, const char *colon)
{
    char host[256], *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    const char *name = where;
    size_t len = (size_t)(colon - where);
    if (len > 1 && name[0] == '[' && name[len - 1] == ']') {
        name++;
        len -= 2;
    }
    snprintf(host, sizeof host, "%.*s", (int)len, name);

    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    int e = port < 1 || port > UINT16_MAX || *end
                ? EAI_SERVICE
                : getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
    if (e) {
        fprintf(stderr, "writ-api: cannot listen on %s: %s\n", where, gai_strerror(e));
        exit(1);
    }
    check_session(is_loopback(found->ai_addr));
    int on = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0)
        die("listen on", where);
    freeaddrinfo(found);
    return fd;
}

/* HOST:PORT, or else the path of a Unix socket. */
static bool is_tcp(const char *where)
{
    return strrchr(where, ':') && !strchr(where, '/');
}

static int listen_on(const char *where)
{
    return is_tcp(where) ? listen_tcp(where, strrchr(where, ':')) : listen_unix(where);
}

/* At the limit of open files accept() would fail for ever, with the listener readable: stay below it. */
static size_t connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        die("read", "the limit of open files");
    rlim_t wanted = CONNECTIONS_MAX + OTHER_FILES;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            die("raise", "the limit of open files");
    }
    if (files.rlim_cur >= wanted)
        return CONNECTIONS_MAX;
    if (files.rlim_cur <= OTHER_FILES) {
        fprintf(stderr, "writ-api: a limit of %ju open files is too low: allow %ju\n",
                (uintmax_t)files.rlim_cur, (uintmax_t)wanted);
        exit(1);
    }
    return files.rlim_cur - OTHER_FILES;
}

static void on_accept(h2o_socket_t *listener, const char *error);

static void on_connection_closed(void *unused)
{
    (void)unused;
    server.connections--;
    if (server.paused && server.listener) {
        server.paused = false;
        h2o_socket_read_start(server.listener, on_accept);
    }
}

static bool accept_one(h2o_socket_t *listener)
{
    h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
    if (!socket)
        return false;
    server.connections++;
    socket->on_close.cb = on_connection_closed;
    h2o_accept(&server.accept, socket);
    return true;
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    if (error)
        return;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (server.connections == server.connections_max) {
            server.paused = true;
            h2o_socket_read_stop(listener);
            return;
        }
        if (!accept_one(listener))
            return;
    }
}

/* ---- stopping */

static void on_signal(h2o_socket_t *signals, const char *error)
{
    struct signalfd_siginfo info;
    if (error || read(h2o_socket_get_fd(signals), &info, sizeof info) != sizeof info || server.stopping)
        return;
    server.stopping = server.exchanges.closing = true;
    server.stop_by = now_seconds() + DRAIN_SECONDS;
    h2o_socket_read_stop(server.listener);
    /* Whoever has got through is answered, and whoever is refused finds another API, if there are several. */
    while (accept_one(server.listener))
        ;
    h2o_socket_close(server.listener);
    server.listener = NULL;
    h2o_context_request_shutdown(&server.context);
}

/* h2o does not close idle HTTP/1 connections when it shuts down; `how` is as shutdown() has it. */
static int close_connection(h2o_req_t *req, void *everyone)
{
    bool idle = req->timestamps.request_begin_at.tv_sec == 0;
    int fd = h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn));
    if (everyone)
        shutdown(fd, SHUT_RDWR);
    else if (idle)
        shutdown(fd, SHUT_RD);
    return 0;
}

static void run(void)
{
    while (!server.stopping || server.connections || server.exchanges.away) {
        if (h2o_evloop_run(server.context.loop, server.stopping ? DRAIN_TURN_MS : IDLE_TURN_MS) != 0 &&
            errno != EINTR)
            die("wait on", "the event loop");
        if (server.stopping && now_seconds() >= server.stop_by - DRAIN_SECONDS + FRESH_SECONDS) {
            void *everyone = now_seconds() >= server.stop_by ? &server : NULL;
            server.config.http1.callbacks.foreach_request(&server.context, close_connection, everyone);
        }
    }
}

/* ---- the whole */

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    exchange_start(&server.exchanges, req);
    return 0;
}

static void configure_h2o(void)
{
    h2o_globalconf_t *config = &server.config;
    h2o_config_init(config);
    config->server_name = h2o_iovec_init(NULL, 0);
    config->max_request_entity_size = EXCHANGE_IMPORT_MAX + BODY_SLACK;
    config->http1.req_timeout = REQUEST_TIMEOUT_MS;
    config->http1.upgrade_to_http2 = 0;              /* Nginx speaks it to the world */
    config->http2.callbacks.request_shutdown = NULL; /* it arms a timer on which disposing then aborts */
    h2o_hostconf_t *host = h2o_config_register_host(config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    /* What is registered is a prefix, of a normalized path: route.c looks at the path as it came. */
    h2o_pathconf_t *all = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(all, sizeof(h2o_handler_t))->on_req = on_request;
    h2o_context_init(&server.context, h2o_evloop_create(), config);
    server.accept.ctx = &server.context;
    server.accept.hosts = config->hosts;
}

static h2o_socket_t *watch(int fd, h2o_socket_cb callback)
{
    h2o_socket_t *socket = h2o_evloop_socket_create(server.context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(socket, callback);
    return socket;
}

static void release_h2o(void)
{
    h2o_multithread_queue_t *queue = server.context.queue;
    h2o_loop_t *loop = server.context.loop;
    h2o_socket_close(server.signals);
    h2o_context_dispose(&server.context);
    h2o_evloop_destroy(loop);
    free(queue); /* which h2o_multithread_destroy_queue() forgets */
    h2o_config_dispose(&server.config);
}

static int serve(void)
{
    static struct db_config database; /* whose strings are never freed */
    struct site site;
    const char *listen_at = env("WRIT_LISTEN", NULL);
    const char *generator = env("WRIT_GEN_SOCKET", NULL);
    db_config_from_env(&database);
    session_config_from_env(&server.session);
    gate_init(&server.gate, &server.session, !is_tcp(listen_at) || strcmp(env("WRIT_PROXIED", "0"), "1") == 0,
              writes_a_second());
    site_read(&site, env("WRIT_TEMPLATES", "templates"), env("WRIT_TITLE", "Writ"));
    server.connections_max = connection_limit();

    /* Before the first thread, which inherits it: signals are read from signalfd alone. */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);

    int listener = listen_on(listen_at);
    int signals = signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals < 0)
        die("open", "signalfd");
    configure_h2o();
    struct exchanges *exchanges = &server.exchanges;
    exchanges_init(exchanges, server.context.loop, &site);
    exchanges->logging = strcmp(env("WRIT_LOG", "failures"), "requests") == 0;
    exchanges->writer = writer_start(&database, server.context.queue, exchanges_done, exchanges);
    exchanges->gate = &server.gate;
    exchanges->sign_in =
        sign_in_start(&database, &server.session, server.context.queue, exchanges_signed_in, exchanges);
    exchanges->publisher = publisher_start(server.context.loop, generator, exchanges_published, exchanges);
    server.signals = watch(signals, on_signal);
    server.listener = watch(listener, on_accept);
    fprintf(stderr, "writ-api: taking writes on %s\n", listen_at);

    run();

    writer_stop(exchanges->writer);
    sign_in_stop(exchanges->sign_in);
    publisher_stop(exchanges->publisher);
    exchanges_release(exchanges);
    release_h2o();
    site_release(&site);
    return 0;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        die("start", "libsodium");
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return serve();
    return owner_command(argc, argv);
}
