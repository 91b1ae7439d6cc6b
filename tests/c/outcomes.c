/* Prints what became of each agent of searches that end early, keep to a mirror or leave it, and
 * of one whose answer is partial, as every language does (tests/real/outcome_programs.rs). */
#include "check.h"

#include <inttypes.h>
#include <poll.h>

#define HOUR_MS 3600000

static hamirror_client *client;

static void print(const char *name, hamirror_text text)
{
    printf(" %s '%.*s'", name, (int)text.len, text.data);
}

static const char *text_of(bool is)
{
    return is ? "true" : "false";
}

static void print_outcome(const hamirror_outcome *outcome, const hamirror_failure *failure)
{
    const char *kept = hamirror_outcome_kept_mirror(outcome)   ? "true"
                       : hamirror_outcome_left_mirror(outcome) ? "false"
                                                               : "none";
    CHECK(hamirror_outcome_elapsed_us(outcome) > 0);
    printf("agent %zu", hamirror_outcome_agent(outcome));
    print("index", hamirror_outcome_index(outcome));
    print("local", hamirror_outcome_local(outcome));
    print("host", hamirror_outcome_host(outcome));
    printf(" complete %s partial %s", text_of(hamirror_outcome_is_complete(outcome)),
           text_of(hamirror_outcome_is_partial(outcome)));
    printf(" attempts %" PRIu32 " kept %s", hamirror_outcome_attempts(outcome), kept);
    CHECK((failure == NULL) == hamirror_outcome_is_complete(outcome));
    if (failure != NULL)
        printf(" failed %zu soft %s", hamirror_failure_agent(failure),
               text_of(hamirror_failure_soft_timeout_passed(failure)));
    printf("\n");
}

static void print_coverage(size_t complete, size_t partial, size_t agents, double share)
{
    printf("%zu complete, %zu partial of %zu, ", complete, partial, agents);
    printf(share < 0 ? "none\n" : "%.1f\n", share);
}

static hamirror_call_options patient(void)
{
    hamirror_call_options options;
    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = options.query_timeout_ms = options.connect_timeout_ms = HOUR_MS;
    return options;
}

static void search(const char *index, const hamirror_call_options *options)
{
    hamirror_search *search = search_for("x");
    hamirror_result *result;
    size_t number;
    OK(hamirror_client_search(client, index, search, options, &result, &error));
    print_coverage(hamirror_result_agents_answered(result), hamirror_result_agents_partial(result),
                   hamirror_result_agents(result), hamirror_result_documents_share(result));
    for (number = 0; number < hamirror_result_outcome_count(result); number++) {
        const hamirror_outcome *outcome = hamirror_result_outcome(result, number);
        size_t failure = hamirror_outcome_failure(outcome);
        print_outcome(outcome, hamirror_result_failure(result, failure));
    }
    CHECK(hamirror_result_outcome(result, number) == NULL);
    hamirror_result_free(result);
    hamirror_search_free(search);
}

/* Runs a statement in a loop of poll(). */
static hamirror_answers *started(const char *statement, const hamirror_call_options *options)
{
    hamirror_session *session;
    hamirror_answers *answers = NULL;
    OK(hamirror_session_new(client, &session, &error));
    CHECK(hamirror_session_timeout_ms(session) == -1 && hamirror_session_fd(session) == -1);
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_session_wait(session, 0, &answers, &error));
    OK(hamirror_session_start(session, statement, NULL, options, &error));
    OK(hamirror_session_cancel(session, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_session_wait(session, 0, &answers, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_session_start(session, "SELECT", NULL, options, &error));
    OK(hamirror_session_start(session, statement, NULL, options, &error));
    while (answers == NULL) {
        struct pollfd entry = {0, POLLIN, 0};
        entry.fd = hamirror_session_fd(session);
        CHECK(hamirror_session_timeout_ms(session) >= 0);
        poll(&entry, 1, hamirror_session_timeout_ms(session));
        OK(hamirror_session_wait(session, 0, &answers, &error));
    }
    CHECK(hamirror_session_timeout_ms(session) == -1 && hamirror_session_fd(session) == -1);
    hamirror_session_free(session);
    return answers;
}

static void print_answers(hamirror_answers *answers)
{
    const hamirror_answer *answer;
    size_t number;
    answer = hamirror_answers_get(answers, 0);
    print_coverage(hamirror_answer_agents_answered(answer), hamirror_answer_agents_partial(answer),
                   hamirror_answer_agents(answer), hamirror_answer_documents_share(answer));
    for (number = 0; number < hamirror_answer_outcome_count(answer); number++) {
        const hamirror_outcome *outcome = hamirror_answer_outcome(answer, number);
        size_t failure = hamirror_outcome_failure(outcome);
        print_outcome(outcome, hamirror_answer_failure(answer, failure));
    }
    CHECK(hamirror_answer_outcome(answer, number) == NULL);
    printf("%zu failures\n", hamirror_answer_failure_count(answer));
    hamirror_answers_free(answers);
}

static void execute(const char *statement, const hamirror_call_options *options)
{
    hamirror_answers *answers;
    OK(hamirror_client_execute(client, statement, NULL, options, &answers, &error));
    print_answers(answers);
    print_answers(started(statement, options));
}

static void check_refused(int32_t percent, int32_t share)
{
    hamirror_call_options options = patient();
    hamirror_search *search = search_for("x");
    hamirror_result *result;
    options.soft_timeout_percent = percent;
    options.soft_timeout_share = share;
    REFUSED(hamirror_client_search(client, "soft", search, &options, &result, &error));
    hamirror_search_free(search);
}

int main(int count, char **arguments)
{
    hamirror_call_options soft = patient(), keyed = patient();
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    soft.soft_timeout_percent = 60;
    search("soft", &soft);
    execute("SELECT * FROM soft", &soft);
    execute("SHOW TABLES", &soft);
    keyed.mirror_key = hamirror_mirror_key(arguments[2], strlen(arguments[2]));
    search("left", &keyed);
    keyed.no_failover = 1;
    search("kept", &keyed);
    search("partial", NULL);
    check_refused(0, 1);
    check_refused(101, 0);
    check_refused(-1, 0);
    check_refused(50, 101);
    CHECK(hamirror_mirror_key("", 0) == hamirror_mirror_key(NULL, 0));
    CHECK(hamirror_mirror_key(NULL, 1) == 0);
    hamirror_client_free(client);
    return 0;
}
