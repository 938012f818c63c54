// final: no, Socket is the chapter's own

#include <funnel/socket.h>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <utility>

#include "support/faulty_calls.h"
#include "support/peer.h"
#include "support/readable.h"
#include "support/story.h"

// Task 1.1. The descriptors come from the tests: nothing here listens, connects, sends or reads.

using funnel::Socket;
using test_support::connected_pair;
using test_support::FaultyCalls;
using test_support::tell;
using Call = FaultyCalls::Call;

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

/// Counts how often a descriptor is closed from here on.
class Closes {
 public:
  Closes(const FaultyCalls& calls, int fd) : calls_(calls), fd_(fd), before_(calls.closes(fd)) {}

  std::string so_far() const {
    const int times = calls_.closes(fd_) - before_;
    if (times == 0) return "never closed";
    return times == 1 ? "closed once" : "closed " + std::to_string(times) + " times";
  }

 private:
  const FaultyCalls& calls_;
  int fd_;
  int before_;  // the number may have belonged to an earlier descriptor
};

int new_descriptor() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

}  // namespace

TEST_CASE("a socket closes its descriptor when its life ends") {
  const FaultyCalls calls;
  const int fd = new_descriptor();
  const Closes closes(calls, fd);
  tell("yours", "a Socket takes over descriptor " + std::to_string(fd) + ", and its life ends");
  {
    const Socket socket(fd);
    CHECK(socket.is_open());
    CHECK(socket.fd() == fd);
    CHECK(is_open(fd));
  }
  REQUIRE(closes.so_far() == "closed once");

  const Closes nothing(calls, -1);
  tell("yours", "a Socket without a descriptor ends");
  { const Socket none; }
  REQUIRE(nothing.so_far() == "never closed");
}

TEST_CASE("closing a socket twice closes its descriptor once") {
  FaultyCalls calls;
  const int fd = new_descriptor();
  const Closes closes(calls, fd);
  tell("yours", "close() is called twice, then the life of the Socket ends");
  tell("expected", "one close: a second one would hit whatever has the number by then");
  {
    Socket socket(fd);
    calls.interrupt(Call::close);
    socket.close();
    CHECK(!socket.is_open());
    CHECK(socket.fd() == -1);
    socket.close();
  }
  REQUIRE(closes.so_far() == "closed once");
}

TEST_CASE("a socket that is moved takes its descriptor along") {
  const FaultyCalls calls;
  const int fd = new_descriptor();
  const Closes closes(calls, fd);
  tell("yours", "a Socket is made from another, and the lives of both end");
  {
    Socket first(fd);
    const Socket second(std::move(first));
    REQUIRE(second.fd() == fd);
    REQUIRE(!first.is_open());  // NOLINT(bugprone-use-after-move): that is the question
    REQUIRE(is_open(fd));
  }
  REQUIRE(closes.so_far() == "closed once");
}

TEST_CASE("assigning to a socket closes what it had") {
  const FaultyCalls calls;
  const int old = new_descriptor();
  const int other = new_descriptor();
  const Closes closes_of_old(calls, old);
  const Closes closes_of_other(calls, other);
  {
    Socket target(old);
    Socket source(other);
    source.set_deadline(std::chrono::steady_clock::now());
    tell("yours", "target = std::move(source), which has a deadline that is over");
    target = std::move(source);
    tell("expected", "the deadline moves along: limit_wait says that no time is left");
    REQUIRE(!target.limit_wait(SO_RCVTIMEO));
    REQUIRE(closes_of_old.so_far() == "closed once");
    REQUIRE(target.fd() == other);
    REQUIRE(!source.is_open());  // NOLINT(bugprone-use-after-move): that is the question
    REQUIRE(closes_of_other.so_far() == "never closed");
  }
  REQUIRE(closes_of_old.so_far() == "closed once");
  REQUIRE(closes_of_other.so_far() == "closed once");
}

TEST_CASE("a socket that is assigned to itself stays open") {
  const FaultyCalls calls;
  const int fd = new_descriptor();
  const Closes closes(calls, fd);
  {
    Socket socket(fd);
    tell("yours", "socket = std::move(socket), as a loop over pairs may do by accident");
    Socket& alias = socket;
    socket = std::move(alias);
    REQUIRE(socket.fd() == fd);
    REQUIRE(closes.so_far() == "never closed");
  }
  REQUIRE(closes.so_far() == "closed once");
}

TEST_CASE("shutdown ends the connection and leaves the descriptor open") {
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  tell("yours", "shutdown()");
  socket.shutdown();
  tell("expected", "the peer reads the end, although the Socket lives");
  REQUIRE(peer.receive_all().empty());
  REQUIRE(is_open(fd));
  tell("yours", "shutdown() again, and on a Socket that is not open");
  socket.shutdown();
  Socket none;
  none.shutdown();
  REQUIRE(is_open(fd));
}
