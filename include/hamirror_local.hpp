/* Local indexes, which the program searches: include hamirror.hpp. */
#ifndef HAMIRROR_LOCAL_HPP
#define HAMIRROR_LOCAL_HPP

#include <hamirror_callback.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// A local index within one search, owned or lent to a callback.
template <typename Holder> class BasicLocal : public Holder {
public:
    using Holder::Holder;
    // Returns the name of the local index.
    std::string_view name() const { return view(hamirror_local_name(this->get())); }
    // Returns the body of a SEARCH request, as an agent would get it.
    Bytes request() const
    {
        return {hamirror_local_request(this->get()), hamirror_local_request_len(this->get())};
    }
    // Hands in the body of a reply to that request, and the version that it is written in.
    Returns<void> answer(uint16_t version, Bytes body)
    {
        return detail::run(hamirror_local_answer, this->get(), version, body.data(), body.size());
    }
    // Says in words why there is no reply.
    Returns<void> fail(Text text)
    {
        return detail::run(hamirror_local_fail, this->get(), text.c_str());
    }
};

// A local index that was taken from a batch.
using Local = BasicLocal<Handle<hamirror_local, hamirror_local_free>>;
// A local index that is lent to a callback.
using LocalView = BasicLocal<Lent<hamirror_local>>;

namespace detail {

template <typename SearchLocal> struct LocalCallback {
    SearchLocal &search_local_;
    std::exception_ptr thrown_;

    static int32_t search(void *callback, hamirror_local *local) noexcept
    {
        auto &self = *static_cast<LocalCallback *>(callback);
        return guard([&] { return code_of(self.search_local_, LocalView(local)); }, &self.thrown_);
    }
};

} // namespace detail

} // inline namespace
} // namespace hamirror

#endif
