/* Wrong lengths, numbers, sizes, encodings and orders: an error or nothing, no crash. */
#define _GNU_SOURCE
#include "check.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static hamirror_client *client_of(const char *text)
{
    hamirror_config *config;
    hamirror_client *client;
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    return client;
}

/* Port 1 of this machine: nobody listens there, or nobody who speaks the protocol. */
#define AGENT "index dist\n{\n type = distributed\n agent = 127.0.0.1:1:shard\n}\n"

static void texts(void)
{
    hamirror_config *config;
    hamirror_search *search = search_for("any \xff bytes");
    hamirror_result *result;
    hamirror_error *failed;
    hamirror_client *client = client_of(AGENT);
    REFUSED(hamirror_config_parse("index \xff\n", "name", &config, &error));
    REFUSED(hamirror_config_parse("", "\xc3", &config, &error));
    CHECK(config == NULL);
    REFUSED(hamirror_client_search(client, "\xfe", search, NULL, &result, &error));
    REFUSED(hamirror_search_sort(search, HAMIRROR_SORT_EXTENDED, "\xff asc", &error));
    REFUSED(hamirror_search_sort(search, HAMIRROR_SORT_EXTENDED, NULL, &error));
    OK(hamirror_search_sort(search, HAMIRROR_SORT_RELEVANCE, NULL, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_search(client, "nosuch", search, NULL, &result, &error));
    OK(hamirror_search_sort(search, HAMIRROR_SORT_EXTENDED, " ", &error));
    CHECK(hamirror_client_search(client, "dist", search, NULL, &result, &failed)
          == HAMIRROR_ERROR_REQUEST);
    CHECK(text_contains(hamirror_error_message(failed), "says not by what: it needs a clause"));
    hamirror_error_free(failed);
    CHECK(result == NULL);
    hamirror_search_free(search);
    hamirror_client_free(client);
}

static void lengths(void)
{
    const uint8_t body[4] = {1, 2, 3, 4};
    const int64_t values[2] = {1, 2};
    hamirror_request *request;
    hamirror_search *search = search_for("");
    REFUSED(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, NULL, 4, &request, &error));
    REFUSED(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, body, SIZE_MAX, &request, &error));
    CHECK(request == NULL);
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, NULL, 0, &request, &error));
    hamirror_request_free(request);
    REFUSED(hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP, "id", NULL, 2, &error));
    REFUSED(hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP, "id", values,
                                          SIZE_MAX / 4, &error));
    OK(hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP, "id", values, 2, &error));
    hamirror_search_free(search);
}

static void numbers(void)
{
    static const int32_t strange[] = {-1, 10, 77, INT32_MAX, INT32_MIN};
    hamirror_search *search = search_for("");
    hamirror_request *request;
    size_t place;
    for (place = 0; place < sizeof strange / sizeof *strange; place++) {
        int32_t number = strange[place];
        REFUSED(hamirror_search_sort(search, number, "a", &error));
        REFUSED(hamirror_search_ranker(search, number, "1", &error));
        REFUSED(hamirror_search_match_mode(search, number, &error));
        REFUSED(hamirror_search_filter_range(search, number, "a", 1, 2, &error));
        REFUSED(hamirror_request_new(9, 256, number, NULL, 0, &request, &error));
    }
    REFUSED(hamirror_request_new(9, 256, 0, NULL, 0, &request, &error));
    hamirror_search_free(search);
}

/* A structure without _init has any number in its first place, and ends where it ends. */
static void garbage_sizes(void)
{
    enum { SIZES = 5000, OLDER_CALL_OPTIONS = 56 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    hamirror_client_options *client_options;
    hamirror_call_options *call_options;
    hamirror_search *search = search_for("");
    hamirror_client *client = client_of(AGENT), *made;
    hamirror_config *config;
    hamirror_result *result;
    uint32_t size;
    OK(hamirror_config_parse(AGENT, "test.conf", &config, &error));
    CHECK(end != MAP_FAILED && mprotect(end + page, page, PROT_NONE) == 0);
    client_options = (hamirror_client_options *)(end + page) - 1;
    call_options = (hamirror_call_options *)(end + page) - 1;
    for (size = 0; size < SIZES; size++) {
        client_options->struct_size = size;
        if (size != sizeof *client_options)
            REFUSED(hamirror_client_new(config, client_options, &made, &error));
        call_options->struct_size = size;
        if (size != sizeof *call_options && size != OLDER_CALL_OPTIONS)
            REFUSED(hamirror_client_search(client, "dist", search, call_options, &result, &error));
    }
    CHECK(munmap(end, 2 * page) == 0);
    hamirror_config_free(config);
    hamirror_search_free(search);
    hamirror_client_free(client);
}

static void client_options(void)
{
    struct {
        hamirror_client_options known;
        uint64_t tail;
    } newer;
    hamirror_client_options *options = &newer.known;
    hamirror_config *config;
    hamirror_client *client;
    OK(hamirror_config_parse(AGENT, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(options, 3) == HAMIRROR_ERROR_ARGUMENT);
    CHECK(hamirror_client_options_init(options, SIZE_MAX) == HAMIRROR_ERROR_ARGUMENT);
    CHECK(hamirror_client_options_init(options, sizeof newer) == HAMIRROR_OK);
    CHECK(newer.tail == 0);
    OK(hamirror_client_new(config, options, &client, &error));
    hamirror_client_free(client);
    newer.tail = 1;
    REFUSED(hamirror_client_new(config, options, &client, &error));
    newer.tail = 0;
    options->struct_size = 0;
    REFUSED(hamirror_client_new(config, options, &client, &error));
    options->struct_size = UINT32_MAX;
    REFUSED(hamirror_client_new(config, options, &client, &error));
    CHECK(hamirror_client_options_init(options, sizeof *options) == HAMIRROR_OK);
    options->keep_connections = 3;
    REFUSED(hamirror_client_new(config, options, &client, &error));
    options->keep_connections = HAMIRROR_KEEP_NEVER;
    options->no_failover = 2;
    REFUSED(hamirror_client_new(config, options, &client, &error));
    CHECK(client == NULL);
    hamirror_config_free(config);
}

static void refused_call(const hamirror_call_options *options)
{
    hamirror_client *client = client_of(AGENT);
    hamirror_search *search = search_for("");
    hamirror_result *result;
    REFUSED(hamirror_client_search(client, "dist", search, options, &result, &error));
    CHECK(result == NULL);
    hamirror_search_free(search);
    hamirror_client_free(client);
}

/* An explicit zero is a setting like any other. */
static void explicit_zeros(void)
{
    hamirror_client *client = client_of(AGENT);
    hamirror_search *search = search_for("");
    hamirror_call_options options;
    hamirror_result *result;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = HAMIRROR_NONE;
    options.connect_timeout_ms = HAMIRROR_NONE;
    options.query_timeout_ms = HAMIRROR_NONE;
    options.retry_count = HAMIRROR_NONE;
    options.retry_delay_ms = HAMIRROR_NONE;
    options.no_failover = 1;
    EXPECT(HAMIRROR_ERROR_UNANSWERED,
           hamirror_client_search(client, "dist", search, &options, &result, &error));
    hamirror_search_free(search);
    hamirror_client_free(client);
}

static void call_options(void)
{
    hamirror_call_options options;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = -2;
    refused_call(&options);
    options.deadline_ms = 0;
    options.retry_count = INT64_MAX;
    refused_call(&options);
    options.retry_count = 0;
    options.completeness = HAMIRROR_COMPLETENESS_AT_LEAST;
    refused_call(&options);
    options.completeness_percent = 101;
    refused_call(&options);
    options.completeness = HAMIRROR_COMPLETENESS_ALL;
    options.completeness_percent = 50;
    refused_call(&options);
    options.completeness = 3;
    refused_call(&options);
}

static void configuration_faults(void)
{
    hamirror_config *config;
    hamirror_error *error;
    const hamirror_diagnostic *fault;
    int32_t code = hamirror_config_parse(
        "index a\n{\n type = distributed\n agent = :\n agent = box:99999:a\n}\n", "bad.conf",
        &config, &error);
    CHECK(code == HAMIRROR_ERROR_CONFIG && config == NULL);
    CHECK(hamirror_error_diagnostic_count(error) == 2);
    fault = hamirror_error_diagnostic(error, 1);
    CHECK(text_is(hamirror_diagnostic_file(fault), "bad.conf"));
    CHECK(hamirror_diagnostic_line(fault) == 5 && hamirror_diagnostic_column(fault) > 1);
    CHECK(hamirror_diagnostic_text(fault).len > 0 && hamirror_diagnostic_expected(fault).len > 0);
    CHECK(text_contains(hamirror_diagnostic_message(fault), "bad.conf:5:"));
    CHECK(hamirror_error_diagnostic(error, 2) == NULL);
    hamirror_error_free(error);
    EXPECT(HAMIRROR_ERROR_SYSTEM, hamirror_config_read("/no/such/file", &config, &error));
}

static void builder(void)
{
    hamirror_config_builder *builder = hamirror_config_builder_new();
    hamirror_config *config;
    OK(hamirror_config_builder_set(builder, "dist", "agent", "127.0.0.1:1:shard", &error));
    OK(hamirror_config_builder_set(builder, "dist", "ha_strategy", "bogus", &error));
    EXPECT(HAMIRROR_ERROR_CONFIG, hamirror_config_builder_build(builder, &config, &error));
    OK(hamirror_config_builder_set(builder, "dist", "ha_strategy", "nodeads", &error));
    OK(hamirror_config_builder_build(builder, &config, &error));
    hamirror_config_builder_free(builder);
    CHECK(hamirror_config_index_count(config) == 1);
    CHECK(text_is(hamirror_config_index_name(config, 0), "dist"));
    CHECK(hamirror_config_agent_count(config, 0) == 1);
    CHECK(hamirror_config_agent_count(config, 1) == 0);
    CHECK(hamirror_config_mirror_count(config, 0, 0) == 1);
    CHECK(hamirror_config_mirror_count(config, 0, 1) == 0);
    CHECK(text_is(hamirror_config_mirror_host(config, 0, 0, 0), "127.0.0.1:1"));
    CHECK(text_is(hamirror_config_mirror_index_list(config, 0, 0, 0), "shard"));
    CHECK(text_is(hamirror_config_mirror_host(config, 0, 0, 1), ""));
    CHECK(text_is(hamirror_config_mirror_index_list(config, 0, 0, 1), ""));
    CHECK(text_is(hamirror_config_index_name(config, 1), ""));
    hamirror_config_free(config);
}

static void reload(void)
{
    hamirror_client *client = client_of(AGENT);
    hamirror_client *clone = hamirror_client_clone(client);
    hamirror_search *search = search_for("");
    hamirror_config *config;
    hamirror_result *result;
    OK(hamirror_config_parse("index other\n{\n type = distributed\n agent = 127.0.0.1:1:a\n}\n",
                             "other.conf", &config, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_search(clone, "other", search, NULL, &result, &error));
    OK(hamirror_client_reload(client, config, &error));
    hamirror_config_free(config);
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_search(clone, "dist", search, NULL, &result, &error));
    EXPECT(HAMIRROR_ERROR_UNANSWERED,
           hamirror_client_search(clone, "other", search, NULL, &result, &error));
    hamirror_search_free(search);
    hamirror_client_free(clone);
    hamirror_client_free(client);
}

/* Everything that a batch needs is freed before it. */
static void orders_of_free(void)
{
    hamirror_client *client = client_of(AGENT);
    hamirror_client *clone = hamirror_client_clone(client);
    hamirror_search *search = search_for("x");
    hamirror_request *request;
    hamirror_batch *batch;
    hamirror_waker *waker;
    hamirror_result *result;
    hamirror_reply *reply;
    uint32_t first, count, number;
    bool done;
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, (const uint8_t *)"ping", 4, &request,
                            &error));
    OK(hamirror_batch_new(client, &batch, &error));
    waker = hamirror_waker_new(batch);
    OK(hamirror_batch_add_index(batch, "dist", request, NULL, &first, &count, &error));
    OK(hamirror_batch_add_search(batch, "dist", search, NULL, &number, &error));
    hamirror_client_free(client);
    hamirror_request_free(request);
    hamirror_search_free(search);
    hamirror_client_free(clone);
    OK(hamirror_batch_wait_all(batch, -1, &done, &error));
    CHECK(done && first == 0 && count == 1 && number == 0);
    OK(hamirror_batch_asked(batch, 0, NULL, NULL, &error));
    EXPECT(HAMIRROR_ERROR_UNANSWERED, hamirror_batch_take_reply(batch, 0, &reply, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_reply(batch, 0, &reply, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_reply(batch, 99, &reply, &error));
    EXPECT(HAMIRROR_ERROR_UNANSWERED, hamirror_batch_take_search(batch, 0, &result, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_search(batch, 0, &result, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_take_search(batch, 99, &result, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_asked(batch, 99, NULL, NULL, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_batch_asked(batch, 0, NULL, NULL, &error));
    OK(hamirror_batch_cancel(batch, 99, &error));
    CHECK(reply == NULL && result == NULL);
    hamirror_batch_free(batch);
    OK(hamirror_waker_wake(waker, &error));
    hamirror_waker_free(waker);
}

static void failures_are_told(void)
{
    hamirror_client *client = client_of(AGENT);
    hamirror_search *search = search_for("x");
    hamirror_result *result;
    hamirror_error *error;
    const hamirror_failure *failure;
    const hamirror_attempt *attempt;
    int32_t code = hamirror_client_search(client, "dist", search, NULL, &result, &error);
    hamirror_search_free(search);
    hamirror_client_free(client);
    CHECK(code == HAMIRROR_ERROR_UNANSWERED && result == NULL);
    CHECK(hamirror_error_agents(error) == 1 && hamirror_error_agents_answered(error) == 0);
    CHECK(hamirror_error_failure_count(error) == 1 && hamirror_error_failure(error, 1) == NULL);
    CHECK(!hamirror_error_is_timeout(error) && !hamirror_error_is_query_error(error));
    failure = hamirror_error_failure(error, 0);
    CHECK(text_is(hamirror_failure_index(failure), "dist"));
    CHECK(hamirror_failure_agent(failure) == 0 && !hamirror_failure_is_cancelled(failure));
    CHECK(text_contains(hamirror_failure_message(failure), "127.0.0.1:1"));
    CHECK(hamirror_failure_attempt_count(failure) == 1);
    attempt = hamirror_failure_attempt(failure, 0);
    CHECK(text_is(hamirror_attempt_host(attempt), "127.0.0.1:1"));
    CHECK(hamirror_attempt_kind(attempt) == HAMIRROR_FAILURE_CONNECT_FAILURE);
    CHECK(hamirror_attempt_phase(attempt) == HAMIRROR_PHASE_CONNECT);
    CHECK(hamirror_attempt_message(attempt).len > 0);
    CHECK(hamirror_failure_attempt(failure, 1) == NULL);
    hamirror_error_free(error);
}

int main(void)
{
    texts();
    lengths();
    numbers();
    garbage_sizes();
    client_options();
    call_options();
    explicit_zeros();
    configuration_faults();
    builder();
    reload();
    orders_of_free();
    failures_are_told();
    return 0;
}
