/* What the classes of hamirror.hpp are made of: include that. */
#ifndef HAMIRROR_SUPPORT_HPP
#define HAMIRROR_SUPPORT_HPP

#include <hamirror_values.hpp>

#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Owns a C handle and ends it.
template <typename T, auto Free> class Handle {
public:
    using Raw = T;
    // Takes a C handle over.
    explicit Handle(T *raw = nullptr) noexcept : raw_(raw) {}
    // Returns the handle for C functions; it stays owned.
    T *get() noexcept { return raw_.get(); }
    // Returns the handle for C functions; it stays owned.
    const T *get() const noexcept { return raw_.get(); }
    // Returns the handle and gives it up: whoever takes it ends it.
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
    // Returns the pointer for C functions.
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
    // Returns how many there are.
    size_t size() const { return count_; }
    // True if there are none.
    bool empty() const { return count_ == 0; }
    // Returns the one of that number from 0.
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
    // Returns the text for C; NULL for one with a NUL inside.
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
    // Returns the first byte.
    const uint8_t *data() const { return first_; }
    // Returns the number of bytes.
    size_t size() const { return count_; }
    const uint8_t *begin() const { return first_; }
    const uint8_t *end() const { return first_ + count_; }

private:
    const uint8_t *first_;
    size_t count_;
};

// Returns a text of C.
inline std::string_view view(hamirror_text text) { return {text.data, text.len}; }

// Returns a text of C; none if it is empty.
inline std::optional<std::string_view> view_if_any(hamirror_text text)
{
    return text.len == 0 ? std::nullopt : std::optional<std::string_view>(view(text));
}

// One failed attempt on one mirror.
class Attempt : public Borrowed<hamirror_attempt> {
public:
    using Borrowed::Borrowed;
    // Returns the host's name in the configuration.
    std::string_view host() const { return view(hamirror_attempt_host(get())); }
    // Returns the kind of the failure.
    FailureKind kind() const { return FailureKind{hamirror_attempt_kind(get())}; }
    // Returns what was under way when it failed.
    Phase phase() const { return Phase{hamirror_attempt_phase(get())}; }
    // Returns the fault in words.
    std::string_view message() const { return view(hamirror_attempt_message(get())); }
    // Returns the errno of the operating system; none where it has no part in the failure.
    std::optional<int32_t> error_number() const
    {
        auto number = hamirror_attempt_errno(get());
        return number == 0 ? std::nullopt : std::optional<int32_t>(number);
    }
    // Returns the time from the start of the attempt to its failure.
    std::chrono::microseconds elapsed() const
    {
        return std::chrono::microseconds(hamirror_attempt_elapsed_us(get()));
    }
};

// Why one agent, or one local index, gave no answer.
class Failure : public Borrowed<hamirror_failure> {
public:
    using Borrowed::Borrowed;
    // Returns the whole failure in words.
    std::string_view message() const { return view(hamirror_failure_message(get())); }
    // Returns the name of the distributed index.
    std::string_view index() const { return view(hamirror_failure_index(get())); }
    // Returns the number of the agent in its index.
    AgentNumber agent() const { return AgentNumber{hamirror_failure_agent(get())}; }
    // Returns the name of the local index that failed; none if an agent did.
    std::optional<std::string_view> local() const
    {
        return view_if_any(hamirror_failure_local(get()));
    }
    // Returns the error of the query; none if the mirrors are at fault.
    std::optional<std::string_view> query_error() const
    {
        return view_if_any(hamirror_failure_query_error(get()));
    }
    // True if time ran out and no mirror said no.
    bool is_timeout() const { return hamirror_failure_is_timeout(get()); }
    // True if the deadline of the call ended it.
    bool deadline_passed() const { return hamirror_failure_deadline_passed(get()); }
    // True if enough others had answered, and the time that was left to it is over.
    bool soft_timeout_passed() const { return hamirror_failure_soft_timeout_passed(get()); }
    // True if the program took the call back.
    bool is_cancelled() const { return hamirror_failure_is_cancelled(get()); }
    // True if a change may have been made though nobody said so.
    bool may_be_applied() const { return hamirror_failure_may_be_applied(get()); }
    // Returns every failed attempt, oldest first.
    Range<Attempt, const hamirror_failure *> attempts() const
    {
        return {get(), hamirror_failure_attempt_count(get()), [](auto failure, size_t number) {
                    return Attempt(hamirror_failure_attempt(failure, number));
                }};
    }
};

// A fault or oddity of a configuration or statement, with its place.
class Diagnostic : public Borrowed<hamirror_diagnostic> {
public:
    using Borrowed::Borrowed;
    // Returns the whole fault in words.
    std::string_view message() const { return view(hamirror_diagnostic_message(get())); }
    // Returns the file, or the name that the program gave the text.
    std::string_view file() const { return view(hamirror_diagnostic_file(get())); }
    // Returns the line from 1; none where a program set the value.
    std::optional<uint32_t> line() const { return place(hamirror_diagnostic_line(get())); }
    // Returns the character from 1; none where the whole file is meant.
    std::optional<uint32_t> column() const { return place(hamirror_diagnostic_column(get())); }
    // Returns the offending text.
    std::string_view text() const { return view(hamirror_diagnostic_text(get())); }
    // Returns what was expected there, or for a warning what is done instead.
    std::string_view expected() const { return view(hamirror_diagnostic_expected(get())); }
    // Returns whether it is a fault or a warning.
    DiagnosticKind kind() const { return DiagnosticKind{hamirror_diagnostic_kind(get())}; }

private:
    static std::optional<uint32_t> place(uint32_t number)
    {
        return number == 0 ? std::nullopt : std::optional<uint32_t>(number);
    }
};

// An error of the library. Copies share one handle, as exceptions need it.
class Error : public std::exception {
public:
    // Takes a C handle over.
    explicit Error(hamirror_error *raw) : held_(std::make_shared<Held>(raw)) {}
    // Returns the handle for C functions; it stays owned.
    const hamirror_error *get() const { return held_->handle_.get(); }
    // Returns the error in words.
    const char *what() const noexcept override { return held_->message_.c_str(); }
    // Returns the kind of the error.
    ErrorCode code() const { return ErrorCode{hamirror_error_code(get())}; }
    // True if the deadline ended every agent that failed.
    bool is_timeout() const { return hamirror_error_is_timeout(get()); }
    // True if agents were reached and refused the query.
    bool is_query_error() const { return hamirror_error_is_query_error(get()); }
    // Returns what a callback of the program returned; none if no callback failed.
    std::optional<int32_t> callback_code() const
    {
        int32_t code = hamirror_error_callback_code(get());
        return code == 0 ? std::nullopt : std::optional<int32_t>(code);
    }
    // Returns the number of agents that were asked.
    size_t agents() const { return hamirror_error_agents(get()); }
    // Returns the number of agents that answered.
    size_t agents_answered() const { return hamirror_error_agents_answered(get()); }
    // Returns why each of the other agents did not.
    Range<Failure, const hamirror_error *> failures() const
    {
        return {get(), hamirror_error_failure_count(get()), [](auto error, size_t number) {
                    return Failure(hamirror_error_failure(error, number));
                }};
    }
    // Returns every fault of a configuration or statement.
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
    // True if it holds a value, and no error.
    bool has_value() const { return held_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    // Returns the value.
    T &value() & { return std::get<0>(held_); }
    const T &value() const & { return std::get<0>(held_); }
    T &&value() && { return std::get<0>(std::move(held_)); }
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }
    // Returns the error.
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
template <typename T> using Chain = Expected<void>;
#else
template <typename T> using Returns = T;
template <typename T> using Chain = T &;
#endif
// Setters that return a Chain are for objects with a name: what they return would not outlive
// a temporary.

namespace detail {

template <typename T> Returns<T> fail(hamirror_error *error)
{
#ifdef HAMIRROR_EXPECTED
    return Error(error);
#else
    throw Error(error);
#endif
}

// An argument as C takes it: of enumerations the number.
template <typename Argument> constexpr auto plain(Argument argument)
{
    if constexpr (std::is_enum_v<Argument>)
        return number(argument);
    else
        return argument;
}

// A C function without an output.
template <typename Function, typename... Arguments>
Returns<void> run(Function function, Arguments... arguments)
{
    hamirror_error *error;
    if (function(plain(arguments)..., &error) != HAMIRROR_OK)
        return fail<void>(error);
    return Returns<void>();
}

// A C function that sets something of an object.
template <typename T, typename Function, typename... Arguments>
Chain<T> set([[maybe_unused]] T &object, Function function, Arguments... arguments)
{
#ifdef HAMIRROR_EXPECTED
    return run(function, arguments...);
#else
    run(function, arguments...);
    return object;
#endif
}

// What a C function writes where a T is asked for.
template <typename T, typename = void> struct OutputOf {
    using Type = T;
};
template <typename T> struct OutputOf<T, std::void_t<typename T::Raw>> {
    using Type = typename T::Raw *;
};
template <typename T> struct OutputOf<T, std::enable_if_t<std::is_enum_v<T>>> {
    using Type = std::underlying_type_t<T>;
};

// A C function with one output, of which a T is made.
template <typename T, typename Function, typename... Arguments>
Returns<T> ask(Function function, Arguments... arguments)
{
    typename OutputOf<T>::Type output = {};
    hamirror_error *error;
    if (function(plain(arguments)..., &output, &error) != HAMIRROR_OK)
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
