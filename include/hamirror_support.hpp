/* What the classes of hamirror.hpp are made of: include that. */
#ifndef HAMIRROR_SUPPORT_HPP
#define HAMIRROR_SUPPORT_HPP

#include <hamirror.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Every kind of file has classes of names of its own, so that a linker never mixes them up.
#ifndef __cpp_exceptions
#ifndef HAMIRROR_EXPECTED
#define HAMIRROR_EXPECTED
#endif
#define HAMIRROR_NAMESPACE without_exceptions
#elif defined(HAMIRROR_EXPECTED)
#define HAMIRROR_NAMESPACE expected
#else
#define HAMIRROR_NAMESPACE throwing
#endif

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Owns a C handle and ends it.
template <typename T, auto Free> class Handle {
public:
    using Raw = T;
    explicit Handle(T *raw = nullptr) noexcept : raw_(raw) {}
    T *get() noexcept { return raw_.get(); }
    const T *get() const noexcept { return raw_.get(); }
    T *release() noexcept { return raw_.release(); }

private:
    struct Ender {
        void operator()(T *ended) const noexcept { Free(ended); }
    };
    std::unique_ptr<T, Ender> raw_;
};

// Points to a part of a handle.
template <typename T> class Borrowed {
public:
    using Raw = const T;
    explicit Borrowed(const T *raw) noexcept : raw_(raw) {}
    const T *get() const noexcept { return raw_; }

private:
    const T *raw_;
};

// Things numbered from 0, made one by one as they are looked at.
template <typename Item, typename Owner> class Range {
public:
    using Get = Item (*)(Owner, size_t);

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Item;

        iterator() = default;
        iterator(Owner owner, Get item, size_t number)
            : owner_(owner), item_(item), number_(number)
        {
        }
        Item operator*() const { return item_(owner_, number_); }
        iterator &operator++() { return ++number_, *this; }
        iterator operator++(int) { return {owner_, item_, number_++}; }
        bool operator==(const iterator &other) const { return number_ == other.number_; }
        bool operator!=(const iterator &other) const { return number_ != other.number_; }

    private:
        Owner owner_ = {};
        Get item_ = nullptr;
        size_t number_ = 0;
    };

    Range(Owner owner, size_t count, Get item) : owner_(owner), item_(item), count_(count) {}
    iterator begin() const { return {owner_, item_, 0}; }
    iterator end() const { return {owner_, item_, count_}; }
    size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }
    Item operator[](size_t number) const { return item_(owner_, number); }

private:
    Owner owner_;
    Get item_;
    size_t count_;
};

// A text for a C function. One with a NUL inside can't be passed on whole, so it is passed as
// NULL, which is refused with HAMIRROR_ERROR_ARGUMENT.
class Text {
public:
    Text() = default;
    Text(const char *text) : start_(text) {}
    Text(const std::string &text) : start_(whole(text)) {}
    Text(std::string_view text) : copy_(text), start_(whole(copy_)) {}
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;
    const char *c_str() const { return start_; }

private:
    static const char *whole(const std::string &text)
    {
        return text.find('\0') == std::string::npos ? text.c_str() : nullptr;
    }
    std::string copy_;
    const char *start_ = nullptr;
};

// Borrowed bytes, in and out.
class Bytes {
public:
    Bytes(const uint8_t *first, size_t count) : first_(first), count_(count) {}
    Bytes(const std::vector<uint8_t> &bytes) : Bytes(bytes.data(), bytes.size()) {}
    Bytes(std::string_view text)
        : Bytes(reinterpret_cast<const uint8_t *>(text.data()), text.size())
    {
    }
    const uint8_t *data() const { return first_; }
    size_t size() const { return count_; }
    const uint8_t *begin() const { return first_; }
    const uint8_t *end() const { return first_ + count_; }

private:
    const uint8_t *first_;
    size_t count_;
};

inline std::string_view view(hamirror_text text) { return {text.data, text.len}; }

class Attempt : public Borrowed<hamirror_attempt> {
public:
    using Borrowed::Borrowed;
    std::string_view host() const { return view(hamirror_attempt_host(get())); }
    int32_t kind() const { return hamirror_attempt_kind(get()); }
    int32_t phase() const { return hamirror_attempt_phase(get()); }
    std::string_view message() const { return view(hamirror_attempt_message(get())); }
    int32_t error_number() const { return hamirror_attempt_errno(get()); }
    std::chrono::microseconds elapsed() const
    {
        return std::chrono::microseconds(hamirror_attempt_elapsed_us(get()));
    }
};

class Failure : public Borrowed<hamirror_failure> {
public:
    using Borrowed::Borrowed;
    std::string_view message() const { return view(hamirror_failure_message(get())); }
    std::string_view index() const { return view(hamirror_failure_index(get())); }
    size_t agent() const { return hamirror_failure_agent(get()); }
    std::string_view local() const { return view(hamirror_failure_local(get())); }
    std::string_view query_error() const { return view(hamirror_failure_query_error(get())); }
    bool is_timeout() const { return hamirror_failure_is_timeout(get()); }
    bool deadline_passed() const { return hamirror_failure_deadline_passed(get()); }
    bool is_cancelled() const { return hamirror_failure_is_cancelled(get()); }
    Range<Attempt, const hamirror_failure *> attempts() const
    {
        return {get(), hamirror_failure_attempt_count(get()), [](auto failure, size_t number) {
                    return Attempt(hamirror_failure_attempt(failure, number));
                }};
    }
};

class Diagnostic : public Borrowed<hamirror_diagnostic> {
public:
    using Borrowed::Borrowed;
    std::string_view message() const { return view(hamirror_diagnostic_message(get())); }
    std::string_view file() const { return view(hamirror_diagnostic_file(get())); }
    uint32_t line() const { return hamirror_diagnostic_line(get()); }
    uint32_t column() const { return hamirror_diagnostic_column(get()); }
    std::string_view text() const { return view(hamirror_diagnostic_text(get())); }
    std::string_view expected() const { return view(hamirror_diagnostic_expected(get())); }
    int32_t kind() const { return hamirror_diagnostic_kind(get()); }
};

// An error of the library. Copies share one handle, as exceptions need it.
class Error : public std::exception {
public:
    explicit Error(hamirror_error *raw) : held_(std::make_shared<Held>(raw)) {}
    const hamirror_error *get() const { return held_->handle_.get(); }
    const char *what() const noexcept override { return held_->message_.c_str(); }
    int32_t code() const { return hamirror_error_code(get()); }
    bool is_timeout() const { return hamirror_error_is_timeout(get()); }
    bool is_query_error() const { return hamirror_error_is_query_error(get()); }
    int32_t callback_code() const { return hamirror_error_callback_code(get()); }
    size_t agents() const { return hamirror_error_agents(get()); }
    size_t agents_answered() const { return hamirror_error_agents_answered(get()); }
    Range<Failure, const hamirror_error *> failures() const
    {
        return {get(), hamirror_error_failure_count(get()), [](auto error, size_t number) {
                    return Failure(hamirror_error_failure(error, number));
                }};
    }
    Range<Diagnostic, const hamirror_error *> diagnostics() const
    {
        return {get(), hamirror_error_diagnostic_count(get()), [](auto error, size_t number) {
                    return Diagnostic(hamirror_error_diagnostic(error, number));
                }};
    }

private:
    struct Held {
        explicit Held(hamirror_error *raw)
            : handle_(raw), message_(view(hamirror_error_message(raw)))
        {
        }
        const Handle<hamirror_error, hamirror_error_free> handle_;
        const std::string message_;
    };
    std::shared_ptr<const Held> held_;
};

// A T or an Error. To take the one that is not there throws std::bad_variant_access, or aborts
// where exceptions are off.
template <typename T> class [[nodiscard]] Expected {
public:
    Expected(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Expected(Error error) : held_(std::in_place_index<1>, std::move(error)) {}
    bool has_value() const { return held_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    T &value() & { return std::get<0>(held_); }
    const T &value() const & { return std::get<0>(held_); }
    T &&value() && { return std::get<0>(std::move(held_)); }
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }
    const Error &error() const { return std::get<1>(held_); }

private:
    std::variant<T, Error> held_;
};

template <> class [[nodiscard]] Expected<void> : public Expected<std::monostate> {
public:
    Expected() : Expected<std::monostate>(std::monostate()) {}
    Expected(Error error) : Expected<std::monostate>(std::move(error)) {}
};

#ifdef HAMIRROR_EXPECTED
template <typename T> using Returns = Expected<T>;
#else
template <typename T> using Returns = T;
#endif

namespace detail {

template <typename T> Returns<T> fail(hamirror_error *error)
{
#ifdef HAMIRROR_EXPECTED
    return Error(error);
#else
    throw Error(error);
#endif
}

// A C function without an output.
template <typename Function, typename... Arguments>
Returns<void> run(Function function, Arguments... arguments)
{
    hamirror_error *error;
    if (function(arguments..., &error) != HAMIRROR_OK)
        return fail<void>(error);
    return Returns<void>();
}

// What a C function writes where a T is asked for.
template <typename T, typename = void> struct OutputOf {
    using Type = T;
};
template <typename T> struct OutputOf<T, std::void_t<typename T::Raw>> {
    using Type = typename T::Raw *;
};

// A C function with one output, of which a T is made.
template <typename T, typename Function, typename... Arguments>
Returns<T> ask(Function function, Arguments... arguments)
{
    typename OutputOf<T>::Type output = {};
    hamirror_error *error;
    if (function(arguments..., &output, &error) != HAMIRROR_OK)
        return fail<T>(error);
    return T(output);
}

// A C function that fills a buffer, and says how much there is for it.
template <typename Buffer, typename Function, typename... Arguments>
Returns<Buffer> fill(Function function, Arguments... arguments)
{
    Buffer buffer;
    size_t count = 0;
    do {
        hamirror_error *error;
        buffer.resize(count);
        if (function(arguments..., buffer.data(), buffer.size(), &count, &error) != HAMIRROR_OK)
            return fail<Buffer>(error);
    } while (count != buffer.size());
    return buffer;
}

} // namespace detail

} // inline namespace
} // namespace hamirror

#endif
