// Shows who owns a file descriptor: a socket pair is made, moved and closed, and each time this
// process says which descriptors it has.
//
//     descriptors

#include <funnel/socket.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// The open descriptors above 2, which are ours: 0, 1 and 2 are standard input, output and error.
std::string open_descriptors() {
  std::string list;
  for (int fd = 3; fd < 100; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) list += fmt::format(" {}", fd);
  }
  return list.empty() ? " none" : list;
}

void show(const std::string& what) { fmt::print("{:<46} open:{}\n", what, open_descriptors()); }

}  // namespace

int main() {
  show("at first");
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return EXIT_FAILURE;
  {
    funnel::Socket first(ends[0]);
    funnel::Socket second(ends[1]);
    show("two sockets own the ends of a connection");
    {
      const funnel::Socket third(std::move(first));
      show("a third socket took the first one's");
    }
    show("the third one's life has ended");
    second = funnel::Socket();
    show("an empty socket was assigned to the second");
  }
  show("all lives have ended");
}
