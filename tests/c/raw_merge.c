/* Merges replies that were recorded, and prints the rows and what became of the agents, as every
 * language does (tests/real/raw_merges.rs). */
#include "check.h"

#include <inttypes.h>

#define REPLY_MAX 65536

/* A frame that a file holds: header and body. */
struct reply {
    uint8_t bytes[REPLY_MAX];
    size_t len;
};

static void read_reply(const char *path, struct reply *reply)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    reply->len = fread(reply->bytes, 1, sizeof reply->bytes, file);
    CHECK(reply->len > 8 && reply->len < sizeof reply->bytes);
    fclose(file);
}

static uint16_t number_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static hamirror_search *grouped(int32_t mode)
{
    const char *attributes[] = {"gid"};
    hamirror_search *search = search_for("");
    OK(hamirror_search_select(search, "id, gid, AVG(fl) af", &error));
    OK(hamirror_search_group_by(search, HAMIRROR_GROUP_ATTRIBUTE, attributes, 1, &error));
    OK(hamirror_search_group_order(search, "@count desc", &error));
    OK(hamirror_search_merge_mode(search, mode, &error));
    return search;
}

static hamirror_raw_merge *merging(const hamirror_search *search)
{
    hamirror_raw_merge *merge;
    OK(hamirror_raw_merge_new("d", &search, 1, &merge, &error));
    return merge;
}

/* Length of the request for an agent. */
static size_t request_len(int32_t mode)
{
    hamirror_search *search = grouped(mode);
    hamirror_raw_merge *merge = merging(search);
    uint8_t request[2000], again[2000];
    size_t len, again_len;
    OK(hamirror_raw_merge_request(merge, "t", NULL, 0, &len, &error));
    CHECK(len < sizeof request);
    OK(hamirror_raw_merge_request(merge, "t", request, len, &again_len, &error));
    OK(hamirror_raw_merge_asked(merge, 0x11e, 14, HAMIRROR_PRODUCT_MANTICORE, &error));
    OK(hamirror_raw_merge_request(merge, "t", again, sizeof again, &again_len, &error));
    CHECK(again_len == len && memcmp(request, again, len) == 0);
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_raw_merge_asked(merge, 0x11e, 15, HAMIRROR_PRODUCT_SPHINX, &error));
    REFUSED(hamirror_raw_merge_asked(merge, 0x11e, 14, 77, &error));
    hamirror_raw_merge_free(merge);
    hamirror_search_free(search);
    return len;
}

static void print_result(const hamirror_result *result)
{
    hamirror_text warning = hamirror_result_warning(result);
    size_t row, number;
    for (row = 0; row < hamirror_result_row_count(result); row++) {
        int64_t gid;
        double average;
        OK(hamirror_result_int64(result, row, 1, &gid, &error));
        OK(hamirror_result_double(result, row, 2, &average, &error));
        printf("%" PRIu64 " %" PRId64 " %.6f\n", hamirror_result_id(result, row), gid, average);
    }
    for (number = 0; number < hamirror_result_outcome_count(result); number++) {
        hamirror_text host = hamirror_outcome_host(hamirror_result_outcome(result, number));
        printf("agent '%.*s'\n", (int)host.len, host.data);
    }
    printf("warning %.*s\n", (int)warning.len, warning.data);
}

static void add_all(hamirror_raw_merge *merge, char **paths)
{
    static const char *const names[] = {"A", "B"};
    size_t number;
    for (number = 0; number < 2; number++) {
        static struct reply reply;
        read_reply(paths[number], &reply);
        EXPECT(HAMIRROR_ERROR_REQUEST,
               hamirror_raw_merge_add_reply(merge, "A", number_at(reply.bytes),
                                            number_at(reply.bytes + 2), reply.bytes + 8,
                                            reply.len - 9, &error));
        OK(hamirror_raw_merge_add_reply(merge, names[number], number_at(reply.bytes),
                                        number_at(reply.bytes + 2), reply.bytes + 8, reply.len - 8,
                                        &error));
    }
    REFUSED(hamirror_raw_merge_add_failure(merge, "C", 77, "no such kind", &error));
    OK(hamirror_raw_merge_add_failure(merge, "C", HAMIRROR_FAILURE_QUERY_TIMEOUT,
                                      "query timed out", &error));
}

/* The recorded agents are of Sphinx. */
static void check_words(const char *path)
{
    static struct reply reply;
    const char *texts[] = {"one"};
    hamirror_search *search = grouped(HAMIRROR_MERGE_MASTER);
    hamirror_raw_merge *merge;
    OK(hamirror_search_filter_strings(search, HAMIRROR_FILTER_KEEP, "s", texts, 1, &error));
    merge = merging(search);
    read_reply(path, &reply);
    OK(hamirror_raw_merge_asked(merge, 0x11f, 14, HAMIRROR_PRODUCT_MANTICORE, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_raw_merge_add_reply(merge, "A", 0, 0x11f, reply.bytes + 8, reply.len - 8,
                                        &error));
    OK(hamirror_raw_merge_asked(merge, 0x11f, 14, HAMIRROR_PRODUCT_SPHINX, &error));
    OK(hamirror_raw_merge_add_reply(merge, "A", 0, 0x11f, reply.bytes + 8, reply.len - 8, &error));
    hamirror_raw_merge_free(merge);
    hamirror_search_free(search);
}

int main(int count, char **arguments)
{
    hamirror_search *search = grouped(HAMIRROR_MERGE_MASTER);
    hamirror_raw_merge *merge = merging(search);
    hamirror_result *result;
    hamirror_error *refused;
    hamirror_call_options options;
    CHECK(count == 3);
    check_words(arguments[1]);
    CHECK(request_len(HAMIRROR_MERGE_EXACT) > request_len(HAMIRROR_MERGE_MASTER));
    add_all(merge, arguments + 1);
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_raw_merge_finish(merge, NULL, &result, NULL, 2, &error));
    OK(hamirror_raw_merge_finish(merge, NULL, &result, NULL, 1, &error));
    print_result(result);
    hamirror_result_free(result);
    EXPECT(HAMIRROR_ERROR_MISUSE,
           hamirror_raw_merge_finish(merge, NULL, &result, NULL, 1, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_raw_merge_add_failure(merge, "D", 1, "late", &error));
    hamirror_raw_merge_free(merge);

    CHECK(hamirror_call_options_init(&options, sizeof options) == HAMIRROR_OK);
    options.completeness = HAMIRROR_COMPLETENESS_ALL;
    merge = merging(search);
    hamirror_search_free(search);
    add_all(merge, arguments + 1);
    CHECK(hamirror_raw_merge_finish(merge, &options, &result, &refused, 1, NULL) == HAMIRROR_OK);
    CHECK(result == NULL && hamirror_error_code(refused) == HAMIRROR_ERROR_UNANSWERED);
    CHECK(hamirror_error_agents(refused) == 3 && hamirror_error_agents_answered(refused) == 2);
    hamirror_error_free(refused);
    hamirror_raw_merge_free(merge);
    return 0;
}
