#include <hamirror.hpp>

#include <iostream>

int main()
try {
    auto client = hamirror::Client::make(hamirror::Config::read("sphinx.conf"));
    auto search = hamirror::Search::make("library");
    for (auto row : client.search("packages", search))
        std::cout << row.id() << ' ' << row.weight() << '\n';
} catch (const hamirror::Error &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
