/* A pool of threads over one client: each takes the next of the queries on the command line, and
 * the answers are printed in the order of the queries: thread_pool CONFIG INDEX QUERY... */
#include "check.h"

#include <pthread.h>

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

static int take_next(void)
{
    int next;
    CHECK(pthread_mutex_lock(&pool.lock) == 0);
    next = pool.next < pool.count ? pool.next++ : -1;
    CHECK(pthread_mutex_unlock(&pool.lock) == 0);
    return next;
}

static void *work(void *unused)
{
    int query;
    while ((query = take_next()) >= 0) {
        hamirror_search *search = search_for(pool.queries[query]);
        hamirror_result *result;
        OK(hamirror_client_search(pool.client, pool.index, search, NULL, &result, &error));
        pool.found[query] = hamirror_result_total_found(result);
        hamirror_result_free(result);
        hamirror_search_free(search);
    }
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    hamirror_client *client;
    int place;
    CHECK(count > 3 && count - 3 <= QUERIES_MAX);
    client = client_of_file(arguments[1]);
    pool.client = client;
    pool.index = arguments[2];
    pool.queries = arguments + 3;
    pool.count = count - 3;
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_create(&threads[place], NULL, work, NULL) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(threads[place], NULL) == 0);
    for (place = 0; place < pool.count; place++)
        printf("%s: %lu\n", pool.queries[place], (unsigned long)pool.found[place]);
    hamirror_client_free(client);
    return 0;
}
