// Prints the rows of grouped searches, as every language does (tests/harness/listing.rs).
#include <hamirror.hpp>

#include <cstdio>
#include <string>

#include "steps.hpp"

namespace {

using Names = std::vector<std::string>;
using hamirror::Bound, hamirror::ErrorCode, hamirror::Filter, hamirror::GroupFunction;
using hamirror::Type;

hamirror::Search of_groups(const char *list, GroupFunction function, const Names &names)
{
    auto search = OK(hamirror::Search::make(""));
    OK(search.select(list));
    OK(search.group_by(function, names));
    return search;
}

std::string text_of(hamirror::Value value)
{
    switch (value.type()) {
    case Type::float32:
    case Type::float64:
        return std::to_string(OK(value.real()));
    case Type::string:
        return std::string(OK(value.string()));
    case Type::json:
        return OK(value.json());
    default:
        return std::to_string(OK(value.int64()));
    }
}

struct Printer {
    const hamirror::Client &client;
    std::string index;

    void operator()(const char *title, const hamirror::Search &search) const
    {
        auto result = OK(client.search(index, search));
        std::printf("%s\n", title);
        for (auto row : result) {
            auto line = std::to_string(row.id());
            for (size_t column = 0; column < result.columns().size(); column++)
                line += "|" + text_of(row[column]);
            std::printf("%s\n", line.c_str());
        }
    }
};

void by_attributes(const Printer &print)
{
    auto search = of_groups("section, count(*) c, avg(installed_size) a", GroupFunction::attribute,
                            {"section"});
    OK(search.group_order("c desc, section asc"));
    OK(search.group_distinct("priority"));
    OK(search.filter_bound(Filter::keep_groups, "c", Bound::above, 100));
    print("sections", search);

    search = of_groups("section, small, installed_size, count(*) c", GroupFunction::attribute,
                       {"section", "small"});
    OK(search.group_within("installed_size desc, @id asc"));
    OK(search.group_rows(2));
    OK(search.group_order("@count desc"));
    OK(search.filter_range(Filter::drop_groups, "c", 0, 40));
    OK(search.window(1, 9));
    print("two of each", search);

    search = of_groups("count(*) c, max(ratio) r", GroupFunction::attribute, {"facts.deep.Kb"});
    OK(search.merge_mode(hamirror::MergeMode::master));
    OK(search.outer("c desc, r asc", 1, 3));
    print("enclosed", search);
}

void by_time(const Printer &print)
{
    const std::pair<const char *, GroupFunction> functions[] = {{"days", GroupFunction::day},
                                                          {"weeks", GroupFunction::week},
                                                          {"months", GroupFunction::month},
                                                          {"years", GroupFunction::year}};
    for (auto [title, function] : functions) {
        auto search = of_groups("count(*) c, sum(size) s", function, {"added"});
        OK(search.group_order("@group asc"));
        OK(search.window(0, 3));
        print(title, search);
    }
}

void misuse()
{
    auto search = OK(hamirror::Search::make(""));
    for (const auto &error : {
             error_of([&]() -> decltype(auto) { return search.group_within("@id asc"); }),
             error_of([&]() -> decltype(auto) { return search.group_distinct("gid"); }),
             error_of([&]() -> decltype(auto) {
                 return search.filter_values(Filter::drop_groups, "c", {1});
             }),
         })
        CHECK(error.code() == ErrorCode::misuse && contains(error.what(), "not grouped"));
    auto two = error_of([&]() -> decltype(auto) {
        return search.group_by(GroupFunction::week, {"a", "b"});
    });
    CHECK(two.code() == ErrorCode::argument && contains(two.what(), "attributes_len 2"));
}

} // namespace

int main(int count, char **arguments)
{
    CHECK(count == 3);
    auto client = OK(hamirror::Client::make(OK(hamirror::Config::read(arguments[1]))));
    Printer print{client, arguments[2]};
    by_attributes(print);
    by_time(print);
    misuse();
    return 0;
}
