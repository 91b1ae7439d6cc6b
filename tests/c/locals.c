/* Local indexes that the program searches: here, by asking the daemon that has them. The argument
 * is a configuration: the indexes `mixed` (one agent, one local index) and `whole` (two agents)
 * of the same documents, and `own`, whose agent has the local one. */
#include "check.h"

struct script {
    const hamirror_client *client;
    int32_t code;
    bool nonsense;
    bool silent;
    const char *failure;
    size_t asked;
};

static void answer(const hamirror_client *client, hamirror_local *local)
{
    hamirror_request *request;
    hamirror_reply *reply;
    OK(hamirror_request_new(0, 0x11f, HAMIRROR_ACCESS_READ, hamirror_local_request(local),
                            hamirror_local_request_len(local), &request, &error));
    OK(hamirror_client_call(client, "own", 0, request, NULL, &reply, &error));
    OK(hamirror_local_answer(local, hamirror_reply_version(reply), hamirror_reply_body(reply),
                             hamirror_reply_body_len(reply), &error));
    hamirror_reply_free(reply);
    hamirror_request_free(request);
}

static int32_t search_local(void *user_data, hamirror_local *local)
{
    struct script *script = user_data;
    script->asked++;
    CHECK(text_is(hamirror_local_name(local), "packages1"));
    REFUSED(hamirror_local_answer(local, 0x11f, NULL, 7, &error));
    REFUSED(hamirror_local_fail(local, NULL, &error));
    if (script->nonsense)
        OK(hamirror_local_answer(local, 0x11f, (const uint8_t *)"nonsense", 8, &error));
    else if (script->failure)
        OK(hamirror_local_fail(local, script->failure, &error));
    else if (!script->silent)
        answer(script->client, local);
    return script->code;
}

static void same_rows(const hamirror_result *one, const hamirror_result *other)
{
    size_t row;
    CHECK(text_is(hamirror_result_warning(one), "") && hamirror_result_row_count(one) > 0);
    CHECK(hamirror_result_total_found(one) == hamirror_result_total_found(other));
    CHECK(hamirror_result_row_count(one) == hamirror_result_row_count(other));
    for (row = 0; row < hamirror_result_row_count(one); row++) {
        CHECK(hamirror_result_id(one, row) == hamirror_result_id(other, row));
        CHECK(hamirror_result_weight(one, row) == hamirror_result_weight(other, row));
    }
}

static int32_t search_mixed(const hamirror_client *client, const hamirror_search *search,
                            struct script *script, hamirror_result **result,
                            hamirror_error **failed)
{
    hamirror_call_options options;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.completeness = script->silent ? HAMIRROR_COMPLETENESS_ALL : 0;
    script->client = client;
    *result = (hamirror_result *)result;
    return hamirror_client_search_with_locals(client, "mixed", search, &options, search_local,
                                              script, result, failed);
}

static int32_t search_without(const hamirror_client *client, const hamirror_search *search,
                              int32_t completeness, int32_t percent, hamirror_error **failed)
{
    hamirror_call_options options;
    hamirror_result *result;
    int32_t code;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.completeness = completeness;
    options.completeness_percent = percent;
    code = hamirror_client_search(client, "mixed", search, &options, &result, failed);
    hamirror_result_free(result);
    return code;
}

/* An index that nobody searched is missing from a result that must be complete. */
static void unsearched(const hamirror_client *client, const hamirror_search *search)
{
    hamirror_error *failed;
    CHECK(search_without(client, search, HAMIRROR_COMPLETENESS_ALL, 0, &failed)
          == HAMIRROR_ERROR_UNANSWERED);
    CHECK(text_contains(hamirror_error_message(failed), "local index packages1: not searched"));
    hamirror_error_free(failed);
    CHECK(search_without(client, search, HAMIRROR_COMPLETENESS_AT_LEAST, 51, NULL)
          == HAMIRROR_ERROR_UNANSWERED);
    OK(search_without(client, search, HAMIRROR_COMPLETENESS_AT_LEAST, 50, &error));
}

static void by_callback(const hamirror_client *client, const hamirror_search *search,
                        const hamirror_result *whole)
{
    struct script good = {0}, fails = {0}, ends = {0}, nonsense = {0}, silent = {0};
    hamirror_result *result;
    hamirror_error *failed;
    CHECK(search_mixed(client, search, &good, &result, NULL) == HAMIRROR_OK && good.asked == 1);
    same_rows(result, whole);
    hamirror_result_free(result);

    fails.failure = "the disk is gone";
    CHECK(search_mixed(client, search, &fails, &result, NULL) == HAMIRROR_OK);
    CHECK(text_contains(hamirror_result_warning(result), "the disk is gone"));
    CHECK(hamirror_result_failure_count(result) == 1);
    CHECK(text_is(hamirror_failure_local(hamirror_result_failure(result, 0)), "packages1"));
    hamirror_result_free(result);

    ends.code = 42;
    CHECK(search_mixed(client, search, &ends, &result, &failed) == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(failed) == 42 && result == NULL);
    hamirror_error_free(failed);

    nonsense.nonsense = true;
    CHECK(search_mixed(client, search, &nonsense, &result, NULL) == HAMIRROR_ERROR_REQUEST);
    silent.silent = true;
    CHECK(search_mixed(client, search, &silent, &result, &failed) == HAMIRROR_ERROR_UNANSWERED);
    CHECK(text_contains(hamirror_error_message(failed), "the program gave no answer"));
    hamirror_error_free(failed);
    REFUSED(hamirror_client_search_with_locals(client, "mixed", search, NULL, NULL, NULL, &result,
                                               &error));
}

static void misuse_of_locals(hamirror_batch *batch, hamirror_batch *other, uint32_t found)
{
    hamirror_local *local = (hamirror_local *)&local;
    size_t left = 77;
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_local_count(batch, 9, &left, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_take_local(batch, 9, 0, &local, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_take_local(batch, found, 1, &local, &error));
    CHECK(local == NULL && left == 77);
    OK(hamirror_batch_take_local(batch, found, 0, &local, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_add_local(batch, local, &error));
    OK(hamirror_local_answer(local, 0x11f, (const uint8_t *)"nonsense", 8, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_add_local(other, local, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST, hamirror_batch_add_local(batch, local, &error));
    hamirror_local_free(local);
}

static void by_batch(const hamirror_client *client, const hamirror_search *search,
                     const hamirror_result *whole)
{
    hamirror_batch *batch, *other;
    hamirror_local *local, *late;
    hamirror_result *result;
    uint32_t found, first, count, of;
    size_t left;
    bool sent;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_new(client, &other, &error));
    OK(hamirror_batch_add_search(batch, "mixed", search, NULL, &found, &error));
    OK(hamirror_batch_wait_sent(batch, -1, &sent, &error));
    OK(hamirror_batch_local_count(batch, found, &left, &error));
    CHECK(sent && left == 1);
    misuse_of_locals(batch, other, found);
    OK(hamirror_batch_take_local(batch, found, 0, &local, &error));
    answer(client, local);
    OK(hamirror_batch_add_local(batch, local, &error));
    hamirror_local_free(local);
    OK(hamirror_batch_local_count(batch, found, &left, &error));
    OK(hamirror_batch_search_calls(batch, found, &first, &count, &error));
    OK(hamirror_batch_search_of(batch, first, &of, &error));
    CHECK(left == 0 && count == 1 && of == found);
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    OK(hamirror_batch_take_search(batch, found, &result, &error));
    same_rows(result, whole);
    hamirror_result_free(result);
    OK(hamirror_batch_search_of(batch, first, &of, &error));
    CHECK(of == HAMIRROR_NO_SEARCH);
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_batch_search_calls(batch, found, &first, &count, &error));

    /* One that nobody searched is named; it may outlive everything. */
    OK(hamirror_batch_add_search(other, "mixed", search, NULL, &found, &error));
    OK(hamirror_batch_take_local(other, found, 0, &late, &error));
    OK(hamirror_batch_wait_all(other, -1, NULL, &error));
    OK(hamirror_batch_take_search(other, found, &result, &error));
    CHECK(text_contains(hamirror_result_warning(result), "local index packages1 not searched"));
    hamirror_result_free(result);
    answer(client, late);
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_add_local(other, late, &error));
    hamirror_batch_free(other);
    hamirror_batch_free(batch);
    hamirror_local_free(late);
}

int main(int count, char **arguments)
{
    hamirror_search *search = search_for("library");
    hamirror_client *client;
    hamirror_result *whole;
    CHECK(count == 2);
    client = client_of_file(arguments[1]);
    OK(hamirror_client_search(client, "whole", search, NULL, &whole, &error));
    by_callback(client, search, whole);
    by_batch(client, search, whole);
    unsearched(client, search);
    hamirror_result_free(whole);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return 0;
}
