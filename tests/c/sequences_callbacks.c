/* The callbacks of sequences.c: they do what they should, return numbers of their own, enter the
 * batch again, or free their request. */
#include "sequences.h"

#include <pthread.h>

/* Every user data is of the heap: dropped twice or never, it is a fault that a checker sees. */
struct data {
    unsigned manners;
};

static pthread_t owner;
static const uint8_t *answer;
static size_t answer_len;

void callbacks_begin(void)
{
    owner = pthread_self();
    CHECK(depth == 0);
}

void callbacks_end(void)
{
    CHECK(depth == 0);
}

static struct data *data_new(void)
{
    struct data *data = malloc(sizeof *data);
    CHECK(data != NULL);
    data->manners = next_byte();
    return data;
}

static void drop(void *user_data)
{
    free(user_data);
}

void set_search_answer(const uint8_t *bytes, size_t len)
{
    answer = bytes;
    answer_len = len;
}

size_t search_answer(const uint8_t **bytes)
{
    *bytes = answer;
    return answer_len;
}

/* Anything that a callback may call: the batch at work refuses, others do not. */
static void call_from_callback(void)
{
    hamirror_batch *batch = any_handle(BATCH);
    hamirror_status *status = (hamirror_status *)&status;
    uint32_t call = 77;
    size_t pending = 77;
    bool was_error_wanted = enter();
    int32_t code;
    if (depth > 3)
        next_byte();
    else switch (below(8)) {
    case 0: ended(API(batch_drive)(batch, failed())); break;
    case 1: ended(API(batch_wait_any)(batch, 0, &call, failed())); break;
    case 2: ended(API(batch_cancel)(batch, below(6), failed())); break;
    case 3: ended(API(batch_pending)(batch, &pending, failed())); break;
    case 4: API(batch_timeout_ms)(batch); break;
    case 5: free_any(REQUEST); break;
    case 6: free_any(SEARCH); break;
    default:
        code = API(status_new)(any_handle(CLIENT), &status, failed());
        made(STATUS, code, status);
        break;
    }
    leave(was_error_wanted);
}

/* A blackhole is asked on the library's own thread, to which the input does not belong. */
static bool is_of_library(void)
{
    return !pthread_equal(pthread_self(), owner);
}

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    const struct data *data = user_data;
    const uint8_t bytes[300] = {0};
    hamirror_text host = API(target_host)(target), list = API(target_index_list)(target);
    CHECK(host.len > 0 && list.len > 0 && API(target_product)(target) <= 2);
    CHECK(API(body_append)(body, bytes, data->manners, NULL) == HAMIRROR_OK);
    CHECK(API(body_append)(body, (const uint8_t *)host.data, host.len, NULL) == HAMIRROR_OK);
    CHECK(API(body_append)(body, NULL, 5, NULL) == HAMIRROR_ERROR_ARGUMENT);
    if (is_of_library())
        return 0;
    if (API(target_attempt)(target) > 0 || data->manners % 4 == 0)
        call_from_callback();
    return data->manners % 16 == 3 ? (int32_t)data->manners : 0;
}

static int32_t judge(void *user_data, const hamirror_reply *reply, hamirror_verdict *verdict)
{
    const struct data *data = user_data;
    bool was_error_wanted;
    read_reply(reply);
    if (is_of_library())
        return 0;
    was_error_wanted = enter();
    ended(below(2) ? API(verdict_set)(verdict, (int32_t)below(6), any_text(), failed())
                   : API(verdict_set_bytes)(verdict, (int32_t)below(6), "\xff\n", below(3),
                                            failed()));
    leave(was_error_wanted);
    if (data->manners % 4 == 1)
        call_from_callback();
    return below(8) == 0 ? -5 : 0;
}

void make_callback_request(void)
{
    hamirror_request *request = (hamirror_request *)&request;
    hamirror_build_callback builds = below(16) ? build : NULL;
    hamirror_judge_callback judges = below(3) ? judge : NULL;
    int32_t access = below(8) ? HAMIRROR_ACCESS_READ : (int32_t)below(4);
    int32_t code = API(request_new_with_callbacks)(99, 0x100, access, builds, judges, data_new(),
                                                   drop, &request, failed());
    made(REQUEST, code, request);
}

static void hear(void *user_data, int32_t level, hamirror_text line)
{
    CHECK(user_data != NULL && level >= 1 && level <= 3 && line.len > 0);
    CHECK(memchr(line.data, '\n', line.len) == NULL);
}

void set_log(void)
{
    int32_t level = (int32_t)below(5);
    hamirror_log_callback hears = below(4) ? hear : NULL;
    ended(API(client_set_log)(any_handle(CLIENT), level, hears, data_new(), drop, failed()));
}

void answer_local(hamirror_local *local)
{
    static uint8_t bytes[4096];
    hamirror_text name = API(local_name)(local);
    const uint8_t *request = API(local_request)(local);
    CHECK((request != NULL) == (local != NULL) && (name.len > 0) == (local != NULL));
    CHECK((API(local_request_len)(local) > 0) == (local != NULL));
    if (below(6) == 0) {
        ended(API(local_fail)(local, any_text(), failed()));
        return;
    }
    CHECK(answer_len <= sizeof bytes);
    if (answer_len > 0)
        memcpy(bytes, answer, answer_len);
    if (below(4) == 0 && answer_len > 0)
        bytes[(next_byte() * 256 + next_byte()) % answer_len] = (uint8_t)next_byte();
    ended(API(local_answer)(local, 0x11f, bytes, answer_len, failed()));
}

static int32_t search_local(void *user_data, hamirror_local *local)
{
    bool was_error_wanted = enter();
    CHECK(user_data == &answer);
    if (below(8) != 0)
        answer_local(local);
    /* Taken from no batch. */
    if (below(8) == 0)
        CHECK(API(batch_add_local)(any_handle(BATCH), local, NULL) != HAMIRROR_OK);
    leave(was_error_wanted);
    return below(16) == 0 ? 42 : 0;
}

void search_with_locals(void)
{
    hamirror_result *result = (hamirror_result *)&result;
    hamirror_call_options options;
    int32_t code;
    CHECK(API(call_options_init)(&options, sizeof options) == HAMIRROR_OK);
    options.deadline_ms = 20;
    code = API(client_search_with_locals)(any_handle(CLIENT), any_index(), any_handle(SEARCH),
                                          &options, below(16) ? search_local : NULL, &answer,
                                          &result, failed());
    made(RESULT, code, result);
}
