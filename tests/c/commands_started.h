/* Commands that are started and waited for in a loop of poll(), in the place of those that wait:
 * for commands.c, which tells both alike. */
#ifndef COMMANDS_STARTED_H
#define COMMANDS_STARTED_H

#include "check.h"

#include <poll.h>

/* Does nothing while the command has nothing to do. */
static void wait_ready(const hamirror_pending *pending)
{
    struct pollfd entry = {0, POLLIN, 0};
    entry.fd = hamirror_pending_fd(pending);
    CHECK(hamirror_pending_timeout_ms(pending) >= 0);
    poll(&entry, 1, hamirror_pending_timeout_ms(pending));
}

/* Ends a command whose outcome was told, or that failed. */
static int32_t ended(hamirror_pending *pending, int32_t code)
{
    if (pending != NULL) {
        CHECK(hamirror_pending_fd(pending) == -1);
        CHECK(hamirror_pending_timeout_ms(pending) == -1);
    }
    hamirror_pending_free(pending);
    return code;
}

static int32_t started_excerpts(const hamirror_client *client, const char *index,
                                const hamirror_text *documents, size_t documents_len,
                                const char *words, const hamirror_excerpt_options *excerpt_options,
                                const hamirror_call_options *options, hamirror_excerpts **excerpts,
                                hamirror_error **error)
{
    hamirror_pending *pending;
    hamirror_keywords *keywords = (hamirror_keywords *)&keywords;
    int32_t code = hamirror_client_start_excerpts(client, index, documents, documents_len, words,
                                                  excerpt_options, options, &pending, error);
    *excerpts = NULL;
    while (code == HAMIRROR_OK && *excerpts == NULL) {
        wait_ready(pending);
        CHECK(hamirror_pending_wait_keywords(pending, 0, &keywords, NULL)
              == HAMIRROR_ERROR_MISUSE);
        CHECK(keywords == NULL);
        code = hamirror_pending_wait_excerpts(pending, 0, excerpts, error);
    }
    return ended(pending, code);
}

static int32_t started_keywords(const hamirror_client *client, const char *index,
                                const char *text, int32_t with_statistics,
                                const hamirror_call_options *options, hamirror_keywords **keywords,
                                hamirror_error **error)
{
    hamirror_pending *pending;
    int32_t code = hamirror_client_start_keywords(client, index, text, with_statistics, options,
                                                  &pending, error);
    *keywords = NULL;
    while (code == HAMIRROR_OK && *keywords == NULL) {
        wait_ready(pending);
        code = hamirror_pending_wait_keywords(pending, 0, keywords, error);
    }
    return ended(pending, code);
}

/* Without a loop of its own, and with one wait more than there are outcomes. */
static int32_t mirrored_of(hamirror_pending *pending, int32_t code, hamirror_mirrored **mirrored,
                           hamirror_error **error)
{
    hamirror_mirrored *none = (hamirror_mirrored *)&none;
    *mirrored = NULL;
    while (code == HAMIRROR_OK && *mirrored == NULL)
        code = hamirror_pending_wait_mirrored(pending, -1, mirrored, error);
    if (pending != NULL)
        CHECK(hamirror_pending_wait_mirrored(pending, 0, &none, NULL) == HAMIRROR_ERROR_MISUSE);
    return ended(pending, code);
}

static int32_t started_update(const hamirror_client *client, const char *index,
                              const hamirror_update *update, const hamirror_call_options *options,
                              hamirror_mirrored **mirrored, hamirror_error **error)
{
    hamirror_pending *pending;
    int32_t code = hamirror_client_start_update(client, index, update, options, &pending, error);
    return mirrored_of(pending, code, mirrored, error);
}

static int32_t started_flush(const hamirror_client *client, const char *index,
                             const hamirror_call_options *options, hamirror_mirrored **mirrored,
                             hamirror_error **error)
{
    hamirror_pending *pending;
    int32_t code =
        hamirror_client_start_flush_attributes(client, index, options, &pending, error);
    return mirrored_of(pending, code, mirrored, error);
}

static int32_t started_status(const hamirror_client *client, const char *index,
                              const hamirror_call_options *options, hamirror_mirrored **mirrored,
                              hamirror_error **error)
{
    hamirror_pending *pending;
    int32_t code = hamirror_client_start_daemon_status(client, index, options, &pending, error);
    return mirrored_of(pending, code, mirrored, error);
}

static int32_t started_on_agent(const hamirror_client *client, size_t agent, int64_t mirror,
                                const char *statement, const hamirror_parameters *parameters,
                                const hamirror_call_options *options, hamirror_mirrored **mirrored,
                                hamirror_error **error)
{
    hamirror_pending *pending;
    int32_t code = hamirror_client_start_on_agent(client, agent, mirror, statement, parameters,
                                                  options, &pending, error);
    return mirrored_of(pending, code, mirrored, error);
}

static void use_started(hamirror_api_v0 *api)
{
    api->client_excerpts = started_excerpts;
    api->client_keywords = started_keywords;
    api->client_update = started_update;
    api->client_flush_attributes = started_flush;
    api->client_daemon_status = started_status;
    api->client_execute_on_agent = started_on_agent;
}

#endif
