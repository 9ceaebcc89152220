/* Publishing: files, their times, the state, full builds, and what a killed process leaves behind. Each test
 * has a site of its own in a new folder. */
#include "../../gen/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka needs some of the above */
#include <cmocka.h>

struct fixture {
    char path[64];
    struct site site;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/writ-publish-XXXXXX");
    if (!mkdtemp(f->path) || !site_open(&f->site, f->path, "test"))
        return -1;
    *state = f;
    return mkdirat(f->site.fd, "current", 0755);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    site_close(&f->site);
    bool ok = remove_folder(AT_FDCWD, f->path);
    free(f);
    return ok ? 0 : -1;
}

/* Opens current/ for a cycle. */
static struct tree begin(struct fixture *f)
{
    struct tree tree;
    assert_true(site_lock(&f->site));
    assert_true(tree_open_current(&tree, &f->site));
    assert_true(tree_next_counter(&tree));
    return tree;
}

static void end(struct fixture *f, struct tree *tree)
{
    tree_close(tree);
    site_unlock(&f->site);
}

static void put(struct tree *tree, const char *path, const char *text)
{
    assert_true(tree_put(tree, path, AUDIENCE_MEMBERS, text, strlen(text)));
}

static void silent(void)
{
}

static struct stat look(const struct fixture *f, const char *path)
{
    struct stat st;
    assert_int_equal(fstatat(f->site.fd, path, &st, 0), 0);
    return st;
}

static bool exists(const struct fixture *f, const char *path)
{
    return faccessat(f->site.fd, path, F_OK, 0) == 0;
}

static void assert_text(const struct fixture *f, const char *path, const char *text)
{
    char read_back[256] = "";
    int fd = openat(f->site.fd, path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, read_back, sizeof read_back - 1) >= 0);
    close(fd);
    assert_string_equal(read_back, text);
}

static void test_put(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    put(&tree, "members/lists/home/3.html", "one");
    put(&tree, "members/empty.html", "");
    assert_text(f, "current/members/lists/home/3.html", "one");
    assert_text(f, "current/members/empty.html", "");
    assert_int_equal(tree.written, 2);
    assert_int_equal(look(f, "current/members/empty.html").st_mode & 0777, 0644);
    end(f, &tree);
}

/* Invariant 1: who has a file open, reads on in the old one; and nothing is left beside it. */
static void test_replace(void **state)
{
    struct fixture *f = *state;
    char text[8] = "";
    struct tree tree = begin(f);
    put(&tree, "members/a.html", "old");
    int fd = openat(f->site.fd, "current/members/a.html", O_RDONLY);
    put(&tree, "members/a.html", "new");
    assert_int_equal(read(fd, text, sizeof text), 3);
    assert_string_equal(text, "old");
    close(fd);
    assert_text(f, "current/members/a.html", "new");
    assert_false(exists(f, "tmp/test"));
    end(f, &tree);
}

/* Invariant 5: the file that was replaced serves for the next page, whatever their sizes. */
static void test_reuse(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    tree.reuse = true;
    put(&tree, "members/a.html", "a long one, which is replaced");
    put(&tree, "members/b.html", "b");
    ino_t first = look(f, "current/members/a.html").st_ino;
    put(&tree, "members/a.html", "short");
    assert_int_not_equal(look(f, "current/members/a.html").st_ino, first);
    put(&tree, "members/b.html", "another b");
    struct stat b = look(f, "current/members/b.html");
    assert_int_equal(b.st_ino, first);
    assert_int_equal(b.st_mtime, 2 * tree.counter + AUDIENCE_MEMBERS);
    assert_text(f, "current/members/a.html", "short");
    assert_text(f, "current/members/b.html", "another b");
    put(&tree, "members/a.html", "");
    assert_text(f, "current/members/a.html", "");
    end(f, &tree);
}

/* Invariant 5: one that somebody reads still, or that has another name, is let go. */
static void test_no_reuse(void **state)
{
    struct fixture *f = *state;
    char text[8] = "";
    struct tree tree = begin(f);
    tree.reuse = true;
    put(&tree, "members/a.html", "first");
    int fd = openat(f->site.fd, "current/members/a.html", O_RDONLY);
    for (int i = 0; i < 3; i++)
        put(&tree, "members/a.html", i % 2 ? "third" : "other");
    assert_int_equal(read(fd, text, sizeof text), 5);
    assert_string_equal(text, "first");
    close(fd);

    put(&tree, "members/c.html", "linked");
    assert_int_equal(linkat(f->site.fd, "current/members/c.html", f->site.fd, "linked", 0), 0);
    put(&tree, "members/c.html", "new");
    put(&tree, "members/a.html", "last");
    assert_text(f, "linked", "linked");
    end(f, &tree);
}

/* A full build may be linking what is replaced, so a cycle that sees one does not reuse. */
static void test_is_building(void **state)
{
    struct fixture *f = *state;
    struct site other;
    assert_true(site_open(&other, f->path, "other"));
    assert_false(site_is_building(&f->site));
    assert_true(site_lock_build(&other, silent));
    assert_true(site_is_building(&f->site));
    site_unlock_build(&other);
    assert_false(site_is_building(&f->site));
    site_close(&other);
}

/* Invariant 1: the same bytes leave the file alone. */
static void test_unchanged(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    put(&tree, "members/a.html", "same");
    struct stat before = look(f, "current/members/a.html");
    end(f, &tree);
    tree = begin(f);
    put(&tree, "members/a.html", "same");
    struct stat after = look(f, "current/members/a.html");
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtime, after.st_mtime);
    assert_int_equal(tree.kept, 1);
    assert_int_equal(tree.written, 0);
    end(f, &tree);
}

/* Invariant 2: a change of the same size gets another time, in another cycle and in the other tree. */
static void test_times(void **state)
{
    struct fixture *f = *state;
    time_t last = 0;
    for (int i = 0; i < 5; i++) {
        struct tree tree = begin(f);
        put(&tree, "members/a.html", i % 2 ? "[ ]" : "[x]");
        assert_true(tree_put(&tree, "public/a.html", AUDIENCE_PUBLIC, "[ ]", 3));
        assert_true(look(f, "current/members/a.html").st_mtime > last);
        assert_int_not_equal(look(f, "current/members/a.html").st_mtime % 2,
                             look(f, "current/public/a.html").st_mtime % 2);
        last = look(f, "current/members/a.html").st_mtime;
        end(f, &tree);
    }
}

/* Invariant 2 holds across processes, also when one was killed: what it reserved is not used again. */
static void test_counter_is_never_used_again(void **state)
{
    struct fixture *f = *state;
    struct site other;
    struct tree tree = begin(f);
    uint64_t first = tree.counter;
    end(f, &tree);

    assert_true(site_open(&other, f->path, "other"));
    struct tree others = {.site = &other, .fd = -1, .model = -1};
    assert_true(site_lock(&other));
    assert_true(tree_next_counter(&others));
    site_unlock(&other);
    assert_true(others.counter > first);

    tree = begin(f);
    assert_true(tree.counter > others.counter);
    uint64_t last = tree.counter;
    end(f, &tree);
    for (int i = 0; i < 2500; i++) { /* over the ends of blocks */
        assert_true(site_lock(&f->site));
        assert_true(tree_next_counter(&(struct tree){.site = &f->site}));
        assert_int_equal(f->site.counter, last + 1);
        last = f->site.counter;
        site_unlock(&f->site);
    }
    site_close(&other);
}

static void test_remove(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    put(&tree, "members/lists/home/3.html", "one");
    put(&tree, "members/lists/home.html", "one");
    assert_true(tree_remove(&tree, "members/lists/home/3.html"));
    assert_false(exists(f, "current/members/lists/home"));
    assert_true(exists(f, "current/members/lists/home.html"));
    assert_true(tree_remove(&tree, "members/lists/home.html"));
    assert_false(exists(f, "current/members/lists"));
    assert_true(exists(f, "current/members"));                  /* an audience's folder stays */
    assert_true(tree_remove(&tree, "members/lists/home.html")); /* again, after a crash */
    assert_int_equal(tree.removed, 2);
    end(f, &tree);
}

/* A process was killed with its temporary file being a second name of a published one. */
static void test_leftover_is_not_written_to(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    put(&tree, "members/a.html", "published");
    put(&tree, "members/b.html", "old");
    assert_int_equal(linkat(f->site.fd, "current/members/a.html", f->site.fd, "tmp/test", 0), 0);
    put(&tree, "members/b.html", "new");
    assert_text(f, "current/members/a.html", "published");
    assert_text(f, "current/members/b.html", "new");
    end(f, &tree);
}

/* A file that somebody else has written to is known by its time, and mended although its bytes are right:
 * here, and in a full build. */
static void test_foreign_times(void **state)
{
    static const struct timespec foreign[] = {{1700000000, 0}, {3, 1}};
    struct fixture *f = *state;
    struct tree build;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct tree tree = begin(f);
        put(&tree, "members/a.html", "same");
        assert_true(tree_has(&tree, "members/a.html"));
        assert_int_equal(utimensat(tree.fd, "members/a.html", (struct timespec[]){foreign[i], foreign[i]}, 0),
                         0);
        assert_false(tree_has(&tree, "members/a.html"));

        assert_true(tree_open_build(&build, &f->site));
        build.counter = tree.counter;
        put(&build, "members/a.html", "same");
        assert_int_equal(build.written, 1);
        assert_true(tree_has(&build, "members/a.html"));
        tree_close(&build);

        put(&tree, "members/a.html", "same");
        assert_true(tree_has(&tree, "members/a.html"));
        end(f, &tree);
    }
}

static void test_has(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f);
    put(&tree, "members/lists/a.html", "text");
    assert_true(tree_has(&tree, "members/lists/a.html"));
    assert_false(tree_has(&tree, "members/lists/b.html"));
    assert_false(tree_has(&tree, "members/lists")); /* a folder */
    assert_int_equal(symlinkat("a.html", tree.fd, "members/lists/b.html"), 0);
    assert_false(tree_has(&tree, "members/lists/b.html"));
    end(f, &tree);
}

static void test_count(void **state)
{
    struct fixture *f = *state;
    uint64_t files;
    struct tree tree = begin(f);
    assert_true(tree_count(&tree, &files));
    assert_int_equal(files, 0);
    put(&tree, "revision.json", "");
    put(&tree, "members/a.html", "");
    put(&tree, "members/.hidden", "");
    put(&tree, "members/lists/a/1.html", "");
    assert_int_equal(symlinkat("lists", tree.fd, "members/link"), 0); /* is one itself, and not followed */
    assert_int_equal(mkdirat(tree.fd, "members/empty", 0755), 0);
    assert_true(tree_count(&tree, &files));
    assert_int_equal(files, 5);
    end(f, &tree);
}

static void test_cursor(void **state)
{
    struct fixture *f = *state;
    struct cursor cursor;
    struct tree tree = begin(f);
    assert_false(tree_read_cursor(&tree, &cursor));
    assert_true(tree_write_cursor(&tree, &(struct cursor){1017, 1015}));
    assert_true(tree_read_cursor(&tree, &cursor));
    assert_int_equal(cursor.revision, 1017);
    assert_int_equal(cursor.settled, 1015);
    put(&tree, "revision.json",
        "{\"revision\":5,\"settled\":6,\"published\":\"\"}"); /* more settled than published */
    assert_false(tree_read_cursor(&tree, &cursor));
    put(&tree, "revision.json", "");
    assert_false(tree_read_cursor(&tree, &cursor));
    end(f, &tree);
}

/* Invariant 4. */
static void test_trust(void **state)
{
    struct fixture *f = *state;
    assert_true(site_lock(&f->site));
    assert_false(site_is_trusted(&f->site)); /* nobody has said anything */
    assert_true(site_mark(&f->site, 99, false));
    assert_true(site_is_trusted(&f->site)); /* the machine is still up */
    strcpy(f->site.state.boot, "00000000-0000-0000-0000-000000000000");
    assert_false(site_is_trusted(&f->site)); /* it went down */
    f->site.state.clean = true;
    assert_true(site_is_trusted(&f->site)); /* after all was on the disk */

    assert_true(site_mark(&f->site, 99, true));
    site_unlock(&f->site);
    struct tree tree = begin(f); /* and the first cycle takes the mark away before it writes */
    assert_false(f->site.state.clean);
    end(f, &tree);
    assert_true(site_lock(&f->site)); /* from the disk again */
    assert_false(f->site.state.clean);
    assert_int_equal(f->site.state.fingerprint, 99);
    site_unlock(&f->site);
}

/* A full build: equal files are the same files, others are new, what is not built is gone; all at once. */
static void test_build(void **state)
{
    struct fixture *f = *state;
    struct tree tree = begin(f), build;
    put(&tree, "members/same.html", "same");
    put(&tree, "members/differs.html", "old");
    put(&tree, "members/gone.html", "gone");
    struct stat same = look(f, "current/members/same.html"),
                differs = look(f, "current/members/differs.html");
    end(f, &tree);

    assert_true(site_lock_build(&f->site, silent));
    assert_true(tree_open_build(&build, &f->site));
    assert_true(site_lock(&f->site));
    assert_true(tree_next_counter(&build));
    site_unlock(&f->site);
    put(&build, "members/same.html", "same");
    put(&build, "members/differs.html", "new");
    assert_int_equal(build.linked, 1);
    assert_int_equal(build.written, 1);
    assert_text(f, "current/members/differs.html", "old");

    /* While it catches up, a file that is shared with current/ must not be written through. */
    build.fresh = false;
    put(&build, "members/same.html", "else");
    assert_text(f, "current/members/same.html", "same");
    put(&build, "members/same.html", "same");

    assert_true(site_lock(&f->site));
    assert_true(site_exchange(&f->site));
    site_unlock(&f->site);
    tree_close(&build);
    assert_int_equal(look(f, "current/members/same.html").st_ino, same.st_ino);
    assert_int_equal(look(f, "current/members/same.html").st_mtime, same.st_mtime);
    assert_text(f, "current/members/differs.html", "new");
    assert_int_not_equal(look(f, "current/members/differs.html").st_mtime, differs.st_mtime);
    assert_false(exists(f, "current/members/gone.html"));
    assert_text(f, "build/members/differs.html", "old");

    /* What it left is emptied by the next one. */
    assert_true(tree_open_build(&build, &f->site));
    assert_false(exists(f, "build/members"));
    tree_close(&build);
    site_unlock_build(&f->site);
}

/* The very first one: there is nothing to exchange with. */
static void test_first_build(void **state)
{
    struct fixture *f = *state;
    struct tree build;
    assert_int_equal(unlinkat(f->site.fd, "current", AT_REMOVEDIR), 0);
    assert_false(tree_open_current(&build, &f->site));
    assert_int_equal(errno, ENOENT);
    assert_true(tree_open_build(&build, &f->site));
    put(&build, "members/index.html", "board");
    tree_close(&build);
    assert_true(site_exchange(&f->site));
    assert_text(f, "current/members/index.html", "board");
    assert_false(exists(f, "build"));
}

static void test_folder(void **state)
{
    struct fixture *f = *state;
    struct tree tree;
    char path[128];
    snprintf(path, sizeof path, "%s/a/new/one", f->path);
    assert_true(tree_open_folder(&tree, path));
    put(&tree, "members/index.html", "board");
    tree_close(&tree);
    assert_false(tree_open_folder(&tree, path)); /* not empty any more */
    assert_non_null(strstr(tree.error, "empty"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_building, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unchanged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counter_is_never_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leftover_is_not_written_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_has, setup, teardown),
        cmocka_unit_test_setup_teardown(test_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
        cmocka_unit_test_setup_teardown(test_build, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_build, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
