/* What a program has that a guest in it must not change: descriptors, threads, signals. */
#ifndef GUEST_H
#define GUEST_H

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

static inline size_t entries_of(const char *folder)
{
    size_t count = 0;
    DIR *opened = opendir(folder);
    CHECK(opened != NULL);
    while (readdir(opened) != NULL)
        count++;
    closedir(opened);
    return count;
}

static inline size_t descriptors(void)
{
    return entries_of("/proc/self/fd");
}

static inline size_t threads(void)
{
    return entries_of("/proc/self/task");
}

enum { SIGNALS = 65 };

struct signals {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
};

static inline void read_signals(struct signals *signals)
{
    int number;
    memset(signals, 0, sizeof *signals);
    for (number = 1; number < SIGNALS; number++)
        sigaction(number, NULL, &signals->actions[number]);
    sigprocmask(SIG_BLOCK, NULL, &signals->mask);
}

static inline void check_signals(const struct signals *before)
{
    static struct signals now;
    int number;
    read_signals(&now);
    for (number = 1; number < SIGNALS; number++) {
        const struct sigaction *one = &before->actions[number], *other = &now.actions[number];
        if (one->sa_handler != other->sa_handler || one->sa_flags != other->sa_flags) {
            fprintf(stderr, "signal %d is handled otherwise than before\n", number);
            exit(1);
        }
        CHECK(sigismember(&before->mask, number) == sigismember(&now.mask, number));
    }
}

#endif
