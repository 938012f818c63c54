#include <funnel/socket.h>

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

// A socket is one end of a connection, or the place where clients arrive. The kernel keeps it; a
// program holds a small number, the file descriptor. A program that forgets to close one *leaks*
// it: the peer keeps waiting, and after a thousand or so the process gets no more. A program that
// closes one twice closes somebody else's: the kernel hands a free number to the next caller that
// asks, on any thread.

namespace funnel {

Socket::Socket(int fd) noexcept : fd_(fd) {}

Socket::Socket(Socket&& other) noexcept { *this = std::move(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  // #region task 1.1
  if (this == &other) return *this;
  close();  // or the descriptor that we had would stay open with nobody to close it
  // `exchange` returns the old value and stores a new one: two owners of one descriptor would
  // close it twice.
  fd_ = std::exchange(other.fd_, -1);
  received_ = std::exchange(other.received_, {});
  deadline_ = std::exchange(other.deadline_, {});
  return *this;
  // #endregion task 1.1
}

Socket::~Socket() {
  // #region task 1.1
  close();
  // #endregion task 1.1
}

void Socket::close() noexcept {
  // #region task 1.1
  received_.clear();
  const int fd = std::exchange(fd_, -1);
  // `close` may report an error, EINTR for example, but it has given the number back by then: a
  // second try could close what another thread has just opened.
  if (fd >= 0) ::close(fd);
  // #endregion task 1.1
}

void Socket::shutdown() noexcept {
  // #region task 1.1
  // Closing would not help another thread: one that is blocked in `recv` would stay there, and the
  // number would soon belong to somebody else.
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  // #endregion task 1.1
}

}  // namespace funnel
