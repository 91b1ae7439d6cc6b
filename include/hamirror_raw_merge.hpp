/* The merge of replies that a program got by itself: include hamirror.hpp. */
#ifndef HAMIRROR_RAW_MERGE_HPP
#define HAMIRROR_RAW_MERGE_HPP

#include <hamirror_client.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// Merges the replies of agents that the program asked by itself.
class RawMerge : public Handle<hamirror_raw_merge, hamirror_raw_merge_free> {
public:
    using Handle::Handle;
    // Makes a merge for searches of an index, 32 at most.
    static Returns<RawMerge> make(Text index, const std::vector<const Search *> &searches)
    {
        auto handles = detail::handles(searches);
        hamirror_raw_merge *raw;
        hamirror_error *error;
        if (hamirror_raw_merge_new(index.c_str(), handles.data(), handles.size(), &raw, &error)
            != HAMIRROR_OK)
            return detail::fail<RawMerge>(error);
        RawMerge merge(raw);
        merge.searches_ = handles.size();
        return merge;
    }
    // Says in which version of SEARCH, as which master, and in whose words agents are asked from
    // now on, and that replies are to such requests; 0x11F, 14 and Sphinx unless set.
    Chain<RawMerge> asked(uint16_t version, uint32_t master, Product product) &
    {
        return detail::set(*this, hamirror_raw_merge_asked, get(), version, master, product);
    }
    // Returns the body of a request for an agent that is asked for that list of its indexes.
    Returns<std::vector<uint8_t>> request(Text index_list)
    {
        return detail::fill<std::vector<uint8_t>>(hamirror_raw_merge_request, get(),
                                                  index_list.c_str());
    }
    // Adds what the next agent replied: status and version of the header, and the body.
    Chain<RawMerge> add_reply(Text agent, uint16_t status, uint16_t version, Bytes body) &
    {
        return detail::set(*this, hamirror_raw_merge_add_reply, get(), agent.c_str(), status,
                           version, body.data(), body.size());
    }
    // Adds that the next agent has no answer, and why.
    Chain<RawMerge> add_failure(Text agent, FailureKind kind, Text text) &
    {
        return detail::set(*this, hamirror_raw_merge_add_failure, get(), agent.c_str(), kind,
                           text.c_str());
    }
    // Merges what was added, and finishes: a result or an error for each search. Of the options
    // the completeness counts alone.
    Returns<std::vector<Expected<Result>>> finish(const CallOptions &options = {})
    {
        return detail::ask_each(searches_, [&](auto results, auto errors, auto error) {
            return hamirror_raw_merge_finish(get(), options.get(), results, errors, searches_,
                                             error);
        });
    }

private:
    size_t searches_ = 0;
};

} // inline namespace
} // namespace hamirror

#endif
