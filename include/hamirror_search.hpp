/* Searches and their results: include hamirror.hpp. */
#ifndef HAMIRROR_SEARCH_HPP
#define HAMIRROR_SEARCH_HPP

#include <hamirror_support.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

class Search : public Handle<hamirror_search, hamirror_search_free> {
public:
    using Handle::Handle;
    static Returns<Search> make(Text text)
    {
        return detail::ask<Search>(hamirror_search_new, text.c_str());
    }
    Returns<Search> clone() const
    {
        return detail::ask<Search>(hamirror_search_clone, get());
    }
    Returns<void> select(Text list) { return set(hamirror_search_select, list.c_str()); }
    Returns<void> filter_values(int32_t filter, Text attribute, const std::vector<int64_t> &values)
    {
        return set(hamirror_search_filter_values, filter, attribute.c_str(), values.data(),
                   values.size());
    }
    Returns<void> filter_range(int32_t filter, Text attribute, int64_t from, int64_t to)
    {
        return set(hamirror_search_filter_range, filter, attribute.c_str(), from, to);
    }
    Returns<void> filter_float_range(int32_t filter, Text attribute, float from, float to)
    {
        return set(hamirror_search_filter_float_range, filter, attribute.c_str(), from, to);
    }
    Returns<void> filter_string(int32_t filter, Text attribute, Text text)
    {
        return set(hamirror_search_filter_string, filter, attribute.c_str(), text.c_str());
    }
    Returns<void> filter_null(int32_t filter, Text attribute)
    {
        return set(hamirror_search_filter_null, filter, attribute.c_str());
    }
    Returns<void> geo_anchor(Text latitude_attribute, Text longitude_attribute, float latitude,
                             float longitude)
    {
        return set(hamirror_search_geo_anchor, latitude_attribute.c_str(),
                   longitude_attribute.c_str(), latitude, longitude);
    }
    Returns<void> id_range(uint64_t from, uint64_t to)
    {
        return set(hamirror_search_id_range, from, to);
    }
    Returns<void> sort(int32_t sort, Text clause = {})
    {
        return set(hamirror_search_sort, sort, clause.c_str());
    }
    Returns<void> window(uint32_t offset, uint32_t limit)
    {
        return set(hamirror_search_window, offset, limit);
    }
    Returns<void> max_matches(uint32_t rows) { return set(hamirror_search_max_matches, rows); }
    Returns<void> cutoff(uint32_t matches) { return set(hamirror_search_cutoff, matches); }
    Returns<void> max_query_time(std::chrono::duration<uint32_t, std::milli> time)
    {
        return set(hamirror_search_max_query_time, time.count());
    }
    Returns<void> ranker(int32_t ranker, Text expression = {})
    {
        return set(hamirror_search_ranker, ranker, expression.c_str());
    }
    Returns<void> match_mode(int32_t mode) { return set(hamirror_search_match_mode, mode); }
    Returns<void> field_weight(Text field, int32_t weight)
    {
        return set(hamirror_search_field_weight, field.c_str(), weight);
    }
    Returns<void> index_weight(Text index, int32_t weight)
    {
        return set(hamirror_search_index_weight, index.c_str(), weight);
    }
    Returns<void> filter_strings(int32_t filter, Text attribute,
                                 const std::vector<std::string> &texts)
    {
        std::vector<const char *> pointers;
        for (const std::string &text : texts)
            pointers.push_back(Text(text).c_str());
        return set(hamirror_search_filter_strings, filter, attribute.c_str(), pointers.data(),
                   pointers.size());
    }
    Returns<void> filter_variable(int32_t filter, Text attribute, Text variable)
    {
        return set(hamirror_search_filter_variable, filter, attribute.c_str(), variable.c_str());
    }
    Returns<void> filter_bound(int32_t filter, Text attribute, int32_t bound, int64_t number)
    {
        return set(hamirror_search_filter_bound, filter, attribute.c_str(), bound, number);
    }
    Returns<void> filter_float_bound(int32_t filter, Text attribute, int32_t bound, float number)
    {
        return set(hamirror_search_filter_float_bound, filter, attribute.c_str(), bound, number);
    }
    Returns<void> filter_all_values(int32_t filter, Text attribute,
                                    const std::vector<int64_t> &values)
    {
        return set(hamirror_search_filter_all_values, filter, attribute.c_str(), values.data(),
                   values.size());
    }
    Returns<void> flag(int32_t flag, bool on = true)
    {
        return set(hamirror_search_flag, flag, int32_t{on});
    }
    Returns<void> max_predicted_time(std::chrono::duration<uint32_t, std::milli> time)
    {
        return set(hamirror_search_max_predicted_time, time.count());
    }
    Returns<void> collation(int32_t collation)
    {
        return set(hamirror_search_collation, collation);
    }
    Returns<void> weights(const std::vector<uint32_t> &weights)
    {
        return set(hamirror_search_weights, weights.data(), weights.size());
    }
    // hamirror_search_override(), whose name C++ keeps for itself; as many values as ids.
    Returns<void> override_values(Text attribute, int32_t type, const std::vector<uint64_t> &ids,
                                  const std::vector<int64_t> &values)
    {
        return set(hamirror_search_override, attribute.c_str(), type, ids.data(), values.data(),
                   ids.size() < values.size() ? ids.size() : values.size());
    }
    Returns<void> override_floats(Text attribute, const std::vector<uint64_t> &ids,
                                  const std::vector<float> &values)
    {
        return set(hamirror_search_override_float, attribute.c_str(), ids.data(), values.data(),
                   ids.size() < values.size() ? ids.size() : values.size());
    }
    Returns<void> ranker_plugin(Text name, Text options = {})
    {
        return set(hamirror_search_ranker_plugin, name.c_str(), options.c_str());
    }
    Returns<void> token_filter(Text library, Text name, Text options = {})
    {
        return set(hamirror_search_token_filter, library.c_str(), name.c_str(), options.c_str());
    }
    Returns<void> retries(uint32_t count, std::chrono::duration<uint32_t, std::milli> delay)
    {
        return set(hamirror_search_retries, count, delay.count());
    }
    Returns<void> comment(Text comment) { return set(hamirror_search_comment, comment.c_str()); }

private:
    template <typename Function, typename... Arguments>
    Returns<void> set(Function function, Arguments... arguments)
    {
        return detail::run(function, get(), arguments...);
    }
};

// One row of a Result; values are asked for by the number of their column.
class Row {
public:
    Row(const hamirror_result *result, size_t number) : result_(result), number_(number) {}
    uint64_t id() const { return hamirror_result_id(result_, number_); }
    int32_t weight() const { return hamirror_result_weight(result_, number_); }
    int32_t type(size_t column) const
    {
        return hamirror_result_value_type(result_, number_, column);
    }
    Returns<int64_t> int64(size_t column) const
    {
        return value<int64_t>(hamirror_result_int64, column);
    }
    Returns<uint64_t> uint64(size_t column) const
    {
        return value<uint64_t>(hamirror_result_uint64, column);
    }
    // hamirror_result_double(), whose name C++ keeps for itself.
    Returns<double> real(size_t column) const
    {
        return value<double>(hamirror_result_double, column);
    }
    Returns<std::string_view> string(size_t column) const
    {
        hamirror_text text;
        hamirror_error *error;
        if (hamirror_result_string(result_, number_, column, &text, &error) != HAMIRROR_OK)
            return detail::fail<std::string_view>(error);
        return view(text);
    }
    Returns<std::string> json(size_t column) const
    {
        return detail::fill<std::string>(hamirror_result_json, result_, number_, column);
    }
    Returns<std::vector<int64_t>> int64s(size_t column) const
    {
        return detail::fill<std::vector<int64_t>>(hamirror_result_int64s, result_, number_,
                                                  column);
    }
    Returns<std::vector<float>> floats(size_t column) const
    {
        return detail::fill<std::vector<float>>(hamirror_result_floats, result_, number_, column);
    }

private:
    template <typename T, typename Function>
    Returns<T> value(Function function, size_t column) const
    {
        return detail::ask<T>(function, result_, number_, column);
    }

    const hamirror_result *result_;
    size_t number_;
};

struct Column {
    std::string_view name;
    int32_t kind;
};

struct Word {
    std::string_view text;
    uint64_t docs;
    uint64_t hits;
};

// A merged search result. It is a range of its rows.
class Result : public Handle<hamirror_result, hamirror_result_free> {
public:
    using Handle::Handle;
    template <typename Item> using Items = Range<Item, const hamirror_result *>;

    uint64_t total() const { return hamirror_result_total(get()); }
    uint64_t total_found() const { return hamirror_result_total_found(get()); }
    std::chrono::milliseconds time() const
    {
        return std::chrono::milliseconds(static_cast<int64_t>(hamirror_result_time_ms(get())));
    }
    size_t agents() const { return hamirror_result_agents(get()); }
    size_t agents_answered() const { return hamirror_result_agents_answered(get()); }
    std::string_view warning() const { return view(hamirror_result_warning(get())); }
    Items<Failure> failures() const
    {
        return {get(), hamirror_result_failure_count(get()), [](auto result, size_t number) {
                    return Failure(hamirror_result_failure(result, number));
                }};
    }
    Items<Word> words() const
    {
        return {get(), hamirror_result_word_count(get()), [](auto result, size_t number) {
                    return Word{view(hamirror_result_word(result, number)),
                                hamirror_result_word_docs(result, number),
                                hamirror_result_word_hits(result, number)};
                }};
    }
    Items<std::string_view> fields() const
    {
        return {get(), hamirror_result_field_count(get()), [](auto result, size_t number) {
                    return view(hamirror_result_field(result, number));
                }};
    }
    Items<Column> columns() const
    {
        return {get(), hamirror_result_column_count(get()), [](auto result, size_t number) {
                    return Column{view(hamirror_result_column_name(result, number)),
                                  hamirror_result_column_kind(result, number)};
                }};
    }
    Returns<size_t> find_column(Text name) const
    {
        return detail::ask<size_t>(hamirror_result_find_column, get(), name.c_str());
    }
    Items<Row> rows() const
    {
        return {get(), hamirror_result_row_count(get()),
                [](auto result, size_t number) { return Row(result, number); }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    size_t size() const { return rows().size(); }
};

namespace detail {

// The handles of searches, for C.
inline std::vector<const hamirror_search *> handles(const std::vector<const Search *> &searches)
{
    std::vector<const hamirror_search *> handles;
    for (const Search *search : searches)
        handles.push_back(search == nullptr ? nullptr : search->get());
    return handles;
}

// A C function that hands out a result or an error for each of so many searches.
template <typename Function>
Returns<std::vector<Expected<Result>>> ask_each(size_t count, Function function)
{
    std::vector<hamirror_result *> results(count + 1);
    std::vector<hamirror_error *> errors(count + 1);
    hamirror_error *error;
    if (function(results.data(), errors.data(), &error) != HAMIRROR_OK)
        return fail<std::vector<Expected<Result>>>(error);
    std::vector<Expected<Result>> each;
    for (size_t number = 0; number < count; number++) {
        if (results[number] == nullptr)
            each.emplace_back(Error(errors[number]));
        else
            each.emplace_back(Result(results[number]));
    }
    return each;
}

} // namespace detail

} // inline namespace
} // namespace hamirror

#endif
