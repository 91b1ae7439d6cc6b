// Without exceptions (-fno-exceptions): every step is looked at. expected CONFIG INDEX
#include <hamirror.hpp>

#include "check.hpp"

#include <string>

static void show(const hamirror::Result &result)
{
    for (auto row : result)
        std::printf("%llu %d\n", static_cast<unsigned long long>(row.id()), row.weight());
}

static hamirror::Returns<void> search(const hamirror::Client &client, const char *index)
{
    auto search = hamirror::Search::make("library");
    if (!search)
        return search.error();
    if (auto set = search->window(0, 20); !set)
        return set;
    auto result = client.search(index, *search);
    if (!result)
        return result.error();
    show(*result);
    return {};
}

static void refuse(const hamirror::Client &client, const char *index)
{
    auto batch = hamirror::Batch::make(client);
    auto search = hamirror::Search::make(std::string_view("a\0b", 3));
    CHECK(!search && search.error().code() == HAMIRROR_ERROR_ARGUMENT);
    auto request = hamirror::Request::make(9, 256, HAMIRROR_ACCESS_READ, std::string_view("ping"));
    auto calls = batch->add_index("nosuch", *request);
    CHECK(!calls && calls.error().code() == HAMIRROR_ERROR_UNKNOWN);
    CHECK(std::string(calls.error().what()).find("nosuch") != std::string::npos);
    calls = batch->add_index(index, *request);
    CHECK(calls && *batch->wait_all());
    CHECK(batch->completions()->size() == calls->size());
    for (auto call : *calls) {
        CHECK(batch->asked(call)->host.size() > 0);
        CHECK(batch->take_reply(call)->body().size() == 4);
        CHECK(batch->take_reply(call).error().code() == HAMIRROR_ERROR_MISUSE);
    }
    CHECK(*batch->pending() == 0);
}

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto config = hamirror::Config::read(arguments[1]);
    CHECK(config && !hamirror::Config::read("no/such.conf"));
    auto client = hamirror::Client::make(*config);
    CHECK(client.has_value());
    refuse(*client, arguments[2]);
    auto searched = search(*client, arguments[2]);
    if (!searched)
        std::fprintf(stderr, "%s\n", searched.error().what());
    return searched ? 0 : 1;
}
