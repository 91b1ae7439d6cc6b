/* A host with an index of its own: it searches that on its thread while the agents work, and
 * waits only for what is left of them. The agent here is a thread of the program that tells when
 * it is asked, so that it shows: the request is under way before the wait begins. */
#define _POSIX_C_SOURCE 200809L
#include "listener.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static const uint8_t PING_BODY[4] = {0xca, 0xfe, 0xba, 0xbe};
static const char *const DOCUMENTS[] = {"a library of trees", "an editor", "library for sounds"};

enum { DOCUMENT_COUNT = 3, HANDSHAKE = 4, HEADER = 8 };

static sem_t asked;

static void read_all(int fd, uint8_t *bytes, size_t count)
{
    size_t done = 0;
    while (done < count) {
        ssize_t got = read(fd, bytes + done, count - done);
        CHECK(got > 0);
        done += (size_t)got;
    }
}

/* Answers one PING, as protocol and courtesy demand: handshake, header, the body again. */
static void *be_agent(void *argument)
{
    static const uint8_t start[HANDSHAKE + HEADER] = {0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 4};
    uint8_t request[HANDSHAKE + HEADER + sizeof PING_BODY];
    int listener = *(int *)argument, fd = accept(listener, NULL, NULL);
    CHECK(fd >= 0);
    read_all(fd, request, sizeof request);
    CHECK(sem_post(&asked) == 0);
    CHECK(write(fd, start, sizeof start) == sizeof start);
    CHECK(write(fd, request + HANDSHAKE + HEADER, sizeof PING_BODY) == sizeof PING_BODY);
    close(fd);
    return NULL;
}

static hamirror_client *client_of_port(unsigned port)
{
    char agent[64];
    hamirror_config_builder *builder = hamirror_config_builder_new();
    hamirror_config *config;
    hamirror_client *client;
    snprintf(agent, sizeof agent, "127.0.0.1:%u:shard", port);
    OK(hamirror_config_builder_set(builder, "dist", "agent", agent, &error));
    OK(hamirror_config_builder_set(builder, "dist", "agent_connect_timeout", "600s", &error));
    OK(hamirror_config_builder_set(builder, "dist", "agent_query_timeout", "600s", &error));
    OK(hamirror_config_builder_build(builder, &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    hamirror_config_builder_free(builder);
    return client;
}

/* The local search, in small portions; between two of them the batch gets a look at its sockets,
 * which costs microseconds and never waits. */
static unsigned search_here(hamirror_batch *batch)
{
    unsigned found = 0, place = 0;
    bool agent_was_asked = false;
    while (place < DOCUMENT_COUNT || !agent_was_asked) {
        if (place < DOCUMENT_COUNT && strstr(DOCUMENTS[place++], "library") != NULL)
            found++;
        OK(hamirror_batch_drive(batch, &error));
        agent_was_asked = agent_was_asked || sem_trywait(&asked) == 0;
    }
    return found;
}

int main(void)
{
    pthread_t agent;
    unsigned port;
    int listener = listen_somewhere(&port);
    hamirror_client *client = client_of_port(port);
    hamirror_batch *batch;
    hamirror_request *request;
    hamirror_reply *reply;
    uint32_t call;
    bool done;
    CHECK(sem_init(&asked, 0, 0) == 0);
    CHECK(pthread_create(&agent, NULL, be_agent, &listener) == 0);
    OK(hamirror_request_new(9, 256, HAMIRROR_ACCESS_READ, PING_BODY, sizeof PING_BODY, &request,
                            &error));
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_agent(batch, "dist", 0, request, NULL, &call, &error));
    CHECK(search_here(batch) == 2);
    OK(hamirror_batch_wait_all(batch, -1, &done, &error));
    CHECK(done);
    OK(hamirror_batch_take_reply(batch, call, &reply, &error));
    CHECK(hamirror_reply_body_len(reply) == sizeof PING_BODY);
    CHECK(memcmp(hamirror_reply_body(reply), PING_BODY, sizeof PING_BODY) == 0);
    hamirror_reply_free(reply);
    hamirror_batch_free(batch);
    hamirror_request_free(request);
    hamirror_client_free(client);
    CHECK(pthread_join(agent, NULL) == 0);
    CHECK(sem_destroy(&asked) == 0);
    close(listener);
    return 0;
}
