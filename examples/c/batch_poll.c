/* A batch inside a loop of poll(2): searches and raw requests end there, each once. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>

enum { SEARCHES = 20, PINGS = 20 };

static const uint8_t PING_BODY[4] = {0xca, 0xfe, 0xba, 0xbe};

/* Drives the batch to its end; returns how many calls ended. */
static uint32_t run(hamirror_batch *batch)
{
    uint32_t ended = 0, call;
    size_t pending;
    for (;;) {
        struct pollfd entry;
        OK(hamirror_batch_drive(batch, &error));
        for (;;) {
            OK(hamirror_batch_next_completion(batch, &call, &error));
            if (call == HAMIRROR_NO_CALL)
                break;
            ended++;
        }
        OK(hamirror_batch_pending(batch, &pending, &error));
        if (pending == 0)
            return ended;
        entry.fd = hamirror_batch_fd(batch);
        entry.events = POLLIN;
        CHECK(poll(&entry, 1, hamirror_batch_timeout_ms(batch)) >= 0);
    }
}

static void check_ping(hamirror_batch *batch, uint32_t call, uint32_t agent)
{
    hamirror_text host;
    size_t asked;
    const hamirror_reply *seen;
    hamirror_reply *reply;
    OK(hamirror_batch_asked(batch, call, &asked, &host, &error));
    CHECK(asked == agent && text_contains(host, "127.0.0.1:"));
    OK(hamirror_batch_reply(batch, call, &seen, &error));
    CHECK(hamirror_reply_body_len(seen) == sizeof PING_BODY);
    OK(hamirror_batch_take_reply(batch, call, &reply, &error));
    CHECK(hamirror_reply_status(reply) == HAMIRROR_REPLY_OK);
    CHECK(hamirror_reply_version(reply) > 0 && text_is(hamirror_reply_warning(reply), ""));
    CHECK(memcmp(hamirror_reply_body(reply), PING_BODY, sizeof PING_BODY) == 0);
    hamirror_reply_free(reply);
}

static uint64_t check_search(hamirror_batch *batch, uint32_t number)
{
    hamirror_result *result;
    uint64_t found;
    OK(hamirror_batch_take_search(batch, number, &result, &error));
    CHECK(hamirror_result_agents_answered(result) == hamirror_result_agents(result));
    CHECK(text_is(hamirror_result_warning(result), ""));
    found = hamirror_result_total_found(result);
    hamirror_result_free(result);
    return found;
}

static void call_alone(const hamirror_client *client, const char *index,
                       const hamirror_request *request)
{
    hamirror_reply *reply;
    hamirror_request *persist;
    OK(hamirror_client_call(client, index, 1, request, NULL, &reply, &error));
    CHECK(hamirror_reply_body_len(reply) == sizeof PING_BODY);
    hamirror_reply_free(reply);
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_call(client, index, 2, request, NULL, &reply, &error));
    /* The library's own business, not a caller's. */
    OK(hamirror_request_new(4, 0, HAMIRROR_ACCESS_READ, PING_BODY, 4, &persist, &error));
    CHECK(hamirror_client_call(client, index, 0, persist, NULL, &reply, NULL) != HAMIRROR_OK);
    CHECK(reply == NULL);
    hamirror_request_free(persist);
}

/* A wake that nobody waited for must not end the waits of whoever comes next. */
static void late_wake(const hamirror_client *client, const char *index)
{
    hamirror_batch *batch;
    hamirror_waker *waker;
    hamirror_search *search = search_for("library");
    hamirror_result *result;
    OK(hamirror_batch_new(client, &batch, &error));
    waker = hamirror_waker_new(batch);
    OK(hamirror_waker_wake(waker, &error));
    hamirror_batch_free(batch);
    OK(hamirror_waker_wake(waker, &error));
    OK(hamirror_client_search(client, index, search, NULL, &result, &error));
    hamirror_result_free(result);
    hamirror_waker_free(waker);
    hamirror_search_free(search);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    hamirror_batch *batch;
    hamirror_request *ping;
    hamirror_search *search = search_for("library");
    uint32_t first[PINGS], calls[PINGS], numbers[SEARCHES], expected = 0, place, call;
    const char *index = count == 3 ? arguments[2] : "";
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, PING_BODY, sizeof PING_BODY, &ping,
                            &error));
    OK(hamirror_batch_new(client, &batch, &error));
    CHECK(hamirror_batch_timeout_ms(batch) == -1);
    for (place = 0; place < PINGS; place++) {
        OK(hamirror_batch_add_index(batch, index, ping, NULL, &first[place], &calls[place],
                                    &error));
        CHECK(calls[place] == 2);
        expected += calls[place];
    }
    for (place = 0; place < SEARCHES; place++) {
        OK(hamirror_batch_add_search(batch, index, search, NULL, &numbers[place], &error));
        expected += 2;
    }
    CHECK(run(batch) == expected);
    for (place = 0; place < PINGS; place++)
        for (call = 0; call < calls[place]; call++)
            check_ping(batch, first[place] + call, call);
    for (place = 0; place < SEARCHES; place++)
        CHECK(check_search(batch, numbers[place]) > 0);
    hamirror_batch_free(batch);
    call_alone(client, index, ping);
    late_wake(client, index);
    hamirror_request_free(ping);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return 0;
}
