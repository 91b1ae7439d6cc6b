/* What the programs share: a check that names its place, and calls that must do well. */
#ifndef CHECK_H
#define CHECK_H

#include <hamirror.h>
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

/* A call whose last argument is &error, and the code that it must return. */
#define EXPECT(code, call)                                                                   \
    do {                                                                                     \
        hamirror_error *error = (hamirror_error *)&error;                                    \
        int32_t got = (call);                                                                \
        check_code((code), got, error, __FILE__, __LINE__, #call);                           \
        hamirror_error_free(error);                                                          \
    } while (0)

#define OK(call) EXPECT(HAMIRROR_OK, call)
#define REFUSED(call) EXPECT(HAMIRROR_ERROR_ARGUMENT, call)

static inline void check_code(int32_t expected, int32_t got, const hamirror_error *error,
                              const char *file, int line, const char *call)
{
    hamirror_text message = hamirror_error_message(error);
    if (got == expected && hamirror_error_code(error) == expected
        && (expected == HAMIRROR_OK) == (error == NULL)
        && (expected == HAMIRROR_OK) == (message.len == 0))
        return;
    fprintf(stderr, "%s:%d: %s returned %d, not %d: %.*s\n", file, line, call, (int)got,
            (int)expected, (int)message.len, message.data);
    exit(1);
}

static inline int text_is(hamirror_text text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

static inline int text_contains(hamirror_text text, const char *part)
{
    size_t len = strlen(part), start;
    for (start = 0; start + len <= text.len; start++)
        if (memcmp(text.data + start, part, len) == 0)
            return 1;
    return 0;
}

static inline hamirror_client *client_of_file(const char *path)
{
    hamirror_config *config;
    hamirror_client *client;
    OK(hamirror_config_read(path, &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    hamirror_config_free(config);
    return client;
}

static inline hamirror_search *search_for(const char *query)
{
    hamirror_search *search;
    OK(hamirror_search_new(query, &search, &error));
    return search;
}

#endif
