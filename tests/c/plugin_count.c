/* A plugin over the library, for plugin_host.c: how many documents match a query. */
#include <hamirror.h>
#include <stddef.h>

const char *plugin_version(void);
int plugin_count(const char *config, const char *index, const char *query, uint64_t *found);

const char *plugin_version(void)
{
    return hamirror_version();
}

/* 0, or the code of what went wrong. */
int plugin_count(const char *path, const char *index, const char *query, uint64_t *found)
{
    hamirror_config *config = NULL;
    hamirror_client *client = NULL;
    hamirror_search *search = NULL;
    hamirror_result *result = NULL;
    int32_t code = hamirror_config_read(path, &config, NULL);
    if (code == HAMIRROR_OK)
        code = hamirror_client_new(config, NULL, &client, NULL);
    if (code == HAMIRROR_OK)
        code = hamirror_search_new(query, &search, NULL);
    if (code == HAMIRROR_OK)
        code = hamirror_client_search(client, index, search, NULL, &result, NULL);
    if (code == HAMIRROR_OK)
        *found = hamirror_result_total_found(result);
    hamirror_result_free(result);
    hamirror_search_free(search);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return code;
}
