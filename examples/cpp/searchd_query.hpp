// A client's SEARCH: its queries, each as the index that is asked and a hamirror::Search.
#ifndef SEARCHD_QUERY_HPP
#define SEARCHD_QUERY_HPP

#include "searchd_wire.hpp"

#include <hamirror.hpp>

#include <vector>

namespace version {

// What changed the layout of a request or a reply; the daemon's own, and the oldest it takes.
constexpr uint16_t oldest = 0x113, wide_values = 0x114, overrides = 0x115, select_list = 0x116,
                   strings = 0x117, master = 0x118, flags = 0x11b, factors = 0x11c,
                   outer_order = 0x11d, own = 0x11f;

} // namespace version

struct Query {
    std::string index;
    hamirror::Search search;
    // What this host does not do, and so refuses; empty if there is nothing.
    std::string unsupported;
};

// Reads the fields in the order of the protocol, which is that of the table in its description.
class QueryReader {
public:
    QueryReader(Reader &reader, uint16_t version) : reader_(reader), version_(version) {}

    Query read()
    {
        head();
        filters();
        grouping();
        weights();
        tail();
        return {std::move(index_), std::move(search_), std::move(unsupported_)};
    }

private:
    void head()
    {
        if (version_ >= version::flags && (reader_.dword() & ~default_flags) != 0)
            refuse("query flags");
        int32_t offset = reader_.integer(), limit = reader_.integer();
        int32_t mode = reader_.integer(), ranker = reader_.integer();
        if (offset < 0 || limit < 0)
            throw Refusal("limit out of bounds (limit=" + std::to_string(limit) + ")");
        if (mode < 0 || mode > number(hamirror::MatchMode::extended2))
            throw Refusal("invalid match mode " + std::to_string(mode));
        if (ranker < 0 || ranker > number(hamirror::Ranker::exported))
            throw Refusal("invalid ranking mode " + std::to_string(ranker));
        std::string expression;
        if (ranker >= number(hamirror::Ranker::expression))
            expression = reader_.text();
        int32_t sort = reader_.integer();
        std::string clause = reader_.text();
        search_ = hamirror::Search::make(reader_.text());
        search_.window(static_cast<uint32_t>(offset), static_cast<uint32_t>(limit))
            .match_mode(hamirror::MatchMode{mode})
            .sort(hamirror::SortMode{sort}, clause);
        if (expression.empty())
            search_.ranker(hamirror::Ranker{ranker});
        else
            search_.ranker(hamirror::Ranker{ranker}, expression);
        for (uint32_t left = count("weight"); left > 0; left--) {
            reader_.dword();
            refuse("weights by the number of the field");
        }
        index_ = reader_.text();
        bool wide = reader_.dword() != 0;
        uint64_t from = wide ? reader_.qword() : reader_.dword();
        uint64_t to = wide ? reader_.qword() : reader_.dword();
        if (from != 0 || to != 0)
            search_.id_range(from, to == 0 ? UINT64_MAX : to);
    }

    void filters()
    {
        for (uint32_t left = count("filter"); left > 0; left--) {
            std::string attribute = reader_.text();
            if (attribute == "@id")
                attribute = "id";
            filter(attribute);
        }
    }

    void filter(const std::string &attribute)
    {
        switch (uint32_t type = reader_.dword()) {
        case 0: {
            std::vector<int64_t> values(count("value"));
            for (auto &each : values)
                each = value();
            search_.filter_values(kept_or_dropped(), attribute, values);
            break;
        }
        case 1: {
            int64_t from = value(), to = value();
            search_.filter_range(kept_or_dropped(), attribute, from, to);
            break;
        }
        case 2: {
            float from = reader_.real(), to = reader_.real();
            search_.filter_float_range(kept_or_dropped(), attribute, from, to);
            break;
        }
        case 3: {
            std::string text = reader_.text();
            search_.filter_string(kept_or_dropped(), attribute, text);
            break;
        }
        case 4: {
            bool is_null = reader_.byte() != 0, drops = reader_.dword() != 0;
            search_.filter_null(is_null != drops ? hamirror::Filter::keep : hamirror::Filter::drop,
                                attribute);
            break;
        }
        case 6:
            for (uint32_t left = count("value"); left > 0; left--)
                reader_.text();
            kept_or_dropped();
            refuse("a filter with a list of texts");
            break;
        default:
            throw Refusal("unknown filter type (type-id=" + std::to_string(type) + ")");
        }
    }

    void grouping()
    {
        reader_.dword();
        if (!reader_.text().empty())
            refuse("grouping");
        int32_t max_matches = reader_.integer();
        if (max_matches < 1)
            throw Refusal("max_matches can not be less than one");
        search_.max_matches(static_cast<uint32_t>(max_matches));
        reader_.text();
        search_.cutoff(reader_.dword());
        // Retries are what this host leaves to its configuration.
        reader_.qword();
        reader_.text();
    }

    void weights()
    {
        if (reader_.dword() != 0) {
            std::string latitude_attribute = reader_.text(), longitude_attribute = reader_.text();
            float latitude = reader_.real(), longitude = reader_.real();
            search_.geo_anchor(latitude_attribute, longitude_attribute, latitude, longitude);
        }
        for (uint32_t left = count("index weight"); left > 0; left--) {
            std::string name = reader_.text();
            search_.index_weight(name, reader_.integer());
        }
        search_.max_query_time(std::chrono::milliseconds(reader_.dword()));
        for (uint32_t left = count("field weight"); left > 0; left--) {
            std::string name = reader_.text();
            search_.field_weight(name, reader_.integer());
        }
    }

    void tail()
    {
        search_.comment(reader_.text());
        if (version_ >= version::overrides)
            overrides();
        if (version_ >= version::select_list)
            if (std::string list = reader_.text(); !list.empty())
                search_.select(list);
        if (version_ >= version::outer_order) {
            reader_.text();
            reader_.qword();
            if (reader_.dword() != 0)
                refuse("an outer order");
        }
    }

    void overrides()
    {
        for (uint32_t left = reader_.dword(); left > 0; left--) {
            reader_.text();
            bool wide = hamirror::Kind{reader_.integer()} == hamirror::Kind::bigint;
            for (uint32_t values = reader_.dword(); values > 0; values--) {
                reader_.qword();
                wide ? void(reader_.qword()) : void(reader_.dword());
            }
            refuse("overrides");
        }
    }

    int64_t value()
    {
        if (version_ < version::wide_values)
            return reader_.dword();
        return static_cast<int64_t>(reader_.qword());
    }

    hamirror::Filter kept_or_dropped()
    {
        return reader_.dword() == 0 ? hamirror::Filter::keep : hamirror::Filter::drop;
    }

    uint32_t count(const char *what)
    {
        int32_t count = reader_.integer();
        if (count < 0 || count > count_max)
            throw Refusal(std::string("invalid ") + what + " count " + std::to_string(count)
                          + " (should be in 0.." + std::to_string(count_max) + " range)");
        return static_cast<uint32_t>(count);
    }

    void refuse(const char *what) { unsupported_ = std::string(what) + " can not be asked here"; }

    // The daemon's default: frequencies are normalised.
    static constexpr uint32_t default_flags = 0x40;
    static constexpr int32_t count_max = 4096;

    Reader &reader_;
    uint16_t version_;
    std::string index_, unsupported_;
    hamirror::Search search_ = hamirror::Search(nullptr);
};

inline void check_version(uint16_t client)
{
    auto shown = [](uint16_t number) {
        return "v." + std::to_string(number >> 8) + "." + std::to_string(number & 0xff);
    };
    if (client >> 8 != version::own >> 8)
        throw Refusal("major command version mismatch (expected v."
                      + std::to_string(version::own >> 8) + ".x, got " + shown(client) + ")");
    if (client > version::own)
        throw Refusal("client version is higher than daemon version (client is " + shown(client)
                      + ", daemon is " + shown(version::own) + ")");
    if (client < version::oldest)
        throw Refusal("client version is too old; upgrade your client (client is " + shown(client)
                      + ", min is " + shown(version::oldest) + ")");
}

inline std::vector<Query> read_queries(const Request &request)
{
    constexpr int32_t count_max = 32;
    check_version(request.version);
    Reader reader(request.body);
    if (request.version >= version::master && reader.dword() != 0)
        throw Refusal("master-agent version mismatch; update me first, then update master!");
    int32_t count = reader.integer();
    if (count < 1 || count > count_max)
        throw Refusal("bad multi-query count " + std::to_string(count) + " (must be in 1.."
                      + std::to_string(count_max) + " range)");
    std::vector<Query> queries;
    for (; count > 0; count--)
        queries.push_back(QueryReader(reader, request.version).read());
    return queries;
}

#endif
