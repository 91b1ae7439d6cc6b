/* A contestant of the bench `boundary`: makes so many searches, by a blocking call, a blocking
 * wait for a batch, or a batch in an epoll of its own, and prints their median in nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include <hamirror.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

static const hamirror_client *client;
static const hamirror_search *search;
static const char *index_name;

static void check(int32_t code)
{
    if (code != HAMIRROR_OK) {
        fprintf(stderr, "code %d\n", (int)code);
        exit(1);
    }
}

static void call(void)
{
    hamirror_result *result;
    check(hamirror_client_search(client, index_name, search, NULL, &result, NULL));
    hamirror_result_free(result);
}

static uint32_t begin(hamirror_batch **batch)
{
    uint32_t number;
    check(hamirror_batch_new(client, batch, NULL));
    check(hamirror_batch_add_search(*batch, index_name, search, NULL, &number, NULL));
    return number;
}

static void end(hamirror_batch *batch, uint32_t number)
{
    hamirror_result *result;
    check(hamirror_batch_take_search(batch, number, &result, NULL));
    hamirror_result_free(result);
    hamirror_batch_free(batch);
}

static void wait_all(void)
{
    hamirror_batch *batch;
    uint32_t number = begin(&batch);
    check(hamirror_batch_wait_all(batch, -1, NULL, NULL));
    end(batch, number);
}

static void drive(void)
{
    static int loop = -1;
    struct epoll_event event = {EPOLLIN, {0}};
    hamirror_batch *batch;
    uint32_t number = begin(&batch);
    size_t pending = 1;
    if (loop < 0)
        loop = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(loop, EPOLL_CTL_ADD, hamirror_batch_fd(batch), &event) != 0)
        exit(1);
    while (pending > 0) {
        epoll_wait(loop, &event, 1, hamirror_batch_timeout_ms(batch));
        check(hamirror_batch_drive(batch, NULL));
        check(hamirror_batch_pending(batch, &pending, NULL));
    }
    epoll_ctl(loop, EPOLL_CTL_DEL, hamirror_batch_fd(batch), NULL);
    end(batch, number);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void (*mode_of(const char *name))(void)
{
    if (strcmp(name, "call") == 0)
        return call;
    return strcmp(name, "wait") == 0 ? wait_all : drive;
}

int main(int count, char **arguments)
{
    size_t calls = count == 5 ? strtoul(arguments[4], NULL, 10) : 0, number;
    uint64_t *times_ns = calloc(calls + 1, sizeof *times_ns);
    hamirror_config *config;
    hamirror_client *made;
    hamirror_search *asked;
    void (*run)(void);
    if (calls == 0 || times_ns == NULL)
        return 2;
    run = mode_of(arguments[3]);
    index_name = arguments[2];
    check(hamirror_config_read(arguments[1], &config, NULL));
    check(hamirror_client_new(config, NULL, &made, NULL));
    check(hamirror_search_new("htdig", &asked, NULL));
    check(hamirror_search_select(asked, "name, size", NULL));
    client = made;
    search = asked;
    for (number = 0; number < calls; number++) {
        uint64_t start = now_ns();
        run();
        times_ns[number] = now_ns() - start;
    }
    qsort(times_ns, calls, sizeof *times_ns, compare);
    printf("%" PRIu64 "\n", times_ns[calls / 2]);
    free(times_ns);
    hamirror_search_free(asked);
    hamirror_client_free(made);
    hamirror_config_free(config);
    return 0;
}
