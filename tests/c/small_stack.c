/* Runs a program, whose main() is called program_main(), on a thread with a small stack. That ends
 * at a page which nobody may touch. The first argument is the stack's size in bytes; what the
 * thread used of it is told on standard error. */
#define _GNU_SOURCE
#undef main

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { UNTOUCHED = 0x5a };

int program_main(int count, char **arguments);

static struct {
    int count;
    char **arguments;
} program;

static void *run(void *unused)
{
    int code = program_main(program.count, program.arguments);
    if (code != 0)
        exit(code);
    return unused;
}

int main(int count, char **arguments)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size, used;
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *stack;
    if (count < 2)
        return 2;
    size = strtoul(arguments[1], NULL, 10);
    stack = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, page, PROT_NONE) != 0)
        return 3;
    stack += page;
    memset(stack, UNTOUCHED, size);
    arguments[1] = arguments[0];
    program.count = count - 1;
    program.arguments = arguments + 1;
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, stack, size) != 0
        || pthread_create(&thread, &attributes, run, NULL) != 0
        || pthread_join(thread, NULL) != 0)
        return 4;
    for (used = size; used > 0 && stack[size - used] == UNTOUCHED; used--) {
    }
    fprintf(stderr, "%zu bytes of stack\n", used);
    return 0;
}
