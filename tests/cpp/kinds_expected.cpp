// The other kind of file in the program of kinds.cpp.
#define HAMIRROR_EXPECTED
#include <hamirror.hpp>
#include <hamirror.hpp>

static_assert(std::is_same_v<hamirror::Returns<int>, hamirror::Expected<int>>);

hamirror_config *config_of_other_kind();
int code_of_other_kind();

hamirror_config *config_of_other_kind()
{
    auto config = hamirror::Config::parse(
        "index dist\n{\n type = distributed\n agent = 127.0.0.1:1:shard\n}\n", "kinds.conf");
    return config ? config->release() : nullptr;
}

int code_of_other_kind()
{
    auto config = hamirror::Config::parse("index {", "wrong.conf");
    return config ? HAMIRROR_OK : number(config.error().code());
}
