/* Asks what is asked beside searches, and prints it as every language does
 * (tests/harness/command_listing.rs). With a third argument the commands are started and run in a
 * loop of its own. */
#include "commands_started.h"

#include <inttypes.h>

#define DOCUMENTS 4

static hamirror_client *client;
static const char *packages;
/* The functions of the library; those that wait may be others. */
static hamirror_api_v0 api;

static void print(hamirror_text text)
{
    printf("%.*s", (int)text.len, text.data);
}

static void escape(void)
{
    char escaped[64];
    size_t len;
    OK(hamirror_escape("a-b (c) \"d\"", escaped, sizeof escaped, &len, &error));
    printf("escape %.*s\n", (int)len, escaped);
}

static void print_excerpts(const char *words, const hamirror_excerpt_options *options)
{
    static const char *const texts[DOCUMENTS] = {"a <i>small</i> library of files", "",
                                                 "no such word", "library files"};
    hamirror_text documents[DOCUMENTS];
    hamirror_excerpts *excerpts;
    size_t number;
    for (number = 0; number < DOCUMENTS; number++) {
        documents[number].data = texts[number];
        documents[number].len = strlen(texts[number]);
    }
    OK(api.client_excerpts(client, packages, documents, DOCUMENTS, words, options, NULL,
                           &excerpts, &error));
    CHECK(hamirror_excerpts_count(excerpts) == DOCUMENTS);
    for (number = 0; number < DOCUMENTS; number++) {
        printf("excerpt ");
        print(hamirror_excerpts_get(excerpts, number));
        printf("\n");
    }
    hamirror_excerpts_free(excerpts);
}

static void excerpts(void)
{
    hamirror_excerpt_options *options;
    print_excerpts("library", NULL);
    OK(hamirror_excerpt_options_new(&options, &error));
    OK(hamirror_excerpt_options_before_match(options, "[%PASSAGE_ID%:", &error));
    OK(hamirror_excerpt_options_after_match(options, "]", &error));
    OK(hamirror_excerpt_options_chunk_separator(options, "~", &error));
    OK(hamirror_excerpt_options_limit(options, 20, &error));
    OK(hamirror_excerpt_options_around(options, 1, &error));
    OK(hamirror_excerpt_options_limit_passages(options, 2, &error));
    OK(hamirror_excerpt_options_limit_words(options, 4, &error));
    OK(hamirror_excerpt_options_start_passage_id(options, 7, &error));
    OK(hamirror_excerpt_options_html_strip(options, HAMIRROR_HTML_STRIP_STRIP, &error));
    OK(hamirror_excerpt_options_passage_boundary(options, HAMIRROR_PASSAGE_BOUNDARY_NONE,
                                                 &error));
    OK(hamirror_excerpt_options_load_files(options, HAMIRROR_EXCERPT_FILES_NONE, &error));
    OK(hamirror_excerpt_options_flag(options, HAMIRROR_EXCERPT_QUERY_MODE, 1, &error));
    OK(hamirror_excerpt_options_flag(options, HAMIRROR_EXCERPT_ALLOW_EMPTY, 1, &error));
    OK(hamirror_excerpt_options_flag(options, HAMIRROR_EXCERPT_REMOVE_SPACES, 0, &error));
    print_excerpts("library files", options);
    hamirror_excerpt_options_free(options);
}

static void keywords(int32_t with_statistics)
{
    hamirror_keywords *keywords;
    size_t number;
    OK(api.client_keywords(client, packages, "library of nosuchword", with_statistics, NULL,
                           &keywords, &error));
    for (number = 0; number < hamirror_keywords_count(keywords); number++) {
        printf("keyword ");
        print(hamirror_keywords_tokenized(keywords, number));
        printf(" ");
        print(hamirror_keywords_normalized(keywords, number));
        printf(" %" PRIu64 " %" PRIu64 "\n", hamirror_keywords_documents(keywords, number),
               hamirror_keywords_hits(keywords, number));
    }
    CHECK(hamirror_keywords_failure(keywords, 0) == NULL);
    printf("keywords %zu of %zu, %zu failures\n", hamirror_keywords_agents_answered(keywords),
           hamirror_keywords_agents(keywords), hamirror_keywords_failure_count(keywords));
    hamirror_keywords_free(keywords);
}

static void print_failure(const hamirror_failure *failure)
{
    printf("failed, applied %s, attempts %zu\n",
           hamirror_failure_may_be_applied(failure) ? "true" : "false",
           hamirror_failure_attempt_count(failure));
}

typedef void print_value(const hamirror_mirror_answer *answer);

static void print_mirrors(const char *title, const hamirror_mirrored *mirrored,
                          print_value *print_value)
{
    size_t number, place;
    CHECK(hamirror_mirrored_local_count(mirrored) == 0);
    printf("%s complete %s, without ", title,
           hamirror_mirrored_is_complete(mirrored) ? "true" : "false");
    print(hamirror_mirrored_local(mirrored, 0));
    printf("\n");
    for (number = 0; number < hamirror_mirrored_agent_count(mirrored); number++) {
        const hamirror_agent_answers *agent = hamirror_mirrored_agent(mirrored, number);
        printf("agent ");
        print(hamirror_agent_answers_index(agent));
        printf(" %zu complete %s\n", hamirror_agent_answers_number(agent),
               hamirror_agent_answers_is_complete(agent) ? "true" : "false");
        for (place = 0; place < hamirror_agent_answers_mirror_count(agent); place++) {
            const hamirror_mirror_answer *answer = hamirror_agent_answers_mirror(agent, place);
            const hamirror_failure *failure = hamirror_mirror_answer_failure(answer);
            printf("mirror ");
            print(hamirror_mirror_answer_host(answer));
            printf(" ");
            if (failure == NULL)
                print_value(answer);
            else
                print_failure(failure);
        }
    }
}

static void print_documents(const hamirror_mirror_answer *answer)
{
    printf("%" PRIu64 " ", hamirror_mirror_answer_documents(answer));
    print(hamirror_mirror_answer_warning(answer));
    printf("\n");
}

static void print_flush(const hamirror_mirror_answer *answer)
{
    printf("%d\n", hamirror_mirror_answer_flush(answer) > 0);
}

static void print_rows(const hamirror_mirror_answer *answer)
{
    size_t rows = hamirror_mirror_answer_row_count(answer), row;
    for (row = 0; row < rows; row++)
        CHECK(hamirror_mirror_answer_key(answer, row).len > 0
              && hamirror_mirror_answer_value(answer, row).len > 0);
    print(hamirror_mirror_answer_key(answer, 0));
    printf(" %s\n", rows > 20 ? "true" : "false");
}

/* Prints what became of a change, and ends it. */
static void changed(const char *title, hamirror_mirrored *mirrored)
{
    size_t number;
    printf("%s changed %" PRIu64 "\n", title, hamirror_mirrored_documents(mirrored));
    for (number = 0; number < hamirror_mirrored_agent_count(mirrored); number++) {
        const hamirror_agent_answers *agent = hamirror_mirrored_agent(mirrored, number);
        printf("agent %zu changed %" PRIu64 ", alike %s\n", hamirror_agent_answers_number(agent),
               hamirror_agent_answers_documents(agent),
               hamirror_agent_answers_is_alike(agent) ? "true" : "false");
    }
    print_mirrors(title, mirrored, print_documents);
    printf("warning ");
    print(hamirror_mirrored_warning(mirrored));
    printf("\n");
    hamirror_mirrored_free(mirrored);
}

static void update(void)
{
    const char *names[] = {"installed_size", "tags", "nosuch"};
    const uint32_t tags[] = {9, 7};
    hamirror_update *update;
    hamirror_mirrored *mirrored;
    OK(hamirror_update_new(names, 3, &update, &error));
    OK(hamirror_update_document(update, 1, &error));
    OK(hamirror_update_uint(update, 4000000001U, &error));
    OK(hamirror_update_multi(update, tags, 2, &error));
    OK(hamirror_update_uint(update, 0, &error));
    OK(hamirror_update_document(update, 2, &error));
    OK(hamirror_update_uint(update, 5, &error));
    OK(hamirror_update_multi(update, NULL, 0, &error));
    OK(hamirror_update_uint(update, 0, &error));
    OK(hamirror_update_document(update, 999999, &error));
    OK(hamirror_update_uint(update, 5, &error));
    OK(hamirror_update_multi(update, NULL, 0, &error));
    OK(hamirror_update_uint(update, 0, &error));
    OK(hamirror_update_ignore_missing(update, 1, &error));
    OK(api.client_update(client, packages, update, NULL, &mirrored, &error));
    changed("update", mirrored);
    hamirror_update_free(update);
}

static void on_agents(void)
{
    char statement[100];
    hamirror_parameters *size;
    hamirror_mirrored *mirrored;
    hamirror_error *error;
    size_t number;
    snprintf(statement, sizeof statement, "UPDATE %s SET installed_size=? WHERE id>0", packages);
    OK(hamirror_parameters_new(&size, &error));
    OK(hamirror_parameters_int64(size, NULL, 6, &error));
    OK(api.client_execute_on_agent(client, 0, -1, statement, size, NULL, &mirrored, &error));
    changed("on agent", mirrored);
    OK(api.client_execute_on_agent(client, 1, 0, statement, size, NULL, &mirrored, &error));
    changed("on agent", mirrored);
    CHECK(api.client_execute_on_agent(client, 1, 1, statement, size, NULL, &mirrored, &error)
          == HAMIRROR_ERROR_UNANSWERED);
    printf("unanswered %zu of %zu\n", hamirror_error_agents_answered(error),
           hamirror_error_agents(error));
    for (number = 0; number < hamirror_error_failure_count(error); number++)
        print_failure(hamirror_error_failure(error, number));
    hamirror_error_free(error);
    hamirror_parameters_free(size);
}

static void daemons(void)
{
    hamirror_mirrored *mirrored;
    OK(api.client_flush_attributes(client, packages, NULL, &mirrored, &error));
    print_mirrors("flush", mirrored, print_flush);
    hamirror_mirrored_free(mirrored);
    OK(api.client_daemon_status(client, packages, NULL, &mirrored, &error));
    print_mirrors("status", mirrored, print_rows);
    hamirror_mirrored_free(mirrored);
}

int main(int count, char **arguments)
{
    CHECK(count == 3 || count == 4);
    api = *(const hamirror_api_v0 *)hamirror_api(HAMIRROR_API_VERSION);
    if (count == 4)
        use_started(&api);
    client = client_of_file(arguments[1]);
    packages = arguments[2];
    escape();
    excerpts();
    keywords(1);
    keywords(0);
    update();
    on_agents();
    daemons();
    hamirror_client_free(client);
    return 0;
}
