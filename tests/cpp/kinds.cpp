// A file that throws and a file that returns Expected in one program: see kinds_expected.cpp.
#include <hamirror.hpp>
#include <hamirror.hpp>

#include "check.hpp"

#include <type_traits>

template <typename T> constexpr bool moves_only()
{
    return std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>
        && !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
}

static_assert(moves_only<hamirror::Batch>() && moves_only<hamirror::Client>());
static_assert(moves_only<hamirror::Config>() && moves_only<hamirror::ConfigBuilder>());
static_assert(moves_only<hamirror::Reply>() && moves_only<hamirror::Request>());
static_assert(moves_only<hamirror::Result>() && moves_only<hamirror::Search>());
static_assert(moves_only<hamirror::Status>() && moves_only<hamirror::Waker>());
static_assert(moves_only<hamirror::Local>() && moves_only<hamirror::Rows>());
static_assert(moves_only<hamirror::Upkeep>());
static_assert(sizeof(hamirror::Client) == sizeof(hamirror_client *));
static_assert(std::is_nothrow_copy_constructible_v<hamirror::Error>);
static_assert(std::is_same_v<hamirror::Returns<int>, int>);

// What a setter returns would not outlive a temporary.
template <typename T, typename = void> constexpr bool can_be_set = false;
template <typename T>
constexpr bool can_be_set<T, std::void_t<decltype(std::declval<T>().select("id"))>> = true;
static_assert(can_be_set<hamirror::Search &> && !can_be_set<hamirror::Search>);

// Numbers are not mixed up, and one without a name is kept.
static_assert(!std::is_convertible_v<hamirror::CallId, hamirror::SearchId>);
static_assert(!std::is_convertible_v<uint32_t, hamirror::CallId>);
static_assert(!std::is_convertible_v<int32_t, hamirror::SortMode>);
static_assert(number(hamirror::ErrorCode{77}) == 77 && number(hamirror::CallId{7}) == 7);

// C has times in milliseconds, where some numbers mean something else.
namespace detail = hamirror::detail;
using namespace std::chrono_literals;
static_assert(detail::milliseconds(1min) == 60000 && detail::milliseconds(-1ms) == 0);
static_assert(detail::milliseconds(2000h) == UINT32_MAX);
static_assert(detail::limit(std::nullopt) == -1 && detail::limit(-5ms) == 0);
static_assert(detail::limit(1s) == 1000 && detail::setting(std::nullopt) == 0);
static_assert(detail::setting(0) == HAMIRROR_NONE && detail::setting(250) == 250);

hamirror_config *config_of_other_kind();
int code_of_other_kind();

int main()
{
    hamirror::Config config(config_of_other_kind());
    CHECK(config.index_names().size() == 1 && config.index_names()[0] == "dist");
    auto code = hamirror::ErrorCode::ok;
    try {
        hamirror::Config::parse("index {", "wrong.conf");
    } catch (const std::exception &error) {
        code = static_cast<const hamirror::Error &>(error).code();
    }
    CHECK(code == hamirror::ErrorCode::config && number(code) == code_of_other_kind());
}
