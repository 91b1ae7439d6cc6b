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

    std::string_view name() const { return view(hamirror_host_name(get())); }
    uint32_t references() const { return hamirror_host_references(get()); }
    int32_t state() const { return hamirror_host_state(get()); }
    // hamirror_host_state_us()
    Time state_for() const { return time(hamirror_host_state_us(get())); }
    uint32_t errors_in_row() const { return hamirror_host_errors_in_row(get()); }
    Time last_query() const { return time(hamirror_host_last_query_us(get())); }
    Time last_answer() const { return time(hamirror_host_last_answer_us(get())); }
    Time last_period() const { return time(hamirror_host_last_period_us(get())); }
    bool is_pinged() const { return hamirror_host_is_pinged(get()); }
    Time ping_trip() const { return time(hamirror_host_ping_trip_us(get())); }
    bool keeps_connections() const { return hamirror_host_keeps_connections(get()); }
    uint32_t kept_connections() const { return hamirror_host_kept_connections(get()); }
    uint32_t busy_connections() const { return hamirror_host_busy_connections(get()); }
    uint32_t in_flight() const { return hamirror_host_in_flight(get()); }
    bool needs_lookup() const { return hamirror_host_needs_lookup(get()); }
    Range<std::string_view, const hamirror_host *> addresses() const
    {
        return {get(), hamirror_host_address_count(get()), [](auto host, size_t number) {
                    return view(hamirror_host_address(host, number));
                }};
    }
    std::optional<Attempt> last_failure() const
    {
        auto *failure = hamirror_host_last_failure(get());
        return failure ? std::optional<Attempt>(failure) : std::nullopt;
    }
    // hamirror_host_last_failure_us()
    Time last_failure_age() const { return time(hamirror_host_last_failure_us(get())); }
    uint64_t counter(int32_t window, int32_t counter) const
    {
        return hamirror_host_counter(get(), window, counter);
    }
    uint64_t latency_count(int32_t window) const
    {
        return hamirror_host_latency_count(get(), window);
    }
    Time latency(int32_t window, double part) const
    {
        return time(hamirror_host_latency_us(get(), window, part));
    }

private:
    static Time time(int64_t microseconds)
    {
        return microseconds < 0 ? Time() : std::chrono::microseconds(microseconds);
    }
};

class Mirror : public Borrowed<hamirror_mirror> {
public:
    using Borrowed::Borrowed;
    std::string_view id() const { return view(hamirror_mirror_id(get())); }
    std::string_view host() const { return view(hamirror_mirror_host(get())); }
    double weight() const { return hamirror_mirror_weight(get()); }
    double share() const { return hamirror_mirror_share(get()); }
    uint64_t counter(int32_t counter) const { return hamirror_mirror_counter(get(), counter); }
};

class Agent : public Borrowed<hamirror_agent> {
public:
    using Borrowed::Borrowed;
    std::string_view index() const { return view(hamirror_agent_index(get())); }
    size_t number() const { return hamirror_agent_number(get()); }
    std::string_view strategy() const { return view(hamirror_agent_strategy(get())); }
    bool is_blackhole() const { return hamirror_agent_is_blackhole(get()); }
    bool is_persistent() const { return hamirror_agent_is_persistent(get()); }
    uint64_t unanswered() const { return hamirror_agent_unanswered(get()); }
    Range<Mirror, const hamirror_agent *> mirrors() const
    {
        return {get(), hamirror_agent_mirror_count(get()), [](auto agent, size_t number) {
                    return Mirror(hamirror_agent_mirror(agent, number));
                }};
    }
};

struct StatusRow {
    std::string_view key;
    std::string_view value;
};

// What a statement shows. It is a range of its rows.
class Rows : public Handle<hamirror_rows, hamirror_rows_free> {
public:
    using Handle::Handle;
    std::string_view column_name(size_t column) const
    {
        return view(hamirror_rows_column_name(get(), column));
    }
    Range<StatusRow, const hamirror_rows *> rows() const
    {
        return {get(), hamirror_rows_count(get()), [](auto rows, size_t row) {
                    return StatusRow{view(hamirror_rows_key(rows, row)),
                                     view(hamirror_rows_value(rows, row))};
                }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    size_t size() const { return rows().size(); }
};

// A picture of a client. It is a range of the rows of SHOW AGENT STATUS.
class Status : public Handle<hamirror_status, hamirror_status_free> {
public:
    using Handle::Handle;
    template <typename Item> using Items = Range<Item, const hamirror_status *>;

    static Returns<Status> make(const Client &client)
    {
        return detail::ask<Status>(hamirror_status_new, client.get());
    }
    Items<Host> hosts() const
    {
        return {get(), hamirror_status_host_count(get()), [](auto status, size_t number) {
                    return Host(hamirror_status_host(status, number));
                }};
    }
    Returns<Host> find_host(Text name) const
    {
        return detail::ask<Host>(hamirror_status_find_host, get(), name.c_str());
    }
    Items<Agent> agents() const
    {
        return {get(), hamirror_status_agent_count(get()), [](auto status, size_t number) {
                    return Agent(hamirror_status_agent(status, number));
                }};
    }
    Items<Agent> blackholes() const
    {
        return {get(), hamirror_status_blackhole_count(get()), [](auto status, size_t number) {
                    return Agent(hamirror_status_blackhole(status, number));
                }};
    }
    Items<std::string_view> index_names() const
    {
        return {get(), hamirror_status_index_count(get()), [](auto status, size_t index) {
                    return view(hamirror_status_index_name(status, index));
                }};
    }
    // By the number of the index in index_names().
    Range<std::string_view, std::pair<const hamirror_status *, size_t>>
    local_names(size_t index) const
    {
        return {{get(), index},
                hamirror_status_local_count(get(), index),
                [](auto owner, size_t number) {
                    return view(hamirror_status_local_name(owner.first, owner.second, number));
                }};
    }
    std::chrono::seconds period() const
    {
        return std::chrono::seconds(static_cast<int64_t>(hamirror_status_period_s(get())));
    }
    uint64_t blackhole_drops() const { return hamirror_status_blackhole_drops(get()); }
    uint64_t agent_connects() const { return hamirror_status_agent_connects(get()); }
    uint64_t agent_retries() const { return hamirror_status_agent_retries(get()); }
    uint64_t dist_queries() const { return hamirror_status_dist_queries(get()); }
    Returns<Rows> show(Text statement, int32_t flavour) const
    {
        return detail::ask<Rows>(hamirror_status_show, get(), statement.c_str(), flavour);
    }
    std::string_view prometheus() const { return view(hamirror_status_prometheus(get())); }
    Items<StatusRow> rows() const
    {
        return {get(), hamirror_status_row_count(get()), [](auto status, size_t row) {
                    return StatusRow{view(hamirror_status_key(status, row)),
                                     view(hamirror_status_value(status, row))};
                }};
    }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    size_t size() const { return rows().size(); }
};

} // inline namespace
} // namespace hamirror

#endif
