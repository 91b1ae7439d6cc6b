/* Where memory does not suffice for bytes whose number others choose, that is an error, and the
 * program goes on: with less address space than these bodies need. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20, LARGE = 100 * MEGABYTE, MIDDLE = 30 * MEGABYTE };

static uint8_t large[LARGE];

/* Answers with a large reply, as far as anybody takes it. */
static void answer(int fd)
{
    static const uint8_t start[12] = {0, 0, 0, 1, 0, 0, 1, 0, LARGE >> 24, LARGE >> 16 & 255};
    uint8_t request[64];
    size_t sent = 0;
    ssize_t part = read(fd, request, sizeof request);
    if (part > 0)
        part = send(fd, start, sizeof start, MSG_NOSIGNAL);
    while (sent < LARGE && part > 0) {
        part = send(fd, large, LARGE - sent, MSG_NOSIGNAL);
        sent += part > 0 ? (size_t)part : 0;
    }
    close(fd);
}

static void *be_agent(void *argument)
{
    int fd;
    while ((fd = accept(*(int *)argument, NULL, NULL)) >= 0)
        answer(fd);
    return NULL;
}

static hamirror_client *client_of_listener(int *listener)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    hamirror_client_options options;
    hamirror_config *config;
    hamirror_client *client;
    char text[200];
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(*listener, (struct sockaddr *)&address, length) == 0 && listen(*listener, 9) == 0);
    CHECK(getsockname(*listener, (struct sockaddr *)&address, &length) == 0);
    snprintf(text, sizeof text,
             "index d {\n type = distributed\n local = here\n agent = 127.0.0.1:%d:a\n"
             " agent_query_timeout = 600s\n}\n", ntohs(address.sin_port));
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = 1;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

/* From now on there is room for that much more. */
static void limit_memory(rlim_t room)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages;
    struct rlimit limit;
    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1 && fclose(file) == 0);
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + room;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Without room for the stack of a thread a batch is as it was. */
static void threads(const hamirror_client *client)
{
    hamirror_search *search = search_for("");
    hamirror_batch *batch;
    uint32_t number;
    size_t pending = 77;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_search(batch, "d", search, NULL, &number, &error));
    limit_memory(MEGABYTE);
    EXPECT(HAMIRROR_ERROR_SYSTEM, hamirror_batch_run(batch, &error));
    OK(hamirror_batch_pending(batch, &pending, &error));
    CHECK(pending == 1);
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_batch_join(batch, -1, NULL, &error));
    limit_memory(50 * MEGABYTE);
    OK(hamirror_batch_run(batch, &error));
    hamirror_batch_free(batch);
    hamirror_search_free(search);
}

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    (void)target;
    if (user_data == NULL)
        return hamirror_body_append(body, large, LARGE, NULL);
    /* It has room here, but not once more where it is sent from. */
    OK(hamirror_body_append(body, large, MIDDLE, &error));
    return 0;
}

static void says_memory(int32_t code, hamirror_error *error)
{
    CHECK(code == HAMIRROR_ERROR_SYSTEM && hamirror_error_code(error) == code);
    CHECK(text_contains(hamirror_error_message(error), "out of memory"));
    hamirror_error_free(error);
}

static void requests(const hamirror_client *client)
{
    hamirror_request *request;
    hamirror_reply *reply;
    hamirror_error *error;
    int32_t code = hamirror_request_new(99, 0x100, HAMIRROR_ACCESS_READ, large, LARGE, &request,
                                        &error);
    CHECK(request == NULL);
    says_memory(code, error);

    OK(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, build, NULL, NULL,
                                           NULL, &request, &error));
    code = hamirror_client_call(client, "d", 0, request, NULL, &reply, &error);
    CHECK(code == HAMIRROR_ERROR_CALLBACK);
    CHECK(hamirror_error_callback_code(error) == HAMIRROR_ERROR_SYSTEM);
    hamirror_error_free(error);
    hamirror_request_free(request);

    OK(hamirror_request_new_with_callbacks(99, 0x100, HAMIRROR_ACCESS_READ, build, NULL, large,
                                           NULL, &request, &error));
    code = hamirror_client_call(client, "d", 0, request, NULL, &reply, &error);
    says_memory(code, error);
    hamirror_request_free(request);
}

static void replies(const hamirror_client *client)
{
    hamirror_request *request;
    hamirror_reply *reply;
    hamirror_error *error;
    const hamirror_attempt *attempt;
    hamirror_call_options options;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    /* Till then it is tried again, for memory may come back. */
    options.deadline_ms = 500;
    OK(hamirror_request_new(99, 0x100, HAMIRROR_ACCESS_READ, large, 4, &request, &error));
    CHECK(hamirror_client_call(client, "d", 0, request, &options, &reply, &error)
          == HAMIRROR_ERROR_UNANSWERED);
    attempt = hamirror_failure_attempt(hamirror_error_failure(error, 0), 0);
    CHECK(hamirror_attempt_kind(attempt) == HAMIRROR_FAILURE_LOCAL);
    CHECK(text_contains(hamirror_attempt_message(attempt), "out of memory"));
    hamirror_error_free(error);
    hamirror_request_free(request);
}

static void answers(const hamirror_client *client)
{
    hamirror_search *search = search_for("");
    hamirror_batch *batch;
    hamirror_local *local;
    hamirror_error *error;
    uint32_t number;
    int32_t code;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_search(batch, "d", search, NULL, &number, &error));
    OK(hamirror_batch_take_local(batch, number, 0, &local, &error));
    code = hamirror_local_answer(local, 0x11f, large, LARGE, &error);
    says_memory(code, error);
    OK(hamirror_local_answer(local, 0x11f, large, MEGABYTE, &error));
    hamirror_local_free(local);
    hamirror_batch_free(batch);
    hamirror_search_free(search);
}

int main(void)
{
    int listener;
    hamirror_client *client = client_of_listener(&listener);
    pthread_t agent;
    CHECK(pthread_create(&agent, NULL, be_agent, &listener) == 0);
    threads(client);
    /* A few middle-sized things, and no large one. */
    limit_memory(50 * MEGABYTE);
    requests(client);
    replies(client);
    answers(client);
    hamirror_client_free(client);
    CHECK(shutdown(listener, SHUT_RDWR) == 0 && pthread_join(agent, NULL) == 0);
    close(listener);
    return 0;
}
