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
    // Makes an empty list.
    static Returns<Parameters> make() { return detail::ask<Parameters>(hamirror_parameters_new); }
    // Adds a number for the next place.
    Chain<Parameters> int64(int64_t value) &
    {
        return add(hamirror_parameters_int64, nullptr, value);
    }
    // Sets a number by its name.
    Chain<Parameters> int64(Text name, int64_t value) &
    {
        return add(hamirror_parameters_int64, name.c_str(), value);
    }
    // Adds a number without a sign for the next place.
    Chain<Parameters> uint64(uint64_t value) &
    {
        return add(hamirror_parameters_uint64, nullptr, value);
    }
    // Sets a number without a sign by its name.
    Chain<Parameters> uint64(Text name, uint64_t value) &
    {
        return add(hamirror_parameters_uint64, name.c_str(), value);
    }
    // Adds a float for the next place. C++ keeps the name of hamirror_parameters_double() for
    // itself.
    Chain<Parameters> real(double value) &
    {
        return add(hamirror_parameters_double, nullptr, value);
    }
    // Sets a float by its name.
    Chain<Parameters> real(Text name, double value) &
    {
        return add(hamirror_parameters_double, name.c_str(), value);
    }
    // Adds a text for the next place.
    Chain<Parameters> text(std::string_view value) &
    {
        return add(hamirror_parameters_text, nullptr, value.data(), value.size());
    }
    // Sets a text by its name.
    Chain<Parameters> text(Text name, std::string_view value) &
    {
        return add(hamirror_parameters_text, name.c_str(), value.data(), value.size());
    }
    // Adds a list for the next place.
    Chain<Parameters> int64s(const std::vector<int64_t> &values) &
    {
        return add(hamirror_parameters_int64s, nullptr, values.data(), values.size());
    }
    // Sets a list by its name.
    Chain<Parameters> int64s(Text name, const std::vector<int64_t> &values) &
    {
        return add(hamirror_parameters_int64s, name.c_str(), values.data(), values.size());
    }

private:
    template <typename Function, typename... Arguments>
    Chain<Parameters> add(Function function, const char *name, Arguments... arguments) &
    {
        return detail::set(*this, function, get(), name, arguments...);
    }
};

// The answer to a statement; values are asked for by the numbers of their row and column.
class Answer {
public:
    explicit Answer(const hamirror_answer *answer) : answer_(answer) {}
    // Returns the number of rows.
    size_t size() const { return hamirror_answer_row_count(answer_); }
    // Returns the columns of every row.
    Range<Column, const hamirror_answer *> columns() const
    {
        return {answer_, hamirror_answer_column_count(answer_), [](auto answer, size_t number) {
                    return Column{view(hamirror_answer_column_name(answer, number)),
                                  Kind{hamirror_answer_column_kind(answer, number)}};
                }};
    }
    // Returns the matches that could be paged through.
    uint64_t total() const { return hamirror_answer_total(answer_); }
    // Returns all matches.
    uint64_t total_found() const { return hamirror_answer_total_found(answer_); }
    // Returns in words what went wrong without ending the search; none if nothing did.
    std::optional<std::string_view> warning() const
    {
        return view_if_any(hamirror_answer_warning(answer_));
    }
    // Returns the number of the first column of that name; none if there is no such column.
    std::optional<size_t> find_column(std::string_view name) const
    {
        for (size_t column = 0; column < columns().size(); column++)
            if (columns()[column].name == name)
                return column;
        return std::nullopt;
    }
    // Returns the number of agents that were asked.
    size_t agents() const { return hamirror_answer_agents(answer_); }
    // Returns the number of agents that answered.
    size_t agents_answered() const { return hamirror_answer_agents_answered(answer_); }
    // Returns why each agent that did not answer did not.
    Range<Failure, const hamirror_answer *> failures() const
    {
        return {answer_, hamirror_answer_failure_count(answer_), [](auto answer, size_t number) {
                    return Failure(hamirror_answer_failure(answer, number));
                }};
    }
    // Returns the number of agents that answered, while agents of their own did not.
    size_t agents_partial() const { return hamirror_answer_agents_partial(answer_); }
    // Returns the share of the documents that were searched, from 0 to 1; none if it is not known.
    std::optional<double> documents_share() const
    {
        double share = hamirror_answer_documents_share(answer_);
        return share < 0 ? std::nullopt : std::optional<double>(share);
    }
    // Returns what became of each agent and local index, the local ones first.
    Range<Outcome, const hamirror_answer *> outcomes() const
    {
        return {answer_, hamirror_answer_outcome_count(answer_), [](auto answer, size_t number) {
                    return Outcome(hamirror_answer_outcome(answer, number));
                }};
    }
    // Returns the type of a value.
    Type type(size_t row, size_t column) const
    {
        return Type{hamirror_answer_value_type(answer_, row, column)};
    }
    // Returns a whole number.
    Returns<int64_t> int64(size_t row, size_t column) const
    {
        return detail::ask<int64_t>(hamirror_answer_int64, answer_, row, column);
    }
    // Returns a whole number without a sign.
    Returns<uint64_t> uint64(size_t row, size_t column) const
    {
        return detail::ask<uint64_t>(hamirror_answer_uint64, answer_, row, column);
    }
    // Returns a float. C++ keeps the name of hamirror_answer_double() for itself.
    Returns<double> real(size_t row, size_t column) const
    {
        return detail::ask<double>(hamirror_answer_double, answer_, row, column);
    }
    // Returns a value of any type as text.
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
    // Returns the answers in order.
    Range<Answer, const hamirror_answers *> all() const
    {
        return {get(), hamirror_answers_count(get()), [](auto answers, size_t number) {
                    return Answer(hamirror_answers_get(answers, number));
                }};
    }
    auto begin() const { return all().begin(); }
    auto end() const { return all().end(); }
    // Returns the number of answers.
    size_t size() const { return all().size(); }
    // Returns the answer of that number from 0.
    Answer operator[](size_t number) const { return Answer(hamirror_answers_get(get(), number)); }
};

// Runs statements one after the other, and remembers the last search.
class Session : public Handle<hamirror_session, hamirror_session_free> {
public:
    using Handle::Handle;
    // Makes a session without a search yet.
    static Returns<Session> make(const Client &client)
    {
        return detail::ask<Session>(hamirror_session_new, client.get());
    }
    // Runs statements, one or several between semicolons.
    Returns<Answers> execute(Text statement, const Parameters &parameters = {},
                             const CallOptions &options = {})
    {
        return detail::ask<Answers>(hamirror_session_execute, get(), statement.c_str(),
                                    parameters.get(), options.get());
    }
    // Starts statements, and takes back those that are under way; wait() has the answers.
    Returns<void> start(Text statement, const Parameters &parameters = {},
                        const CallOptions &options = {})
    {
        return detail::run(hamirror_session_start, get(), statement.c_str(), parameters.get(),
                           options.get());
    }
    // Waits for the answers; none if agents are at work after that time, and maybe sooner.
    Returns<std::optional<Answers>> wait(std::optional<std::chrono::milliseconds> limit)
    {
        return detail::wait<Answers>(hamirror_session_wait, get(), limit);
    }
    // Returns the descriptor for a loop, readable when wait() has something to do; -1 while no
    // agent is at work. Ask for it after each wait.
    int32_t fd() const { return hamirror_session_fd(get()); }
    // Returns when wait() is due though the descriptor stays quiet; none while nothing is under
    // way.
    std::optional<std::chrono::milliseconds> timeout() const
    {
        return detail::timeout(timeout_ms());
    }
    // Returns timeout() as poll() and epoll_wait() take it: in milliseconds, -1 for none.
    int32_t timeout_ms() const { return hamirror_session_timeout_ms(get()); }
    // Takes back the statements that are under way.
    Returns<void> cancel() { return detail::run(hamirror_session_cancel, get()); }
};

// Runs statements, one or several between semicolons: hamirror_client_execute().
inline Returns<Answers> execute(const Client &client, Text statement,
                                const Parameters &parameters = {}, const CallOptions &options = {})
{
    return detail::ask<Answers>(hamirror_client_execute, client.get(), statement.c_str(),
                                parameters.get(), options.get());
}

// Runs a change on one agent of the index that it names, and there on all mirrors, or on the one
// at that position: hamirror_client_execute_on_agent().
inline Returns<Mirrored> execute_on_agent(const Client &client, AgentNumber agent,
                                          std::optional<uint32_t> mirror, Text statement,
                                          const Parameters &parameters = {},
                                          const CallOptions &options = {})
{
    return detail::ask<Mirrored>(hamirror_client_execute_on_agent, client.get(), agent,
                                 mirror ? int64_t{*mirror} : -1, statement.c_str(),
                                 parameters.get(), options.get());
}

// Starts what execute_on_agent() does: hamirror_client_start_on_agent().
inline Returns<Pending<Mirrored>> start_on_agent(const Client &client, AgentNumber agent,
                                                 std::optional<uint32_t> mirror, Text statement,
                                                 const Parameters &parameters = {},
                                                 const CallOptions &options = {})
{
    return detail::ask<Pending<Mirrored>>(hamirror_client_start_on_agent, client.get(), agent,
                                          mirror ? int64_t{*mirror} : -1, statement.c_str(),
                                          parameters.get(), options.get());
}

} // inline namespace
} // namespace hamirror

#endif
