/* Loads the library at run time, uses it on a thread, lets it go and still has it. */
#include <hamirror.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static void *use(void *library)
{
    int32_t (*parse)(const char *, const char *, hamirror_config **, hamirror_error **);
    void (*config_free)(hamirror_config *);
    hamirror_config *config;
    /* The way that POSIX gives for a pointer to a function. */
    *(void **)&parse = dlsym(library, "hamirror_config_parse");
    *(void **)&config_free = dlsym(library, "hamirror_config_free");
    if (!parse || !config_free || parse("", "empty", &config, NULL) != HAMIRROR_OK)
        return NULL;
    config_free(config);
    return library;
}

int main(int count, char **arguments)
{
    int round;
    if (count != 2)
        return 2;
    for (round = 0; round < 3; round++) {
        const char *(*version)(void);
        void *used = NULL, *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        pthread_t thread;
        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        *(void **)&version = dlsym(library, "hamirror_version");
        if (!version || pthread_create(&thread, NULL, use, library) != 0)
            return 1;
        pthread_join(thread, &used);
        dlclose(library);
        if (used != library || !dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD))
            return 1;
        printf("%s\n", version());
    }
    return 0;
}
