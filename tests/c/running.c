/* Batches that are left to a thread of the library while the program works. The argument is a
 * daemon that answers with the request's own body; its mirror is a socket that listens and never
 * answers. */
#define _POSIX_C_SOURCE 200809L
#include "listener.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 10, BATCHES = 5, OWN_CODE = 42 };

static const char *const BODY = "body";

static hamirror_client *client_of(unsigned silent, const char *echo)
{
    char text[500];
    hamirror_config *config;
    hamirror_client_options options;
    hamirror_client *client;
    snprintf(text, sizeof text,
             "index silent\n{\n type = distributed\n agent = 127.0.0.1:%u:shard\n"
             " agent_connect_timeout = 600s\n agent_query_timeout = 600s\n}\n"
             "index pair\n{\n type = distributed\n agent = 127.0.0.1:%u|%s:shard\n"
             " ha_strategy = roundrobin\n"
             " agent_connect_timeout = 600s\n agent_query_timeout = 600s\n}\n",
             silent, silent, echo);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = 1;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

static hamirror_batch *batch_of(const hamirror_client *client, const char *index,
                                const hamirror_request *request, unsigned calls)
{
    hamirror_batch *batch;
    uint32_t call;
    OK(hamirror_batch_new(client, &batch, &error));
    while (calls-- > 0)
        OK(hamirror_batch_add_agent(batch, index, 0, request, NULL, &call, &error));
    return batch;
}

/* The work of the program, which nothing of a batch comes into: it looks at the record of the one
 * mirror until that has answered so often. */
static void work_until_answered(const hamirror_client *client, const char *echo, uint64_t count)
{
    const struct timespec pause = {0, 1000000};
    uint64_t answered = 0;
    while (answered < count) {
        hamirror_status *status;
        const hamirror_host *host;
        OK(hamirror_status_new(client, &status, &error));
        OK(hamirror_status_find_host(status, echo, &host, &error));
        answered = hamirror_host_counter(host, HAMIRROR_WINDOW_SINCE_START,
                                         HAMIRROR_COUNTER_SUCCEEDED_QUERIES);
        hamirror_status_free(status);
        nanosleep(&pause, NULL);
    }
}

/* All calls were answered by the mirror that is well. */
static void take_all(hamirror_batch *batch, const char *echo, uint32_t count)
{
    uint32_t call;
    for (call = 0; call < count; call++) {
        hamirror_reply *reply;
        hamirror_text host;
        OK(hamirror_batch_asked(batch, call, NULL, &host, &error));
        CHECK(text_is(host, echo));
        OK(hamirror_batch_take_reply(batch, call, &reply, &error));
        CHECK(hamirror_reply_body_len(reply) == strlen(BODY));
        hamirror_reply_free(reply);
    }
}

static void fails_over(const hamirror_client *client, const hamirror_request *request,
                       const char *echo)
{
    hamirror_batch *batches[BATCHES], *hung = batch_of(client, "silent", request, 1);
    unsigned number;
    bool done;
    OK(hamirror_batch_run(hung, &error));
    for (number = 0; number < BATCHES; number++) {
        batches[number] = batch_of(client, "pair", request, CALLS);
        OK(hamirror_batch_run(batches[number], &error));
    }
    work_until_answered(client, echo, BATCHES * CALLS);
    for (number = 0; number < BATCHES; number++) {
        OK(hamirror_batch_join(batches[number], -1, &done, &error));
        CHECK(done && hamirror_batch_timeout_ms(batches[number]) == 0);
        take_all(batches[number], echo, CALLS);
        hamirror_batch_free(batches[number]);
    }
    OK(hamirror_batch_join(hung, 0, &done, &error));
    CHECK(!done);
    hamirror_batch_free(hung);
}

static void keeps_a_deadline(const hamirror_client *client, const hamirror_request *request)
{
    hamirror_batch *batch;
    hamirror_call_options options;
    hamirror_reply *reply;
    hamirror_error *failed;
    uint32_t call;
    bool done;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 20;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_agent(batch, "silent", 0, request, &options, &call, &error));
    OK(hamirror_batch_run(batch, &error));
    OK(hamirror_batch_join(batch, -1, &done, &error));
    CHECK(done);
    CHECK(hamirror_batch_take_reply(batch, call, &reply, &failed) == HAMIRROR_ERROR_UNANSWERED);
    CHECK(hamirror_failure_deadline_passed(hamirror_error_failure(failed, 0)));
    hamirror_error_free(failed);
    hamirror_batch_free(batch);
}

static void refuses_meanwhile(hamirror_batch *batch, const hamirror_request *request)
{
    const hamirror_reply *seen;
    hamirror_reply *reply;
    hamirror_result *result;
    uint32_t call = 77;
    size_t pending = 77;
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_run(batch, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE,
           hamirror_batch_add_agent(batch, "silent", 0, request, NULL, &call, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_wait_sent(batch, 0, NULL, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_wait_any(batch, 0, &call, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_wait_all(batch, 0, NULL, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_drive(batch, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_next_completion(batch, &call, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_pending(batch, &pending, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_cancel(batch, 0, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_reply(batch, 0, &seen, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_asked(batch, 0, NULL, NULL, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_search_of(batch, 0, &call, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_reply(batch, 0, &reply, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_search(batch, 0, &result, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_local_count(batch, 0, &pending, &error));
    CHECK(hamirror_batch_timeout_ms(batch) == 0 && pending == 77 && call == 77);
}

static void is_given_back_and_freed(const hamirror_client *client,
                                    const hamirror_request *request)
{
    hamirror_batch *batch = batch_of(client, "silent", request, 2);
    hamirror_waker *waker = hamirror_waker_new(batch);
    int32_t fd = hamirror_batch_fd(batch);
    size_t pending;
    bool done;
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_join(batch, 0, &done, &error));
    OK(hamirror_batch_run(batch, &error));
    refuses_meanwhile(batch, request);
    CHECK(hamirror_batch_fd(batch) == fd);
    OK(hamirror_batch_join(batch, 1, &done, &error));
    OK(hamirror_batch_pending(batch, &pending, &error));
    CHECK(!done && pending == 2);
    OK(hamirror_batch_run(batch, &error));
    OK(hamirror_waker_wake(waker, &error));
    OK(hamirror_batch_join(batch, -1, &done, &error));
    CHECK(!done);
    OK(hamirror_batch_run(batch, &error));
    hamirror_batch_free(batch);
    OK(hamirror_waker_wake(waker, &error));
    hamirror_waker_free(waker);
}

/* What a callback on the thread of the library saw. */
struct witness {
    pthread_t program;
    hamirror_batch *batch;
    bool was_elsewhere;
};

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    (void)user_data;
    (void)target;
    OK(hamirror_body_append(body, (const uint8_t *)BODY, strlen(BODY), &error));
    return 0;
}

/* The program may be in the join meanwhile, or not yet. */
static void expect_refusal(int32_t code)
{
    CHECK(code == HAMIRROR_ERROR_MISUSE || code == HAMIRROR_ERROR_REENTRANT);
}

static int32_t judge(void *user_data, const hamirror_reply *reply, hamirror_verdict *verdict)
{
    struct witness *witness = user_data;
    (void)reply;
    (void)verdict;
    witness->was_elsewhere = !pthread_equal(pthread_self(), witness->program);
    expect_refusal(hamirror_batch_drive(witness->batch, NULL));
    expect_refusal(hamirror_batch_join(witness->batch, -1, NULL, NULL));
    return OWN_CODE;
}

static void calls_back_on_its_thread(const hamirror_client *client)
{
    struct witness witness = {pthread_self(), NULL, false};
    hamirror_request *request;
    hamirror_reply *reply;
    hamirror_error *failed;
    OK(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, build, judge,
                                           &witness, NULL, &request, &error));
    OK(hamirror_batch_new(client, &witness.batch, &error));
    OK(hamirror_batch_add_agent(witness.batch, "pair", 0, request, NULL, &(uint32_t){0}, &error));
    hamirror_request_free(request);
    OK(hamirror_batch_run(witness.batch, &error));
    OK(hamirror_batch_join(witness.batch, -1, NULL, &error));
    CHECK(witness.was_elsewhere);
    CHECK(hamirror_batch_take_reply(witness.batch, 0, &reply, &failed)
          == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(failed) == OWN_CODE);
    hamirror_error_free(failed);
    hamirror_batch_free(witness.batch);
}

int main(int count, char **arguments)
{
    unsigned port;
    int listener = listen_somewhere(&port);
    hamirror_client *client;
    hamirror_request *request;
    CHECK(count == 2);
    client = client_of(port, arguments[1]);
    OK(hamirror_request_new(99, 0x100, HAMIRROR_ACCESS_READ, (const uint8_t *)BODY, strlen(BODY),
                            &request, &error));
    fails_over(client, request, arguments[1]);
    keeps_a_deadline(client, request);
    is_given_back_and_freed(client, request);
    calls_back_on_its_thread(client);
    hamirror_request_free(request);
    hamirror_client_free(client);
    close(listener);
    return 0;
}
