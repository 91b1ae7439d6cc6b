/* Prints every column of every row by its type, and what else a result says. */
#include "check.h"

#include <inttypes.h>

static void print_text(hamirror_text text)
{
    fwrite(text.data, 1, text.len, stdout);
}

static void print_set(const hamirror_result *result, size_t row, size_t column)
{
    int64_t *values;
    size_t count, place, again;
    OK(hamirror_result_int64s(result, row, column, NULL, 0, &count, &error));
    values = calloc(count + 1, sizeof *values);
    OK(hamirror_result_int64s(result, row, column, values, count + 1, &again, &error));
    CHECK(count == again && values[count] == 0);
    for (place = 0; place < count; place++)
        printf("%s%" PRId64, place > 0 ? "," : "", values[place]);
    free(values);
    REFUSED(hamirror_result_int64s(result, row, column, NULL, 1, &count, &error));
}

static void print_json(const hamirror_result *result, size_t row, size_t column)
{
    char *json;
    size_t count;
    OK(hamirror_result_json(result, row, column, NULL, 0, &count, &error));
    json = calloc(count + 1, 1);
    OK(hamirror_result_json(result, row, column, json, count, &count, &error));
    fwrite(json, 1, count, stdout);
    free(json);
}

static void print_value(const hamirror_result *result, size_t row, size_t column)
{
    int64_t integer;
    uint64_t natural;
    double number;
    hamirror_text text;
    switch (hamirror_result_value_type(result, row, column)) {
    case HAMIRROR_TYPE_UINT:
    case HAMIRROR_TYPE_BOOL:
    case HAMIRROR_TYPE_BIGINT:
        OK(hamirror_result_int64(result, row, column, &integer, &error));
        EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_double(result, row, column, &number, &error));
        printf("%" PRId64, integer);
        break;
    case HAMIRROR_TYPE_UINT64:
        OK(hamirror_result_uint64(result, row, column, &natural, &error));
        if (natural > INT64_MAX) {
            EXPECT(HAMIRROR_ERROR_TYPE,
                   hamirror_result_int64(result, row, column, &integer, &error));
        } else {
            OK(hamirror_result_int64(result, row, column, &integer, &error));
            CHECK((uint64_t)integer == natural);
        }
        printf("%" PRIu64, natural);
        break;
    case HAMIRROR_TYPE_NULL:
        EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_int64(result, row, column, &integer, &error));
        printf("NULL");
        break;
    case HAMIRROR_TYPE_FLOAT:
    case HAMIRROR_TYPE_DOUBLE:
        OK(hamirror_result_double(result, row, column, &number, &error));
        EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_string(result, row, column, &text, &error));
        printf("%.6f", number);
        break;
    case HAMIRROR_TYPE_STRING:
        OK(hamirror_result_string(result, row, column, &text, &error));
        EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_int64(result, row, column, &integer, &error));
        print_text(text);
        break;
    case HAMIRROR_TYPE_MULTI:
    case HAMIRROR_TYPE_MULTI64:
        print_set(result, row, column);
        break;
    case HAMIRROR_TYPE_JSON:
        print_json(result, row, column);
        break;
    default:
        CHECK(!"a type that the index does not have");
    }
}

static void strangers(const hamirror_result *result)
{
    size_t rows = hamirror_result_row_count(result);
    size_t columns = hamirror_result_column_count(result), number, count;
    int64_t integer = 77;
    uint64_t natural;
    char byte;
    float real;
    CHECK(hamirror_result_id(result, rows) == 0 && hamirror_result_weight(result, rows) == 0);
    CHECK(hamirror_result_value_type(result, rows, 0) == HAMIRROR_TYPE_NULL);
    CHECK(hamirror_result_value_type(result, 0, SIZE_MAX) == HAMIRROR_TYPE_NULL);
    CHECK(hamirror_result_column_kind(result, columns) == 0);
    CHECK(text_is(hamirror_result_column_name(result, columns), ""));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_result_int64(result, rows, 0, &integer, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_result_int64(result, 0, columns, &integer, &error));
    EXPECT(HAMIRROR_ERROR_UNKNOWN, hamirror_result_find_column(result, "no", &number, &error));
    OK(hamirror_result_find_column(result, "name", &number, &error));
    EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_uint64(result, 0, number, &natural, &error));
    EXPECT(HAMIRROR_ERROR_TYPE, hamirror_result_json(result, 0, number, &byte, 1, &count, &error));
    EXPECT(HAMIRROR_ERROR_TYPE,
           hamirror_result_floats(result, 0, number, &real, 1, &count, &error));
    CHECK(integer == 77);
}

static void print(const hamirror_result *result)
{
    size_t row, column, place;
    for (column = 0; column < hamirror_result_column_count(result); column++) {
        print_text(hamirror_result_column_name(result, column));
        printf(" %" PRId32 "\n", hamirror_result_column_kind(result, column));
    }
    for (place = 0; place < hamirror_result_word_count(result); place++) {
        print_text(hamirror_result_word(result, place));
        printf(" %" PRIu64 " %" PRIu64 "\n", hamirror_result_word_docs(result, place),
               hamirror_result_word_hits(result, place));
    }
    for (place = 0; place < hamirror_result_field_count(result); place++) {
        print_text(hamirror_result_field(result, place));
        printf("\n");
    }
    for (row = 0; row < hamirror_result_row_count(result); row++) {
        printf("%" PRIu64 " %" PRId32, hamirror_result_id(result, row),
               hamirror_result_weight(result, row));
        for (column = 0; column < hamirror_result_column_count(result); column++) {
            printf("|");
            print_value(result, row, column);
        }
        printf("\n");
    }
}

static hamirror_search *whole_search(void)
{
    const int64_t ids[] = {3, 5, 7};
    hamirror_search *search = search_for("library"), *copy;
    OK(hamirror_search_select(search, "*, id, facts.either", &error));
    OK(hamirror_search_filter_values(search, HAMIRROR_FILTER_DROP, "id", ids, 3, &error));
    OK(hamirror_search_filter_range(search, HAMIRROR_FILTER_KEEP, "size", 0, INT64_MAX, &error));
    OK(hamirror_search_filter_float_range(search, HAMIRROR_FILTER_DROP, "ratio", -2.0f, -1.0f,
                                          &error));
    OK(hamirror_search_filter_string(search, HAMIRROR_FILTER_DROP, "name", "nothing", &error));
    OK(hamirror_search_filter_null(search, HAMIRROR_FILTER_DROP, "facts.section", &error));
    OK(hamirror_search_geo_anchor(search, "ratio", "ratio", 0.5f, -0.25f, &error));
    OK(hamirror_search_id_range(search, 1, 1500, &error));
    OK(hamirror_search_sort(search, HAMIRROR_SORT_EXTENDED, "@id desc", &error));
    OK(hamirror_search_window(search, 2, 50, &error));
    OK(hamirror_search_max_matches(search, 500, &error));
    OK(hamirror_search_cutoff(search, 0, &error));
    OK(hamirror_search_max_query_time(search, 60000, &error));
    OK(hamirror_search_ranker(search, HAMIRROR_RANKER_SPH04, NULL, &error));
    OK(hamirror_search_match_mode(search, HAMIRROR_MATCH_EXTENDED2, &error));
    OK(hamirror_search_field_weight(search, "title", 10, &error));
    OK(hamirror_search_index_weight(search, "*", 2, &error));
    OK(hamirror_search_comment(search, "values.c", &error));
    OK(hamirror_search_clone(search, &copy, &error));
    hamirror_search_free(search);
    return copy;
}

int main(int count, char **arguments)
{
    hamirror_client *client;
    hamirror_search *search = whole_search();
    hamirror_result *result;
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    OK(hamirror_client_search(client, arguments[2], search, NULL, &result, &error));
    hamirror_client_free(client);
    hamirror_search_free(search);
    strangers(result);
    print(result);
    hamirror_result_free(result);
    return 0;
}
