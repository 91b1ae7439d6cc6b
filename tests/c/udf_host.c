/* What searchd does with the plugin, for a memory checker to watch: sets up a statement, calls for
 * each row from several threads, and ends the statement. */
#include "../../bindings/udf/searchd_udf.h"
#include "guest.h"

#include <dlfcn.h>
#include <pthread.h>

enum { ROWS = 3, THREADS = 4 };

static void *library;
static udf_init init;
static udf_args args;
static long long expected;

static void *symbol(const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static void *allocate(int size)
{
    return malloc((size_t)size);
}

/* The arguments lie without a NUL, as rows do, and an empty one nowhere. */
static void set_arguments(char **values, int count)
{
    static int types[3] = {UDF_TYPE_STRING, UDF_TYPE_STRING, UDF_TYPE_STRING}, lengths[3];
    static char *copies[3];
    int place;
    for (place = 0; place < count; place++) {
        lengths[place] = (int)strlen(values[place]);
        free(copies[place]);
        copies[place] = NULL;
        if (lengths[place] == 0)
            continue;
        copies[place] = malloc((size_t)lengths[place]);
        CHECK(copies[place] != NULL);
        memcpy(copies[place], values[place], (size_t)lengths[place]);
    }
    args.count = count;
    args.types = types;
    args.values = copies;
    args.lengths = lengths;
    args.alloc = allocate;
}

static void begin(const char *name)
{
    int (*function)(udf_init *, udf_args *, char *);
    char error[UDF_ERROR_LEN];
    *(void **)&function = symbol(name);
    CHECK(function(&init, &args, error) == 0);
}

static void end(const char *name)
{
    void (*function)(udf_init *);
    *(void **)&function = symbol(name);
    function(&init);
}

static void *count_rows(void *unused)
{
    long long (*function)(udf_init *, udf_args *, char *);
    char failed = 0;
    int row;
    *(void **)&function = symbol("hamirror_count");
    for (row = 0; row < ROWS; row++)
        CHECK(function(&init, &args, &failed) == expected && !failed);
    return unused;
}

static void check_text(const char *name, const char *part)
{
    char *(*function)(udf_init *, udf_args *, char *), *text, failed = 0;
    *(void **)&function = symbol(name);
    text = function(&init, &args, &failed);
    CHECK(text != NULL && !failed && strstr(text, part) != NULL);
    free(text);
}

static void refused(const char *name, int count)
{
    int (*function)(udf_init *, udf_args *, char *);
    char error[UDF_ERROR_LEN] = "";
    *(void **)&function = symbol(name);
    args.count = count;
    CHECK(function(&init, &args, error) != 0 && error[0] != '\0');
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    int place, (*version)(void);
    char *missing[3] = {"/nosuch.conf", "", ""};
    CHECK(count == 6);
    library = dlopen(arguments[1], RTLD_LAZY | RTLD_LOCAL);
    CHECK(library != NULL);
    *(void **)&version = symbol("hamirror_udf_ver");
    CHECK(version() >= 12);
    expected = strtoll(arguments[5], NULL, 10);

    set_arguments(arguments + 2, 3);
    begin("hamirror_count_init");
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_create(&threads[place], NULL, count_rows, NULL) == 0);
    for (place = 0; place < THREADS; place++)
        CHECK(pthread_join(threads[place], NULL) == 0);
    set_arguments(missing, 3);
    expected = -1;
    count_rows(NULL);
    end("hamirror_count_deinit");
    begin("hamirror_count_error_init");
    check_text("hamirror_count_error", "is not listed");
    end("hamirror_count_error_deinit");

    set_arguments(arguments + 2, 1);
    begin("hamirror_status_init");
    check_text("hamirror_status", "status_period_seconds\t60\n");
    end("hamirror_status_deinit");
    refused("hamirror_status_init", 3);
    refused("hamirror_count_init", 0);
    set_arguments(missing, 0);
    CHECK(dlclose(library) == 0);
    return 0;
}
