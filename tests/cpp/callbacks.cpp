// Callables that build and judge requests, that hear a log, and that throw: callbacks ONE OTHER,
// two daemons that answer with the request's own body.
#include "thrown.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

constexpr auto READ = HAMIRROR_ACCESS_READ;

hamirror::Client client_of(const std::string &agent)
{
    hamirror::ConfigBuilder builder;
    builder.set("searchd", "ha_ping_interval", "0");
    builder.set("d", "ha_strategy", "roundrobin");
    builder.set("d", "agent", agent + ":shard");
    builder.set("d", "agent_connect_timeout", "60s");
    builder.set("d", "agent_query_timeout", "60s");
    hamirror::ClientOptions options;
    options.no_background = 1;
    return hamirror::Client::make(builder.build(), options);
}

std::string text_of(hamirror::Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

void build_x(hamirror::Target, hamirror::Body body)
{
    body.append(std::string_view("x"));
}

void each_mirror_has_its_body(const hamirror::Client &client)
{
    int built = 0, judged = 0;
    auto build = [&](hamirror::Target target, hamirror::Body body) {
        built++;
        CHECK(target.index_list() == "shard" && target.product() == HAMIRROR_PRODUCT_UNKNOWN);
        body.append(target.host());
        body.append(std::vector<uint8_t>{'/', '1'});
        auto error = error_of([&] { body.append(hamirror::Bytes(nullptr, 3)); });
        CHECK(error.code() == HAMIRROR_ERROR_ARGUMENT);
    };
    auto judge = [&](hamirror::ReplyView reply, hamirror::Verdict) {
        judged++;
        CHECK(reply.status() == HAMIRROR_REPLY_OK && reply.version() == 0x100);
    };
    auto request = hamirror::Request::make_with(99, 0x100, READ, build, judge);
    auto batch = hamirror::Batch::make(client);
    for (int round = 0; round < 4; round++) {
        auto call = batch.add_index("d", request)[0];
        CHECK(batch.wait_all());
        auto expected = std::string(batch.asked(call).host) + "/1";
        CHECK(text_of(batch.take_reply(call).body()) == expected);
    }
    // Each was tried on its agent when it was added, and then sent.
    CHECK(built == 8 && judged == 4);
    auto plain = hamirror::Request::make_with(99, 0x100, READ, build_x);
    CHECK(text_of(client.call("d", 0, plain).body()) == "x");
}

void verdicts_are_heeded(const hamirror::Client &client)
{
    auto ask = [&](int32_t kind, int count) {
        int judged = 0;
        auto judge = [&](hamirror::ReplyView, hamirror::Verdict verdict) {
            CHECK(error_of([&] { verdict.set(77); }).code() == HAMIRROR_ERROR_ARGUMENT);
            CHECK(error_of([&] { verdict.set(HAMIRROR_VERDICT_REFUSED); }).code()
                  == HAMIRROR_ERROR_ARGUMENT);
            if (judged++ < count)
                verdict.set(kind, "no such field");
        };
        client.call("d", 0, hamirror::Request::make_with(99, 0x100, READ, build_x, judge));
        return judged;
    };
    CHECK(ask(HAMIRROR_VERDICT_ACCEPT, 1) == 1 && ask(HAMIRROR_VERDICT_WARNED, 1) == 1);
    CHECK(ask(HAMIRROR_VERDICT_MALFORMED, 1) == 2 && ask(HAMIRROR_VERDICT_REFUSED, 1) == 2);
    auto error = error_of([&] { ask(HAMIRROR_VERDICT_REFUSED, 2); });
    CHECK(error.is_query_error() && error.callback_code() == 0);
    CHECK(error.failures()[0].query_error() == "no such field");
}

template <typename Build, typename Judge>
int32_t code_of(const hamirror::Client &client, Build build, Judge judge)
{
    auto request = hamirror::Request::make_with(99, 0x100, READ, std::move(build), judge);
    auto error = error_of([&] { client.call("d", 0, request); });
    CHECK(error.code() == HAMIRROR_ERROR_CALLBACK && !error.is_query_error());
    return error.callback_code();
}

void own_failures_pass_through(const hamirror::Client &client)
{
    auto fails = [](hamirror::Target, hamirror::Body) { return 77; };
    auto fails_later = [](hamirror::Target target, hamirror::Body) {
        return target.attempt() == 0 ? 0 : -9;
    };
    auto throws = [](hamirror::Target, hamirror::Body) { throw std::runtime_error("no body"); };
    auto judge_fails = [](hamirror::ReplyView, hamirror::Verdict) { return 78; };
    auto judge_throws = [](hamirror::ReplyView, hamirror::Verdict verdict) {
        verdict.set(HAMIRROR_VERDICT_MALFORMED);
    };
    auto malformed = [](hamirror::ReplyView, hamirror::Verdict verdict) {
        verdict.set(HAMIRROR_VERDICT_MALFORMED, "once more");
    };
    CHECK(code_of(client, fails, nullptr) == 77 && code_of(client, build_x, judge_fails) == 78);
    CHECK(code_of(client, fails_later, malformed) == -9);
    CHECK(code_of(client, throws, nullptr) == hamirror::callback_threw);
    CHECK(code_of(client, build_x, judge_throws) == hamirror::callback_threw);
}

// What callables hold is destroyed once, when nothing needs it any more, also if it never served.
void what_they_hold_ends_with_them(const hamirror::Client &client)
{
    auto held = std::make_shared<int>(1);
    auto build = [held](hamirror::Target, hamirror::Body body) {
        body.append(std::vector<uint8_t>(static_cast<size_t>(*held)));
    };
    auto batch = hamirror::Batch::make(client);
    batch.add_agent("d", 0, hamirror::Request::make_with(99, 0x100, READ, std::move(build)));
    CHECK(held.use_count() == 2);
    batch = hamirror::Batch();
    CHECK(held.use_count() == 1);
    auto refused = error_of([&] {
        auto holds = [held](hamirror::Target, hamirror::Body) {};
        hamirror::Request::make_with(99, 0x100, 77, std::move(holds));
    });
    CHECK(refused.code() == HAMIRROR_ERROR_ARGUMENT && held.use_count() == 1);
    auto alone = [own = std::make_unique<int>(5)](hamirror::Target, hamirror::Body) {
        return *own;
    };
    CHECK(code_of(client, std::move(alone), nullptr) == 5);
}

void logs_are_heard()
{
    // Nobody listens on port 1.
    auto client = client_of("127.0.0.1:1");
    auto request = hamirror::Request::make(99, 0x100, READ, std::string_view("x"));
    auto ask = [&] { error_of([&] { client.call("d", 0, request); }); };
    auto lines = std::make_shared<std::atomic<int>>(0);
    auto hear = [lines, &client](int32_t level, std::string_view line) {
        CHECK(level >= HAMIRROR_LOG_WARNING && contains(line, "127.0.0.1:1"));
        CHECK(hamirror::Status::make(client).size() > 0);
        ++*lines;
        throw std::runtime_error("nobody hears this");
    };
    CHECK(error_of([&] { client.set_log(77, hear); }).code() == HAMIRROR_ERROR_ARGUMENT);
    client.set_log(HAMIRROR_LOG_DEBUG, hear);
    // One in here, one in hear, one in the client.
    CHECK(lines.use_count() == 3);
    ask();
    CHECK(*lines == 1);
    client.set_log(HAMIRROR_LOG_WARNING, [lines](int32_t, std::string_view) { return ++*lines; });
    for (int call = 0; call < 3; call++)
        ask();
    // The fourth failure in a row, in all: dead.
    CHECK(*lines == 2 && lines.use_count() == 3);
    client.set_log(nullptr);
    ask();
    CHECK(*lines == 2 && lines.use_count() == 2);
    auto moved = std::move(client);
    CHECK(error_of([&] { client.set_log(nullptr); }).code() == HAMIRROR_ERROR_ARGUMENT);
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto client = client_of(arguments[1] + std::string("|") + arguments[2]);
    each_mirror_has_its_body(client);
    verdicts_are_heeded(client);
    own_failures_pass_through(client);
    what_they_hold_ends_with_them(client);
    logs_are_heard();
}
