// The bytes of the searchd API: big-endian numbers, texts with their length before them, frames.
#ifndef SEARCHD_WIRE_HPP
#define SEARCHD_WIRE_HPP

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

enum class Command : uint16_t { search = 0, persist = 4, ping = 9 };

enum class ReplyStatus : uint16_t { ok = 0, error = 1 };

// Why a whole request is answered with an ERROR reply.
class Refusal : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    uint8_t byte() { return static_cast<uint8_t>(number(1)); }
    uint32_t dword() { return static_cast<uint32_t>(number(4)); }
    int32_t integer() { return static_cast<int32_t>(dword()); }
    uint64_t qword() { return number(8); }
    float real()
    {
        uint32_t bits = dword();
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    std::string text() { return std::string(take(dword())); }

private:
    uint64_t number(size_t length)
    {
        uint64_t value = 0;
        for (unsigned char byte : take(length))
            value = value << 8 | byte;
        return value;
    }
    std::string_view take(size_t length)
    {
        if (length > bytes_.size())
            throw Refusal("invalid or truncated request");
        auto taken = bytes_.substr(0, length);
        bytes_.remove_prefix(length);
        return taken;
    }
    std::string_view bytes_;
};

class Writer {
public:
    void word(uint16_t value) { number(value, 2); }
    void dword(uint64_t value) { number(value, 4); }
    void qword(uint64_t value) { number(value, 8); }
    void real(float value)
    {
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        dword(bits);
    }
    void text(std::string_view text)
    {
        dword(text.size());
        bytes_ += text;
    }
    void append(std::string_view bytes) { bytes_ += bytes; }
    const std::string &bytes() const { return bytes_; }

private:
    void number(uint64_t value, size_t length)
    {
        while (length-- > 0)
            bytes_ += static_cast<char>(value >> (8 * length));
    }
    std::string bytes_;
};

struct Request {
    Command command;
    uint16_t version;
    std::string body;
};

// A client's connection. It ends with the client, or with shutdown(2) on its descriptor.
class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket(const Socket &) = delete;
    Socket &operator=(const Socket &) = delete;
    ~Socket() { close(fd_); }

    bool send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
        return true;
    }

    bool reply(ReplyStatus status, uint16_t version, std::string_view body)
    {
        Writer frame;
        frame.word(static_cast<uint16_t>(status));
        frame.word(version);
        frame.text(body);
        return send(frame.bytes());
    }

    bool refuse(std::string_view message)
    {
        Writer body;
        body.text(message);
        return reply(ReplyStatus::error, 0, body.bytes());
    }

    std::optional<std::string> receive(size_t length)
    {
        std::string bytes(length, '\0');
        size_t done = 0;
        while (done < length) {
            ssize_t got = recv(fd_, bytes.data() + done, length - done, 0);
            if (got <= 0)
                return std::nullopt;
            done += static_cast<size_t>(got);
        }
        return bytes;
    }

    // The next request; none if the client is gone, or its header makes no sense.
    std::optional<Request> request()
    {
        auto header = receive(8);
        if (!header)
            return std::nullopt;
        Reader reader(*header);
        uint32_t codes = reader.dword(), length = reader.dword();
        if (length > body_max) {
            refuse("invalid command (code=" + std::to_string(codes >> 16)
                   + ", len=" + std::to_string(static_cast<int32_t>(length)) + ")");
            return std::nullopt;
        }
        auto body = receive(length);
        if (!body)
            return std::nullopt;
        return Request{static_cast<Command>(codes >> 16), static_cast<uint16_t>(codes), *body};
    }

private:
    static constexpr uint32_t body_max = 8 << 20;
    int fd_;
};

#endif
