#include <funnel/callback_stream.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

// Reading in pieces. Chapter 1 waited in `recv` until there was enough. Here nothing waits: each
// time the loop says that bytes are there, they are received, and the read that waits looks at
// them.

namespace funnel {

void CallbackStream::receive() {
  // #region task 2.5
  // Once only, although more may be there: the others on this loop are waiting too. The poller will
  // report what is left.
  std::array<char, 65'536> block;
  const ssize_t count = ::recv(socket_.fd(), block.data(), block.size(), 0);
  if (count > 0) {
    buffer_.append({block.data(), static_cast<std::size_t>(count)});
  } else if (count == 0) {
    ended_ = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    close(std::error_code(errno, std::generic_category()));
  }
  // #endregion task 2.5
}

void CallbackStream::try_read() {
  // #region task 2.5
  const std::optional<std::size_t> count = satisfied(*read_);
  if (read_->outcome) return;  // a limit was passed, and the stream is closed
  if (count) {
    finish_read(*count);
  } else if (ended_) {
    finish_read(StreamError::end_of_stream);
  }
  // #endregion task 2.5
}

std::optional<std::size_t> CallbackStream::satisfied(detail::PendingRead& read) {
  const std::size_t size = buffer_.size();
  std::size_t most = options_.max_buffer_size;
  // #region task 2.5
  if (read.kind == Kind::bytes && size >= read.count) return read.count;
  if (read.kind == Kind::some && size > 0) return std::min(size, read.count);
  if (read.kind == Kind::until) {
    most = std::min(most, read.count);
    const std::size_t found = buffer_.view().find(read.delimiter, read.searched);
    const std::size_t end = found + read.delimiter.size();
    if (found != std::string::npos && end <= most) return end;
    // A delimiter may be cut: its first bytes are searched again when the others have come.
    if (size >= read.delimiter.size()) read.searched = size - read.delimiter.size() + 1;
  }
  if (read.kind == Kind::until_close && ended_ && size <= most) return size;
  // #endregion task 2.5
  if (read.kind == Kind::fill && size > read.count) return 0;
  const bool complete = read.kind == Kind::until ? size >= most : size > most;
  if (complete || (read.kind == Kind::bytes && read.count > most)) {
    close(std::make_error_code(std::errc::no_buffer_space));
  }
  return std::nullopt;
}

unsigned CallbackStream::wanted() const noexcept {
  unsigned events = 0;
  // #region task 2.5
  if (is_reading() && !ended_) events |= IOLoop::read;
  if (!queue_.empty()) events |= IOLoop::write;
  // #endregion task 2.5
  return events;
}

}  // namespace funnel
