/* Loads plugins side by side, asks each from two threads at once, and lets them go again: what
 * they are and what they found is printed, a line each. */
#define _GNU_SOURCE
#include "guest.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>

enum { PLUGINS_MAX = 8, ROUNDS = 5, THREADS = 2 };

static char **arguments;

struct plugin {
    void *library;
    const char *(*version)(void);
    int (*count)(const char *, const char *, const char *, uint64_t *);
};

static void load(struct plugin *plugin, const char *path, int mode)
{
    plugin->library = dlopen(path, RTLD_NOW | mode);
    if (plugin->library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    *(void **)&plugin->version = dlsym(plugin->library, "plugin_version");
    *(void **)&plugin->count = dlsym(plugin->library, "plugin_count");
    CHECK(plugin->version != NULL && plugin->count != NULL);
}

static void *ask(void *argument)
{
    const struct plugin *plugin = argument;
    uint64_t found, again;
    CHECK(plugin->count(arguments[2], arguments[3], arguments[4], &found) == 0);
    CHECK(plugin->count(arguments[2], arguments[3], arguments[4], &again) == 0);
    CHECK(found == again);
    return (void *)(uintptr_t)found;
}

int main(int count, char **given)
{
    struct plugin plugins[PLUGINS_MAX];
    int plugin_count = count - 5, round, place, number;
    static struct signals before;
    size_t open = 0;
    CHECK(plugin_count > 0 && plugin_count <= PLUGINS_MAX);
    arguments = given;
    read_signals(&before);
    for (round = 0; round < ROUNDS; round++) {
        pthread_t running[PLUGINS_MAX][THREADS];
        for (place = 0; place < plugin_count; place++)
            load(&plugins[place], given[5 + place],
                 strcmp(given[1], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL);
        for (place = 0; place < plugin_count; place++)
            for (number = 0; number < THREADS; number++)
                CHECK(pthread_create(&running[place][number], NULL, ask, &plugins[place]) == 0);
        for (place = 0; place < plugin_count; place++)
            for (number = 0; number < THREADS; number++) {
                void *found;
                CHECK(pthread_join(running[place][number], &found) == 0);
                if (round == 0 && number == 0)
                    printf("%s %" PRIuPTR "\n", plugins[place].version(), (uintptr_t)found);
            }
        for (place = 0; place < plugin_count; place++)
            CHECK(dlclose(plugins[place].library) == 0);
        CHECK(threads() == 3);
        open = round == 0 ? descriptors() : open;
        CHECK(descriptors() == open);
    }
    check_signals(&before);
    return 0;
}
