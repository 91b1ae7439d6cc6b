/* Prints the rows of grouped searches, as every language does (tests/harness/listing.rs). */
#include "check.h"

#include <inttypes.h>

static hamirror_client *client;
static const char *packages;

static hamirror_search *of_groups(const char *list, int32_t function, const char *const *names,
                                  size_t count)
{
    hamirror_search *search = search_for("");
    OK(hamirror_search_select(search, list, &error));
    OK(hamirror_search_group_by(search, function, names, count, &error));
    return search;
}

static void print_value(const hamirror_result *result, size_t row, size_t column)
{
    int64_t integer;
    double real;
    hamirror_text text;
    char json[32];
    size_t len;
    switch (hamirror_result_value_type(result, row, column)) {
    case HAMIRROR_TYPE_FLOAT:
    case HAMIRROR_TYPE_DOUBLE:
        OK(hamirror_result_double(result, row, column, &real, &error));
        printf("|%.6f", real);
        break;
    case HAMIRROR_TYPE_STRING:
        OK(hamirror_result_string(result, row, column, &text, &error));
        printf("|%.*s", (int)text.len, text.data);
        break;
    case HAMIRROR_TYPE_JSON:
        OK(hamirror_result_json(result, row, column, json, sizeof json, &len, &error));
        CHECK(len < sizeof json);
        printf("|%.*s", (int)len, json);
        break;
    default:
        OK(hamirror_result_int64(result, row, column, &integer, &error));
        printf("|%" PRId64, integer);
    }
}

/* Prints what comes back, and ends the search. */
static void print(const char *title, hamirror_search *search)
{
    hamirror_result *result;
    size_t row, column;
    OK(hamirror_client_search(client, packages, search, NULL, &result, &error));
    printf("%s\n", title);
    for (row = 0; row < hamirror_result_row_count(result); row++) {
        printf("%" PRIu64, hamirror_result_id(result, row));
        for (column = 0; column < hamirror_result_column_count(result); column++)
            print_value(result, row, column);
        printf("\n");
    }
    hamirror_result_free(result);
    hamirror_search_free(search);
}

static void by_attributes(void)
{
    const char *names[] = {"section", "small"}, *deep = "facts.deep.Kb";
    hamirror_search *search = of_groups("section, count(*) c, avg(installed_size) a",
                                        HAMIRROR_GROUP_ATTRIBUTE, names, 1);
    OK(hamirror_search_group_order(search, "c desc, section asc", &error));
    OK(hamirror_search_group_distinct(search, "priority", &error));
    OK(hamirror_search_filter_bound(search, HAMIRROR_FILTER_KEEP_GROUPS, "c",
                                    HAMIRROR_BOUND_ABOVE, 100, &error));
    print("sections", search);

    search = of_groups("section, small, installed_size, count(*) c", HAMIRROR_GROUP_ATTRIBUTE,
                       names, 2);
    OK(hamirror_search_group_within(search, "installed_size desc, @id asc", &error));
    OK(hamirror_search_group_rows(search, 2, &error));
    OK(hamirror_search_group_order(search, "@count desc", &error));
    OK(hamirror_search_filter_range(search, HAMIRROR_FILTER_DROP_GROUPS, "c", 0, 40, &error));
    OK(hamirror_search_window(search, 1, 9, &error));
    print("two of each", search);

    search = of_groups("count(*) c, max(ratio) r", HAMIRROR_GROUP_ATTRIBUTE, &deep, 1);
    OK(hamirror_search_merge_mode(search, HAMIRROR_MERGE_MASTER, &error));
    OK(hamirror_search_outer(search, "c desc, r asc", 1, 3, &error));
    print("enclosed", search);
}

static void by_time(void)
{
    static const char *const titles[] = {"days", "weeks", "months", "years"};
    const char *added = "added";
    int32_t function;
    for (function = HAMIRROR_GROUP_DAY; function <= HAMIRROR_GROUP_YEAR; function++) {
        hamirror_search *search = of_groups("count(*) c, sum(size) s", function, &added, 1);
        OK(hamirror_search_group_order(search, "@group asc", &error));
        OK(hamirror_search_window(search, 0, 3, &error));
        print(titles[function], search);
    }
}

static void misuse(void)
{
    const char *names[] = {"section", "\xff"}, *first = "section";
    const int64_t one = 1;
    hamirror_search *search = search_for("");
    hamirror_result *result;
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_search_group_order(search, "@group asc", &error));
    EXPECT(HAMIRROR_ERROR_MISUSE, hamirror_search_group_rows(search, 2, &error));
    EXPECT(HAMIRROR_ERROR_MISUSE,
           hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP_GROUPS, "c", &one, 1,
                                         &error));
    REFUSED(hamirror_search_filter_values(search, 4, "c", &one, 1, &error));
    REFUSED(hamirror_search_group_by(search, HAMIRROR_GROUP_ATTRIBUTE, names, 2, &error));
    REFUSED(hamirror_search_group_by(search, HAMIRROR_GROUP_YEAR, &first, 0, &error));
    REFUSED(hamirror_search_group_by(search, 6, &first, 1, &error));
    REFUSED(hamirror_search_merge_mode(search, 3, &error));
    OK(hamirror_search_group_by(search, HAMIRROR_GROUP_ATTRIBUTE, names, 0, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_client_search(client, packages, search, NULL, &result, &error));
    /* No daemon groups so any more, and each says so. */
    OK(hamirror_search_group_by(search, HAMIRROR_GROUP_ATTRIBUTE_PAIR, &first, 1, &error));
    EXPECT(HAMIRROR_ERROR_UNANSWERED,
           hamirror_client_search(client, packages, search, NULL, &result, &error));
    hamirror_search_free(search);
}

int main(int count, char **arguments)
{
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    packages = arguments[2];
    by_attributes();
    by_time();
    misuse();
    hamirror_client_free(client);
    return 0;
}
