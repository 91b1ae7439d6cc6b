/* A client across a fork: the child works on connections of its own, and a batch that was under
 * way belongs to the parent. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static uint64_t found(const hamirror_client *client, const char *index)
{
    hamirror_search *search = search_for("library");
    hamirror_result *result;
    uint64_t found;
    OK(hamirror_client_search(client, index, search, NULL, &result, &error));
    CHECK(text_is(hamirror_result_warning(result), ""));
    found = hamirror_result_total_found(result);
    hamirror_result_free(result);
    hamirror_search_free(search);
    return found;
}

static void live_as_child(hamirror_client *client, hamirror_batch *batch, const char *index,
                          uint64_t expected)
{
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_drive(batch, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_wait_all(batch, -1, NULL, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_wait_sent(batch, -1, NULL, &error));
    EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_cancel(batch, 0, &error));
    hamirror_batch_free(batch);
    CHECK(found(client, index) == expected);
    hamirror_client_free(client);
    _exit(0);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    hamirror_batch *batch;
    hamirror_search *search = search_for("library");
    hamirror_result *result;
    uint64_t expected;
    uint32_t number;
    int status = -1;
    pid_t child;
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    expected = found(client, arguments[2]);
    CHECK(expected > 0);
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_search(batch, arguments[2], search, NULL, &number, &error));
    child = fork();
    if (child == 0)
        live_as_child(client, batch, arguments[2], expected);
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    OK(hamirror_batch_take_search(batch, number, &result, &error));
    CHECK(hamirror_result_total_found(result) == expected);
    CHECK(found(client, arguments[2]) == expected);
    hamirror_result_free(result);
    hamirror_search_free(search);
    hamirror_batch_free(batch);
    hamirror_client_free(client);
    return 0;
}
