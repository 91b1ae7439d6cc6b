/* A fork while a thread of the parent looks a name up: the lock of the C library is never
 * released in the child, where each look-up hangs. A child begins with the addresses that its
 * parent knew, and needs none. The argument is an agent that echoes. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t parent;

/* In place of the C library's. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    static struct sockaddr_in address;
    static struct addrinfo only;
    (void)name;
    (void)service;
    (void)hints;
    while (getpid() != parent)
        pause();
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

static void ask(const hamirror_client *client)
{
    hamirror_request *request;
    hamirror_reply *reply;
    OK(hamirror_request_new(99, 256, HAMIRROR_ACCESS_READ, (const uint8_t *)"x", 1, &request,
                            &error));
    OK(hamirror_client_call(client, "d", 0, request, NULL, &reply, &error));
    hamirror_reply_free(reply);
    hamirror_request_free(request);
}

int main(int count, char **arguments)
{
    hamirror_config *config;
    hamirror_client *client;
    char text[200];
    int status = -1;
    pid_t child;
    CHECK(count == 2 && strrchr(arguments[1], ':') != NULL);
    parent = getpid();
    snprintf(text, sizeof text, "index d {\n type = distributed\n agent = some.name%s:i\n}\n",
             strrchr(arguments[1], ':'));
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    ask(client);
    child = fork();
    if (child == 0) {
        ask(client);
        hamirror_client_free(client);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    hamirror_client_free(client);
    return 0;
}
