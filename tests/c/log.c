/* A log of the program's own, told of by its threads and the library's. The argument is an address
 * on which nobody listens. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { LIMIT_S = 60 };

struct log {
    pthread_mutex_t lock;
    const hamirror_client *client;
    hamirror_batch *batch;
    pthread_t owner;
    size_t warnings;
    size_t lines;
    size_t from_library;
    size_t refused;
    int dropped;
};

static void hear(void *user_data, int32_t level, hamirror_text line)
{
    struct log *log = user_data;
    hamirror_status *status;
    CHECK(level >= HAMIRROR_LOG_WARNING && level <= HAMIRROR_LOG_DEBUG && line.len > 0);
    CHECK(memchr(line.data, '\n', line.len) == NULL);
    /* A client may be used from here, a batch that is at work may not. */
    OK(hamirror_status_new(log->client, &status, &error));
    hamirror_status_free(status);
    pthread_mutex_lock(&log->lock);
    log->lines++;
    log->warnings += level == HAMIRROR_LOG_WARNING;
    log->from_library += !pthread_equal(pthread_self(), log->owner);
    if (log->batch && pthread_equal(pthread_self(), log->owner))
        log->refused += hamirror_batch_drive(log->batch, NULL) == HAMIRROR_ERROR_REENTRANT;
    pthread_mutex_unlock(&log->lock);
}

static void count_drop(void *user_data)
{
    struct log *log = user_data;
    pthread_mutex_lock(&log->lock);
    log->dropped++;
    pthread_mutex_unlock(&log->lock);
}

static void prepare(struct log *log, const hamirror_client *client)
{
    memset(log, 0, sizeof *log);
    CHECK(pthread_mutex_init(&log->lock, NULL) == 0);
    log->client = client;
    log->owner = pthread_self();
}

static size_t read_of(struct log *log, const size_t *counter)
{
    size_t value;
    pthread_mutex_lock(&log->lock);
    value = *counter;
    pthread_mutex_unlock(&log->lock);
    return value;
}

static void ask(const hamirror_client *client, struct log *log, size_t agent)
{
    hamirror_request *request;
    hamirror_batch *batch;
    uint32_t call;
    OK(hamirror_request_new(99, 0x100, HAMIRROR_ACCESS_READ, (const uint8_t *)"x", 1, &request,
                            &error));
    OK(hamirror_batch_new(client, &batch, &error));
    log->batch = batch;
    OK(hamirror_batch_add_agent(batch, "d", agent, request, NULL, &call, &error));
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    log->batch = NULL;
    hamirror_batch_free(batch);
    hamirror_request_free(request);
}

static hamirror_client *client_of(const char *dead)
{
    char text[300];
    hamirror_config *config;
    hamirror_client *client;
    snprintf(text, sizeof text,
             "searchd {\n ha_ping_interval = 0\n}\nindex d\n{\n type = distributed\n"
             " agent = %s:shard\n agent = nosuchhost.invalid:1:shard\n}\n",
             dead);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    return client;
}

int main(int count, char **arguments)
{
    struct log all, warnings;
    hamirror_client *client;
    time_t start = time(NULL);
    int call;
    CHECK(count == 2);
    client = client_of(arguments[1]);
    prepare(&all, client);
    prepare(&warnings, client);

    REFUSED(hamirror_client_set_log(client, 77, hear, &all, count_drop, &error));
    CHECK(all.dropped == 1);
    OK(hamirror_client_set_log(client, 0, NULL, &all, count_drop, &error));
    CHECK(all.dropped == 2);

    OK(hamirror_client_set_log(client, HAMIRROR_LOG_DEBUG, hear, &all, count_drop, &error));
    ask(client, &all, 0);
    CHECK(read_of(&all, &all.lines) == 1 && read_of(&all, &all.warnings) == 0);
    CHECK(read_of(&all, &all.refused) == 1);
    /* The library's own thread looks the name up, in vain. */
    ask(client, &all, 1);
    while (read_of(&all, &all.from_library) == 0)
        CHECK(time(NULL) - start < LIMIT_S);
    CHECK(read_of(&all, &all.warnings) >= 1);

    OK(hamirror_client_set_log(client, HAMIRROR_LOG_WARNING, hear, &warnings, count_drop, &error));
    for (call = 0; call < 3; call++)
        ask(client, &warnings, 0);
    /* The fourth failure in a row, in all: dead, and its agent has no other mirror. */
    CHECK(read_of(&warnings, &warnings.lines) == 2);
    CHECK(read_of(&warnings, &warnings.warnings) == 2);
    hamirror_client_free(client);
    CHECK(all.dropped == 3 && warnings.dropped == 1);
    return 0;
}
