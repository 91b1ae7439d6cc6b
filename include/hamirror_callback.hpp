/* How C calls what a program hands in: include hamirror.hpp. */
#ifndef HAMIRROR_CALLBACK_HPP
#define HAMIRROR_CALLBACK_HPP

#include <hamirror_support.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Error::callback_code() of a callback that threw, which none should return itself.
inline constexpr int32_t callback_threw = INT32_MIN;

// Points to what a callback may change until it returns.
template <typename T> class Lent {
public:
    explicit Lent(T *raw) noexcept : raw_(raw) {}
    // Returns the pointer for C functions.
    T *get() const noexcept { return raw_; }

private:
    T *raw_;
};

namespace detail {

// Runs what may throw, since nothing may be thrown into C.
template <typename Function>
int32_t guard(Function function, [[maybe_unused]] std::exception_ptr *thrown = nullptr) noexcept
{
#ifdef __cpp_exceptions
    try {
        return function();
    } catch (...) {
        if (thrown)
            *thrown = std::current_exception();
        return callback_threw;
    }
#else
    return function();
#endif
}

// What a callable says to C, where one that returns nothing is content.
template <typename Callable, typename... Arguments>
int32_t code_of(Callable &callable, Arguments... arguments)
{
    using Answer = decltype(callable(arguments...));
    static_assert(std::is_void_v<Answer> || std::is_same_v<Answer, int32_t>,
                  "a callback returns nothing or an int32_t");
    if constexpr (std::is_void_v<Answer>)
        return callable(arguments...), 0;
    else
        return callable(arguments...);
}

// Ends what was made with new and handed to C as user_data.
template <typename Callback> void end(void *callback) noexcept
{
    delete static_cast<Callback *>(callback);
}

} // namespace detail

} // inline namespace
} // namespace hamirror

#endif
