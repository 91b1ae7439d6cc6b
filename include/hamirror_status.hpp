/* What is known of hosts, agents and indexes: include hamirror.hpp. */
#ifndef HAMIRROR_STATUS_HPP
#define HAMIRROR_STATUS_HPP

#include <hamirror_client.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Where there was nothing to measure, which is -1 in C, a time is none.
class Host : public Borrowed<hamirror_host> {
public:
    using Borrowed::Borrowed;
    using Time = std::optional<std::chrono::microseconds>;

    // Returns its name in the configuration.
    std::string_view name() const { return view(hamirror_host_name(get())); }
    // Returns the number of mirrors that name it.
    uint32_t references() const { return hamirror_host_references(get()); }
    // Returns whether it is alive.
    HostState state() const { return HostState{hamirror_host_state(get())}; }
    // Returns for how long: hamirror_host_state_us().
    Time state_for() const { return time(hamirror_host_state_us(get())); }
    // Returns the number of failures in a row.
    uint32_t errors_in_row() const { return hamirror_host_errors_in_row(get()); }
    // Returns how long ago it was asked.
    Time last_query() const { return time(hamirror_host_last_query_us(get())); }
    // Returns how long ago it answered.
    Time last_answer() const { return time(hamirror_host_last_answer_us(get())); }
    // Returns how long ago its current period began.
    Time last_period() const { return time(hamirror_host_last_period_us(get())); }
    // True if it is pinged.
    bool is_pinged() const { return hamirror_host_is_pinged(get()); }
    // Returns the time that the last ping took.
    Time ping_trip() const { return time(hamirror_host_ping_trip_us(get())); }
    // True if connections to it are kept after use.
    bool keeps_connections() const { return hamirror_host_keeps_connections(get()); }
    // Returns the number of idle connections.
    uint32_t kept_connections() const { return hamirror_host_kept_connections(get()); }
    // Returns the number of connections at work.
    uint32_t busy_connections() const { return hamirror_host_busy_connections(get()); }
    // Returns the number of requests under way.
    uint32_t in_flight() const { return hamirror_host_in_flight(get()); }
    // True if its name has to be looked up.
    bool needs_lookup() const { return hamirror_host_needs_lookup(get()); }
    // Returns its addresses.
    Range<std::string_view, const hamirror_host *> addresses() const
    {
        return {get(), hamirror_host_address_count(get()), [](auto host, size_t number) {
                    return view(hamirror_host_address(host, number));
                }};
    }
    // Returns its last failed attempt.
    std::optional<Attempt> last_failure() const
    {
        auto *failure = hamirror_host_last_failure(get());
        return failure ? std::optional<Attempt>(failure) : std::nullopt;
    }
    // Returns how long ago that was: hamirror_host_last_failure_us().
    Time last_failure_age() const { return time(hamirror_host_last_failure_us(get())); }
    // Returns a counter over a window.
    uint64_t counter(Window window, Counter counter) const
    {
        return hamirror_host_counter(get(), number(window), number(counter));
    }
    // Returns the number of answers whose time was taken.
    uint64_t latency_count(Window window) const
    {
        return hamirror_host_latency_count(get(), number(window));
    }
    // Returns the time within which that part of the answers came, 0.5 for half.
    Time latency(Window window, double part) const
    {
        return time(hamirror_host_latency_us(get(), number(window), part));
    }

private:
    static Time time(int64_t microseconds)
    {
        return microseconds < 0 ? Time() : std::chrono::microseconds(microseconds);
    }
};

// A mirror of an agent.
class Mirror : public Borrowed<hamirror_mirror> {
public:
    using Borrowed::Borrowed;
    // Returns `host:port:index list`.
    std::string_view id() const { return view(hamirror_mirror_id(get())); }
    // Returns the name of its host.
    std::string_view host() const { return view(hamirror_mirror_host(get())); }
    // Returns the weight in percent, by which it is picked.
    double weight() const { return hamirror_mirror_weight(get()); }
    // Returns the share of the requests in percent.
    double share() const { return hamirror_mirror_share(get()); }
    // Returns a counter since the start.
    uint64_t counter(Counter counter) const
    {
        return hamirror_mirror_counter(get(), number(counter));
    }
};

// An agent with its mirrors.
class Agent : public Borrowed<hamirror_agent> {
public:
    using Borrowed::Borrowed;
    // Returns the name of the distributed index.
    std::string_view index() const { return view(hamirror_agent_index(get())); }
    // Returns its number in the index.
    AgentNumber number() const { return AgentNumber{hamirror_agent_number(get())}; }
    // Returns the strategy by which mirrors are picked.
    std::string_view strategy() const { return view(hamirror_agent_strategy(get())); }
    // True if it is sent to and never waited for.
    bool is_blackhole() const { return hamirror_agent_is_blackhole(get()); }
    // True if its connections are kept.
    bool is_persistent() const { return hamirror_agent_is_persistent(get()); }
    // Returns the number of calls that got no answer from any mirror.
    uint64_t unanswered() const { return hamirror_agent_unanswered(get()); }
    // Returns its mirrors.
    Range<Mirror, const hamirror_agent *> mirrors() const
    {
        return {get(), hamirror_agent_mirror_count(get()), [](auto agent, size_t number) {
                    return Mirror(hamirror_agent_mirror(agent, number));
                }};
    }
};

// A row of a status.
struct StatusRow {
    std::string_view key;
    std::string_view value;
};

// What a statement shows. It is a range of its rows.
class Rows : public Handle<hamirror_rows, hamirror_rows_free> {
public:
    using Handle::Handle;
    // Returns the name of a column: 0 is the key's, 1 the value's.
    std::string_view column_name(size_t column) const
    {
        return view(hamirror_rows_column_name(get(), column));
    }
    // Returns the rows in order.
    Range<StatusRow, const hamirror_rows *> rows() const
    {
        return {get(), hamirror_rows_count(get()), [](auto rows, size_t row) {
                    return StatusRow{view(hamirror_rows_key(rows, row)),
                                     view(hamirror_rows_value(rows, row))};
                }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    // Returns the number of rows.
    size_t size() const { return rows().size(); }
};

// A picture of a client. It is a range of the rows of SHOW AGENT STATUS.
class Status : public Handle<hamirror_status, hamirror_status_free> {
public:
    using Handle::Handle;
    template <typename Item> using Items = Range<Item, const hamirror_status *>;

    // Takes a picture of a client.
    static Returns<Status> make(const Client &client)
    {
        return detail::ask<Status>(hamirror_status_new, client.get());
    }
    // Returns all hosts.
    Items<Host> hosts() const
    {
        return {get(), hamirror_status_host_count(get()), [](auto status, size_t number) {
                    return Host(hamirror_status_host(status, number));
                }};
    }
    // Returns a host by its name in the configuration; none if there is no such host.
    std::optional<Host> find_host(Text name) const
    {
        const hamirror_host *host;
        int32_t code = hamirror_status_find_host(get(), name.c_str(), &host, nullptr);
        return code == HAMIRROR_OK ? std::optional<Host>(host) : std::nullopt;
    }
    // Returns all agents but blackholes.
    Items<Agent> agents() const
    {
        return {get(), hamirror_status_agent_count(get()), [](auto status, size_t number) {
                    return Agent(hamirror_status_agent(status, number));
                }};
    }
    // Returns all blackholes.
    Items<Agent> blackholes() const
    {
        return {get(), hamirror_status_blackhole_count(get()), [](auto status, size_t number) {
                    return Agent(hamirror_status_blackhole(status, number));
                }};
    }
    // Returns the names of the distributed indexes, sorted.
    Items<std::string_view> index_names() const
    {
        return {get(), hamirror_status_index_count(get()), [](auto status, size_t index) {
                    return view(hamirror_status_index_name(status, index));
                }};
    }
    // Returns the local indexes of an index, by its place in index_names().
    Range<std::string_view, std::pair<const hamirror_status *, size_t>>
    local_names(size_t index) const
    {
        return {{get(), index},
                hamirror_status_local_count(get(), index),
                [](auto owner, size_t number) {
                    return view(hamirror_status_local_name(owner.first, owner.second, number));
                }};
    }
    // Returns ha_period_karma.
    std::chrono::seconds period() const
    {
        return std::chrono::seconds(static_cast<int64_t>(hamirror_status_period_s(get())));
    }
    // Returns the number of requests to blackholes that were not sent.
    uint64_t blackhole_drops() const { return hamirror_status_blackhole_drops(get()); }
    // Returns the number of connections that were opened.
    uint64_t agent_connects() const { return hamirror_status_agent_connects(get()); }
    // Returns the number of attempts after the first.
    uint64_t agent_retries() const { return hamirror_status_agent_retries(get()); }
    // Returns the number of searches and calls.
    uint64_t dist_queries() const { return hamirror_status_dist_queries(get()); }
    // Answers a SHOW statement as that daemon does.
    Returns<Rows> show(Text statement, Flavour flavour) const
    {
        return detail::ask<Rows>(hamirror_status_show, get(), statement.c_str(),
                                 flavour);
    }
    // Returns the status in the text format of Prometheus.
    std::string_view prometheus() const { return view(hamirror_status_prometheus(get())); }
    // Returns the rows of SHOW AGENT STATUS.
    Items<StatusRow> rows() const
    {
        return {get(), hamirror_status_row_count(get()), [](auto status, size_t row) {
                    return StatusRow{view(hamirror_status_key(status, row)),
                                     view(hamirror_status_value(status, row))};
                }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    // Returns the number of rows.
    size_t size() const { return rows().size(); }
};

} // inline namespace
} // namespace hamirror

#endif
