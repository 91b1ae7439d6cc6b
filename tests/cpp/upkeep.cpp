// Pings and blackholes in the program's own poll loop: upkeep ONE OTHER BLACKHOLE, daemons that
// answer with the request's own body.
#include "steps.hpp"

#include <poll.h>
#include <string>

using namespace std::chrono_literals;

namespace {

constexpr auto LIMIT = 60s;

hamirror::Client client_of(char **daemons, bool background)
{
    hamirror::ConfigBuilder builder;
    builder.set("searchd", "ha_ping_interval", "50");
    builder.set("d", "agent", std::string(daemons[0]) + "|" + daemons[1] + ":shard");
    builder.set("d", "agent_blackhole", std::string(daemons[2]) + ":shard");
    auto options = hamirror::ClientOptions().background(background);
    return hamirror::Client::make(builder.build(), options);
}

// Both mirrors answered a ping, the blackhole its request.
bool all_is_done(const hamirror::Client &client)
{
    auto status = hamirror::Status::make(client);
    auto hosts = status.hosts();
    return hosts[0].ping_trip() && hosts[1].ping_trip()
           && hosts[2].counter(hamirror::Window::since_start, hamirror::Counter::succeeded_queries)
                  == 1;
}

ErrorCode refusal(const hamirror::Client &client)
{
    return error_of([&] { hamirror::Upkeep::make(client); }).code();
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 4);
    CHECK(refusal(client_of(arguments + 1, true)) == ErrorCode::misuse);
    auto client = client_of(arguments + 1, false);
    auto upkeep = hamirror::Upkeep::make(client);
    CHECK(refusal(client) == ErrorCode::misuse);
    auto request
        = hamirror::Request::make(99, 0x100, hamirror::Access::read, std::string_view("x"));
    auto batch = hamirror::Batch::make(client);
    batch.add_index("d", request);
    CHECK(batch.wait_all());
    auto start = std::chrono::steady_clock::now();
    while (!all_is_done(client)) {
        pollfd entry = {upkeep.fd(), POLLIN, 0};
        CHECK(poll(&entry, 1, upkeep.timeout_ms()) >= 0);
        upkeep.drive();
        CHECK(!upkeep.timeout() || *upkeep.timeout() >= 0ms);
        CHECK(std::chrono::steady_clock::now() - start < LIMIT);
    }
    upkeep.wait(1ms);
    upkeep = hamirror::Upkeep();
    CHECK(error_of([&] { upkeep.drive(); }).code() == ErrorCode::argument);
    CHECK(error_of([&] { upkeep.wait(1min); }).code() == ErrorCode::argument);
    upkeep = hamirror::Upkeep::make(client);
    upkeep.drive();
}
