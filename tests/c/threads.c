/* One client and one search, shared by many threads: all get the same answer. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 8 };

struct task {
    const hamirror_client *client;
    const hamirror_search *search;
    const char *index;
    long queries;
    uint64_t found;
    uint64_t ids;
};

static void *search_often(void *argument)
{
    struct task *task = argument;
    long query;
    for (query = 0; query < task->queries; query++) {
        hamirror_result *result;
        hamirror_status *status;
        uint64_t ids = 0;
        size_t row;
        OK(hamirror_client_search(task->client, task->index, task->search, NULL, &result,
                                  &error));
        CHECK(text_is(hamirror_result_warning(result), ""));
        for (row = 0; row < hamirror_result_row_count(result); row++)
            ids = ids * 31 + hamirror_result_id(result, row);
        CHECK(query == 0 || (task->found == hamirror_result_total_found(result)
                             && task->ids == ids));
        task->found = hamirror_result_total_found(result);
        task->ids = ids;
        hamirror_result_free(result);
        OK(hamirror_status_new(task->client, &status, &error));
        hamirror_status_free(status);
    }
    return NULL;
}

static void show_status(const hamirror_client *client)
{
    hamirror_status *status;
    size_t row, count;
    OK(hamirror_status_new(client, &status, &error));
    count = hamirror_status_row_count(status);
    for (row = 0; row < count; row++) {
        hamirror_text key = hamirror_status_key(status, row);
        hamirror_text value = hamirror_status_value(status, row);
        printf("%.*s\t%.*s\n", (int)key.len, key.data, (int)value.len, value.data);
    }
    CHECK(text_is(hamirror_status_key(status, count), ""));
    hamirror_status_free(status);
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    struct task tasks[THREADS];
    hamirror_search *search = search_for("library");
    hamirror_client *client;
    size_t place;
    CHECK(count == 4);
    client = client_of_file(arguments[1]);
    for (place = 0; place < THREADS; place++) {
        struct task task = {0};
        task.client = client;
        task.search = search;
        task.index = arguments[2];
        task.queries = strtol(arguments[3], NULL, 10);
        tasks[place] = task;
        CHECK(pthread_create(&threads[place], NULL, search_often, &tasks[place]) == 0);
    }
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(threads[place], NULL) == 0);
    for (place = 1; place < THREADS; place++)
        CHECK(tasks[place].found == tasks[0].found && tasks[place].ids == tasks[0].ids);
    CHECK(tasks[0].found > 0);
    show_status(client);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return 0;
}
