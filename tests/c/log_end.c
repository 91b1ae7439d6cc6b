/* A client that ends while its thread looks a name up, which takes as long as this program likes:
 * nothing is told after the end, and what a line in the making needs lives until then. */
#define _GNU_SOURCE
#include "check.h"

#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

enum { ROUNDS = 20, SLOW_US = 20000 };

static sem_t asked, released;

/* In place of the C library's: no name has an address, and that is told when it is told to. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    (void)name;
    (void)service;
    (void)hints;
    *found = NULL;
    sem_post(&asked);
    while (sem_wait(&released) != 0) {
    }
    return EAI_NONAME;
}

struct log {
    pthread_mutex_t lock;
    bool is_slow, is_dropped;
    unsigned lines;
};

static void hear(void *user_data, int32_t level, hamirror_text line)
{
    struct log *log = user_data;
    CHECK(level >= HAMIRROR_LOG_WARNING && line.len > 0);
    if (log->is_slow)
        usleep(SLOW_US);
    pthread_mutex_lock(&log->lock);
    CHECK(!log->is_dropped);
    log->lines++;
    pthread_mutex_unlock(&log->lock);
}

static void drop(void *user_data)
{
    struct log *log = user_data;
    pthread_mutex_lock(&log->lock);
    CHECK(!log->is_dropped);
    log->is_dropped = true;
    pthread_mutex_unlock(&log->lock);
}

/* The look-up ends after the client, or at the same time, while its line is being taken. */
static void end_under_way(bool is_after)
{
    struct log log = {PTHREAD_MUTEX_INITIALIZER, false, false, 0};
    hamirror_call_options options;
    hamirror_config *config;
    hamirror_client *client;
    hamirror_search *search = search_for("x");
    hamirror_result *result;
    log.is_slow = !is_after;
    OK(hamirror_config_parse("index d {\n type = distributed\n agent = no.such.name:1:a\n}\n",
                             "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    OK(hamirror_client_set_log(client, HAMIRROR_LOG_WARNING, hear, &log, drop, &error));
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 5;
    EXPECT(HAMIRROR_ERROR_UNANSWERED,
           hamirror_client_search(client, "d", search, &options, &result, &error));
    CHECK(sem_wait(&asked) == 0);
    if (!is_after)
        CHECK(sem_post(&released) == 0);
    hamirror_client_free(client);
    CHECK(log.is_dropped && (!is_after || log.lines == 0));
    /* What comes later would write here. */
    memset(&log, 0xff, sizeof log);
    if (is_after)
        CHECK(sem_post(&released) == 0);
    usleep(SLOW_US);
    hamirror_search_free(search);
}

int main(void)
{
    int round;
    CHECK(sem_init(&asked, 0, 0) == 0 && sem_init(&released, 0, 0) == 0);
    for (round = 0; round < ROUNDS; round++)
        end_under_way(round % 2 == 0);
    return 0;
}
