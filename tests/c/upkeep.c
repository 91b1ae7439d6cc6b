/* Pings and blackholes in the program's own poll loop, without a thread of the library. The
 * arguments are three daemons that answer with the request's own body; the last is a blackhole. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>
#include <time.h>

enum { LIMIT_S = 60 };

static hamirror_client *client_of(char **daemons, int32_t no_background)
{
    char text[400];
    hamirror_config *config;
    hamirror_client *client;
    hamirror_client_options options;
    snprintf(text, sizeof text,
             "searchd {\n ha_ping_interval = 50\n}\nindex d\n{\n type = distributed\n"
             " agent = %s|%s:shard\n agent_blackhole = %s:shard\n}\n",
             daemons[0], daemons[1], daemons[2]);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = no_background;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

/* Where blackholes are concerned, this runs on the thread that drives the upkeep. */
static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    const char *blackhole = user_data;
    hamirror_text host = hamirror_target_host(target);
    OK(hamirror_body_append(body, (const uint8_t *)"x", 1, &error));
    return text_is(host, blackhole) && hamirror_target_attempt(target) == 7;
}

static void ask(const hamirror_client *client, char *blackhole)
{
    hamirror_request *request;
    hamirror_batch *batch;
    uint32_t first, count;
    OK(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, build, NULL, blackhole,
                                           NULL, &request, &error));
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_index(batch, "d", request, NULL, &first, &count, &error));
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    hamirror_request_free(request);
    hamirror_batch_free(batch);
}

/* Both mirrors answered a ping, the blackhole its request. */
static bool all_is_done(const hamirror_client *client)
{
    hamirror_status *status;
    bool done = true;
    size_t host;
    OK(hamirror_status_new(client, &status, &error));
    for (host = 0; host < 2; host++)
        done = done && hamirror_host_ping_trip_us(hamirror_status_host(status, host)) >= 0;
    done = done
           && hamirror_host_counter(hamirror_status_host(status, 2), HAMIRROR_WINDOW_SINCE_START,
                                    HAMIRROR_COUNTER_SUCCEEDED_QUERIES)
                  == 1;
    CHECK(hamirror_status_blackhole_drops(status) == 1);
    hamirror_status_free(status);
    return done;
}

int main(int count, char **arguments)
{
    hamirror_client *client, *with_thread;
    hamirror_upkeep *upkeep, *second = (hamirror_upkeep *)&second;
    time_t start = time(NULL);
    CHECK(count == 4);
    with_thread = client_of(arguments + 1, 0);
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_upkeep_new(with_thread, &second, &error));
    hamirror_client_free(with_thread);

    client = client_of(arguments + 1, 1);
    ask(client, arguments[3]); /* Nobody sends to the blackhole yet. */
    OK(hamirror_upkeep_new(client, &upkeep, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_upkeep_new(client, &second, &error));
    CHECK(second == NULL);
    ask(client, arguments[3]);
    while (!all_is_done(client)) {
        struct pollfd fd;
        fd.fd = hamirror_upkeep_fd(upkeep);
        fd.events = POLLIN;
        CHECK(poll(&fd, 1, hamirror_upkeep_timeout_ms(upkeep)) >= 0);
        OK(hamirror_upkeep_drive(upkeep, &error));
        CHECK(time(NULL) - start < LIMIT_S);
    }
    OK(hamirror_upkeep_wait(upkeep, 1, &error));
    hamirror_upkeep_free(upkeep);
    OK(hamirror_upkeep_new(client, &upkeep, &error));
    hamirror_client_free(client);
    OK(hamirror_upkeep_drive(upkeep, &error));
    hamirror_upkeep_free(upkeep);
    return 0;
}
