// Tests of the challenges of chapter 1. challenges.h is yours, or the solution next to this file.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <challenges.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
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

/// When whoever waits for an answer gives up: nobody else watches over this program.
std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + 5s; }

Socket connect_to(std::uint16_t port) {
  Socket socket = funnel::connect_tcp("127.0.0.1", port, soon());
  socket.set_deadline(soon());
  return socket;
}

/// Serves in a thread of its own for as long as it lives.
class Server {
 public:
  explicit Server(const challenge::Handler& handler)
      : listener_(funnel::listen_tcp(0)),
        port_(funnel::local_port(listener_)),
        thread_([this, handler] { funnel::serve_threads(listener_, handler); }) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    listener_.shutdown();
    thread_.join();
  }

  Socket connect() const { return connect_to(port_); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  Socket listener_;
  std::uint16_t port_;
  std::thread thread_;
};

void echo(Socket& client) {
  for (;;) client.write_all(client.read_until("\n", 100));
}

/// Says something now and then, until the server does not listen any more.
void speak_to_the_end(Socket& socket) {
  try {
    for (;;) {
      socket.write_all(".");
      std::this_thread::sleep_for(50ms);
    }
  } catch (const funnel::StreamClosedError&) {  // as it should be; TimeoutError is not
  }
}

void check_that_it_ends_with(int signal) {
  Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  const std::jthread client([signal, port, &listener] {
    sigset_t signals;  // this thread was there before serve_until could block anything for it
    sigemptyset(&signals);
    sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    try {
      Socket silent = connect_to(port);
      silent.write_all("hello\n");
      const std::string answer = silent.read_until("\n", 100);
      CHECK(answer == "hello\n");
      ::kill(::getpid(), signal);
      const std::string rest = silent.read_until_close(1000);
      CHECK(rest.empty());
    } catch (const std::exception& error) {  // out of a thread it would end the process
      FAIL_CHECK("the client was not served and then ended: ", std::string(error.what()));
    }
    listener.shutdown();  // a server that knows no signal ends too
  });
  challenge::serve_until(signal, listener, echo);
}

}  // namespace

TEST_CASE("a client has its time and no more, however often it speaks") {
  const Server server(challenge::within(300ms, echo));
  Socket client = server.connect();
  client.write_all("hello\n");
  CHECK(client.read_until("\n", 100) == "hello\n");
  const auto begin = std::chrono::steady_clock::now();
  speak_to_the_end(client);
  CHECK(std::chrono::steady_clock::now() - begin < 2s);

  Socket next = server.connect();
  next.write_all("and me\n");
  CHECK(next.read_until("\n", 100) == "and me\n");
}

TEST_CASE("the size of a page is told without fetching it") {
  std::string length = "Content-Length: 5000000000\r\n";  // more than an int has room for
  const Server server([&length](Socket& client) {
    const std::string head = client.read_until("\r\n\r\n", 10'000);
    const bool asked_right = head.rfind("HEAD / ", 0) == 0;
    client.write_all(asked_right ? "HTTP/1.0 200 OK\r\n" + length + "\r\n"
                                 : "HTTP/1.0 500 No\r\n\r\n");
  });
  CHECK(challenge::size_of(server.url()) == 5'000'000'000);
  length.clear();
  CHECK(!challenge::size_of(server.url()));
}

TEST_CASE("the signal that was named ends the server and its clients") {
  // One that waits for a signal that never comes waits for ever: the process is ended then.
  ::alarm(20);
  check_that_it_ends_with(SIGUSR1);
  check_that_it_ends_with(SIGUSR2);
  ::alarm(0);
}
