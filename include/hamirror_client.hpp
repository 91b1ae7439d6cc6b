/* Configurations and clients: include hamirror.hpp. */
#ifndef HAMIRROR_CLIENT_HPP
#define HAMIRROR_CLIENT_HPP

#include <hamirror_command.hpp>
#include <hamirror_local.hpp>
#include <hamirror_pending.hpp>
#include <hamirror_request.hpp>
#include <hamirror_search.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// A configuration that was read and checked.
class Config : public Handle<hamirror_config, hamirror_config_free> {
public:
    using Handle::Handle;
    // Reads a file.
    static Returns<Config> read(Text path)
    {
        return detail::ask<Config>(hamirror_config_read, path.c_str());
    }
    // Reads a file by the rules of a daemon.
    static Returns<Config> read(Text path, Reading reading)
    {
        return detail::ask<Config>(hamirror_config_read_as, path.c_str(), reading);
    }
    // Reads a text, which errors and warnings call by that name.
    static Returns<Config> parse(Text text, Text name)
    {
        return detail::ask<Config>(hamirror_config_parse, text.c_str(), name.c_str());
    }
    // Reads a text by the rules of a daemon.
    static Returns<Config> parse(Text text, Text name, Reading reading)
    {
        return detail::ask<Config>(hamirror_config_parse_as, text.c_str(), name.c_str(),
                                   reading);
    }
    // Returns the names of the distributed indexes.
    Range<std::string_view, const hamirror_config *> index_names() const
    {
        return {get(), hamirror_config_index_count(get()), [](auto config, size_t index) {
                    return view(hamirror_config_index_name(config, index));
                }};
    }
    // Returns the number of agents of an index, by its place in index_names().
    size_t agent_count(size_t index) const { return hamirror_config_agent_count(get(), index); }
    // Returns the number of mirrors of an agent.
    size_t mirror_count(size_t index, AgentNumber agent) const
    {
        return hamirror_config_mirror_count(get(), index, number(agent));
    }
    // Returns the host of a mirror.
    std::string_view mirror_host(size_t index, AgentNumber agent, size_t mirror) const
    {
        return view(hamirror_config_mirror_host(get(), index, number(agent), mirror));
    }
    // Returns the indexes that a mirror is asked for.
    std::string_view mirror_index_list(size_t index, AgentNumber agent, size_t mirror) const
    {
        return view(hamirror_config_mirror_index_list(get(), index, number(agent), mirror));
    }
    // Returns what was odd.
    Range<Diagnostic, const hamirror_config *> warnings() const
    {
        return {get(), hamirror_config_warning_count(get()), [](auto config, size_t warning) {
                    return Diagnostic(hamirror_config_warning(config, warning));
                }};
    }
};

// Settings that a program makes a configuration of.
class ConfigBuilder : public Handle<hamirror_config_builder, hamirror_config_builder_free> {
public:
    using Handle::Handle;
    ConfigBuilder() : Handle(hamirror_config_builder_new()) {}
    // Adds a setting to a section: an index, or "searchd".
    Chain<ConfigBuilder> set(Text section, Text key, Text value) &
    {
        return detail::set(*this, hamirror_config_builder_set, get(), section.c_str(),
                           key.c_str(), value.c_str());
    }
    // Checks all settings and makes a configuration of them.
    Returns<Config> build() const
    {
        return detail::ask<Config>(hamirror_config_builder_build, get());
    }
    // Checks all settings by the rules of a daemon, and makes a configuration of them.
    Returns<Config> build(Reading reading) const
    {
        return detail::ask<Config>(hamirror_config_builder_build_as, get(), reading);
    }
};

// Options of a client; those that are not set have their defaults.
class ClientOptions {
public:
    ClientOptions() { hamirror_client_options_init(&raw_, sizeof raw_); }
    // Returns the C structure.
    const hamirror_client_options *get() const { return &raw_; }
    // Sets whether a thread of the library pings and sends to blackholes; it does unless set.
    ClientOptions &background(bool on)
    {
        raw_.no_background = !on;
        return *this;
    }
    // Sets which connections are kept after use.
    ClientOptions &keep_connections(Keep keep)
    {
        raw_.keep_connections = number(keep);
        return *this;
    }
    // Sets whether another mirror is asked after a failure; it is unless set.
    ClientOptions &failover(bool on)
    {
        raw_.no_failover = !on;
        return *this;
    }
    // Sets what every pick follows from, for reproducible runs; none differs each time.
    ClientOptions &seed(std::optional<uint64_t> seed)
    {
        raw_.seed = seed.value_or(0);
        return *this;
    }

private:
    hamirror_client_options raw_;
};

// What to say of one call, before the configuration; what is none is left to that.
class CallOptions {
public:
    using Time = std::optional<std::chrono::milliseconds>;

    CallOptions() { hamirror_call_options_init(&raw_, sizeof raw_); }
    // Returns the C structure.
    const hamirror_call_options *get() const { return &raw_; }
    // Sets whether another mirror is asked after a failure; it is unless set.
    CallOptions &failover(bool on)
    {
        raw_.no_failover = !on;
        return *this;
    }
    // Sets which share of the agents must answer; the percentage is for Completeness::at_least.
    CallOptions &completeness(Completeness completeness, int32_t percent = 0)
    {
        raw_.completeness = number(completeness);
        raw_.completeness_percent = percent;
        return *this;
    }
    // Sets the time from start to end, all attempts included.
    CallOptions &deadline(Time time) { return set(raw_.deadline_ms, time); }
    // Sets the time to reach a mirror, in place of agent_connect_timeout.
    CallOptions &connect_timeout(Time time) { return set(raw_.connect_timeout_ms, time); }
    // Sets the time that one mirror has to answer, in place of agent_query_timeout.
    CallOptions &query_timeout(Time time) { return set(raw_.query_timeout_ms, time); }
    // Sets the number of further rounds over all mirrors, in place of agent_retry_count.
    CallOptions &retry_count(std::optional<uint32_t> count)
    {
        raw_.retry_count = detail::setting(count);
        return *this;
    }
    // Sets the pause before each further round, in place of agent_retry_delay.
    CallOptions &retry_delay(Time time) { return set(raw_.retry_delay_ms, time); }
    // Sets the percentage of the agents after whose answers the rest of a search is hurried, and
    // the share of the time left that the rest gets, in percent.
    CallOptions &soft_timeout(int32_t percent, int32_t share)
    {
        raw_.soft_timeout_percent = percent;
        raw_.soft_timeout_share = share;
        return *this;
    }
    // Keeps reads with this key to one mirror of each agent; Outcome::kept_mirror() tells.
    CallOptions &mirror_key(std::string_view key)
    {
        raw_.mirror_key = hamirror_mirror_key(key.data(), key.size());
        return *this;
    }

private:
    CallOptions &set(int64_t &field, Time time)
    {
        field = detail::setting(time ? std::optional<int64_t>(time->count()) : std::nullopt);
        return *this;
    }
    hamirror_call_options raw_;
};

namespace detail {

template <typename Log> struct LogCallback {
    Log log_;

    static void log(void *callback, int32_t level, hamirror_text line) noexcept
    {
        auto &self = *static_cast<LogCallback *>(callback);
        guard([&] { return static_cast<void>(self.log_(LogLevel{level}, view(line))), 0; });
    }
};

// Texts as C takes them.
inline std::vector<hamirror_text> texts(const std::vector<std::string_view> &views)
{
    std::vector<hamirror_text> texts;
    for (std::string_view text : views)
        texts.push_back({text.data(), text.size()});
    return texts;
}

} // namespace detail

// Asks distributed indexes; threads share it.
class Client : public Handle<hamirror_client, hamirror_client_free> {
public:
    using Handle::Handle;
    // Makes a client; nothing is connected before the first call.
    static Returns<Client> make(const Config &config, const ClientOptions &options = {})
    {
        return detail::ask<Client>(hamirror_client_new, config.get(), options.get());
    }
    // Returns another handle of this client.
    Client clone() const { return Client(hamirror_client_clone(get())); }
    // Takes a new configuration over; hosts that stay keep their record.
    Returns<void> reload(const Config &config) const
    {
        return detail::run(hamirror_client_reload, get(), config.get());
    }
    // Searches all agents of an index, or of several ("shop, archive"), and merges their rows.
    Returns<Result> search(Text index, const Search &search, const CallOptions &options = {}) const
    {
        return detail::ask<Result>(hamirror_client_search, get(), index.c_str(), search.get(),
                                   options.get());
    }
    // Several searches in one request to each agent; each has its result or its error.
    Returns<std::vector<Expected<Result>>> search_all(Text index,
                                                      const std::vector<const Search *> &searches,
                                                      const CallOptions &options = {}) const
    {
        auto handles = detail::handles(searches);
        return detail::ask_each(handles.size(), [&](auto results, auto errors, auto error) {
            return hamirror_client_search_all(get(), index.c_str(), handles.data(), handles.size(),
                                              options.get(), results, errors, error);
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
        if (hamirror_client_search_with_locals(get(), index.c_str(), search.get(),
                                               options.get(), Callback::search, &callback,
                                               &result, &error) == HAMIRROR_OK)
            return Result(result);
#ifndef HAMIRROR_EXPECTED
        if (callback.thrown_) {
            hamirror_error_free(error);
            std::rethrow_exception(callback.thrown_);
        }
#endif
        return detail::fail<Result>(error);
    }
    // Asks one agent of an index.
    Returns<Reply> call(Text index, AgentNumber agent, const Request &request,
                        const CallOptions &options = {}) const
    {
        return detail::ask<Reply>(hamirror_client_call, get(), index.c_str(), agent,
                                  request.get(), options.get());
    }
    // Cuts an excerpt of each document around the words.
    Returns<Excerpts> excerpts(Text index, const std::vector<std::string_view> &documents,
                               Text words, const ExcerptOptions &excerpt = ExcerptOptions(),
                               const CallOptions &options = {}) const
    {
        auto texts = detail::texts(documents);
        return detail::ask<Excerpts>(hamirror_client_excerpts, get(), index.c_str(), texts.data(),
                                     texts.size(), words.c_str(), excerpt.get(), options.get());
    }
    // Starts what excerpts() does.
    Returns<Pending<Excerpts>> start_excerpts(Text index,
                                              const std::vector<std::string_view> &documents,
                                              Text words,
                                              const ExcerptOptions &excerpt = ExcerptOptions(),
                                              const CallOptions &options = {}) const
    {
        auto texts = detail::texts(documents);
        return detail::ask<Pending<Excerpts>>(hamirror_client_start_excerpts, get(),
                                              index.c_str(), texts.data(), texts.size(),
                                              words.c_str(), excerpt.get(), options.get());
    }
    // Splits a text into keywords as the index does, with statistics over all agents or without.
    Returns<Keywords> keywords(Text index, Text text, bool with_statistics,
                               const CallOptions &options = {}) const
    {
        return detail::ask<Keywords>(hamirror_client_keywords, get(), index.c_str(), text.c_str(),
                                     int32_t{with_statistics}, options.get());
    }
    // Starts what keywords() does.
    Returns<Pending<Keywords>> start_keywords(Text index, Text text, bool with_statistics,
                                              const CallOptions &options = {}) const
    {
        return detail::ask<Pending<Keywords>>(hamirror_client_start_keywords, get(),
                                              index.c_str(), text.c_str(),
                                              int32_t{with_statistics}, options.get());
    }
    // Sets attributes of documents on every mirror of every agent.
    Returns<Mirrored> update(Text index, const Update &update,
                             const CallOptions &options = {}) const
    {
        return detail::ask<Mirrored>(hamirror_client_update, get(), index.c_str(), update.get(),
                                     options.get());
    }
    // Starts what update() does.
    Returns<Pending<Mirrored>> start_update(Text index, const Update &update,
                                            const CallOptions &options = {}) const
    {
        return detail::ask<Pending<Mirrored>>(hamirror_client_start_update, get(), index.c_str(),
                                              update.get(), options.get());
    }
    // Has every mirror of every agent write updated attributes to disk.
    Returns<Mirrored> flush_attributes(Text index, const CallOptions &options = {}) const
    {
        return detail::ask<Mirrored>(hamirror_client_flush_attributes, get(), index.c_str(),
                                     options.get());
    }
    // Starts what flush_attributes() does.
    Returns<Pending<Mirrored>> start_flush_attributes(Text index,
                                                      const CallOptions &options = {}) const
    {
        return detail::ask<Pending<Mirrored>>(hamirror_client_start_flush_attributes, get(),
                                              index.c_str(), options.get());
    }
    // Asks every mirror of every agent for the counters of its daemon.
    Returns<Mirrored> daemon_status(Text index, const CallOptions &options = {}) const
    {
        return detail::ask<Mirrored>(hamirror_client_daemon_status, get(), index.c_str(),
                                     options.get());
    }
    // Starts what daemon_status() does.
    Returns<Pending<Mirrored>> start_daemon_status(Text index,
                                                   const CallOptions &options = {}) const
    {
        return detail::ask<Pending<Mirrored>>(hamirror_client_start_daemon_status, get(),
                                              index.c_str(), options.get());
    }
    // Looks all host names up again, in the background.
    Returns<void> flush_hostnames() const
    {
        return detail::run(hamirror_client_flush_hostnames, get());
    }
    // As flush_hostnames(), and returns for how many hosts.
    Returns<size_t> refresh_hostnames() const
    {
        return detail::ask<size_t>(hamirror_client_refresh_hostnames, get());
    }
    // Says where a host listens, in place of look-ups; an empty list returns to these.
    Returns<void> set_addresses(Text host, const std::vector<std::string> &addresses) const
    {
        std::vector<const char *> texts;
        for (const std::string &address : addresses)
            texts.push_back(Text(address).c_str());
        return detail::run(hamirror_client_set_addresses, get(), host.c_str(), texts.data(),
                           texts.size());
    }
    // Calls log(LogLevel level, std::string_view line).
    template <typename Log> Returns<void> set_log(LogLevel level, Log log) const
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
