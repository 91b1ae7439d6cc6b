/* A plugin for searchd: the function remote_found('CONFIG', 'INDEX', 'QUERY') asks the agents of
 * a distributed index from inside a query. searchd loads it with dlopen, and calls it a row at a
 * time from several threads; they share one client, made by the first, whose CONFIG is the only
 * one from then on. */
#include <hamirror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The layout of searchd's sphinxudf.h, version 8. */
struct udf_args {
    int count;
    int *types;
    char **values;
    char **names;
    int *lengths;
    void *(*allocate)(int);
};
enum { UDF_VERSION = 8, UDF_STRING = 5, MESSAGE_LEN = 256, FAILED = -1 };

int plugin_ver(void);
int remote_found_init(void *init, struct udf_args *arguments, char *message);
long long remote_found(void *init, struct udf_args *arguments, char *error_flag);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hamirror_client *client;
static char client_path[4096];

int plugin_ver(void)
{
    return UDF_VERSION;
}

int remote_found_init(void *init, struct udf_args *arguments, char *message)
{
    int place, wrong = arguments->count != 3;
    (void)init;
    for (place = 0; place < arguments->count; place++)
        wrong |= arguments->types[place] != UDF_STRING;
    if (wrong)
        strncpy(message, "remote_found() takes three strings", MESSAGE_LEN - 1);
    return wrong;
}

/* searchd's strings have a length and no NUL. */
static char *copy_of(const struct udf_args *arguments, int place)
{
    size_t len = (size_t)arguments->lengths[place];
    char *text = calloc(len + 1, 1);
    return text == NULL ? NULL : memcpy(text, arguments->values[place], len);
}

static const hamirror_client *shared_client(const char *path)
{
    const hamirror_client *shared;
    hamirror_config *config = NULL;
    if (path == NULL || strlen(path) >= sizeof client_path)
        return NULL;
    pthread_mutex_lock(&lock);
    if (client == NULL && hamirror_config_read(path, &config, NULL) == HAMIRROR_OK
        && hamirror_client_new(config, NULL, &client, NULL) == HAMIRROR_OK)
        strcpy(client_path, path);
    shared = strcmp(client_path, path) == 0 ? client : NULL;
    pthread_mutex_unlock(&lock);
    hamirror_config_free(config);
    return shared;
}

long long remote_found(void *init, struct udf_args *arguments, char *error_flag)
{
    char *path = copy_of(arguments, 0), *index = copy_of(arguments, 1);
    char *query = copy_of(arguments, 2);
    hamirror_search *search = NULL;
    hamirror_result *result = NULL;
    long long found = FAILED;
    (void)init;
    /* NULL on the way is an error of the next function, so one check at the end will do. */
    hamirror_search_new(query, &search, NULL);
    if (hamirror_client_search(shared_client(path), index, search, NULL, &result, NULL)
        == HAMIRROR_OK)
        found = (long long)hamirror_result_total_found(result);
    else
        *error_flag = 1;
    hamirror_result_free(result);
    hamirror_search_free(search);
    free(query);
    free(index);
    free(path);
    return found;
}

/* When searchd lets the plugin go. */
__attribute__((destructor)) static void close_client(void)
{
    hamirror_client_free(client);
}
