/* A program of version 0.1, which later versions of the library must run. It is compiled with the
 * header of that version and never changes. */
#include "hamirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
    }
}

#define CHECK(condition) check(condition, #condition)

static void check_table(void)
{
    const hamirror_api_v0 *api = hamirror_api(HAMIRROR_API_VERSION);
    CHECK(api != NULL && api->struct_size >= sizeof *api);
    CHECK(api->attempt_elapsed_us == hamirror_attempt_elapsed_us);
    CHECK(api->client_search == hamirror_client_search);
    CHECK(api->waker_wake == hamirror_waker_wake);
}

static hamirror_client *client_new(const char *path)
{
    hamirror_client_options options;
    hamirror_config *config;
    hamirror_client *client;
    CHECK(hamirror_config_read(path, &config, NULL) == HAMIRROR_OK);
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    CHECK(options.struct_size == sizeof options);
    options.no_background = 1;
    options.keep_connections = HAMIRROR_KEEP_ALWAYS;
    options.seed = 7;
    CHECK(hamirror_client_new(config, &options, &client, NULL) == HAMIRROR_OK);
    hamirror_config_free(config);
    return client;
}

static void search(const hamirror_client *client, const char *index)
{
    hamirror_call_options options;
    hamirror_search *search;
    hamirror_result *result;
    hamirror_error *error;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 60000;
    options.completeness = HAMIRROR_COMPLETENESS_AT_LEAST;
    options.completeness_percent = 100;
    CHECK(hamirror_search_new("library", &search, NULL) == HAMIRROR_OK);
    CHECK(hamirror_client_search(client, index, search, &options, &result, NULL) == HAMIRROR_OK);
    CHECK(hamirror_result_agents_answered(result) == 2);
    printf("%u %u\n", (unsigned)hamirror_result_total_found(result),
           (unsigned)hamirror_result_row_count(result));
    hamirror_result_free(result);
    options.completeness = 99;
    CHECK(hamirror_client_search(client, index, search, &options, &result, &error)
          == HAMIRROR_ERROR_ARGUMENT);
    CHECK(result == NULL && hamirror_error_code(error) == HAMIRROR_ERROR_ARGUMENT);
    hamirror_error_free(error);
    hamirror_search_free(search);
}

static void batch(const hamirror_client *client, const char *index)
{
    hamirror_batch *batch;
    hamirror_request *ping;
    uint32_t first, count, call;
    CHECK(hamirror_batch_new(client, &batch, NULL) == HAMIRROR_OK);
    CHECK(hamirror_request_new(9, 0x100, HAMIRROR_ACCESS_READ, (const uint8_t *)"ping", 4, &ping,
                               NULL) == HAMIRROR_OK);
    CHECK(hamirror_batch_add_index(batch, index, ping, NULL, &first, &count, NULL)
          == HAMIRROR_OK);
    for (call = first; call < first + count; call++) {
        uint32_t ended;
        CHECK(hamirror_batch_wait_any(batch, -1, &ended, NULL) == HAMIRROR_OK);
        CHECK(ended != HAMIRROR_NO_CALL);
    }
    for (call = first; call < first + count; call++) {
        hamirror_reply *reply;
        CHECK(hamirror_batch_take_reply(batch, call, &reply, NULL) == HAMIRROR_OK);
        CHECK(hamirror_reply_body_len(reply) == 4);
        CHECK(memcmp(hamirror_reply_body(reply), "ping", 4) == 0);
        hamirror_reply_free(reply);
    }
    hamirror_request_free(ping);
    hamirror_batch_free(batch);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    CHECK(count == 3);
    check_table();
    client = client_new(arguments[1]);
    search(client, arguments[2]);
    batch(client, arguments[2]);
    hamirror_client_free(client);
    printf("%s\n", hamirror_version());
    return 0;
}
