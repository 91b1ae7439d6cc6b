/* Every function of the library with NULL for every pointer: an error or nothing, no crash. */
#include "check.h"

#define EMPTY(call) CHECK(text_is((call), ""))

static void version_functions(void)
{
    CHECK(hamirror_version() != 0);
    CHECK(hamirror_version_number() != 0);
    CHECK(hamirror_api(HAMIRROR_API_VERSION) != NULL);
    CHECK(hamirror_api(UINT32_MAX) == NULL);
}

static void error_functions(void)
{
    CHECK(hamirror_error_code(NULL) == 0);
    EMPTY(hamirror_error_message(NULL));
    CHECK(!hamirror_error_is_timeout(NULL));
    CHECK(!hamirror_error_is_query_error(NULL));
    CHECK(hamirror_error_callback_code(NULL) == 0);
    CHECK(hamirror_error_agents(NULL) == 0);
    CHECK(hamirror_error_agents_answered(NULL) == 0);
    CHECK(hamirror_error_failure_count(NULL) == 0);
    CHECK(hamirror_error_failure(NULL, 0) == NULL);
    CHECK(hamirror_error_diagnostic_count(NULL) == 0);
    CHECK(hamirror_error_diagnostic(NULL, 0) == NULL);
    hamirror_error_free(NULL);
}

static void failure_functions(void)
{
    EMPTY(hamirror_failure_message(NULL));
    EMPTY(hamirror_failure_index(NULL));
    CHECK(hamirror_failure_agent(NULL) == 0);
    EMPTY(hamirror_failure_local(NULL));
    CHECK(!hamirror_failure_deadline_passed(NULL));
    CHECK(!hamirror_failure_soft_timeout_passed(NULL));
    EMPTY(hamirror_failure_query_error(NULL));
    CHECK(!hamirror_failure_is_timeout(NULL));
    CHECK(!hamirror_failure_is_cancelled(NULL));
    CHECK(!hamirror_failure_may_be_applied(NULL));
    CHECK(hamirror_failure_attempt_count(NULL) == 0);
    CHECK(hamirror_failure_attempt(NULL, 0) == NULL);
    EMPTY(hamirror_attempt_host(NULL));
    CHECK(hamirror_attempt_kind(NULL) == 0);
    CHECK(hamirror_attempt_phase(NULL) == 0);
    EMPTY(hamirror_attempt_message(NULL));
    CHECK(hamirror_attempt_elapsed_us(NULL) == 0);
    CHECK(hamirror_attempt_errno(NULL) == 0);
}

static void diagnostic_functions(void)
{
    EMPTY(hamirror_diagnostic_message(NULL));
    EMPTY(hamirror_diagnostic_file(NULL));
    CHECK(hamirror_diagnostic_line(NULL) == 0);
    CHECK(hamirror_diagnostic_column(NULL) == 0);
    EMPTY(hamirror_diagnostic_text(NULL));
    EMPTY(hamirror_diagnostic_expected(NULL));
    CHECK(hamirror_diagnostic_kind(NULL) == 0);
}

static void config_functions(void)
{
    REFUSED(hamirror_config_read(NULL, NULL, &error));
    REFUSED(hamirror_config_read_as(NULL, 0, NULL, &error));
    REFUSED(hamirror_config_parse_as(NULL, NULL, 0, NULL, &error));
    REFUSED(hamirror_config_builder_build_as(NULL, 0, NULL, &error));
    REFUSED(hamirror_config_parse(NULL, NULL, NULL, &error));
    CHECK(hamirror_config_index_count(NULL) == 0);
    EMPTY(hamirror_config_index_name(NULL, 0));
    CHECK(hamirror_config_agent_count(NULL, 0) == 0);
    CHECK(hamirror_config_mirror_count(NULL, 0, 0) == 0);
    EMPTY(hamirror_config_mirror_host(NULL, 0, 0, 0));
    EMPTY(hamirror_config_mirror_index_list(NULL, 0, 0, 0));
    CHECK(hamirror_config_warning_count(NULL) == 0);
    CHECK(hamirror_config_warning(NULL, 0) == NULL);
    hamirror_config_free(NULL);
    hamirror_config_builder_free(hamirror_config_builder_new());
    REFUSED(hamirror_config_builder_set(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_config_builder_build(NULL, NULL, &error));
    hamirror_config_builder_free(NULL);
}

static void client_functions(void)
{
    CHECK(hamirror_client_options_init(NULL, 0) == HAMIRROR_ERROR_ARGUMENT);
    CHECK(hamirror_call_options_init(NULL, 0) == HAMIRROR_ERROR_ARGUMENT);
    CHECK(hamirror_mirror_key(NULL, 1) == 0);
    REFUSED(hamirror_client_new(NULL, NULL, NULL, &error));
    CHECK(hamirror_client_clone(NULL) == NULL);
    REFUSED(hamirror_client_reload(NULL, NULL, &error));
    REFUSED(hamirror_client_search(NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_search_all(NULL, NULL, NULL, 0, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_call(NULL, NULL, 0, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_search_with_locals(NULL, NULL, NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_client_flush_hostnames(NULL, &error));
    REFUSED(hamirror_client_refresh_hostnames(NULL, NULL, &error));
    REFUSED(hamirror_client_set_addresses(NULL, NULL, NULL, 0, &error));
    REFUSED(hamirror_client_set_log(NULL, 0, NULL, NULL, NULL, &error));
    hamirror_client_free(NULL);
}

static void search_functions(void)
{
    REFUSED(hamirror_search_new(NULL, NULL, &error));
    REFUSED(hamirror_search_clone(NULL, NULL, &error));
    REFUSED(hamirror_search_select(NULL, NULL, &error));
    REFUSED(hamirror_search_filter_values(NULL, 0, NULL, NULL, 0, &error));
    REFUSED(hamirror_search_filter_range(NULL, 0, NULL, 0, 0, &error));
    REFUSED(hamirror_search_filter_float_range(NULL, 0, NULL, 0.0f, 0.0f, &error));
    REFUSED(hamirror_search_filter_null(NULL, 0, NULL, &error));
    REFUSED(hamirror_search_geo_anchor(NULL, NULL, NULL, 0, 0, &error));
    REFUSED(hamirror_search_filter_string(NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_search_id_range(NULL, 0, 0, &error));
    REFUSED(hamirror_search_sort(NULL, 0, NULL, &error));
    REFUSED(hamirror_search_window(NULL, 0, 0, &error));
    REFUSED(hamirror_search_max_matches(NULL, 0, &error));
    REFUSED(hamirror_search_cutoff(NULL, 0, &error));
    REFUSED(hamirror_search_max_query_time(NULL, 0, &error));
    REFUSED(hamirror_search_ranker(NULL, 0, NULL, &error));
    REFUSED(hamirror_search_match_mode(NULL, 0, &error));
    REFUSED(hamirror_search_field_weight(NULL, NULL, 0, &error));
    REFUSED(hamirror_search_index_weight(NULL, NULL, 0, &error));
    REFUSED(hamirror_search_comment(NULL, NULL, &error));
    REFUSED(hamirror_search_filter_strings(NULL, 0, NULL, NULL, 0, &error));
    REFUSED(hamirror_search_filter_variable(NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_search_filter_bound(NULL, 0, NULL, 0, 0, &error));
    REFUSED(hamirror_search_filter_float_bound(NULL, 0, NULL, 0, 0.0f, &error));
    REFUSED(hamirror_search_filter_all_values(NULL, 0, NULL, NULL, 0, &error));
    REFUSED(hamirror_search_flag(NULL, 0, 0, &error));
    REFUSED(hamirror_search_max_predicted_time(NULL, 0, &error));
    REFUSED(hamirror_search_collation(NULL, 0, &error));
    REFUSED(hamirror_search_weights(NULL, NULL, 0, &error));
    REFUSED(hamirror_search_override(NULL, NULL, 0, NULL, NULL, 0, &error));
    REFUSED(hamirror_search_override_float(NULL, NULL, NULL, NULL, 0, &error));
    REFUSED(hamirror_search_ranker_plugin(NULL, NULL, NULL, &error));
    REFUSED(hamirror_search_token_filter(NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_search_retries(NULL, 0, 0, &error));
    REFUSED(hamirror_search_group_by(NULL, 0, NULL, 0, &error));
    REFUSED(hamirror_search_group_order(NULL, NULL, &error));
    REFUSED(hamirror_search_group_within(NULL, NULL, &error));
    REFUSED(hamirror_search_group_distinct(NULL, NULL, &error));
    REFUSED(hamirror_search_group_rows(NULL, 1, &error));
    REFUSED(hamirror_search_outer(NULL, NULL, 0, 0, &error));
    REFUSED(hamirror_search_merge_mode(NULL, 0, &error));
    hamirror_search_free(NULL);
}

static void parameters_functions(void)
{
    REFUSED(hamirror_parameters_new(NULL, &error));
    REFUSED(hamirror_parameters_int64(NULL, NULL, 0, &error));
    REFUSED(hamirror_parameters_uint64(NULL, NULL, 0, &error));
    REFUSED(hamirror_parameters_double(NULL, NULL, 0, &error));
    REFUSED(hamirror_parameters_text(NULL, NULL, NULL, 0, &error));
    REFUSED(hamirror_parameters_int64s(NULL, NULL, NULL, 0, &error));
    hamirror_parameters_free(NULL);
}

static void session_functions(void)
{
    REFUSED(hamirror_client_execute(NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_session_new(NULL, NULL, &error));
    REFUSED(hamirror_session_execute(NULL, NULL, NULL, NULL, NULL, &error));
    hamirror_session_free(NULL);
}

static void answer_functions(void)
{
    CHECK(hamirror_answers_count(NULL) == 0);
    CHECK(hamirror_answers_get(NULL, 0) == NULL);
    hamirror_answers_free(NULL);
    CHECK(hamirror_answer_row_count(NULL) == 0);
    CHECK(hamirror_answer_column_count(NULL) == 0);
    EMPTY(hamirror_answer_column_name(NULL, 0));
    CHECK(hamirror_answer_column_kind(NULL, 0) == 0);
    CHECK(hamirror_answer_total(NULL) == 0);
    CHECK(hamirror_answer_total_found(NULL) == 0);
    EMPTY(hamirror_answer_warning(NULL));
    CHECK(hamirror_answer_agents(NULL) == 0);
    CHECK(hamirror_answer_agents_answered(NULL) == 0);
    CHECK(hamirror_answer_agents_partial(NULL) == 0);
    CHECK(hamirror_answer_documents_share(NULL) < 0);
    CHECK(hamirror_answer_failure_count(NULL) == 0);
    CHECK(hamirror_answer_failure(NULL, 0) == NULL);
    CHECK(hamirror_answer_outcome_count(NULL) == 0);
    CHECK(hamirror_answer_outcome(NULL, 0) == NULL);
    CHECK(hamirror_answer_value_type(NULL, 0, 0) == HAMIRROR_TYPE_NULL);
    REFUSED(hamirror_answer_int64(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_answer_uint64(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_answer_double(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_answer_text(NULL, 0, 0, NULL, 0, NULL, &error));
}

static void outcome_functions(void)
{
    EMPTY(hamirror_outcome_index(NULL));
    CHECK(hamirror_outcome_agent(NULL) == 0);
    EMPTY(hamirror_outcome_local(NULL));
    EMPTY(hamirror_outcome_host(NULL));
    CHECK(hamirror_outcome_failure(NULL) == 0);
    CHECK(!hamirror_outcome_is_complete(NULL) && !hamirror_outcome_is_partial(NULL));
    CHECK(hamirror_outcome_elapsed_us(NULL) == 0 && hamirror_outcome_attempts(NULL) == 0);
    CHECK(!hamirror_outcome_kept_mirror(NULL) && !hamirror_outcome_left_mirror(NULL));
}

static void result_functions(void)
{
    CHECK(hamirror_result_total(NULL) == 0);
    CHECK(hamirror_result_total_found(NULL) == 0);
    CHECK(hamirror_result_time_ms(NULL) == 0);
    CHECK(hamirror_result_agents(NULL) == 0);
    CHECK(hamirror_result_agents_answered(NULL) == 0);
    CHECK(hamirror_result_agents_partial(NULL) == 0);
    CHECK(hamirror_result_documents_share(NULL) < 0);
    CHECK(hamirror_result_outcome_count(NULL) == 0);
    CHECK(hamirror_result_outcome(NULL, 0) == NULL);
    EMPTY(hamirror_result_warning(NULL));
    CHECK(hamirror_result_failure_count(NULL) == 0);
    CHECK(hamirror_result_failure(NULL, 0) == NULL);
    CHECK(hamirror_result_word_count(NULL) == 0);
    EMPTY(hamirror_result_word(NULL, 0));
    CHECK(hamirror_result_word_docs(NULL, 0) == 0);
    CHECK(hamirror_result_word_hits(NULL, 0) == 0);
    CHECK(hamirror_result_field_count(NULL) == 0);
    EMPTY(hamirror_result_field(NULL, 0));
    CHECK(hamirror_result_column_count(NULL) == 0);
    EMPTY(hamirror_result_column_name(NULL, 0));
    CHECK(hamirror_result_column_kind(NULL, 0) == 0);
    REFUSED(hamirror_result_find_column(NULL, NULL, NULL, &error));
    CHECK(hamirror_result_row_count(NULL) == 0);
    CHECK(hamirror_result_id(NULL, 0) == 0);
    CHECK(hamirror_result_weight(NULL, 0) == 0);
    hamirror_result_free(NULL);
    CHECK(hamirror_result_value_type(NULL, 0, 0) == 0);
    REFUSED(hamirror_result_int64(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_result_uint64(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_result_double(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_result_string(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_result_json(NULL, 0, 0, NULL, 0, NULL, &error));
    REFUSED(hamirror_result_int64s(NULL, 0, 0, NULL, 0, NULL, &error));
    REFUSED(hamirror_result_floats(NULL, 0, 0, NULL, 0, NULL, &error));
}

static void status_functions(void)
{
    REFUSED(hamirror_status_new(NULL, NULL, &error));
    CHECK(hamirror_status_row_count(NULL) == 0);
    EMPTY(hamirror_status_key(NULL, 0));
    EMPTY(hamirror_status_value(NULL, 0));
    hamirror_status_free(NULL);
}

static void status_parts(void)
{
    CHECK(hamirror_status_host_count(NULL) == 0);
    CHECK(hamirror_status_host(NULL, 0) == NULL);
    REFUSED(hamirror_status_find_host(NULL, NULL, NULL, &error));
    CHECK(hamirror_status_agent_count(NULL) == 0);
    CHECK(hamirror_status_agent(NULL, 0) == NULL);
    CHECK(hamirror_status_blackhole_count(NULL) == 0);
    CHECK(hamirror_status_blackhole(NULL, 0) == NULL);
    CHECK(hamirror_status_index_count(NULL) == 0);
    EMPTY(hamirror_status_index_name(NULL, 0));
    CHECK(hamirror_status_local_count(NULL, 0) == 0);
    EMPTY(hamirror_status_local_name(NULL, 0, 0));
    CHECK(hamirror_status_period_s(NULL) == 0);
    CHECK(hamirror_status_blackhole_drops(NULL) == 0);
    CHECK(hamirror_status_agent_connects(NULL) == 0);
    CHECK(hamirror_status_agent_retries(NULL) == 0);
    CHECK(hamirror_status_dist_queries(NULL) == 0);
    REFUSED(hamirror_status_show(NULL, NULL, 0, NULL, &error));
    EMPTY(hamirror_status_prometheus(NULL));
    CHECK(hamirror_rows_count(NULL) == 0);
    EMPTY(hamirror_rows_column_name(NULL, 0));
    EMPTY(hamirror_rows_key(NULL, 0));
    EMPTY(hamirror_rows_value(NULL, 0));
    hamirror_rows_free(NULL);
}

static void host_functions(void)
{
    EMPTY(hamirror_host_name(NULL));
    CHECK(hamirror_host_references(NULL) == 0);
    CHECK(hamirror_host_state(NULL) == 0);
    CHECK(hamirror_host_state_us(NULL) == 0);
    CHECK(hamirror_host_errors_in_row(NULL) == 0);
    CHECK(hamirror_host_last_query_us(NULL) == 0);
    CHECK(hamirror_host_last_answer_us(NULL) == 0);
    CHECK(hamirror_host_last_period_us(NULL) == 0);
    CHECK(!hamirror_host_is_pinged(NULL));
    CHECK(hamirror_host_ping_trip_us(NULL) == 0);
    CHECK(!hamirror_host_keeps_connections(NULL));
    CHECK(hamirror_host_kept_connections(NULL) == 0);
    CHECK(hamirror_host_busy_connections(NULL) == 0);
    CHECK(hamirror_host_in_flight(NULL) == 0);
    CHECK(!hamirror_host_needs_lookup(NULL));
    CHECK(hamirror_host_address_count(NULL) == 0);
    EMPTY(hamirror_host_address(NULL, 0));
    CHECK(hamirror_host_last_failure(NULL) == NULL);
    CHECK(hamirror_host_last_failure_us(NULL) == 0);
    CHECK(hamirror_host_counter(NULL, 0, 0) == 0);
    CHECK(hamirror_host_latency_count(NULL, 0) == 0);
    CHECK(hamirror_host_latency_us(NULL, 0, 0.5) == 0);
}

static void agent_functions(void)
{
    EMPTY(hamirror_agent_index(NULL));
    CHECK(hamirror_agent_number(NULL) == 0);
    EMPTY(hamirror_agent_strategy(NULL));
    CHECK(!hamirror_agent_is_blackhole(NULL));
    CHECK(!hamirror_agent_is_persistent(NULL));
    CHECK(hamirror_agent_unanswered(NULL) == 0);
    CHECK(hamirror_agent_mirror_count(NULL) == 0);
    CHECK(hamirror_agent_mirror(NULL, 0) == NULL);
    EMPTY(hamirror_mirror_id(NULL));
    EMPTY(hamirror_mirror_host(NULL));
    CHECK(hamirror_mirror_weight(NULL) <= 0.0);
    CHECK(hamirror_mirror_share(NULL) <= 0.0);
    CHECK(hamirror_mirror_counter(NULL, 0) == 0);
}

static void request_functions(void)
{
    REFUSED(hamirror_request_new(0, 0, 0, NULL, 0, NULL, &error));
    hamirror_request_free(NULL);
    REFUSED(hamirror_request_new_with_callbacks(0, 0, 0, NULL, NULL, NULL, NULL, NULL, &error));
    EMPTY(hamirror_target_host(NULL));
    EMPTY(hamirror_target_index_list(NULL));
    CHECK(hamirror_target_attempt(NULL) == 0);
    CHECK(hamirror_target_product(NULL) == HAMIRROR_PRODUCT_UNKNOWN);
    REFUSED(hamirror_body_append(NULL, NULL, 0, &error));
    REFUSED(hamirror_verdict_set(NULL, 0, NULL, &error));
    REFUSED(hamirror_verdict_set_bytes(NULL, 0, NULL, 0, &error));
}

static void reply_functions(void)
{
    CHECK(hamirror_reply_status(NULL) == -1);
    CHECK(hamirror_reply_version(NULL) == 0);
    EMPTY(hamirror_reply_warning(NULL));
    CHECK(hamirror_reply_elapsed_us(NULL) == 0);
    CHECK(hamirror_reply_attempts(NULL) == 0);
    CHECK(hamirror_reply_body(NULL) == NULL);
    CHECK(hamirror_reply_body_len(NULL) == 0);
    hamirror_reply_free(NULL);
}

static void batch_functions(void)
{
    REFUSED(hamirror_batch_new(NULL, NULL, &error));
    REFUSED(hamirror_batch_add_index(NULL, NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_batch_add_agent(NULL, NULL, 0, NULL, NULL, NULL, &error));
    REFUSED(hamirror_batch_add_search(NULL, NULL, NULL, NULL, NULL, &error));
    REFUSED(hamirror_batch_wait_any(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_wait_completed(NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_batch_wait_sent(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_wait_all(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_run(NULL, &error));
    REFUSED(hamirror_batch_join(NULL, 0, NULL, &error));
    CHECK(hamirror_batch_fd(NULL) == -1);
    CHECK(hamirror_batch_timeout_ms(NULL) == 0);
    REFUSED(hamirror_batch_drive(NULL, &error));
    REFUSED(hamirror_batch_next_completion(NULL, NULL, &error));
    REFUSED(hamirror_batch_add_searches(NULL, NULL, NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_batch_take_searches(NULL, 0, NULL, NULL, 0, &error));
    REFUSED(hamirror_batch_next_completed(NULL, NULL, NULL, &error));
    REFUSED(hamirror_batch_pending(NULL, NULL, &error));
    REFUSED(hamirror_batch_cancel(NULL, 0, &error));
    REFUSED(hamirror_batch_reply(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_asked(NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_batch_search_of(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_search_calls(NULL, 0, NULL, NULL, &error));
    REFUSED(hamirror_batch_take_reply(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_take_search(NULL, 0, NULL, &error));
    hamirror_batch_free(NULL);
}

static void local_functions(void)
{
    REFUSED(hamirror_batch_local_count(NULL, 0, NULL, &error));
    REFUSED(hamirror_batch_take_local(NULL, 0, 0, NULL, &error));
    REFUSED(hamirror_batch_add_local(NULL, NULL, &error));
    EMPTY(hamirror_local_name(NULL));
    CHECK(hamirror_local_request(NULL) == NULL);
    CHECK(hamirror_local_request_len(NULL) == 0);
    REFUSED(hamirror_local_answer(NULL, 0, NULL, 0, &error));
    REFUSED(hamirror_local_fail(NULL, NULL, &error));
    hamirror_local_free(NULL);
}

static void upkeep_functions(void)
{
    REFUSED(hamirror_upkeep_new(NULL, NULL, &error));
    CHECK(hamirror_upkeep_fd(NULL) == -1);
    CHECK(hamirror_upkeep_timeout_ms(NULL) == 0);
    REFUSED(hamirror_upkeep_drive(NULL, &error));
    REFUSED(hamirror_upkeep_wait(NULL, 0, &error));
    hamirror_upkeep_free(NULL);
}

static void waker_functions(void)
{
    CHECK(hamirror_waker_new(NULL) == NULL);
    REFUSED(hamirror_waker_wake(NULL, &error));
    hamirror_waker_free(NULL);
}

/* With a place for the handle, but nothing to make it of. */
static void places_stay_null(void)
{
    hamirror_config *config = (hamirror_config *)&config;
    hamirror_client *client = (hamirror_client *)&client;
    hamirror_search *search = (hamirror_search *)&search;
    hamirror_result *result = (hamirror_result *)&result;
    hamirror_batch *batch = (hamirror_batch *)&batch;
    const hamirror_reply *reply = (const hamirror_reply *)&reply;
    uint32_t call = 77;
    REFUSED(hamirror_config_read(NULL, &config, &error));
    REFUSED(hamirror_client_new(NULL, NULL, &client, &error));
    REFUSED(hamirror_search_new(NULL, &search, &error));
    REFUSED(hamirror_client_search(NULL, NULL, NULL, NULL, &result, &error));
    REFUSED(hamirror_batch_new(NULL, &batch, &error));
    REFUSED(hamirror_batch_reply(NULL, 0, &reply, &error));
    REFUSED(hamirror_batch_wait_any(NULL, 0, &call, &error));
    CHECK(!config && !client && !search && !result && !batch && !reply && call == 77);
}

/* Nobody has to want the error. */
static void errors_may_be_unwanted(void)
{
    CHECK(hamirror_config_read(NULL, NULL, NULL) == HAMIRROR_ERROR_ARGUMENT);
    CHECK(hamirror_batch_drive(NULL, NULL) == HAMIRROR_ERROR_ARGUMENT);
}

int main(void)
{
    version_functions();
    error_functions();
    failure_functions();
    diagnostic_functions();
    config_functions();
    client_functions();
    search_functions();
    parameters_functions();
    session_functions();
    answer_functions();
    outcome_functions();
    result_functions();
    status_functions();
    status_parts();
    host_functions();
    agent_functions();
    request_functions();
    reply_functions();
    batch_functions();
    local_functions();
    waker_functions();
    upkeep_functions();
    places_stay_null();
    errors_may_be_unwanted();
    return 0;
}
