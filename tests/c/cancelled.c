/* A thread that is cancelled inside of a call: the call returns as it would have, and the thread
 * ends at its own next cancellation point. The argument is an agent that echoes. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <unistd.h>

static const char *echo;
static unsigned callbacks;

static void expect_state(int expected)
{
    int state;
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state) == 0 && state == expected);
    CHECK(pthread_setcancelstate(state, NULL) == 0);
}

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    (void)user_data, (void)target;
    callbacks++;
    pthread_testcancel();
    expect_state(PTHREAD_CANCEL_DISABLE);
    return hamirror_body_append(body, (const uint8_t *)"x", 1, NULL);
}

static void *live(void *is_disabled)
{
    hamirror_config *config;
    hamirror_client *client;
    hamirror_batch *batch;
    hamirror_request *request;
    hamirror_reply *reply;
    uint32_t call;
    char text[300];
    snprintf(text, sizeof text,
             "index d {\n type = distributed\n agent_persistent = %s|%s:i\n}\n", echo, echo);
    if (is_disabled != NULL)
        CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
    /* It is pending from here on. */
    CHECK(pthread_cancel(pthread_self()) == 0);
    CHECK(hamirror_config_read("/nosuch/file", &config, NULL) != HAMIRROR_OK);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    OK(hamirror_request_new_with_callbacks(99, 256, HAMIRROR_ACCESS_READ, build, NULL, NULL, NULL,
                                           &request, &error));
    OK(hamirror_client_call(client, "d", 0, request, NULL, &reply, &error));
    hamirror_reply_free(reply);
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    OK(hamirror_batch_drive(batch, &error));
    hamirror_batch_free(batch);
    hamirror_request_free(request);
    hamirror_client_free(client);
    hamirror_config_free(config);
    expect_state(is_disabled != NULL ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE);
    pthread_testcancel();
    return is_disabled;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    void *ended;
    CHECK(count == 2);
    echo = arguments[1];
    CHECK(pthread_create(&thread, NULL, live, NULL) == 0);
    CHECK(pthread_join(thread, &ended) == 0 && ended == PTHREAD_CANCELED);
    CHECK(callbacks > 1);
    CHECK(pthread_create(&thread, NULL, live, &callbacks) == 0);
    CHECK(pthread_join(thread, &ended) == 0 && ended == &callbacks);
    return 0;
}
