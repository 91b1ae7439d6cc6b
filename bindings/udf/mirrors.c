#define _POSIX_C_SOURCE 200809L
#include "mirrors.h"

#include <hamirror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A client and the file that it was made of, as that was then. */
typedef struct entry {
    struct entry *next;
    hamirror_client *client;
    struct timespec changed;
    off_t size;
    ino_t inode;
    char path[];
} entry;

/* More than any daemon has: paths that come from queries must not fill the memory. */
enum { ENTRIES_MAX = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *entries;
static size_t entry_count;

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
    entry *made;
    if (entry_count >= ENTRIES_MAX) {
        snprintf(error, MIRRORS_ERROR_LEN, "more than %d configurations", ENTRIES_MAX);
        return NULL;
    }
    made = calloc(1, sizeof *made + room);
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
    entry_count++;
    return made;
}

/* The client of a configuration as it is in its file now; a handle to be freed. */
static hamirror_client *client_of(const char *path, char error[MIRRORS_ERROR_LEN])
{
    hamirror_client *client = NULL;
    struct stat file;
    entry *known;
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
