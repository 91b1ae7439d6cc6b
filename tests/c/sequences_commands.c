/* What is asked beside searches, for sequences.c: excerpts, keywords, changes. */
#include "sequences.h"

static void set_excerpt_options(void)
{
    hamirror_excerpt_options *options = any_handle(EXCERPT_OPTIONS);
    const char *text = any_text();
    int32_t choice = (int32_t)below(12);
    uint32_t number = next_byte() * 0x1010101U;
    switch (below(12)) {
    case 0: ended(API(excerpt_options_before_match)(options, text, failed())); break;
    case 1: ended(API(excerpt_options_after_match)(options, text, failed())); break;
    case 2: ended(API(excerpt_options_chunk_separator)(options, text, failed())); break;
    case 3: ended(API(excerpt_options_limit)(options, number, failed())); break;
    case 4: ended(API(excerpt_options_around)(options, number, failed())); break;
    case 5: ended(API(excerpt_options_limit_passages)(options, number, failed())); break;
    case 6: ended(API(excerpt_options_limit_words)(options, number, failed())); break;
    case 7: ended(API(excerpt_options_start_passage_id)(options, number, failed())); break;
    case 8: ended(API(excerpt_options_html_strip)(options, choice, failed())); break;
    case 9: ended(API(excerpt_options_passage_boundary)(options, choice, failed())); break;
    case 10: ended(API(excerpt_options_load_files)(options, choice, failed())); break;
    default: ended(API(excerpt_options_flag)(options, choice, choice % 2, failed())); break;
    }
}

static void ask_excerpts(void)
{
    hamirror_excerpt_options *options = (hamirror_excerpt_options *)&options;
    hamirror_excerpts *excerpts = (hamirror_excerpts *)&excerpts;
    hamirror_text documents[2] = {{NULL, 0}, {"a library", 9}};
    int32_t code;
    switch (below(3)) {
    case 0:
        code = API(excerpt_options_new)(&options, failed());
        made(EXCERPT_OPTIONS, code, options);
        break;
    case 1: set_excerpt_options(); break;
    default:
        code = API(client_excerpts)(any_handle(CLIENT), any_index(), documents, below(3),
                                    any_text(), any_handle(EXCERPT_OPTIONS),
                                    any_call_options(), &excerpts, failed());
        made(EXCERPTS, code, excerpts);
        break;
    }
}

static void set_update(void)
{
    hamirror_update *update = any_handle(UPDATE);
    const uint32_t values[3] = {1, 0, UINT32_MAX};
    switch (below(4)) {
    case 0: ended(API(update_document)(update, next_byte(), failed())); break;
    case 1: ended(API(update_uint)(update, next_byte(), failed())); break;
    case 2: ended(API(update_multi)(update, values, below(4), failed())); break;
    default: ended(API(update_ignore_missing)(update, (int32_t)below(2), failed())); break;
    }
}

/* One that fits; what the input makes of its own seldom does. */
static void make_update(void)
{
    hamirror_update *update = (hamirror_update *)&update;
    const char *names[2];
    size_t count = below(3), number;
    int32_t code;
    names[0] = below(2) ? "gid" : any_text();
    names[1] = any_text();
    code = API(update_new)(names, count, &update, failed());
    made(UPDATE, code, update);
    if (code != HAMIRROR_OK)
        return;
    ended(API(update_document)(update, 1, failed()));
    for (number = 0; number < count; number++)
        ended(API(update_uint)(update, 7, failed()));
}

static const char *any_change(void)
{
    static const char *const statements[] = {
        NULL, "", "\xff", "DELETE FROM changed WHERE id=1", "DELETE FROM d WHERE id = ?",
        "UPDATE changed SET gid=1 WHERE id=:a", "SELECT id FROM d",
        "REPLACE INTO found (id, gid) VALUES (1, 2)", "INSERT INTO nosuch VALUES (1)",
    };
    return statements[below(sizeof statements / sizeof *statements)];
}

static void change(void)
{
    hamirror_mirrored *mirrored = (hamirror_mirrored *)&mirrored;
    const hamirror_client *client = any_handle(CLIENT);
    const char *index = below(2) ? "changed" : any_index();
    int32_t code;
    switch (below(4)) {
    case 0:
        code = API(client_update)(client, index, any_handle(UPDATE), any_call_options(),
                                  &mirrored, failed());
        break;
    case 1:
        code = API(client_flush_attributes)(client, index, any_call_options(), &mirrored,
                                            failed());
        break;
    case 2:
        code = API(client_daemon_status)(client, index, any_call_options(), &mirrored,
                                         failed());
        break;
    default:
        code = API(client_execute_on_agent)(client, below(3), (int64_t)below(5) - 2,
                                            any_change(), any_handle(PARAMETERS),
                                            any_call_options(), &mirrored, failed());
        break;
    }
    made(MIRRORED, code, mirrored);
}

void ask_command(void)
{
    hamirror_keywords *keywords = (hamirror_keywords *)&keywords;
    char escaped[20];
    size_t len;
    int32_t code;
    switch (below(6)) {
    case 0: ask_excerpts(); break;
    case 1:
        code = API(client_keywords)(any_handle(CLIENT), any_index(), any_text(),
                                    (int32_t)below(2), any_call_options(), &keywords, failed());
        made(KEYWORDS, code, keywords);
        break;
    case 2: make_update(); break;
    case 3: set_update(); break;
    case 4: ended(API(escape)(any_text(), escaped, below(20), &len, failed())); break;
    default: change(); break;
    }
}

static void read_mirror(const hamirror_mirror_answer *answer)
{
    size_t row;
    read_text(API(mirror_answer_host)(answer));
    read_text(API(mirror_answer_warning)(answer));
    read_failure(API(mirror_answer_failure)(answer));
    CHECK(API(mirror_answer_failure)(answer) == NULL
          || API(mirror_answer_documents)(answer) + API(mirror_answer_flush)(answer) == 0);
    for (row = 0; row <= API(mirror_answer_row_count)(answer); row++) {
        read_text(API(mirror_answer_key)(answer, row));
        read_text(API(mirror_answer_value)(answer, row));
    }
}

static void read_agent(const hamirror_agent_answers *answers)
{
    size_t mirror;
    bool is_complete = API(agent_answers_is_complete)(answers);
    API(agent_answers_number)(answers);
    API(agent_answers_documents)(answers);
    CHECK(!API(agent_answers_is_alike)(answers) || is_complete);
    read_text(API(agent_answers_index)(answers));
    for (mirror = 0; mirror <= API(agent_answers_mirror_count)(answers); mirror++)
        read_mirror(API(agent_answers_mirror)(answers, mirror));
}

static void read_mirrored(const hamirror_mirrored *mirrored)
{
    size_t number;
    API(mirrored_is_complete)(mirrored);
    API(mirrored_documents)(mirrored);
    read_text(API(mirrored_warning)(mirrored));
    for (number = 0; number <= API(mirrored_local_count)(mirrored); number++)
        read_text(API(mirrored_local)(mirrored, number));
    for (number = 0; number <= API(mirrored_agent_count)(mirrored); number++)
        read_agent(API(mirrored_agent)(mirrored, number));
}

static void read_keywords(const hamirror_keywords *keywords)
{
    size_t number;
    CHECK(API(keywords_agents)(keywords) >= API(keywords_agents_answered)(keywords));
    for (number = 0; number <= API(keywords_count)(keywords); number++) {
        read_text(API(keywords_tokenized)(keywords, number));
        read_text(API(keywords_normalized)(keywords, number));
        API(keywords_documents)(keywords, number);
        API(keywords_hits)(keywords, number);
    }
    for (number = 0; number <= API(keywords_failure_count)(keywords); number++)
        read_failure(API(keywords_failure)(keywords, number));
}

void read_commands(void)
{
    const hamirror_excerpts *excerpts = any_handle(EXCERPTS);
    size_t number;
    for (number = 0; number <= API(excerpts_count)(excerpts); number++)
        read_text(API(excerpts_get)(excerpts, number));
    read_keywords(any_handle(KEYWORDS));
    read_mirrored(any_handle(MIRRORED));
}
