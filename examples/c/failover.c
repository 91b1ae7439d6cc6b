/* Searches from several threads until its input ends, with a line for every hundred queries, and
 * counts those that failed. Whoever starts it kills mirrors meanwhile. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 4, STEP = 100 };

static struct {
    pthread_mutex_t lock;
    const hamirror_client *client;
    const hamirror_search *search;
    const char *index;
    unsigned long queries, failed;
    bool stop;
} load;

static bool search_once(void)
{
    hamirror_call_options options;
    hamirror_result *result;
    hamirror_error *error;
    int32_t code;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.completeness = HAMIRROR_COMPLETENESS_ALL;
    code = hamirror_client_search(load.client, load.index, load.search, &options, &result,
                                  &error);
    if (code != HAMIRROR_OK) {
        hamirror_text message = hamirror_error_message(error);
        fprintf(stderr, "%.*s\n", (int)message.len, message.data);
    }
    hamirror_error_free(error);
    hamirror_result_free(result);
    return code == HAMIRROR_OK;
}

static void *search_often(void *unused)
{
    bool stop = false;
    while (!stop) {
        bool answered = search_once();
        pthread_mutex_lock(&load.lock);
        load.queries++;
        load.failed += !answered;
        if (load.queries % STEP == 0) {
            printf("%lu\n", load.queries);
            fflush(stdout);
        }
        stop = load.stop;
        pthread_mutex_unlock(&load.lock);
    }
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    hamirror_search *search = search_for("library");
    hamirror_client *client;
    size_t place;
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    load.client = client;
    load.search = search;
    load.index = arguments[2];
    CHECK(pthread_mutex_init(&load.lock, NULL) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_create(&threads[place], NULL, search_often, NULL) == 0);
    while (getchar() != EOF) {
    }
    pthread_mutex_lock(&load.lock);
    load.stop = true;
    pthread_mutex_unlock(&load.lock);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(threads[place], NULL) == 0);
    printf("queries %lu failed %lu\n", load.queries, load.failed);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return load.failed == 0 ? 0 : 1;
}
