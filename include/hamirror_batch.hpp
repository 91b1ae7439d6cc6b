/* Batches and the upkeep, which a program drives: include hamirror.hpp. */
#ifndef HAMIRROR_BATCH_HPP
#define HAMIRROR_BATCH_HPP

#include <hamirror_client.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// The calls that one addition to a Batch started, or those of one search.
using Calls = Range<CallId, uint32_t>;

// Whom a call asks; there is no host of a read that runs or got no answer.
struct Asked {
    AgentNumber agent;
    std::optional<std::string_view> host;
};

// What of a Batch has ended: a call that was added by itself, or a search; false if nothing has.
struct Completed {
    std::optional<CallId> call;
    std::optional<SearchId> search;
    explicit operator bool() const { return call || search; }
};

// Ends waits of a batch from another thread.
class Waker : public Handle<hamirror_waker, hamirror_waker_free> {
public:
    using Handle::Handle;
    // Ends the wait that is under way, or else the next one.
    Returns<void> wake() const { return detail::run(hamirror_waker_wake, get()); }
};

// Many calls under way at once, driven by one thread at a time.
class Batch : public Handle<hamirror_batch, hamirror_batch_free> {
public:
    using Handle::Handle;
    using Limit = std::optional<std::chrono::milliseconds>;
    // The limit of a wait without one.
    static constexpr std::nullopt_t forever = std::nullopt;

    // Makes an empty batch.
    static Returns<Batch> make(const Client &client)
    {
        return detail::ask<Batch>(hamirror_batch_new, client.get());
    }
    // Asks every agent of an index, and for a write every mirror.
    Returns<Calls> add_index(Text index, const Request &request, const CallOptions &options = {})
    {
        return calls(hamirror_batch_add_index, index.c_str(), request.get(),
                     options.get());
    }
    // Asks one agent of an index.
    Returns<CallId> add_agent(Text index, AgentNumber agent, const Request &request,
                              const CallOptions &options = {})
    {
        return detail::ask<CallId>(hamirror_batch_add_agent, get(), index.c_str(), agent,
                                   request.get(), options.get());
    }
    // Searches all agents of an index.
    Returns<SearchId> add_search(Text index, const Search &search, const CallOptions &options = {})
    {
        return detail::ask<SearchId>(hamirror_batch_add_search, get(), index.c_str(),
                                     search.get(), options.get());
    }
    // Searches several times in one request to each agent.
    Returns<SearchId> add_searches(Text index, const std::vector<const Search *> &searches,
                                   const CallOptions &options = {})
    {
        auto handles = detail::handles(searches);
        return detail::ask<SearchId>(hamirror_batch_add_searches, get(), index.c_str(),
                                     handles.data(), handles.size(), options.get());
    }
    // Waits until every request is on its way; false if the time is up before.
    Returns<bool> wait_sent(Limit limit = forever)
    {
        return detail::ask<bool>(hamirror_batch_wait_sent, get(), detail::limit(limit));
    }
    // Waits for the next call or search to end.
    Returns<Completed> wait_completed(Limit limit = forever)
    {
        return completed(hamirror_batch_wait_completed, detail::limit(limit));
    }
    // Waits for the next call to end, of a search too.
    Returns<std::optional<CallId>> wait_any(Limit limit = forever)
    {
        return call_of(hamirror_batch_wait_any, detail::limit(limit));
    }
    // Waits for all calls to end; false if the time is up before.
    Returns<bool> wait_all(Limit limit = forever)
    {
        return detail::ask<bool>(hamirror_batch_wait_all, get(), detail::limit(limit));
    }
    // Leaves the batch to a thread of the library while the program works.
    Returns<void> run() { return detail::run(hamirror_batch_run, get()); }
    // Waits for all calls to end and takes the batch back; false if some still run.
    Returns<bool> join(Limit limit = forever)
    {
        return detail::ask<bool>(hamirror_batch_join, get(), detail::limit(limit));
    }
    // Returns the descriptor for an event loop; it is readable when drive() has something to do.
    int32_t fd() const { return hamirror_batch_fd(get()); }
    // Returns when drive() is due though the descriptor stays quiet; none while nothing runs.
    Limit timeout() { return detail::timeout(timeout_ms()); }
    // Returns timeout() as poll() and epoll_wait() take it: in milliseconds, -1 for none.
    int32_t timeout_ms() { return hamirror_batch_timeout_ms(get()); }
    // Does what is to be done now, without waiting.
    Returns<void> drive() { return detail::run(hamirror_batch_drive, get()); }
    // Returns a call or a search that ended, each once; it does not wait.
    Returns<Completed> next_completed() { return completed(hamirror_batch_next_completed); }
    // Returns a call that ended, of a search too; it does not wait.
    Returns<std::optional<CallId>> next_completion()
    {
        return call_of(hamirror_batch_next_completion);
    }
    // Returns all that next_completion() has.
    Returns<std::vector<CallId>> completions()
    {
        std::vector<CallId> calls;
        for (;;) {
            uint32_t call;
            hamirror_error *error;
            if (hamirror_batch_next_completion(get(), &call, &error) != HAMIRROR_OK)
                return detail::fail<std::vector<CallId>>(error);
            if (call == HAMIRROR_NO_CALL)
                return calls;
            calls.push_back(CallId{call});
        }
    }
    // Returns the number of calls that have not ended.
    Returns<size_t> pending() { return detail::ask<size_t>(hamirror_batch_pending, get()); }
    // Ends a call without an answer.
    Returns<void> cancel(CallId call)
    {
        return detail::run(hamirror_batch_cancel, get(), call);
    }
    // Returns the reply of a call, which stays in the batch.
    Returns<ReplyView> reply(CallId call)
    {
        return detail::ask<ReplyView>(hamirror_batch_reply, get(), call);
    }
    // Returns whom a call asks.
    Returns<Asked> asked(CallId call)
    {
        size_t agent;
        hamirror_text host;
        hamirror_error *error;
        if (hamirror_batch_asked(get(), number(call), &agent, &host, &error) != HAMIRROR_OK)
            return detail::fail<Asked>(error);
        return Asked{AgentNumber{agent}, view_if_any(host)};
    }
    // Returns the search that a call belongs to; none if it was added by itself.
    Returns<std::optional<SearchId>> search_of(CallId call)
    {
        uint32_t search;
        hamirror_error *error;
        if (hamirror_batch_search_of(get(), number(call), &search, &error) != HAMIRROR_OK)
            return detail::fail<std::optional<SearchId>>(error);
        return detail::id_or_none<SearchId>(search, HAMIRROR_NO_SEARCH);
    }
    // Returns the calls of a search, one an agent.
    Returns<Calls> search_calls(SearchId search)
    {
        return calls(hamirror_batch_search_calls, number(search));
    }
    // Returns the number of local indexes of a search that nobody has taken.
    Returns<size_t> local_count(SearchId search)
    {
        return detail::ask<size_t>(hamirror_batch_local_count, get(), search);
    }
    // Takes a local index of a search, by its place from 0, for the program to search it.
    Returns<Local> take_local(SearchId search, size_t place)
    {
        return detail::ask<Local>(hamirror_batch_take_local, get(), search, place);
    }
    // Hands a local index back with its answer.
    Returns<void> add_local(Local &local)
    {
        return detail::run(hamirror_batch_add_local, get(), local.get());
    }
    // Takes the reply of a call out, or throws why there is none.
    Returns<Reply> take_reply(CallId call)
    {
        return detail::ask<Reply>(hamirror_batch_take_reply, get(), call);
    }
    // Takes the merged result of a search whose calls have all ended.
    Returns<Result> take_search(SearchId search)
    {
        return detail::ask<Result>(hamirror_batch_take_search, get(), search);
    }
    // Takes the results of add_searches(), which had so many.
    Returns<std::vector<Expected<Result>>> take_searches(SearchId search, size_t count)
    {
        return detail::ask_each(count, [&](auto results, auto errors, auto error) {
            return hamirror_batch_take_searches(get(), number(search), results, errors, count,
                                                error);
        });
    }
    // Returns what ends waits of this batch from another thread.
    Waker waker() const { return Waker(hamirror_waker_new(get())); }

private:
    // A C function that tells a call or a search.
    template <typename Function, typename... Arguments>
    Returns<Completed> completed(Function function, Arguments... arguments)
    {
        uint32_t call, search;
        hamirror_error *error;
        if (function(get(), arguments..., &call, &search, &error) != HAMIRROR_OK)
            return detail::fail<Completed>(error);
        return Completed{detail::id_or_none<CallId>(call, HAMIRROR_NO_CALL),
                         detail::id_or_none<SearchId>(search, HAMIRROR_NO_SEARCH)};
    }
    // A C function that tells a call.
    template <typename Function, typename... Arguments>
    Returns<std::optional<CallId>> call_of(Function function, Arguments... arguments)
    {
        uint32_t call;
        hamirror_error *error;
        if (function(get(), arguments..., &call, &error) != HAMIRROR_OK)
            return detail::fail<std::optional<CallId>>(error);
        return detail::id_or_none<CallId>(call, HAMIRROR_NO_CALL);
    }
    // A C function that tells the first call and how many there are.
    template <typename Function, typename... Arguments>
    Returns<Calls> calls(Function function, Arguments... arguments)
    {
        uint32_t first, count;
        hamirror_error *error;
        if (function(get(), arguments..., &first, &count, &error) != HAMIRROR_OK)
            return detail::fail<Calls>(error);
        return Calls(first, count, [](uint32_t start, size_t place) {
            return CallId{static_cast<uint32_t>(start + place)};
        });
    }
};

// Pings and sends to blackholes, for a program without the background thread.
class Upkeep : public Handle<hamirror_upkeep, hamirror_upkeep_free> {
public:
    using Handle::Handle;
    // Takes the upkeep of a client over; there is one at a time.
    static Returns<Upkeep> make(const Client &client)
    {
        return detail::ask<Upkeep>(hamirror_upkeep_new, client.get());
    }
    // Returns the descriptor for an event loop; it is readable when drive() has something to do.
    int32_t fd() const { return hamirror_upkeep_fd(get()); }
    // Returns when drive() is due though the descriptor stays quiet; none if nothing is.
    std::optional<std::chrono::milliseconds> timeout() { return detail::timeout(timeout_ms()); }
    // Returns timeout() as poll() and epoll_wait() take it: in milliseconds, -1 for none.
    int32_t timeout_ms() { return hamirror_upkeep_timeout_ms(get()); }
    // Does what is to be done now, without waiting.
    Returns<void> drive() { return detail::run(hamirror_upkeep_drive, get()); }
    // Does what is to be done, then waits for more for that time at most.
    Returns<void> wait(std::chrono::milliseconds limit)
    {
        return detail::run(hamirror_upkeep_wait, get(), detail::milliseconds(limit));
    }
};

} // inline namespace
} // namespace hamirror

#endif
