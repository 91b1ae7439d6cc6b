/* Enumerations, and numbers that are not to be mixed up: include hamirror.hpp. */
#ifndef HAMIRROR_VALUES_HPP
#define HAMIRROR_VALUES_HPP

#include <hamirror.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

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

// Number of an agent in its index, from 0.
enum class AgentNumber : size_t {};

// Number of a call in its batch.
enum class CallId : uint32_t {};

// Number of a search in its batch.
enum class SearchId : uint32_t {};

// Returns the number behind an enumeration, as C has it.
template <typename Value> constexpr std::underlying_type_t<Value> number(Value value)
{
    return static_cast<std::underlying_type_t<Value>>(value);
}

// Kinds of errors.
enum class ErrorCode : int32_t {
    ok = HAMIRROR_OK,
    argument = HAMIRROR_ERROR_ARGUMENT,
    config = HAMIRROR_ERROR_CONFIG,
    request = HAMIRROR_ERROR_REQUEST,
    unknown = HAMIRROR_ERROR_UNKNOWN,
    misuse = HAMIRROR_ERROR_MISUSE,
    unanswered = HAMIRROR_ERROR_UNANSWERED,
    merge = HAMIRROR_ERROR_MERGE,
    system = HAMIRROR_ERROR_SYSTEM,
    reentrant = HAMIRROR_ERROR_REENTRANT,
    panic = HAMIRROR_ERROR_PANIC,
    type = HAMIRROR_ERROR_TYPE,
    forked = HAMIRROR_ERROR_FORKED,
    other = HAMIRROR_ERROR_OTHER,
    callback = HAMIRROR_ERROR_CALLBACK,
};

// Kinds of failed attempts.
enum class FailureKind : int32_t {
    query_timeout = HAMIRROR_FAILURE_QUERY_TIMEOUT,
    connect_timeout = HAMIRROR_FAILURE_CONNECT_TIMEOUT,
    connect_failure = HAMIRROR_FAILURE_CONNECT_FAILURE,
    network_error = HAMIRROR_FAILURE_NETWORK_ERROR,
    wrong_reply = HAMIRROR_FAILURE_WRONG_REPLY,
    unexpected_closing = HAMIRROR_FAILURE_UNEXPECTED_CLOSING,
    remote_error = HAMIRROR_FAILURE_REMOTE_ERROR,
    remote_retry = HAMIRROR_FAILURE_REMOTE_RETRY,
    overtaken = HAMIRROR_FAILURE_OVERTAKEN,
    local = HAMIRROR_FAILURE_LOCAL,
};

// Steps of an attempt.
enum class Phase : int32_t {
    resolve = HAMIRROR_PHASE_RESOLVE,
    connect = HAMIRROR_PHASE_CONNECT,
    handshake = HAMIRROR_PHASE_HANDSHAKE,
    send = HAMIRROR_PHASE_SEND,
    wait = HAMIRROR_PHASE_WAIT,
    read = HAMIRROR_PHASE_READ,
};

// Kinds of diagnostics.
enum class DiagnosticKind : int32_t {
    fault = HAMIRROR_DIAGNOSTIC_FAULT,
    warning = HAMIRROR_DIAGNOSTIC_WARNING,
};

// Rules by which a configuration is read.
enum class Reading : int32_t {
    strict = HAMIRROR_READING_STRICT,
    sphinx = HAMIRROR_READING_SPHINX,
    manticore = HAMIRROR_READING_MANTICORE,
};

// Connections that are kept after use.
enum class Keep : int32_t {
    by_line = HAMIRROR_KEEP_BY_LINE,
    always = HAMIRROR_KEEP_ALWAYS,
    never = HAMIRROR_KEEP_NEVER,
};

// Agents that must answer.
enum class Completeness : int32_t {
    best_effort = HAMIRROR_COMPLETENESS_BEST_EFFORT,
    at_least = HAMIRROR_COMPLETENESS_AT_LEAST,
    all = HAMIRROR_COMPLETENESS_ALL,
};

// Orders of rows.
enum class SortMode : int32_t {
    relevance = HAMIRROR_SORT_RELEVANCE,
    descending = HAMIRROR_SORT_DESCENDING,
    ascending = HAMIRROR_SORT_ASCENDING,
    time_segments = HAMIRROR_SORT_TIME_SEGMENTS,
    extended = HAMIRROR_SORT_EXTENDED,
    expression = HAMIRROR_SORT_EXPRESSION,
};

// Functions that weigh matches.
enum class Ranker : int32_t {
    proximity_bm25 = HAMIRROR_RANKER_PROXIMITY_BM25,
    bm25 = HAMIRROR_RANKER_BM25,
    none = HAMIRROR_RANKER_NONE,
    wordcount = HAMIRROR_RANKER_WORDCOUNT,
    proximity = HAMIRROR_RANKER_PROXIMITY,
    matchany = HAMIRROR_RANKER_MATCHANY,
    fieldmask = HAMIRROR_RANKER_FIELDMASK,
    sph04 = HAMIRROR_RANKER_SPH04,
    expression = HAMIRROR_RANKER_EXPRESSION,
    exported = HAMIRROR_RANKER_EXPORT,
};

// Ways to read the text of a query.
enum class MatchMode : int32_t {
    all = HAMIRROR_MATCH_ALL,
    any = HAMIRROR_MATCH_ANY,
    phrase = HAMIRROR_MATCH_PHRASE,
    boolean = HAMIRROR_MATCH_BOOLEAN,
    extended = HAMIRROR_MATCH_EXTENDED,
    fullscan = HAMIRROR_MATCH_FULLSCAN,
    extended2 = HAMIRROR_MATCH_EXTENDED2,
};

// What a filter does with the documents that it matches.
enum class Filter : int32_t {
    keep = HAMIRROR_FILTER_KEEP,
    drop = HAMIRROR_FILTER_DROP,
    keep_groups = HAMIRROR_FILTER_KEEP_GROUPS,
    drop_groups = HAMIRROR_FILTER_DROP_GROUPS,
};

// What documents are grouped by.
enum class GroupFunction : int32_t {
    day = HAMIRROR_GROUP_DAY,
    week = HAMIRROR_GROUP_WEEK,
    month = HAMIRROR_GROUP_MONTH,
    year = HAMIRROR_GROUP_YEAR,
    attribute = HAMIRROR_GROUP_ATTRIBUTE,
    attribute_pair = HAMIRROR_GROUP_ATTRIBUTE_PAIR,
};

// Whose answer a merge gives where masters are not right.
enum class MergeMode : int32_t {
    exact = HAMIRROR_MERGE_EXACT,
    master = HAMIRROR_MERGE_MASTER,
    unique = HAMIRROR_MERGE_UNIQUE,
};

// Open ends of a filter.
enum class Bound : int32_t {
    at_least = HAMIRROR_BOUND_AT_LEAST,
    above = HAMIRROR_BOUND_ABOVE,
    at_most = HAMIRROR_BOUND_AT_MOST,
    below = HAMIRROR_BOUND_BELOW,
};

// Flags of a search.
enum class Flag : int32_t {
    reverse_scan = HAMIRROR_FLAG_REVERSE_SCAN,
    keep_buffer = HAMIRROR_FLAG_KEEP_BUFFER,
    boolean_simplify = HAMIRROR_FLAG_BOOLEAN_SIMPLIFY,
    plain_idf = HAMIRROR_FLAG_PLAIN_IDF,
    global_idf = HAMIRROR_FLAG_GLOBAL_IDF,
    tfidf_normalized = HAMIRROR_FLAG_TFIDF_NORMALIZED,
    low_priority = HAMIRROR_FLAG_LOW_PRIORITY,
};

// Orders of strings.
enum class Collation : int32_t {
    libc_ci = HAMIRROR_COLLATION_LIBC_CI,
    libc_cs = HAMIRROR_COLLATION_LIBC_CS,
    utf8_general_ci = HAMIRROR_COLLATION_UTF8_GENERAL_CI,
    binary = HAMIRROR_COLLATION_BINARY,
};

// Types of columns.
enum class Kind : int32_t {
    uint = HAMIRROR_KIND_UINT,
    timestamp = HAMIRROR_KIND_TIMESTAMP,
    boolean = HAMIRROR_KIND_BOOL,
    float32 = HAMIRROR_KIND_FLOAT,
    bigint = HAMIRROR_KIND_BIGINT,
    string = HAMIRROR_KIND_STRING,
    computed_string = HAMIRROR_KIND_COMPUTED_STRING,
    token_count = HAMIRROR_KIND_TOKEN_COUNT,
    json = HAMIRROR_KIND_JSON,
    float64 = HAMIRROR_KIND_DOUBLE,
    uint64 = HAMIRROR_KIND_UINT64,
    float_vector = HAMIRROR_KIND_FLOAT_VECTOR,
    factors = HAMIRROR_KIND_FACTORS,
    json_field = HAMIRROR_KIND_JSON_FIELD,
    factors_json = HAMIRROR_KIND_FACTORS_JSON,
    multi = HAMIRROR_KIND_MULTI,
    multi64 = HAMIRROR_KIND_MULTI64,
};

// Types of values.
enum class Type : int32_t {
    null = HAMIRROR_TYPE_NULL,
    uint = HAMIRROR_TYPE_UINT,
    boolean = HAMIRROR_TYPE_BOOL,
    float32 = HAMIRROR_TYPE_FLOAT,
    bigint = HAMIRROR_TYPE_BIGINT,
    uint64 = HAMIRROR_TYPE_UINT64,
    float64 = HAMIRROR_TYPE_DOUBLE,
    string = HAMIRROR_TYPE_STRING,
    json = HAMIRROR_TYPE_JSON,
    multi = HAMIRROR_TYPE_MULTI,
    multi64 = HAMIRROR_TYPE_MULTI64,
    floats = HAMIRROR_TYPE_FLOATS,
    factors = HAMIRROR_TYPE_FACTORS,
    // A timestamp, which overrides alone tell from a number.
    override_timestamp = HAMIRROR_OVERRIDE_TIMESTAMP,
};

// Daemons whose rows a status copies.
enum class Flavour : int32_t {
    sphinx = HAMIRROR_FLAVOUR_SPHINX,
    manticore = HAMIRROR_FLAVOUR_MANTICORE,
};

// States of a host.
enum class HostState : int32_t {
    living = HAMIRROR_HOST_LIVING,
    dead = HAMIRROR_HOST_DEAD,
    on_trial = HAMIRROR_HOST_ON_TRIAL,
};

// Times over which a host is counted.
enum class Window : int32_t {
    since_start = HAMIRROR_WINDOW_SINCE_START,
    one_period = HAMIRROR_WINDOW_1_PERIOD,
    five_periods = HAMIRROR_WINDOW_5_PERIODS,
    fifteen_periods = HAMIRROR_WINDOW_15_PERIODS,
};

// Counters of a host or a mirror.
enum class Counter : int32_t {
    query_timeouts = HAMIRROR_COUNTER_QUERY_TIMEOUTS,
    connect_timeouts = HAMIRROR_COUNTER_CONNECT_TIMEOUTS,
    connect_failures = HAMIRROR_COUNTER_CONNECT_FAILURES,
    network_errors = HAMIRROR_COUNTER_NETWORK_ERRORS,
    wrong_replies = HAMIRROR_COUNTER_WRONG_REPLIES,
    unexpected_closings = HAMIRROR_COUNTER_UNEXPECTED_CLOSINGS,
    warnings = HAMIRROR_COUNTER_WARNINGS,
    succeeded_queries = HAMIRROR_COUNTER_SUCCEEDED_QUERIES,
    remote_errors = HAMIRROR_COUNTER_REMOTE_ERRORS,
    remote_retries = HAMIRROR_COUNTER_REMOTE_RETRIES,
    overtaken = HAMIRROR_COUNTER_OVERTAKEN,
    local_failures = HAMIRROR_COUNTER_LOCAL_FAILURES,
    connects = HAMIRROR_COUNTER_CONNECTS,
    connect_us = HAMIRROR_COUNTER_CONNECT_US,
    connect_us_max = HAMIRROR_COUNTER_CONNECT_US_MAX,
    query_us = HAMIRROR_COUNTER_QUERY_US,
};

// What a request may change.
enum class Access : int32_t {
    read = HAMIRROR_ACCESS_READ,
    write = HAMIRROR_ACCESS_WRITE,
};

// What a program thinks of a reply.
enum class VerdictKind : int32_t {
    accept = HAMIRROR_VERDICT_ACCEPT,
    warned = HAMIRROR_VERDICT_WARNED,
    malformed = HAMIRROR_VERDICT_MALFORMED,
    refused = HAMIRROR_VERDICT_REFUSED,
};

// Whose daemon it is.
enum class Product : int32_t {
    unknown = HAMIRROR_PRODUCT_UNKNOWN,
    sphinx = HAMIRROR_PRODUCT_SPHINX,
    manticore = HAMIRROR_PRODUCT_MANTICORE,
};

// Statuses of a reply.
enum class ReplyStatus : int32_t {
    ok = HAMIRROR_REPLY_OK,
    warning = HAMIRROR_REPLY_WARNING,
};

// Switches of excerpts.
enum class ExcerptFlag : int32_t {
    remove_spaces = HAMIRROR_EXCERPT_REMOVE_SPACES,
    exact_phrase = HAMIRROR_EXCERPT_EXACT_PHRASE,
    single_passage = HAMIRROR_EXCERPT_SINGLE_PASSAGE,
    use_boundaries = HAMIRROR_EXCERPT_USE_BOUNDARIES,
    weight_order = HAMIRROR_EXCERPT_WEIGHT_ORDER,
    query_mode = HAMIRROR_EXCERPT_QUERY_MODE,
    force_all_words = HAMIRROR_EXCERPT_FORCE_ALL_WORDS,
    allow_empty = HAMIRROR_EXCERPT_ALLOW_EMPTY,
    emit_zones = HAMIRROR_EXCERPT_EMIT_ZONES,
};

// What is done with the markup of a document.
enum class HtmlStrip : int32_t {
    index = HAMIRROR_HTML_STRIP_INDEX,
    none = HAMIRROR_HTML_STRIP_NONE,
    strip = HAMIRROR_HTML_STRIP_STRIP,
    retain = HAMIRROR_HTML_STRIP_RETAIN,
};

// What no passage of an excerpt goes beyond.
enum class PassageBoundary : int32_t {
    none = HAMIRROR_PASSAGE_BOUNDARY_NONE,
    sentence = HAMIRROR_PASSAGE_BOUNDARY_SENTENCE,
    paragraph = HAMIRROR_PASSAGE_BOUNDARY_PARAGRAPH,
    zone = HAMIRROR_PASSAGE_BOUNDARY_ZONE,
};

// Where the documents of excerpts are.
enum class ExcerptFiles : int32_t {
    none = HAMIRROR_EXCERPT_FILES_NONE,
    everywhere = HAMIRROR_EXCERPT_FILES_EVERYWHERE,
    scattered = HAMIRROR_EXCERPT_FILES_SCATTERED,
};

// Levels of a log.
enum class LogLevel : int32_t {
    warning = HAMIRROR_LOG_WARNING,
    info = HAMIRROR_LOG_INFO,
    debug = HAMIRROR_LOG_DEBUG,
};

namespace detail {

// A time for C, in milliseconds of 32 bits; what is beyond is the next that there is.
constexpr uint32_t milliseconds(std::chrono::milliseconds time)
{
    if (time.count() <= 0)
        return 0;
    return time.count() < int64_t{UINT32_MAX} ? static_cast<uint32_t>(time.count()) : UINT32_MAX;
}

// A limit of a wait for C, where none is -1.
constexpr int64_t limit(std::optional<std::chrono::milliseconds> time)
{
    return time ? (time->count() < 0 ? 0 : time->count()) : -1;
}

// A time of C to wait, where -1 is none.
inline std::optional<std::chrono::milliseconds> timeout(int32_t time)
{
    return time < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(time));
}

// A setting for C, where 0 is "not set".
constexpr int64_t setting(std::optional<int64_t> value)
{
    return value ? (*value <= 0 ? HAMIRROR_NONE : *value) : 0;
}

// A number that C gives, or none of them.
template <typename Id> std::optional<Id> id_or_none(uint32_t number, uint32_t none)
{
    return number == none ? std::nullopt : std::optional<Id>(Id{number});
}

} // namespace detail

} // inline namespace
} // namespace hamirror

#endif
