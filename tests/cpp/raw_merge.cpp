// Merges replies that were recorded, and prints the rows and what became of the agents, as every
// language does (tests/real/raw_merges.rs).
#include <hamirror.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "steps.hpp"

namespace {

// A frame that a file holds: header and body.
std::vector<uint8_t> reply_of_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    std::vector<uint8_t> reply((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
    CHECK(reply.size() > 8);
    return reply;
}

uint16_t number_at(const std::vector<uint8_t> &bytes, size_t place)
{
    return static_cast<uint16_t>(bytes[place] << 8 | bytes[place + 1]);
}

hamirror::Search grouped(hamirror::MergeMode mode)
{
    auto search = OK(hamirror::Search::make(""));
    OK(search.select("id, gid, AVG(fl) af"));
    OK(search.group_by(hamirror::GroupFunction::attribute, {"gid"}));
    OK(search.group_order("@count desc"));
    OK(search.merge_mode(mode));
    return search;
}

hamirror::RawMerge merging(hamirror::MergeMode mode)
{
    auto search = grouped(mode);
    return OK(hamirror::RawMerge::make("d", {&search}));
}

void add_all(hamirror::RawMerge &merge, char **paths)
{
    for (const char *name : {"A", "B"}) {
        auto reply = reply_of_file(*paths++);
        hamirror::Bytes body(reply.data() + 8, reply.size() - 8);
        OK(merge.add_reply(name, number_at(reply, 0), number_at(reply, 2), body));
    }
    OK(merge.add_failure("C", hamirror::FailureKind::query_timeout, "query timed out"));
}

void print(const hamirror::Result &result)
{
    for (auto row : result)
        std::printf("%llu %lld %.6f\n", static_cast<unsigned long long>(row.id()),
                    static_cast<long long>(OK(row[1].int64())), OK(row[2].real()));
    for (auto outcome : result.outcomes())
        std::printf("agent '%s'\n", std::string(outcome.host().value_or("")).c_str());
    std::printf("warning %s\n", std::string(result.warning().value_or("")).c_str());
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto exact = merging(hamirror::MergeMode::exact);
    auto merge = merging(hamirror::MergeMode::master);
    OK(merge.asked(0x11f, 14, hamirror::Product::sphinx));
    CHECK(OK(exact.request("t")).size() > OK(merge.request("t")).size());
    add_all(merge, arguments + 1);
    auto results = OK(merge.finish());
    CHECK(results.size() == 1 && results[0].has_value());
    print(*results[0]);
    CHECK(error_of([&] { return merge.finish(); }).code() == ErrorCode::misuse);

    auto other = merging(hamirror::MergeMode::master);
    add_all(other, arguments + 1);
    auto all = hamirror::CallOptions().completeness(hamirror::Completeness::all);
    auto refused = OK(other.finish(all));
    CHECK(!refused[0].has_value() && refused[0].error().code() == ErrorCode::unanswered);
    return 0;
}
