// Tests of the challenges of chapter 1. challenges.h is yours, or the solution next to this file.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <challenges.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <pthread.h>
#include <unistd.h>

// What is tested; these lines also find out whether challenges.h has it as it should.
// #region declarations
namespace challenge {

using Handler = std::function<void(funnel::Socket&)>;

/// Returns a handler that gives its client so much time, and no more.
Handler within(std::chrono::milliseconds time, Handler handler);

/// Returns the size of a page without fetching it; empty if its server does not tell.
std::optional<std::uint64_t> size_of(const std::string& url);

/// Serves with a thread for each client until the process gets `signal`.
void serve_until(int signal, funnel::Socket& listener, const Handler& handler);

}  // namespace challenge
// #endregion declarations

using funnel::Socket;
using namespace std::chrono_literals;

namespace {

/// Serves in a thread of its own for as long as it lives.
class Server {
 public:
  explicit Server(const challenge::Handler& handler)
      : listener_(funnel::listen_tcp(0)),
        thread_([this, handler] { funnel::serve_threads(listener_, handler); }) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    listener_.shutdown();
    thread_.join();
  }

  Socket connect() const {
    return funnel::connect_tcp("127.0.0.1", funnel::local_port(listener_),
                               std::chrono::steady_clock::now() + 5s);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(funnel::local_port(listener_)) + "/";
  }

 private:
  Socket listener_;
  std::thread thread_;
};

void echo(Socket& client) {
  for (;;) client.write_all(client.read_until("\n", 100));
}

/// Reads to the end of the connection, for five seconds at most.
std::string rest_of(Socket& socket) {
  socket.set_deadline(std::chrono::steady_clock::now() + 5s);
  return socket.read_until_close(1000);
}

}  // namespace

TEST_CASE("a client has its time and no more, however often it speaks") {
  const Server server(challenge::within(300ms, echo));
  Socket client = server.connect();
  client.write_all("hello\n");
  CHECK(client.read_until("\n", 100) == "hello\n");
  const auto begin = std::chrono::steady_clock::now();
  std::thread speaker([&client] {
    try {
      for (int i = 0; i < 100; ++i) {
        client.write_all(".");
        std::this_thread::sleep_for(50ms);
      }
    } catch (const funnel::StreamClosedError&) {  // as it should be
    }
  });
  std::string rest;
  try {
    rest = rest_of(client);
  } catch (const funnel::StreamClosedError&) {  // reset, since it had sent more
  }
  CHECK(rest.empty());
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  speaker.join();

  Socket next = server.connect();
  next.write_all("and me\n");
  CHECK(next.read_until("\n", 100) == "and me\n");
}

TEST_CASE("the size of a page is told without fetching it") {
  std::string length = "Content-Length: 1234567\r\n";
  const Server server([&length](Socket& client) {
    const std::string head = client.read_until("\r\n\r\n", 10'000);
    const bool asked_right = head.rfind("HEAD / ", 0) == 0;
    client.write_all(asked_right ? "HTTP/1.0 200 OK\r\n" + length + "\r\n"
                                 : "HTTP/1.0 500 No\r\n\r\n");
  });
  CHECK(challenge::size_of(server.url()) == 1'234'567);
  length.clear();
  CHECK(!challenge::size_of(server.url()));
}

TEST_CASE("a signal ends the server and its clients") {
  Socket listener = funnel::listen_tcp(0);
  std::thread client([&listener] {
    sigset_t signals;  // this thread was there before serve_until could block anything for it
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    Socket silent = funnel::connect_tcp("127.0.0.1", funnel::local_port(listener));
    silent.write_all("hello\n");
    CHECK(silent.read_until("\n", 100) == "hello\n");
    ::kill(::getpid(), SIGUSR1);
    CHECK(rest_of(silent).empty());
  });
  challenge::serve_until(SIGUSR1, listener, echo);
  client.join();
}
