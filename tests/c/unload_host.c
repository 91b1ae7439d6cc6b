/* Unloads a plugin whose client has just started its thread, again and again. The loader's lock is
 * held meanwhile, which a thread needs in order to begin: a client that waits for such a thread
 * hangs, or takes its time each round. */
#include "guest.h"

#include <dlfcn.h>
#include <unistd.h>

enum { ROUNDS = 300, LIMIT_S = 60 };

int main(int count, char **arguments)
{
    size_t open = 0;
    int round, (*begin)(void);
    CHECK(count == 2);
    alarm(LIMIT_S);
    for (round = 0; round < ROUNDS; round++) {
        void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        CHECK(plugin != NULL);
        *(void **)&begin = dlsym(plugin, "begin");
        CHECK(begin != NULL && begin() == 0);
        CHECK(dlclose(plugin) == 0);
        open = round == 0 ? descriptors() : open;
        CHECK(descriptors() == open);
    }
    return 0;
}
