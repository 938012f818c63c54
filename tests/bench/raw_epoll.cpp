// The floor under every server here: answers each request with the same bytes, straight on epoll.
//
// It looks for the end of a request's header block and for nothing else: no parsing, no routing,
// no time-outs, no limits. What a real server costs beyond this is what it does for its users.
//
//   raw_epoll --port N      (0 takes a free port; the first line of output names it)

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 12\r\n"
    "\r\n"
    "Hello, world";
constexpr std::size_t responses_per_write = 256;
constexpr std::size_t read_size = 4096;
constexpr int most_events = 512;
constexpr int backlog = 4096;

/// Counts the blank lines that end header blocks, over any split of the input.
class RequestCounter {
 public:
  std::size_t count(std::string_view bytes) {
    std::size_t found = 0;
    for (const char c : bytes) {
      if (c == '\r') {
        matched_ = matched_ == 2 ? 3 : 1;
      } else if (c == '\n' && matched_ == 3) {
        ++found;
        matched_ = 0;
      } else {
        matched_ = c == '\n' && matched_ == 1 ? 2 : 0;
      }
    }
    return found;
  }

 private:
  int matched_ = 0;  // how much of "\r\n\r\n" the last bytes were
};

struct Connection {
  int fd;
  RequestCounter requests{};
  std::size_t owed_bytes = 0;  // of responses that are still to be sent
  bool waits_to_write = false;
};

class Server {
 public:
  Server(int listener, int poller) : listener_(listener), poller_(poller) {
    batch_.reserve(response.size() * responses_per_write);
    for (std::size_t i = 0; i < responses_per_write; ++i) batch_ += response;
  }

  void run() {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    std::array<epoll_event, most_events> events;
    for (;;) {
      const int count = epoll_wait(poller_, events.data(), most_events, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connection(fd) = std::make_unique<Connection>(Connection{fd});
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  /// Descriptors are small numbers, so a vector finds a connection without hashing.
  std::unique_ptr<Connection>& connection(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections_.size()) connections_.resize(index + 1);
    return connections_[index];
  }

  /// While responses are owed nothing is read, so a client that does not read stops itself.
  void serve(int fd) {
    Connection& c = *connection(fd);
    const bool open = c.waits_to_write ? flush(c) : read_and_answer(c);
    if (open) return;
    close(fd);
    connection(fd).reset();
  }

  /// Returns false when the connection is over.
  bool read_and_answer(Connection& c) {
    std::array<char, read_size> buffer;
    const ssize_t got = recv(c.fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::size_t requests = c.requests.count({buffer.data(), static_cast<std::size_t>(got)});
    c.owed_bytes = requests * response.size();
    return flush(c);
  }

  /// Sends what is owed as far as the socket takes it. Returns false when the connection is over.
  bool flush(Connection& c) {
    while (c.owed_bytes > 0) {
      // The rest of the response that was cut, then whole ones.
      const std::size_t offset =
          (response.size() - c.owed_bytes % response.size()) % response.size();
      const std::size_t size = std::min(c.owed_bytes, batch_.size() - offset);
      const ssize_t sent = send(c.fd, batch_.data() + offset, size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0) break;
      c.owed_bytes -= static_cast<std::size_t>(sent);
    }
    const bool waits = c.owed_bytes > 0;
    if (waits != c.waits_to_write) watch(EPOLL_CTL_MOD, c.fd, waits ? EPOLLOUT : EPOLLIN);
    c.waits_to_write = waits;
    return true;
  }

  void watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(poller_, operation, fd, &event);
  }

  int listener_;
  int poller_;
  std::string batch_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

int fail(const char* what) {
  std::fprintf(stderr, "raw_epoll: %s: %s\n", what, std::strerror(errno));
  return 1;
}

/// Returns false unless the command line is `--port N`.
bool parse_port(int argc, char** argv, std::uint16_t& port) {
  if (argc != 3 || std::string_view(argv[1]) != "--port") return false;
  const std::string_view text = argv[2];
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && stop == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  if (!parse_port(argc, argv, port)) {
    std::fputs("usage: raw_epoll --port N\n", stderr);
    return 2;
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, name, size) != 0) return fail("bind");
  if (listen(listener, backlog) != 0) return fail("listen");
  if (getsockname(listener, name, &size) != 0) return fail("getsockname");
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) return fail("epoll_create1");
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  Server(listener, poller).run();
}
