/* Batches inside a loop of epoll(7), on one thread: the fd of each is nested in the loop's own. */
#define _POSIX_C_SOURCE 200809L
#include "in_flight.h"

#include <limits.h>
#include <sys/epoll.h>
#include <time.h>

struct place {
    hamirror_batch *batch;
    /* When the batch must be driven although its fd is quiet; LLONG_MAX for never. */
    long long due_ms;
};

enum { EVENTS = 64 };

static int loop;
static unsigned long in_flight;

static long long now_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void watch(int fd, void *data)
{
    struct epoll_event event = {0};
    event.events = EPOLLIN;
    event.data.ptr = data;
    CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void start(struct place *place)
{
    place->batch = load_start();
    place->due_ms = now_ms();
    watch(hamirror_batch_fd(place->batch), place);
    in_flight++;
}

static void drive(struct place *place)
{
    int32_t timeout_ms;
    if (place->batch == NULL)
        return;
    if (!load_drive(place->batch)) {
        timeout_ms = hamirror_batch_timeout_ms(place->batch);
        place->due_ms = timeout_ms < 0 ? LLONG_MAX : now_ms() + timeout_ms;
        return;
    }
    CHECK(epoll_ctl(loop, EPOLL_CTL_DEL, hamirror_batch_fd(place->batch), NULL) == 0);
    load_end(place->batch);
    place->batch = NULL;
    place->due_ms = LLONG_MAX;
    in_flight--;
    if (!load.stop)
        start(place);
}

static int timeout_of(const struct place *places)
{
    long long due_ms = LLONG_MAX, left_ms;
    unsigned long number;
    for (number = 0; number < load.places; number++)
        if (places[number].due_ms < due_ms)
            due_ms = places[number].due_ms;
    if (due_ms == LLONG_MAX)
        return -1;
    left_ms = due_ms - now_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void drive_due(struct place *places)
{
    long long now = now_ms();
    unsigned long number;
    for (number = 0; number < load.places; number++)
        if (places[number].due_ms <= now)
            drive(&places[number]);
}

static void read_input(void)
{
    load_read_input();
    if (load.stop)
        CHECK(epoll_ctl(loop, EPOLL_CTL_DEL, STDIN_FILENO, NULL) == 0);
}

int main(int count, char **arguments)
{
    hamirror_search *search = search_for("library");
    hamirror_client *client;
    struct place *places;
    unsigned long number;
    CHECK(count == 4);
    client = client_of_file(arguments[1]);
    load_begin(arguments, client, search);
    places = calloc(load.places, sizeof *places);
    loop = epoll_create1(EPOLL_CLOEXEC);
    CHECK(places != NULL && loop >= 0);
    if (load_has_input())
        watch(STDIN_FILENO, NULL);
    for (number = 0; number < load.places; number++)
        start(&places[number]);
    while (in_flight > 0) {
        struct epoll_event events[EVENTS];
        int event, ready = epoll_wait(loop, events, EVENTS, timeout_of(places));
        CHECK(ready >= 0);
        for (event = 0; event < ready; event++) {
            if (events[event].data.ptr == NULL)
                read_input();
            else
                drive(events[event].data.ptr);
        }
        drive_due(places);
    }
    close(loop);
    free(places);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return load_report();
}
