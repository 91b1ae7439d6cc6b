// What the test programs share: steps that must do well or fail, in a file of either kind, in
// which errors are thrown or Expected is returned.
#ifndef STEPS_HPP
#define STEPS_HPP

#include <hamirror.hpp>

#include "check.hpp"

using hamirror::AgentNumber;
using hamirror::ErrorCode;

// The value of a step that must do well.
#ifdef HAMIRROR_EXPECTED
#define OK(step) value_of((step), __FILE__, __LINE__, #step)

template <typename Step> auto value_of(Step &&step, const char *file, int line, const char *text)
{
    if (!step.has_value()) {
        std::fprintf(stderr, "%s:%d: %s: %s\n", file, line, text, step.error().what());
        std::exit(1);
    }
    return std::move(step).value();
}
#else
#define OK(step) (step)
#endif

// The error of a step that must fail: what the function throws or returns.
template <typename Thrown = hamirror::Error, typename Function> Thrown error_of(Function function)
{
#ifdef HAMIRROR_EXPECTED
    auto ended = function();
    if (!ended.has_value())
        return ended.error();
#else
    try {
        function();
    } catch (const Thrown &error) {
        return error;
    }
#endif
    std::fprintf(stderr, "no error came\n");
    std::exit(1);
}

inline bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

#endif
