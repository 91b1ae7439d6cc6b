/* Loads plugin.c as searchd does, calls its function from several threads, lets it go, and starts
 * again: plugin_caller PLUGIN CONFIG INDEX QUERY prints what was found. */
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 2, STRING = 5 };

struct udf_args {
    int count;
    int *types;
    char **values;
    char **names;
    int *lengths;
    void *(*allocate)(int);
};

static long long (*remote_found)(void *, struct udf_args *, char *);
static struct udf_args question;

static void *call(void *found)
{
    char failed = 0;
    *(long long *)found = remote_found(NULL, &question, &failed);
    CHECK(!failed);
    return NULL;
}

/* Never answered from the client of the first configuration. */
static void refuse_another(void)
{
    char another[] = "/no/such.conf", *config = question.values[0], failed = 0;
    int length = question.lengths[0];
    question.values[0] = another;
    question.lengths[0] = (int)strlen(another);
    CHECK(remote_found(NULL, &question, &failed) == -1 && failed);
    question.values[0] = config;
    question.lengths[0] = length;
}

static void use(void *plugin)
{
    int (*init)(void *, struct udf_args *, char *);
    int (*version)(void);
    char message[256] = "";
    pthread_t threads[THREADS];
    long long found[THREADS];
    int place;
    *(void **)&version = dlsym(plugin, "plugin_ver");
    *(void **)&init = dlsym(plugin, "remote_found_init");
    *(void **)&remote_found = dlsym(plugin, "remote_found");
    CHECK(version != NULL && init != NULL && remote_found != NULL && version() == 8);
    CHECK(init(NULL, &question, message) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_create(&threads[place], NULL, call, &found[place]) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(threads[place], NULL) == 0);
    for (place = 1; place < THREADS; place++)
        CHECK(found[place] == found[0]);
    printf("%lld\n", found[0]);
    refuse_another();
    question.count--;
    CHECK(init(NULL, &question, message) != 0 && strstr(message, "three strings") != NULL);
    question.count++;
}

int main(int count, char **arguments)
{
    int types[3] = {STRING, STRING, STRING}, lengths[3], place, round;
    CHECK(count == 5);
    for (place = 0; place < 3; place++)
        lengths[place] = (int)strlen(arguments[2 + place]);
    question.count = 3;
    question.types = types;
    question.values = arguments + 2;
    question.lengths = lengths;
    for (round = 0; round < ROUNDS; round++) {
        void *plugin = dlopen(arguments[1], RTLD_LAZY | RTLD_LOCAL);
        if (plugin == NULL)
            fprintf(stderr, "%s\n", dlerror());
        CHECK(plugin != NULL);
        use(plugin);
        CHECK(dlclose(plugin) == 0);
        CHECK(dlopen(arguments[1], RTLD_LAZY | RTLD_NOLOAD) == NULL);
    }
    return 0;
}
