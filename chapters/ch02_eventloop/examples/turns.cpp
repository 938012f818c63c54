// Lets one of everything happen on a loop, and says so: a callback adds a callback, a timer is due,
// and two descriptors are ready in the same turn, of which one handler removes the other.
//
//     turns
//
// With FUNNEL_TRACE=FILE in the environment, the loop writes down what it does.

#include <funnel/ioloop.h>
#include <funnel/socket.h>
#include <funnel/trace.h>

#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

/// Prints a line, and writes it into the trace.
void say(const std::string& text) {
  fmt::print("{}\n", text);
  funnel::trace::note(text);
}

/// Both ends of a connection in this process: what is written to one can be read from the other.
struct Connection {
  Connection() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      std::perror("socketpair");
      std::exit(EXIT_FAILURE);
    }
    left = funnel::Socket(ends[0]);
    right = funnel::Socket(ends[1]);
  }

  funnel::Socket left;
  funnel::Socket right;
};

}  // namespace

int main() {
  Connection connection;
  funnel::IOLoop loop;
  loop.add_handler(connection.left.fd(), funnel::IOLoop::read, [&](int fd, unsigned /*events*/) {
    say(fmt::format("the left end reads: {}", connection.left.read_some()));
    // The other end is ready too, and the loop knows it. But it does not call who was removed.
    loop.remove_handler(connection.right.fd());
    loop.remove_handler(fd);
    loop.call_later(5ms, [&] {
      say("that is all");
      loop.stop();
    });
  });
  loop.add_handler(connection.right.fd(), funnel::IOLoop::read,
                   [](int /*fd*/, unsigned /*events*/) { say("this is never said"); });
  loop.call_later(20ms, [&] {
    say("20 ms have passed: both ends are written to");
    connection.right.write_all("hello, left");
    connection.left.write_all("hello, right");
  });
  loop.add_callback([&] {
    say("a callback adds another");
    loop.add_callback([] { say("that one runs a turn later"); });
  });
  loop.start();
}
