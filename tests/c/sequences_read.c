/* The getters of sequences.c: everything that a handle has, with numbers beyond what there is. */
#include "sequences.h"

#include <float.h>

/* Views that were borrowed once and are read again and again until their owner is freed. */
static struct {
    const void *status, *error;
    const hamirror_host *host;
    const hamirror_failure *failure;
} views;

void forget_views(const void *owner)
{
    if (owner == views.status)
        views.status = views.host = NULL;
    if (owner == views.error)
        views.error = views.failure = NULL;
}

/* Reads each byte, for a checker to see that it is there. */
void read_text(hamirror_text text)
{
    volatile char sum = 0;
    size_t place;
    CHECK(text.data != NULL);
    for (place = 0; place < text.len; place++)
        sum = (char)(sum ^ text.data[place]);
}

static void read_attempt(const hamirror_attempt *attempt)
{
    API(attempt_elapsed_us)(attempt);
    CHECK(API(attempt_errno)(attempt) >= 0);
    read_text(API(attempt_host)(attempt));
    read_text(API(attempt_message)(attempt));
    CHECK((API(attempt_kind)(attempt) > 0) == (attempt != NULL));
    CHECK((API(attempt_phase)(attempt) > 0) == (attempt != NULL));
}

void read_failure(const hamirror_failure *failure)
{
    size_t number;
    API(failure_agent)(failure);
    API(failure_deadline_passed)(failure);
    API(failure_soft_timeout_passed)(failure);
    API(failure_is_cancelled)(failure);
    API(failure_may_be_applied)(failure);
    API(failure_is_timeout)(failure);
    read_text(API(failure_index)(failure));
    read_text(API(failure_local)(failure));
    read_text(API(failure_message)(failure));
    read_text(API(failure_query_error)(failure));
    for (number = 0; number <= API(failure_attempt_count)(failure); number++)
        read_attempt(API(failure_attempt)(failure, number));
}

void read_outcome(const hamirror_outcome *outcome, size_t failures)
{
    bool is_complete = API(outcome_is_complete)(outcome);
    bool is_kept = API(outcome_kept_mirror)(outcome);
    read_text(API(outcome_index)(outcome));
    read_text(API(outcome_local)(outcome));
    read_text(API(outcome_host)(outcome));
    API(outcome_agent)(outcome);
    API(outcome_attempts)(outcome);
    API(outcome_elapsed_us)(outcome);
    CHECK(!is_complete || !API(outcome_is_partial)(outcome));
    CHECK(!is_kept || !API(outcome_left_mirror)(outcome));
    if (outcome != NULL)
        CHECK((API(outcome_failure)(outcome) < failures) != is_complete);
}

static void read_diagnostic(const hamirror_diagnostic *diagnostic)
{
    API(diagnostic_column)(diagnostic);
    CHECK((API(diagnostic_kind)(diagnostic) > 0) == (diagnostic != NULL));
    API(diagnostic_line)(diagnostic);
    read_text(API(diagnostic_expected)(diagnostic));
    read_text(API(diagnostic_file)(diagnostic));
    read_text(API(diagnostic_message)(diagnostic));
    read_text(API(diagnostic_text)(diagnostic));
}

void read_error(const hamirror_error *error)
{
    size_t number;
    CHECK(API(error_agents)(error) >= API(error_agents_answered)(error));
    CHECK((API(error_code)(error) == HAMIRROR_ERROR_CALLBACK)
          == (API(error_callback_code)(error) != 0));
    API(error_is_query_error)(error);
    API(error_is_timeout)(error);
    read_text(API(error_message)(error));
    for (number = 0; number <= API(error_failure_count)(error); number++)
        read_failure(API(error_failure)(error, number));
    for (number = 0; number <= API(error_diagnostic_count)(error); number++)
        read_diagnostic(API(error_diagnostic)(error, number));
}

void read_reply(const hamirror_reply *reply)
{
    hamirror_text body;
    body.data = (const char *)API(reply_body)(reply);
    body.len = API(reply_body_len)(reply);
    CHECK((body.data != NULL) == (reply != NULL));
    if (reply != NULL)
        read_text(body);
    CHECK((API(reply_status)(reply) == -1) == (reply == NULL));
    API(reply_version)(reply);
    API(reply_elapsed_us)(reply);
    API(reply_attempts)(reply);
    read_text(API(reply_warning)(reply));
}

static void read_value(const hamirror_result *result, size_t row, size_t column)
{
    int32_t type = API(result_value_type)(result, row, column);
    int64_t integer = 77, integers[3];
    uint64_t natural = 77;
    double number = 77;
    float numbers[3];
    char json[20];
    hamirror_text string;
    size_t len = 77;
    unsigned readers = 0;
    readers += ended(API(result_int64)(result, row, column, &integer, failed()));
    readers += ended(API(result_uint64)(result, row, column, &natural, failed()));
    readers += ended(API(result_double)(result, row, column, &number, failed()));
    if (ended(API(result_string)(result, row, column, &string, failed()))) {
        read_text(string);
        readers++;
    }
    readers += ended(API(result_json)(result, row, column, json, sizeof json, &len, failed()));
    readers += ended(API(result_int64s)(result, row, column, integers, 3, &len, failed()));
    readers += ended(API(result_floats)(result, row, column, numbers, 3, &len, failed()));
    CHECK((readers > 0) == (type > HAMIRROR_TYPE_NULL) && readers <= 2);
}

static void read_rows_of(const hamirror_result *result)
{
    size_t columns = API(result_column_count)(result), rows = API(result_row_count)(result);
    size_t column, row, found = 77;
    for (column = 0; column <= columns; column++) {
        hamirror_text name = API(result_column_name)(result, column);
        char text[100] = "";
        read_text(name);
        CHECK((API(result_column_kind)(result, column) != 0) == (column < columns));
        if (column < columns && name.len < sizeof text && memchr(name.data, 0, name.len) == NULL) {
            memcpy(text, name.data, name.len);
            if (ended(API(result_find_column)(result, text, &found, failed())))
                CHECK(found <= column);
        }
    }
    ended(API(result_find_column)(result, any_text(), &found, failed()));
    for (row = 0; row <= rows && row < 3; row++) {
        API(result_id)(result, row);
        API(result_weight)(result, row);
        for (column = 0; column <= columns; column++)
            read_value(result, row, column);
    }
}

static void read_result(const hamirror_result *result)
{
    size_t number;
    CHECK(API(result_agents)(result) >= API(result_agents_answered)(result));
    CHECK(API(result_row_count)(result) <= API(result_total)(result));
    API(result_total_found)(result);
    API(result_time_ms)(result);
    read_text(API(result_warning)(result));
    for (number = 0; number <= API(result_failure_count)(result); number++)
        read_failure(API(result_failure)(result, number));
    CHECK(API(result_agents)(result) >= API(result_agents_partial)(result));
    CHECK(API(result_documents_share)(result) <= 1);
    for (number = 0; number <= API(result_outcome_count)(result); number++)
        read_outcome(API(result_outcome)(result, number), API(result_failure_count)(result));
    for (number = 0; number <= API(result_word_count)(result); number++) {
        read_text(API(result_word)(result, number));
        API(result_word_docs)(result, number);
        API(result_word_hits)(result, number);
    }
    for (number = 0; number <= API(result_field_count)(result); number++)
        read_text(API(result_field)(result, number));
    read_rows_of(result);
}

static void read_host(const hamirror_host *host)
{
    static const int32_t windows[] = {0, 1, 5, 15, 77, -1};
    int32_t window = windows[below(6)], counter;
    size_t number;
    read_text(API(host_name)(host));
    for (number = 0; number <= API(host_address_count)(host); number++)
        read_text(API(host_address)(host, number));
    for (counter = -1; counter < 18; counter++)
        API(host_counter)(host, window, counter);
    API(host_latency_count)(host, window);
    API(host_latency_us)(host, window, (double)below(4) * DBL_MAX / 3);
    API(host_latency_us)(host, window, 0.5);
    CHECK(API(host_busy_connections)(host) <= API(host_kept_connections)(host));
    API(host_errors_in_row)(host);
    API(host_in_flight)(host);
    API(host_is_pinged)(host);
    API(host_keeps_connections)(host);
    API(host_last_answer_us)(host);
    read_attempt(API(host_last_failure)(host));
    API(host_last_failure_us)(host);
    API(host_last_period_us)(host);
    API(host_last_query_us)(host);
    API(host_needs_lookup)(host);
    API(host_ping_trip_us)(host);
    API(host_references)(host);
    CHECK((API(host_state)(host) > 0) == (host != NULL));
    API(host_state_us)(host);
}

static void read_agent(const hamirror_agent *agent)
{
    size_t number;
    read_text(API(agent_index)(agent));
    read_text(API(agent_strategy)(agent));
    API(agent_is_blackhole)(agent);
    API(agent_is_persistent)(agent);
    API(agent_number)(agent);
    API(agent_unanswered)(agent);
    for (number = 0; number <= API(agent_mirror_count)(agent); number++) {
        const hamirror_mirror *mirror = API(agent_mirror)(agent, number);
        read_text(API(mirror_host)(mirror));
        read_text(API(mirror_id)(mirror));
        CHECK(API(mirror_share)(mirror) >= 0 && API(mirror_weight)(mirror) >= 0);
        API(mirror_counter)(mirror, (int32_t)below(20) - 1);
    }
}

static void read_indexes_of(const hamirror_status *status)
{
    size_t index, number;
    for (index = 0; index <= API(status_index_count)(status); index++) {
        read_text(API(status_index_name)(status, index));
        for (number = 0; number <= API(status_local_count)(status, index); number++)
            read_text(API(status_local_name)(status, index, number));
    }
}

static void read_status(const hamirror_status *status)
{
    const hamirror_host *host = (const hamirror_host *)&host;
    size_t number;
    bool is_found;
    for (number = 0; number <= API(status_host_count)(status); number++)
        read_host(API(status_host)(status, number));
    for (number = 0; number <= API(status_agent_count)(status); number++)
        read_agent(API(status_agent)(status, number));
    for (number = 0; number <= API(status_blackhole_count)(status); number++)
        read_agent(API(status_blackhole)(status, number));
    read_indexes_of(status);
    for (number = 0; number <= API(status_row_count)(status); number++) {
        read_text(API(status_key)(status, number));
        read_text(API(status_value)(status, number));
    }
    read_text(API(status_prometheus)(status));
    is_found = ended(API(status_find_host)(status, below(2) ? echo : any_text(), &host,
                                           failed()));
    CHECK(is_found == (host != NULL));
    API(status_agent_connects)(status);
    API(status_agent_retries)(status);
    API(status_blackhole_drops)(status);
    API(status_dist_queries)(status);
    API(status_period_s)(status);
}

static void read_rows(const hamirror_rows *rows)
{
    size_t number;
    for (number = 0; number <= API(rows_count)(rows); number++) {
        read_text(API(rows_column_name)(rows, number));
        read_text(API(rows_key)(rows, number));
        read_text(API(rows_value)(rows, number));
    }
}

static void read_mirrors(const hamirror_config *config, size_t number, size_t agent)
{
    size_t mirror;
    for (mirror = 0; mirror <= API(config_mirror_count)(config, number, agent); mirror++) {
        read_text(API(config_mirror_host)(config, number, agent, mirror));
        read_text(API(config_mirror_index_list)(config, number, agent, mirror));
    }
}

static void read_config(const hamirror_config *config)
{
    size_t number, agent;
    for (number = 0; number <= API(config_index_count)(config); number++) {
        read_text(API(config_index_name)(config, number));
        for (agent = 0; agent <= API(config_agent_count)(config, number); agent++)
            read_mirrors(config, number, agent);
    }
    for (number = 0; number <= API(config_warning_count)(config); number++)
        read_diagnostic(API(config_warning)(config, number));
}

static void read_views(void)
{
    read_host(views.host);
    read_failure(views.failure);
    views.status = any_handle(STATUS);
    views.host = API(status_host)(views.status, below(3));
    views.error = any_handle(ERRORS);
    views.failure = API(error_failure)(views.error, below(2));
}

void read_something(void)
{
    switch (below(12)) {
    case 7: read_answers(); break;
    case 8:
    case 9: read_commands(); break;
    case 0: read_config(any_handle(CONFIG)); break;
    case 1: read_error(any_handle(ERRORS)); break;
    case 2: read_reply(any_handle(REPLY)); break;
    case 3: read_rows(any_handle(ROWS)); break;
    case 4: read_status(any_handle(STATUS)); break;
    case 5: read_views(); break;
    case 6:
        CHECK(strcmp(API(version)(), HAMIRROR_VERSION) == 0 && API(version_number)() > 0);
        break;
    default: read_result(any_handle(RESULT)); break;
    }
}
