/* A program of a later version, whose structures and table are longer than those of the library
 * that it runs with: what it leaves unset is no matter, what it sets is refused. */
#include "hamirror.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
    }
}

#define CHECK(condition) check(condition, #condition)

int main(int count, char **arguments)
{
    const hamirror_api_v0 *api = hamirror_api(HAMIRROR_API_VERSION);
    hamirror_client_options client_options;
    hamirror_call_options options;
    hamirror_config *config;
    hamirror_client *client;
    hamirror_search *search;
    hamirror_result *result;
    CHECK(count == 3 && hamirror_version_number() < HAMIRROR_VERSION_MINOR << 8);
    CHECK(api->struct_size <= offsetof(hamirror_api_v0, newer));

    CHECK(hamirror_config_read(arguments[1], &config, NULL) == HAMIRROR_OK);
    CHECK(hamirror_client_options_init(&client_options, sizeof client_options) == HAMIRROR_OK);
    client_options.newer = 1;
    CHECK(hamirror_client_new(config, &client_options, &client, NULL)
          == HAMIRROR_ERROR_ARGUMENT);
    client_options.newer = 0;
    CHECK(hamirror_client_new(config, &client_options, &client, NULL) == HAMIRROR_OK);
    hamirror_config_free(config);

    CHECK(hamirror_search_new("library", &search, NULL) == HAMIRROR_OK);
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.newer = 1;
    CHECK(hamirror_client_search(client, arguments[2], search, &options, &result, NULL)
          == HAMIRROR_ERROR_ARGUMENT);
    options.newer = 0;
    CHECK(hamirror_client_search(client, arguments[2], search, &options, &result, NULL)
          == HAMIRROR_OK);
    printf("%u %u\n", (unsigned)hamirror_result_total_found(result),
           (unsigned)hamirror_result_row_count(result));
    hamirror_result_free(result);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return 0;
}
