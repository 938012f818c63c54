// final: no, Socket is the chapter's own

#include <funnel/socket.h>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/background.h"
#include "support/faulty_calls.h"
#include "support/peer.h"
#include "support/raw_socket.h"
#include "support/readable.h"
#include "support/story.h"
#include "support/time_scale.h"

// Task 1.2. No test here sends or reads through a Socket: that is for the tasks that follow.

using funnel::Socket;
using namespace std::chrono_literals;
using test_support::Background;
using test_support::FaultyCalls;
using test_support::open_descriptors;
using test_support::Peer;
using test_support::RawSocket;
using test_support::tell;
using Call = FaultyCalls::Call;
using Clock = std::chrono::steady_clock;

namespace {

bool is_close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

bool has_ipv6() {
  try {
    RawSocket::listen_anywhere(1, true);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

/// Calls `function`, and returns the system_error that it throws.
template <typename Function>
std::optional<std::system_error> error_of(Function function) {
  try {
    function();
  } catch (const std::system_error& error) {
    tell("yours", std::string("throws: ") + error.what());
    return error;
  }
  tell("yours", "throws nothing");
  return std::nullopt;
}

/// Which exception ended a call, as the tests compare it, and what it says.
struct Ending {
  std::string exception;
  std::string message;
};

/// Calls `function`, and returns what it throws.
template <typename Function>
Ending ending_of(Function function) {
  Ending ending{"no exception", ""};
  try {
    function();
  } catch (const funnel::TimeoutError& error) {
    ending = {"TimeoutError", error.what()};
  } catch (const funnel::StreamClosedError& error) {
    ending = {"StreamClosedError", error.what()};
  } catch (const std::exception& error) {
    ending = {"another exception", error.what()};
  }
  tell("yours", "ends with " + ending.exception + ": " + ending.message);
  return ending;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each client of this machine is accepted as a socket of its own") {
  tell("yours", "listen_tcp(0)");
  Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  REQUIRE(port != 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  tell("expected", "it listens on 127.0.0.1, which other machines cannot reach");
  CHECK(ntohl(address.sin_addr.s_addr) == INADDR_LOOPBACK);

  const Peer first = Peer::connect_to(port, "client");
  const Peer second = Peer::connect_to(port, "client");
  tell("yours", "accept, twice");
  const Socket one = funnel::accept(listener);
  const Socket two = funnel::accept(listener);
  CHECK(one.is_open());
  CHECK(two.is_open());
  CHECK(one.fd() != two.fd());
  tell("expected", "programs that this process starts inherit none of the descriptors");
  CHECK(is_close_on_exec(listener.fd()));
  CHECK(is_close_on_exec(one.fd()));
  CHECK(is_close_on_exec(funnel::connect_tcp("127.0.0.1", port).fd()));
}

TEST_CASE("a listener has the address it was given and queues a hundred clients") {
  if (has_ipv6()) {
    tell("yours", "listen_tcp(0, \"::1\")");
    const Socket six = funnel::listen_tcp(0, "::1");
    tell("expected", "an IPv6 client of this machine can connect");
    CHECK_NOTHROW(RawSocket::connect_to(funnel::local_port(six), true));
  } else {
    MESSAGE("not tested: this machine has no IPv6");
  }
  tell("yours", "listen_tcp(0, \"localhost\"), which may stand for several addresses");
  CHECK_THROWS_AS(funnel::listen_tcp(0, "localhost"), std::invalid_argument);
  {
    FaultyCalls calls;
    calls.fail(Call::socket, EMFILE);
    tell("yours", "listen_tcp, while there is no descriptor");
    const auto error = error_of([] { funnel::listen_tcp(0); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::too_many_files_open);
  }

  Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  tell("expected", "100 clients get connections before any of them is accepted");
  std::vector<Socket> clients;
  CHECK(!error_of([&] {
    for (int i = 0; i < 100; ++i) {
      const auto soon = Clock::now() + test_support::time_limit(2s);
      clients.push_back(funnel::connect_tcp("127.0.0.1", port, soon));
    }
  }));
  tell("client", std::to_string(clients.size()) + " of them are connected");
  CHECK(clients.size() == 100);
}

TEST_CASE("a port in use is refused and can be taken again as soon as it is free") {
  Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  const int before = open_descriptors();
  tell("yours", "listen_tcp on port " + std::to_string(port) + ", where somebody listens");
  const auto error = error_of([port] { funnel::listen_tcp(port); });
  REQUIRE(error);
  CHECK(error->code() == std::errc::address_in_use);
  CHECK(contains(error->what(), at(port)));
  tell("expected", "no descriptor is left behind");
  CHECK(open_descriptors() == before);

  Peer client = Peer::connect_to(port);
  {
    tell("yours", "accepts and closes the connection first, then the listener");
    Socket accepted = funnel::accept(listener);
    accepted.close();
    REQUIRE(client.receive_all().empty());
    client.close();
    listener.close();
  }
  tell("yours", "listen_tcp on the same port again");
  tell("expected", "it works, although the kernel remembers the old connection for a minute");
  CHECK(!error_of([port] { funnel::listen_tcp(port); }));
}

TEST_CASE("accept skips clients that left and reports its own errors") {
  Socket listener = funnel::listen_tcp(0);
  const Peer client = Peer::connect_to(funnel::local_port(listener));
  FaultyCalls calls;
  calls.fail(Call::accept, EMFILE);
  tell("yours", "accept, while there is no descriptor");
  const auto error = error_of([&] { funnel::accept(listener); });
  REQUIRE(error);
  CHECK(error->code() == std::errc::too_many_files_open);

  calls.interrupt(Call::accept, 2);
  calls.fail(Call::accept, ECONNABORTED);
  tell("yours", "accept, while signals come and a client goes away");
  std::optional<Socket> accepted;
  CHECK(!error_of([&] { accepted = funnel::accept(listener); }));
  tell("expected", "the client is accepted by the fourth call");
  CHECK(accepted);
  CHECK(calls.count(Call::accept) == 5);

  Socket never_open;
  tell("yours", "accept on a Socket that is not open");
  tell("expected", "a system_error, and no StreamClosedError, which says that it was shut down");
  const Ending ending = ending_of([&] { funnel::accept(never_open); });
  CHECK(ending.exception == "another exception");
  CHECK(contains(ending.message, std::generic_category().message(EBADF)));
}

TEST_CASE("accept ends when its listener is shut down and at its deadline") {
  Socket listener = funnel::listen_tcp(0);
  Ending ending;
  {
    Background server("accept", [&] {
      tell("yours", "accept, and nobody connects");
      ending = ending_of([&] { funnel::accept(listener); });
    });
    tell("yours", "shutdown(), called by another thread");
    listener.shutdown();
    server.join();
  }
  tell("expected", "accept ends with StreamClosedError");
  REQUIRE(ending.exception == "StreamClosedError");
  CHECK(listener.is_open());

  Socket limited = funnel::listen_tcp(0);
  const auto begin = Clock::now();
  limited.set_deadline(begin + 40ms);
  tell("yours", "accept with a deadline in 40 ms");
  CHECK_THROWS_AS(funnel::accept(limited), funnel::TimeoutError);
  CHECK(Clock::now() - begin >= 40ms);

  limited.set_deadline(Clock::now() + 10s);
  const Peer client = Peer::connect_to(funnel::local_port(limited));
  const Socket accepted = funnel::accept(limited);
  timeval limit{};
  socklen_t size = sizeof limit;
  ::getsockopt(accepted.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, &size);
  tell("expected", "the client that came has no time limit");
  CHECK((limit.tv_sec == 0 && limit.tv_usec == 0));

  const Peer late = Peer::connect_to(funnel::local_port(limited));
  limited.set_deadline(Clock::now());
  tell("yours", "accept with a deadline that is over, while a client is there");
  CHECK_THROWS_AS(funnel::accept(limited), funnel::TimeoutError);

  tell("yours", "the listener moves, and accept is called on the new one");
  Socket moved = std::move(limited);
  CHECK_THROWS_AS(funnel::accept(moved), funnel::TimeoutError);
  limited = std::move(moved);

  for (const int error : {EINTR, ECONNABORTED}) {
    FaultyCalls calls;
    calls.delay(Call::accept, 50ms, error);
    limited.set_deadline(Clock::now() + 50ms);
    tell("yours", "accept with a deadline in 50 ms, while a client is there");
    tell("expected",
         "TimeoutError: what is left of the time is to be asked again before each call");
    CHECK_THROWS_AS(funnel::accept(limited), funnel::TimeoutError);
  }
}

TEST_CASE("connect tries every address and names the one that refused") {
  const RawSocket listener = RawSocket::listen_anywhere();
  const int before = open_descriptors();
  {
    FaultyCalls calls;
    calls.resolve("three.example", {"::1", "127.0.0.2", "127.0.0.1"});
    tell("yours", "connect_tcp(\"three.example\", " + std::to_string(listener.port()) + ")");
    tell("expected", "::1 and 127.0.0.2 refuse, so 127.0.0.1 is tried");
    std::optional<Socket> socket;
    CHECK(!error_of([&] { socket = funnel::connect_tcp("three.example", listener.port()); }));
    CHECK(calls.count(Call::connect) >= 2);  // a machine without IPv6 does not get so far with ::1
    REQUIRE(socket);
    const Peer peer(listener.accept(), "server");
    socket->close();
    REQUIRE(peer.receive_all().empty());
  }
  const std::uint16_t refused = test_support::refused_port();
  FaultyCalls calls;
  calls.resolve("none.example", {"127.0.0.2", "127.0.0.3"});
  tell("yours", "connect_tcp to addresses that refuse");
  const auto error = error_of([&] { funnel::connect_tcp("none.example", refused); });
  REQUIRE(error);
  CHECK(error->code() == std::errc::connection_refused);
  CHECK(contains(error->what(), "none.example:" + std::to_string(refused)));
  tell("expected", "no descriptor is left behind");
  CHECK(open_descriptors() == before);

  calls.fail(Call::socket, EMFILE);
  tell("yours", "connect_tcp, while there is no descriptor");
  const auto shortage = error_of([&] { funnel::connect_tcp("127.0.0.1", listener.port()); });
  REQUIRE(shortage);
  CHECK(shortage->code() == std::errc::too_many_files_open);

  tell("yours", "connect_tcp to a name that has no address");
  calls.resolve("nowhere.example", {});
  const auto unknown = error_of([&] { funnel::connect_tcp("nowhere.example", refused); });
  REQUIRE(unknown);
  CHECK(contains(unknown->what(), "nowhere.example"));
  calls.resolve("127.0.0.1", {});
  tell("yours", "connect_tcp to a number, where the system finds no addresses at all");
  CHECK(!error_of([&] { funnel::connect_tcp("127.0.0.1", listener.port()); }));
}

TEST_CASE("connect goes on after a signal and ends at its deadline") {
  const RawSocket listener = RawSocket::listen_anywhere();
  {
    FaultyCalls calls;
    calls.interrupt(Call::connect);
    tell("yours", "connect_tcp, interrupted by a signal");
    std::optional<Socket> socket;
    CHECK(!error_of([&] { socket = funnel::connect_tcp("127.0.0.1", listener.port()); }));
    REQUIRE(socket);
    const Peer peer(listener.accept(), "server");
    socket->close();
    REQUIRE(peer.receive_all().empty());
  }
  const test_support::HangingPort hanging;
  const int before = open_descriptors();
  for (const bool interrupted : {false, true}) {
    FaultyCalls calls;
    if (interrupted) calls.interrupt(Call::connect);
    const auto begin = Clock::now();
    tell("yours",
         "connect_tcp with a deadline in 50 ms, to a port that neither accepts nor refuses");
    const Ending ending =
        ending_of([&] { funnel::connect_tcp("127.0.0.1", hanging.port(), begin + 50ms); });
    tell("expected", "TimeoutError, which names " + at(hanging.port()));
    REQUIRE(ending.exception == "TimeoutError");
    REQUIRE(contains(ending.message, at(hanging.port())));
    REQUIRE(Clock::now() - begin >= 50ms);
    REQUIRE(open_descriptors() == before);
  }

  {
    FaultyCalls calls;
    calls.delay(Call::connect, 50ms, EINTR);
    tell("yours", "connect_tcp with a deadline in 50 ms, interrupted by a signal after that");
    tell("expected", "TimeoutError: what is left of the time is to be asked again after a signal");
    const auto deadline = Clock::now() + 50ms;
    CHECK_THROWS_AS(funnel::connect_tcp("127.0.0.1", listener.port(), deadline),
                    funnel::TimeoutError);
  }
  tell("yours", "connect_tcp with a deadline that is over");
  CHECK_THROWS_AS(funnel::connect_tcp("127.0.0.1", listener.port(), Clock::now()),
                  funnel::TimeoutError);
  const Socket socket = funnel::connect_tcp("127.0.0.1", listener.port(),
                                            Clock::now() + test_support::time_limit(10s));
  timeval limit{};
  socklen_t size = sizeof limit;
  ::getsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
  tell("expected", "a connection that was made in time has no time limit");
  CHECK((limit.tv_sec == 0 && limit.tv_usec == 0));
}
