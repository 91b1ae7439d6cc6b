// Prints what became of each agent of searches, as every language does
// (tests/real/outcome_programs.rs).
#include <hamirror.hpp>

#include <cstdio>
#include <poll.h>
#include <string>

#include "steps.hpp"

namespace {

const char *text_of(bool is)
{
    return is ? "true" : "false";
}

std::string text_of(std::optional<std::string_view> text)
{
    return std::string(text.value_or(std::string_view()));
}

void print(hamirror::Outcome outcome, std::optional<hamirror::Failure> failure)
{
    CHECK(outcome.elapsed().count() > 0);
    std::printf("agent %zu index '%s' local '%s' host '%s' complete %s partial %s attempts %u",
                hamirror::number(outcome.agent()), std::string(outcome.index()).c_str(),
                text_of(outcome.local()).c_str(), text_of(outcome.host()).c_str(),
                text_of(outcome.is_complete()), text_of(outcome.is_partial()),
                unsigned{outcome.attempts()});
    auto kept = outcome.kept_mirror();
    std::printf(" kept %s", kept ? text_of(*kept) : "none");
    CHECK(failure.has_value() != outcome.is_complete());
    if (failure)
        std::printf(" failed %zu soft %s", hamirror::number(failure->agent()),
                    text_of(failure->soft_timeout_passed()));
    std::printf("\n");
}

// What a result and an answer have alike.
template <typename Told> void print_all(const Told &told)
{
    std::printf("%zu complete, %zu partial of %zu, ", told.agents_answered(),
                told.agents_partial(), told.agents());
    if (auto share = told.documents_share())
        std::printf("%.1f\n", *share);
    else
        std::printf("none\n");
    auto failures = told.failures();
    for (hamirror::Outcome outcome : told.outcomes()) {
        auto number = outcome.failure();
        print(outcome, number ? std::optional<hamirror::Failure>(failures[*number])
                              : std::nullopt);
    }
}

struct Site {
    hamirror::Client client;

    void search(const char *index, const hamirror::CallOptions &options) const
    {
        print_all(OK(client.search(index, OK(hamirror::Search::make("x")), options)));
    }
    void execute(const char *statement, const hamirror::CallOptions &options) const
    {
        print_answers(OK(hamirror::execute(client, statement, {}, options)));
        auto session = OK(hamirror::Session::make(client));
        CHECK(session.fd() == -1 && !session.timeout());
        OK(session.start(statement, {}, options));
        OK(session.cancel());
        CHECK(error_of([&] { return session.wait(std::chrono::milliseconds(0)); }).code()
              == ErrorCode::misuse);
        OK(session.start(statement, {}, options));
        auto answers = OK(session.wait(std::chrono::milliseconds(0)));
        while (!answers) {
            pollfd entry = {session.fd(), POLLIN, 0};
            poll(&entry, 1, session.timeout_ms());
            answers = OK(session.wait(std::chrono::milliseconds(0)));
        }
        print_answers(*answers);
    }
    static void print_answers(const hamirror::Answers &answers)
    {
        print_all(answers[0]);
        std::printf("%zu failures\n", answers[0].failures().size());
    }
};

hamirror::CallOptions patient()
{
    constexpr std::chrono::hours hour(1);
    return hamirror::CallOptions().deadline(hour).query_timeout(hour).connect_timeout(hour);
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    Site site{OK(hamirror::Client::make(OK(hamirror::Config::read(arguments[1]))))};
    auto soft = patient().soft_timeout(60, 0);
    site.search("soft", soft);
    site.execute("SELECT * FROM soft", soft);
    site.execute("SHOW TABLES", soft);
    site.search("left", patient().mirror_key(arguments[2]));
    site.search("kept", patient().mirror_key(arguments[2]).failover(false));
    site.search("partial", {});
    auto refused = error_of([&] {
        return site.client.search("soft", OK(hamirror::Search::make("x")),
                                  patient().soft_timeout(0, 1));
    });
    CHECK(refused.code() == ErrorCode::argument);
    return 0;
}
