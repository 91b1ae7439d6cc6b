/* A program that closed standard input, output or error: no descriptor of the library takes their
 * numbers, for what the program prints would go there. The argument is an agent that echoes. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HIGH = 100, CALLS = 20, CLOSINGS = 8, LOOKS_MAX = 5000 };

/* In place of the C library's, which asks a name server over a socket. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    static struct sockaddr_in address;
    static struct addrinfo only;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)name;
    (void)service;
    (void)hints;
    if (fd <= STDERR_FILENO)
        _exit(2);
    close(fd);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    only.ai_family = AF_INET;
    only.ai_socktype = SOCK_STREAM;
    only.ai_addrlen = sizeof address;
    only.ai_addr = (struct sockaddr *)&address;
    *found = &only;
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    (void)found;
}

/* While a look-up goes on, a socket that leads nowhere keeps the number from it. */
static bool is_open(int fd)
{
    int type;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
        return type != SOCK_DGRAM || send(fd, "x", 1, 0) == 1;
    return errno != EBADF;
}

/* For a moment a thread has something there that is not in use yet. */
static void check_closed(int closed)
{
    int fd, looks;
    for (fd = 0; fd <= STDERR_FILENO; fd++) {
        for (looks = 0; (closed >> fd & 1) != 0 && is_open(fd) && looks < LOOKS_MAX; looks++)
            usleep(1000);
        if (looks == LOOKS_MAX) {
            dup2(HIGH, STDERR_FILENO);
            CHECK(looks < LOOKS_MAX);
        }
    }
}

static hamirror_client *client_new(const char *agents, bool is_driven)
{
    hamirror_config *config;
    hamirror_client *client;
    hamirror_client_options options;
    char text[300];
    snprintf(text, sizeof text, "index d {\n type = distributed\n agent_persistent = %s\n}\n",
             agents);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = is_driven;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

static void live(const char *agents, int closed, bool is_driven)
{
    hamirror_client *client;
    hamirror_request *request;
    hamirror_upkeep *upkeep = NULL;
    int fd, time;
    dup2(STDERR_FILENO, HIGH);
    for (fd = 0; fd <= STDERR_FILENO; fd++)
        if ((closed >> fd & 1) != 0)
            close(fd);
    client = client_new(agents, is_driven);
    OK(hamirror_request_new(99, 256, HAMIRROR_ACCESS_READ, (const uint8_t *)"x", 1, &request,
                            &error));
    if (is_driven) {
        OK(hamirror_upkeep_new(client, &upkeep, &error));
        check_closed(closed);
    }
    for (time = 0; time < CALLS; time++) {
        hamirror_batch *batch;
        uint32_t call;
        OK(hamirror_batch_new(client, &batch, &error));
        OK(hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
        check_closed(closed);
        OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
        if (is_driven)
            OK(hamirror_upkeep_drive(upkeep, &error));
        check_closed(closed);
        hamirror_batch_free(batch);
    }
    hamirror_upkeep_free(upkeep);
    hamirror_request_free(request);
    hamirror_client_free(client);
    check_closed(closed);
    for (fd = 0; fd <= STDERR_FILENO; fd++)
        CHECK((closed >> fd & 1) != 0 || fcntl(fd, F_GETFD) != -1);
    _exit(0);
}

int main(int count, char **arguments)
{
    char agents[200];
    const char *port;
    int closed, is_driven;
    CHECK(count == 2);
    port = strrchr(arguments[1], ':');
    CHECK(port != NULL);
    snprintf(agents, sizeof agents, "%s|some.name%s:i", arguments[1], port);
    for (closed = 1; closed < CLOSINGS; closed++) {
        for (is_driven = 0; is_driven < 2; is_driven++) {
            int status = -1;
            pid_t child = fork();
            if (child == 0)
                live(agents, closed, is_driven);
            CHECK(child > 0 && waitpid(child, &status, 0) == child);
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
    return 0;
}
