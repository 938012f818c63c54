// The client of `./learn bench idle`: many connections that say nothing, and one that does.
//
//   idle_client PORT COUNT ROUNDS
//
// It goes on at each line of its input, and prints a line of JSON after each step: how long a round
// trip takes while there is one connection; how many idle ones it opened, COUNT unless the server
// closed one instead of serving it; how long a round trip takes among them.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view line = "how are you?\n";
constexpr timeval patience{10, 0};
constexpr int warm_up_rounds = 200;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// A blocking connection to the server.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) fail("socket");
    const int on = 1;
    // A reset at the end: otherwise, each run would leave thousands of sockets in TIME_WAIT.
    const linger reset{1, 0};
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Sends a line and waits until it is back. Returns false if the server closes instead.
  bool round_trip() const {
    std::size_t got = 0;
    if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) < 0) return closed("send");
    while (got < line.size()) {
      char bytes[line.size()];
      const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
      if (count < 0) return closed("recv");
      if (count == 0) return false;
      got += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  static bool closed(const char* what) {
    if (errno != ECONNRESET && errno != EPIPE) fail(what);
    return false;
  }

  int fd_;
};

/// Prints the median and the 99th percentile of `rounds` round trips, one after the other.
void measure(const Connection& connection, std::size_t rounds) {
  std::vector<double> times;
  times.reserve(rounds);
  for (int i = 0; i < warm_up_rounds; ++i) connection.round_trip();
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    if (!connection.round_trip()) {
      std::fputs("the server closed the active connection\n", stderr);
      std::exit(1);
    }
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"p50_us\": %.2f, \"p99_us\": %.2f}\n", times[rounds / 2],
              times[rounds * 99 / 100]);
  std::fflush(stdout);
}

/// Opens up to `count` connections. Each sends a line and gets it back, so that it is served, and
/// not only in the listener's queue. When the server closes one, a tenth is given back: a system
/// that has no thread left has none for anybody else either.
std::vector<Connection> open(std::uint16_t port, std::size_t count) {
  std::vector<Connection> idle;
  idle.reserve(count);
  while (idle.size() < count) {
    Connection connection(port);
    if (!connection.round_trip()) {
      for (std::size_t i = idle.size() / 10; i > 0; --i) idle.pop_back();
      break;
    }
    idle.push_back(std::move(connection));
  }
  std::printf("{\"open\": %zu}\n", idle.size());
  std::fflush(stdout);
  return idle;
}

void wait_for_line() {
  for (int c = 0; c != '\n';) {
    if ((c = std::getchar()) == EOF) std::exit(0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: idle_client PORT COUNT ROUNDS\n", stderr);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const auto rounds = static_cast<std::size_t>(std::atoi(argv[3]));
  const Connection active(port);
  measure(active, rounds);
  wait_for_line();
  const std::vector<Connection> idle = open(port, static_cast<std::size_t>(std::atoi(argv[2])));
  wait_for_line();
  measure(active, rounds);
}
