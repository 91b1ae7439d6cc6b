/* Signals of a program that blocks them: they wait for it, though threads of the library could
 * take them. Both threads are there: one pings, the other is held up at a look-up. */
#define _GNU_SOURCE
#include "check.h"

#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

enum { ROUNDS = 20, PAUSE_US = 500 };

static sem_t asked, released;
static volatile sig_atomic_t handled, elsewhere;
static pthread_t program;

/* In place of the C library's: it takes as long as this program likes. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    (void)name;
    (void)service;
    (void)hints;
    *found = NULL;
    sem_post(&asked);
    while (sem_wait(&released) != 0) {
    }
    return EAI_NONAME;
}

static void handle(int signal)
{
    (void)signal;
    handled++;
    elsewhere |= !pthread_equal(pthread_self(), program);
}

/* The kernel sends these to the thread at fault; nobody can block the last two. */
static bool is_of_the_program(int signal)
{
    static const int others[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP,
                                 SIGKILL, SIGSTOP};
    size_t place;
    for (place = 0; place < sizeof others / sizeof *others; place++)
        if (signal == others[place])
            return false;
    /* Between these are the C library's own. */
    return signal < 32 || signal >= SIGRTMIN;
}

static void check_signal(int signal)
{
    struct sigaction action = {0}, before;
    sigset_t one, pending;
    int round;
    action.sa_handler = handle;
    sigemptyset(&one);
    sigaddset(&one, signal);
    CHECK(sigaction(signal, &action, &before) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &one, NULL) == 0);
    handled = elsewhere = 0;
    for (round = 0; round < ROUNDS; round++) {
        CHECK(kill(getpid(), signal) == 0);
        usleep(PAUSE_US);
    }
    CHECK(handled == 0 && sigpending(&pending) == 0 && sigismember(&pending, signal));
    CHECK(pthread_sigmask(SIG_UNBLOCK, &one, NULL) == 0);
    CHECK(handled > 0 && !elsewhere);
    CHECK(sigaction(signal, &before, NULL) == 0);
}

int main(void)
{
    hamirror_config *config;
    hamirror_client *client;
    hamirror_search *search = search_for("library");
    hamirror_result *result;
    hamirror_call_options options;
    sigset_t before, after;
    int signal;
    program = pthread_self();
    CHECK(sem_init(&asked, 0, 0) == 0 && sem_init(&released, 0, 0) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &before) == 0);
    OK(hamirror_config_parse("index d {\n type = distributed\n"
                             " agent = 127.0.0.1:1|slow.name:1:i\n}\n",
                             "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 50;
    EXPECT(HAMIRROR_ERROR_UNANSWERED,
           hamirror_client_search(client, "d", search, &options, &result, &error));
    while (sem_wait(&asked) != 0) {
    }
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &after) == 0);
    for (signal = 1; signal <= SIGRTMAX; signal++) {
        CHECK(sigismember(&before, signal) == sigismember(&after, signal));
        if (is_of_the_program(signal))
            check_signal(signal);
    }
    sem_post(&released);
    hamirror_search_free(search);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return 0;
}
