// Prints the rows of grouped searches, as every language does (tests/harness/listing.rs).
#include <hamirror.hpp>

#include <cstdio>
#include <string>

#include "steps.hpp"

namespace {

using Names = std::vector<std::string>;

hamirror::Search of_groups(const char *list, int32_t function, const Names &names)
{
    auto search = OK(hamirror::Search::make(""));
    OK(search.select(list));
    OK(search.group_by(function, names));
    return search;
}

std::string text_of(hamirror::Row row, size_t column)
{
    switch (row.type(column)) {
    case HAMIRROR_TYPE_FLOAT:
    case HAMIRROR_TYPE_DOUBLE:
        return std::to_string(OK(row.real(column)));
    case HAMIRROR_TYPE_STRING:
        return std::string(OK(row.string(column)));
    case HAMIRROR_TYPE_JSON:
        return OK(row.json(column));
    default:
        return std::to_string(OK(row.int64(column)));
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
                line += "|" + text_of(row, column);
            std::printf("%s\n", line.c_str());
        }
    }
};

void by_attributes(const Printer &print)
{
    auto search = of_groups("section, count(*) c, avg(installed_size) a", HAMIRROR_GROUP_ATTRIBUTE,
                            {"section"});
    OK(search.group_order("c desc, section asc"));
    OK(search.group_distinct("priority"));
    OK(search.filter_bound(HAMIRROR_FILTER_KEEP_GROUPS, "c", HAMIRROR_BOUND_ABOVE, 100));
    print("sections", search);

    search = of_groups("section, small, installed_size, count(*) c", HAMIRROR_GROUP_ATTRIBUTE,
                       {"section", "small"});
    OK(search.group_within("installed_size desc, @id asc"));
    OK(search.group_rows(2));
    OK(search.group_order("@count desc"));
    OK(search.filter_range(HAMIRROR_FILTER_DROP_GROUPS, "c", 0, 40));
    OK(search.window(1, 9));
    print("two of each", search);

    search = of_groups("count(*) c, max(ratio) r", HAMIRROR_GROUP_ATTRIBUTE, {"facts.deep.Kb"});
    OK(search.merge_mode(HAMIRROR_MERGE_MASTER));
    OK(search.outer("c desc, r asc", 1, 3));
    print("enclosed", search);
}

void by_time(const Printer &print)
{
    const std::pair<const char *, int32_t> functions[] = {{"days", HAMIRROR_GROUP_DAY},
                                                          {"weeks", HAMIRROR_GROUP_WEEK},
                                                          {"months", HAMIRROR_GROUP_MONTH},
                                                          {"years", HAMIRROR_GROUP_YEAR}};
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
             error_of([&] { return search.group_within("@id asc"); }),
             error_of([&] { return search.group_distinct("gid"); }),
             error_of([&] {
                 return search.filter_values(HAMIRROR_FILTER_DROP_GROUPS, "c", {1});
             }),
         })
        CHECK(error.code() == HAMIRROR_ERROR_MISUSE && contains(error.what(), "not grouped"));
    auto two = error_of([&] { return search.group_by(HAMIRROR_GROUP_WEEK, {"a", "b"}); });
    CHECK(two.code() == HAMIRROR_ERROR_ARGUMENT && contains(two.what(), "attributes_len 2"));
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
