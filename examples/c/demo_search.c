/* Prints the answer to one search: the C third of `cargo demo`. */
#include <hamirror.h>
#include <inttypes.h>
#include <stdio.h>

static int search(const char *path, const char *index, const char *query,
                  hamirror_result **result, hamirror_error **error)
{
    hamirror_config *config = NULL;
    hamirror_client *client = NULL;
    hamirror_search *search = NULL;
    int32_t code = hamirror_config_read(path, &config, error);
    if (code == HAMIRROR_OK)
        code = hamirror_client_new(config, NULL, &client, error);
    if (code == HAMIRROR_OK)
        code = hamirror_search_new(query, &search, error);
    if (code == HAMIRROR_OK)
        code = hamirror_search_select(search, "name", error);
    if (code == HAMIRROR_OK)
        code = hamirror_search_window(search, 0, 10, error);
    if (code == HAMIRROR_OK)
        code = hamirror_client_search(client, index, search, NULL, result, error);
    hamirror_search_free(search);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return code;
}

static int print(const hamirror_result *result, hamirror_error **error)
{
    hamirror_text warning = hamirror_result_warning(result);
    size_t column, row;
    int32_t code = hamirror_result_find_column(result, "name", &column, error);
    if (code != HAMIRROR_OK)
        return code;
    if (warning.len > 0)
        fprintf(stderr, "warning: %.*s\n", (int)warning.len, warning.data);
    printf("total %" PRIu64 " found %" PRIu64 " agents %zu/%zu\n",
           hamirror_result_total(result), hamirror_result_total_found(result),
           hamirror_result_agents_answered(result), hamirror_result_agents(result));
    for (row = 0; row < hamirror_result_row_count(result); row++) {
        hamirror_text name;
        code = hamirror_result_string(result, row, column, &name, error);
        if (code != HAMIRROR_OK)
            return code;
        printf("%" PRIu64 " %" PRId32 " ", hamirror_result_id(result, row),
               hamirror_result_weight(result, row));
        fwrite(name.data, 1, name.len, stdout);
        putchar('\n');
    }
    return HAMIRROR_OK;
}

int main(int count, char **arguments)
{
    hamirror_result *result = NULL;
    hamirror_error *error = NULL;
    int32_t code;
    if (count != 4) {
        fprintf(stderr, "usage: %s CONF INDEX QUERY\n", count > 0 ? arguments[0] : "demo_search");
        return 2;
    }
    code = search(arguments[1], arguments[2], arguments[3], &result, &error);
    if (code == HAMIRROR_OK)
        code = print(result, &error);
    if (code != HAMIRROR_OK) {
        hamirror_text message = hamirror_error_message(error);
        fprintf(stderr, "error: %.*s\n", (int)message.len, message.data);
    }
    hamirror_error_free(error);
    hamirror_result_free(result);
    return code == HAMIRROR_OK ? 0 : 1;
}
