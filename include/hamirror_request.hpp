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
    int32_t status() const { return hamirror_reply_status(this->get()); }
    uint16_t version() const { return hamirror_reply_version(this->get()); }
    std::string_view warning() const { return view(hamirror_reply_warning(this->get())); }
    std::chrono::microseconds elapsed() const
    {
        return std::chrono::microseconds(hamirror_reply_elapsed_us(this->get()));
    }
    uint32_t attempts() const { return hamirror_reply_attempts(this->get()); }
    Bytes body() const
    {
        return {hamirror_reply_body(this->get()), hamirror_reply_body_len(this->get())};
    }
};

using Reply = BasicReply<Handle<hamirror_reply, hamirror_reply_free>>;
using ReplyView = BasicReply<Borrowed<hamirror_reply>>;

// The mirror that a body is built for, lent to a callback.
class Target : public Borrowed<hamirror_target> {
public:
    using Borrowed::Borrowed;
    std::string_view host() const { return view(hamirror_target_host(get())); }
    std::string_view index_list() const { return view(hamirror_target_index_list(get())); }
    uint32_t attempt() const { return hamirror_target_attempt(get()); }
    int32_t product() const { return hamirror_target_product(get()); }
};

class Body : public Lent<hamirror_body> {
public:
    using Lent::Lent;
    Returns<void> append(Bytes bytes)
    {
        return detail::run(hamirror_body_append, get(), bytes.data(), bytes.size());
    }
};

class Verdict : public Lent<hamirror_verdict> {
public:
    using Lent::Lent;
    Returns<void> set(int32_t kind, Text text = {})
    {
        return detail::run(hamirror_verdict_set, get(), kind, text.c_str());
    }
    // A text in any encoding.
    Returns<void> set_bytes(int32_t kind, std::string_view text)
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

class Request : public Handle<hamirror_request, hamirror_request_free> {
public:
    using Handle::Handle;
    static Returns<Request> make(uint16_t command, uint16_t version, int32_t access, Bytes body)
    {
        return detail::ask<Request>(hamirror_request_new, command, version, access, body.data(),
                                    body.size());
    }
    // hamirror_request_new_with_callbacks() with build(Target, Body), judge(ReplyView, Verdict).
    template <typename Build, typename Judge = std::nullptr_t>
    static Returns<Request> make_with(uint16_t command, uint16_t version, int32_t access,
                                      Build build, Judge judge = nullptr)
    {
        using Callbacks = detail::RequestCallbacks<Build, Judge>;
        hamirror_judge_callback judge_in_c = nullptr;
        if constexpr (!std::is_null_pointer_v<Judge>)
            judge_in_c = Callbacks::judge;
        return detail::ask<Request>(hamirror_request_new_with_callbacks, command, version, access,
                                    Callbacks::build, judge_in_c,
                                    new Callbacks{std::move(build), std::move(judge)},
                                    detail::end<Callbacks>);
    }
};

} // inline namespace
} // namespace hamirror

#endif
