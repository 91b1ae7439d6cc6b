/* Configurations and clients: include hamirror.hpp. */
#ifndef HAMIRROR_CLIENT_HPP
#define HAMIRROR_CLIENT_HPP

#include <hamirror_local.hpp>
#include <hamirror_request.hpp>
#include <hamirror_search.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

class Config : public Handle<hamirror_config, hamirror_config_free> {
public:
    using Handle::Handle;
    static Returns<Config> read(Text path)
    {
        return detail::ask<Config>(hamirror_config_read, path.c_str());
    }
    static Returns<Config> read(Text path, int32_t reading)
    {
        return detail::ask<Config>(hamirror_config_read_as, path.c_str(), reading);
    }
    static Returns<Config> parse(Text text, Text name)
    {
        return detail::ask<Config>(hamirror_config_parse, text.c_str(), name.c_str());
    }
    static Returns<Config> parse(Text text, Text name, int32_t reading)
    {
        return detail::ask<Config>(hamirror_config_parse_as, text.c_str(), name.c_str(), reading);
    }
    Range<std::string_view, const hamirror_config *> index_names() const
    {
        return {get(), hamirror_config_index_count(get()), [](auto config, size_t number) {
                    return view(hamirror_config_index_name(config, number));
                }};
    }
    size_t agent_count(size_t number) const { return hamirror_config_agent_count(get(), number); }
    size_t mirror_count(size_t number, size_t agent) const
    {
        return hamirror_config_mirror_count(get(), number, agent);
    }
    std::string_view mirror_host(size_t number, size_t agent, size_t mirror) const
    {
        return view(hamirror_config_mirror_host(get(), number, agent, mirror));
    }
    std::string_view mirror_index_list(size_t number, size_t agent, size_t mirror) const
    {
        return view(hamirror_config_mirror_index_list(get(), number, agent, mirror));
    }
    Range<Diagnostic, const hamirror_config *> warnings() const
    {
        return {get(), hamirror_config_warning_count(get()), [](auto config, size_t number) {
                    return Diagnostic(hamirror_config_warning(config, number));
                }};
    }
};

class ConfigBuilder : public Handle<hamirror_config_builder, hamirror_config_builder_free> {
public:
    using Handle::Handle;
    ConfigBuilder() : Handle(hamirror_config_builder_new()) {}
    Returns<void> set(Text section, Text key, Text value)
    {
        return detail::run(hamirror_config_builder_set, get(), section.c_str(), key.c_str(),
                           value.c_str());
    }
    Returns<Config> build() const
    {
        return detail::ask<Config>(hamirror_config_builder_build, get());
    }
    Returns<Config> build(int32_t reading) const
    {
        return detail::ask<Config>(hamirror_config_builder_build_as, get(), reading);
    }
};

// The C structure with the defaults filled in.
struct ClientOptions : hamirror_client_options {
    ClientOptions() { hamirror_client_options_init(this, sizeof(hamirror_client_options)); }
};

// The C structure with the defaults filled in.
struct CallOptions : hamirror_call_options {
    CallOptions() { hamirror_call_options_init(this, sizeof(hamirror_call_options)); }
};

namespace detail {

template <typename Log> struct LogCallback {
    Log log_;

    static void log(void *callback, int32_t level, hamirror_text line) noexcept
    {
        auto &self = *static_cast<LogCallback *>(callback);
        guard([&] { return static_cast<void>(self.log_(level, view(line))), 0; });
    }
};

} // namespace detail

class Client : public Handle<hamirror_client, hamirror_client_free> {
public:
    using Handle::Handle;
    static Returns<Client> make(const Config &config, const ClientOptions &options = {})
    {
        return detail::ask<Client>(hamirror_client_new, config.get(), &options);
    }
    Client clone() const { return Client(hamirror_client_clone(get())); }
    Returns<void> reload(const Config &config) const
    {
        return detail::run(hamirror_client_reload, get(), config.get());
    }
    Returns<Result> search(Text index, const Search &search, const CallOptions &options = {}) const
    {
        return detail::ask<Result>(hamirror_client_search, get(), index.c_str(), search.get(),
                                   &options);
    }
    // Several searches in one request to each agent; each has its result or its error.
    Returns<std::vector<Expected<Result>>> search_all(Text index,
                                                      const std::vector<const Search *> &searches,
                                                      const CallOptions &options = {}) const
    {
        auto handles = detail::handles(searches);
        return detail::ask_each(handles.size(), [&](auto results, auto errors, auto error) {
            return hamirror_client_search_all(get(), index.c_str(), handles.data(), handles.size(),
                                              &options, results, errors, error);
        });
    }
    // Calls search_local(LocalView); what that throws comes out, unless Returns is Expected.
    template <typename SearchLocal>
    Returns<Result> search_with_locals(Text index, const Search &search,
                                       SearchLocal &&search_local,
                                       const CallOptions &options = {}) const
    {
        using Callback = detail::LocalCallback<std::remove_reference_t<SearchLocal>>;
        Callback callback{search_local, nullptr};
        hamirror_result *result;
        hamirror_error *error;
        if (hamirror_client_search_with_locals(get(), index.c_str(), search.get(), &options,
                                               Callback::search, &callback, &result,
                                               &error) == HAMIRROR_OK)
            return Result(result);
#ifndef HAMIRROR_EXPECTED
        if (callback.thrown_) {
            hamirror_error_free(error);
            std::rethrow_exception(callback.thrown_);
        }
#endif
        return detail::fail<Result>(error);
    }
    Returns<Reply> call(Text index, size_t agent, const Request &request,
                        const CallOptions &options = {}) const
    {
        return detail::ask<Reply>(hamirror_client_call, get(), index.c_str(), agent, request.get(),
                                  &options);
    }
    Returns<void> flush_hostnames() const
    {
        return detail::run(hamirror_client_flush_hostnames, get());
    }
    // As flush_hostnames(), and says for how many hosts.
    Returns<size_t> refresh_hostnames() const
    {
        return detail::ask<size_t>(hamirror_client_refresh_hostnames, get());
    }
    Returns<void> set_addresses(Text host, const std::vector<std::string> &addresses) const
    {
        std::vector<const char *> texts;
        for (const std::string &address : addresses)
            texts.push_back(Text(address).c_str());
        return detail::run(hamirror_client_set_addresses, get(), host.c_str(), texts.data(),
                           texts.size());
    }
    // Calls log(int32_t level, std::string_view line).
    template <typename Log> Returns<void> set_log(int32_t level, Log log) const
    {
        using Callback = detail::LogCallback<Log>;
        return detail::run(hamirror_client_set_log, get(), level, Callback::log,
                           new Callback{std::move(log)}, detail::end<Callback>);
    }
    // Ends the log.
    Returns<void> set_log(std::nullptr_t) const
    {
        return detail::run(hamirror_client_set_log, get(), 0, nullptr, nullptr, nullptr);
    }
};

} // inline namespace
} // namespace hamirror

#endif
