/* Batches and the upkeep, which a program drives: include hamirror.hpp. */
#ifndef HAMIRROR_BATCH_HPP
#define HAMIRROR_BATCH_HPP

#include <hamirror_client.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Numbers of the calls that one addition to a Batch started, or of one search.
using Calls = Range<uint32_t, uint32_t>;

struct Asked {
    size_t agent;
    std::string_view host;
};

// What of a Batch has ended: a call that was added by itself, or a search; false if nothing has.
struct Completed {
    uint32_t call;   // or HAMIRROR_NO_CALL
    uint32_t search; // or HAMIRROR_NO_SEARCH
    bool is_call() const { return call != HAMIRROR_NO_CALL; }
    bool is_search() const { return search != HAMIRROR_NO_SEARCH; }
    explicit operator bool() const { return is_call() || is_search(); }
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
        return calls(hamirror_batch_add_index, index.c_str(), request.get(), &options);
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
    Returns<uint32_t> add_searches(Text index, const std::vector<const Search *> &searches,
                                   const CallOptions &options = {})
    {
        auto handles = detail::handles(searches);
        return detail::ask<uint32_t>(hamirror_batch_add_searches, get(), index.c_str(),
                                     handles.data(), handles.size(), &options);
    }
    Returns<bool> wait_sent(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<bool>(hamirror_batch_wait_sent, get(), timeout.count());
    }
    Returns<Completed> wait_completed(std::chrono::milliseconds timeout = forever)
    {
        return completed(hamirror_batch_wait_completed, timeout.count());
    }
    // The call that ended, of a search too, or HAMIRROR_NO_CALL.
    Returns<uint32_t> wait_any(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<uint32_t>(hamirror_batch_wait_any, get(), timeout.count());
    }
    Returns<bool> wait_all(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<bool>(hamirror_batch_wait_all, get(), timeout.count());
    }
    // Leaves it to a thread of the library while the program works, and takes it back.
    Returns<void> run() { return detail::run(hamirror_batch_run, get()); }
    Returns<bool> join(std::chrono::milliseconds timeout = forever)
    {
        return detail::ask<bool>(hamirror_batch_join, get(), timeout.count());
    }
    int32_t fd() const { return hamirror_batch_fd(get()); }
    int32_t timeout_ms() { return hamirror_batch_timeout_ms(get()); }
    Returns<void> drive() { return detail::run(hamirror_batch_drive, get()); }
    Returns<Completed> next_completed() { return completed(hamirror_batch_next_completed); }
    // The call that ended, of a search too, or HAMIRROR_NO_CALL.
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
    // The search that a call belongs to, or HAMIRROR_NO_SEARCH.
    Returns<uint32_t> search_of(uint32_t call)
    {
        return detail::ask<uint32_t>(hamirror_batch_search_of, get(), call);
    }
    Returns<Calls> search_calls(uint32_t search)
    {
        return calls(hamirror_batch_search_calls, search);
    }
    Returns<size_t> local_count(uint32_t search)
    {
        return detail::ask<size_t>(hamirror_batch_local_count, get(), search);
    }
    Returns<Local> take_local(uint32_t search, size_t number)
    {
        return detail::ask<Local>(hamirror_batch_take_local, get(), search, number);
    }
    Returns<void> add_local(Local &local)
    {
        return detail::run(hamirror_batch_add_local, get(), local.get());
    }
    Returns<Reply> take_reply(uint32_t call)
    {
        return detail::ask<Reply>(hamirror_batch_take_reply, get(), call);
    }
    Returns<Result> take_search(uint32_t search)
    {
        return detail::ask<Result>(hamirror_batch_take_search, get(), search);
    }
    // The results of add_searches(), which had so many.
    Returns<std::vector<Expected<Result>>> take_searches(uint32_t search, size_t count)
    {
        return detail::ask_each(count, [&](auto results, auto errors, auto error) {
            return hamirror_batch_take_searches(get(), search, results, errors, count, error);
        });
    }
    Waker waker() const { return Waker(hamirror_waker_new(get())); }

private:
    // A C function that tells a call or a search.
    template <typename Function, typename... Arguments>
    Returns<Completed> completed(Function function, Arguments... arguments)
    {
        Completed ended;
        hamirror_error *error;
        if (function(get(), arguments..., &ended.call, &ended.search, &error) != HAMIRROR_OK)
            return detail::fail<Completed>(error);
        return ended;
    }
    // A C function that tells the first call and how many there are.
    template <typename Function, typename... Arguments>
    Returns<Calls> calls(Function function, Arguments... arguments)
    {
        uint32_t first, count;
        hamirror_error *error;
        if (function(get(), arguments..., &first, &count, &error) != HAMIRROR_OK)
            return detail::fail<Calls>(error);
        return Calls(first, count, [](uint32_t start, size_t number) {
            return static_cast<uint32_t>(start + number);
        });
    }
};

class Upkeep : public Handle<hamirror_upkeep, hamirror_upkeep_free> {
public:
    using Handle::Handle;
    static Returns<Upkeep> make(const Client &client)
    {
        return detail::ask<Upkeep>(hamirror_upkeep_new, client.get());
    }
    int32_t fd() const { return hamirror_upkeep_fd(get()); }
    int32_t timeout_ms() { return hamirror_upkeep_timeout_ms(get()); }
    Returns<void> drive() { return detail::run(hamirror_upkeep_drive, get()); }
    Returns<void> wait(std::chrono::duration<uint32_t, std::milli> limit)
    {
        return detail::run(hamirror_upkeep_wait, get(), limit.count());
    }
};

} // inline namespace
} // namespace hamirror

#endif
