// A short run of a loop with something of everything, to be looked at in a trace:
//
//     turns
//
// FUNNEL_TRACE=FILE turns writes the trace; ./learn trace 2 turns shows a recorded one.

#include <funnel/ioloop.h>
#include <funnel/trace.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

void say(const char* text) {
  fmt::print("{}\n", text);
  funnel::trace::note(text);
}

/// Two connected sockets.
class Wire {
 public:
  Wire() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    for (const int end : ends_) ::close(end);
  }

  int fd() const noexcept { return ends_[0]; }
  void send() const { [[maybe_unused]] const auto sent = ::write(ends_[1], "x", 1); }
  void receive() const {
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(ends_[0], &byte, 1);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace

int main() {
  funnel::IOLoop loop;
  const Wire ada;
  const Wire ben;
  loop.add_handler(ada.fd(), funnel::IOLoop::read, [&](int, unsigned) {
    ada.receive();
    say("ada has sent something; ben is not watched any more");
    loop.remove_handler(ben.fd());
    loop.add_callback([] { say("a callback that ada's handler added"); });
  });
  loop.add_handler(ben.fd(), funnel::IOLoop::read, [&](int, unsigned) { say("never"); });
  loop.add_callback([&] {
    say("the first callback: ada and ben send, and it adds another one");
    ada.send();
    ben.send();
    loop.add_callback([] { say("the second callback"); });
  });
  const funnel::Timeout never = loop.call_later(1h, [] { say("never"); });
  loop.call_later(20ms, [&] {
    say("the timer of 20 ms removes that of an hour, and stops the loop");
    loop.remove_timeout(never);
    loop.stop();
  });
  loop.start();
}
