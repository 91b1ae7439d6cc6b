/* Batches inside a loop of libuv, on one thread: each has a poll handle and a timer. */
#define _POSIX_C_SOURCE 200809L
#include "in_flight.h"

#include <uv.h>

struct place {
    hamirror_batch *batch;
    uv_poll_t poll;
    uv_timer_t timer;
    /* Handles that libuv has not let go yet. */
    int open;
};

static uv_poll_t input;

static void start(struct place *place);
static void drive(struct place *place);

static void on_closed(uv_handle_t *handle)
{
    struct place *place = handle->data;
    if (--place->open == 0 && !load.stop)
        start(place);
}

static void end(struct place *place)
{
    uv_close((uv_handle_t *)&place->poll, on_closed);
    uv_close((uv_handle_t *)&place->timer, on_closed);
    load_end(place->batch);
    place->batch = NULL;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    CHECK(status == 0);
    drive(poll->data);
}

static void on_due(uv_timer_t *timer)
{
    drive(timer->data);
}

static void drive(struct place *place)
{
    int32_t timeout_ms;
    if (load_drive(place->batch)) {
        end(place);
        return;
    }
    timeout_ms = hamirror_batch_timeout_ms(place->batch);
    if (timeout_ms < 0)
        CHECK(uv_timer_stop(&place->timer) == 0);
    else
        CHECK(uv_timer_start(&place->timer, on_due, (uint64_t)timeout_ms, 0) == 0);
}

static void start(struct place *place)
{
    uv_loop_t *loop = uv_default_loop();
    place->batch = load_start();
    CHECK(uv_poll_init(loop, &place->poll, hamirror_batch_fd(place->batch)) == 0);
    CHECK(uv_timer_init(loop, &place->timer) == 0);
    place->poll.data = place->timer.data = place;
    place->open = 2;
    CHECK(uv_poll_start(&place->poll, UV_READABLE, on_readable) == 0);
    drive(place);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    (void)events;
    CHECK(status == 0);
    load_read_input();
    if (load.stop)
        uv_close((uv_handle_t *)poll, NULL);
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
    CHECK(places != NULL);
    if (load_has_input()) {
        CHECK(uv_poll_init(uv_default_loop(), &input, STDIN_FILENO) == 0);
        CHECK(uv_poll_start(&input, UV_READABLE, on_input) == 0);
    }
    for (number = 0; number < load.places; number++)
        start(&places[number]);
    CHECK(uv_run(uv_default_loop(), UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(uv_default_loop()) == 0);
    free(places);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return load_report();
}
