/*
 * writ-gen: the pages of the board. `follow` keeps them up with the database,
 * and `once` renders all of them, beside it or alone.
 */
#include "build.h"
#include "follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "Usage: writ-gen follow             publish what changes, until TERM\n"
    "       writ-gen once [--into DIR]  render all pages: publish them, or into an empty folder\n"
    "\n"
    "The environment says the rest: MYSQL_SOCKET or MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD (or\n"
    "MYSQL_PASSWORD_FILE), MYSQL_DATABASE; WRIT_SITE, the folder to publish into; WRIT_GEN_SOCKET; "
    "WRIT_TEMPLATES\n"
    "(templates), WRIT_ASSETS (site); WRIT_TITLE, WRIT_URL, WRIT_OPEN, TZ.\n";

static void say_result(const struct build_result *result)
{
    if (result->stood && result->written == 0) {
        say("Nothing has changed: all %" PRIu64 " pages stand, at revision %" PRIu64 ".", result->pages,
            result->cursor.revision);
        return;
    }
    if (result->stood) {
        say("All %" PRIu64 " pages stand, at revision %" PRIu64 ": %" PRIu64 " files new.", result->pages,
            result->cursor.revision, result->written);
        return;
    }
    say("Rendered %" PRIu64 " pages in %.2f s, %.0f a second, to revision %" PRIu64 ": %" PRIu64
        " files new, %" PRIu64 " as they were.",
        result->pages, result->seconds, result->seconds > 0 ? (double)result->pages / result->seconds : 0.0,
        result->cursor.revision, result->written, result->kept);
}

/* Publishes, and leaves the tree on the disk as `follow` does when it ends: it may not be running. */
static bool publish_all(struct renderer *r, const char *path, struct build_result *result)
{
    struct site site;
    if (!path)
        return renderer_failed(r, "WRIT_SITE is not set: it says into which folder pages are published");
    if (!site_open(&site, path, "once"))
        return renderer_failed(r, site.error);
    bool ok = site_stands(r, &site, true, result);
    if (!ok) {
        say("Rendering all pages: %s.", r->error);
        ok = build_site(r, &site, true, NULL, NULL, result);
    }
    if (ok) {
        syncfs(site.fd); /* before the lock is held; what is left to sync under it is little */
        ok = site_lock(&site) &&
             (site.state.fingerprint != r->fingerprint || site_mark(&site, r->fingerprint, true));
        if (!ok)
            renderer_failed(r, site.error);
        site_unlock(&site);
    }
    site_close(&site);
    return ok;
}

static int once(const struct settings *settings, const char *into)
{
    struct renderer r;
    struct build_result result = {0};
    bool ok = renderer_init(&r, settings) &&
              (into ? build_folder(&r, into, true, &result) : publish_all(&r, settings->site, &result));
    if (ok)
        say_result(&result);
    else
        say("Nothing is published: %s.", r.error);
    renderer_release(&r);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings settings;
    bool is_follow = argc == 2 && !strcmp(argv[1], "follow");
    bool is_once = (argc == 2 || (argc == 4 && !strcmp(argv[2], "--into"))) && !strcmp(argv[1], "once");
    if (!is_follow && !is_once) {
        bool asked = argc == 2 && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"));
        fputs(usage, asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    umask(022); /* Nginx is another user, and reads */
    tzset();
    settings_from_env(&settings);
    return is_follow ? follow(&settings) : once(&settings, argc == 4 ? argv[3] : NULL);
}
