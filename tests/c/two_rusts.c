/* A program with two Rust libraries in it, each with a standard library of its own: both do their
 * work, and the other one catches its own panics. */
#include "check.h"

int other_caught(void);
size_t other_arguments(void);

#define AT_FAULT "index d {\n type = distributed\n agent = box:port:i\n}\n"

int main(int count, char **arguments)
{
    hamirror_config *config;
    CHECK(count == 3 && arguments[0] != NULL);
    CHECK(other_caught() == 7 && other_arguments() == 3);
    EXPECT(HAMIRROR_ERROR_CONFIG, hamirror_config_parse(AT_FAULT, "test.conf", &config, &error));
    hamirror_client_free(client_of_file(arguments[1]));
    CHECK(other_caught() == 7);
    return 0;
}
