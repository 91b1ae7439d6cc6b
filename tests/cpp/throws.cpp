// Callbacks that throw, which the header forbids: the program ends by abort(), and nothing goes on
// half done. Each throws in a child of its own.
#include <hamirror.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

const char *const CONFIG =
    "index d {\n type = distributed\n local = here\n agent = 127.0.0.1:1:a\n}\n";

void check(bool is_well, const char *what)
{
    if (is_well)
        return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::exit(1);
}

extern "C" int32_t throwing_build(void *, const hamirror_target *, hamirror_body *)
{
    throw std::runtime_error("out of a build callback");
}

extern "C" int32_t throwing_local(void *, hamirror_local *)
{
    throw std::runtime_error("out of a local callback");
}

extern "C" void throwing_log(void *, int32_t, hamirror_text)
{
    throw std::runtime_error("out of a log callback");
}

extern "C" void throwing_drop(void *)
{
    throw std::runtime_error("out of a drop callback");
}

extern "C" int32_t empty_build(void *, const hamirror_target *, hamirror_body *)
{
    return 0;
}

hamirror_client *client()
{
    hamirror_config *config;
    hamirror_client *client;
    check(hamirror_config_parse(CONFIG, "c", &config, nullptr) == HAMIRROR_OK, "configuration");
    check(hamirror_client_new(config, nullptr, &client, nullptr) == HAMIRROR_OK, "client");
    hamirror_config_free(config);
    return client;
}

void call(hamirror_build_callback build, hamirror_drop_callback drop)
{
    hamirror_request *request;
    hamirror_reply *reply;
    check(hamirror_request_new_with_callbacks(99, 256, HAMIRROR_ACCESS_READ, build, nullptr,
                                              nullptr, drop, &request, nullptr)
              == HAMIRROR_OK,
          "request");
    hamirror_client_call(client(), "d", 0, request, nullptr, &reply, nullptr);
    hamirror_request_free(request);
}

void search(hamirror_local_callback local)
{
    hamirror_search *search;
    hamirror_result *result;
    check(hamirror_search_new("x", &search, nullptr) == HAMIRROR_OK, "search");
    hamirror_client_search_with_locals(client(), "d", search, nullptr, local, nullptr, &result,
                                       nullptr);
}

void log()
{
    hamirror_client *logging = client();
    hamirror_config *config;
    check(hamirror_config_parse(CONFIG, "c", &config, nullptr) == HAMIRROR_OK, "configuration");
    hamirror_client_set_log(logging, HAMIRROR_LOG_INFO, throwing_log, nullptr, nullptr, nullptr);
    hamirror_client_reload(logging, config, nullptr);
}

void act(int number)
{
    // What it would be caught by, if it came through.
    try {
        switch (number) {
        case 0: call(throwing_build, nullptr); break;
        case 1: call(empty_build, throwing_drop); break;
        case 2: search(throwing_local); break;
        default: log(); break;
        }
    } catch (const std::exception &) {
        _exit(2);
    }
    _exit(3);
}

} // namespace

int main()
{
    for (int number = 0; number < 4; number++) {
        const rlimit none = {0, 0};
        int status = 0;
        const pid_t child = fork();
        if (child == 0) {
            setrlimit(RLIMIT_CORE, &none);
            check(std::freopen("/dev/null", "w", stderr) != nullptr, "silence");
            act(number);
        }
        check(child > 0 && waitpid(child, &status, 0) == child, "a child");
        std::printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status));
    }
    return 0;
}
