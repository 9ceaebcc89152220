/*
 * A cycle runs when a client asks for one, and every second besides: a lost
 * request costs a second, not a page. What merely follows waits until it is
 * quiet for a moment, so that it is not in the way of the next request, but
 * not for long.
 *
 * The reading keys are looked after in between, and during long renderings too:
 * whoever signs out is not to wait for pages.
 */
#include "follow.h"

#include "build.h"
#include "cycle.h"
#include "keys.h"
#include "trigger.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000, /* between looks at the database that nobody asked for; midnight is found by them, too */
    SETTLE_QUIET_MS = 100, /* without a request: then what is due later is rendered */
    SETTLE_LATEST_MS =
        500,       /* after the first change that is not settled: then in any case. The promise is a second */
    KEYS_MS = 500, /* between looks at the reading keys that nobody asked for */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 1000,
};

struct follower {
    struct cycle cycle;
    struct trigger trigger;
    struct keys keys;
    int signals;
    int64_t last_cycle, last_request, unsettled_since; /* ms; unsettled_since 0: all is settled */
    int64_t retry_ms;                                  /* after a failure; 0: all is well */
    int64_t last_keys;
    char trouble[1024], keys_trouble[KEYS_ERROR]; /* as last logged; "": all is well */
};

static int64_t now_ms(void)
{
    return (int64_t)(now_us() / 1000);
}

static bool is_stopping(void *context)
{
    struct follower *f = context;
    return poll(&(struct pollfd){.fd = f->signals, .events = POLLIN}, 1, 0) > 0;
}

static void tell(void *context, uint64_t revision, const struct cycle_times *times)
{
    struct follower *f = context;
    trigger_publish(&f->trigger, revision, &(struct trigger_times){times->read, times->render, times->files});
}

/* ---- reading keys */

static void note_keys(struct follower *f, const char *why)
{
    if (strcmp(f->keys_trouble, why) == 0)
        return;
    if (*why)
        say("Reading keys stay as they are, but for those that expire: %s.", why);
    else
        say("Reading keys are kept up again.");
    snprintf(f->keys_trouble, sizeof f->keys_trouble, "%s", why);
}

/* When somebody waits for them, at once, unless that has just failed. */
static void look_after_keys(struct follower *f)
{
    bool asked = trigger_wants_keys(&f->trigger) && !f->keys_trouble[0];
    if (!asked && now_ms() < f->last_keys + KEYS_MS)
        return;
    bool ok = keys_sync(&f->keys);
    if (ok)
        trigger_keyed(&f->trigger);
    note_keys(f, ok ? "" : f->keys.error);
    f->last_keys = now_ms();
}

static void between_batches(void *context)
{
    struct follower *f = context;
    trigger_wait(&f->trigger, -1, 0);
    look_after_keys(f);
}

/* ---- a cycle and what comes of it */

/* One line when something goes wrong in a new way, and one when all is well again. */
static void note_trouble(struct follower *f, const char *why)
{
    f->retry_ms = f->retry_ms ? 2 * f->retry_ms : RETRY_FIRST_MS;
    if (f->retry_ms > RETRY_LAST_MS)
        f->retry_ms = RETRY_LAST_MS;
    if (strcmp(f->trouble, why) == 0)
        return;
    snprintf(f->trouble, sizeof f->trouble, "%s", why);
    say("Publishing waits, and tries again each second: %s.", why);
}

static void note_well(struct follower *f)
{
    f->retry_ms = 0;
    if (f->trouble[0])
        say("Publishing again, at revision %" PRIu64 ".", f->cycle.cursor.revision);
    f->trouble[0] = '\0';
}

static bool build(struct follower *f)
{
    struct build_result result;
    struct renderer *r = f->cycle.renderer;
    say("Rendering all pages: %s.", r->error);
    renderer_forget(r); /* the build has another snapshot */
    if (!build_site(r, f->cycle.site, false, is_stopping, f, &result))
        return false;
    say("Rendered %" PRIu64 " pages in %.1f s, to revision %" PRIu64 ": %" PRIu64 " files new, %" PRIu64
        " as they were.",
        result.pages, result.seconds, result.cursor.revision, result.written, result.kept);
    return true;
}

static void run(struct follower *f, bool settle)
{
    struct renderer *r = f->cycle.renderer;
    f->cycle.durable = f->trigger.wanted; /* the API asks for what it has committed */
    f->trigger.asked = false;
    enum cycle_result result = cycle_run(&f->cycle, settle, tell, f);
    if (result == CYCLE_BUILD && build(f))
        result = cycle_run(&f->cycle, settle, tell, f);
    f->last_cycle = now_ms();

    if (result == CYCLE_DONE)
        note_well(f);
    else if (!is_stopping(f))
        note_trouble(f, r->error);

    /* Another process may have published. */
    if (f->cycle.known && f->trigger.published != f->cycle.cursor.revision)
        trigger_publish(&f->trigger, f->cycle.cursor.revision, &(struct trigger_times){0});
    if (!cycle_is_unsettled(&f->cycle))
        f->unsettled_since = 0;
    else if (!f->unsettled_since)
        f->unsettled_since = f->last_cycle;
}

/* ---- when */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t settle_at(const struct follower *f)
{
    return earlier(f->unsettled_since + SETTLE_LATEST_MS, f->last_request + SETTLE_QUIET_MS);
}

/* When the next cycle is due, if nobody asks for one before. */
static int64_t next_cycle(const struct follower *f)
{
    if (f->retry_ms)
        return f->last_cycle + f->retry_ms;
    int64_t at = f->last_cycle + LOOK_MS;
    return f->unsettled_since ? earlier(at, settle_at(f)) : at;
}

/* Did somebody ask while a cycle ran (between_batches), too late for its snapshot? */
static bool is_behind(const struct follower *f)
{
    return f->trigger.asked && f->trigger.wanted > f->trigger.published && !f->retry_ms;
}

static void loop(struct follower *f)
{
    bool stopping = is_stopping(f);
    while (!stopping) {
        int64_t now = now_ms(), at = is_behind(f) ? now : earlier(next_cycle(f), f->last_keys + KEYS_MS);
        stopping = trigger_wait(&f->trigger, f->signals, at > now ? (int)(at - now) : 0);
        look_after_keys(f);
        now = now_ms();
        bool asked = f->trigger.wanted > f->trigger.published;
        if (asked)
            f->last_request = now;
        if (now >= next_cycle(f) || (asked && !f->retry_ms) || stopping)
            run(f, stopping || (f->unsettled_since && now >= settle_at(f)));
    }
}

/* Nothing is left to be done: says so on the disk, so that the next start need not look at every file. */
static void rest(struct follower *f)
{
    struct site *site = f->cycle.site;
    if (!site_lock(site))
        return;
    if (site->state.fingerprint == f->cycle.renderer->fingerprint && site_is_trusted(site) &&
        !site_mark(site, site->state.fingerprint, true))
        say("%s; the next start checks every page.", site->error);
    site_unlock(site);
}

/* Termination is read in the loop, between cycles. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN); /* somebody opened a file in tmp/ while we held a lease of it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* NULL, or why it cannot begin. */
static const char *begin(struct follower *f, const struct settings *settings, char error[512])
{
    struct renderer *r = f->cycle.renderer;
    struct site *site = f->cycle.site;
    if (!settings->site)
        return "WRIT_SITE is not set: it says into which folder pages are published";
    if (!settings->socket)
        return "WRIT_GEN_SOCKET is not set: it says on which socket the API asks for pages";
    if (!renderer_init(r, settings))
        return r->error;
    r->rows = row_cache_new();
    r->sequences = sequence_cache_new();
    if (!r->rows || !r->sequences)
        return "out of memory";
    if (!site_open(site, settings->site, "follow"))
        return site->error;
    if (!keys_open(&f->keys, &settings->db, settings->site))
        return f->keys.error;
    r->between_batches = between_batches;
    r->between_context = f;
    return trigger_open(&f->trigger, settings->socket, error, 512) ? NULL : error;
}

int follow(const struct settings *settings)
{
    static struct follower f; /* too large for a stack, and there is one */
    static struct renderer renderer;
    struct site site = {.fd = -1, .lock = -1, .build_lock = -1};
    char error[512];
    f = (struct follower){.cycle = {.renderer = &renderer, .site = &site},
                          .trigger = {.listener = -1},
                          .keys = {.folder = -1},
                          .signals = open_signals()};
    const char *why = begin(&f, settings, error);
    if (why) {
        say("%s.", why);
    } else {
        look_after_keys(&f);
        run(&f, false);
        loop(&f);
        rest(&f);
    }
    trigger_close(&f.trigger);
    keys_close(&f.keys);
    plan_release(&f.cycle.plan);
    renderer_release(&renderer);
    site_close(&site);
    close(f.signals);
    return why ? 1 : 0;
}
