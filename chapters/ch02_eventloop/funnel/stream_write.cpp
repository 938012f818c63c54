#include <funnel/callback_stream.h>

#include <sys/socket.h>

#include <cerrno>
#include <utility>

// Writing without waiting. What the kernel does not take stays in a queue, and is sent when the
// loop says that there is room again.

namespace funnel {

void CallbackStream::write(std::string_view bytes, DoneCallback done) {
  if (closed()) return post_done(std::move(done), reason_);
  if (closing_write_) {
    return post_done(std::move(done), std::make_error_code(std::errc::broken_pipe));
  }
  // #region task 2.6
  const bool was_empty = queue_.empty();
  queue_.append(bytes);
  if (done) writes_.push_back(std::move(done));
  // Tried at once: mostly there is room, and then nothing has to wait for a turn of the loop. But
  // nothing may overtake what waits already.
  if (was_empty) send_queue();
  if (queue_.size() > options_.max_write_buffer_size) {
    return close(std::make_error_code(std::errc::no_buffer_space));
  }
  if (queue_.size() > high_watermark) above_high_ = true;
  release_writers();
  // #endregion task 2.6
  if (!closed()) update_interest();
}

void CallbackStream::release_writers() {
  // #region task 2.6
  // Between the watermarks nothing changes: otherwise each `send` of the kernel's would call for a
  // few more bytes, and a slow peer would cost a turn for each of them.
  if (above_high_ && queue_.size() > low_watermark) return;
  above_high_ = false;
  for (DoneCallback& done : std::exchange(writes_, {})) {
    post_done(std::move(done), {});
  }
  // #endregion task 2.6
}

void CallbackStream::send_queue() {
  // #region task 2.6
  const std::string_view waiting = queue_.view();
  const ssize_t sent = ::send(socket_.fd(), waiting.data(), waiting.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EINTR) return;  // there is no room yet
    return close(std::error_code(errno, std::generic_category()));
  }
  queue_.drop(static_cast<std::size_t>(sent));
  // #endregion task 2.6
  if (queue_.empty() && closing_write_) end_writing();
}

void CallbackStream::close_write(DoneCallback done) {
  if (closed()) return post_done(std::move(done), reason_);
  closing_write_ = true;
  write_closed_ = std::move(done);
  if (queue_.empty()) end_writing();
}

void CallbackStream::end_writing() {
  ::shutdown(socket_.fd(), SHUT_WR);
  post_done(std::exchange(write_closed_, {}), {});
}

}  // namespace funnel
