// Shows who owns a file descriptor: a socket pair is made, moved and closed, and each time this
// process says which descriptors it has.
//
//     descriptors

#include <funnel/socket.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

std::set<int> open_descriptors() {
  std::set<int> open;
  for (int fd = 0; fd < 1000; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) open.insert(fd);
  }
  return open;
}

/// Prints which descriptors were opened since the program began. 0, 1 and 2 were open then:
/// standard input, output and error.
void show(const std::string& what) {
  static const std::set<int> at_first = open_descriptors();
  std::string list;
  for (const int fd : open_descriptors()) {
    if (!at_first.contains(fd)) list += fmt::format(" {}", fd);
  }
  fmt::print("{:<46} open:{}\n", what, list.empty() ? " none" : list);
}

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
