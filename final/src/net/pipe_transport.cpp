#include "net/pipe_transport.h"

#include "core/fd_watch.h"
#include "net/sockets.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace funnel::detail {

namespace {

/// Keeps `SIGPIPE` from this thread while it writes to a pipe: `MSG_NOSIGNAL` is for sockets
/// only, and the signal's disposition belongs to the application.
class SigpipeGuard {
 public:
  SigpipeGuard() noexcept {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &old_mask_);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() { ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr); }

  /// Takes away the signal that this write raised, unless one was waiting before.
  void drop_signal() const noexcept {
    if (was_pending_) return;
    const timespec no_time{};
    while (::sigtimedwait(&sigpipe_, nullptr, &no_time) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t sigpipe_;
  sigset_t old_mask_;
  bool was_pending_ = false;
};

ssize_t send_to_socket(int fd, iovec* pieces, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

ssize_t write_to_file(int fd, const iovec* pieces, std::size_t count) noexcept {
  const SigpipeGuard guard;
  const ssize_t written = ::writev(fd, pieces, static_cast<int>(count));
  if (written < 0 && errno == EPIPE) {
    guard.drop_signal();
    errno = EPIPE;
  }
  return written;
}

[[noreturn]] void throw_errno(int error) {
  throw std::system_error(error, std::system_category(), "pipe_stream");
}

}  // namespace

PipeTransport::PipeTransport(asio::io_context& context, UniqueFd fd) : descriptor_(context) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_errno(errno);
  require_watchable(fd.get(), "pipe_stream");
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::socket;
  if (S_ISFIFO(status.st_mode)) kind_ = Kind::pipe;
  if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) throw_errno(errno);
  asio::error_code error;
  descriptor_.assign(fd.get(), error);
  if (error) throw_errno(error.value());
  fd.release();
  descriptor_.non_blocking(true);
}

void PipeTransport::start_read(char* data, std::size_t size) {
  descriptor_.async_read_some(
      asio::buffer(data, size), [self = TransportRef<PipeTransport>(this)](
                                    const asio::error_code& result, std::size_t count) {
        if (self->sink_ == nullptr) return;
        const std::error_code error = standard_error(result);
        // Linux's way to say that the other side of a terminal is gone.
        const bool hung_up = self->kind_ == Kind::other && error == std::errc::io_error;
        const bool end = hung_up || result == asio::error::eof;
        self->sink_->read_done(end ? std::error_code{} : error, count);
      });
}

void PipeTransport::start_wait_readable() {
  descriptor_.async_wait(Descriptor::wait_read,
                         [self = TransportRef<PipeTransport>(this)](const asio::error_code&) {
                           if (self->sink_ != nullptr) self->sink_->readable();
                         });
}

void PipeTransport::cancel_read() {
  asio::error_code ignored;
  descriptor_.cancel(ignored);
}

std::size_t PipeTransport::write_some(std::string_view first, std::string_view second,
                                      std::error_code& error) {
  std::array<iovec, 2> pieces{};
  pieces[0] = {const_cast<char*>(first.data()), first.size()};
  pieces[1] = {const_cast<char*>(second.data()), second.size()};
  const std::size_t count = second.empty() ? 1 : 2;
  const int fd = descriptor_.native_handle();
  for (;;) {
    const ssize_t sent = kind_ == Kind::socket ? send_to_socket(fd, pieces.data(), count)
                                               : write_to_file(fd, pieces.data(), count);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) error.assign(errno, std::system_category());
    return 0;
  }
}

void PipeTransport::start_wait_writable() {
  descriptor_.async_wait(Descriptor::wait_write,
                         [self = TransportRef<PipeTransport>(this)](const asio::error_code&) {
                           if (self->sink_ != nullptr) self->sink_->writable();
                         });
}

bool PipeTransport::input_waiting() noexcept { return has_input(descriptor_.native_handle()); }

bool PipeTransport::peer_gone() noexcept { return peer_has_gone(descriptor_.native_handle()); }

void PipeTransport::close_write() {
  const int fd = descriptor_.native_handle();
  if (kind_ == Kind::socket) {
    ::shutdown(fd, SHUT_WR);
  } else if (kind_ == Kind::pipe && (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    close();
  }
}

void PipeTransport::close() noexcept {
  asio::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace funnel::detail
