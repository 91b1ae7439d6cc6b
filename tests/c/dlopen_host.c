/* A host that loads the library at run time, over and over: it finds all functions behind one
 * symbol, asks from several threads, unloads the library while a batch is under way, and is
 * afterwards what it was before. */
#define _GNU_SOURCE
#include "guest.h"

#include <dlfcn.h>
#include <hamirror.h>
#include <pthread.h>
#include <stddef.h>

enum { THREADS = 4, SEARCHES = 3 };

static const hamirror_api_v0 *api;
static const hamirror_client *shared;
static const char *config_path, *index_name;
static size_t environment_reads;

/* In place of the C library's, for whatever is loaded later. */
char *getenv(const char *name)
{
    fprintf(stderr, "the environment is asked for %s\n", name);
    environment_reads++;
    return NULL;
}

static void *load(const char *path)
{
    const void *(*functions)(uint32_t);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    *(void **)&functions = dlsym(library, "hamirror_api");
    CHECK(functions != NULL && functions(HAMIRROR_API_VERSION + 1) == NULL);
    api = functions(HAMIRROR_API_VERSION);
    CHECK(api != NULL && api->struct_size == sizeof *api);
    CHECK(api->api_version == HAMIRROR_API_VERSION);
    CHECK(strcmp(api->version(), HAMIRROR_VERSION) == 0);
    /* What is loaded with RTLD_LOCAL is nobody else's. */
    CHECK(dlsym(RTLD_DEFAULT, "hamirror_api") == NULL);
    return library;
}

static hamirror_client *client_new(void)
{
    hamirror_config *config;
    hamirror_client *client;
    CHECK(api->config_read(config_path, &config, NULL) == HAMIRROR_OK);
    CHECK(api->client_new(config, NULL, &client, NULL) == HAMIRROR_OK);
    api->config_free(config);
    return client;
}

static hamirror_search *search_new(void)
{
    hamirror_search *search;
    CHECK(api->search_new("library", &search, NULL) == HAMIRROR_OK);
    return search;
}

static void *ask(void *library)
{
    hamirror_search *search = search_new();
    int number;
    /* By its symbol, as by the table. */
    void (*result_free)(hamirror_result *);
    *(void **)&result_free = dlsym(library, "hamirror_result_free");
    CHECK(result_free == api->result_free);
    for (number = 0; number < SEARCHES; number++) {
        hamirror_result *result;
        CHECK(api->client_search(shared, index_name, search, NULL, &result, NULL) == HAMIRROR_OK);
        CHECK(api->result_agents_answered(result) == api->result_agents(result));
        CHECK(api->result_row_count(result) > 0);
        result_free(result);
    }
    api->search_free(search);
    return NULL;
}

static void ask_from_threads(void *library)
{
    pthread_t running[THREADS];
    int place;
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_create(&running[place], NULL, ask, library) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(running[place], NULL) == 0);
}

/* Lets the library go while a batch is under way; then the batch ends, or is cancelled. */
static void unload_under_way(void *library, hamirror_client *client, int is_awaited)
{
    hamirror_search *search = search_new();
    hamirror_batch *batch;
    uint32_t number;
    CHECK(api->batch_new(client, &batch, NULL) == HAMIRROR_OK);
    CHECK(api->batch_add_search(batch, index_name, search, NULL, &number, NULL) == HAMIRROR_OK);
    api->search_free(search);
    CHECK(dlclose(library) == 0);
    if (is_awaited) {
        hamirror_result *result;
        bool done = false;
        CHECK(api->batch_wait_all(batch, 60000, &done, NULL) == HAMIRROR_OK && done);
        CHECK(api->batch_take_search(batch, number, &result, NULL) == HAMIRROR_OK);
        CHECK(api->result_row_count(result) > 0);
        api->result_free(result);
    }
    api->client_free(client);
    api->batch_free(batch);
}

int main(int count, char **arguments)
{
    static struct signals before;
    size_t open = 0, alone = threads();
    int round, rounds;
    CHECK(count == 5);
    config_path = arguments[2];
    index_name = arguments[3];
    rounds = atoi(arguments[4]);
    read_signals(&before);
    for (round = 0; round < rounds; round++) {
        void *library = load(arguments[1]);
        hamirror_client *client = client_new();
        shared = client;
        ask_from_threads(library);
        unload_under_way(library, client, round % 2);
        CHECK(threads() == alone);
        open = round == 0 ? descriptors() : open;
        CHECK(descriptors() == open);
    }
    check_signals(&before);
    CHECK(environment_reads == 0);
    return 0;
}
