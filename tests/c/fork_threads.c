/* A fork while another thread waits in a batch, others wake it, and a thread of the library has
 * one: those are not there in the child, where nothing may wait for them. The agent is a socket
 * that never answers. */
#define _POSIX_C_SOURCE 200809L
#include "listener.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FORKS = 20, CHILD_LIMIT_S = 60 };

static hamirror_client *client;
static hamirror_batch *batch, *running;
static hamirror_waker *waker;
static hamirror_search *search;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_over;

static bool is_to_end(void)
{
    bool end;
    pthread_mutex_lock(&lock);
    end = is_over;
    pthread_mutex_unlock(&lock);
    return end;
}

static void *wait_often(void *unused)
{
    while (!is_to_end())
        CHECK(hamirror_batch_wait_all(batch, -1, NULL, NULL) == HAMIRROR_OK);
    return unused;
}

/* A fork may come while the lock of the waker is held. */
static void *wake_often(void *unused)
{
    while (!is_to_end())
        OK(hamirror_waker_wake(waker, &error));
    return unused;
}

static void live_as_child(void)
{
    hamirror_batch *own;
    hamirror_result *result;
    hamirror_call_options options;
    uint32_t number;
    size_t pending = 77;
    /* A child that waits for a thread that is not there would do so for ever. */
    alarm(CHILD_LIMIT_S);
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_drive(batch, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_wait_all(batch, -1, NULL, &error));
    CHECK(hamirror_batch_pending(batch, &pending, NULL) == HAMIRROR_ERROR_FORKED
          || pending == 1);
    OK(hamirror_waker_wake(waker, &error));
    hamirror_waker_free(waker);
    hamirror_batch_free(batch);
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_join(running, -1, NULL, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_run(running, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_pending(running, &pending, &error));
    hamirror_batch_free(running);
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 20;
    OK(hamirror_batch_new(client, &own, &error));
    OK(hamirror_batch_add_search(own, "d", search, &options, &number, &error));
    OK(hamirror_batch_wait_all(own, -1, NULL, &error));
    EXPECT(HAMIRROR_ERROR_UNANSWERED, hamirror_batch_take_search(own, number, &result, &error));
    hamirror_batch_free(own);
    hamirror_search_free(search);
    hamirror_client_free(client);
    _exit(0);
}

static hamirror_config *config_of(unsigned port)
{
    char text[200];
    hamirror_config *config;
    snprintf(text, sizeof text,
             "index d {\n type = distributed\n agent = 127.0.0.1:%u:shard\n"
             " agent_connect_timeout = 600s\n agent_query_timeout = 600s\n}\n",
             port);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    return config;
}

int main(void)
{
    unsigned port;
    int listener = listen_somewhere(&port), round;
    hamirror_config *config = config_of(port);
    pthread_t threads[2];
    uint32_t number;
    bool is_done;
    const struct timespec pause = {0, 10000000};
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    search = search_for("library");
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_search(batch, "d", search, NULL, &number, &error));
    OK(hamirror_batch_new(client, &running, &error));
    OK(hamirror_batch_add_search(running, "d", search, NULL, &number, &error));
    /* Then its thread does nothing but wait: a fork spoils the sanitizer's own locks. */
    OK(hamirror_batch_wait_sent(running, -1, NULL, &error));
    OK(hamirror_batch_run(running, &error));
    nanosleep(&pause, NULL);
    waker = hamirror_waker_new(batch);
    CHECK(pthread_create(&threads[0], NULL, wait_often, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, wake_often, NULL) == 0);
    for (round = 0; round < FORKS; round++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            live_as_child();
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    pthread_mutex_lock(&lock);
    is_over = true;
    pthread_mutex_unlock(&lock);
    CHECK(pthread_join(threads[1], NULL) == 0);
    OK(hamirror_waker_wake(waker, &error));
    CHECK(pthread_join(threads[0], NULL) == 0);
    hamirror_waker_free(waker);
    hamirror_batch_free(batch);
    OK(hamirror_batch_join(running, 0, &is_done, &error));
    CHECK(!is_done);
    hamirror_batch_free(running);
    hamirror_search_free(search);
    hamirror_client_free(client);
    close(listener);
    return 0;
}
