// What the test programs share whose errors are thrown.
#ifndef THROWN_HPP
#define THROWN_HPP

#include <hamirror.hpp>

#include "check.hpp"

template <typename Thrown = hamirror::Error, typename Function> Thrown error_of(Function function)
{
    try {
        function();
    } catch (const Thrown &error) {
        return error;
    }
    std::fprintf(stderr, "no error came\n");
    std::exit(1);
}

inline bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

#endif
