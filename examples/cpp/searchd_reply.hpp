// A SEARCH's reply: a block for each query, as searchd writes it for a client.
#ifndef SEARCHD_REPLY_HPP
#define SEARCHD_REPLY_HPP

#include "searchd_query.hpp"

#include <hamirror.hpp>

#include <algorithm>
#include <set>
#include <vector>

enum class QueryStatus : uint32_t { ok = 0, error = 1, warning = 3 };

// Writes the block of a query that has a result, in the layout of the client's version.
class ResultWriter {
public:
    explicit ResultWriter(uint16_t version) : version_(version) {}

    std::string write(const hamirror::Result &result)
    {
        auto status = result.warning().empty() ? QueryStatus::ok : QueryStatus::warning;
        writer_.dword(static_cast<uint32_t>(status));
        if (!result.warning().empty())
            writer_.text(result.warning());
        schema(result);
        rows(result);
        writer_.dword(result.total());
        writer_.dword(std::min<uint64_t>(result.total_found(), UINT32_MAX));
        writer_.dword(static_cast<uint64_t>(result.time().count()));
        writer_.dword(result.words().size());
        for (auto [text, docs, hits] : result.words()) {
            writer_.text(text);
            writer_.dword(docs);
            writer_.dword(hits);
        }
        return writer_.bytes();
    }

private:
    void schema(const hamirror::Result &result)
    {
        writer_.dword(result.fields().size());
        for (auto field : result.fields())
            writer_.text(field);
        writer_.dword(result.columns().size());
        for (auto [name, kind] : result.columns()) {
            kinds_.push_back(kind);
            writer_.text(name);
            writer_.dword(static_cast<uint32_t>(client_kind(kind)));
        }
    }

    void rows(const hamirror::Result &result)
    {
        constexpr uint32_t has_wide_ids = 1;
        writer_.dword(result.size());
        writer_.dword(has_wide_ids);
        for (auto row : result) {
            writer_.qword(row.id());
            writer_.dword(static_cast<uint32_t>(row.weight()));
            for (size_t column = 0; column < kinds_.size(); column++)
                value(row, column);
        }
    }

    void value(const hamirror::Row &row, size_t column)
    {
        switch (kinds_[column]) {
        case HAMIRROR_KIND_FLOAT:
            return writer_.real(static_cast<float>(row.real(column)));
        case HAMIRROR_KIND_BIGINT:
            return bigint(static_cast<uint64_t>(row.int64(column)));
        case HAMIRROR_KIND_UINT64:
            return bigint(row.uint64(column));
        case HAMIRROR_KIND_STRING:
        case HAMIRROR_KIND_COMPUTED_STRING:
        case HAMIRROR_KIND_JSON:
        case HAMIRROR_KIND_JSON_FIELD:
            return writer_.text(version_ < version::strings ? "" : text(row, column));
        case HAMIRROR_KIND_FACTORS:
            return factors(row.string(column));
        case HAMIRROR_KIND_MULTI:
            return set(row.int64s(column), 1);
        case HAMIRROR_KIND_MULTI64:
            return set(row.int64s(column), 2);
        default:
            return writer_.dword(row.uint64(column));
        }
    }

    void bigint(uint64_t value)
    {
        version_ < version::wide_values ? writer_.dword(value) : writer_.qword(value);
    }

    // Their length counts itself.
    void factors(std::string_view blob)
    {
        if (version_ < version::factors || blob.empty())
            return writer_.dword(0);
        writer_.dword(blob.size() + 4);
        writer_.append(blob);
    }

    // A set's length is in dwords, of which a value takes one or two.
    void set(const std::vector<int64_t> &values, size_t dwords)
    {
        writer_.dword(values.size() * dwords);
        for (int64_t value : values) {
            auto bits = static_cast<uint64_t>(value);
            dwords == 1 ? writer_.dword(bits) : writer_.qword(bits);
        }
    }

    std::string text(const hamirror::Row &row, size_t column) const
    {
        switch (row.type(column)) {
        case HAMIRROR_TYPE_NULL:
            return kinds_[column] == HAMIRROR_KIND_JSON ? "{}" : "";
        case HAMIRROR_TYPE_JSON:
            return row.json(column);
        default:
            return std::string(row.string(column));
        }
    }

    // Clients know texts only where masters see what they are made of.
    static int32_t client_kind(int32_t kind)
    {
        switch (kind) {
        case HAMIRROR_KIND_COMPUTED_STRING:
        case HAMIRROR_KIND_JSON:
        case HAMIRROR_KIND_JSON_FIELD:
            return HAMIRROR_KIND_STRING;
        case HAMIRROR_KIND_UINT64:
            return HAMIRROR_KIND_BIGINT;
        default:
            return kind;
        }
    }

    Writer writer_;
    uint16_t version_;
    std::vector<int32_t> kinds_;
};

inline std::string result_block(const hamirror::Result &result, uint16_t version)
{
    return ResultWriter(version).write(result);
}

inline std::string error_block(std::string_view message)
{
    Writer writer;
    writer.dword(static_cast<uint32_t>(QueryStatus::error));
    writer.text(message);
    return writer.bytes();
}

// Why an agent failed, in a master's words, which are those of its last attempt.
inline std::string masters_line(const hamirror::Failure &failure)
{
    auto attempts = failure.attempts();
    if (attempts.empty())
        return std::string(failure.message());
    auto last = attempts[attempts.size() - 1];
    std::string line = "index " + std::string(failure.index());
    line += ": agent " + std::string(last.host()) + ": ";
    if (last.kind() == HAMIRROR_FAILURE_REMOTE_ERROR)
        line += "remote query error: ";
    return line + std::string(last.message());
}

// All failures as a master lists them: sorted, each once.
inline std::string masters_text(const hamirror::Error &error)
{
    std::set<std::string> lines;
    for (auto failure : error.failures())
        lines.insert(masters_line(failure));
    std::string text;
    for (const auto &line : lines)
        text += (text.empty() ? "" : ";\n") + line;
    return text.empty() ? error.what() : text;
}

#endif
