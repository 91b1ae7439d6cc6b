/* Statements of SphinxQL, and the settings of a search that few need, for sequences.c. */
#include "sequences.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const char *any_statement(void)
{
    static const char *const statements[] = {
        NULL, "", "\xff", "SELECT id FROM d", "SELECT * FROM found WHERE id IN (?, ?)",
        "SELECT id, count(*) c FROM found GROUP BY gid ORDER BY c DESC LIMIT ?",
        "SELECT id FROM found WHERE MATCH(:a); SHOW META", "SHOW TABLES", "SHOW AGENT STATUS",
        "DESCRIBE d", "SELECT id FROM found FACET gid", "SELECT", "UPDATE d SET gid = 1",
        "SHOW META", "SHOW WARNINGS", "SHOW STATUS LIKE 'a%'",
    };
    return statements[below(LENGTH(statements))];
}

static void fill_parameters(void)
{
    hamirror_parameters *parameters = (hamirror_parameters *)&parameters;
    const int64_t values[3] = {1, -5, INT64_MAX};
    const char *name = below(2) ? NULL : below(2) ? "a" : any_text();
    const char *text = any_text();
    if (below(3) == 0) {
        int32_t code = API(parameters_new)(&parameters, failed());
        made(PARAMETERS, code, parameters);
    }
    parameters = any_handle(PARAMETERS);
    switch (below(5)) {
    case 0: ended(API(parameters_int64)(parameters, name, -3, failed())); break;
    case 1: ended(API(parameters_uint64)(parameters, name, UINT64_MAX, failed())); break;
    case 2: ended(API(parameters_double)(parameters, name, 0.5, failed())); break;
    case 3:
        ended(API(parameters_text)(parameters, name, text, text == NULL ? 0 : strlen(text),
                                   failed()));
        break;
    default:
        ended(API(parameters_int64s)(parameters, name, values, below(4), failed()));
        break;
    }
}

void run_statement(void)
{
    hamirror_answers *answers = (hamirror_answers *)&answers;
    hamirror_session *session = (hamirror_session *)&session;
    int32_t code;
    switch (below(4)) {
    case 0: fill_parameters(); break;
    case 1:
        code = API(session_new)(any_handle(CLIENT), &session, failed());
        made(SESSION, code, session);
        break;
    case 2:
        code = API(client_execute)(any_handle(CLIENT), any_statement(), any_handle(PARAMETERS),
                                   any_call_options(), &answers, failed());
        made(ANSWERS, code, answers);
        break;
    default:
        code = API(session_execute)(any_handle(SESSION), any_statement(),
                                    any_handle(PARAMETERS), any_call_options(), &answers,
                                    failed());
        made(ANSWERS, code, answers);
        break;
    }
}

static void read_cell(const hamirror_answer *answer, size_t row, size_t column)
{
    int64_t integer = 77;
    uint64_t natural = 77;
    double number = 77;
    char text[20];
    size_t len = 77;
    API(answer_value_type)(answer, row, column);
    ended(API(answer_int64)(answer, row, column, &integer, failed()));
    ended(API(answer_uint64)(answer, row, column, &natural, failed()));
    ended(API(answer_double)(answer, row, column, &number, failed()));
    ended(API(answer_text)(answer, row, column, text, below(20), &len, failed()));
}

static void read_answer(const hamirror_answer *answer)
{
    size_t columns = API(answer_column_count)(answer), rows = API(answer_row_count)(answer);
    size_t column, row, number;
    CHECK(API(answer_agents)(answer) >= API(answer_agents_answered)(answer));
    API(answer_total)(answer);
    API(answer_total_found)(answer);
    read_text(API(answer_warning)(answer));
    CHECK(API(answer_agents)(answer) >= API(answer_agents_partial)(answer));
    CHECK(API(answer_documents_share)(answer) <= 1);
    for (number = 0; number <= API(answer_failure_count)(answer); number++)
        read_failure(API(answer_failure)(answer, number));
    for (number = 0; number <= API(answer_outcome_count)(answer); number++)
        read_outcome(API(answer_outcome)(answer, number), API(answer_failure_count)(answer));
    for (column = 0; column <= columns && column < 20; column++) {
        read_text(API(answer_column_name)(answer, column));
        API(answer_column_kind)(answer, column);
        for (row = 0; row <= rows && row < 5; row++)
            read_cell(answer, row, column);
    }
}

void read_answers(void)
{
    const hamirror_answers *answers = any_handle(ANSWERS);
    size_t number;
    for (number = 0; number <= API(answers_count)(answers); number++)
        read_answer(API(answers_get)(answers, number));
}

void set_search(hamirror_search *search)
{
    const uint32_t weights[3] = {1, 0, UINT32_MAX};
    const uint64_t ids[3] = {1, 2, UINT64_MAX};
    const int64_t values[3] = {1, -5, INT64_MAX};
    const float floats[3] = {0.5F, -1.5F, 3e38F};
    const char *name = any_text();
    int32_t choice = (int32_t)below(12);
    size_t len = below(4);
    switch (below(9)) {
    case 0: ended(API(search_flag)(search, choice, choice % 3, failed())); break;
    case 1: ended(API(search_max_predicted_time)(search, next_byte(), failed())); break;
    case 2: ended(API(search_collation)(search, choice, failed())); break;
    case 3: ended(API(search_weights)(search, weights, len, failed())); break;
    case 4:
        ended(API(search_override)(search, name, choice, ids, values, len, failed()));
        break;
    case 5: ended(API(search_override_float)(search, name, ids, floats, len, failed())); break;
    case 6: ended(API(search_ranker_plugin)(search, name, any_text(), failed())); break;
    case 7: ended(API(search_token_filter)(search, name, name, any_text(), failed())); break;
    default: ended(API(search_retries)(search, next_byte(), next_byte(), failed())); break;
    }
}

/* Keeps what several searches of one request gave: a result or an error each. */
static void keep_all(int32_t code, hamirror_result **results, hamirror_error **errors,
                     size_t len)
{
    size_t number;
    if (!ended(code))
        return;
    for (number = 0; number < len; number++) {
        CHECK((results[number] != NULL) != (errors[number] != NULL));
        keep(RESULT, results[number]);
        keep(ERRORS, errors[number]);
    }
}

void ask_all(void)
{
    const hamirror_search *searches[2];
    hamirror_result *results[2];
    hamirror_error *errors[2];
    hamirror_batch *batch = any_handle(BATCH);
    uint32_t search = below(4);
    size_t len = below(3);
    int32_t code;
    searches[0] = any_handle(SEARCH);
    searches[1] = any_handle(SEARCH);
    switch (below(3)) {
    case 0:
        code = API(client_search_all)(any_handle(CLIENT), any_index(), searches, len,
                                      any_call_options(), results, errors, failed());
        keep_all(code, results, errors, len);
        break;
    case 1:
        ended(API(batch_add_searches)(batch, any_index(), searches, len, any_call_options(),
                                      &search, failed()));
        break;
    default:
        code = API(batch_take_searches)(batch, search, results, errors, len, failed());
        keep_all(code, results, errors, len);
        break;
    }
}
