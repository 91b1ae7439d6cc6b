/* Searches and their results: include hamirror.hpp. */
#ifndef HAMIRROR_SEARCH_HPP
#define HAMIRROR_SEARCH_HPP

#include <hamirror_support.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// What to search for.
class Search : public Handle<hamirror_search, hamirror_search_free> {
public:
    using Handle::Handle;
    // Makes a search for a full-text query; an empty one matches every document.
    static Returns<Search> make(Text text)
    {
        return detail::ask<Search>(hamirror_search_new, text.c_str());
    }
    // Returns a copy.
    Returns<Search> clone() const
    {
        return detail::ask<Search>(hamirror_search_clone, get());
    }
    // Sets the columns; all unless set.
    Chain<Search> select(Text list) & { return set(hamirror_search_select, list.c_str()); }
    // Filters by a list of numbers.
    Chain<Search> filter_values(Filter filter, Text attribute,
                                const std::vector<int64_t> &values) &
    {
        return set(hamirror_search_filter_values, filter, attribute.c_str(), values.data(),
                   values.size());
    }
    // Filters by a range of numbers, both ends included.
    Chain<Search> filter_range(Filter filter, Text attribute, int64_t from, int64_t to) &
    {
        return set(hamirror_search_filter_range, filter, attribute.c_str(), from, to);
    }
    // Filters by a range of floats, both ends included.
    Chain<Search> filter_float_range(Filter filter, Text attribute, float from, float to) &
    {
        return set(hamirror_search_filter_float_range, filter, attribute.c_str(), from, to);
    }
    // Filters by one text.
    Chain<Search> filter_string(Filter filter, Text attribute, Text text) &
    {
        return set(hamirror_search_filter_string, filter, attribute.c_str(), text.c_str());
    }
    // Filters by whether there is no value.
    Chain<Search> filter_null(Filter filter, Text attribute) &
    {
        return set(hamirror_search_filter_null, filter, attribute.c_str());
    }
    // Sets the place that the column @geodist measures from.
    Chain<Search> geo_anchor(Text latitude_attribute, Text longitude_attribute, float latitude,
                             float longitude) &
    {
        return set(hamirror_search_geo_anchor, latitude_attribute.c_str(),
                   longitude_attribute.c_str(), latitude, longitude);
    }
    // Sets a range of document ids, both ends included.
    Chain<Search> id_range(uint64_t from, uint64_t to) &
    {
        return set(hamirror_search_id_range, from, to);
    }
    // Sets the order of rows, and for most modes its clause.
    Chain<Search> sort(SortMode sort, Text clause = {}) &
    {
        return set(hamirror_search_sort, sort, clause.c_str());
    }
    // Sets the rows to skip and the rows to return; 0 and 20 unless set.
    Chain<Search> window(uint32_t offset, uint32_t limit) &
    {
        return set(hamirror_search_window, offset, limit);
    }
    // Sets the rows that each agent sends and the merge keeps.
    Chain<Search> max_matches(uint32_t rows) & { return set(hamirror_search_max_matches, rows); }
    // Sets the matches after which an agent stops looking; 0 is no end.
    Chain<Search> cutoff(uint32_t matches) & { return set(hamirror_search_cutoff, matches); }
    // Sets the time after which an agent answers with what it has; 0 is no end.
    Chain<Search> max_query_time(std::chrono::milliseconds time) &
    {
        return set(hamirror_search_max_query_time, detail::milliseconds(time));
    }
    // Sets the ranker, and its expression if it takes one.
    Chain<Search> ranker(Ranker ranker, Text expression = {}) &
    {
        return set(hamirror_search_ranker, ranker, expression.c_str());
    }
    // Sets how the text is read.
    Chain<Search> match_mode(MatchMode mode) & { return set(hamirror_search_match_mode, mode); }
    // Sets the weight of a full-text field.
    Chain<Search> field_weight(Text field, int32_t weight) &
    {
        return set(hamirror_search_field_weight, field.c_str(), weight);
    }
    // Sets the weight of an index; "*" is every index.
    Chain<Search> index_weight(Text index, int32_t weight) &
    {
        return set(hamirror_search_index_weight, index.c_str(), weight);
    }
    // Filters by a list of texts.
    Chain<Search> filter_strings(Filter filter, Text attribute,
                                 const std::vector<std::string> &texts) &
    {
        std::vector<const char *> pointers;
        for (const std::string &text : texts)
            pointers.push_back(Text(text).c_str());
        return set(hamirror_search_filter_strings, filter, attribute.c_str(), pointers.data(),
                   pointers.size());
    }
    // Filters by a global variable of the daemons.
    Chain<Search> filter_variable(Filter filter, Text attribute, Text variable) &
    {
        return set(hamirror_search_filter_variable, filter, attribute.c_str(), variable.c_str());
    }
    // Filters by numbers from one end on.
    Chain<Search> filter_bound(Filter filter, Text attribute, Bound bound, int64_t value) &
    {
        return set(hamirror_search_filter_bound, filter, attribute.c_str(),
                   bound, value);
    }
    // Filters by floats from one end on.
    Chain<Search> filter_float_bound(Filter filter, Text attribute, Bound bound, float value) &
    {
        return set(hamirror_search_filter_float_bound, filter, attribute.c_str(),
                   bound, value);
    }
    // Filters multi-value attributes, all of whose values must be listed.
    Chain<Search> filter_all_values(Filter filter, Text attribute,
                                    const std::vector<int64_t> &values) &
    {
        return set(hamirror_search_filter_all_values, filter, attribute.c_str(), values.data(),
                   values.size());
    }
    // Sets a flag of the search.
    Chain<Search> flag(Flag flag, bool on = true) &
    {
        return set(hamirror_search_flag, flag, int32_t{on});
    }
    // Sets the predicted time after which an agent stops; 0 is no end.
    Chain<Search> max_predicted_time(std::chrono::milliseconds time) &
    {
        return set(hamirror_search_max_predicted_time, detail::milliseconds(time));
    }
    // Sets how strings are ordered.
    Chain<Search> collation(Collation collation) &
    {
        return set(hamirror_search_collation, collation);
    }
    // Sets weights of fields by their number.
    Chain<Search> weights(const std::vector<uint32_t> &weights) &
    {
        return set(hamirror_search_weights, weights.data(), weights.size());
    }
    // Sets other numbers of an attribute for some documents, as many values as ids. C++ keeps the
    // name of hamirror_search_override() for itself.
    Chain<Search> override_values(Text attribute, Type type, const std::vector<uint64_t> &ids,
                                  const std::vector<int64_t> &values) &
    {
        return set(hamirror_search_override, attribute.c_str(), type, ids.data(), values.data(),
                   ids.size() < values.size() ? ids.size() : values.size());
    }
    // Sets other floats of an attribute for some documents.
    Chain<Search> override_floats(Text attribute, const std::vector<uint64_t> &ids,
                                  const std::vector<float> &values) &
    {
        return set(hamirror_search_override_float, attribute.c_str(), ids.data(), values.data(),
                   ids.size() < values.size() ? ids.size() : values.size());
    }
    // Sets a ranker of a plugin of the daemons.
    Chain<Search> ranker_plugin(Text name, Text options = {}) &
    {
        return set(hamirror_search_ranker_plugin, name.c_str(), options.c_str());
    }
    // Sets a token filter of a plugin of the daemons.
    Chain<Search> token_filter(Text library, Text name, Text options = {}) &
    {
        return set(hamirror_search_token_filter, library.c_str(), name.c_str(), options.c_str());
    }
    // Sets further rounds over all mirrors, and the pause before each.
    Chain<Search> retries(uint32_t count, std::chrono::milliseconds delay) &
    {
        return set(hamirror_search_retries, count, detail::milliseconds(delay));
    }
    // Sets a text for the logs of the daemons.
    Chain<Search> comment(Text comment) & { return set(hamirror_search_comment, comment.c_str()); }
    // Groups documents by attributes; aggregates are entries of the select list.
    Chain<Search> group_by(GroupFunction function, const std::vector<std::string> &attributes) &
    {
        std::vector<const char *> pointers;
        for (const std::string &attribute : attributes)
            pointers.push_back(Text(attribute).c_str());
        return set(hamirror_search_group_by, function, pointers.data(), pointers.size());
    }
    // Sets the order of the groups.
    Chain<Search> group_order(Text clause) &
    {
        return set(hamirror_search_group_order, clause.c_str());
    }
    // Sets the order of documents within a group, whose first is its row.
    Chain<Search> group_within(Text clause) &
    {
        return set(hamirror_search_group_within, clause.c_str());
    }
    // Counts the different values of an attribute as "@distinct".
    Chain<Search> group_distinct(Text attribute) &
    {
        return set(hamirror_search_group_distinct, attribute.c_str());
    }
    // Sets the rows of a group, 1 unless set.
    Chain<Search> group_rows(uint32_t rows) & { return set(hamirror_search_group_rows, rows); }
    // Puts the result into another order, and takes a part of it.
    Chain<Search> outer(Text order, uint32_t offset, uint32_t limit) &
    {
        return set(hamirror_search_outer, order.c_str(), offset, limit);
    }
    // Sets whose answer the merge gives where masters are not right.
    Chain<Search> merge_mode(MergeMode mode) & { return set(hamirror_search_merge_mode, mode); }

private:
    template <typename Function, typename... Arguments>
    Chain<Search> set(Function function, Arguments... arguments) &
    {
        return detail::set(*this, function, get(), arguments...);
    }
};

// A value of a row. Each getter takes the types that hamirror.h says of it.
class Value {
public:
    Value(const hamirror_result *result, size_t row, size_t column)
        : result_(result), row_(row), column_(column)
    {
    }
    // Returns the type, which says what getter to use.
    Type type() const { return Type{hamirror_result_value_type(result_, row_, column_)}; }
    // True if there is no value.
    bool is_null() const { return type() == Type::null; }
    // Returns a whole number.
    Returns<int64_t> int64() const { return ask<int64_t>(hamirror_result_int64); }
    // Returns a whole number without a sign.
    Returns<uint64_t> uint64() const { return ask<uint64_t>(hamirror_result_uint64); }
    // Returns a float. C++ keeps the name of hamirror_result_double() for itself.
    Returns<double> real() const { return ask<double>(hamirror_result_double); }
    // Returns the bytes of a string, which live as long as the result.
    Returns<std::string_view> string() const
    {
        hamirror_text text;
        hamirror_error *error;
        if (hamirror_result_string(result_, row_, column_, &text, &error) != HAMIRROR_OK)
            return detail::fail<std::string_view>(error);
        return view(text);
    }
    // Returns JSON as text.
    Returns<std::string> json() const { return fill<std::string>(hamirror_result_json); }
    // Returns the numbers of a multi-value attribute.
    Returns<std::vector<int64_t>> int64s() const
    {
        return fill<std::vector<int64_t>>(hamirror_result_int64s);
    }
    // Returns the floats of a vector.
    Returns<std::vector<float>> floats() const
    {
        return fill<std::vector<float>>(hamirror_result_floats);
    }

private:
    template <typename T, typename Function> Returns<T> ask(Function function) const
    {
        return detail::ask<T>(function, result_, row_, column_);
    }
    template <typename T, typename Function> Returns<T> fill(Function function) const
    {
        return detail::fill<T>(function, result_, row_, column_);
    }

    const hamirror_result *result_;
    size_t row_;
    size_t column_;
};

// A row of a Result: row["price"].int64().
class Row {
public:
    Row(const hamirror_result *result, size_t number) : result_(result), number_(number) {}
    // Returns the document id.
    uint64_t id() const { return hamirror_result_id(result_, number_); }
    // Returns the weight of the match.
    int32_t weight() const { return hamirror_result_weight(result_, number_); }
    // Returns the value in a column, by its number from 0.
    Value operator[](size_t column) const { return {result_, number_, column}; }
    // Returns the value in the first column of that name; ErrorCode::unknown if there is none.
    Returns<Value> operator[](Text column) const
    {
        size_t found;
        hamirror_error *error;
        if (hamirror_result_find_column(result_, column.c_str(), &found, &error) != HAMIRROR_OK)
            return detail::fail<Value>(error);
        return Value(result_, number_, found);
    }

private:
    const hamirror_result *result_;
    size_t number_;
};

// A column of a result.
struct Column {
    std::string_view name;
    Kind kind;
};

// A word of the query: how many documents have it, and how often.
struct Word {
    std::string_view text;
    uint64_t docs;
    uint64_t hits;
};

// What became of one agent of a search, or of one local index.
class Outcome : public Borrowed<hamirror_outcome> {
public:
    using Borrowed::Borrowed;
    // Returns the name of the distributed index.
    std::string_view index() const { return view(hamirror_outcome_index(get())); }
    // Returns the number of the agent in its index.
    AgentNumber agent() const { return AgentNumber{hamirror_outcome_agent(get())}; }
    // Returns the name of the local index; none for an agent.
    std::optional<std::string_view> local() const
    {
        return view_if_any(hamirror_outcome_local(get()));
    }
    // Returns the host of the mirror whose answer is in the result; none without an answer.
    std::optional<std::string_view> host() const
    {
        return view_if_any(hamirror_outcome_host(get()));
    }
    // Returns the number of its failure within failures(); none if it answered in full.
    std::optional<size_t> failure() const
    {
        size_t number = hamirror_outcome_failure(get());
        return number == SIZE_MAX ? std::nullopt : std::optional<size_t>(number);
    }
    // True if it answered in full.
    bool is_complete() const { return hamirror_outcome_is_complete(get()); }
    // True if its rows are there though agents of its own are missing from them.
    bool is_partial() const { return hamirror_outcome_is_partial(get()); }
    // Returns the time from the start of the search to its answer or failure.
    std::chrono::microseconds elapsed() const
    {
        return std::chrono::microseconds(static_cast<int64_t>(hamirror_outcome_elapsed_us(get())));
    }
    // Returns the number of attempts on its mirrors.
    uint32_t attempts() const { return hamirror_outcome_attempts(get()); }
    // True if the mirror of the call's key has answered, false if another one has; none without a
    // key or an answer.
    std::optional<bool> kept_mirror() const
    {
        bool kept = hamirror_outcome_kept_mirror(get());
        bool told = kept || hamirror_outcome_left_mirror(get());
        return told ? std::optional<bool>(kept) : std::nullopt;
    }
};

// A merged search result. It is a range of its rows.
class Result : public Handle<hamirror_result, hamirror_result_free> {
public:
    using Handle::Handle;
    template <typename Item> using Items = Range<Item, const hamirror_result *>;

    // Returns the matches that could be paged through.
    uint64_t total() const { return hamirror_result_total(get()); }
    // Returns all matches.
    uint64_t total_found() const { return hamirror_result_total_found(get()); }
    // Returns the time that the agents took, added up.
    std::chrono::milliseconds time() const
    {
        return std::chrono::milliseconds(static_cast<int64_t>(hamirror_result_time_ms(get())));
    }
    // Returns the number of agents that were asked.
    size_t agents() const { return hamirror_result_agents(get()); }
    // Returns the number of agents that answered.
    size_t agents_answered() const { return hamirror_result_agents_answered(get()); }
    // Returns in words what went wrong without ending the search; none if nothing did.
    std::optional<std::string_view> warning() const
    {
        return view_if_any(hamirror_result_warning(get()));
    }
    // Returns why each agent that did not answer did not.
    Items<Failure> failures() const
    {
        return {get(), hamirror_result_failure_count(get()), [](auto result, size_t number) {
                    return Failure(hamirror_result_failure(result, number));
                }};
    }
    // Returns the number of agents that answered, while agents of their own did not.
    size_t agents_partial() const { return hamirror_result_agents_partial(get()); }
    // Returns the share of the documents that were searched, from 0 to 1; none if it is not known.
    std::optional<double> documents_share() const
    {
        double share = hamirror_result_documents_share(get());
        return share < 0 ? std::nullopt : std::optional<double>(share);
    }
    // Returns what became of each agent and local index, the local ones first.
    Items<Outcome> outcomes() const
    {
        return {get(), hamirror_result_outcome_count(get()), [](auto result, size_t number) {
                    return Outcome(hamirror_result_outcome(result, number));
                }};
    }
    // Returns the words of the query.
    Items<Word> words() const
    {
        return {get(), hamirror_result_word_count(get()), [](auto result, size_t number) {
                    return Word{view(hamirror_result_word(result, number)),
                                hamirror_result_word_docs(result, number),
                                hamirror_result_word_hits(result, number)};
                }};
    }
    // Returns the names of the full-text fields.
    Items<std::string_view> fields() const
    {
        return {get(), hamirror_result_field_count(get()), [](auto result, size_t number) {
                    return view(hamirror_result_field(result, number));
                }};
    }
    // Returns the columns of every row.
    Items<Column> columns() const
    {
        return {get(), hamirror_result_column_count(get()), [](auto result, size_t number) {
                    return Column{view(hamirror_result_column_name(result, number)),
                                  Kind{hamirror_result_column_kind(result, number)}};
                }};
    }
    // Returns the number of the first column of that name; none if there is no such column.
    std::optional<size_t> find_column(Text name) const
    {
        size_t column;
        int32_t code = hamirror_result_find_column(get(), name.c_str(), &column, nullptr);
        return code == HAMIRROR_OK ? std::optional<size_t>(column) : std::nullopt;
    }
    // Returns the rows in order.
    Items<Row> rows() const
    {
        return {get(), hamirror_result_row_count(get()),
                [](auto result, size_t number) { return Row(result, number); }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    // Returns the row of that number from 0.
    Row operator[](size_t number) const { return rows()[number]; }
    // Returns the number of rows.
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
