/* A forked child closes the descriptors that it inherited, as a daemon does, opens its own in
 * their place, then uses the client or ends it: what took the numbers stays as it is. A child that
 * keeps them gets rid of the parent's connections. The argument is an agent that echoes. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 3, LAST = 60, CALLS = 20 };
enum kind { FILES, SOCKETS, EVENTS, POLLS, KINDS };

static hamirror_client *client, *driven;
static hamirror_batch *batch, *idle;
static hamirror_waker *waker;
static hamirror_upkeep *upkeep;
static hamirror_request *request;

static void ask(const hamirror_client *asked)
{
    int time;
    for (time = 0; time < CALLS; time++) {
        hamirror_reply *reply;
        OK(hamirror_client_call(asked, "d", 0, request, NULL, &reply, &error));
        hamirror_reply_free(reply);
    }
}

static int open_own(enum kind kind)
{
    char path[] = "/tmp/hamirror-fork-XXXXXX";
    int fd;
    switch (kind) {
    case FILES:
        fd = mkstemp(path);
        unlink(path);
        return fd;
    case SOCKETS: return socket(AF_UNIX, SOCK_DGRAM, 0);
    case EVENTS: return eventfd(0, EFD_NONBLOCK);
    default: return epoll_create1(0);
    }
}

static void check_own(int fd, const struct stat *before)
{
    struct stat now;
    uint64_t count;
    CHECK(fstat(fd, &now) == 0 && now.st_ino == before->st_ino && now.st_dev == before->st_dev);
    CHECK(now.st_mode == before->st_mode && now.st_size == 0);
    /* Of an event counter that was written to; it is no error of the others. */
    CHECK(read(fd, &count, sizeof count) != sizeof count);
}

/* Everything that was the parent's is another file now. */
static void live_closed(enum kind kind, bool is_used)
{
    static struct stat own[LAST];
    int fd;
    for (fd = FIRST; fd < LAST; fd++)
        close(fd);
    for (fd = FIRST; fd < LAST; fd++)
        CHECK(open_own(kind) == fd && fstat(fd, &own[fd]) == 0
              && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    OK(hamirror_waker_wake(waker, &error));
    if (is_used) {
        EXPECT(HAMIRROR_ERROR_FORKED, hamirror_batch_drive(batch, &error));
        EXPECT(HAMIRROR_ERROR_FORKED, hamirror_upkeep_drive(upkeep, &error));
        hamirror_client_flush_hostnames(client, NULL);
        ask(client);
        ask(driven);
    }
    hamirror_waker_free(waker);
    hamirror_batch_free(batch);
    hamirror_batch_free(idle);
    hamirror_upkeep_free(upkeep);
    hamirror_client_free(driven);
    hamirror_client_free(client);
    for (fd = FIRST; fd < LAST; fd++)
        check_own(fd, &own[fd]);
}

static int count_sockets(void)
{
    int count = 0, fd;
    for (fd = FIRST; fd < LAST; fd++) {
        struct stat found;
        count += fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
    }
    return count;
}

/* The client has no thread, whose connections would stay open. */
static void live_open(void)
{
    CHECK(count_sockets() > 0);
    hamirror_upkeep_free(upkeep);
    hamirror_batch_free(batch);
    hamirror_batch_free(idle);
    ask(client);
    ask(driven);
    hamirror_client_free(driven);
    hamirror_client_free(client);
    CHECK(count_sockets() == 0);
}

static hamirror_client *client_new(const char *echo, bool is_driven)
{
    hamirror_client *made;
    hamirror_client_options options;
    hamirror_config *config;
    char text[300];
    snprintf(text, sizeof text,
             "index d {\n type = distributed\n agent_persistent = %s|127.0.0.1:1:i\n}\n"
             "searchd {\n ha_ping_interval = %d\n}\n",
             echo, is_driven ? 1 : 0);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = is_driven;
    OK(hamirror_client_new(config, &options, &made, &error));
    hamirror_config_free(config);
    return made;
}

static void begin(const char *echo)
{
    uint32_t call;
    client = client_new(echo, false);
    driven = client_new(echo, true);
    OK(hamirror_request_new(99, 256, HAMIRROR_ACCESS_READ, (const uint8_t *)"x", 1, &request,
                            &error));
    ask(client);
    ask(driven);
    OK(hamirror_upkeep_new(driven, &upkeep, &error));
    OK(hamirror_upkeep_drive(upkeep, &error));
    OK(hamirror_batch_new(client, &idle, &error));
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_agent(batch, "d", 0, request, NULL, &call, &error));
    waker = hamirror_waker_new(batch);
    CHECK(fcntl(LAST, F_GETFD) == -1);
}

int main(int count, char **arguments)
{
    int kind, is_used;
    CHECK(count == 2);
    begin(arguments[1]);
    for (kind = 0; kind <= KINDS; kind++) {
        for (is_used = 0; is_used < 2; is_used++) {
            int status = -1;
            pid_t child = fork();
            if (child == 0) {
                if (kind == KINDS)
                    live_open();
                else
                    live_closed((enum kind)kind, is_used);
                _exit(0);
            }
            CHECK(child > 0 && waitpid(child, &status, 0) == child);
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
    /* The parent has lost nothing by it. */
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    ask(client);
    hamirror_waker_free(waker);
    hamirror_batch_free(batch);
    hamirror_batch_free(idle);
    hamirror_upkeep_free(upkeep);
    hamirror_client_free(driven);
    hamirror_client_free(client);
    hamirror_request_free(request);
    return 0;
}
