#include <hamirror.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static hamirror_error *error;

static void check(int32_t code)
{
    if (code != HAMIRROR_OK) {
        hamirror_text message = hamirror_error_message(error);
        fprintf(stderr, "%.*s\n", (int)message.len, message.data);
        exit(1);
    }
}

int main(void)
{
    hamirror_config *config;
    hamirror_client *client;
    hamirror_search *search;
    hamirror_result *result;

    check(hamirror_config_read("sphinx.conf", &config, &error));
    check(hamirror_client_new(config, NULL, &client, &error));
    check(hamirror_search_new("library", &search, &error));
    check(hamirror_client_search(client, "packages", search, NULL, &result, &error));

    for (size_t row = 0; row < hamirror_result_row_count(result); row++)
        printf("%" PRIu64 " %" PRId32 "\n", hamirror_result_id(result, row),
               hamirror_result_weight(result, row));

    hamirror_result_free(result);
    hamirror_search_free(search);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return 0;
}
