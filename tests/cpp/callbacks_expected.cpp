// Callbacks where every step is looked at, with exceptions and without: callbacks_expected DAEMON,
// which answers with the request's own body.
#include <hamirror.hpp>

#include "check.hpp"

#include <string>

static hamirror::Client client_of(const std::string &daemon)
{
    hamirror::ConfigBuilder builder;
    CHECK(builder.set("d", "agent", daemon + ":shard") && builder.set("d", "local", "here"));
    CHECK(builder.set("d", "agent_query_timeout", "60s"));
    auto config = builder.build();
    CHECK(config.has_value());
    auto client = hamirror::Client::make(*config);
    CHECK(client.has_value());
    return std::move(*client);
}

template <typename Build, typename Judge>
static int32_t code_of(const hamirror::Client &client, Build build, Judge judge)
{
    auto request = hamirror::Request::make_with(99, 0x100, HAMIRROR_ACCESS_READ, build, judge);
    CHECK(request.has_value());
    auto reply = client.call("d", 0, *request);
    return reply ? 0 : reply.error().callback_code();
}

static void callbacks_answer(const hamirror::Client &client)
{
    auto build = [](hamirror::Target target, hamirror::Body body) {
        CHECK(!body.append(hamirror::Bytes(nullptr, 3)));
        auto appended = body.append(target.host());
        return appended ? HAMIRROR_OK : appended.error().code();
    };
    auto judge = [](hamirror::ReplyView reply, hamirror::Verdict verdict) {
        CHECK(!verdict.set(77) && verdict.set(HAMIRROR_VERDICT_ACCEPT));
        return reply.body().size() > 0 ? 78 : 0;
    };
    CHECK(code_of(client, build, nullptr) == 0 && code_of(client, build, judge) == 78);
    auto search = hamirror::Search::make("library");
    auto found = client.search_with_locals("d", *search, [](hamirror::LocalView local) {
        CHECK(local.name() == "here" && !local.fail({}) && local.fail("gone"));
        return 79;
    });
    CHECK(!found && found.error().callback_code() == 79);
    CHECK(!client.set_log(77, [](int32_t, std::string_view) {}) && client.set_log(nullptr));
}

#ifdef __cpp_exceptions
static void callbacks_throw(const hamirror::Client &client)
{
    auto throws = [](auto...) { throw 5; };
    CHECK(code_of(client, throws, nullptr) == hamirror::callback_threw);
    auto search = hamirror::Search::make("library");
    auto found = client.search_with_locals("d", *search, throws);
    CHECK(!found && found.error().code() == HAMIRROR_ERROR_CALLBACK);
    CHECK(found.error().callback_code() == hamirror::callback_threw);
}
#endif

int main(int count, char **arguments)
{
    CHECK(count == 2);
    auto client = client_of(arguments[1]);
    callbacks_answer(client);
#ifdef __cpp_exceptions
    callbacks_throw(client);
#endif
}
