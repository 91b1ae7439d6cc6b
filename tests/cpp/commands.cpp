// Asks what is asked beside searches, and prints it as every language does
// (tests/harness/command_listing.rs). With a third argument the commands are started and run in a
// loop of its own.
#include <hamirror.hpp>

#include <cstdio>
#include <poll.h>
#include <string>

#include "steps.hpp"

namespace {

// What a command that waits returns, or one that was started and runs in a loop of poll().
template <typename Wait, typename Start> auto outcome(bool is_started, Wait wait, Start start)
{
    if (!is_started)
        return wait();
    auto pending = OK(start());
    auto ended = OK(pending.wait(std::chrono::milliseconds(0)));
    while (!ended) {
        CHECK(pending.timeout().has_value() && pending.timeout_ms() >= 0);
        pollfd entry = {pending.fd(), POLLIN, 0};
        poll(&entry, 1, pending.timeout_ms());
        ended = OK(pending.wait(std::chrono::milliseconds(0)));
    }
    CHECK(pending.fd() == -1 && !pending.timeout());
    return decltype(wait())(std::move(*ended));
}

struct Site {
    const hamirror::Client &client;
    std::string index;
    bool is_started;
};

void print(const std::string &line)
{
    std::printf("%s\n", line.c_str());
}

std::string text(std::string_view view)
{
    return std::string(view);
}

std::string text(bool is)
{
    return is ? "true" : "false";
}

std::string text(uint64_t number)
{
    return std::to_string(number);
}

void excerpts(const Site &site)
{
    const std::vector<std::string_view> documents = {"a <i>small</i> library of files", "",
                                                     "no such word", "library files"};
    for (auto excerpt : OK(site.client.excerpts(site.index, documents, "library")))
        print("excerpt " + text(excerpt));
    auto options = OK(hamirror::ExcerptOptions::make());
    OK(options.before_match("[%PASSAGE_ID%:"));
    OK(options.after_match("]"));
    OK(options.chunk_separator("~"));
    OK(options.limit(20));
    OK(options.around(1));
    OK(options.limit_passages(2));
    OK(options.limit_words(4));
    OK(options.start_passage_id(7));
    OK(options.html_strip(hamirror::HtmlStrip::strip));
    OK(options.passage_boundary(hamirror::PassageBoundary::none));
    OK(options.load_files(hamirror::ExcerptFiles::none));
    OK(options.flag(hamirror::ExcerptFlag::query_mode));
    OK(options.flag(hamirror::ExcerptFlag::allow_empty, true));
    OK(options.flag(hamirror::ExcerptFlag::remove_spaces, false));
    const char *words = "library files";
    auto marked = OK(outcome(
        site.is_started,
        [&] { return site.client.excerpts(site.index, documents, words, options); },
        [&] { return site.client.start_excerpts(site.index, documents, words, options); }));
    CHECK(marked.size() == 4);
    for (auto excerpt : marked)
        print("excerpt " + text(excerpt));
}

void keywords(const Site &site, bool with_statistics)
{
    const char *words = "library of nosuchword";
    auto told = OK(outcome(
        site.is_started, [&] { return site.client.keywords(site.index, words, with_statistics); },
        [&] { return site.client.start_keywords(site.index, words, with_statistics); }));
    for (auto keyword : told)
        print("keyword " + text(keyword.tokenized) + " " + text(keyword.normalized) + " "
              + text(keyword.documents) + " " + text(keyword.hits));
    print("keywords " + text(uint64_t{told.agents_answered()}) + " of "
          + text(uint64_t{told.agents()}) + ", " + text(uint64_t{told.failures().size()})
          + " failures");
}

std::string told(hamirror::Failure failure)
{
    return "failed, applied " + text(failure.may_be_applied()) + ", attempts "
           + text(uint64_t{failure.attempts().size()});
}

template <typename Value>
void mirrors(const std::string &title, const hamirror::Mirrored &mirrored, Value value)
{
    std::string locals;
    for (auto local : mirrored.locals())
        locals += text(local);
    print(title + " complete " + text(mirrored.is_complete()) + ", without " + locals);
    for (auto agent : mirrored.agents()) {
        print("agent " + text(agent.index()) + " " + text(uint64_t{number(agent.number())})
              + " complete " + text(agent.is_complete()));
        for (auto mirror : agent.mirrors()) {
            auto failure = mirror.failure();
            print("mirror " + text(mirror.host()) + " "
                  + (failure ? told(*failure) : value(mirror)));
        }
    }
}

void changed(const std::string &title, const hamirror::Mirrored &mirrored)
{
    print(title + " changed " + text(mirrored.documents()));
    for (auto agent : mirrored.agents())
        print("agent " + text(uint64_t{number(agent.number())}) + " changed "
              + text(agent.documents()) + ", alike " + text(agent.is_alike()));
    mirrors(title, mirrored, [](hamirror::MirrorAnswer mirror) {
        return text(mirror.documents()) + " " + text(mirror.warning().value_or(""));
    });
    print("warning " + text(mirrored.warning().value_or("")));
}

void update(const Site &site)
{
    auto update = OK(hamirror::Update::make({"installed_size", "tags", "nosuch"}));
    OK(update.document(1));
    OK(update.uint(4000000001U));
    OK(update.multi({9, 7}));
    OK(update.uint(0));
    for (uint64_t id : {2, 999999}) {
        OK(update.document(id));
        OK(update.uint(5));
        OK(update.multi({}));
        OK(update.uint(0));
    }
    OK(update.ignore_missing());
    changed("update", OK(outcome(
                          site.is_started, [&] { return site.client.update(site.index, update); },
                          [&] { return site.client.start_update(site.index, update); })));
}

void on_agents(const Site &site)
{
    auto statement = "UPDATE " + site.index + " SET installed_size=? WHERE id>0";
    auto size = OK(hamirror::Parameters::make());
    OK(size.int64(6));
    auto run = [&](size_t agent, std::optional<uint32_t> mirror) {
        AgentNumber number{agent};
        if (!site.is_started)
            return hamirror::execute_on_agent(site.client, number, mirror, statement, size);
        return OK(hamirror::start_on_agent(site.client, number, mirror, statement, size)).finish();
    };
    changed("on agent", OK(run(0, std::nullopt)));
    changed("on agent", OK(run(1, 0)));
    auto error = error_of([&] { return run(1, 1); });
    CHECK(error.code() == ErrorCode::unanswered);
    print("unanswered " + text(uint64_t{error.agents_answered()}) + " of "
          + text(uint64_t{error.agents()}));
    for (auto failure : error.failures())
        print(told(failure));
}

void daemons(const Site &site)
{
    auto flushed = outcome(
        site.is_started, [&] { return site.client.flush_attributes(site.index); },
        [&] { return site.client.start_flush_attributes(site.index); });
    mirrors("flush", OK(flushed),
            [](hamirror::MirrorAnswer mirror) { return text(uint64_t{mirror.flush() > 0}); });
    auto counted = outcome(
        site.is_started, [&] { return site.client.daemon_status(site.index); },
        [&] { return site.client.start_daemon_status(site.index); });
    mirrors("status", OK(counted),
            [](hamirror::MirrorAnswer mirror) {
                return text(mirror.counters()[0].key) + " " + text(mirror.counters().size() > 20);
            });
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3 || count == 4);
    auto client = OK(hamirror::Client::make(OK(hamirror::Config::read(arguments[1]))));
    Site site{client, arguments[2], count == 4};
    print("escape " + OK(hamirror::escape("a-b (c) \"d\"")));
    excerpts(site);
    keywords(site, true);
    keywords(site, false);
    update(site);
    on_agents(site);
    daemons(site);
    return 0;
}
