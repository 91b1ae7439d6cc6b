/* Commands and statements under way, and merges of replies, for sequences.c. */
#include "sequences.h"

/* What a wait told, if anything. */
static void told(enum type type, int32_t code, void *handle)
{
    if (ended(code))
        keep(type, handle);
    else
        CHECK(handle == NULL);
}

static void start_command(void)
{
    hamirror_pending *pending = (hamirror_pending *)&pending;
    hamirror_text documents[2] = {{NULL, 0}, {"a library", 9}};
    const hamirror_client *client = any_handle(CLIENT);
    const char *index = below(2) ? "changed" : any_index();
    int32_t code;
    switch (below(6)) {
    case 0:
        code = API(client_start_excerpts)(client, any_index(), documents, below(3), any_text(),
                                          any_handle(EXCERPT_OPTIONS), any_call_options(),
                                          &pending, failed());
        break;
    case 1:
        code = API(client_start_keywords)(client, any_index(), any_text(), (int32_t)below(2),
                                          any_call_options(), &pending, failed());
        break;
    case 2:
        code = API(client_start_update)(client, index, any_handle(UPDATE), any_call_options(),
                                        &pending, failed());
        break;
    case 3:
        code = API(client_start_flush_attributes)(client, index, any_call_options(), &pending,
                                                  failed());
        break;
    case 4:
        code = API(client_start_daemon_status)(client, index, any_call_options(), &pending,
                                               failed());
        break;
    default:
        code = API(client_start_on_agent)(client, below(3), (int64_t)below(5) - 2,
                                          "DELETE FROM changed WHERE id=1", NULL,
                                          any_call_options(), &pending, failed());
        break;
    }
    made(PENDING, code, pending);
}

static void wait_for_command(void)
{
    hamirror_pending *pending = any_handle(PENDING);
    hamirror_excerpts *excerpts = (hamirror_excerpts *)&excerpts;
    hamirror_keywords *keywords = (hamirror_keywords *)&keywords;
    hamirror_mirrored *mirrored = (hamirror_mirrored *)&mirrored;
    int64_t timeout_ms = below(3);
    int32_t code;
    CHECK(API(pending_fd)(pending) >= -1 && API(pending_timeout_ms)(pending) >= -1);
    switch (below(3)) {
    case 0:
        code = API(pending_wait_excerpts)(pending, timeout_ms, &excerpts, failed());
        told(EXCERPTS, code, excerpts);
        break;
    case 1:
        code = API(pending_wait_keywords)(pending, timeout_ms, &keywords, failed());
        told(KEYWORDS, code, keywords);
        break;
    default:
        code = API(pending_wait_mirrored)(pending, timeout_ms, &mirrored, failed());
        told(MIRRORED, code, mirrored);
        break;
    }
}

static void drive_session(void)
{
    hamirror_session *session = any_handle(SESSION);
    hamirror_answers *answers = (hamirror_answers *)&answers;
    int32_t code;
    CHECK(API(session_fd)(session) >= -1 && API(session_timeout_ms)(session) >= -1);
    switch (below(4)) {
    case 0:
        ended(API(session_start)(session, below(2) ? "SELECT * FROM found" : any_text(),
                                 any_handle(PARAMETERS), any_call_options(), failed()));
        break;
    case 1: ended(API(session_cancel)(session, failed())); break;
    default:
        code = API(session_wait)(session, (int64_t)below(3), &answers, failed());
        told(ANSWERS, code, answers);
        break;
    }
}

static void add_to_merge(void)
{
    hamirror_raw_merge *merge = any_handle(MERGE);
    const uint8_t *answer;
    size_t len = search_answer(&answer), part = below(2) ? len : below(200) % (len + 1);
    uint8_t request[64];
    switch (below(4)) {
    case 0:
        ended(API(raw_merge_asked)(merge, 0x11f, below(16), (int32_t)below(4), failed()));
        break;
    case 1:
        ended(API(raw_merge_request)(merge, any_text(), request, below(64), &len, failed()));
        break;
    case 2:
        ended(API(raw_merge_add_failure)(merge, any_text(), (int32_t)below(12), any_text(),
                                         failed()));
        break;
    default:
        ended(API(raw_merge_add_reply)(merge, any_text(), (uint16_t)below(5), 0x11f, answer, part,
                                       failed()));
        break;
    }
}

static void merge_replies(void)
{
    hamirror_raw_merge *merge = (hamirror_raw_merge *)&merge;
    hamirror_result *results[2] = {NULL, NULL};
    hamirror_error *errors[2] = {NULL, NULL};
    const hamirror_search *searches[2];
    size_t number;
    int32_t code;
    switch (below(4)) {
    case 0:
        searches[0] = any_handle(SEARCH);
        searches[1] = any_handle(SEARCH);
        code = API(raw_merge_new)(any_index(), searches, below(3), &merge, failed());
        made(MERGE, code, merge);
        break;
    case 1:
        code = API(raw_merge_finish)(any_handle(MERGE), any_call_options(), results,
                                     below(2) ? errors : NULL, below(3), failed());
        ended(code);
        for (number = 0; number < 2; number++) {
            CHECK(results[number] == NULL || errors[number] == NULL);
            keep(RESULT, results[number]);
            keep(ERRORS, errors[number]);
        }
        break;
    default: add_to_merge(); break;
    }
}

void go_on(void)
{
    switch (below(4)) {
    case 0: start_command(); break;
    case 1: wait_for_command(); break;
    case 2: drive_session(); break;
    default: merge_replies(); break;
    }
}
