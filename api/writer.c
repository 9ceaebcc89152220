#include "writer.h"

#include "../db/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOST_PAUSE_MS = 100, /* between two attempts to reach the database */
    RETRY_PAUSE_MS = 5,  /* after a deadlock or a lock wait */
    FORGET_EVERY_S = 600,
};

/* One message for each batch, not for each command: a message costs a write
 * to the loop's pipe. */
struct batch_done {
    h2o_multithread_message_t message;
    struct job *jobs;
};

struct writer {
    struct write_session *session;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards the queue */
    pthread_cond_t filled;
    struct job *head, **tail;
    size_t queued, in_hand; /* in_hand: taken by the thread, not answered yet */
    bool closed;

    /* The thread's own. */
    bool database_down; /* the last batch was given up: later ones get one attempt */
    uint64_t forgot_at_ms;

    /* The loop's own. */
    h2o_multithread_receiver_t receiver;
    void (*done)(void *context, struct job *jobs);
    void *context;
};

static uint64_t now_ms(void)
{
    return now_us() / 1000;
}

/* ---- the thread */

/* May the job at the head of the queue go along with the last that was taken? */
static bool goes_along(const struct job *head, const struct job *last)
{
    return !write_runs_alone(&head->command) && !write_runs_alone(&last->command);
}

static size_t take(struct writer *w, struct job **jobs)
{
    size_t n = 0;
    pthread_mutex_lock(&w->mutex);
    while (!w->head && !w->closed)
        pthread_cond_wait(&w->filled, &w->mutex);
    while (w->head && n < WRITE_BATCH && (n == 0 || goes_along(w->head, jobs[n - 1]))) {
        jobs[n++] = w->head;
        w->head = w->head->next;
    }
    if (!w->head)
        w->tail = &w->head;
    w->queued -= n;
    w->in_hand = n;
    pthread_mutex_unlock(&w->mutex);
    uint64_t now = now_us();
    for (size_t i = 0; i < n; i++)
        jobs[i]->taken = now;
    return n;
}

static void hand_back(struct writer *w, struct job **jobs, size_t n)
{
    struct batch_done *batch = calloc(1, sizeof *batch);
    if (!batch) {
        fprintf(stderr, "writ-api: out of memory\n");
        abort();
    }
    for (size_t i = 0; i < n; i++)
        jobs[i]->next = i + 1 < n ? jobs[i + 1] : NULL;
    batch->jobs = jobs[0];
    pthread_mutex_lock(&w->mutex);
    w->in_hand -= n;
    pthread_mutex_unlock(&w->mutex);
    h2o_multithread_send_message(&w->receiver, &batch->message);
}

static void settle_all(struct job **jobs, size_t n, enum outcome_status status)
{
    for (size_t i = 0; i < n; i++)
        jobs[i]->command.outcome = (struct outcome){.status = status};
}

/* Until the batch is decided: run again what may be run again, alone what
 * spoils the company, and give up in time. */
static void settle(struct writer *w, struct job **jobs, size_t n)
{
    struct command *commands[WRITE_BATCH];
    uint64_t deadline = now_ms() + (w->database_down ? 0 : WRITER_GIVE_UP_MS);

    for (size_t i = 0; i < n; i++)
        commands[i] = &jobs[i]->command;
    for (;;) {
        enum db_result result = write_batch(w->session, commands, n);
        if (result == DB_OK) {
            w->database_down = false;
            for (size_t i = 0; i < n; i++)
                jobs[i]->written = write_times(w->session);
            break;
        }
        if (result == DB_REFUSED || result == DB_FULL) {
            if (n > 1) {
                for (size_t i = 0; i < n; i++)
                    settle(w, jobs + i, 1);
                return;
            }
            fprintf(stderr, "writ-api: a command was refused: %s\n", write_error(w->session));
            settle_all(jobs, n, result == DB_FULL ? OUTCOME_FULL : OUTCOME_REFUSED);
            break;
        }
        if (now_ms() >= deadline) {
            if (!w->database_down)
                fprintf(stderr, "writ-api: no database: %s\n", write_error(w->session));
            w->database_down = true;
            write_give_up(w->session);
            settle_all(jobs, n, OUTCOME_UNAVAILABLE);
            break;
        }
        usleep(1000 * (result == DB_LOST ? LOST_PAUSE_MS : RETRY_PAUSE_MS));
    }
    hand_back(w, jobs, n);
}

static void *run(void *context)
{
    struct writer *w = context;
    struct job *jobs[WRITE_BATCH];
    size_t n;

    mysql_thread_init();
    while ((n = take(w, jobs))) {
        settle(w, jobs, n);
        if (!w->database_down && now_ms() - w->forgot_at_ms > 1000 * FORGET_EVERY_S) {
            w->forgot_at_ms = now_ms();
            if (write_forget_old(w->session) != DB_OK)
                fprintf(stderr, "writ-api: could not forget old receipts: %s\n", write_error(w->session));
        }
    }
    write_session_free(w->session);
    mysql_thread_end();
    return NULL;
}

/* ---- the loop */

static void on_messages(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct writer *w = H2O_STRUCT_FROM_MEMBER(struct writer, receiver, receiver);
    while (!h2o_linklist_is_empty(messages)) {
        struct batch_done *batch = H2O_STRUCT_FROM_MEMBER(struct batch_done, message.link, messages->next);
        h2o_linklist_unlink(&batch->message.link);
        w->done(w->context, batch->jobs);
        free(batch);
    }
}

struct writer *writer_start(const struct db_config *config, h2o_multithread_queue_t *queue,
                            void (*done)(void *context, struct job *jobs), void *context)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w) {
        fprintf(stderr, "writ-api: out of memory\n");
        abort();
    }
    w->session = write_session_new(config);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->filled, NULL);
    w->tail = &w->head;
    w->done = done;
    w->context = context;
    h2o_multithread_register_receiver(queue, &w->receiver, on_messages);
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        fprintf(stderr, "writ-api: cannot start the writer thread\n");
        abort();
    }
    return w;
}

bool writer_submit(struct writer *w, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&w->mutex);
    bool accepted = w->queued < WRITER_QUEUE && !w->closed;
    if (accepted) {
        *w->tail = job;
        w->tail = &job->next;
        if (w->queued++ == 0)
            pthread_cond_signal(&w->filled);
    }
    pthread_mutex_unlock(&w->mutex);
    return accepted;
}

size_t writer_depth(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    size_t depth = w->queued + w->in_hand;
    pthread_mutex_unlock(&w->mutex);
    return depth;
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    w->closed = true;
    pthread_cond_signal(&w->filled);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    h2o_multithread_unregister_receiver(w->receiver.queue, &w->receiver);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->filled);
    free(w);
}
