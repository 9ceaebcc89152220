/* See crew.h. Pieces are handed out one by one: they differ much in size. */
#include "crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct crew {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool working, ending; /* under the mutex */

    /* Of a run. */
    crew_fn *each;
    void *context;
    size_t pieces;
    atomic_size_t next;
};

static void work(struct crew *crew, unsigned worker)
{
    size_t piece;
    while ((piece = atomic_fetch_add(&crew->next, 1)) < crew->pieces)
        crew->each(crew->context, worker, piece);
}

static void set_working(struct crew *crew, bool working)
{
    pthread_mutex_lock(&crew->mutex);
    crew->working = working;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
}

static void wait_while(struct crew *crew, bool working)
{
    pthread_mutex_lock(&crew->mutex);
    while (crew->working == working && !crew->ending)
        pthread_cond_wait(&crew->changed, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
}

static void *second(void *context)
{
    struct crew *crew = context;
    for (;;) {
        wait_while(crew, false);
        if (crew->ending) /* set before a last wake-up, when nothing is under way */
            return NULL;
        work(crew, 1);
        set_working(crew, false);
    }
}

struct crew *crew_start(void)
{
    sigset_t all, before;
    struct crew *crew = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? calloc(1, sizeof *crew) : NULL;
    if (!crew)
        return NULL;
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->changed, NULL);
    sigfillset(&all); /* signals are the calling thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&crew->thread, NULL, second, crew);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        free(crew);
        return NULL;
    }
    return crew;
}

void crew_stop(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->mutex);
    crew->ending = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
    pthread_join(crew->thread, NULL);
    pthread_mutex_destroy(&crew->mutex);
    pthread_cond_destroy(&crew->changed);
    free(crew);
}

void crew_run(struct crew *crew, size_t n, crew_fn *each, void *context)
{
    if (!crew || n < 2) {
        for (size_t piece = 0; piece < n; piece++)
            each(context, 0, piece);
        return;
    }
    crew->each = each;
    crew->context = context;
    crew->pieces = n;
    atomic_store(&crew->next, 0);
    set_working(crew, true);
    work(crew, 0);
    wait_while(crew, true);
}
