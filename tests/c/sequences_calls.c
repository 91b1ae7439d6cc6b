/* The operations of sequences.c: each makes one call or a few with what the input chooses. */
#include "sequences.h"

/* Deadlines are short, so that a wait without end has one. */
#define SETTINGS                                                                             \
    " agent_connect_timeout = 20\n agent_query_timeout = 10\n agent_retry_delay = 1\n"       \
    " agent_retry_count = 0\n type = distributed\n"

static const char *const texts[] = {
    NULL, "", "\xff", "library", "id", "gid", "@weight desc", "gid asc", "*", "1 + gid",
    "SHOW AGENT STATUS", "SHOW STATUS LIKE 'a%'", "SHOW AGENT d STATUS", "DROP TABLE x",
    "127.0.0.1:1", "[::1]", "agent", "127.0.0.1:1:x|127.0.0.1:1:y", "searchd", "title",
};

const char *any_text(void)
{
    return texts[below(sizeof texts / sizeof *texts)];
}

const char *any_index(void)
{
    static const char *const names[] = {
        "d", "d", "mixed", "mixed", "own", "found", "found", "hole", "nosuch", "changed", NULL,
        "\xff", "",
    };
    return names[below(sizeof names / sizeof *names)];
}

static const char *config_text(void)
{
    static char text[2000];
    int len;
    if (below(6) == 0)
        return any_text();
    len = snprintf(text, sizeof text,
                   "searchd {\n ha_ping_interval = %u\n persistent_connections_limit = 3\n}\n"
                   "index d {\n" SETTINGS " ha_strategy = %s\n agent%s = %s|%s:shard\n}\n"
                   "index mixed {\n" SETTINGS " agent = %s:a,b\n local = x\n local = y\n}\n"
                   "index own {\n type = distributed\n local = x\n}\n",
                   below(3) * 5, below(2) ? "nodeads" : "roundrobin",
                   below(2) ? "_persistent" : "", echo, dead, searcher);
    if (below(4) != 0)
        snprintf(text + len, sizeof text - (size_t)len,
                 "index found {\n" SETTINGS " agent = %s:a\n agent = %s|localhost:1:b\n}\n"
                 "index hole {\n" SETTINGS " agent = %s:a\n agent_blackhole = %s:b\n}\n"
                 "index changed {\n" SETTINGS " agent = %s|%s:a\n agent = %s:b\n}\n",
                 searcher, searcher, echo, echo, changer, dead, changer);
    return text;
}

static void make_config(void)
{
    hamirror_config *config = (hamirror_config *)&config;
    hamirror_config **out = below(16) ? &config : NULL;
    const char *text = config_text();
    int32_t reading = (int32_t)below(4), code;
    switch (below(8)) {
    case 0: code = API(config_read)(any_text(), out, failed()); break;
    case 1: code = API(config_read_as)(any_text(), reading, out, failed()); break;
    case 2: code = API(config_parse_as)(text, "a.conf", reading, out, failed()); break;
    default: code = API(config_parse)(text, "a.conf", out, failed()); break;
    }
    made(CONFIG, code, out ? config : NULL);
}

static void build_config(void)
{
    hamirror_config *config = (hamirror_config *)&config;
    int32_t code;
    if (below(4) == 0)
        keep(BUILDER, API(config_builder_new)());
    if (below(2))
        ended(API(config_builder_set)(any_handle(BUILDER), "d", "agent", "127.0.0.1:1:x",
                                      failed()));
    else
        ended(API(config_builder_set)(any_handle(BUILDER), any_text(), any_text(), any_text(),
                                      failed()));
    if (below(2))
        code = API(config_builder_build)(any_handle(BUILDER), &config, failed());
    else
        code = API(config_builder_build_as)(any_handle(BUILDER), (int32_t)below(4), &config,
                                            failed());
    made(CONFIG, code, config);
}

void make_client(void)
{
    hamirror_client *client = (hamirror_client *)&client;
    hamirror_client_options options;
    size_t size = below(16) ? sizeof options : below(9);
    int32_t code;
    make_config();
    if (API(client_options_init)(&options, size) == HAMIRROR_OK) {
        CHECK(options.struct_size == size);
        options.no_background = (int32_t)below(2);
        options.keep_connections = (int32_t)below(3);
        options.no_failover = below(8) == 0;
        options.seed = next_byte();
        if (below(16) == 0)
            options.keep_connections = 77;
        code = API(client_new)(any_handle(CONFIG), &options, &client, failed());
    } else {
        code = API(client_new)(any_handle(CONFIG), NULL, &client, failed());
    }
    made(CLIENT, code, client);
}

static void change_client(void)
{
    const char *addresses[2];
    size_t count;
    addresses[0] = below(2) ? echo : any_text();
    addresses[1] = any_text();
    switch (below(6)) {
    case 0: keep(CLIENT, API(client_clone)(any_handle(CLIENT))); break;
    case 1: ended(API(client_reload)(any_handle(CLIENT), any_handle(CONFIG), failed())); break;
    case 2:
        ended(below(2) ? API(client_flush_hostnames)(any_handle(CLIENT), failed())
                       : API(client_refresh_hostnames)(any_handle(CLIENT), &count, failed()));
        break;
    case 3:
        ended(API(client_set_addresses)(any_handle(CLIENT), below(4) ? dead : any_text(),
                                        addresses, below(3), failed()));
        break;
    case 4: set_log(); break;
    default: make_client(); break;
    }
}

const hamirror_call_options *any_call_options(void)
{
    static hamirror_call_options options;
    if (below(4) == 0 || API(call_options_init)(&options, sizeof options) != HAMIRROR_OK)
        return NULL;
    options.no_failover = below(4) == 0;
    options.completeness = (int32_t)below(3);
    options.completeness_percent = options.completeness == 1 ? 50 : 0;
    options.deadline_ms = (int64_t)below(20) - 1;
    options.query_timeout_ms = (int64_t)below(9) - 1;
    options.connect_timeout_ms = (int64_t)below(9) - 1;
    options.retry_count = (int64_t)below(3) - 1;
    options.retry_delay_ms = HAMIRROR_NONE;
    options.soft_timeout_percent = (int32_t)below(4) * 50;
    options.soft_timeout_share = options.soft_timeout_percent == 0 ? 0 : (int32_t)below(3) * 50;
    options.mirror_key = API(mirror_key)(below(2) ? "key" : NULL, below(4));
    if (below(16) == 0)
        options.completeness = 77;
    return &options;
}

static void make_search(void)
{
    hamirror_search *search = (hamirror_search *)&search;
    int32_t code = below(3) ? API(search_new)(any_text(), &search, failed())
                            : API(search_clone)(any_handle(SEARCH), &search, failed());
    made(SEARCH, code, search);
}

static void filter_search(hamirror_search *search)
{
    const int64_t values[3] = {1, -5, INT64_MAX};
    int32_t filter = (int32_t)below(5);
    const char *name = any_text();
    switch (below(13)) {
    case 7: {
        const char *texts[2] = {name, any_text()};
        ended(API(search_filter_strings)(search, filter, name, texts, below(3), failed()));
        break;
    }
    case 8: ended(API(search_filter_variable)(search, filter, name, name, failed())); break;
    case 9: ended(API(search_filter_bound)(search, filter, name, filter, -5, failed())); break;
    case 10:
        ended(API(search_filter_float_bound)(search, filter, name, filter, 0.5F, failed()));
        break;
    case 11:
        ended(API(search_filter_all_values)(search, filter, name, values, below(4), failed()));
        break;
    case 0:
        ended(API(search_filter_values)(search, filter, name, values, below(4), failed()));
        break;
    case 1: ended(API(search_filter_range)(search, filter, name, -5, 5, failed())); break;
    case 2:
        ended(API(search_filter_float_range)(search, filter, name, -1.5F, 2.5F, failed()));
        break;
    case 3: ended(API(search_filter_string)(search, filter, name, any_text(), failed())); break;
    case 4: ended(API(search_filter_null)(search, filter, name, failed())); break;
    case 5:
        ended(API(search_geo_anchor)(search, name, any_text(), 0.5F, 7.5F, failed()));
        break;
    default: ended(API(search_id_range)(search, next_byte(), 200, failed())); break;
    }
}

static void group_search(hamirror_search *search)
{
    const char *name = any_text(), *names[2] = {name, any_text()};
    uint32_t number = next_byte();
    switch (below(8)) {
    case 0: ended(API(search_group_order)(search, name, failed())); break;
    case 1: ended(API(search_group_within)(search, name, failed())); break;
    case 2: ended(API(search_group_distinct)(search, name, failed())); break;
    case 3: ended(API(search_group_rows)(search, number, failed())); break;
    case 4: ended(API(search_outer)(search, name, number, below(3), failed())); break;
    case 5: ended(API(search_merge_mode)(search, (int32_t)below(3), failed())); break;
    default:
        ended(API(search_group_by)(search, (int32_t)below(8), names, below(3), failed()));
    }
}

static void change_search(void)
{
    hamirror_search *search = any_handle(SEARCH);
    uint32_t number = next_byte();
    int32_t choice = (int32_t)below(12);
    switch (below(14)) {
    case 11: set_search(search); break;
    case 12: group_search(search); break;
    case 0: ended(API(search_select)(search, any_text(), failed())); break;
    case 1: ended(API(search_sort)(search, choice, any_text(), failed())); break;
    case 2: ended(API(search_window)(search, below(3), number, failed())); break;
    case 3: ended(API(search_max_matches)(search, number, failed())); break;
    case 4: ended(API(search_cutoff)(search, number, failed())); break;
    case 5: ended(API(search_max_query_time)(search, number, failed())); break;
    case 6: ended(API(search_ranker)(search, choice, any_text(), failed())); break;
    case 7: ended(API(search_match_mode)(search, choice, failed())); break;
    case 8: ended(API(search_field_weight)(search, any_text(), choice, failed())); break;
    case 9: ended(API(search_index_weight)(search, any_text(), choice, failed())); break;
    case 10: ended(API(search_comment)(search, any_text(), failed())); break;
    default: filter_search(search); break;
    }
}

static void make_request(void)
{
    hamirror_request *request = (hamirror_request *)&request;
    /* A ping, a command that nobody knows, or a SEARCH of nonsense. */
    uint16_t command = (uint16_t)(below(2) ? 99 : below(10));
    const char *body = any_text();
    size_t len = body == NULL ? 0 : strlen(body);
    int32_t code;
    if (below(2)) {
        make_callback_request();
        return;
    }
    code = API(request_new)(command, 0x100, (int32_t)below(5) % 3, (const uint8_t *)body, len,
                            &request, failed());
    made(REQUEST, code, request);
}

static void ask_client(void)
{
    hamirror_reply *reply = (hamirror_reply *)&reply;
    hamirror_result *result = (hamirror_result *)&result;
    int32_t code;
    switch (below(3)) {
    case 0:
        code = API(client_call)(any_handle(CLIENT), any_index(), below(3), any_handle(REQUEST),
                                any_call_options(), &reply, failed());
        made(REPLY, code, reply);
        break;
    case 1:
        code = API(client_search)(any_handle(CLIENT), any_index(), any_handle(SEARCH),
                                  any_call_options(), &result, failed());
        made(RESULT, code, result);
        break;
    default: search_with_locals(); break;
    }
}

static void make_batch(void)
{
    hamirror_batch *batch = (hamirror_batch *)&batch;
    int32_t code = API(batch_new)(any_handle(CLIENT), &batch, failed());
    made(BATCH, code, batch);
    if (below(2))
        keep(WAKER, API(waker_new)(any_handle(BATCH)));
}

static void add_to_batch(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    uint32_t first = 77, count = 77, *twice = below(8) ? &count : &first;
    switch (below(4)) {
    case 0:
        ended(API(batch_add_index)(batch, any_index(), any_handle(REQUEST), any_call_options(),
                                   &first, twice, failed()));
        break;
    case 1:
        ended(API(batch_add_agent)(batch, any_index(), below(2), any_handle(REQUEST),
                                   any_call_options(), &first, failed()));
        break;
    default:
        ended(API(batch_add_search)(batch, any_index(), any_handle(SEARCH), any_call_options(),
                                    &first, failed()));
        break;
    }
}

static void drive_batch(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    int64_t timeout_ms = (int64_t)below(5) - 1;
    uint32_t call = 77, search = 77;
    size_t pending = 77;
    bool done;
    switch (below(12)) {
    case 0: ended(API(batch_wait_sent)(batch, timeout_ms, &done, failed())); break;
    case 1: ended(API(batch_wait_any)(batch, timeout_ms, &call, failed())); break;
    case 2: ended(API(batch_wait_all)(batch, timeout_ms, NULL, failed())); break;
    case 3: ended(API(batch_drive)(batch, failed())); break;
    case 4: ended(API(batch_next_completion)(batch, &call, failed())); break;
    case 5: ended(API(batch_cancel)(batch, below(6), failed())); break;
    case 6: ended(API(waker_wake)(any_handle(WAKER), failed())); break;
    case 7: ended(API(batch_run)(batch, failed())); break;
    case 8: ended(API(batch_join)(batch, timeout_ms, &done, failed())); break;
    case 9: ended(API(batch_next_completed)(batch, &call, &search, failed())); break;
    case 10:
        ended(API(batch_wait_completed)(batch, timeout_ms, &call, &search, failed()));
        break;
    default:
        ended(API(batch_pending)(batch, &pending, failed()));
        CHECK((API(batch_fd)(batch) >= 0) == (batch != NULL));
        CHECK(API(batch_timeout_ms)(batch) >= -1);
        break;
    }
}

static void look_into_batch(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    const hamirror_reply *seen = (const hamirror_reply *)&seen;
    uint32_t call = below(6), first, count;
    size_t agent;
    hamirror_text host = {"", 0};
    bool is_seen;
    int32_t code;
    switch (below(4)) {
    case 0:
        code = API(batch_reply)(batch, call, &seen, failed());
        is_seen = ended(code);
        CHECK(is_seen == (seen != NULL));
        read_reply(seen);
        break;
    case 1:
        if (ended(API(batch_asked)(batch, call, &agent, &host, failed())))
            CHECK(host.data != NULL && memchr(host.data, 0, host.len) == NULL);
        break;
    case 2: ended(API(batch_search_of)(batch, call, &count, failed())); break;
    default: ended(API(batch_search_calls)(batch, below(4), &first, &count, failed())); break;
    }
}

static void take_from_batch(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    hamirror_reply *reply = (hamirror_reply *)&reply;
    hamirror_result *result = (hamirror_result *)&result;
    int32_t code;
    if (below(2)) {
        code = API(batch_take_reply)(batch, below(6), &reply, failed());
        made(REPLY, code, reply);
    } else {
        code = API(batch_take_search)(batch, below(4), &result, failed());
        made(RESULT, code, result);
    }
}

static void use_locals(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    hamirror_local *local = (hamirror_local *)&local;
    size_t count = 77;
    int32_t code;
    switch (below(4)) {
    case 0: ended(API(batch_local_count)(batch, below(4), &count, failed())); break;
    case 1:
        code = API(batch_take_local)(batch, below(4), below(2), &local, failed());
        made(LOCAL, code, local);
        break;
    case 2: answer_local(any_handle(LOCAL)); break;
    default: ended(API(batch_add_local)(batch, any_handle(LOCAL), failed())); break;
    }
}

static void use_upkeep(void)
{
    hamirror_upkeep *upkeep = (hamirror_upkeep *)&upkeep;
    hamirror_upkeep *old = any_handle(UPKEEP);
    int32_t code;
    switch (below(4)) {
    case 0:
        code = API(upkeep_new)(any_handle(CLIENT), &upkeep, failed());
        made(UPKEEP, code, upkeep);
        break;
    case 1: ended(API(upkeep_drive)(old, failed())); break;
    case 2: ended(API(upkeep_wait)(old, below(3), failed())); break;
    default:
        CHECK((API(upkeep_fd)(old) >= 0) == (old != NULL));
        CHECK(API(upkeep_timeout_ms)(old) >= -1);
        break;
    }
}

static void read_status(void)
{
    hamirror_status *status = (hamirror_status *)&status;
    hamirror_rows *rows = (hamirror_rows *)&rows;
    int32_t code = API(status_new)(any_handle(CLIENT), &status, failed());
    made(STATUS, code, status);
    code = API(status_show)(any_handle(STATUS), any_text(), (int32_t)below(3), &rows, failed());
    made(ROWS, code, rows);
}

static void free_something(void)
{
    free_any((enum type)below(TYPES));
}

void do_something(void)
{
    static void (*const operations[])(void) = {
        make_config, build_config, change_client, change_client, make_search, make_search,
        change_search, make_request, make_request, make_request, ask_client, ask_client,
        make_batch, make_batch, add_to_batch, add_to_batch, add_to_batch, add_to_batch,
        drive_batch, drive_batch, drive_batch, drive_batch, look_into_batch, look_into_batch,
        take_from_batch, take_from_batch, run_statement, run_statement, ask_all,
        ask_command, ask_command, ask_command, go_on, go_on, go_on, go_on,
        use_locals, use_locals, use_locals, use_upkeep,
        read_status, read_something, read_something, free_something, free_something,
    };
    operations[below(sizeof operations / sizeof *operations)]();
}
