#include <funnel/socket.h>

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

// Sending. The kernel copies our bytes into a buffer of its own, and sends them when the network
// and the peer's buffer have room. While its own buffer is full, `send` blocks.

namespace funnel {

void Socket::write_all(std::string_view bytes) {
  // #region task 1.3
  while (!bytes.empty()) {
    // NOSIGNAL: a peer that closed the connection is an error like any other. Without the flag the
    // kernel sends us SIGPIPE, which ends the whole process unless somebody thought of it.
    const ssize_t sent =
        limit_wait(SO_SNDTIMEO) ? ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) : -1;
    if (sent >= 0) {
      // It may have taken only a part. The rest is ours to send.
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;  // a signal came before it took anything
    if (errno == EAGAIN) throw TimeoutError("the peer did not take everything in time");
    throw StreamClosedError(std::error_code(errno, std::generic_category()));
  }
  // #endregion task 1.3
}

}  // namespace funnel
