// final: no, Asio has its own poller

#include <funnel/poller.h>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "loops.h"
#include "support/background.h"
#include "support/readable.h"
#include "support/story.h"

// Task 2.1. Each test runs on both backends: yours, and the given one on poll().

using funnel::Poller;
using namespace std::chrono_literals;
using loops::Watchdog;
using loops::Wire;
using test_support::Background;
using test_support::tell;
using Clock = std::chrono::steady_clock;

namespace doctest {

template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all.empty() ? "nothing" : all.c_str();
  }
};

}  // namespace doctest

namespace {

void on_both(const std::function<void(Poller&)>& test) {
  for (const bool given : {false, true}) {
    tell("test", given ? "the same with the given PollPoller" : "with EpollPoller, which is yours");
    const std::unique_ptr<Poller> poller =
        given ? std::unique_ptr<Poller>(std::make_unique<funnel::PollPoller>())
              : std::make_unique<funnel::EpollPoller>();
    const Watchdog watchdog(given ? "PollPoller" : "EpollPoller");
    test(*poller);
  }
}

std::string words(unsigned events) {
  std::string text;
  if ((events & Poller::read) != 0) text += " read";
  if ((events & Poller::write) != 0) text += " write";
  if ((events & Poller::error) != 0) text += " error";
  return text.empty() ? " nothing" : text;
}

/// Waits, and returns what is ready, as `tag: events` in the order of the tags.
std::vector<std::string> ready(Poller& poller, std::optional<funnel::Duration> timeout = 0ms) {
  std::vector<std::string> names;
  for (const Poller::Ready& each : poller.wait(timeout)) {
    names.push_back(std::to_string(each.tag) + ":" + words(each.events));
  }
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  tell("yours", "wait reports " + (all.empty() ? "nothing" : all));
  return names;
}

using Names = std::vector<std::string>;

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    tell("yours", std::string("throws ") + error.what());
    return error.code().value();
  }
  tell("yours", "throws nothing");
  return 0;
}

void no_op(int) {}

/// Sends this thread a signal every few milliseconds.
class Signals {
 public:
  Signals() {
    struct sigaction action {};
    action.sa_handler = no_op;
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval often{{0, 3000}, {0, 3000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
};

}  // namespace

TEST_CASE("of three clients the one that has sent something is reported by its tag") {
  on_both([](Poller& poller) {
    const Wire ada("ada");
    const Wire ben("ben");
    const Wire cleo("cleo");
    tell("yours", "add: ada with tag 1, ben with tag 2, cleo with tag 3000000000");
    poller.add(ada.near(), Poller::read, 1);
    poller.add(ben.near(), Poller::read, 2);
    poller.add(cleo.near(), Poller::read, 3'000'000'000);
    REQUIRE(ready(poller) == Names{});
    ben.send("hello");
    REQUIRE(ready(poller) == Names{"2: read"});
    cleo.send("hello");
    REQUIRE(ready(poller) == Names{"2: read", "3000000000: read"});
  });
}

TEST_CASE("a descriptor is reported for as long as there is something to read") {
  on_both([](Poller& poller) {
    const Wire wire;
    poller.add(wire.near(), Poller::read, 1);
    wire.send("hello");
    REQUIRE(ready(poller) == Names{"1: read"});
    tell("expected", "nobody has read it, so the next wait reports it again");
    REQUIRE(ready(poller, 10s) == Names{"1: read"});
    REQUIRE(wire.receive() == "hello");
    REQUIRE(ready(poller) == Names{});
  });
}

TEST_CASE("only the events that were asked for are reported") {
  on_both([](Poller& poller) {
    const Wire wire;
    wire.send("hello");
    poller.add(wire.near(), Poller::write, 1);
    REQUIRE(ready(poller) == Names{"1: write"});
    tell("yours", "change: read and write, with tag 2");
    poller.change(wire.near(), Poller::read | Poller::write, 2);
    REQUIRE(ready(poller) == Names{"2: read write"});
    wire.fill();
    tell("peer", "reads nothing, and no byte fits into its buffers any more");
    REQUIRE(ready(poller) == Names{"2: read"});
    tell("yours", "change: write only");
    poller.change(wire.near(), Poller::write, 2);
    REQUIRE(ready(poller) == Names{});
    wire.drain();
    tell("peer", "reads everything");
    REQUIRE(ready(poller) == Names{"2: write"});
  });
}

TEST_CASE("what was removed is not reported and can be added again") {
  on_both([](Poller& poller) {
    const Wire wire;
    wire.send("hello");
    poller.add(wire.near(), Poller::read, 1);
    tell("yours", "remove, twice");
    poller.remove(wire.near());
    poller.remove(wire.near());
    poller.remove(-1);
    REQUIRE(ready(poller) == Names{});
    poller.add(wire.near(), Poller::read, 2);
    REQUIRE(ready(poller) == Names{"2: read"});
  });
}

TEST_CASE("a wait ends at its timeout and not before") {
  on_both([](Poller& poller) {
    const Wire wire;
    poller.add(wire.near(), Poller::read, 1);
    for (const funnel::Duration timeout : {funnel::Duration(20ms), funnel::Duration(300us)}) {
      const std::chrono::duration<double, std::milli> ms = timeout;
      tell("yours", "wait for " + std::to_string(ms.count()) + " ms");
      const auto begin = Clock::now();
      REQUIRE(ready(poller, timeout) == Names{});
      const auto took = Clock::now() - begin;
      tell("expected", "the wait takes at least its timeout, which is rounded up");
      REQUIRE(took >= timeout);
    }
    tell("yours", "wait without a timeout");
    Background peer("the peer", [&] { wire.send("at last"); });
    REQUIRE(ready(poller, std::nullopt) == Names{"1: read"});
  });
}

TEST_CASE("a signal ends a wait with nothing and is no error") {
  on_both([](Poller& poller) {
    const Signals signals;
    tell("yours", "wait without a timeout, and signals come");
    const std::vector<Poller::Ready>& after = poller.wait(std::nullopt);
    REQUIRE(after.empty());
  });
}

TEST_CASE("the end and a broken connection are reported even if nobody asked") {
  on_both([](Poller& poller) {
    Wire ended;
    poller.add(ended.near(), Poller::read, 1);
    ended.close_far();
    tell("peer", "closes");
    tell("expected", "the end can be read, and both sides are closed");
    REQUIRE(ready(poller) == Names{"1: read error"});
    poller.remove(ended.near());

    Wire broken;
    poller.add(broken.near(), 0, 2);
    REQUIRE(ready(poller) == Names{});
    broken.close_far();
    tell("peer", "closes a connection that is watched for no event at all");
    REQUIRE(ready(poller) == Names{"2: error"});
  });
}

TEST_CASE("what cannot be watched is refused with the system's error") {
  on_both([](Poller& poller) {
    Wire wire;
    poller.add(wire.near(), Poller::read, 1);
    tell("yours", "add, for a descriptor that is watched already");
    CHECK(error_of([&] { poller.add(wire.near(), Poller::write, 2); }) == EEXIST);
    const Wire other;
    tell("yours", "change, for one that is not watched");
    CHECK(error_of([&] { poller.change(other.near(), Poller::read, 3); }) == ENOENT);
    tell("yours", "add, for one that is not open");
    CHECK(error_of([&] { poller.add(-1, Poller::read, 4); }) == EBADF);
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    tell("yours", "add, for a file on disk");
    CHECK(error_of([&] { poller.add(file, Poller::read, 5); }) == EPERM);
    ::close(file);
    wire.send("hello");
    CHECK(ready(poller) == Names{"1: read"});
  });
}
