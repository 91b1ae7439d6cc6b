#include <hamirror.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

template <typename T> using Handle = std::unique_ptr<T, void (*)(T *)>;

// Calls a function of the library that makes a handle; an error becomes an exception.
template <typename T, typename Function, typename... Arguments>
Handle<T> make(void (*free)(T *), Function function, Arguments... arguments)
{
    T *made;
    hamirror_error *failed;
    if (function(arguments..., &made, &failed) != HAMIRROR_OK) {
        Handle<hamirror_error> error(failed, hamirror_error_free);
        hamirror_text message = hamirror_error_message(error.get());
        throw std::runtime_error(std::string(message.data, message.len));
    }
    return Handle<T>(made, free);
}

int main()
try {
    auto config = make(hamirror_config_free, hamirror_config_read, "sphinx.conf");
    auto client = make(hamirror_client_free, hamirror_client_new, config.get(), nullptr);
    auto search = make(hamirror_search_free, hamirror_search_new, "library");
    auto result = make(hamirror_result_free, hamirror_client_search, client.get(), "packages",
                       search.get(), nullptr);
    for (size_t row = 0; row < hamirror_result_row_count(result.get()); row++)
        std::cout << hamirror_result_id(result.get(), row) << ' '
                  << hamirror_result_weight(result.get(), row) << '\n';
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
