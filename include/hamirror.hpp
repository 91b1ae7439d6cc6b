/*
 * hamirror for C++17 and later: the functions of hamirror.h as classes.
 *
 * Header-only and no part of the ABI. A method does what the C function of its name does:
 * Batch::add_index() is hamirror_batch_add_index(), described in hamirror.h, as are the constants
 * HAMIRROR_*.
 *
 * Errors. What can fail returns Returns<T>. That is a plain T, and a hamirror::Error is thrown.
 * With HAMIRROR_EXPECTED defined before this header, or exceptions turned off (-fno-exceptions),
 * it is Expected<T>, which holds a T or an Error. Files of both kinds may be in one program.
 *
 * Handles are move-only; get() is the handle for C functions, release() gives it up. A handle
 * that was moved from is NULL for the C functions, which answer that with errors and zeros.
 *
 * Threads. A const method may run in any number of threads at a time, any other in one.
 *
 * Texts that come in are anything that Text takes. Texts that go out are borrowed: a
 * std::string_view lives as long as hamirror.h says of the text, and so do ranges and what is
 * iterated in them: Failure, Attempt, Diagnostic, Row, ReplyView.
 */
#ifndef HAMIRROR_HPP
#define HAMIRROR_HPP

#include <hamirror_support.hpp>

namespace hamirror {

#ifdef HAMIRROR_EXPECTED
inline namespace expected {
#else
inline namespace throwing {
#endif

class Config : public Handle<hamirror_config, hamirror_config_free> {
public:
    using Handle::Handle;
    static Returns<Config> read(Text path)
    {
        return detail::ask<Config>(hamirror_config_read, path.c_str());
    }
    static Returns<Config> parse(Text text, Text name)
    {
        return detail::ask<Config>(hamirror_config_parse, text.c_str(),
                                                      name.c_str());
    }
    Range<std::string_view, const hamirror_config *> index_names() const
    {
        return {get(), hamirror_config_index_count(get()), [](auto config, size_t number) {
                    return view(hamirror_config_index_name(config, number));
                }};
    }
    size_t agent_count(size_t number) const { return hamirror_config_agent_count(get(), number); }
    Range<Diagnostic, const hamirror_config *> warnings() const
    {
        return {get(), hamirror_config_warning_count(get()), [](auto config, size_t number) {
                    return Diagnostic(hamirror_config_warning(config, number));
                }};
    }
};

class ConfigBuilder : public Handle<hamirror_config_builder, hamirror_config_builder_free> {
public:
    using Handle::Handle;
    ConfigBuilder() : Handle(hamirror_config_builder_new()) {}
    Returns<void> set(Text section, Text key, Text value)
    {
        return detail::run(hamirror_config_builder_set, get(), section.c_str(), key.c_str(),
                           value.c_str());
    }
    Returns<Config> build() const
    {
        return detail::ask<Config>(hamirror_config_builder_build, get());
    }
};

// The C structure with the defaults filled in.
struct ClientOptions : hamirror_client_options {
    ClientOptions() { hamirror_client_options_init(this, sizeof(hamirror_client_options)); }
};

// The C structure with the defaults filled in.
struct CallOptions : hamirror_call_options {
    CallOptions() { hamirror_call_options_init(this, sizeof(hamirror_call_options)); }
};

class Request : public Handle<hamirror_request, hamirror_request_free> {
public:
    using Handle::Handle;
    static Returns<Request> make(uint16_t command, uint16_t version, int32_t access, Bytes body)
    {
        return detail::ask<Request>(hamirror_request_new, command, version,
                                                        access, body.data(), body.size());
    }
};

// A reply, owned or borrowed.
template <typename Holder> class BasicReply : public Holder {
public:
    using Holder::Holder;
    int32_t status() const { return hamirror_reply_status(this->get()); }
    uint16_t version() const { return hamirror_reply_version(this->get()); }
    std::string_view warning() const { return view(hamirror_reply_warning(this->get())); }
    Bytes body() const
    {
        return {hamirror_reply_body(this->get()), hamirror_reply_body_len(this->get())};
    }
};

using Reply = BasicReply<Handle<hamirror_reply, hamirror_reply_free>>;
using ReplyView = BasicReply<Borrowed<hamirror_reply>>;

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

class Client : public Handle<hamirror_client, hamirror_client_free> {
public:
    using Handle::Handle;
    static Returns<Client> make(const Config &config, const ClientOptions &options = {})
    {
        return detail::ask<Client>(hamirror_client_new, config.get(), &options);
    }
    Client clone() const { return Client(hamirror_client_clone(get())); }
    Returns<void> reload(const Config &config) const
    {
        return detail::run(hamirror_client_reload, get(), config.get());
    }
    Returns<Result> search(Text index, const Search &search, const CallOptions &options = {}) const
    {
        return detail::ask<Result>(hamirror_client_search, get(),
                                                      index.c_str(), search.get(), &options);
    }
    Returns<Reply> call(Text index, size_t agent, const Request &request,
                        const CallOptions &options = {}) const
    {
        return detail::ask<Reply>(hamirror_client_call, get(), index.c_str(),
                                                    agent, request.get(), &options);
    }
};

struct StatusRow {
    std::string_view key;
    std::string_view value;
};

// The record of every host. It is a range of its rows.
class Status : public Handle<hamirror_status, hamirror_status_free> {
public:
    using Handle::Handle;
    static Returns<Status> make(const Client &client)
    {
        return detail::ask<Status>(hamirror_status_new, client.get());
    }
    Range<StatusRow, const hamirror_status *> rows() const
    {
        return {get(), hamirror_status_row_count(get()), [](auto status, size_t row) {
                    return StatusRow{view(hamirror_status_key(status, row)),
                                     view(hamirror_status_value(status, row))};
                }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    size_t size() const { return rows().size(); }
};

// Numbers of the calls that one addition to a Batch started.
using Calls = Range<uint32_t, uint32_t>;

struct Asked {
    size_t agent;
    std::string_view host;
};

class Waker : public Handle<hamirror_waker, hamirror_waker_free> {
public:
    using Handle::Handle;
    Returns<void> wake() const { return detail::run(hamirror_waker_wake, get()); }
};

class Batch : public Handle<hamirror_batch, hamirror_batch_free> {
public:
    using Handle::Handle;
    static constexpr std::chrono::milliseconds forever = std::chrono::milliseconds(-1);

    static Returns<Batch> make(const Client &client)
    {
        return detail::ask<Batch>(hamirror_batch_new, client.get());
    }
    Returns<Calls> add_index(Text index, const Request &request, const CallOptions &options = {})
    {
        uint32_t first, count;
        hamirror_error *error;
        if (hamirror_batch_add_index(get(), index.c_str(), request.get(), &options, &first,
                                     &count, &error) != HAMIRROR_OK)
            return detail::fail<Calls>(error);
        return Calls(first, count, [](uint32_t start, size_t number) {
            return static_cast<uint32_t>(start + number);
        });
    }
    Returns<uint32_t> add_agent(Text index, size_t agent, const Request &request,
                                const CallOptions &options = {})
    {
        return detail::ask<uint32_t>(hamirror_batch_add_agent, get(), index.c_str(), agent,
                                     request.get(), &options);
    }
    Returns<uint32_t> add_search(Text index, const Search &search, const CallOptions &options = {})
    {
        return detail::ask<uint32_t>(hamirror_batch_add_search, get(), index.c_str(),
                                     search.get(), &options);
    }
    // The call that ended, or HAMIRROR_NO_CALL.
    Returns<uint32_t> wait_any(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<uint32_t>(hamirror_batch_wait_any, get(), timeout.count());
    }
    Returns<bool> wait_all(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<bool>(hamirror_batch_wait_all, get(), timeout.count());
    }
    int32_t fd() const { return hamirror_batch_fd(get()); }
    int32_t timeout_ms() { return hamirror_batch_timeout_ms(get()); }
    Returns<void> drive() { return detail::run(hamirror_batch_drive, get()); }
    // The call that ended, or HAMIRROR_NO_CALL.
    Returns<uint32_t> next_completion()
    {
        return detail::ask<uint32_t>(hamirror_batch_next_completion, get());
    }
    // All that next_completion() has.
    Returns<std::vector<uint32_t>> completions()
    {
        std::vector<uint32_t> calls;
        for (;;) {
            uint32_t call;
            hamirror_error *error;
            if (hamirror_batch_next_completion(get(), &call, &error) != HAMIRROR_OK)
                return detail::fail<std::vector<uint32_t>>(error);
            if (call == HAMIRROR_NO_CALL)
                return calls;
            calls.push_back(call);
        }
    }
    Returns<size_t> pending() { return detail::ask<size_t>(hamirror_batch_pending, get()); }
    Returns<void> cancel(uint32_t call) { return detail::run(hamirror_batch_cancel, get(), call); }
    Returns<ReplyView> reply(uint32_t call)
    {
        return detail::ask<ReplyView>(hamirror_batch_reply, get(), call);
    }
    Returns<Asked> asked(uint32_t call)
    {
        size_t agent;
        hamirror_text host;
        hamirror_error *error;
        if (hamirror_batch_asked(get(), call, &agent, &host, &error) != HAMIRROR_OK)
            return detail::fail<Asked>(error);
        return Asked{agent, view(host)};
    }
    Returns<Reply> take_reply(uint32_t call)
    {
        return detail::ask<Reply>(hamirror_batch_take_reply, get(), call);
    }
    Returns<Result> take_search(uint32_t search)
    {
        return detail::ask<Result>(hamirror_batch_take_search, get(), search);
    }
    Waker waker() const { return Waker(hamirror_waker_new(get())); }
};

inline std::string_view version() { return hamirror_version(); }
inline uint32_t version_number() { return hamirror_version_number(); }

} // inline namespace
} // namespace hamirror

#endif
