// Callables that build and judge requests, that hear a log, and that throw: callbacks ONE OTHER,
// two daemons that answer with the request's own body. Compiled for either kind of errors, and
// without exceptions.
#include "steps.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

constexpr auto FIRST = AgentNumber{0};
constexpr auto READ = hamirror::Access::read;

hamirror::Client client_of(const std::string &agent)
{
    hamirror::ConfigBuilder builder;
    OK(builder.set("searchd", "ha_ping_interval", "0"));
    OK(builder.set("d", "ha_strategy", "roundrobin"));
    OK(builder.set("d", "agent", agent + ":shard"));
    OK(builder.set("d", "local", "here"));
    OK(builder.set("d", "agent_connect_timeout", "60s"));
    OK(builder.set("d", "agent_query_timeout", "60s"));
    auto options = hamirror::ClientOptions().background(false);
    return OK(hamirror::Client::make(OK(builder.build()), options));
}

std::string text_of(hamirror::Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

void build_x(hamirror::Target, hamirror::Body body)
{
    OK(body.append(std::string_view("x")));
}

void each_mirror_has_its_body(const hamirror::Client &client)
{
    int built = 0, judged = 0;
    auto build = [&](hamirror::Target target, hamirror::Body body) {
        built++;
        CHECK(target.index_list() == "shard" && target.product() == hamirror::Product::unknown);
        OK(body.append(target.host()));
        OK(body.append(std::vector<uint8_t>{'/', '1'}));
        auto error = error_of([&] { return body.append(hamirror::Bytes(nullptr, 3)); });
        CHECK(error.code() == ErrorCode::argument);
    };
    auto judge = [&](hamirror::ReplyView reply, hamirror::Verdict) {
        judged++;
        CHECK(reply.status() == hamirror::ReplyStatus::ok && reply.version() == 0x100);
    };
    auto request = OK(hamirror::Request::make_with(99, 0x100, READ, build, judge));
    auto batch = OK(hamirror::Batch::make(client));
    for (int round = 0; round < 4; round++) {
        auto call = OK(batch.add_index("d", request))[0];
        CHECK(OK(batch.wait_all()));
        auto expected = std::string(*OK(batch.asked(call)).host) + "/1";
        CHECK(text_of(OK(batch.take_reply(call)).body()) == expected);
    }
    // Each was tried on its agent when it was added, and then sent.
    CHECK(built == 8 && judged == 4);
    auto plain = OK(hamirror::Request::make_with(99, 0x100, READ, build_x));
    CHECK(text_of(OK(client.call("d", FIRST, plain)).body()) == "x");
}

void verdicts_are_heeded(const hamirror::Client &client)
{
    int judged = 0;
    auto ask = [&](hamirror::VerdictKind kind, int count) {
        judged = 0;
        auto judge = [&judged, kind, count](hamirror::ReplyView, hamirror::Verdict verdict) {
            for (auto wrong : {hamirror::VerdictKind{77}, hamirror::VerdictKind::refused}) {
                auto error = error_of([&] { return verdict.set(wrong); });
                CHECK(error.code() == ErrorCode::argument);
            }
            if (judged++ < count)
                OK(verdict.set(kind, "no such field"));
        };
        auto request = OK(hamirror::Request::make_with(99, 0x100, READ, build_x, judge));
        return client.call("d", FIRST, request);
    };
    auto judgements = [&](hamirror::VerdictKind kind) {
        OK(ask(kind, 1));
        return judged;
    };
    CHECK(judgements(hamirror::VerdictKind::accept) == 1);
    CHECK(judgements(hamirror::VerdictKind::warned) == 1);
    CHECK(judgements(hamirror::VerdictKind::malformed) == 2);
    CHECK(judgements(hamirror::VerdictKind::refused) == 2);
    auto error = error_of([&] { return ask(hamirror::VerdictKind::refused, 2); });
    CHECK(error.is_query_error() && !error.callback_code());
    CHECK(error.failures()[0].query_error() == "no such field");
}

template <typename Build, typename Judge>
int32_t code_of(const hamirror::Client &client, Build build, Judge judge)
{
    auto request = OK(hamirror::Request::make_with(99, 0x100, READ, std::move(build), judge));
    auto error = error_of([&] { return client.call("d", FIRST, request); });
    CHECK(error.code() == ErrorCode::callback && !error.is_query_error());
    return error.callback_code().value();
}

void own_failures_pass_through(const hamirror::Client &client)
{
    auto fails = [](hamirror::Target, hamirror::Body) { return 77; };
    auto fails_later = [](hamirror::Target target, hamirror::Body) {
        return target.attempt() == 0 ? 0 : -9;
    };
    auto judge_fails = [](hamirror::ReplyView, hamirror::Verdict) { return 78; };
    auto malformed = [](hamirror::ReplyView, hamirror::Verdict verdict) {
        OK(verdict.set_bytes(hamirror::VerdictKind::malformed, "once \xff more"));
    };
    CHECK(code_of(client, fails, nullptr) == 77 && code_of(client, build_x, judge_fails) == 78);
    CHECK(code_of(client, fails_later, malformed) == -9);
    auto search = OK(hamirror::Search::make("library"));
    auto local_fails = [](hamirror::LocalView local) {
        auto error = error_of([&] { return local.fail({}); });
        CHECK(local.name() == "here" && error.code() == ErrorCode::argument);
        OK(local.fail("gone"));
        return 79;
    };
    auto error = error_of([&] { return client.search_with_locals("d", search, local_fails); });
    CHECK(error.code() == ErrorCode::callback && error.callback_code() == 79);
}

#ifdef __cpp_exceptions
void exceptions_stop_before_c(const hamirror::Client &client)
{
    auto throws = [](auto...) { throw std::runtime_error("no body"); };
    CHECK(code_of(client, throws, nullptr) == hamirror::callback_threw);
    CHECK(code_of(client, build_x, throws) == hamirror::callback_threw);
#ifdef HAMIRROR_EXPECTED
    auto search = OK(hamirror::Search::make("library"));
    auto error = error_of([&] { return client.search_with_locals("d", search, throws); });
    CHECK(error.code() == ErrorCode::callback);
    CHECK(error.callback_code() == hamirror::callback_threw);
#else
    auto judge_throws = [](hamirror::ReplyView, hamirror::Verdict verdict) {
        verdict.set(hamirror::VerdictKind::malformed);
    };
    CHECK(code_of(client, build_x, judge_throws) == hamirror::callback_threw);
#endif
}
#endif

// What callables hold is destroyed once, when nothing needs it any more, also if it never served.
void what_they_hold_ends_with_them(const hamirror::Client &client)
{
    auto held = std::make_shared<int>(1);
    auto build = [held](hamirror::Target, hamirror::Body body) {
        OK(body.append(std::vector<uint8_t>(static_cast<size_t>(*held))));
    };
    auto batch = OK(hamirror::Batch::make(client));
    auto request = OK(hamirror::Request::make_with(99, 0x100, READ, std::move(build)));
    OK(batch.add_agent("d", FIRST, request));
    request = {};
    CHECK(held.use_count() == 2);
    batch = hamirror::Batch();
    CHECK(held.use_count() == 1);
    auto refused = error_of([&] {
        auto holds = [held](hamirror::Target, hamirror::Body) {};
        return hamirror::Request::make_with(99, 0x100, hamirror::Access{77}, std::move(holds));
    });
    CHECK(refused.code() == ErrorCode::argument && held.use_count() == 1);
    auto alone = [own = std::make_unique<int>(5)](hamirror::Target, hamirror::Body) {
        return *own;
    };
    CHECK(code_of(client, std::move(alone), nullptr) == 5);
}

void logs_are_heard()
{
    // Nobody listens on port 1.
    auto client = client_of("127.0.0.1:1");
    auto request = OK(hamirror::Request::make(99, 0x100, READ, std::string_view("x")));
    auto ask = [&] { error_of([&] { return client.call("d", FIRST, request); }); };
    auto lines = std::make_shared<std::atomic<int>>(0);
    auto hear = [lines, &client](hamirror::LogLevel level, std::string_view line) {
        CHECK(level >= hamirror::LogLevel::warning && contains(line, "127.0.0.1:1"));
        CHECK(OK(hamirror::Status::make(client)).size() > 0);
        ++*lines;
#ifdef __cpp_exceptions
        throw std::runtime_error("nobody hears this");
#endif
    };
    auto refused = error_of([&] { return client.set_log(hamirror::LogLevel{77}, hear); });
    CHECK(refused.code() == ErrorCode::argument);
    OK(client.set_log(hamirror::LogLevel::debug, hear));
    // One in here, one in hear, one in the client.
    CHECK(lines.use_count() == 3);
    ask();
    CHECK(*lines == 1);
    auto count = [lines](hamirror::LogLevel, std::string_view) { return ++*lines; };
    OK(client.set_log(hamirror::LogLevel::warning, std::move(count)));
    for (int call = 0; call < 3; call++)
        ask();
    // The fourth failure in a row, in all: dead, and its agent has no other mirror.
    CHECK(*lines == 3 && lines.use_count() == 3);
    OK(client.set_log(nullptr));
    ask();
    CHECK(*lines == 3 && lines.use_count() == 2);
    auto moved = std::move(client);
    CHECK(error_of([&] { return client.set_log(nullptr); }).code() == ErrorCode::argument);
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto client = client_of(arguments[1] + std::string("|") + arguments[2]);
    each_mirror_has_its_body(client);
    verdicts_are_heeded(client);
    own_failures_pass_through(client);
#ifdef __cpp_exceptions
    exceptions_stop_before_c(client);
#endif
    what_they_hold_ends_with_them(client);
    logs_are_heard();
}
