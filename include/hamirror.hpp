/*
 * hamirror for C++17 and later: the functions of hamirror.h as classes.
 *
 * Header-only and no part of the ABI. A method does what the C function of its name does:
 * Batch::add_index() is hamirror_batch_add_index(), described in hamirror.h. An enumerator is the
 * constant of its name: ErrorCode::config is HAMIRROR_ERROR_CONFIG. The classes are in the headers
 * that this one includes.
 *
 * Errors. What can fail returns Returns<T>. That is a plain T, and a hamirror::Error is thrown.
 * With HAMIRROR_EXPECTED defined before this header, or exceptions turned off (-fno-exceptions),
 * it is Expected<T>, which holds a T or an Error. Files of every kind may be in one program; what
 * they hand each other is C handles.
 *
 * Setters are chained: a Chain<T> is the T & that was set. Where errors are values it is an
 * Expected<void>. Enumerations and numbers (CallId, SearchId, AgentNumber) are types of their own,
 * and number() returns what C has for them. An enumeration may hold a number without a name, from
 * a newer library. What may be absent is a std::optional, and times are of std::chrono.
 *
 * Handles are move-only; get() is the handle for C functions, release() gives it up. A handle
 * that was moved from is NULL for the C functions, which answer that with errors and zeros.
 *
 * Threads. A const method may run in any number of threads at a time, any other in one.
 *
 * Texts that come in are anything that Text takes. Texts that go out are borrowed: a
 * std::string_view lives as long as hamirror.h says of the text, and so do ranges and what is
 * iterated in them: Failure, Attempt, Outcome, Diagnostic, Row, ReplyView, Host, Agent, Mirror,
 * AgentAnswers, MirrorAnswer, Keyword, DaemonCounter.
 *
 * Callbacks are callables of any type. They return nothing, or an int32_t as hamirror.h says.
 * Target, Body, ReplyView, Verdict and LocalView are theirs until they return. They are moved into
 * what calls them, and destroyed as hamirror_drop_callback says, so they may own no Client, Batch
 * or Upkeep; that of Client::search_with_locals() stays where it is.
 *
 * They may throw, though not into C: one that throws ends its call as one that returns
 * callback_threw does. Where errors are thrown, Client::search_with_locals() throws on what its
 * callback threw. What a log throws is dropped. Without exceptions (-fno-exceptions) nothing is
 * caught.
 */
#ifndef HAMIRROR_HPP
#define HAMIRROR_HPP

#include <hamirror_batch.hpp>
#include <hamirror_client.hpp>
#include <hamirror_command.hpp>
#include <hamirror_local.hpp>
#include <hamirror_pending.hpp>
#include <hamirror_raw_merge.hpp>
#include <hamirror_request.hpp>
#include <hamirror_search.hpp>
#include <hamirror_session.hpp>
#include <hamirror_status.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Returns the version of the library, such as "0.1.0".
inline std::string_view version() { return hamirror_version(); }
// Returns the version as a number: major << 16, minor << 8, patch.
inline uint32_t version_number() { return hamirror_version_number(); }

} // inline namespace
} // namespace hamirror

#endif
