/* Two agents of three answer: the result says so, or there is none, as the caller wishes. */
#include "check.h"

static int32_t search_with(const hamirror_client *client, const char *index, int32_t completeness,
                           int32_t percent, hamirror_result **result, hamirror_error **error)
{
    hamirror_call_options options;
    hamirror_search *search = search_for("library");
    int32_t code;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.completeness = completeness;
    options.completeness_percent = percent;
    code = hamirror_client_search(client, index, search, &options, result, error);
    hamirror_search_free(search);
    return code;
}

static void check_failure(const hamirror_failure *failure)
{
    const hamirror_attempt *attempt = hamirror_failure_attempt(failure, 0);
    CHECK(hamirror_failure_agent(failure) == 2);
    CHECK(hamirror_attempt_kind(attempt) == HAMIRROR_FAILURE_CONNECT_FAILURE);
    CHECK(text_is(hamirror_attempt_host(attempt), "127.0.0.1:1"));
}

static void check_short(const hamirror_client *client, const char *index, int32_t completeness,
                        int32_t percent)
{
    hamirror_result *result;
    OK(search_with(client, index, completeness, percent, &result, &error));
    CHECK(hamirror_result_agents(result) == 3 && hamirror_result_agents_answered(result) == 2);
    CHECK(text_contains(hamirror_result_warning(result), "127.0.0.1:1"));
    CHECK(hamirror_result_row_count(result) > 0 && hamirror_result_failure_count(result) == 1);
    check_failure(hamirror_result_failure(result, 0));
    CHECK(hamirror_result_failure(result, 1) == NULL);
    hamirror_result_free(result);
}

static void check_refused(const hamirror_client *client, const char *index, int32_t completeness,
                          int32_t percent)
{
    hamirror_result *result;
    hamirror_error *error;
    CHECK(search_with(client, index, completeness, percent, &result, &error)
          == HAMIRROR_ERROR_UNANSWERED);
    CHECK(result == NULL && hamirror_error_failure_count(error) == 1);
    CHECK(hamirror_error_agents(error) == 3 && hamirror_error_agents_answered(error) == 2);
    check_failure(hamirror_error_failure(error, 0));
    hamirror_error_free(error);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    check_short(client, arguments[2], HAMIRROR_COMPLETENESS_BEST_EFFORT, 0);
    check_short(client, arguments[2], HAMIRROR_COMPLETENESS_AT_LEAST, 66);
    check_refused(client, arguments[2], HAMIRROR_COMPLETENESS_AT_LEAST, 67);
    check_refused(client, arguments[2], HAMIRROR_COMPLETENESS_ALL, 0);
    hamirror_client_free(client);
    return 0;
}
