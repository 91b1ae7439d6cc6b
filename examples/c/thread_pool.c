/* A pool of threads over one client: each takes the next of the queries on the command line, and
 * the answers are printed in the order of the queries: thread_pool CONFIG INDEX QUERY... */
#include <hamirror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, QUERIES_MAX = 1000 };

static struct {
    const hamirror_client *client;
    const char *index;
    char **queries;
    int count;
    /* Number of the query that nobody has yet, under the lock. */
    int next;
    pthread_mutex_t lock;
    uint64_t found[QUERIES_MAX];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Ends the program with the error of a call that failed. */
static void check(int32_t code, hamirror_error **error)
{
    hamirror_text message = hamirror_error_message(*error);
    if (code == HAMIRROR_OK)
        return;
    fprintf(stderr, "%.*s\n", (int)message.len, message.data);
    exit(1);
}

static int take_next(void)
{
    int next;
    pthread_mutex_lock(&pool.lock);
    next = pool.next < pool.count ? pool.next++ : -1;
    pthread_mutex_unlock(&pool.lock);
    return next;
}

static void *work(void *unused)
{
    int query;
    while ((query = take_next()) >= 0) {
        hamirror_search *search;
        hamirror_result *result;
        hamirror_error *error;
        check(hamirror_search_new(pool.queries[query], &search, &error), &error);
        check(hamirror_client_search(pool.client, pool.index, search, NULL, &result, &error),
              &error);
        pool.found[query] = hamirror_result_total_found(result);
        hamirror_result_free(result);
        hamirror_search_free(search);
    }
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    hamirror_config *config;
    hamirror_client *client;
    hamirror_error *error;
    int place;
    if (count < 4 || count - 3 > QUERIES_MAX)
        return 2;
    check(hamirror_config_read(arguments[1], &config, &error), &error);
    check(hamirror_client_new(config, NULL, &client, &error), &error);
    hamirror_config_free(config);
    pool.client = client;
    pool.index = arguments[2];
    pool.queries = arguments + 3;
    pool.count = count - 3;
    for (place = 0; place < THREADS; place++)
        if (pthread_create(&threads[place], NULL, work, NULL) != 0)
            return 1;
    for (place = 0; place < THREADS; place++)
        pthread_join(threads[place], NULL);
    for (place = 0; place < pool.count; place++)
        printf("%s: %lu\n", pool.queries[place], (unsigned long)pool.found[place]);
    hamirror_client_free(client);
    return 0;
}
