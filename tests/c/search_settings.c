/* Every further setting of a search, and several searches in one request; prints nothing. */
#include "check.h"

static hamirror_client *client;
static const char *packages;

static hamirror_search *every(void)
{
    hamirror_search *search;
    OK(hamirror_search_new("", &search, &error));
    OK(hamirror_search_window(search, 0, 1000, &error));
    OK(hamirror_search_max_matches(search, 1000, &error));
    return search;
}

/* Documents found; ends the search. */
static uint64_t found(hamirror_search *search)
{
    hamirror_result *result;
    uint64_t count;
    OK(hamirror_client_search(client, packages, search, NULL, &result, &error));
    count = hamirror_result_total_found(result);
    hamirror_result_free(result);
    hamirror_search_free(search);
    return count;
}

static uint64_t bounded(const char *attribute, int32_t bound, int64_t number)
{
    hamirror_search *search = every();
    OK(hamirror_search_filter_bound(search, HAMIRROR_FILTER_KEEP, attribute, bound, number,
                                    &error));
    return found(search);
}

static uint64_t in_section(int32_t collation, const char *section)
{
    hamirror_search *search = every();
    OK(hamirror_search_collation(search, collation, &error));
    OK(hamirror_search_filter_string(search, HAMIRROR_FILTER_KEEP, "section", section, &error));
    return found(search);
}

static void filters(void)
{
    const char *sections[] = {"admin", "games"};
    const char *holes[] = {"admin", NULL};
    const int64_t one = 1;
    uint64_t all = found(every()), first = in_section(HAMIRROR_COLLATION_BINARY, "admin");
    uint64_t both = first + in_section(HAMIRROR_COLLATION_LIBC_CS, "games");
    hamirror_search *search = every();
    CHECK(first > 0 && both > first && both < all);
    CHECK(in_section(HAMIRROR_COLLATION_LIBC_CI, "ADMIN") == first);
    CHECK(in_section(HAMIRROR_COLLATION_UTF8_GENERAL_CI, "ADMIN") == first);
    CHECK(in_section(HAMIRROR_COLLATION_BINARY, "ADMIN") == 0);

    OK(hamirror_search_filter_strings(search, HAMIRROR_FILTER_KEEP, "section", sections, 2,
                                      &error));
    CHECK(found(search) == both);
    search = every();
    OK(hamirror_search_filter_strings(search, HAMIRROR_FILTER_DROP, "section", sections, 2,
                                      &error));
    CHECK(found(search) == all - both);

    CHECK(bounded("installed_size", HAMIRROR_BOUND_ABOVE, 300) +
          bounded("installed_size", HAMIRROR_BOUND_AT_MOST, 300) == all);
    CHECK(bounded("installed_size", HAMIRROR_BOUND_AT_LEAST, 300) +
          bounded("installed_size", HAMIRROR_BOUND_BELOW, 300) == all);
    CHECK(bounded("id", HAMIRROR_BOUND_AT_LEAST, 11) == all - 10);
    search = every();
    OK(hamirror_search_filter_float_bound(search, HAMIRROR_FILTER_DROP, "ratio",
                                          HAMIRROR_BOUND_ABOVE, -1.0f, &error));
    CHECK(found(search) == 0);

    search = every();
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_filter_strings(search, HAMIRROR_FILTER_KEEP, "section", holes, 2,
                                          &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_filter_bound(search, HAMIRROR_FILTER_KEEP, "id", 4, 0, &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_filter_strings(search, 4, "section", sections, 2, &error));
    OK(hamirror_search_filter_all_values(search, HAMIRROR_FILTER_KEEP, "tags", &one, 1, &error));
    {
        hamirror_result *result;
        EXPECT(HAMIRROR_ERROR_UNANSWERED,
               hamirror_client_search(client, packages, search, NULL, &result, &error));
    }
    hamirror_search_free(search);
    search = every();
    OK(hamirror_search_filter_variable(search, HAMIRROR_FILTER_KEEP, "id", "@none", &error));
    {
        hamirror_result *result;
        EXPECT(HAMIRROR_ERROR_UNANSWERED,
               hamirror_client_search(client, packages, search, NULL, &result, &error));
    }
    hamirror_search_free(search);
}

static void overrides(void)
{
    const uint64_t ids[] = {3, 4};
    const int64_t sizes[] = {7, 8}, large[] = {7, INT64_MAX};
    const float ratios[] = {0.5f, 8.0f};
    const int64_t wanted[] = {3, 4};
    hamirror_search *search = every();
    hamirror_result *result;
    int64_t size;
    double ratio;
    OK(hamirror_search_select(search, "installed_size, ratio", &error));
    OK(hamirror_search_sort(search, HAMIRROR_SORT_EXTENDED, "@id asc", &error));
    OK(hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP, "id", wanted, 2, &error));
    OK(hamirror_search_override(search, "installed_size", HAMIRROR_TYPE_UINT, ids, sizes, 2,
                                &error));
    OK(hamirror_search_override_float(search, "ratio", ids, ratios, 2, &error));
    OK(hamirror_client_search(client, packages, search, NULL, &result, &error));
    CHECK(hamirror_result_row_count(result) == 2);
    OK(hamirror_result_int64(result, 1, 0, &size, &error));
    OK(hamirror_result_double(result, 1, 1, &ratio, &error));
    CHECK(size == 8 && ratio == 8.0);
    hamirror_result_free(result);
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_override(search, "installed_size", HAMIRROR_TYPE_UINT, ids, large, 2,
                                    &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_override(search, "name", HAMIRROR_TYPE_STRING, ids, sizes, 2, &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_search_override(search, "ratio", HAMIRROR_TYPE_UINT, ids, NULL, 2, &error));
    hamirror_search_free(search);
}

static void settings(void)
{
    const uint32_t weights[] = {5, 2};
    hamirror_search *search = every();
    int32_t flag;
    for (flag = HAMIRROR_FLAG_REVERSE_SCAN; flag < HAMIRROR_FLAG_LOW_PRIORITY; flag++)
        OK(hamirror_search_flag(search, flag, flag % 2, &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT, hamirror_search_flag(search, 7, 1, &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT, hamirror_search_collation(search, 4, &error));
    OK(hamirror_search_max_predicted_time(search, 60000, &error));
    OK(hamirror_search_weights(search, weights, 2, &error));
    OK(hamirror_search_retries(search, 1, 10, &error));
    CHECK(found(search) > 0);

    /* Nothing is ranked where nothing is matched. */
    OK(hamirror_search_new("library", &search, &error));
    OK(hamirror_search_ranker_plugin(search, "nosuchranker", NULL, &error));
    OK(hamirror_search_token_filter(search, "nosuch.so", "nosuchfilter", NULL, &error));
    {
        hamirror_result *result;
        EXPECT(HAMIRROR_ERROR_UNANSWERED,
               hamirror_client_search(client, packages, search, NULL, &result, &error));
    }
    hamirror_search_free(search);
}

static void several(void)
{
    const hamirror_search *searches[3];
    hamirror_search *good = every(), *bad = every(), *part = every();
    hamirror_result *results[3];
    hamirror_error *errors[3];
    hamirror_batch *batch;
    uint32_t number;
    int time;
    const int64_t one = 1;
    OK(hamirror_search_filter_values(bad, HAMIRROR_FILTER_KEEP, "nosuch", &one, 1, &error));
    OK(hamirror_search_window(part, 0, 3, &error));
    searches[0] = good;
    searches[1] = bad;
    searches[2] = part;
    OK(hamirror_batch_new(client, &batch, &error));
    OK(hamirror_batch_add_searches(batch, packages, searches, 3, NULL, &number, &error));
    OK(hamirror_batch_wait_all(batch, -1, NULL, &error));
    EXPECT(HAMIRROR_ERROR_ARGUMENT,
           hamirror_batch_take_searches(batch, number, results, errors, 2, &error));
    for (time = 0; time < 2; time++) {
        if (time == 0)
            OK(hamirror_client_search_all(client, packages, searches, 3, NULL, results, errors,
                                          &error));
        else
            OK(hamirror_batch_take_searches(batch, number, results, errors, 3, &error));
        CHECK(results[0] != NULL && errors[0] == NULL);
        CHECK(results[1] == NULL && errors[1] != NULL);
        CHECK(hamirror_error_code(errors[1]) == HAMIRROR_ERROR_UNANSWERED);
        CHECK(results[2] != NULL && hamirror_result_row_count(results[2]) == 3);
        CHECK(hamirror_result_total_found(results[0]) == hamirror_result_total_found(results[2]));
        hamirror_error_free(errors[1]);
        hamirror_result_free(results[0]);
        hamirror_result_free(results[2]);
    }
    EXPECT(HAMIRROR_ERROR_MISUSE,
           hamirror_batch_take_searches(batch, number, results, errors, 3, &error));
    EXPECT(HAMIRROR_ERROR_REQUEST,
           hamirror_client_search_all(client, packages, NULL, 0, NULL, results, NULL, &error));
    hamirror_batch_free(batch);
    hamirror_search_free(good);
    hamirror_search_free(bad);
    hamirror_search_free(part);
}

int main(int count, char **arguments)
{
    CHECK(count == 3);
    client = client_of_file(arguments[1]);
    packages = arguments[2];
    filters();
    overrides();
    settings();
    several();
    hamirror_client_free(client);
    return 0;
}
