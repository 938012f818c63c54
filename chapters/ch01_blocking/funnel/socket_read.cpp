#include <funnel/socket.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

// Receiving. `recv` returns what has arrived so far, and blocks only while there is nothing. It
// knows nothing of lines, heads or messages: these functions put the pieces together.

namespace funnel {

std::size_t Socket::receive() {
  // #region task 1.4
  for (;;) {
    std::array<char, 16'384> block;  // more than most peers send at once
    const ssize_t count = limit_wait(SO_RCVTIMEO) ? ::recv(fd_, block.data(), block.size(), 0) : -1;
    if (count >= 0) {  // 0: the peer has closed its side, and no more bytes will come
      received_.append(block.data(), static_cast<std::size_t>(count));
      return static_cast<std::size_t>(count);
    }
    if (errno == EINTR) continue;  // a signal came before any byte
    if (errno == EAGAIN) throw TimeoutError("the peer did not send enough in time");
    throw StreamClosedError(std::error_code(errno, std::generic_category()));
  }
  // #endregion task 1.4
}

std::string Socket::take(std::size_t count) {
  // #region task 1.4
  std::string taken = received_.substr(0, count);
  received_.erase(0, count);  // what follows is for the next read
  return taken;
  // #endregion task 1.4
}

std::string Socket::read_until(std::string_view delimiter, std::size_t max_bytes) {
  // #region task 1.4
  std::size_t searched = 0;  // no delimiter begins before this
  for (;;) {
    // First look at what is buffered: the read before may have received more than it needed.
    const std::size_t found = received_.find(delimiter, searched);
    const bool complete = found != std::string::npos;
    if (complete && found + delimiter.size() <= max_bytes) return take(found + delimiter.size());
    // Without a limit, a peer that never sends the delimiter fills our memory.
    if (complete || received_.size() >= max_bytes) {
      shutdown();
      throw StreamBufferFullError();
    }
    // The last bytes may be the delimiter's first ones, so they are searched again. The others are
    // not: searching all of a long line for each new byte would cost the square of its length.
    if (received_.size() >= delimiter.size()) searched = received_.size() - delimiter.size() + 1;
    if (receive() == 0) throw StreamClosedError();
  }
  // #endregion task 1.4
}

std::string Socket::read_bytes(std::size_t count) {
  // #region task 1.4
  while (received_.size() < count) {
    if (receive() == 0) throw StreamClosedError();
  }
  return take(count);
  // #endregion task 1.4
}

std::string Socket::read_until_close(std::size_t max_bytes) {
  // #region task 1.4
  do {
    if (received_.size() > max_bytes) {
      shutdown();
      throw StreamBufferFullError();
    }
  } while (receive() > 0);
  return take(received_.size());
  // #endregion task 1.4
}

std::string Socket::read_some() {
  // #region task 1.4
  if (received_.empty()) receive();
  return take(received_.size());
  // #endregion task 1.4
}

}  // namespace funnel
