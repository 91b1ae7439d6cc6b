// Every class and method that has no program of its own beside this one, over real daemons:
// everything CONFIG INDEX. Of the three agents of the index one_dead two answer. Prints a result
// as values.c does. Compiled for either kind of errors.
#include "steps.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <poll.h>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

constexpr const char *PING_BODY = "ping";
constexpr const char *ONE_DEAD = "one_dead";

void configurations(const hamirror::Config &config, const std::string &index)
{
    auto names = config.index_names();
    CHECK(std::count(names.begin(), names.end(), index) == 1);
    CHECK(config.agent_count(0) == 2);
    hamirror::ConfigBuilder builder;
    OK(builder.set("dist", "agent", std::string("127.0.0.1:1:shard")));
    OK(builder.set("dist", "agent_query_timeout", "soon"));
    auto error = error_of([&] { return builder.build(); });
    CHECK(error.code() == ErrorCode::config && error.diagnostics().size() == 1);
    CHECK(error.diagnostics()[0].kind() == hamirror::DiagnosticKind::fault);
    OK(builder.set("dist", "agent_query_timeout", std::string_view("3000ms", 4)));
    auto built = OK(builder.build());
    const auto first = hamirror::AgentNumber{0};
    CHECK(built.index_names()[0] == "dist" && built.mirror_count(0, first) == 1);
    CHECK(built.mirror_host(0, first, 0) == "127.0.0.1:1");
    CHECK(built.mirror_index_list(0, first, 0) == "shard");
    error = error_of([] {
        return hamirror::Config::parse("index d\n{\n nonsense\n}\n", "wrong.conf");
    });
    for (auto fault : error.diagnostics()) {
        CHECK(fault.file() == "wrong.conf" && fault.line() > 0u && fault.column() > 0u);
        CHECK(contains(fault.message(), fault.expected()) && contains(error.what(), fault.text()));
    }
    auto odd = OK(hamirror::Config::parse(
        "index d\n{\n type = distributed\n agent = 127.0.0.1:1:s\n ha_strategy = random\n}\n",
        "odd.conf"));
    for (auto warning : odd.warnings())
        CHECK(contains(warning.message(), "odd.conf"));
    CHECK(!odd.warnings().empty());
    auto table = OK(hamirror::Config::parse(
        "CREATE TABLE d type='distributed' agent='box1:9312|box2:9312:t' odd='1'", "d"));
    CHECK(table.index_names()[0] == "d" && table.mirror_count(0, first) == 2);
    CHECK(table.warnings()[0].text() == "odd");
}

void readings(const char *path)
{
    constexpr auto lenient = hamirror::Reading::sphinx;
    const char *text
        = "index d\n{\ntype = distributed\nagent = box1:docs\nagent = box2:1:docs\n}\n"
          "searchd\n{\npid_file = /run/searchd.pid\n}\n";
    auto config = OK(hamirror::Config::parse(text, "lenient.conf", lenient));
    CHECK(config.agent_count(0) == 1 && contains(config.warnings()[0].expected(), "skipped"));
    CHECK(OK(hamirror::Config::read(path, lenient)).agent_count(0) == 2);
    hamirror::ConfigBuilder builder;
    OK(builder.set("d", "agent", "box1:docs"));
    OK(builder.set("d", "agent", "box2:1:docs"));
    CHECK(OK(builder.build(lenient)).agent_count(0) == 1);
    CHECK(OK(builder.build()).agent_count(0) == 2);
    constexpr auto unknown = hamirror::Reading{77};
    auto parses = [&] { return hamirror::Config::parse(text, "lenient.conf", unknown); };
    auto reads = [&] { return hamirror::Config::read(path, unknown); };
    auto builds = [&] { return builder.build(unknown); };
    for (auto error : {error_of(parses), error_of(reads), error_of(builds)})
        CHECK(error.code() == ErrorCode::argument);
    error_of([] { return hamirror::Config::read("no/such.conf"); });
}

hamirror::Search whole_search()
{
    auto search = OK(hamirror::Search::make("library"));
    OK(search.select("*, id, facts.either"));
    OK(search.filter_values(hamirror::Filter::drop, "id", {3, 5, 7}));
    OK(search.filter_range(hamirror::Filter::keep, "size", 0, INT64_MAX));
    OK(search.filter_float_range(hamirror::Filter::drop, "ratio", -2.0f, -1.0f));
    OK(search.filter_string(hamirror::Filter::drop, "name", "nothing"));
    OK(search.filter_null(hamirror::Filter::drop, "facts.section"));
    OK(search.geo_anchor("ratio", "ratio", 0.5f, -0.25f));
    OK(search.id_range(1, 1500));
    OK(search.sort(hamirror::SortMode::extended, "@id desc"));
    OK(search.window(2, 50));
    OK(search.max_matches(500));
    OK(search.cutoff(0));
    OK(search.max_query_time(1min));
    OK(search.ranker(hamirror::Ranker::sph04));
    OK(search.match_mode(hamirror::MatchMode::extended2));
    OK(search.field_weight("title", 10));
    OK(search.index_weight("*", 2));
    OK(search.comment("everything.cpp"));
    auto unknown = error_of([&]() -> decltype(auto) {
        return search.sort(hamirror::SortMode{77});
    });
    CHECK(unknown.code() == ErrorCode::argument);
    auto cut_short = error_of([] { return hamirror::Search::make(std::string_view("a\0b", 3)); });
    CHECK(cut_short.code() == ErrorCode::argument);
    return OK(search.clone());
}

// Prints a row as values.c does.
void show(const hamirror::Result &result, hamirror::Row row)
{
    std::printf("%llu %d", static_cast<unsigned long long>(row.id()), row.weight());
    for (size_t column = 0; column < result.columns().size(); column++) {
        std::string text;
        auto value = row[column];
        switch (value.type()) {
        case hamirror::Type::float32:
            text = std::to_string(OK(value.real()));
            break;
        case hamirror::Type::uint64:
            text = std::to_string(OK(value.uint64()));
            break;
        case hamirror::Type::null:
            text = "NULL";
            break;
        case hamirror::Type::string:
            text = OK(value.string());
            break;
        case hamirror::Type::json:
            text = OK(value.json());
            break;
        case hamirror::Type::multi:
        case hamirror::Type::multi64:
            for (auto number : OK(value.int64s()))
                text += (text.empty() ? "" : ",") + std::to_string(number);
            break;
        default:
            text = std::to_string(OK(value.int64()));
        }
        std::printf("|%s", text.c_str());
    }
    std::printf("\n");
}

void results(const hamirror::Client &client, const std::string &index)
{
    auto search = whole_search();
    auto result = OK(client.search(index, search));
    for (auto [name, kind] : result.columns())
        std::printf("%.*s %d\n", static_cast<int>(name.size()), name.data(),
                    number(kind));
    for (auto word : result.words())
        std::printf("%s %llu %llu\n", std::string(word.text).c_str(),
                    static_cast<unsigned long long>(word.docs),
                    static_cast<unsigned long long>(word.hits));
    for (auto field : result.fields())
        std::printf("%s\n", std::string(field).c_str());
    for (auto row : result)
        show(result, row);
    CHECK(result.size() > 0 && result.time() >= 0ms);
    auto row = result[0];
    auto size = OK(row["size"]);
    auto bytes = OK(size.int64());
    CHECK(bytes > 0 && OK(row[*result.find_column("size")].int64()) == bytes);
    CHECK(!size.is_null() && !result.find_column("nosuch"));
    auto unknown = error_of([&] { return row["nosuch"]; });
    CHECK(unknown.code() == ErrorCode::unknown && contains(unknown.what(), "nosuch"));
    for (auto error : {
             error_of([&] { return size.uint64(); }),
             error_of([&] { return size.json(); }),
             error_of([&] { return size.floats(); }),
             error_of([&] { return size.real(); }),
         })
        CHECK(error.code() == ErrorCode::type);
    CHECK(result.total() <= 500 && result.total_found() >= result.size());
    CHECK(result.agents() == 2 && result.agents_answered() == 2 && !result.warning());
}

void short_results(const hamirror::Client &client)
{
    auto search = OK(hamirror::Search::make("library"));
    auto options = hamirror::CallOptions().deadline(1min).connect_timeout(1min).retry_count(0);
    auto result = OK(client.search(ONE_DEAD, search));
    CHECK(result.failures().size() == 1 && contains(*result.warning(), "127.0.0.1:1"));
    options.completeness(hamirror::Completeness::all).query_timeout(1min).retry_delay(0ms);
    auto error = error_of([&] { return client.search(ONE_DEAD, search, options); });
    CHECK(error.code() == ErrorCode::unanswered && error.get() != nullptr);
    CHECK(error.agents() == 3 && error.agents_answered() == 2);
    CHECK(!error.is_timeout() && !error.is_query_error() && !error.callback_code());
    auto failure = *error.failures().begin();
    CHECK(failure.index() == ONE_DEAD && failure.agent() == AgentNumber{2});
    CHECK(!failure.query_error());
    CHECK(!failure.is_timeout() && !failure.is_cancelled() && !failure.deadline_passed());
    CHECK(!failure.local());
    CHECK(contains(failure.message(), "127.0.0.1:1"));
    for (auto attempt : failure.attempts()) {
        CHECK(attempt.host() == "127.0.0.1:1" && !attempt.message().empty());
        CHECK(attempt.kind() == hamirror::FailureKind::connect_failure);
        CHECK(attempt.elapsed() >= 0us);
        CHECK(attempt.error_number() == ECONNREFUSED);
        CHECK(attempt.phase() == hamirror::Phase::connect);
    }
}

// Every further setting of a search, and two searches in one request.
void settings(const hamirror::Client &client, const std::string &index)
{
    auto batch = OK(hamirror::Batch::make(client));
    auto strange = OK(hamirror::Search::make("library"));
    OK(strange.filter_values(hamirror::Filter::keep, "nosuch", {1}));
    auto plain = OK(hamirror::Search::make("library"));
    OK(plain.filter_strings(hamirror::Filter::drop, "section", {"admin", "games"}));
    OK(plain.filter_bound(hamirror::Filter::keep, "id", hamirror::Bound::above, 3));
    OK(plain.filter_float_bound(hamirror::Filter::drop, "ratio", hamirror::Bound::below, -1.0f));
    OK(plain.flag(hamirror::Flag::plain_idf));
    OK(plain.max_predicted_time(60000ms));
    OK(plain.collation(hamirror::Collation::binary));
    OK(plain.weights({3, 1}));
    OK(plain.override_values("installed_size", hamirror::Type::uint, {4, 5}, {7, 8}));
    OK(plain.override_floats("ratio", {4}, {0.5f}));
    OK(plain.retries(1, 10ms));
    auto both = OK(batch.add_searches(index, {&plain, &strange}));
    CHECK(OK(batch.wait_all()));
    CHECK(OK(batch.next_completed()).search == both);
    auto taken = OK(batch.take_searches(both, 2));
    auto asked = OK(client.search_all(index, {&plain, &strange}));
    for (const auto *results : {&taken, &asked}) {
        const auto &each = *results;
        CHECK(each[0].has_value() && each[0]->agents_answered() == 2 && !each[1].has_value() &&
              each[1].error().is_query_error());
    }
    OK(plain.filter_all_values(hamirror::Filter::keep, "tags", {1}));
    OK(strange.filter_variable(hamirror::Filter::keep, "id", "@none"));
    OK(strange.ranker_plugin("nosuchranker"));
    OK(strange.token_filter("nosuch.so", "nosuchfilter"));
    for (const auto &each : OK(client.search_all(index, {&plain, &strange})))
        CHECK(!each.has_value());
}

void batches(const hamirror::Client &client, const std::string &index)
{
    auto batch = OK(hamirror::Batch::make(client));
    std::string_view body = PING_BODY;
    auto ping = OK(hamirror::Request::make(9, 256, hamirror::Access::read, body));
    auto pings = OK(batch.add_index(index, ping));
    auto one = OK(batch.add_agent(index, AgentNumber{1}, ping));
    auto search = OK(batch.add_search(index, OK(hamirror::Search::make("library"))));
    CHECK(OK(batch.wait_sent()) && !OK(batch.search_of(one)));
    auto calls = OK(batch.search_calls(search));
    CHECK(calls.size() == 2 && OK(batch.search_of(calls[1])) == search);
    CHECK(number(calls[0]) == number(one) + 1);
    auto strange = error_of([&] { return batch.search_calls(hamirror::SearchId{77}); });
    CHECK(strange.code() == ErrorCode::unknown);
    auto unknown = error_of([&] { return batch.add_index("nosuch", ping); });
    CHECK(unknown.code() == ErrorCode::unknown && contains(unknown.what(), "nosuch"));
    while (OK(batch.pending()) > 0) {
        pollfd entry = {batch.fd(), POLLIN, 0};
        CHECK(batch.timeout() >= 0ms && poll(&entry, 1, batch.timeout_ms()) >= 0);
        OK(batch.drive());
    }
    // All may have ended before they were asked for.
    size_t ended = 0;
    for (auto call : OK(batch.completions())) {
        CHECK(number(call) <= number(one) + 2);
        ended++;
    }
    CHECK(ended == 5 && pings.size() == 2 && !OK(batch.next_completion()));
    for (auto call : pings) {
        auto borrowed = OK(batch.reply(call));
        CHECK(borrowed.status() == hamirror::ReplyStatus::ok && !borrowed.warning());
        CHECK(borrowed.attempts() >= 1 && borrowed.elapsed() >= 0us);
        auto [agent, host] = OK(batch.asked(call));
        CHECK(number(agent) == number(call) - number(pings[0]) && contains(*host, "127.0.0.1:"));
        auto reply = OK(batch.take_reply(call));
        CHECK(reply.version() > 0);
        CHECK(std::equal(reply.body().begin(), reply.body().end(), body.begin()));
        auto error = error_of([&] { return batch.take_reply(call); });
        CHECK(error.code() == ErrorCode::misuse);
    }
    CHECK(OK(batch.take_search(search)).total_found() > 0);
    auto other = OK(client.clone().call(index, AgentNumber{0}, ping));
    CHECK(other.body().size() == 4 && other.body().data()[0] == 'p');

    auto alone = OK(batch.add_agent(index, AgentNumber{0}, ping));
    auto again = OK(batch.add_search(index, OK(hamirror::Search::make("library"))));
    for (auto left = 2; left > 0; left--) {
        auto completed = OK(batch.wait_completed());
        CHECK(completed && completed.call.has_value() != completed.search.has_value());
        CHECK(completed.call ? completed.call == alone : completed.search == again);
        if (completed.call)
            OK(batch.take_reply(alone));
        else
            CHECK(OK(batch.take_search(again)).agents_answered() == 2);
    }
    CHECK(!OK(batch.next_completed()) && !OK(batch.wait_completed(0ms)));

    auto cancelled = OK(batch.add_agent(index, AgentNumber{0}, ping));
    OK(batch.cancel(cancelled));
    CHECK(OK(batch.wait_any(0ms)) == cancelled || OK(batch.wait_all()));
    auto waker = batch.waker();
    std::thread([&] { OK(waker.wake()); }).join();
    CHECK(!OK(batch.wait_any()));
    auto error = error_of([&] { return batch.take_reply(cancelled); });
    CHECK(error.failures()[0].is_cancelled());
}

void statements(const hamirror::Client &client, const std::string &index)
{
    auto parameters = OK(hamirror::Parameters::make());
    OK(parameters.text("library"));
    OK(parameters.int64s({1, 2, 3, 4, 5, 6, 7, 8, 9}));
    OK(parameters.uint64(UINT64_MAX));
    OK(parameters.real(-1000.5));
    OK(parameters.int64(3));
    auto text = "SELECT id, ratio, name FROM " + index
                + " WHERE MATCH(?) AND id IN ? AND id != ? AND ratio > ? LIMIT ?; SHOW META";
    auto session = OK(hamirror::Session::make(client));
    auto answers = OK(session.execute(text, parameters));
    CHECK(answers.size() == 2);
    auto answer = answers[0];
    CHECK(answer.agents() == 2 && answer.agents_answered() == 2 && !answer.warning());
    CHECK(answer.size() <= 3 && answer.total() <= answer.total_found());
    CHECK(answer.columns().size() == 3 && answer.columns()[0].name == "id");
    CHECK(answer.columns()[1].kind == hamirror::Kind::float32);
    for (size_t row = 0; row < answer.size(); row++) {
        CHECK(answer.type(row, 0) == hamirror::Type::uint64);
        auto id = OK(answer.uint64(row, 0));
        CHECK(id >= 1 && id <= 9 && OK(answer.int64(row, 0)) == static_cast<int64_t>(id));
        CHECK(OK(answer.text(row, 0)) == std::to_string(id));
        CHECK(!OK(answer.text(row, 2)).empty());
        CHECK(OK(answer.real(row, *answer.find_column("ratio"))) > -1000.5);
    }
    auto meta = *std::next(answers.begin());
    CHECK(OK(meta.text(1, 0)) == "total_found");
    CHECK(OK(meta.text(1, 1)) == std::to_string(answer.total_found()));
    auto named = OK(hamirror::Parameters::make());
    OK(named.int64("low", 5));
    OK(named.uint64("high", 6));
    OK(named.real("ratio", 1e30));
    OK(named.text("section", "'nosuch'"));
    OK(named.int64s("ids", {5, 6}));
    text = "SELECT id FROM " + index + " WHERE id BETWEEN :low AND :high AND ratio < :ratio AND "
           "section != :section AND id IN :ids";
    CHECK(OK(hamirror::execute(client, text, named))[0].size() == 2);
    auto error = error_of([&] {
        return hamirror::execute(client, "SELECT id FROM d WHERE a=1 OR b=2");
    });
    CHECK(error.code() == ErrorCode::request && error.diagnostics().size() == 1);
    CHECK(error.diagnostics()[0].column() == 28 && error.diagnostics()[0].text() == "OR");
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3 && hamirror::version() == HAMIRROR_VERSION);
    CHECK(hamirror::version_number() >> 16 == HAMIRROR_VERSION_MAJOR);
    auto config = OK(hamirror::Config::read(arguments[1]));
    configurations(config, arguments[2]);
    readings(arguments[1]);
    auto options = hamirror::ClientOptions().seed(7).failover(true);
    auto client = OK(hamirror::Client::make(config, options));
    results(client, arguments[2]);
    short_results(client);
    statements(client, arguments[2]);
    settings(client, arguments[2]);
    batches(client, arguments[2]);
    OK(client.reload(config));
    auto status = OK(hamirror::Status::make(client));
    for (auto [key, value] : status)
        CHECK(!key.empty() && value.data() != nullptr);
    CHECK(status.size() > 10);
    auto moved = std::move(client);
    CHECK(moved.get() != nullptr && client.get() == nullptr);
    auto error = error_of([&] { return hamirror::Status::make(client); });
    CHECK(error.code() == ErrorCode::argument);
}
