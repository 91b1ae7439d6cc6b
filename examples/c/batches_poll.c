/* Batches inside a loop of poll(2), on one thread: the fd of each is one entry. */
#define _POSIX_C_SOURCE 200809L
#include "in_flight.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

static hamirror_batch **batches;
/* When a batch must be driven although its fd is quiet; LLONG_MAX for never. */
static long long *due_ms;
/* One entry for each place, and one for the input; a negative fd is passed over. */
static struct pollfd *entries;
static unsigned long in_flight;

static long long now_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void start(unsigned long place)
{
    batches[place] = load_start();
    due_ms[place] = now_ms();
    entries[place].fd = hamirror_batch_fd(batches[place]);
    entries[place].events = POLLIN;
    in_flight++;
}

static void drive(unsigned long place)
{
    int32_t timeout_ms;
    if (!load_drive(batches[place])) {
        timeout_ms = hamirror_batch_timeout_ms(batches[place]);
        due_ms[place] = timeout_ms < 0 ? LLONG_MAX : now_ms() + timeout_ms;
        return;
    }
    load_end(batches[place]);
    entries[place].fd = -1;
    due_ms[place] = LLONG_MAX;
    in_flight--;
    if (!load.stop)
        start(place);
}

static int timeout_until_due(void)
{
    long long first_ms = LLONG_MAX, left_ms;
    unsigned long place;
    for (place = 0; place < load.places; place++)
        if (due_ms[place] < first_ms)
            first_ms = due_ms[place];
    if (first_ms == LLONG_MAX)
        return -1;
    left_ms = first_ms - now_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void drive_ready(void)
{
    long long now = now_ms();
    unsigned long place;
    if (entries[load.places].revents != 0)
        load_read_input();
    if (load.stop)
        entries[load.places].fd = -1;
    for (place = 0; place < load.places; place++)
        if (entries[place].fd >= 0 && (entries[place].revents != 0 || due_ms[place] <= now))
            drive(place);
}

int main(int count, char **arguments)
{
    hamirror_search *search = search_for("library");
    hamirror_client *client;
    unsigned long place;
    CHECK(count == 4);
    client = client_of_file(arguments[1]);
    load_begin(arguments, client, search);
    batches = calloc(load.places, sizeof *batches);
    due_ms = calloc(load.places, sizeof *due_ms);
    entries = calloc(load.places + 1, sizeof *entries);
    CHECK(batches != NULL && due_ms != NULL && entries != NULL);
    entries[load.places].fd = load_has_input() ? STDIN_FILENO : -1;
    entries[load.places].events = POLLIN;
    for (place = 0; place < load.places; place++)
        start(place);
    while (in_flight > 0) {
        CHECK(poll(entries, load.places + 1, timeout_until_due()) >= 0);
        drive_ready();
    }
    free(entries);
    free(due_ms);
    free(batches);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return load_report();
}
