/* What batch_epoll.c, batches_poll.c and batch_uv.c share: searches that are kept in flight, each
 * in a batch of its own, until the input ends; a line is printed as often as all places were used
 * once. */
#ifndef IN_FLIGHT_H
#define IN_FLIGHT_H

#include "check.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    const hamirror_client *client;
    const hamirror_search *search;
    const char *index;
    hamirror_call_options options;
    unsigned long places, ended, failed;
    bool stop;
} load;

/* A batch has a few descriptors of its own and a connection to each agent. */
static inline void allow_many_descriptors(void)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static inline void load_begin(char **arguments, const hamirror_client *client,
                              const hamirror_search *search)
{
    allow_many_descriptors();
    load.client = client;
    load.search = search;
    load.index = arguments[2];
    load.places = strtoul(arguments[3], NULL, 10);
    CHECK(load.places > 0);
    CHECK(hamirror_call_options_init(&load.options, sizeof load.options) == HAMIRROR_OK);
    load.options.completeness = HAMIRROR_COMPLETENESS_ALL;
    /* So many at once on daemons of a small machine: slow is no failure here. */
    load.options.connect_timeout_ms = load.options.query_timeout_ms = 120000;
}

/* Whether the input is a pipe, which an event loop can watch. Of any other no end can be awaited,
 * so each place is used once. */
static inline bool load_has_input(void)
{
    struct stat input;
    CHECK(fstat(STDIN_FILENO, &input) == 0);
    load.stop = !S_ISFIFO(input.st_mode);
    return !load.stop;
}

/* Passes over what came; the load stops at the end of the input. */
static inline void load_read_input(void)
{
    char bytes[64];
    load.stop = read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

/* A batch with the one search numbered 0. */
static inline hamirror_batch *load_start(void)
{
    hamirror_batch *batch;
    uint32_t search;
    OK(hamirror_batch_new(load.client, &batch, &error));
    OK(hamirror_batch_add_search(batch, load.index, load.search, &load.options, &search, &error));
    return batch;
}

/* Drives a batch; true once its search has ended. */
static inline bool load_drive(hamirror_batch *batch)
{
    size_t pending;
    OK(hamirror_batch_drive(batch, &error));
    OK(hamirror_batch_pending(batch, &pending, &error));
    return pending == 0;
}

static inline void load_end(hamirror_batch *batch)
{
    hamirror_result *result;
    hamirror_error *error;
    if (hamirror_batch_take_search(batch, 0, &result, &error) != HAMIRROR_OK) {
        hamirror_text message = hamirror_error_message(error);
        fprintf(stderr, "%.*s\n", (int)message.len, message.data);
        load.failed++;
    }
    hamirror_error_free(error);
    hamirror_result_free(result);
    hamirror_batch_free(batch);
    load.ended++;
    if (load.ended % load.places == 0) {
        printf("%lu\n", load.ended);
        fflush(stdout);
    }
}

static inline int load_report(void)
{
    printf("searches %lu failed %lu\n", load.ended, load.failed);
    return load.failed == 0 ? 0 : 1;
}

#endif
