#define _GNU_SOURCE
#include "mirrors.h"

#include <ctype.h>
#include <dlfcn.h>
#include <hamirror.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A client and the file that it was made of, as that was then. */
typedef struct entry {
    struct entry *next;
    hamirror_client *client;
    struct timespec changed;
    off_t size;
    ino_t inode;
    char path[];
} entry;

/* For a connection that gets no answer, with the usual agent_connect_timeout of a second. */
enum { PING_LIMIT_MS = 1500 };

/* One for each line of the list at most, and those that were taken out of it and not asked for
 * since. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *entries;

/*
 * Whether the operator allows that configuration: its path is a line of the list beside the
 * plugin. Texts are compared, not files: a query reaches no file by a name of its own making, nor
 * does it learn which there are.
 */
static int is_listed(const char *config)
{
    char path[PATH_MAX], *line = NULL;
    size_t room = 0;
    ssize_t len;
    int folder_len, is_found = 0;
    const char *slash;
    Dl_info plugin;
    FILE *list;
    if (dladdr(&lock, &plugin) == 0)
        return 0;
    slash = strrchr(plugin.dli_fname, '/');
    folder_len = slash == NULL ? 0 : (int)(slash - plugin.dli_fname) + 1;
    len = snprintf(path, sizeof path, "%.*s%s", folder_len, plugin.dli_fname, MIRRORS_LIST);
    list = len < (ssize_t)sizeof path ? fopen(path, "re") : NULL;
    while (list != NULL && !is_found && (len = getline(&line, &room, list)) >= 0) {
        while (len > 0 && isspace((unsigned char)line[len - 1]))
            line[--len] = '\0';
        is_found = len > 0 && line[0] != '#' && strcmp(line, config) == 0;
    }
    free(line);
    if (list != NULL)
        fclose(list);
    return is_found;
}

/* Gives up an error for its text. Of a file that is no configuration it tells the place alone:
 * whoever may send queries may not read any file of the daemon's machine by them. */
static void tell(char text[MIRRORS_ERROR_LEN], hamirror_error *error)
{
    const hamirror_diagnostic *fault = hamirror_error_diagnostic(error, 0);
    if (fault != NULL) {
        hamirror_text file = hamirror_diagnostic_file(fault);
        hamirror_text expected = hamirror_diagnostic_expected(fault);
        snprintf(text, MIRRORS_ERROR_LEN, "%.*s:%u:%u: %.*s", (int)file.len, file.data,
                 (unsigned)hamirror_diagnostic_line(fault),
                 (unsigned)hamirror_diagnostic_column(fault), (int)expected.len, expected.data);
    } else {
        hamirror_text message = hamirror_error_message(error);
        snprintf(text, MIRRORS_ERROR_LEN, "%.*s", (int)message.len, message.data);
    }
    hamirror_error_free(error);
}

static int is_unchanged(const entry *known, const struct stat *file)
{
    return known->changed.tv_sec == file->st_mtim.tv_sec
           && known->changed.tv_nsec == file->st_mtim.tv_nsec && known->size == file->st_size
           && known->inode == file->st_ino;
}

/* Makes the client of a new entry, or hands an old one the file as it is now. */
static int refresh(entry *known, const struct stat *file, char text[MIRRORS_ERROR_LEN])
{
    hamirror_config *config;
    hamirror_client_options options;
    hamirror_error *error;
    int32_t code = hamirror_config_read(known->path, &config, &error);
    if (code == HAMIRROR_OK && known->client != NULL) {
        code = hamirror_client_reload(known->client, config, &error);
    } else if (code == HAMIRROR_OK) {
        hamirror_client_options_init(&options, sizeof options);
        /* A daemon can drop a plugin, but tells it nothing: so no thread may be left in it. */
        options.no_background = 1;
        code = hamirror_client_new(config, &options, &known->client, &error);
    }
    hamirror_config_free(config);
    if (code != HAMIRROR_OK) {
        tell(text, error);
        return 0;
    }
    known->changed = file->st_mtim;
    known->size = file->st_size;
    known->inode = file->st_ino;
    return 1;
}

static entry *entry_new(const char *path, const struct stat *file, char error[MIRRORS_ERROR_LEN])
{
    size_t room = strlen(path) + 1;
    entry *made = calloc(1, sizeof *made + room);
    if (made == NULL) {
        snprintf(error, MIRRORS_ERROR_LEN, "out of memory");
        return NULL;
    }
    memcpy(made->path, path, room);
    if (!refresh(made, file, error)) {
        free(made);
        return NULL;
    }
    made->next = entries;
    entries = made;
    return made;
}

/* One that the list has no more. */
static void entry_free(const char *path)
{
    entry **place = &entries, *known;
    while ((known = *place) != NULL && strcmp(known->path, path) != 0)
        place = &known->next;
    if (known == NULL)
        return;
    *place = known->next;
    hamirror_client_free(known->client);
    free(known);
}

/* The client of a configuration as it is in its file now; a handle to be freed. */
static hamirror_client *client_of(const char *path, char error[MIRRORS_ERROR_LEN])
{
    hamirror_client *client = NULL;
    struct stat file;
    entry *known;
    if (!is_listed(path)) {
        pthread_mutex_lock(&lock);
        entry_free(path);
        pthread_mutex_unlock(&lock);
        snprintf(error, MIRRORS_ERROR_LEN, "'%s' is not listed in %s beside the plugin", path,
                 MIRRORS_LIST);
        return NULL;
    }
    /* Anything else could make the daemon wait. */
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) {
        snprintf(error, MIRRORS_ERROR_LEN, "'%s' is no file", path);
        return NULL;
    }
    pthread_mutex_lock(&lock);
    for (known = entries; known != NULL && strcmp(known->path, path) != 0; known = known->next) {
    }
    if (known == NULL)
        known = entry_new(path, &file, error);
    else if (!is_unchanged(known, &file) && !refresh(known, &file, error))
        known = NULL;
    if (known != NULL)
        client = hamirror_client_clone(known->client);
    pthread_mutex_unlock(&lock);
    return client;
}

int mirrors_count(const char *config, const char *index, const char *query, int64_t *count,
                  char text[MIRRORS_ERROR_LEN])
{
    hamirror_client *client = client_of(config, text);
    hamirror_search *search = NULL;
    hamirror_result *result = NULL;
    hamirror_call_options options;
    hamirror_error *error;
    int32_t code;
    if (client == NULL)
        return 0;
    hamirror_call_options_init(&options, sizeof options);
    options.completeness = HAMIRROR_COMPLETENESS_ALL;
    code = hamirror_search_new(query, &search, &error);
    if (code == HAMIRROR_OK)
        code = hamirror_search_window(search, 0, 1, &error);
    if (code == HAMIRROR_OK)
        code = hamirror_client_search(client, index, search, &options, &result, &error);
    if (code == HAMIRROR_OK)
        *count = (int64_t)hamirror_result_total_found(result);
    else
        tell(text, error);
    hamirror_result_free(result);
    hamirror_search_free(search);
    hamirror_client_free(client);
    return code == HAMIRROR_OK;
}

static void print(FILE *out, const hamirror_status *status, const char *key)
{
    size_t row, count = hamirror_status_row_count(status);
    for (row = 0; row < count; row++) {
        hamirror_text name = hamirror_status_key(status, row);
        hamirror_text value = hamirror_status_value(status, row);
        if (key == NULL)
            fprintf(out, "%.*s\t%.*s\n", (int)name.len, name.data, (int)value.len, value.data);
        else if (strlen(key) == name.len && memcmp(key, name.data, name.len) == 0)
            fwrite(value.data, 1, value.len, out);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether a mirror that is being pinged has not answered for that long. */
static int is_any_awaited(const hamirror_client *client, int64_t since_us)
{
    hamirror_status *status;
    size_t place, count;
    int is_any = 0;
    if (hamirror_status_new(client, &status, NULL) != HAMIRROR_OK)
        return 0;
    count = hamirror_status_host_count(status);
    for (place = 0; place < count; place++) {
        const hamirror_host *host = hamirror_status_host(status, place);
        int64_t answer_us = hamirror_host_last_answer_us(host);
        if (hamirror_host_is_pinged(host) && hamirror_host_in_flight(host) > 0)
            is_any |= answer_us < 0 || answer_us > since_us;
    }
    hamirror_status_free(status);
    return is_any;
}

/* Pings the mirrors of which nothing was heard for ha_ping_interval, as a daemon does all the
 * time. If another statement is at it, that one's answers serve this one. */
static void ping(const hamirror_client *client)
{
    hamirror_upkeep *upkeep;
    int64_t start = now_ms(), passed = 0;
    if (hamirror_upkeep_new(client, &upkeep, NULL) != HAMIRROR_OK)
        return;
    while (hamirror_upkeep_drive(upkeep, NULL) == HAMIRROR_OK && passed < PING_LIMIT_MS
           && is_any_awaited(client, passed * 1000)) {
        hamirror_upkeep_wait(upkeep, (uint32_t)(PING_LIMIT_MS - passed), NULL);
        passed = now_ms() - start;
    }
    hamirror_upkeep_free(upkeep);
}

char *mirrors_status(const char *config, const char *key, char text[MIRRORS_ERROR_LEN])
{
    hamirror_client *client = client_of(config, text);
    hamirror_status *status;
    hamirror_error *error;
    char *lines = NULL;
    size_t size;
    FILE *out;
    if (client == NULL)
        return NULL;
    ping(client);
    if (hamirror_status_new(client, &status, &error) != HAMIRROR_OK) {
        tell(text, error);
    } else if ((out = open_memstream(&lines, &size)) != NULL) {
        print(out, status, key);
        fclose(out);
    }
    if (lines == NULL && status != NULL)
        snprintf(text, MIRRORS_ERROR_LEN, "out of memory");
    hamirror_status_free(status);
    hamirror_client_free(client);
    return lines;
}
