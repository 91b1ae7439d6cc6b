/* What misuse_null.c does, for what is asked of agents beside searches. */
#include "check.h"

#define EMPTY(call) CHECK(text_is((call), ""))

static void excerpt_functions(void)
{
    REFUSED(hamirror_client_excerpts(NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, &error));
    CHECK(hamirror_excerpts_count(NULL) == 0);
    EMPTY(hamirror_excerpts_get(NULL, 0));
    hamirror_excerpts_free(NULL);
    REFUSED(hamirror_excerpt_options_new(NULL, &error));
    REFUSED(hamirror_excerpt_options_before_match(NULL, NULL, &error));
    REFUSED(hamirror_excerpt_options_after_match(NULL, NULL, &error));
    REFUSED(hamirror_excerpt_options_chunk_separator(NULL, NULL, &error));
    REFUSED(hamirror_excerpt_options_limit(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_around(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_limit_passages(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_limit_words(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_start_passage_id(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_html_strip(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_passage_boundary(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_load_files(NULL, 0, &error));
    REFUSED(hamirror_excerpt_options_flag(NULL, HAMIRROR_EXCERPT_ALLOW_EMPTY, 1, &error));
    hamirror_excerpt_options_free(NULL);
    REFUSED(hamirror_escape(NULL, NULL, 0, NULL, &error));
}

static void keywords_functions(void)
{
    REFUSED(hamirror_client_keywords(NULL, NULL, NULL, 0, NULL, NULL, &error));
    CHECK(hamirror_keywords_count(NULL) == 0);
    EMPTY(hamirror_keywords_tokenized(NULL, 0));
    EMPTY(hamirror_keywords_normalized(NULL, 0));
    CHECK(hamirror_keywords_documents(NULL, 0) == 0);
    CHECK(hamirror_keywords_hits(NULL, 0) == 0);
    CHECK(hamirror_keywords_agents(NULL) == 0);
    CHECK(hamirror_keywords_agents_answered(NULL) == 0);
    CHECK(hamirror_keywords_failure_count(NULL) == 0);
    CHECK(hamirror_keywords_failure(NULL, 0) == NULL);
    hamirror_keywords_free(NULL);
}

static void change_functions(void)
{
    REFUSED(hamirror_update_new(NULL, 0, NULL, &error));
    REFUSED(hamirror_update_document(NULL, 0, &error));
    REFUSED(hamirror_update_uint(NULL, 0, &error));
    REFUSED(hamirror_update_multi(NULL, NULL, 0, &error));
    REFUSED(hamirror_update_ignore_missing(NULL, 0, &error));
    hamirror_update_free(NULL);
    REFUSED(hamirror_client_update(NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_flush_attributes(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_daemon_status(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_execute_on_agent(NULL, 0, -1, NULL, NULL, NULL, NULL, &error));
}

static void pending_functions(void)
{
    REFUSED(hamirror_client_start_excerpts(NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_start_keywords(NULL, NULL, NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_client_start_update(NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_start_flush_attributes(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_start_daemon_status(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_start_on_agent(NULL, 0, -1, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_pending_wait_excerpts(NULL, 0, NULL, &error));
    REFUSED(hamirror_pending_wait_keywords(NULL, 0, NULL, &error));
    REFUSED(hamirror_pending_wait_mirrored(NULL, 0, NULL, &error));
    CHECK(hamirror_pending_fd(NULL) == -1 && hamirror_pending_timeout_ms(NULL) == 0);
    hamirror_pending_free(NULL);
    REFUSED(hamirror_session_start(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_session_wait(NULL, 0, NULL, &error));
    CHECK(hamirror_session_fd(NULL) == -1 && hamirror_session_timeout_ms(NULL) == 0);
    REFUSED(hamirror_session_cancel(NULL, &error));
}

static void merge_functions(void)
{
    REFUSED(hamirror_raw_merge_new(NULL, NULL, 0, NULL, &error));
    REFUSED(hamirror_raw_merge_asked(NULL, 0x11f, 14, HAMIRROR_PRODUCT_SPHINX, &error));
    REFUSED(hamirror_raw_merge_request(NULL, NULL, NULL, 0, NULL, &error));
    REFUSED(hamirror_raw_merge_add_reply(NULL, NULL, 0, 0, NULL, 0, &error));
    REFUSED(hamirror_raw_merge_add_failure(NULL, NULL, 0, NULL, &error));
    REFUSED(hamirror_raw_merge_finish(NULL, NULL, NULL, NULL, 0, &error));
    hamirror_raw_merge_free(NULL);
}

static void mirrored_functions(void)
{
    CHECK(!hamirror_mirrored_is_complete(NULL));
    CHECK(hamirror_mirrored_documents(NULL) == 0);
    EMPTY(hamirror_mirrored_warning(NULL));
    CHECK(hamirror_mirrored_local_count(NULL) == 0);
    EMPTY(hamirror_mirrored_local(NULL, 0));
    CHECK(hamirror_mirrored_agent_count(NULL) == 0);
    CHECK(hamirror_mirrored_agent(NULL, 0) == NULL);
    hamirror_mirrored_free(NULL);
    EMPTY(hamirror_agent_answers_index(NULL));
    CHECK(hamirror_agent_answers_number(NULL) == 0);
    CHECK(hamirror_agent_answers_documents(NULL) == 0);
    CHECK(!hamirror_agent_answers_is_alike(NULL));
    CHECK(!hamirror_agent_answers_is_complete(NULL));
    CHECK(hamirror_agent_answers_mirror_count(NULL) == 0);
    CHECK(hamirror_agent_answers_mirror(NULL, 0) == NULL);
    EMPTY(hamirror_mirror_answer_host(NULL));
    CHECK(hamirror_mirror_answer_failure(NULL) == NULL);
    CHECK(hamirror_mirror_answer_documents(NULL) == 0);
    EMPTY(hamirror_mirror_answer_warning(NULL));
    CHECK(hamirror_mirror_answer_flush(NULL) == 0);
    CHECK(hamirror_mirror_answer_row_count(NULL) == 0);
    EMPTY(hamirror_mirror_answer_key(NULL, 0));
    EMPTY(hamirror_mirror_answer_value(NULL, 0));
}

/* Handles of the right types, and values that can't be used. */
static void values_are_checked(void)
{
    const char *names[2] = {"stock", NULL};
    const uint32_t values[1] = {1};
    char text[8];
    size_t len = 77;
    hamirror_excerpt_options *options;
    hamirror_update *update = (hamirror_update *)&update;
    hamirror_config *config;
    hamirror_client *client;
    hamirror_mirrored *mirrored = (hamirror_mirrored *)&mirrored;
    hamirror_excerpts *excerpts = (hamirror_excerpts *)&excerpts;
    OK(hamirror_excerpt_options_new(&options, &error));
    REFUSED(hamirror_excerpt_options_before_match(options, "\xff", &error));
    REFUSED(hamirror_excerpt_options_html_strip(options, 4, &error));
    REFUSED(hamirror_excerpt_options_passage_boundary(options, -1, &error));
    REFUSED(hamirror_excerpt_options_load_files(options, 3, &error));
    REFUSED(hamirror_excerpt_options_flag(options, 0, 1, &error));
    REFUSED(hamirror_excerpt_options_flag(options, 10, 1, &error));
    OK(hamirror_excerpt_options_limit(options, UINT32_MAX, &error));
    REFUSED(hamirror_update_new(names, 2, &update, &error));
    CHECK(update == NULL);
    OK(hamirror_update_new(names, 1, &update, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_update_uint(update, 1, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_update_multi(update, values, 1, &error));
    REFUSED(hamirror_update_multi(update, NULL, 1, &error));

    OK(hamirror_config_parse("index d { type = distributed\n agent = 127.0.0.1:1:x\n }", "c",
                             &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_client_update(client, "d", update, NULL, &mirrored, &error));
    OK(hamirror_update_document(update, 1, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_client_update(client, "d", update, NULL, &mirrored, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_flush_attributes(client, "none", NULL, &mirrored, &error));
    REFUSED(hamirror_client_execute_on_agent(client, 0, -2, "DELETE FROM d WHERE id=1", NULL,
                                             NULL, &mirrored, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_execute_on_agent(client, 0, 1, "DELETE FROM d WHERE id=1", NULL,
                                            NULL, &mirrored, &error));
    CHECK(mirrored == NULL);
    EXPECT(HAMIRROR_ERROR_REQUEST, hamirror_client_excerpts(client, "d", NULL, 0, "x", options,
                                                            NULL, &excerpts, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST, hamirror_client_excerpts(client, "d", NULL, 0, "", NULL,
                                                            NULL, &excerpts, &error));
    REFUSED(hamirror_client_excerpts(client, "d", NULL, 1, "x", NULL, NULL, &excerpts, &error));
    CHECK(excerpts == NULL);
    OK(hamirror_client_excerpts(client, "d", NULL, 0, "x", NULL, NULL, &excerpts, &error));
    CHECK(hamirror_excerpts_count(excerpts) == 0);
    hamirror_excerpts_free(excerpts);

    REFUSED(hamirror_escape("\xff", text, sizeof text, &len, &error));
    REFUSED(hamirror_escape("a", NULL, 1, &len, &error));
    CHECK(len == 77);
    OK(hamirror_escape("(a-b)", NULL, 0, &len, &error));
    CHECK(len == 8);
    OK(hamirror_escape("(a-b)", text, sizeof text, &len, &error));
    CHECK(len == 8 && memcmp(text, "\\(a\\-b\\)", 8) == 0);
    hamirror_client_free(client);
    hamirror_config_free(config);
    hamirror_update_free(update);
    hamirror_excerpt_options_free(options);
}

int main(void)
{
    excerpt_functions();
    keywords_functions();
    change_functions();
    pending_functions();
    merge_functions();
    mirrored_functions();
    values_are_checked();
    return 0;
}
