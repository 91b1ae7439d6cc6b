/*
 * A plugin for searchd: counts and states of distributed indexes in the daemon's own SphinxQL.
 *
 *   hamirror_count(CONFIG, INDEX, QUERY)        BIGINT  documents on all agents that match; -1 if
 *                                                       one agent gave no answer
 *   hamirror_count_error(CONFIG, INDEX, QUERY)  STRING  why that is so; empty if it is not
 *   hamirror_status(CONFIG)                     STRING  the record of every host: KEY, a tab and
 *                                                       VALUE a line, as SHOW AGENT STATUS
 *   hamirror_status(CONFIG, KEY)                STRING  one value of it
 *
 * CONFIG is the path of a sphinx.conf, which is read again when it changes. The operator says
 * which ones queries may name: the file hamirror_udf.list, in the folder of the plugin, has their
 * paths, one a line, as queries write them; lines that start with # are left out. `cargo
 * hamirror-install --udf` builds the plugin; let `plugin_dir` of section `common` be its folder:
 *
 *   echo /etc/sphinx/cluster.conf >> /usr/local/lib/hamirror/hamirror_udf.list
 *
 *   CREATE FUNCTION hamirror_count RETURNS BIGINT SONAME 'hamirror_udf.so';
 *   SELECT id, hamirror_count('/etc/sphinx/cluster.conf', 'dist', 'word') AS n FROM rt LIMIT 1;
 *
 * Each statement asks once for each function in it. The record is that of the plugin's own
 * queries and pings. No thread stays in the daemon: names of hosts are looked up by the statement
 * that needs them, and hamirror_status pings mirrors of which nothing was heard for
 * ha_ping_interval (those that have another mirror beside them) and waits for that, for 1.5 s at
 * most where one is silent.
 *
 * It is also the example of a plugin over hamirror: this file speaks with the daemon, mirrors.c
 * with the library, which is linked in (see `udf` in tests/harness/install.rs for how).
 */
#include "mirrors.h"
#include "searchd_udf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 3 };

/*
 * What a function holds during a statement: the answer to the arguments that came last, as the
 * daemon calls it for each row, and from several threads.
 */
typedef struct {
    pthread_mutex_t lock;
    char *arguments[ARGUMENTS_MAX];
    int64_t count;
    char error[MIRRORS_ERROR_LEN];
} statement;

static int begin(udf_init *init, const udf_args *args, int fewest, int most,
                 const char *expected, char *error)
{
    statement *made;
    int place, is_right = args->count >= fewest && args->count <= most;
    for (place = 0; is_right && place < args->count; place++)
        is_right = args->types[place] == UDF_TYPE_STRING;
    if (!is_right) {
        snprintf(error, UDF_ERROR_LEN, "wrong arguments: %s are expected", expected);
        return 1;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        snprintf(error, UDF_ERROR_LEN, "out of memory");
        return 1;
    }
    init->data = made;
    return 0;
}

static void forget(statement *held)
{
    int place;
    for (place = 0; place < ARGUMENTS_MAX; place++) {
        free(held->arguments[place]);
        held->arguments[place] = NULL;
    }
}

static void end(udf_init *init)
{
    statement *held = init->data;
    if (held == NULL)
        return;
    forget(held);
    pthread_mutex_destroy(&held->lock);
    free(held);
    init->data = NULL;
}

static int is_known(const statement *held, const udf_args *args)
{
    int place;
    for (place = 0; place < args->count; place++) {
        const char *known = held->arguments[place];
        size_t len = (size_t)args->lengths[place];
        if (known == NULL || strlen(known) != len)
            return 0;
        /* An empty string may be NULL. */
        if (len > 0 && memcmp(known, args->values[place], len) != 0)
            return 0;
    }
    return 1;
}

static int keep(statement *held, const udf_args *args)
{
    int place;
    forget(held);
    for (place = 0; place < args->count; place++) {
        size_t len = (size_t)args->lengths[place];
        char *copy = malloc(len + 1);
        if (copy == NULL)
            return 0;
        if (len > 0)
            memcpy(copy, args->values[place], len);
        copy[len] = '\0';
        held->arguments[place] = copy;
    }
    return 1;
}

/* The count for these arguments; `error` is empty, or says why it is -1. */
static int64_t count(udf_init *init, const udf_args *args, char error[MIRRORS_ERROR_LEN])
{
    statement *held = init->data;
    int64_t result;
    pthread_mutex_lock(&held->lock);
    if (!is_known(held, args)) {
        held->error[0] = '\0';
        held->count = -1;
        if (!keep(held, args))
            snprintf(held->error, sizeof held->error, "out of memory");
        else
            mirrors_count(held->arguments[0], held->arguments[1], held->arguments[2],
                          &held->count, held->error);
    }
    result = held->count;
    memcpy(error, held->error, sizeof held->error);
    pthread_mutex_unlock(&held->lock);
    return result;
}

/* A text in the memory of the daemon, which frees it. */
static char *handed_over(const udf_args *args, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = args->alloc((int)size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

UDF_EXPORT int hamirror_udf_ver(void)
{
    return UDF_VERSION;
}

UDF_EXPORT int hamirror_count_init(udf_init *init, udf_args *args, char *error)
{
    return begin(init, args, 3, 3, "CONFIG, INDEX and QUERY", error);
}

/*
 * The error flag stays unset: the daemon would call no more, and give 0 for each row that is left.
 */
UDF_EXPORT long long hamirror_count(udf_init *init, udf_args *args, char *error_flag)
{
    char error[MIRRORS_ERROR_LEN];
    (void)error_flag;
    return count(init, args, error);
}

UDF_EXPORT void hamirror_count_deinit(udf_init *init)
{
    end(init);
}

UDF_EXPORT int hamirror_count_error_init(udf_init *init, udf_args *args, char *error)
{
    return begin(init, args, 3, 3, "CONFIG, INDEX and QUERY", error);
}

UDF_EXPORT char *hamirror_count_error(udf_init *init, udf_args *args, char *error_flag)
{
    char error[MIRRORS_ERROR_LEN];
    (void)error_flag;
    count(init, args, error);
    return handed_over(args, error);
}

UDF_EXPORT void hamirror_count_error_deinit(udf_init *init)
{
    end(init);
}

UDF_EXPORT int hamirror_status_init(udf_init *init, udf_args *args, char *error)
{
    return begin(init, args, 1, 2, "CONFIG, or CONFIG and KEY,", error);
}

UDF_EXPORT char *hamirror_status(udf_init *init, udf_args *args, char *error_flag)
{
    statement *held = init->data;
    char error[MIRRORS_ERROR_LEN] = "out of memory";
    char *status = NULL, *text;
    (void)error_flag;
    pthread_mutex_lock(&held->lock);
    if (keep(held, args))
        status = mirrors_status(held->arguments[0], held->arguments[1], error);
    pthread_mutex_unlock(&held->lock);
    text = handed_over(args, status != NULL ? status : error);
    free(status);
    return text;
}

UDF_EXPORT void hamirror_status_deinit(udf_init *init)
{
    end(init);
}
