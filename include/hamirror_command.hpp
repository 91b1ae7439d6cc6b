/* What is asked of agents beside searches, and what they answer: include hamirror.hpp. */
#ifndef HAMIRROR_COMMAND_HPP
#define HAMIRROR_COMMAND_HPP

#include <hamirror_support.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Returns a text of a user as words alone, without operators of the query syntax.
inline Returns<std::string> escape(Text text)
{
    return detail::fill<std::string>(hamirror_escape, text.c_str());
}

// Marks, sizes and switches of excerpts. An empty one, as of the default constructor, is NULL.
class ExcerptOptions : public Handle<hamirror_excerpt_options, hamirror_excerpt_options_free> {
public:
    using Handle::Handle;
    // Makes the options that clients of searchd send.
    static Returns<ExcerptOptions> make()
    {
        return detail::ask<ExcerptOptions>(hamirror_excerpt_options_new);
    }
    // Sets what stands before a word that was found.
    Chain<ExcerptOptions> before_match(Text mark)
    {
        return set(hamirror_excerpt_options_before_match, mark.c_str());
    }
    // Sets what stands behind a word that was found.
    Chain<ExcerptOptions> after_match(Text mark)
    {
        return set(hamirror_excerpt_options_after_match, mark.c_str());
    }
    // Sets what stands between two passages.
    Chain<ExcerptOptions> chunk_separator(Text separator)
    {
        return set(hamirror_excerpt_options_chunk_separator, separator.c_str());
    }
    // Sets the size of an excerpt in characters; 0 is no limit.
    Chain<ExcerptOptions> limit(uint32_t characters)
    {
        return set(hamirror_excerpt_options_limit, characters);
    }
    // Sets the number of words on each side of one that was found.
    Chain<ExcerptOptions> around(uint32_t words)
    {
        return set(hamirror_excerpt_options_around, words);
    }
    // Sets the number of passages; 0 is no limit.
    Chain<ExcerptOptions> limit_passages(uint32_t passages)
    {
        return set(hamirror_excerpt_options_limit_passages, passages);
    }
    // Sets the number of words of an excerpt; 0 is no limit.
    Chain<ExcerptOptions> limit_words(uint32_t words)
    {
        return set(hamirror_excerpt_options_limit_words, words);
    }
    // Sets the number that %PASSAGE_ID% of the marks begins with.
    Chain<ExcerptOptions> start_passage_id(uint32_t number)
    {
        return set(hamirror_excerpt_options_start_passage_id, number);
    }
    // Sets what is done with markup.
    Chain<ExcerptOptions> html_strip(HtmlStrip mode)
    {
        return set(hamirror_excerpt_options_html_strip, mode);
    }
    // Sets what no passage goes beyond.
    Chain<ExcerptOptions> passage_boundary(PassageBoundary boundary)
    {
        return set(hamirror_excerpt_options_passage_boundary, boundary);
    }
    // Sets where documents are.
    Chain<ExcerptOptions> load_files(ExcerptFiles files)
    {
        return set(hamirror_excerpt_options_load_files, files);
    }
    // Turns a switch on or off.
    Chain<ExcerptOptions> flag(ExcerptFlag flag, bool on = true)
    {
        return set(hamirror_excerpt_options_flag, flag, int32_t{on});
    }

private:
    template <typename Function, typename... Arguments>
    Chain<ExcerptOptions> set(Function function, Arguments... arguments)
    {
        return detail::set(*this, function, get(), arguments...);
    }
};

// Excerpts in the order of their documents. It is a range of them.
class Excerpts : public Handle<hamirror_excerpts, hamirror_excerpts_free> {
public:
    using Handle::Handle;
    // Returns the excerpts in order.
    Range<std::string_view, const hamirror_excerpts *> all() const
    {
        return {get(), hamirror_excerpts_count(get()), [](auto excerpts, size_t number) {
                    return view(hamirror_excerpts_get(excerpts, number));
                }};
    }
    auto begin() const { return all().begin(); }
    auto end() const { return all().end(); }
    // Returns the number of excerpts.
    size_t size() const { return all().size(); }
    // Returns the excerpt of the document of that number from 0.
    std::string_view operator[](size_t number) const { return all()[number]; }
};

// A keyword of a text.
struct Keyword {
    // The word as the text has it.
    std::string_view tokenized;
    // The word as the index has it, after stemming and the like.
    std::string_view normalized;
    // Documents that have it, over all agents; 0 without statistics.
    uint64_t documents;
    // Occurrences of it, over all agents; 0 without statistics.
    uint64_t hits;
};

// Keywords in the order of the text. It is a range of them.
class Keywords : public Handle<hamirror_keywords, hamirror_keywords_free> {
public:
    using Handle::Handle;
    // Returns the keywords in order.
    Range<Keyword, const hamirror_keywords *> all() const
    {
        return {get(), hamirror_keywords_count(get()), [](auto keywords, size_t number) {
                    return Keyword{view(hamirror_keywords_tokenized(keywords, number)),
                                   view(hamirror_keywords_normalized(keywords, number)),
                                   hamirror_keywords_documents(keywords, number),
                                   hamirror_keywords_hits(keywords, number)};
                }};
    }
    auto begin() const { return all().begin(); }
    auto end() const { return all().end(); }
    // Returns the number of keywords.
    size_t size() const { return all().size(); }
    // Returns the keyword of that number from 0.
    Keyword operator[](size_t number) const { return all()[number]; }
    // Returns the number of agents that were asked.
    size_t agents() const { return hamirror_keywords_agents(get()); }
    // Returns the number of agents that answered.
    size_t agents_answered() const { return hamirror_keywords_agents_answered(get()); }
    // Returns why the others did not; local indexes, which nobody asked, are among them.
    Range<Failure, const hamirror_keywords *> failures() const
    {
        return {get(), hamirror_keywords_failure_count(get()), [](auto keywords, size_t number) {
                    return Failure(hamirror_keywords_failure(keywords, number));
                }};
    }
};

// New values of attributes in documents.
class Update : public Handle<hamirror_update, hamirror_update_free> {
public:
    using Handle::Handle;
    // Makes an update of these attributes, in no document yet.
    static Returns<Update> make(const std::vector<std::string> &attributes)
    {
        std::vector<const char *> names;
        for (const std::string &attribute : attributes)
            names.push_back(Text(attribute).c_str());
        return detail::ask<Update>(hamirror_update_new, names.data(), names.size());
    }
    // Adds a document by its id; a value for each attribute follows.
    Chain<Update> document(uint64_t id) { return set(hamirror_update_document, id); }
    // Adds the next value of the last document.
    Chain<Update> uint(uint32_t value) { return set(hamirror_update_uint, value); }
    // Adds the next value of the last document, for a multi-value attribute.
    Chain<Update> multi(const std::vector<uint32_t> &values)
    {
        return set(hamirror_update_multi, values.data(), values.size());
    }
    // Sets whether attributes that an index does not have are passed over.
    Chain<Update> ignore_missing(bool on = true)
    {
        return set(hamirror_update_ignore_missing, int32_t{on});
    }

private:
    template <typename Function, typename... Arguments>
    Chain<Update> set(Function function, Arguments... arguments)
    {
        return detail::set(*this, function, get(), arguments...);
    }
};

// A counter of a daemon.
struct DaemonCounter {
    // Its name.
    std::string_view key;
    // Its value, as the daemon writes it.
    std::string_view value;
};

// What one mirror answered.
class MirrorAnswer : public Borrowed<hamirror_mirror_answer> {
public:
    using Borrowed::Borrowed;
    // Returns the host's name in the configuration.
    std::string_view host() const { return view(hamirror_mirror_answer_host(get())); }
    // Returns why it gave no answer; none if it did.
    std::optional<Failure> failure() const
    {
        auto *failure = hamirror_mirror_answer_failure(get());
        return failure ? std::optional<Failure>(failure) : std::nullopt;
    }
    // Returns the number of documents that it changed.
    uint64_t documents() const { return hamirror_mirror_answer_documents(get()); }
    // Returns what it could not do; none if nothing.
    std::optional<std::string_view> warning() const
    {
        return view_if_any(hamirror_mirror_answer_warning(get()));
    }
    // Returns the number of the flush; 0 if there was nothing to write.
    uint32_t flush() const { return hamirror_mirror_answer_flush(get()); }
    // Returns the counters of the daemon.
    Range<DaemonCounter, const hamirror_mirror_answer *> counters() const
    {
        return {get(), hamirror_mirror_answer_row_count(get()), [](auto answer, size_t row) {
                    return DaemonCounter{view(hamirror_mirror_answer_key(answer, row)),
                                         view(hamirror_mirror_answer_value(answer, row))};
                }};
    }
};

// What the mirrors of one agent answered.
class AgentAnswers : public Borrowed<hamirror_agent_answers> {
public:
    using Borrowed::Borrowed;
    // Returns the name of the distributed index.
    std::string_view index() const { return view(hamirror_agent_answers_index(get())); }
    // Returns the number of the agent in its index.
    AgentNumber number() const { return AgentNumber{hamirror_agent_answers_number(get())}; }
    // Returns the number of documents that were changed: the largest that a mirror tells.
    uint64_t documents() const { return hamirror_agent_answers_documents(get()); }
    // True if all mirrors changed the same number of documents.
    bool is_alike() const { return hamirror_agent_answers_is_alike(get()); }
    // True if all mirrors answered.
    bool is_complete() const { return hamirror_agent_answers_is_complete(get()); }
    // Returns the mirrors in the order of the configuration.
    Range<MirrorAnswer, const hamirror_agent_answers *> mirrors() const
    {
        return {get(), hamirror_agent_answers_mirror_count(get()), [](auto agent, size_t mirror) {
                    return MirrorAnswer(hamirror_agent_answers_mirror(agent, mirror));
                }};
    }
};

// What every mirror of every agent answered, each for itself.
class Mirrored : public Handle<hamirror_mirrored, hamirror_mirrored_free> {
public:
    using Handle::Handle;
    // True if every mirror answered, and no local index was left out.
    bool is_complete() const { return hamirror_mirrored_is_complete(get()); }
    // Returns the number of documents that were changed, of each agent once.
    uint64_t documents() const { return hamirror_mirrored_documents(get()); }
    // Returns what was not changed, or may not have been; none if all was.
    std::optional<std::string_view> warning() const
    {
        return view_if_any(hamirror_mirrored_warning(get()));
    }
    // Returns the local indexes, for which nobody was asked.
    Range<std::string_view, const hamirror_mirrored *> locals() const
    {
        return {get(), hamirror_mirrored_local_count(get()), [](auto mirrored, size_t number) {
                    return view(hamirror_mirrored_local(mirrored, number));
                }};
    }
    // Returns the agents in the order of their indexes.
    Range<AgentAnswers, const hamirror_mirrored *> agents() const
    {
        return {get(), hamirror_mirrored_agent_count(get()), [](auto mirrored, size_t position) {
                    return AgentAnswers(hamirror_mirrored_agent(mirrored, position));
                }};
    }
};

} // inline namespace
} // namespace hamirror

#endif
