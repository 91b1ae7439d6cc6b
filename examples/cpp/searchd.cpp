// A searchd that is nothing but a master: searchd CONFIG. It takes clients of the binary API on a
// free port of this machine, which it prints, searches the distributed indexes of its
// configuration for them, and ends with its input.
//
// Where a daemon has its own fan-out, merge and counters, there is one hamirror::Client here.
// Ungrouped queries are merged by the library; what it can't ask is refused with an error.
#include "searchd_query.hpp"
#include "searchd_reply.hpp"
#include "searchd_wire.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <cstdio>
#include <list>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <thread>
#include <variant>

namespace {

class Master {
public:
    explicit Master(const hamirror::Config &config) : client_(hamirror::Client::make(config))
    {
        for (auto name : config.index_names())
            indexes_.emplace(name);
    }

    // The body of the reply: all queries are under way at once, each on all its agents.
    std::string search(const Request &request) const
    {
        auto batch = hamirror::Batch::make(client_);
        std::vector<Started> started;
        for (const auto &query : read_queries(request))
            started.push_back(start(batch, query));
        batch.wait_all();
        std::string body;
        for (const auto &one : started)
            body += answer(batch, one, request.version);
        return body;
    }

private:
    // The number of a search in the batch, or why there is none.
    using Started = std::variant<hamirror::SearchId, std::string>;

    Started start(hamirror::Batch &batch, const Query &query) const
    {
        if (!query.unsupported.empty())
            return query.unsupported;
        if (indexes_.count(query.index) == 0)
            return "unknown local index '" + query.index + "' in search request";
        try {
            return batch.add_search(query.index, query.search);
        } catch (const hamirror::Error &error) {
            return error.what();
        }
    }

    // The block of one query.
    static std::string answer(hamirror::Batch &batch, const Started &started, uint16_t version)
    {
        if (auto refused = std::get_if<std::string>(&started))
            return error_block(*refused);
        try {
            return result_block(batch.take_search(std::get<hamirror::SearchId>(started)), version);
        } catch (const hamirror::Error &error) {
            return error_block(masters_text(error));
        }
    }

    hamirror::Client client_;
    std::set<std::string> indexes_;
};

// Answers one request; false if the connection is to be closed.
bool serve_request(const Master &master, Socket &socket, const Request &request)
{
    switch (request.command) {
    case Command::search:
        return socket.reply(ReplyStatus::ok, version::own, master.search(request));
    case Command::ping: {
        constexpr uint16_t ping_version = 0x100;
        Writer cookie;
        cookie.dword(Reader(request.body).dword());
        return socket.reply(ReplyStatus::ok, ping_version, cookie.bytes());
    }
    default:
        socket.refuse("invalid command (code="
                      + std::to_string(static_cast<uint16_t>(request.command))
                      + ", len=" + std::to_string(request.body.size()) + ")");
        return false;
    }
}

// Greets a client and answers it: one request, or after PERSIST as many as come.
void serve(const Master &master, Socket &socket)
{
    Writer greeting;
    greeting.dword(1);
    if (!socket.send(greeting.bytes()) || !socket.receive(4))
        return;
    bool persistent = false;
    while (auto request = socket.request()) {
        bool goes_on = true;
        try {
            if (request->command == Command::persist) {
                persistent = goes_on = Reader(request->body).dword() != 0;
            } else {
                goes_on = serve_request(master, socket, *request) && persistent;
            }
        } catch (const std::exception &refusal) {
            goes_on = socket.refuse(refusal.what()) && persistent;
        }
        if (!goes_on)
            return;
    }
}

// A client's thread. To end it is to end what it waits for: its connection.
class Connection {
public:
    Connection(const Master &master, int fd)
        : fd_(fd), socket_(fd), thread_([this, &master] {
              serve(master, socket_);
              shutdown(fd_, SHUT_RDWR);
              has_ended_ = true;
          })
    {
    }
    bool has_ended() const { return has_ended_; }
    ~Connection()
    {
        shutdown(fd_, SHUT_RDWR);
        thread_.join();
    }

private:
    int fd_;
    Socket socket_;
    std::atomic<bool> has_ended_ = false;
    std::thread thread_;
};

int listen_somewhere()
{
    sockaddr_in address = {};
    socklen_t length = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto any = reinterpret_cast<sockaddr *>(&address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, any, length) != 0 || listen(fd, SOMAXCONN) != 0
        || getsockname(fd, any, &length) != 0)
        throw std::runtime_error("no port to listen on");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

bool input_has_ended()
{
    char bytes[64];
    return read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

void accept_clients(const Master &master, int listener)
{
    std::list<Connection> connections;
    pollfd entries[] = {{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (poll(entries, 2, -1) >= 0) {
        if (entries[1].revents != 0 && input_has_ended())
            return;
        if (entries[0].revents == 0)
            continue;
        connections.remove_if([](const Connection &each) { return each.has_ended(); });
        if (int fd = accept(listener, nullptr, nullptr); fd >= 0)
            connections.emplace_back(master, fd);
    }
}

} // namespace

int main(int count, char **arguments)
try {
    if (count != 2)
        throw std::runtime_error("usage: searchd CONFIG");
    Master master(hamirror::Config::read(arguments[1]));
    int listener = listen_somewhere();
    accept_clients(master, listener);
    close(listener);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
