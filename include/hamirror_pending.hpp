/* Commands under way: include hamirror.hpp. */
#ifndef HAMIRROR_PENDING_HPP
#define HAMIRROR_PENDING_HPP

#include <hamirror_command.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

namespace detail {

// The function that waits for a T.
template <typename T> struct WaitFor;
template <> struct WaitFor<Excerpts> {
    static constexpr auto function = hamirror_pending_wait_excerpts;
};
template <> struct WaitFor<Keywords> {
    static constexpr auto function = hamirror_pending_wait_keywords;
};
template <> struct WaitFor<Mirrored> {
    static constexpr auto function = hamirror_pending_wait_mirrored;
};

// A wait for a handle: none while there is none yet.
template <typename T, typename Function, typename Waiting>
Returns<std::optional<T>> wait(Function function, Waiting *waiting,
                               std::optional<std::chrono::milliseconds> time)
{
    typename T::Raw *output;
    hamirror_error *error;
    if (function(waiting, limit(time), &output, &error) != HAMIRROR_OK)
        return fail<std::optional<T>>(error);
    return output ? std::optional<T>(T(output)) : std::optional<T>();
}

} // namespace detail

// A command under way, of which a T comes. Destroyed, it is taken back; what agents have got of it
// stays done.
template <typename T> class Pending : public Handle<hamirror_pending, hamirror_pending_free> {
public:
    using Handle::Handle;
    using Limit = std::optional<std::chrono::milliseconds>;

    // Waits for the outcome; none if agents are at work after that time, and maybe sooner.
    Returns<std::optional<T>> wait(Limit limit)
    {
        return detail::wait<T>(detail::WaitFor<T>::function, get(), limit);
    }
    // Waits for the outcome without a limit.
    Returns<T> finish()
    {
        for (;;) {
            typename T::Raw *output;
            hamirror_error *error;
            if (detail::WaitFor<T>::function(get(), detail::limit(std::nullopt), &output, &error)
                != HAMIRROR_OK)
                return detail::fail<T>(error);
            if (output)
                return T(output);
        }
    }
    // Returns the descriptor for a loop, readable when wait() has something to do; -1 while no
    // agent is at work. Ask for it after each wait.
    int32_t fd() const { return hamirror_pending_fd(get()); }
    // Returns when wait() is due though the descriptor stays quiet; none once it has ended.
    Limit timeout() const { return detail::timeout(timeout_ms()); }
    // Returns timeout() as poll() and epoll_wait() take it: in milliseconds, -1 for none.
    int32_t timeout_ms() const { return hamirror_pending_timeout_ms(get()); }
};

} // inline namespace
} // namespace hamirror

#endif
