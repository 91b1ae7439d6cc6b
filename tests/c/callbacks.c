/* Requests that the program builds and judges itself, mirror by mirror, and callbacks that
 * misbehave. The arguments are two daemons that answer with the request's own body. */
#include "check.h"

/* What the callbacks do, and what they saw. */
struct script {
    int32_t build_code;
    uint32_t build_code_from;
    int32_t judge_code;
    int32_t verdict;
    const char *text;
    /* Not 0: the text is handed over as bytes. */
    size_t text_len;
    size_t verdicts;
    const char *fixed;
    hamirror_request *free_in_build;
    hamirror_batch *batch;
    size_t builds;
    size_t judged;
    size_t dropped;
    uint32_t attempts;
};

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    struct script *script = user_data;
    hamirror_text host = hamirror_target_host(target);
    hamirror_text list = hamirror_target_index_list(target);
    script->builds++;
    hamirror_request_free(script->free_in_build);
    script->free_in_build = NULL;
    CHECK(text_is(list, "shard"));
    if (script->build_code && hamirror_target_attempt(target) >= script->build_code_from)
        return script->build_code;
    if (script->fixed) {
        OK(hamirror_body_append(body, (const uint8_t *)script->fixed, strlen(script->fixed),
                                &error));
        return 0;
    }
    OK(hamirror_body_append(body, (const uint8_t *)host.data, host.len, &error));
    OK(hamirror_body_append(body, (const uint8_t *)"/", 1, &error));
    OK(hamirror_body_append(body, NULL, 0, &error));
    REFUSED(hamirror_body_append(body, NULL, 3, &error));
    OK(hamirror_body_append(body, (const uint8_t *)list.data, list.len, &error));
    return 0;
}

static void enter_again(hamirror_batch *batch)
{
    size_t pending = 77;
    uint32_t call = 77;
    hamirror_waker *waker;
    EXPECT(HAMIRROR_ERROR_REENTRANT, hamirror_batch_drive(batch, &error));
    EXPECT(HAMIRROR_ERROR_REENTRANT, hamirror_batch_pending(batch, &pending, &error));
    EXPECT(HAMIRROR_ERROR_REENTRANT, hamirror_batch_next_completion(batch, &call, &error));
    EXPECT(HAMIRROR_ERROR_REENTRANT, hamirror_batch_cancel(batch, 0, &error));
    CHECK(hamirror_batch_timeout_ms(batch) == 0 && hamirror_batch_fd(batch) >= 0);
    CHECK(pending == 77 && call == 77);
    waker = hamirror_waker_new(batch);
    hamirror_waker_free(waker);
}

static int32_t judge(void *user_data, const hamirror_reply *reply, hamirror_verdict *verdict)
{
    struct script *script = user_data;
    size_t number = script->judged++;
    CHECK(hamirror_reply_status(reply) == HAMIRROR_REPLY_OK);
    CHECK(hamirror_reply_version(reply) == 0x100 && hamirror_reply_body_len(reply) > 0);
    if (script->batch)
        enter_again(script->batch);
    REFUSED(hamirror_verdict_set(verdict, 77, "nonsense", &error));
    REFUSED(hamirror_verdict_set(verdict, HAMIRROR_VERDICT_MALFORMED, NULL, &error));
    REFUSED(hamirror_verdict_set(verdict, HAMIRROR_VERDICT_REFUSED, "\xff", &error));
    REFUSED(hamirror_verdict_set_bytes(verdict, 77, "nonsense", 8, &error));
    REFUSED(hamirror_verdict_set_bytes(verdict, HAMIRROR_VERDICT_REFUSED, NULL, 3, &error));
    if (number < script->verdicts)
        OK(script->text_len > 0
               ? hamirror_verdict_set_bytes(verdict, script->verdict, script->text,
                                            script->text_len, &error)
               : hamirror_verdict_set(verdict, script->verdict, script->text, &error));
    return script->judge_code;
}

static void count_drop(void *user_data)
{
    ((struct script *)user_data)->dropped++;
}

static hamirror_client *client_of(const char *one, const char *other)
{
    char text[300];
    hamirror_config *config;
    hamirror_client *client;
    hamirror_client_options options;
    snprintf(text, sizeof text,
             "searchd {\n ha_ping_interval = 0\n}\nindex d\n{\n type = distributed\n"
             " ha_strategy = roundrobin\n agent = %s|%s:shard\n"
             " agent_connect_timeout = 60s\n agent_query_timeout = 60s\n}\n",
             one, other);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = 1;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

static hamirror_request *request_of(struct script *script)
{
    hamirror_request *request;
    OK(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, build, judge, script,
                                           count_drop, &request, &error));
    return request;
}

/* The sum of a counter over both hosts. */
static uint64_t counted(const hamirror_client *client, int32_t counter)
{
    hamirror_status *status;
    uint64_t sum = 0;
    size_t host;
    OK(hamirror_status_new(client, &status, &error));
    for (host = 0; host < hamirror_status_host_count(status); host++)
        sum += hamirror_host_counter(hamirror_status_host(status, host),
                                     HAMIRROR_WINDOW_SINCE_START, counter);
    hamirror_status_free(status);
    return sum;
}

/* Asks once with these callbacks: the code, and the error if it is wanted. */
static int32_t ask(const hamirror_client *client, struct script *script, hamirror_error **failed)
{
    hamirror_request *request = request_of(script);
    hamirror_reply *reply = (hamirror_reply *)&reply;
    int32_t code = hamirror_client_call(client, "d", 0, request, NULL, &reply, failed);
    CHECK((code == HAMIRROR_OK) == (reply != NULL));
    script->attempts = hamirror_reply_attempts(reply);
    CHECK(hamirror_reply_elapsed_us(reply) < 60000000);
    hamirror_reply_free(reply);
    CHECK(script->dropped == 0);
    hamirror_request_free(request);
    CHECK(script->dropped == 1);
    return code;
}

static void each_mirror_has_its_body(const hamirror_client *client)
{
    struct script script = {0};
    hamirror_request *request = request_of(&script);
    hamirror_batch *batch;
    int round;
    OK(hamirror_batch_new(client, &batch, &error));
    for (round = 0; round < 4; round++) {
        uint32_t first, count;
        hamirror_text host;
        hamirror_reply *reply;
        char expected[100];
        OK(hamirror_batch_add_index(batch, "d", request, NULL, &first, &count, &error));
        OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
        OK(hamirror_batch_asked(batch, first, NULL, &host, &error));
        CHECK(host.len > 0 && count == 1);
        snprintf(expected, sizeof expected, "%.*s/shard", (int)host.len, host.data);
        OK(hamirror_batch_take_reply(batch, first, &reply, &error));
        CHECK(hamirror_reply_body_len(reply) == strlen(expected));
        CHECK(memcmp(hamirror_reply_body(reply), expected, strlen(expected)) == 0);
        hamirror_reply_free(reply);
    }
    /* Each was tried on its agent when it was added, and then sent. */
    CHECK(script.builds == 8 && script.judged == 4);
    hamirror_request_free(request);
    hamirror_batch_free(batch);
    CHECK(script.dropped == 1);
}

static void verdicts_are_heeded(const hamirror_client *client)
{
    struct script warned = {0}, malformed = {0}, refused = {0}, refused_once = {0};
    hamirror_error *failed;
    warned.verdict = HAMIRROR_VERDICT_WARNED;
    warned.verdicts = 1;
    CHECK(ask(client, &warned, NULL) == HAMIRROR_OK);
    CHECK(counted(client, HAMIRROR_COUNTER_WARNINGS) == 1);

    malformed.verdict = HAMIRROR_VERDICT_MALFORMED;
    malformed.text = "not what was asked for";
    malformed.verdicts = 1;
    CHECK(ask(client, &malformed, NULL) == HAMIRROR_OK && malformed.judged == 2);
    CHECK(warned.attempts >= 1 && malformed.attempts >= 2);
    CHECK(counted(client, HAMIRROR_COUNTER_WRONG_REPLIES) == 1);

    refused.verdict = refused_once.verdict = HAMIRROR_VERDICT_REFUSED;
    refused.text = refused_once.text = "no such field";
    refused.verdicts = 2;
    refused_once.verdicts = 1;
    CHECK(ask(client, &refused_once, NULL) == HAMIRROR_OK && refused_once.judged == 2);
    CHECK(ask(client, &refused, &failed) == HAMIRROR_ERROR_UNANSWERED && refused.judged == 2);
    CHECK(hamirror_error_is_query_error(failed) && hamirror_error_callback_code(failed) == 0);
    CHECK(text_is(hamirror_failure_query_error(hamirror_error_failure(failed, 0)),
                  "no such field"));
    hamirror_error_free(failed);

    refused.text = "no field '\xe9'";
    refused.text_len = strlen(refused.text);
    refused.judged = 0;
    refused.dropped = 0;
    CHECK(ask(client, &refused, &failed) == HAMIRROR_ERROR_UNANSWERED && refused.judged == 2);
    CHECK(text_is(hamirror_failure_query_error(hamirror_error_failure(failed, 0)),
                  "no field '\xef\xbf\xbd'"));
    hamirror_error_free(failed);
}

static void own_failures_pass_through(const hamirror_client *client)
{
    struct script judge_fails = {0}, build_fails = {0}, later = {0};
    uint64_t wrong = counted(client, HAMIRROR_COUNTER_WRONG_REPLIES);
    uint64_t remote = counted(client, HAMIRROR_COUNTER_REMOTE_ERRORS);
    hamirror_error *failed;
    judge_fails.judge_code = 77;
    CHECK(ask(client, &judge_fails, &failed) == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(failed) == 77 && judge_fails.judged == 1);
    CHECK(text_contains(hamirror_error_message(failed), "the callback returned 77"));
    CHECK(!hamirror_error_is_query_error(failed) && !hamirror_error_is_timeout(failed));
    hamirror_error_free(failed);

    build_fails.build_code = INT32_MIN;
    CHECK(ask(client, &build_fails, &failed) == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(failed) == INT32_MIN && build_fails.builds == 1);
    hamirror_error_free(failed);
    CHECK(counted(client, HAMIRROR_COUNTER_WRONG_REPLIES) == wrong);
    CHECK(counted(client, HAMIRROR_COUNTER_REMOTE_ERRORS) == remote);

    /* The second attempt can't be built. */
    later.build_code = -9;
    later.build_code_from = 1;
    later.verdict = HAMIRROR_VERDICT_MALFORMED;
    later.text = "once more";
    later.verdicts = 1;
    CHECK(ask(client, &later, &failed) == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(failed) == -9 && later.judged == 1);
    hamirror_error_free(failed);
}

static void misbehaviour_is_an_error(const hamirror_client *client)
{
    struct script script = {0}, unmade = {0}, deadly = {0};
    hamirror_batch *batch;
    hamirror_request *request;
    uint32_t call;
    OK(hamirror_batch_new(client, &batch, &error));
    /* It uses its batch again, and frees the very request that it builds. */
    script.batch = batch;
    script.free_in_build = request = request_of(&script);
    OK(hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    CHECK(script.judged == 1 && script.free_in_build == NULL);
    hamirror_batch_free(batch);
    CHECK(script.dropped == 1);

    request = (hamirror_request *)&request;
    REFUSED(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, NULL, judge,
                                                &unmade, count_drop, &request, &error));
    CHECK(unmade.dropped == 1 && request == NULL);
    REFUSED(hamirror_request_new_with_callbacks(99, 0x100, 77, build, NULL, &unmade, count_drop,
                                                &request, &error));
    CHECK(unmade.dropped == 2 && unmade.builds == 0);

    /* A body that daemons would read across its end is not sent. */
    deadly.fixed = "xy";
    OK(hamirror_request_new_with_callbacks(9, 0x100, HAMIRROR_ACCESS_READ, build, NULL, &deadly,
                                           NULL, &request, &error));
    OK(hamirror_batch_new(client, &batch, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
    hamirror_batch_free(batch);
    hamirror_request_free(request);
    CHECK(deadly.dropped == 0 && deadly.builds == 1);
}

/* The user data lives as long as a call that may need it. */
static void calls_keep_what_they_need(const hamirror_client *client)
{
    struct script script = {0};
    hamirror_request *request = request_of(&script);
    hamirror_batch *batch;
    uint32_t call;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
    hamirror_request_free(request);
    CHECK(script.dropped == 0);
    hamirror_batch_free(batch);
    CHECK(script.dropped == 1);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    CHECK(count == 3);
    client = client_of(arguments[1], arguments[2]);
    each_mirror_has_its_body(client);
    verdicts_are_heeded(client);
    own_failures_pass_through(client);
    misbehaviour_is_an_error(client);
    calls_keep_what_they_need(client);
    hamirror_client_free(client);
    return 0;
}
