/* A batch that one thread waits in: others are refused, a waker ends the wait, a call is taken
 * back. The agent is a socket that listens and never answers. */
#define _POSIX_C_SOURCE 200809L
#include "listener.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static hamirror_client *client_of_port(unsigned port)
{
    char text[200];
    hamirror_config *config;
    hamirror_client *client;
    snprintf(text, sizeof text,
             "index dist\n{\n type = distributed\n agent = 127.0.0.1:%u:shard\n"
             " agent_connect_timeout = 600s\n agent_query_timeout = 600s\n}\n",
             port);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    return client;
}

static void *wait_for_ever(void *batch)
{
    bool done = true;
    int32_t code;
    /* The other thread may have the batch for a moment. */
    do
        code = hamirror_batch_wait_all(batch, -1, &done, NULL);
    while (code == HAMIRROR_ERROR_REENTRANT);
    CHECK(code == HAMIRROR_OK && !done);
    return NULL;
}

static void wait_and_wake(hamirror_batch *batch)
{
    hamirror_waker *waker = hamirror_waker_new(batch);
    pthread_t thread;
    size_t pending = 77;
    CHECK(pthread_create(&thread, NULL, wait_for_ever, batch) == 0);
    while (hamirror_batch_pending(batch, &pending, NULL) == HAMIRROR_OK) {
        CHECK(pending == 1);
        sched_yield();
    }
    EXPECT(HAMIRROR_ERROR_REENTRANT, hamirror_batch_drive(batch, &error));
    OK(hamirror_waker_wake(waker, &error));
    CHECK(pthread_join(thread, NULL) == 0);
    hamirror_waker_free(waker);
}

static void take_back(hamirror_batch *batch, uint32_t call)
{
    uint32_t ended;
    bool done;
    const hamirror_reply *reply;
    hamirror_reply *taken;
    hamirror_error *failed;
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_reply(batch, call, &reply, &error));
    OK(hamirror_batch_wait_any(batch, 0, &ended, &error));
    CHECK(ended == HAMIRROR_NO_CALL && hamirror_batch_timeout_ms(batch) >= 0);
    OK(hamirror_batch_cancel(batch, call, &error));
    OK(hamirror_batch_wait_all(batch, -1, &done, &error));
    CHECK(done && hamirror_batch_timeout_ms(batch) == -1);
    CHECK(hamirror_batch_take_reply(batch, call, &taken, &failed) == HAMIRROR_ERROR_UNANSWERED);
    CHECK(hamirror_failure_is_cancelled(hamirror_error_failure(failed, 0)));
    hamirror_error_free(failed);
}

static void time_is_up(hamirror_batch *batch, const hamirror_request *request)
{
    hamirror_call_options options;
    hamirror_reply *reply;
    hamirror_error *failed;
    uint32_t call, ended;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 20;
    OK(hamirror_batch_add_agent(batch, "dist", 0, request, &options, &call, &error));
    do
        OK(hamirror_batch_wait_any(batch, -1, &ended, &error));
    while (ended != call);
    CHECK(hamirror_batch_take_reply(batch, call, &reply, &failed) == HAMIRROR_ERROR_UNANSWERED);
    CHECK(reply == NULL && hamirror_error_is_timeout(failed));
    CHECK(hamirror_failure_is_timeout(hamirror_error_failure(failed, 0)));
    hamirror_error_free(failed);
}

int main(void)
{
    unsigned port;
    int listener = listen_somewhere(&port);
    hamirror_client *client = client_of_port(port);
    hamirror_batch *batch;
    hamirror_request *request;
    uint32_t call;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, (const uint8_t *)"ping", 4, &request,
                            &error));
    OK(hamirror_batch_add_agent(batch, "dist", 0, request, NULL, &call, &error));
    wait_and_wake(batch);
    take_back(batch, call);
    time_is_up(batch, request);
    /* One that still runs when all ends. */
    OK(hamirror_batch_add_agent(batch, "dist", 0, request, NULL, &call, &error));
    hamirror_request_free(request);
    hamirror_client_free(client);
    hamirror_batch_free(batch);
    close(listener);
    return 0;
}
