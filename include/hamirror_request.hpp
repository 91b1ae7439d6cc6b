/* Raw requests, the callbacks that build and judge them, and replies: include hamirror.hpp. */
#ifndef HAMIRROR_REQUEST_HPP
#define HAMIRROR_REQUEST_HPP

#include <hamirror_callback.hpp>

namespace hamirror {
inline namespace HAMIRROR_NAMESPACE {

// A reply, owned or borrowed.
template <typename Holder> class BasicReply : public Holder {
public:
    using Holder::Holder;
    // Returns the status of the reply.
    ReplyStatus status() const { return ReplyStatus{hamirror_reply_status(this->get())}; }
    // Returns the daemon's version of the command.
    uint16_t version() const { return hamirror_reply_version(this->get()); }
    // Returns the warning of the daemon; none if it has none.
    std::optional<std::string_view> warning() const
    {
        return view_if_any(hamirror_reply_warning(this->get()));
    }
    // Returns the time of the attempt that was answered.
    std::chrono::microseconds elapsed() const
    {
        return std::chrono::microseconds(hamirror_reply_elapsed_us(this->get()));
    }
    // Returns the number of attempts that the call made.
    uint32_t attempts() const { return hamirror_reply_attempts(this->get()); }
    // Returns the answer without the warning.
    Bytes body() const
    {
        return {hamirror_reply_body(this->get()), hamirror_reply_body_len(this->get())};
    }
};

// A reply of its own.
using Reply = BasicReply<Handle<hamirror_reply, hamirror_reply_free>>;
// A reply that a batch or a callback has.
using ReplyView = BasicReply<Borrowed<hamirror_reply>>;

// The mirror that a body is built for, lent to a callback.
class Target : public Borrowed<hamirror_target> {
public:
    using Borrowed::Borrowed;
    // Returns the host's name in the configuration.
    std::string_view host() const { return view(hamirror_target_host(get())); }
    // Returns the index list to ask it for.
    std::string_view index_list() const { return view(hamirror_target_index_list(get())); }
    // Returns the number of the attempt in its call, from 0.
    uint32_t attempt() const { return hamirror_target_attempt(get()); }
    // Returns whose daemon answered there last.
    Product product() const { return Product{hamirror_target_product(get())}; }
};

// The body that a callback builds.
class Body : public Lent<hamirror_body> {
public:
    using Lent::Lent;
    // Appends bytes.
    Returns<void> append(Bytes bytes)
    {
        return detail::run(hamirror_body_append, get(), bytes.data(), bytes.size());
    }
};

// What a callback says of a reply.
class Verdict : public Lent<hamirror_verdict> {
public:
    using Lent::Lent;
    // Sets the verdict, and in words why.
    Returns<void> set(VerdictKind kind, Text text = {})
    {
        return detail::run(hamirror_verdict_set, get(), kind, text.c_str());
    }
    // Sets the verdict, and says why in any encoding.
    Returns<void> set_bytes(VerdictKind kind, std::string_view text)
    {
        return detail::run(hamirror_verdict_set_bytes, get(), kind, text.data(), text.size());
    }
};

namespace detail {

template <typename Build, typename Judge> struct RequestCallbacks {
    Build build_;
    Judge judge_;

    static int32_t build(void *callbacks, const hamirror_target *target,
                         hamirror_body *body) noexcept
    {
        auto &self = *static_cast<RequestCallbacks *>(callbacks);
        return guard([&] { return code_of(self.build_, Target(target), Body(body)); });
    }
    static int32_t judge(void *callbacks, const hamirror_reply *reply,
                         hamirror_verdict *verdict) noexcept
    {
        auto &self = *static_cast<RequestCallbacks *>(callbacks);
        return guard([&] { return code_of(self.judge_, ReplyView(reply), Verdict(verdict)); });
    }
};

} // namespace detail

// A request of the program's own.
class Request : public Handle<hamirror_request, hamirror_request_free> {
public:
    using Handle::Handle;
    // Makes a request with the same body for each mirror.
    static Returns<Request> make(uint16_t command, uint16_t version, Access access, Bytes body)
    {
        return detail::ask<Request>(hamirror_request_new, command, version, access,
                                    body.data(), body.size());
    }
    // Makes a request by hamirror_request_new_with_callbacks(): build(Target, Body) appends the
    // body for a mirror, judge(ReplyView, Verdict) says what a reply is worth.
    template <typename Build, typename Judge = std::nullptr_t>
    static Returns<Request> make_with(uint16_t command, uint16_t version, Access access,
                                      Build build, Judge judge = nullptr)
    {
        using Callbacks = detail::RequestCallbacks<Build, Judge>;
        hamirror_judge_callback judge_in_c = nullptr;
        if constexpr (!std::is_null_pointer_v<Judge>)
            judge_in_c = Callbacks::judge;
        return detail::ask<Request>(hamirror_request_new_with_callbacks, command, version,
                                    access, Callbacks::build, judge_in_c,
                                    new Callbacks{std::move(build), std::move(judge)},
                                    detail::end<Callbacks>);
    }
};

} // inline namespace
} // namespace hamirror

#endif
