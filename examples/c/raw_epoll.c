/* Sends a SEARCH of the caller's own bytes to every agent of an index, in a loop of epoll(7), and
 * prints who answered, with the status of its query: raw_epoll CONFIG INDEX TEXT */
#include <hamirror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static hamirror_error *error;

/* Ends the program where a call failed, with its error, or something else did. */
static void check(bool is_well)
{
    hamirror_text message = hamirror_error_message(error);
    if (is_well)
        return;
    fprintf(stderr, "not so: %.*s\n", (int)message.len, message.data);
    exit(1);
}

/* The fields of a SEARCH of version 0x11E before and after the length and bytes of its text. */
#define ZERO "\0\0\0\0"
static const char BEFORE[] =
    ZERO "\0\0\0\1"                 /* no master, one query */
    "\0\0\0\x40" ZERO "\0\0\0\x14"  /* flags, offset, limit */
    "\0\0\0\6" ZERO ZERO ZERO;      /* mode extended2, ranker, sort, sort clause */
static const char AFTER[] =
    ZERO "\0\0\0\1*" "\0\0\0\1"     /* weights, every index of the agent, 64-bit ids */
    ZERO ZERO ZERO ZERO             /* lowest and highest id */
    ZERO ZERO ZERO "\0\0\3\xe8"     /* filters, grouping, max_matches */
    "\0\0\0\x0b@group desc"
    ZERO ZERO ZERO ZERO             /* cutoff, retries, delay, distinct */
    ZERO ZERO ZERO ZERO ZERO ZERO   /* geo, weights, time, field weights, comment, overrides */
    "\0\0\0\1*" ZERO ZERO ZERO ZERO; /* select list, outer order */

static hamirror_request *search_request(const char *text)
{
    enum { BEFORE_LEN = sizeof BEFORE - 1, AFTER_LEN = sizeof AFTER - 1 };
    uint8_t body[1000 + BEFORE_LEN + AFTER_LEN] = {0};
    size_t len = strlen(text), start = BEFORE_LEN + 4;
    hamirror_request *request;
    check(len < 256);
    memcpy(body, BEFORE, BEFORE_LEN);
    body[BEFORE_LEN + 3] = (uint8_t)len;
    memcpy(body + start, text, len);
    memcpy(body + start + len, AFTER, AFTER_LEN);
    check(hamirror_request_new(0, 0x11e, HAMIRROR_ACCESS_READ, body, start + len + AFTER_LEN,
                            &request, &error) == HAMIRROR_OK);
    return request;
}

static void show(hamirror_batch *batch, uint32_t call)
{
    const hamirror_reply *reply;
    hamirror_text host;
    size_t agent;
    check(hamirror_batch_asked(batch, call, &agent, &host, &error) == HAMIRROR_OK);
    printf("agent %u, %.*s: ", (unsigned)agent, (int)host.len, host.data);
    check(hamirror_batch_reply(batch, call, &reply, &error) == HAMIRROR_OK);
    check(hamirror_reply_body_len(reply) >= 4);
    printf("query status %d\n", hamirror_reply_body(reply)[3]);
}

int main(int count, char **arguments)
{
    struct epoll_event event = {0};
    hamirror_config *config;
    hamirror_client *client;
    hamirror_request *request;
    hamirror_batch *batch;
    uint32_t first, left, call;
    int loop = epoll_create1(EPOLL_CLOEXEC);
    check(count == 4 && loop >= 0);
    check(hamirror_config_read(arguments[1], &config, &error) == HAMIRROR_OK);
    check(hamirror_client_new(config, NULL, &client, &error) == HAMIRROR_OK);
    hamirror_config_free(config);
    request = search_request(arguments[3]);
    check(hamirror_batch_new(client, &batch, &error) == HAMIRROR_OK);
    check(hamirror_batch_add_index(batch, arguments[2], request, NULL, &first, &left, &error)
          == HAMIRROR_OK);
    event.events = EPOLLIN;
    check(epoll_ctl(loop, EPOLL_CTL_ADD, hamirror_batch_fd(batch), &event) == 0);
    while (left > 0) {
        check(epoll_wait(loop, &event, 1, hamirror_batch_timeout_ms(batch)) >= 0);
        check(hamirror_batch_drive(batch, &error) == HAMIRROR_OK);
        for (;; left--) {
            check(hamirror_batch_next_completion(batch, &call, &error) == HAMIRROR_OK);
            if (call == HAMIRROR_NO_CALL)
                break;
            show(batch, call);
        }
    }
    close(loop);
    hamirror_batch_free(batch);
    hamirror_request_free(request);
    hamirror_client_free(client);
    return 0;
}
