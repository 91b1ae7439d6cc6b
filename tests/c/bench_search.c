/* A worker of the bench `fanout`: for each line `THREADS SEARCHES` it makes so many searches on
 * each thread, and prints CPU and wall time in microseconds and every latency in nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include <hamirror.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    const hamirror_client *client;
    const hamirror_search *search;
    const char *index;
    size_t searches;
    uint64_t *latencies_ns;
    int failed;
} work;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *run(void *argument)
{
    work *mine = argument;
    for (size_t number = 0; number < mine->searches; number++) {
        hamirror_result *result;
        hamirror_error *error;
        uint64_t start = clock_ns(CLOCK_MONOTONIC);
        if (hamirror_client_search(mine->client, mine->index, mine->search, NULL, &result,
                                   &error) != HAMIRROR_OK) {
            hamirror_text message = hamirror_error_message(error);
            fprintf(stderr, "%.*s\n", (int)message.len, message.data);
            hamirror_error_free(error);
            mine->failed = 1;
            return NULL;
        }
        mine->latencies_ns[number] = clock_ns(CLOCK_MONOTONIC) - start;
        hamirror_result_free(result);
    }
    return NULL;
}

static int run_slice(const work *plan, size_t threads)
{
    pthread_t *handles = calloc(threads, sizeof *handles);
    work *works = calloc(threads, sizeof *works);
    uint64_t *latencies_ns = calloc(threads * plan->searches, sizeof *latencies_ns);
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), wall = clock_ns(CLOCK_MONOTONIC);
    int failed = handles == NULL || works == NULL || latencies_ns == NULL;
    for (size_t number = 0; !failed && number < threads; number++) {
        works[number] = *plan;
        works[number].latencies_ns = latencies_ns + number * plan->searches;
        failed = pthread_create(&handles[number], NULL, run, &works[number]) != 0;
    }
    for (size_t number = 0; !failed && number < threads; number++) {
        pthread_join(handles[number], NULL);
        failed = works[number].failed;
    }
    cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = clock_ns(CLOCK_MONOTONIC) - wall;
    if (!failed) {
        printf("%" PRIu64 " %" PRIu64, cpu / 1000, wall / 1000);
        for (size_t number = 0; number < threads * plan->searches; number++)
            printf(" %" PRIu64, latencies_ns[number]);
        putchar('\n');
        fflush(stdout);
    }
    free(latencies_ns);
    free(works);
    free(handles);
    return failed;
}

int main(int count, char **arguments)
{
    hamirror_config *config = NULL;
    hamirror_client *client = NULL;
    hamirror_search *search = NULL;
    hamirror_error *error = NULL;
    size_t threads, searches;
    int failed;
    if (count != 4) {
        fprintf(stderr, "usage: bench_search CONF INDEX QUERY\n");
        return 2;
    }
    failed = hamirror_config_read(arguments[1], &config, &error) != HAMIRROR_OK ||
             hamirror_client_new(config, NULL, &client, &error) != HAMIRROR_OK ||
             hamirror_search_new(arguments[3], &search, &error) != HAMIRROR_OK ||
             hamirror_search_select(search, "name, size", &error) != HAMIRROR_OK;
    while (!failed && scanf("%zu %zu", &threads, &searches) == 2) {
        work plan = {client, search, arguments[2], searches, NULL, 0};
        failed = run_slice(&plan, threads);
    }
    hamirror_error_free(error);
    hamirror_search_free(search);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return failed;
}
