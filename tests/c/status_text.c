/* What is known of hosts, agents and indexes, typed and as text; and addresses that the program
 * pushes. The arguments are a daemon that answers with the request's own body, its port, and an
 * address on which nobody listens. */
#include "check.h"

#include <errno.h>

enum { CALLS = 20 };

static hamirror_client *client_of(const char *echo, const char *port, const char *dead)
{
    char text[600];
    hamirror_config *config;
    hamirror_client *client;
    hamirror_client_options options;
    snprintf(text, sizeof text,
             "searchd {\n ha_ping_interval = 0\n}\nindex d\n{\n type = distributed\n"
             " agent = %s:shard\n agent = %s:shard\n agent_blackhole = %s:shard\n"
             " local = here\n}\n"
             "index pushed\n{\n type = distributed\n agent = nosuchhost.invalid:%s:shard\n}\n"
             "index path\n{\n type = distributed\n agent = /nosuch/searchd.sock:shard\n}\n",
             echo, dead, dead, port);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    CHECK(hamirror_client_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.no_background = 1;
    options.keep_connections = HAMIRROR_KEEP_ALWAYS;
    OK(hamirror_client_new(config, &options, &client, &error));
    hamirror_config_free(config);
    return client;
}

static int32_t ask(const hamirror_client *client, const char *index, size_t agent)
{
    hamirror_request *request;
    hamirror_reply *reply;
    int32_t code;
    OK(hamirror_request_new(99, 0x100, HAMIRROR_ACCESS_READ, (const uint8_t *)"x", 1, &request,
                            &error));
    code = hamirror_client_call(client, index, agent, request, NULL, &reply, NULL);
    hamirror_reply_free(reply);
    hamirror_request_free(request);
    return code;
}

static void living_host(const hamirror_status *status, const char *name)
{
    static const int32_t windows[] = {HAMIRROR_WINDOW_SINCE_START, HAMIRROR_WINDOW_1_PERIOD,
                                      HAMIRROR_WINDOW_5_PERIODS, HAMIRROR_WINDOW_15_PERIODS};
    const hamirror_host *host;
    size_t place;
    OK(hamirror_status_find_host(status, name, &host, &error));
    CHECK(text_is(hamirror_host_name(host), name) && hamirror_host_references(host) == 1);
    CHECK(hamirror_host_state(host) == HAMIRROR_HOST_LIVING && hamirror_host_state_us(host) > 0);
    CHECK(hamirror_host_errors_in_row(host) == 0 && hamirror_host_last_failure(host) == NULL);
    CHECK(hamirror_host_last_failure_us(host) == -1 && hamirror_host_ping_trip_us(host) == -1);
    CHECK(hamirror_host_last_query_us(host) >= hamirror_host_last_answer_us(host));
    CHECK(hamirror_host_last_answer_us(host) >= 0 && hamirror_host_last_period_us(host) >= 0);
    CHECK(!hamirror_host_is_pinged(host) && !hamirror_host_needs_lookup(host));
    CHECK(hamirror_host_keeps_connections(host) && hamirror_host_kept_connections(host) == 1);
    CHECK(hamirror_host_busy_connections(host) == 0 && hamirror_host_in_flight(host) == 0);
    CHECK(hamirror_host_address_count(host) == 1);
    CHECK(text_is(hamirror_host_address(host, 0), name));
    CHECK(text_is(hamirror_host_address(host, 1), ""));
    CHECK(hamirror_host_counter(host, HAMIRROR_WINDOW_SINCE_START, HAMIRROR_COUNTER_CONNECTS)
          == 1);
    for (place = 0; place < sizeof windows / sizeof *windows; place++) {
        int32_t window = windows[place];
        int64_t median = hamirror_host_latency_us(host, window, 0.5);
        CHECK(hamirror_host_counter(host, window, HAMIRROR_COUNTER_SUCCEEDED_QUERIES) == CALLS);
        CHECK(hamirror_host_latency_count(host, window) == CALLS);
        CHECK(median >= 0 && median <= hamirror_host_latency_us(host, window, 0.9));
        CHECK(hamirror_host_latency_us(host, window, 0.9)
              <= hamirror_host_latency_us(host, window, 0.99));
        CHECK(hamirror_host_latency_us(host, window, 0.99)
              <= hamirror_host_latency_us(host, window, 1.0));
        CHECK((uint64_t)hamirror_host_latency_us(host, window, 1.0)
              <= hamirror_host_counter(host, window, HAMIRROR_COUNTER_QUERY_US));
    }
    CHECK(hamirror_host_counter(host, 2, HAMIRROR_COUNTER_CONNECTS) == 0);
    CHECK(hamirror_host_counter(host, HAMIRROR_WINDOW_1_PERIOD, 77) == 0);
    CHECK(hamirror_host_latency_us(host, 2, 0.5) == -1);
}

static void dead_host(const hamirror_status *status, const char *name)
{
    const hamirror_host *host = (const hamirror_host *)&host;
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_status_find_host(status, "none", &host, &error));
    CHECK(host == NULL);
    OK(hamirror_status_find_host(status, name, &host, &error));
    CHECK(hamirror_host_state(host) == HAMIRROR_HOST_DEAD);
    CHECK(hamirror_host_errors_in_row(host) == 4 && hamirror_host_references(host) == 2);
    CHECK(hamirror_attempt_kind(hamirror_host_last_failure(host))
          == HAMIRROR_FAILURE_CONNECT_FAILURE);
    CHECK(hamirror_attempt_phase(hamirror_host_last_failure(host)) == HAMIRROR_PHASE_CONNECT);
    CHECK(hamirror_attempt_errno(hamirror_host_last_failure(host)) == ECONNREFUSED);
    CHECK(hamirror_host_last_failure_us(host) >= 0);
    CHECK(hamirror_host_latency_us(host, HAMIRROR_WINDOW_SINCE_START, 0.5) == -1);
    CHECK(hamirror_host_counter(host, HAMIRROR_WINDOW_SINCE_START,
                                HAMIRROR_COUNTER_CONNECT_FAILURES)
          == 4);
}

static void agents_and_indexes(const hamirror_status *status, const char *echo)
{
    const hamirror_agent *agent = hamirror_status_agent(status, 0);
    const hamirror_mirror *mirror = hamirror_agent_mirror(agent, 0);
    CHECK(hamirror_status_agent_count(status) == 4 && hamirror_status_agent(status, 4) == NULL);
    CHECK(text_is(hamirror_agent_index(agent), "d") && hamirror_agent_number(agent) == 0);
    CHECK(text_is(hamirror_agent_strategy(agent), "random"));
    CHECK(hamirror_agent_is_persistent(agent) && !hamirror_agent_is_blackhole(agent));
    CHECK(hamirror_agent_mirror_count(agent) == 1 && hamirror_agent_mirror(agent, 1) == NULL);
    CHECK(text_is(hamirror_mirror_host(mirror), echo));
    CHECK(text_contains(hamirror_mirror_id(mirror), ":shard"));
    CHECK(hamirror_mirror_weight(mirror) > 99.9 && hamirror_mirror_share(mirror) > 99.9);
    CHECK(hamirror_mirror_counter(mirror, HAMIRROR_COUNTER_SUCCEEDED_QUERIES) == CALLS);
    CHECK(hamirror_agent_unanswered(agent) == 0);
    CHECK(hamirror_agent_unanswered(hamirror_status_agent(status, 1)) == 4);
    CHECK(hamirror_status_blackhole_count(status) == 1);
    CHECK(hamirror_agent_is_blackhole(hamirror_status_blackhole(status, 0)));
    CHECK(hamirror_status_index_count(status) == 3);
    CHECK(text_is(hamirror_status_index_name(status, 0), "d"));
    CHECK(hamirror_status_local_count(status, 0) == 1);
    CHECK(text_is(hamirror_status_local_name(status, 0, 0), "here"));
    CHECK(text_is(hamirror_status_local_name(status, 0, 1), ""));
    CHECK(hamirror_status_period_s(status) == 60 && hamirror_status_blackhole_drops(status) == 0);
    CHECK(hamirror_status_dist_queries(status) == CALLS + 4);
    CHECK(hamirror_status_agent_connects(status) == 5);
    CHECK(hamirror_status_agent_retries(status) == 0);
}

static void statements(const hamirror_status *status, const char *echo)
{
    hamirror_rows *rows;
    char expected[200];
    size_t row;
    OK(hamirror_status_show(status, "SHOW AGENT STATUS", HAMIRROR_FLAVOUR_SPHINX, &rows, &error));
    CHECK(text_is(hamirror_rows_column_name(rows, 0), "Key"));
    CHECK(text_is(hamirror_rows_column_name(rows, 1), "Value"));
    CHECK(hamirror_rows_count(rows) == hamirror_status_row_count(status));
    for (row = 0; row < hamirror_rows_count(rows); row++) {
        hamirror_text key = hamirror_rows_key(rows, row);
        hamirror_text value = hamirror_rows_value(rows, row);
        CHECK(key.len == hamirror_status_key(status, row).len && key.len > 0);
        CHECK(memcmp(key.data, hamirror_status_key(status, row).data, key.len) == 0);
        CHECK(value.len == hamirror_status_value(status, row).len);
    }
    hamirror_rows_free(rows);
    OK(hamirror_status_show(status, "show agent status like 'ag\\_0\\_host%'",
                            HAMIRROR_FLAVOUR_MANTICORE, &rows, &error));
    CHECK(hamirror_rows_count(rows) == 1 && text_is(hamirror_rows_value(rows, 0), echo));
    hamirror_rows_free(rows);
    OK(hamirror_status_show(status, "SHOW AGENT STATUS LIKE 'ag_0_has_perspool'",
                            HAMIRROR_FLAVOUR_MANTICORE, &rows, &error));
    CHECK(hamirror_rows_count(rows) == 1 && text_is(hamirror_rows_value(rows, 0), "yes"));
    hamirror_rows_free(rows);
    rows = (hamirror_rows *)&rows;
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_status_show(status, "SHOW TABLES", HAMIRROR_FLAVOUR_SPHINX, &rows, &error));
    REFUSED(hamirror_status_show(status, "SHOW STATUS", 77, &rows, &error));
    CHECK(rows == NULL);
    snprintf(expected, sizeof expected,
             "hamirror_host_queries_total{host=\"%s\",outcome=\"succeeded\"} %d\n", echo, CALLS);
    CHECK(text_contains(hamirror_status_prometheus(status), expected));
}

static void addresses(const hamirror_client *client, const char *echo, const char *port)
{
    char host[100];
    size_t names = 77;
    const char *with_port[] = {echo}, *without[] = {"127.0.0.1"}, *bad[] = {"127.0.0.1", "box1"};
    const char *null[] = {NULL};
    snprintf(host, sizeof host, "nosuchhost.invalid:%s", port);
    CHECK(ask(client, "pushed", 0) == HAMIRROR_ERROR_UNANSWERED);
    OK(hamirror_client_set_addresses(client, host, without, 1, &error));
    CHECK(ask(client, "pushed", 0) == HAMIRROR_OK);
    OK(hamirror_client_flush_hostnames(client, &error));
    OK(hamirror_client_refresh_hostnames(client, &names, &error));
    CHECK(names == 1);
    OK(hamirror_client_refresh_hostnames(client, NULL, &error));
    CHECK(ask(client, "pushed", 0) == HAMIRROR_OK);
    OK(hamirror_client_set_addresses(client, host, with_port, 1, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST, hamirror_client_set_addresses(client, host, bad, 2, &error));
    REFUSED(hamirror_client_set_addresses(client, host, null, 1, &error));
    REFUSED(hamirror_client_set_addresses(client, host, NULL, 1, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN,
           hamirror_client_set_addresses(client, "none", without, 1, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE,
           hamirror_client_set_addresses(client, "/nosuch/searchd.sock", without, 1, &error));
    CHECK(ask(client, "pushed", 0) == HAMIRROR_OK);
    OK(hamirror_client_set_addresses(client, host, NULL, 0, &error));
    CHECK(ask(client, "pushed", 0) == HAMIRROR_ERROR_UNANSWERED);
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    hamirror_status *status;
    int call;
    CHECK(count == 4);
    client = client_of(arguments[1], arguments[2], arguments[3]);
    for (call = 0; call < CALLS; call++)
        CHECK(ask(client, "d", 0) == HAMIRROR_OK);
    for (call = 0; call < 4; call++)
        CHECK(ask(client, "d", 1) == HAMIRROR_ERROR_UNANSWERED);
    OK(hamirror_status_new(client, &status, &error));
    living_host(status, arguments[1]);
    dead_host(status, arguments[3]);
    agents_and_indexes(status, arguments[1]);
    statements(status, arguments[1]);
    addresses(client, arguments[1], arguments[2]);
    hamirror_client_free(client);
    hamirror_status_free(status);
    return 0;
}
