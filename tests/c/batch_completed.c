/* What was added to a batch is told once: calls by themselves and searches, not their calls. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>

enum { ROUNDS = 20, PINGS = 3 * ROUNDS, CALLS = 5 * ROUNDS };

static const uint8_t PING_BODY[4] = {0xca, 0xfe, 0xba, 0xbe};

struct added {
    hamirror_batch *batch;
    /* How often each was told, by its number; of calls, those of searches among them. */
    int calls[CALLS], searches[ROUNDS];
    /* Whether a call is one of a search. */
    int is_part[CALLS];
};

/* Two pings of an index, a search of its two agents, and a ping of one agent, over and over. */
static struct added add(const hamirror_client *client, const char *index)
{
    struct added added;
    hamirror_request *ping;
    hamirror_search *search = search_for("library");
    uint32_t round, first, count, call, number;
    memset(&added, 0, sizeof added);
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, PING_BODY, sizeof PING_BODY, &ping,
                            &error));
    OK(hamirror_batch_new(client, &added.batch, &error));
    for (round = 0; round < ROUNDS; round++) {
        OK(hamirror_batch_add_index(added.batch, index, ping, NULL, &first, &count, &error));
        CHECK(first == 5 * round && count == 2);
        OK(hamirror_batch_add_search(added.batch, index, search, NULL, &number, &error));
        CHECK(number == round);
        OK(hamirror_batch_search_calls(added.batch, number, &first, &count, &error));
        CHECK(count == 2 && first + count <= CALLS);
        added.is_part[first] = added.is_part[first + 1] = 1;
        OK(hamirror_batch_add_agent(added.batch, index, 1, ping, NULL, &call, &error));
        CHECK(call == 5 * round + 4);
    }
    hamirror_request_free(ping);
    hamirror_search_free(search);
    return added;
}

/* Counts what was told, which can be taken at once; returns whether anything was. */
static int tell(struct added *added, uint32_t call, uint32_t search)
{
    CHECK(call == HAMIRROR_NO_CALL || search == HAMIRROR_NO_SEARCH);
    if (call != HAMIRROR_NO_CALL) {
        hamirror_reply *reply;
        CHECK(call < CALLS && !added->is_part[call]);
        added->calls[call]++;
        OK(hamirror_batch_take_reply(added->batch, call, &reply, &error));
        CHECK(hamirror_reply_body_len(reply) == sizeof PING_BODY);
        hamirror_reply_free(reply);
    }
    if (search != HAMIRROR_NO_SEARCH) {
        hamirror_result *result;
        CHECK(search < ROUNDS);
        added->searches[search]++;
        OK(hamirror_batch_take_search(added->batch, search, &result, &error));
        CHECK(hamirror_result_agents_answered(result) == 2);
        hamirror_result_free(result);
    }
    return call != HAMIRROR_NO_CALL || search != HAMIRROR_NO_SEARCH;
}

static void each_was_told_once(struct added *added)
{
    int number;
    for (number = 0; number < CALLS; number++)
        CHECK(added->calls[number] == !added->is_part[number]);
    for (number = 0; number < ROUNDS; number++)
        CHECK(added->searches[number] == 1);
    hamirror_batch_free(added->batch);
}

static void waited_for(const hamirror_client *client, const char *index)
{
    struct added added = add(client, index);
    uint32_t call, search;
    int left;
    for (left = PINGS + ROUNDS; left > 0; left--) {
        OK(hamirror_batch_wait_completed(added.batch, -1, &call, &search, &error));
        CHECK(tell(&added, call, search));
    }
    OK(hamirror_batch_wait_completed(added.batch, -1, &call, &search, &error));
    CHECK(!tell(&added, call, search));
    each_was_told_once(&added);
}

/* As batch_poll.c does it, and with no account of what still runs. */
static void driven(const hamirror_client *client, const char *index)
{
    struct added added = add(client, index);
    int left = PINGS + ROUNDS;
    while (left > 0) {
        uint32_t call, search;
        struct pollfd entry;
        entry.fd = hamirror_batch_fd(added.batch);
        entry.events = POLLIN;
        CHECK(poll(&entry, 1, hamirror_batch_timeout_ms(added.batch)) >= 0);
        OK(hamirror_batch_drive(added.batch, &error));
        for (;;) {
            OK(hamirror_batch_next_completed(added.batch, &call, &search, &error));
            if (!tell(&added, call, search))
                break;
            left--;
        }
    }
    CHECK(hamirror_batch_timeout_ms(added.batch) == -1);
    each_was_told_once(&added);
}

/* Calls are told by one function or by the other; searches nevertheless. */
static void told_by_both(const hamirror_client *client, const char *index)
{
    struct added added = add(client, index);
    int in_calls = 0, in_all = 0;
    uint32_t call, search;
    OK(hamirror_batch_wait_all(added.batch, -1, NULL, &error));
    for (;;) {
        OK(hamirror_batch_next_completion(added.batch, &call, &error));
        if (call == HAMIRROR_NO_CALL)
            break;
        in_calls++;
        if (!added.is_part[call])
            CHECK(tell(&added, call, HAMIRROR_NO_SEARCH));
        OK(hamirror_batch_next_completed(added.batch, &call, &search, &error));
        in_all += tell(&added, call, search);
    }
    for (;;) {
        OK(hamirror_batch_next_completed(added.batch, &call, &search, &error));
        if (!tell(&added, call, search))
            break;
        in_all++;
    }
    CHECK(in_calls > 0 && in_all > 0);
    each_was_told_once(&added);
}

/* A search that nobody will answer has ended when it is added, and no descriptor says so. */
static void blackholes_only(void)
{
    hamirror_config_builder *builder = hamirror_config_builder_new();
    hamirror_config *config;
    hamirror_client *client;
    hamirror_batch *batch;
    hamirror_result *result;
    hamirror_search *search = search_for("library");
    uint32_t added, call, ended;
    OK(hamirror_config_builder_set(builder, "d", "agent_blackhole", "127.0.0.1:1:i",
                                   &error));
    OK(hamirror_config_builder_build(builder, &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_search(batch, "d", search, NULL, &added, &error));
    CHECK(hamirror_batch_timeout_ms(batch) == 0);
    OK(hamirror_batch_wait_completed(batch, -1, &call, &ended, &error));
    CHECK(call == HAMIRROR_NO_CALL && ended == added);
    OK(hamirror_batch_wait_completed(batch, -1, &call, &ended, &error));
    CHECK(call == HAMIRROR_NO_CALL && ended == HAMIRROR_NO_SEARCH);
    CHECK(hamirror_batch_take_search(batch, added, &result, NULL) != HAMIRROR_OK);
    hamirror_batch_free(batch);
    hamirror_client_free(client);
    hamirror_config_free(config);
    hamirror_config_builder_free(builder);
    hamirror_search_free(search);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    waited_for(client, arguments[2]);
    driven(client, arguments[2]);
    told_by_both(client, arguments[2]);
    blackholes_only();
    hamirror_client_free(client);
    return 0;
}
