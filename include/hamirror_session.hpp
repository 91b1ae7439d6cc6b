/* Statements of SphinxQL and their answers: include hamirror.hpp. */
#ifndef HAMIRROR_SESSION_HPP
#define HAMIRROR_SESSION_HPP

#include <hamirror_client.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Values for the free places of a statement, in turn or by name.
class Parameters : public Handle<hamirror_parameters, hamirror_parameters_free> {
public:
    using Handle::Handle;
    static Returns<Parameters> make() { return detail::ask<Parameters>(hamirror_parameters_new); }
    Returns<void> int64(int64_t value) { return add(hamirror_parameters_int64, nullptr, value); }
    Returns<void> int64(Text name, int64_t value)
    {
        return add(hamirror_parameters_int64, name.c_str(), value);
    }
    Returns<void> uint64(uint64_t value)
    {
        return add(hamirror_parameters_uint64, nullptr, value);
    }
    Returns<void> uint64(Text name, uint64_t value)
    {
        return add(hamirror_parameters_uint64, name.c_str(), value);
    }
    // hamirror_parameters_double(), whose name C++ keeps for itself.
    Returns<void> real(double value) { return add(hamirror_parameters_double, nullptr, value); }
    Returns<void> real(Text name, double value)
    {
        return add(hamirror_parameters_double, name.c_str(), value);
    }
    Returns<void> text(std::string_view value)
    {
        return add(hamirror_parameters_text, nullptr, value.data(), value.size());
    }
    Returns<void> text(Text name, std::string_view value)
    {
        return add(hamirror_parameters_text, name.c_str(), value.data(), value.size());
    }
    Returns<void> int64s(const std::vector<int64_t> &values)
    {
        return add(hamirror_parameters_int64s, nullptr, values.data(), values.size());
    }
    Returns<void> int64s(Text name, const std::vector<int64_t> &values)
    {
        return add(hamirror_parameters_int64s, name.c_str(), values.data(), values.size());
    }

private:
    template <typename Function, typename... Arguments>
    Returns<void> add(Function function, const char *name, Arguments... arguments)
    {
        return detail::run(function, get(), name, arguments...);
    }
};

// The answer to a statement; values are asked for by the numbers of their row and column.
class Answer {
public:
    explicit Answer(const hamirror_answer *answer) : answer_(answer) {}
    size_t size() const { return hamirror_answer_row_count(answer_); }
    Range<Column, const hamirror_answer *> columns() const
    {
        return {answer_, hamirror_answer_column_count(answer_), [](auto answer, size_t number) {
                    return Column{view(hamirror_answer_column_name(answer, number)),
                                  hamirror_answer_column_kind(answer, number)};
                }};
    }
    uint64_t total() const { return hamirror_answer_total(answer_); }
    uint64_t total_found() const { return hamirror_answer_total_found(answer_); }
    std::string_view warning() const { return view(hamirror_answer_warning(answer_)); }
    size_t agents() const { return hamirror_answer_agents(answer_); }
    size_t agents_answered() const { return hamirror_answer_agents_answered(answer_); }
    int32_t type(size_t row, size_t column) const
    {
        return hamirror_answer_value_type(answer_, row, column);
    }
    Returns<int64_t> int64(size_t row, size_t column) const
    {
        return detail::ask<int64_t>(hamirror_answer_int64, answer_, row, column);
    }
    Returns<uint64_t> uint64(size_t row, size_t column) const
    {
        return detail::ask<uint64_t>(hamirror_answer_uint64, answer_, row, column);
    }
    // hamirror_answer_double(), whose name C++ keeps for itself.
    Returns<double> real(size_t row, size_t column) const
    {
        return detail::ask<double>(hamirror_answer_double, answer_, row, column);
    }
    Returns<std::string> text(size_t row, size_t column) const
    {
        return detail::fill<std::string>(hamirror_answer_text, answer_, row, column);
    }

private:
    const hamirror_answer *answer_;
};

// Answers of one or several statements. It is a range of them.
class Answers : public Handle<hamirror_answers, hamirror_answers_free> {
public:
    using Handle::Handle;
    Range<Answer, const hamirror_answers *> all() const
    {
        return {get(), hamirror_answers_count(get()), [](auto answers, size_t number) {
                    return Answer(hamirror_answers_get(answers, number));
                }};
    }
    auto begin() const { return all().begin(); }
    auto end() const { return all().end(); }
    size_t size() const { return all().size(); }
    Answer operator[](size_t number) const { return Answer(hamirror_answers_get(get(), number)); }
};

// Runs statements one after the other, and remembers the last search.
class Session : public Handle<hamirror_session, hamirror_session_free> {
public:
    using Handle::Handle;
    static Returns<Session> make(const Client &client)
    {
        return detail::ask<Session>(hamirror_session_new, client.get());
    }
    Returns<Answers> execute(Text statement, const Parameters &parameters = {},
                             const CallOptions &options = {})
    {
        return detail::ask<Answers>(hamirror_session_execute, get(), statement.c_str(),
                                    parameters.get(), &options);
    }
};

// hamirror_client_execute().
inline Returns<Answers> execute(const Client &client, Text statement,
                                const Parameters &parameters = {}, const CallOptions &options = {})
{
    return detail::ask<Answers>(hamirror_client_execute, client.get(), statement.c_str(),
                                parameters.get(), &options);
}

} // inline namespace
} // namespace hamirror

#endif
