/* One text by three readings: what a daemon skips, leaves out and refuses. */
#include "check.h"

#define TEXT                                                                                 \
    "index d\n{\ntype = distributed\nagent = box1:docs\nagent = box2:9312:docs\n}\n"          \
    "index e\n{\ntype = distributed\nagent = box1:0:docs\n}\n"                               \
    "searchd\n{\npid_file = /run/searchd.pid\n}\n"

static hamirror_config *parse(const char *text, int32_t reading)
{
    hamirror_config *config;
    OK(hamirror_config_parse_as(text, "c.conf", reading, &config, &error));
    return config;
}

static void check_skipped_line(const hamirror_config *config)
{
    const hamirror_diagnostic *skipped = hamirror_config_warning(config, 0);
    CHECK(hamirror_diagnostic_line(skipped) == 4);
    CHECK(hamirror_diagnostic_kind(skipped) == HAMIRROR_DIAGNOSTIC_WARNING);
    CHECK(hamirror_diagnostic_column(skipped) == 14);
    CHECK(text_is(hamirror_diagnostic_text(skipped), "docs"));
    CHECK(text_is(hamirror_diagnostic_expected(skipped),
                  "port number expected; the agent is skipped, where searchd would add its "
                  "mirrors and options to the next one"));
}

static void sphinx_skips_lines(void)
{
    hamirror_config *config = parse(TEXT, HAMIRROR_READING_SPHINX);
    CHECK(hamirror_config_index_count(config) == 1);
    CHECK(text_is(hamirror_config_index_name(config, 0), "d"));
    CHECK(hamirror_config_agent_count(config, 0) == 1);
    CHECK(hamirror_config_warning_count(config) == 3);
    check_skipped_line(config);
    hamirror_config_free(config);
}

static void manticore_leaves_out_tables(void)
{
    hamirror_config *config = parse(TEXT, HAMIRROR_READING_MANTICORE);
    CHECK(hamirror_config_index_count(config) == 1);
    CHECK(hamirror_config_agent_count(config, 0) == 2);
    CHECK(hamirror_config_warning_count(config) == 2);
    CHECK(text_is(hamirror_diagnostic_expected(hamirror_config_warning(config, 1)),
                  "invalid port number; the table is not served"));
    hamirror_config_free(config);
}

static void strict_refuses(void)
{
    hamirror_config *config;
    EXPECT(HAMIRROR_ERROR_CONFIG, hamirror_config_parse(TEXT, "c.conf", &config, &error));
    EXPECT(HAMIRROR_ERROR_CONFIG,
           hamirror_config_parse_as(TEXT, "c.conf", HAMIRROR_READING_STRICT, &config, &error));
    EXPECT(HAMIRROR_ERROR_CONFIG, hamirror_config_parse_as("index d {\nnosuch = 1\n}\n", "c.conf",
                                                           HAMIRROR_READING_SPHINX, &config,
                                                           &error));
    CHECK(config == NULL);
}

static void messages_show_the_line_with_a_caret(void)
{
    hamirror_config *config;
    hamirror_error *failed = NULL;
    CHECK(hamirror_config_parse(TEXT, "c.conf", &config, &failed) == HAMIRROR_ERROR_CONFIG);
    CHECK(text_is(hamirror_error_message(failed),
                  "c.conf:10:14: '0': a port from 1 to 65535 is expected\n"
                  "    agent = box1:0:docs\n"
                  "                 ^"));
    CHECK(text_is(hamirror_diagnostic_message(hamirror_error_diagnostic(failed, 0)),
                  "c.conf:10:14: '0': a port from 1 to 65535 is expected"));
    CHECK(hamirror_diagnostic_kind(hamirror_error_diagnostic(failed, 0))
          == HAMIRROR_DIAGNOSTIC_FAULT);
    hamirror_error_free(failed);
}

static void builders_have_readings(void)
{
    hamirror_config_builder *builder = hamirror_config_builder_new();
    hamirror_config *config;
    OK(hamirror_config_builder_set(builder, "d", "agent", "box1:docs", &error));
    OK(hamirror_config_builder_set(builder, "d", "agent", "box2:9312:docs", &error));
    OK(hamirror_config_builder_build_as(builder, HAMIRROR_READING_SPHINX, &config, &error));
    CHECK(hamirror_config_agent_count(config, 0) == 1);
    hamirror_config_free(config);
    OK(hamirror_config_builder_build(builder, &config, &error));
    CHECK(hamirror_config_agent_count(config, 0) == 2);
    hamirror_config_free(config);
    REFUSED(hamirror_config_builder_build_as(builder, 3, &config, &error));
    CHECK(config == NULL);
    hamirror_config_builder_free(builder);
}

static void files_have_readings(const char *path)
{
    hamirror_config *config;
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(TEXT, file) >= 0 && fclose(file) == 0);
    OK(hamirror_config_read_as(path, HAMIRROR_READING_SPHINX, &config, &error));
    check_skipped_line(config);
    hamirror_config_free(config);
    EXPECT(HAMIRROR_ERROR_CONFIG, hamirror_config_read(path, &config, &error));
    REFUSED(hamirror_config_read_as(path, -1, &config, &error));
    CHECK(config == NULL);
}

static void tables_of_statements_are_read(void)
{
    hamirror_config *config = parse("CREATE TABLE d type='distributed' "
                                    "agent='box1:9312:t|box2:9312:t' agent='box3:9312:t' odd='1'",
                                    HAMIRROR_READING_MANTICORE);
    CHECK(hamirror_config_index_count(config) == 1);
    CHECK(text_is(hamirror_config_index_name(config, 0), "d"));
    CHECK(hamirror_config_agent_count(config, 0) == 2);
    CHECK(hamirror_config_warning_count(config) == 1);
    CHECK(text_is(hamirror_diagnostic_text(hamirror_config_warning(config, 0)), "odd"));
    hamirror_config_free(config);
}

static void tables_of_a_data_dir_are_told_of(void)
{
    hamirror_config *config = parse("searchd {\n data_dir = /nowhere/at/all\n}\n",
                                    HAMIRROR_READING_STRICT);
    CHECK(hamirror_config_index_count(config) == 0);
    CHECK(hamirror_config_warning_count(config) == 1);
    CHECK(hamirror_diagnostic_line(hamirror_config_warning(config, 0)) == 2);
    hamirror_config_free(config);
}

static void unknown_numbers_are_refused(void)
{
    static const int32_t numbers[] = {-1, 3, INT32_MIN, INT32_MAX};
    size_t place;
    for (place = 0; place < sizeof numbers / sizeof *numbers; place++) {
        hamirror_config *config;
        REFUSED(hamirror_config_parse_as(TEXT, "c.conf", numbers[place], &config, &error));
        CHECK(config == NULL);
    }
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    sphinx_skips_lines();
    manticore_leaves_out_tables();
    strict_refuses();
    messages_show_the_line_with_a_caret();
    builders_have_readings();
    files_have_readings(arguments[1]);
    tables_of_statements_are_read();
    tables_of_a_data_dir_are_told_of();
    unknown_numbers_are_refused();
    return 0;
}
