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
        auto warning = result.warning();
        auto status = warning ? QueryStatus::warning : QueryStatus::ok;
        writer_.dword(static_cast<uint32_t>(status));
        if (warning)
            writer_.text(*warning);
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
            writer_.dword(static_cast<uint32_t>(number(client_kind(kind))));
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
                value(row[column], kinds_[column]);
        }
    }

    void value(const hamirror::Value &value, hamirror::Kind kind)
    {
        switch (kind) {
        case hamirror::Kind::float32:
            return writer_.real(static_cast<float>(value.real()));
        case hamirror::Kind::bigint:
            return bigint(static_cast<uint64_t>(value.int64()));
        case hamirror::Kind::uint64:
            return bigint(value.uint64());
        case hamirror::Kind::string:
        case hamirror::Kind::computed_string:
        case hamirror::Kind::json:
        case hamirror::Kind::json_field:
            return writer_.text(version_ < version::strings ? "" : text(value, kind));
        case hamirror::Kind::factors:
            return factors(value.string());
        case hamirror::Kind::multi:
            return set(value.int64s(), 1);
        case hamirror::Kind::multi64:
            return set(value.int64s(), 2);
        default:
            return writer_.dword(value.uint64());
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

    static std::string text(const hamirror::Value &value, hamirror::Kind kind)
    {
        switch (value.type()) {
        case hamirror::Type::null:
            return kind == hamirror::Kind::json ? "{}" : "";
        case hamirror::Type::json:
            return value.json();
        default:
            return std::string(value.string());
        }
    }

    // Clients know texts only where masters see what they are made of.
    static hamirror::Kind client_kind(hamirror::Kind kind)
    {
        switch (kind) {
        case hamirror::Kind::computed_string:
        case hamirror::Kind::json:
        case hamirror::Kind::json_field:
            return hamirror::Kind::string;
        case hamirror::Kind::uint64:
            return hamirror::Kind::bigint;
        default:
            return kind;
        }
    }

    Writer writer_;
    uint16_t version_;
    std::vector<hamirror::Kind> kinds_;
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
    if (last.kind() == hamirror::FailureKind::remote_error)
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
