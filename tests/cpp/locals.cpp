// Local indexes that the program searches, by asking the daemon that has them: locals ONE OTHER,
// the daemons of packages0 and packages1.
#include "steps.hpp"

#include <stdexcept>
#include <string>

namespace {

constexpr const char *NONSENSE = "nonsense";
constexpr const char *LOCAL = "packages1";

hamirror::Client client_of(const std::string &one, const std::string &other)
{
    hamirror::ConfigBuilder builder;
    builder.set("mixed", "agent", one + ":packages0");
    builder.set("mixed", "local", LOCAL);
    builder.set("whole", "agent", one + ":packages0");
    builder.set("whole", "agent", other + ":packages1");
    builder.set("own", "agent", other + ":packages1");
    return hamirror::Client::make(builder.build());
}

// Answers as the agent of the index `own` does.
template <typename Local> void answer(const hamirror::Client &client, Local &local)
{
    auto request = hamirror::Request::make(0, 0x11f, hamirror::Access::read, local.request());
    auto reply = client.call("own", AgentNumber{0}, request);
    local.answer(reply.version(), reply.body());
}

void same_rows(const hamirror::Result &one, const hamirror::Result &other)
{
    CHECK(!one.warning() && one.size() > 0 && one.size() == other.size());
    CHECK(one.total_found() == other.total_found());
    for (size_t row = 0; row < one.size(); row++) {
        CHECK(one[row].id() == other[row].id());
        CHECK(one[row].weight() == other[row].weight());
    }
}

void by_callback(const hamirror::Client &client, const hamirror::Search &search,
                 const hamirror::Result &whole)
{
    size_t asked = 0;
    auto good = [&](hamirror::LocalView local) {
        asked++;
        CHECK(local.name() == LOCAL && local.request().size() > 0);
        CHECK(error_of([&] { local.answer(0x11f, hamirror::Bytes(nullptr, 7)); }).code()
              == ErrorCode::argument);
        CHECK(error_of([&] { local.fail(nullptr); }).code() == ErrorCode::argument);
        answer(client, local);
    };
    same_rows(client.search_with_locals("mixed", search, good), whole);
    CHECK(asked == 1);

    auto fails = [](hamirror::LocalView local) { local.fail("the disk is gone"); };
    auto result = client.search_with_locals("mixed", search, fails);
    CHECK(contains(*result.warning(), "the disk is gone") && result.failures().size() == 1);
    CHECK(result.failures()[0].local() == LOCAL);

    auto options = hamirror::CallOptions().completeness(hamirror::Completeness::all);
    auto refused = error_of([&] {
        auto silent = [](hamirror::LocalView) { return 0; };
        client.search_with_locals("mixed", search, silent, options);
    });
    CHECK(refused.code() == ErrorCode::unanswered);
    CHECK(contains(refused.what(), "the program gave no answer"));

    auto ended = error_of([&] {
        client.search_with_locals("mixed", search, [](hamirror::LocalView) { return 42; });
    });
    CHECK(ended.code() == ErrorCode::callback && ended.callback_code() == 42);
}

// What the callback throws comes out as it is, be it an error of the library or none.
void by_callback_that_throws(const hamirror::Client &client, const hamirror::Search &search)
{
    auto thrown = error_of<std::runtime_error>([&] {
        client.search_with_locals("mixed", search, [](hamirror::LocalView local) {
            throw std::runtime_error("no " + std::string(local.name()));
        });
    });
    CHECK(thrown.what() == std::string("no ") + LOCAL);
    auto error = error_of([&] {
        client.search_with_locals("mixed", search, [&](auto) { client.search("none", search); });
    });
    CHECK(error.code() == ErrorCode::unknown && contains(error.what(), "none"));
}

void misuse(hamirror::Batch &batch, hamirror::Batch &other, hamirror::SearchId found)
{
    auto code_of = [](auto function) { return error_of(function).code(); };
    CHECK(code_of([&] { batch.local_count(hamirror::SearchId{9}); }) == ErrorCode::unknown);
    CHECK(code_of([&] { batch.take_local(found, 1); }) == ErrorCode::unknown);
    auto local = batch.take_local(found, 0);
    CHECK(code_of([&] { batch.add_local(local); }) == ErrorCode::misuse);
    local.answer(0x11f, std::string_view(NONSENSE));
    CHECK(code_of([&] { other.add_local(local); }) == ErrorCode::misuse);
    CHECK(code_of([&] { batch.add_local(local); }) == ErrorCode::request);
}

void by_batch(const hamirror::Client &client, const hamirror::Search &search,
              const hamirror::Result &whole)
{
    auto batch = hamirror::Batch::make(client);
    auto other = hamirror::Batch::make(client);
    auto found = batch.add_search("mixed", search);
    CHECK(batch.wait_sent() && batch.local_count(found) == 1);
    misuse(batch, other, found);
    auto local = batch.take_local(found, 0);
    CHECK(local.name() == LOCAL);
    answer(client, local);
    batch.add_local(local);
    CHECK(batch.local_count(found) == 0 && batch.search_calls(found).size() == 1);
    CHECK(batch.wait_all());
    same_rows(batch.take_search(found), whole);

    // The same while a thread of the library has the batch.
    found = batch.add_search("mixed", search);
    batch.run();
    CHECK(error_of([&] { batch.drive(); }).code() == ErrorCode::misuse);
    local = batch.take_local(found, 0);
    answer(client, local);
    batch.add_local(local);
    CHECK(batch.join());
    same_rows(batch.take_search(found), whole);

    found = other.add_search("mixed", search);
    auto late = other.take_local(found, 0);
    CHECK(other.wait_all());
    auto unsearched = other.take_search(found);
    CHECK(contains(*unsearched.warning(), "local index packages1 not searched"));
    other = hamirror::Batch();
    late.fail("too late");
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto client = client_of(arguments[1], arguments[2]);
    auto search = hamirror::Search::make("library");
    auto whole = client.search("whole", search);
    by_callback(client, search, whole);
    by_callback_that_throws(client, search);
    by_batch(client, search, whole);
}
