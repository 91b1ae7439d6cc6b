// What is known of hosts, agents and indexes, and addresses that the program pushes: status DAEMON
// PORT DEAD, a daemon that answers with the request's own body, its port, and an address on which
// nobody listens.
#include "steps.hpp"

#include <algorithm>
#include <string>

using namespace std::chrono_literals;

namespace {

constexpr int CALLS = 20;

hamirror::Client client_of(const std::string &echo, const std::string &port,
                           const std::string &dead)
{
    hamirror::ConfigBuilder builder;
    builder.set("searchd", "ha_ping_interval", "0")
        .set("d", "agent", echo + ":shard")
        .set("d", "agent", dead + ":shard")
        .set("d", "agent_blackhole", dead + ":shard")
        .set("d", "local", "here")
        .set("pushed", "agent", "nosuchhost.invalid:" + port + ":shard")
        .set("path", "agent", "/nosuch/searchd.sock:shard");
    auto options
        = hamirror::ClientOptions().background(false).keep_connections(hamirror::Keep::always);
    return hamirror::Client::make(builder.build(), options);
}

// How the call of an agent ends.
ErrorCode ask(const hamirror::Client &client, const char *index, size_t agent)
{
    auto request
        = hamirror::Request::make(99, 0x100, hamirror::Access::read, std::string_view("x"));
    try {
        auto reply = client.call(index, AgentNumber{agent}, request);
        CHECK(reply.status() == hamirror::ReplyStatus::ok);
        return ErrorCode::ok;
    } catch (const hamirror::Error &error) {
        return error.code();
    }
}

void living_host(const hamirror::Status &status, const std::string &name)
{
    auto host = status.find_host(name).value();
    CHECK(host.name() == name && host.references() == 1 && host.errors_in_row() == 0);
    CHECK(host.state() == hamirror::HostState::living && host.state_for() > 0us);
    CHECK(!host.last_failure() && !host.last_failure_age() && !host.ping_trip());
    CHECK(host.last_query() > host.last_answer() && host.last_answer() >= 0us);
    CHECK(host.last_period() >= 0us && !host.is_pinged() && !host.needs_lookup());
    CHECK(host.keeps_connections() && host.kept_connections() == 1);
    CHECK(host.busy_connections() == 0 && host.in_flight() == 0);
    CHECK(host.addresses().size() == 1 && host.addresses()[0] == name);
    for (auto window : {hamirror::Window::since_start, hamirror::Window::fifteen_periods}) {
        CHECK(host.counter(window, hamirror::Counter::succeeded_queries) == CALLS);
        CHECK(host.latency_count(window) == CALLS && host.latency(window, 0.5) >= 0us);
        CHECK(host.latency(window, 0.5) <= host.latency(window, 1.0));
    }
    CHECK(!host.latency(hamirror::Window{2}, 0.5));
}

void dead_host(const hamirror::Status &status, const std::string &name)
{
    CHECK(!status.find_host("none"));
    auto host = status.find_host(name).value();
    CHECK(host.state() == hamirror::HostState::dead && host.errors_in_row() == 4);
    CHECK(host.last_failure()->kind() == hamirror::FailureKind::connect_failure);
    CHECK(host.last_failure()->host() == name && host.last_failure_age() >= 0us);
    CHECK(!host.latency(hamirror::Window::since_start, 0.5));
}

void agents_and_indexes(const hamirror::Status &status, const std::string &echo)
{
    auto agent = status.agents()[0];
    CHECK(status.agents().size() == 4 && status.hosts().size() == 4);
    CHECK(status.hosts()[0].name() == echo);
    CHECK(agent.index() == "d" && agent.number() == AgentNumber{0});
    CHECK(agent.strategy() == "random");
    CHECK(agent.is_persistent() && !agent.is_blackhole() && agent.mirrors().size() == 1);
    CHECK(agent.unanswered() == 0);
    for (auto mirror : agent.mirrors()) {
        CHECK(mirror.host() == echo && mirror.id() == echo + ":shard");
        CHECK(mirror.weight() > 99.9 && mirror.share() > 99.9);
        CHECK(mirror.counter(hamirror::Counter::succeeded_queries) == CALLS);
    }
    CHECK(status.blackholes().size() == 1 && status.blackholes()[0].is_blackhole());
    auto names = status.index_names();
    CHECK(names.size() == 3 && names[0] == "d" && std::is_sorted(names.begin(), names.end()));
    auto locals = status.local_names(0);
    CHECK(locals.size() == 1 && *locals.begin() == "here" && status.local_names(1).empty());
    CHECK(status.period() == 60s && status.blackhole_drops() == 0);
    CHECK(status.dist_queries() == CALLS + 4 && status.agent_connects() == 5);
    CHECK(status.agent_retries() == 0);
}

void statements(const hamirror::Status &status, const std::string &echo)
{
    auto rows = status.show("SHOW AGENT STATUS", hamirror::Flavour::sphinx);
    CHECK(rows.column_name(0) == "Key" && rows.column_name(1) == "Value");
    CHECK(rows.size() == status.size() && rows.size() > 10);
    CHECK(std::equal(rows.begin(), rows.end(), status.begin(), [](auto row, auto other) {
        return row.key == other.key && row.value == other.value;
    }));
    rows = status.show("show agent status like 'ag\\_0\\_host%'", hamirror::Flavour::manticore);
    CHECK(rows.size() == 1 && rows.rows()[0].value == echo);
    auto error = error_of([&] { status.show("SHOW TABLES", hamirror::Flavour::sphinx); });
    CHECK(error.code() == ErrorCode::request);
    CHECK(contains(status.prometheus(), "hamirror_host_queries_total{host=\"" + echo + "\""));
}

void addresses(const hamirror::Client &client, const std::string &echo, const std::string &port)
{
    auto host = "nosuchhost.invalid:" + port;
    auto refused = [&](const char *name, const std::vector<std::string> &pushed) {
        return error_of([&] { client.set_addresses(name, pushed); }).code();
    };
    CHECK(ask(client, "pushed", 0) == ErrorCode::unanswered);
    client.set_addresses(host, {"127.0.0.1"});
    client.flush_hostnames();
    CHECK(client.refresh_hostnames() == 1);
    CHECK(ask(client, "pushed", 0) == ErrorCode::ok);
    client.set_addresses(host, {echo, "127.0.0.1"});
    CHECK(refused(host.c_str(), {"127.0.0.1", "box1"}) == ErrorCode::request);
    CHECK(refused(host.c_str(), {std::string("127.0.0.1\0", 10)}) == ErrorCode::argument);
    CHECK(refused("none", {"127.0.0.1"}) == ErrorCode::unknown);
    CHECK(refused("/nosuch/searchd.sock", {"127.0.0.1"}) == ErrorCode::misuse);
    CHECK(ask(client, "pushed", 0) == ErrorCode::ok);
    client.set_addresses(host, {});
    CHECK(ask(client, "pushed", 0) == ErrorCode::unanswered);
    auto none = hamirror::Client();
    CHECK(error_of([&] { none.flush_hostnames(); }).code() == ErrorCode::argument);
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 4);
    auto client = client_of(arguments[1], arguments[2], arguments[3]);
    for (int call = 0; call < CALLS; call++)
        CHECK(ask(client, "d", 0) == ErrorCode::ok);
    for (int call = 0; call < 4; call++)
        CHECK(ask(client, "d", 1) == ErrorCode::unanswered);
    auto status = hamirror::Status::make(client);
    living_host(status, arguments[1]);
    dead_host(status, arguments[3]);
    agents_and_indexes(status, arguments[1]);
    statements(status, arguments[1]);
    addresses(client, arguments[1], arguments[2]);
}
