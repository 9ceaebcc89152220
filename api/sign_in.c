/* See sign_in.h. The loop keeps the queue and hands one job at a time to the thread. */
#include "sign_in.h"

#include "../db/clock.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    HASH_PASSES = 2,
    HASH_MEMORY = 19 << 20, /* bytes */
    DATABASE_SECONDS = 5,
    NICENESS = 5, /* of the thread: writes go first */
};

_Static_assert(CREDENTIAL_PASSPHRASE_BYTES == crypto_pwhash_argon2id_STRBYTES,
               "what is stored is what libsodium writes");
_Static_assert(CREDENTIAL_HASH_BYTES == sizeof((struct session_secret *)0)->hash, "one hash");

struct sign_in {
    const struct db_config *database;
    const struct session_config *config;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards these two */
    pthread_cond_t given;
    struct sign_in_job *job; /* for the thread to do */
    bool closed;

    /* The loop's own. */
    struct sign_in_job *head, **tail; /* waiting */
    size_t waiting;
    bool busy; /* the thread has one */
    struct limit failures;
    h2o_multithread_receiver_t receiver;
    void (*done)(void *context, struct sign_in_job *job);
    void *context;
};

struct job_done {
    h2o_multithread_message_t message;
    struct sign_in_job *job;
};

bool sign_in_hash(const char *passphrase, char out[CREDENTIAL_PASSPHRASE_BYTES])
{
    return crypto_pwhash_argon2id_str(out, passphrase, strlen(passphrase), HASH_PASSES, HASH_MEMORY) == 0;
}

/* ---- the thread */

static enum db_result sign_in(struct sign_in *s, struct db *db, struct sign_in_job *job)
{
    char hash[CREDENTIAL_PASSPHRASE_BYTES];
    enum db_result result = credential_passphrase(db, hash);
    if (result != DB_OK)
        return result;
    if (!*hash) {
        job->result = SIGN_IN_UNSET;
        return DB_OK;
    }
    job->result = SIGN_IN_WRONG;
    if (crypto_pwhash_argon2id_str_verify(hash, job->passphrase, strlen(job->passphrase)) != 0)
        return DB_OK;
    session_draw(s->config, &job->session);
    bool added;
    result =
        credential_add_session(db, hash, job->session.hash, job->session.reading_key, SESSION_DAYS, &added);
    if (added)
        job->result = SIGN_IN_DONE;
    return result;
}

/* A connection for each job: they are rare, and one that had been idle for hours could be gone. */
static void work(struct sign_in *s, struct sign_in_job *job)
{
    struct db db = {0};
    enum db_result result = db_open(&db, s->database, true, DATABASE_SECONDS);
    job->result = SIGN_IN_DONE;
    if (result == DB_OK && job->passphrase)
        result = sign_in(s, &db, job);
    if (result == DB_OK && job->had_session && job->result == SIGN_IN_DONE)
        result = credential_end_session(&db, job->had);
    if (result != DB_OK) {
        fprintf(stderr, "writ-api: signing %s failed: %s\n", job->passphrase ? "in" : "out", db.error);
        job->result = SIGN_IN_UNAVAILABLE;
    }
    db_close(&db);
}

static struct sign_in_job *take(struct sign_in *s)
{
    pthread_mutex_lock(&s->mutex);
    while (!s->job && !s->closed)
        pthread_cond_wait(&s->given, &s->mutex);
    struct sign_in_job *job = s->job;
    s->job = NULL;
    pthread_mutex_unlock(&s->mutex);
    return job;
}

static void *run(void *context)
{
    struct sign_in *s = context;
    struct sign_in_job *job;
    mysql_thread_init();
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    while ((job = take(s))) {
        work(s, job);
        struct job_done *done = h2o_mem_alloc(sizeof *done);
        *done = (struct job_done){.job = job};
        h2o_multithread_send_message(&s->receiver, &done->message);
    }
    mysql_thread_end();
    return NULL;
}

/* ---- the loop */

/* Gives the thread the next job whose address may still try. */
static void go_on(struct sign_in *s)
{
    while (!s->busy && s->head) {
        struct sign_in_job *job = s->head;
        s->head = job->next;
        if (!s->head)
            s->tail = &s->head;
        s->waiting--;
        if (job->passphrase && sign_in_wait(s, job->address)) {
            job->result = SIGN_IN_LIMITED;
            s->done(s->context, job);
            continue;
        }
        s->busy = true;
        pthread_mutex_lock(&s->mutex);
        s->job = job;
        pthread_cond_signal(&s->given);
        pthread_mutex_unlock(&s->mutex);
    }
}

static void on_messages(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct sign_in *s = H2O_STRUCT_FROM_MEMBER(struct sign_in, receiver, receiver);
    while (!h2o_linklist_is_empty(messages)) {
        struct job_done *done = H2O_STRUCT_FROM_MEMBER(struct job_done, message.link, messages->next);
        h2o_linklist_unlink(&done->message.link);
        struct sign_in_job *job = done->job;
        free(done);
        s->busy = false;
        if (job->result == SIGN_IN_WRONG)
            limit_take(&s->failures, job->address, now_us());
        go_on(s);
        s->done(s->context, job);
    }
}

struct sign_in *sign_in_start(const struct db_config *database, const struct session_config *config,
                              h2o_multithread_queue_t *queue,
                              void (*done)(void *context, struct sign_in_job *job), void *context)
{
    struct sign_in *s = h2o_mem_alloc(sizeof *s);
    *s = (struct sign_in){.database = database, .config = config, .done = done, .context = context};
    s->tail = &s->head;
    limit_init(&s->failures, SIGN_IN_BURST, SIGN_IN_SECONDS * 1000000);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->given, NULL);
    h2o_multithread_register_receiver(queue, &s->receiver, on_messages);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        h2o_fatal("cannot start the thread that signs in");
    return s;
}

unsigned sign_in_wait(const struct sign_in *s, uint64_t address)
{
    return limit_wait(&s->failures, address, now_us());
}

bool sign_in_submit(struct sign_in *s, struct sign_in_job *job)
{
    if (s->waiting == SIGN_IN_QUEUE)
        return false;
    job->next = NULL;
    *s->tail = job;
    s->tail = &job->next;
    s->waiting++;
    go_on(s);
    return true;
}

void sign_in_stop(struct sign_in *s)
{
    pthread_mutex_lock(&s->mutex);
    s->closed = true;
    pthread_cond_signal(&s->given);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    h2o_multithread_unregister_receiver(s->receiver.queue, &s->receiver);
    pthread_mutex_destroy(&s->mutex);
    pthread_cond_destroy(&s->given);
    free(s);
}
