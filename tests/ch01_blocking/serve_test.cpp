// final: no, serve_sequentially and serve_threads are the chapter's own

#include <funnel/socket.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/background.h"
#include "support/faulty_calls.h"
#include "support/peer.h"
#include "support/raw_socket.h"
#include "support/readable.h"
#include "support/story.h"
#include "support/time_scale.h"

// Task 1.5, and the given handling of shortages.

using funnel::Socket;
using test_support::Background;
using test_support::eventually;
using test_support::FaultyCalls;
using test_support::open_descriptors;
using test_support::Peer;
using test_support::RawSocket;
using test_support::shown;
using test_support::tell;
using Call = FaultyCalls::Call;

namespace {

using Handler = std::function<void(Socket&)>;

/// A server in a thread of its own.
class Server {
 public:
  enum class Kind { sequential, threads };

  Server(Kind kind, const Handler& handler, std::size_t max_threads = 100,
         const std::function<void(FaultyCalls&)>& arrange = {})
      : background_(name(kind), [=, this] {
          FaultyCalls calls;
          if (arrange) arrange(calls);
          tell("server", name(kind) + " begins");
          try {
            serve(kind, listener_, handler, max_threads);
          } catch (const std::exception& error) {
            tell("server", std::string("ends with an exception: ") + error.what());
            listener_.shutdown();  // so that no client waits
            throw;
          } catch (...) {
            tell("server", "ends with an exception");
            listener_.shutdown();
            throw;
          }
          tell("server", "has ended");
        }) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    if (!background_.has_ended()) listener_.shutdown();
  }

  std::uint16_t port() const { return funnel::local_port(listener_); }
  Peer connect(const std::string& name = "client") const { return Peer::connect_to(port(), name); }
  void shut_down() {
    tell("server", "its listener is shut down");
    listener_.shutdown();
  }
  void join() { background_.join(); }
  void stop() {
    shut_down();
    join();
  }
  bool has_ended() const { return background_.has_ended(); }

  static void serve(Kind kind, Socket& listener, const Handler& handler, std::size_t max_threads) {
    if (kind == Kind::sequential) {
      funnel::serve_sequentially(listener, handler);
    } else {
      funnel::serve_threads(listener, handler, max_threads);
    }
  }
  static std::string name(Kind kind) {
    return kind == Kind::sequential ? "serve_sequentially" : "serve_threads";
  }

 private:
  Socket listener_ = funnel::listen_tcp(0);
  Background background_;  // the last: what it uses must be there
};

constexpr Server::Kind both[] = {Server::Kind::sequential, Server::Kind::threads};

/// Answers each line with itself, until the client ends.
void echo(Socket& client) {
  for (;;) {
    const std::string line = client.read_until("\n", 100);
    tell("server", "echoes " + shown(line));
    client.write_all(line);
  }
}

void echo_once(Socket& client) { client.write_all(client.read_until("\n", 100)); }

/// Keeps what is printed to stderr as long as it lives, and lets it pass. Threads that print begin
/// after it and end before it.
class PrintedErrors {
 public:
  PrintedErrors() {
    std::setvbuf(stream_, nullptr, _IONBF, 0);  // a process that ends at once prints first
    stderr = stream_;
  }
  PrintedErrors(const PrintedErrors&) = delete;
  PrintedErrors& operator=(const PrintedErrors&) = delete;
  ~PrintedErrors() {
    stderr = before_;
    std::fclose(stream_);
  }

  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  static ssize_t keep(void* self, const char* bytes, std::size_t size) {
    auto& errors = *static_cast<PrintedErrors*>(self);
    const std::lock_guard lock(errors.mutex_);
    errors.text_.append(bytes, size);
    std::fwrite(bytes, 1, size, errors.before_);
    return static_cast<ssize_t>(size);
  }

  mutable std::mutex mutex_;
  std::string text_;
  std::FILE* const before_ = stderr;
  std::FILE* const stream_ = ::fopencookie(this, "w", {nullptr, keep, nullptr, nullptr});
};

}  // namespace

TEST_CASE("every client is served and its connection closed") {
  for (const auto kind : both) {
    Server server(kind, echo_once);
    const int before = open_descriptors();
    for (int i = 0; i < 5; ++i) {
      const Peer client = server.connect();
      const std::string line = "hello " + std::to_string(i) + "\n";
      client.send(line);
      REQUIRE(client.receive_all() == line);
    }
    tell("expected", "no descriptor is left behind");
    REQUIRE(eventually([&] { return open_descriptors() == before; }));
    server.stop();
  }
}

TEST_CASE("a silent client blocks the others of the sequential server only") {
  for (const auto kind : both) {
    Server server(kind, echo_once);
    Peer silent = server.connect("silent");
    const Peer other = server.connect("other");
    other.send("hello\n");
    if (kind == Server::Kind::sequential) {
      tell("expected", "the other client waits until the silent one has gone");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      REQUIRE(!other.readable());
      silent.close();
    } else {
      tell("expected", "the other client is served while the silent one is there");
    }
    REQUIRE(other.receive_all() == "hello\n");
    silent.close();
    server.stop();
  }
}

TEST_CASE("an exception in a handler ends its client and not the server") {
  for (const auto kind : both) {
    Server server(kind, [](Socket& client) {
      const std::string line = client.read_until("\n", 100);
      if (line == "error\n") throw std::runtime_error("a handler's error, as the test wants it");
      if (line == "number\n") throw 42;
      client.write_all(line);
    });
    for (const std::string line : {"error\n", "number\n"}) {
      const Peer client = server.connect();
      client.send(line);
      tell("expected", "the connection is closed without a response");
      REQUIRE(client.receive_all().empty());
    }
    const Peer vanishing = server.connect();
    vanishing.end();
    REQUIRE(vanishing.receive_all().empty());
    tell("expected", "the next client is served");
    const Peer client = server.connect();
    client.send("hello\n");
    REQUIRE(client.receive_all() == "hello\n");
    server.stop();
  }
}

TEST_CASE("a client without a thread is dropped and the next one served") {
  Server server(Server::Kind::threads, echo_once, 100,
                [](FaultyCalls& calls) { calls.fail(Call::thread, EAGAIN); });
  const Peer unlucky = server.connect();
  tell("expected", "a client for which no thread can be started is dropped");
  REQUIRE(unlucky.receive_all().empty());
  const Peer client = server.connect();
  client.send("hello\n");
  tell("expected", "the next client is served");
  REQUIRE(client.receive_all() == "hello\n");
  server.stop();
}

TEST_CASE("a server survives a shortage of descriptors") {
  for (const auto kind : both) {
    const auto begin = std::chrono::steady_clock::now();
    Server server(kind, echo_once, 100,
                  [](FaultyCalls& calls) { calls.fail(Call::accept, EMFILE, 3); });
    const Peer client = server.connect();
    client.send("hello\n");
    tell("expected", "the next client is served");
    REQUIRE(client.receive_all() == "hello\n");
    tell("expected", "after three pauses: asking again at once would only burn the processor");
    REQUIRE(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(250));
    server.stop();
  }
}

TEST_CASE("a shortage is reported once and not at every attempt") {
  for (const auto kind : both) {
    const PrintedErrors printed;
    Server server(kind, echo_once, 100,
                  [](FaultyCalls& calls) { calls.fail(Call::accept, EMFILE, 3); });
    const Peer client = server.connect();
    client.send("hello\n");
    REQUIRE(client.receive_all() == "hello\n");
    server.stop();
    const std::string text = printed.text();
    tell("server", "has printed " + shown(text));
    tell("expected", "one line: a flooded log hides everything else in it");
    REQUIRE(std::count(text.begin(), text.end(), '\n') == 1);
  }
}

TEST_CASE("a server that never gets a descriptor can still be shut down") {
  for (const auto kind : both) {
    Server server(kind, echo_once, 100,
                  [](FaultyCalls& calls) { calls.fail(Call::accept, EMFILE, 1000); });
    tell("expected", "it ends although accept never says that the listener was shut down");
    server.stop();
  }
}

TEST_CASE("any other error of accept ends a server with an exception") {
  for (const auto kind : both) {
    Socket listener = funnel::listen_tcp(0);
    listener.set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    tell("server", Server::name(kind) + " begins, and its listener has a deadline in 20 ms");
    bool timed_out = false;
    Background server(Server::name(kind), [&] {
      try {
        Server::serve(kind, listener, echo_once, 100);
      } catch (const funnel::TimeoutError&) {
        timed_out = true;
      }
    });
    tell("expected", "TimeoutError");
    CHECK(eventually([&] { return server.has_ended(); }));
    listener.shutdown();
    server.join();
    CHECK(timed_out);
  }
}

TEST_CASE("shutting down the listener ends the clients and their threads") {
  Server server(Server::Kind::threads, echo);
  const Peer silent = server.connect("silent");
  const Peer busy = server.connect("busy");
  busy.send("hello\n");
  REQUIRE(busy.receive(6) == "hello\n");
  server.stop();
  tell("expected", "both clients are at their end");
  REQUIRE(silent.receive_all().empty());
  REQUIRE(busy.receive_all().empty());

  Server sequential(Server::Kind::sequential, echo);
  const Peer last = sequential.connect("last");
  last.send("hello\n");
  REQUIRE(last.receive(6) == "hello\n");
  sequential.shut_down();
  tell("expected", "serve_sequentially lets the client that it serves come to its end");
  last.send("bye\n");
  REQUIRE(last.receive(4) == "bye\n");
  last.end();
  sequential.join();
}

TEST_CASE("a client's thread is joined while others are served") {
  std::atomic<const FaultyCalls*> calls = nullptr;
  Server server(Server::Kind::threads, echo_once, 100, [&](FaultyCalls& its) { calls = &its; });
  for (int i = 1; i <= 3; ++i) {
    const Peer client = server.connect("client" + std::to_string(i));
    client.send("hello\n");
    REQUIRE(client.receive_all() == "hello\n");
  }
  // Before the third was accepted, room was looked for, and by then the first was done.
  const int joins = calls.load()->count(Call::join);
  tell("yours", "has called pthread_join " + std::to_string(joins) + " times");
  tell("expected",
       "once at least: a thread that nobody joins keeps its stack, although it is done");
  CHECK(joins >= 1);
  server.stop();
}

TEST_CASE("a place that becomes free is taken at once") {
  constexpr int count = 40;
  Server server(Server::Kind::threads, echo_once, 1);
  tell("clients", "connect, all " + std::to_string(count) + " of them, and send a line each");
  tell("expected", "one after the other is served, without a pause between them");
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Peer> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(RawSocket::connect_to(server.port()), "client");
    clients.back().raw().send("hello\n");
  }
  for (const Peer& client : clients) REQUIRE(client.raw().receive_all() == "hello\n");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  tell("clients", "are all served after " + std::to_string(took.count()) + " ms");
  // A server that is not told, and looks ten times a second, needs four seconds for it.
  CHECK(took < test_support::time_limit(std::chrono::seconds(2)));
  server.stop();
}

TEST_CASE("at most max_threads clients are served at a time") {
  std::atomic<int> busy = 0;
  std::atomic<int> most = 0;
  const auto handler = [&](Socket& client) {
    const int now = ++busy;
    int before = most;
    while (before < now && !most.compare_exchange_weak(before, now)) {
    }
    try {
      echo(client);
    } catch (const funnel::StreamClosedError&) {  // the client has gone
    }
    --busy;
  };
  Server server(Server::Kind::threads, handler, 2);
  std::vector<Peer> clients;
  for (int i = 1; i <= 4; ++i) clients.push_back(server.connect("client" + std::to_string(i)));
  for (int i = 0; i < 2; ++i) {
    clients[static_cast<std::size_t>(i)].send("hello\n");
    REQUIRE(clients[static_cast<std::size_t>(i)].receive(6) == "hello\n");
  }
  clients[2].send("and me\n");
  tell("expected", "the third waits until one of the two has gone");
  tell("yours", "serves " + std::to_string(busy) + " of the four clients");
  CHECK(busy == 2);
  CHECK(!clients[2].readable());
  clients[1].close();  // not the first that came: clients go in any order
  REQUIRE(clients[2].receive(7) == "and me\n");
  CHECK(most == 2);
  tell("expected", "shutting down ends the server although all its threads are busy");
  server.stop();
  CHECK(busy == 0);

  Socket listener = funnel::listen_tcp(0);
  listener.shutdown();  // or a server that serves nobody would not end
  tell("yours", "serve_threads with no threads at all");
  CHECK_THROWS_AS(funnel::serve_threads(listener, echo, 0), std::invalid_argument);
}
