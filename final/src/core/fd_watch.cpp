#include "core/fd_watch.h"

#include "core/loop_core.h"

#include <funnel/log.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace funnel::detail {

namespace {

/// Asks the system what is true now. Asio reports an error as readiness for everything, and wakes
/// who waits for errors alone also for urgent data.
unsigned events_of(int fd, unsigned wanted) noexcept {
  pollfd state{};
  state.fd = fd;
  if ((wanted & IOLoop::read) != 0) state.events |= POLLIN;
  if ((wanted & IOLoop::write) != 0) state.events |= POLLOUT;
  if (wanted == 0) state.events |= POLLPRI;
  if (::poll(&state, 1, 0) <= 0) return 0;
  unsigned events = 0;
  if ((state.revents & POLLIN) != 0) events |= IOLoop::read;
  if ((state.revents & POLLOUT) != 0) events |= IOLoop::write;
  if ((state.revents & (POLLERR | POLLHUP | POLLNVAL | POLLPRI)) != 0) events |= IOLoop::error;
  return events;
}

bool is_blocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

void make_blocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace

void require_watchable(int fd, const char* what) {
  const int probe = ::epoll_create1(EPOLL_CLOEXEC);
  if (probe < 0) throw std::system_error(errno, std::generic_category(), what);
  epoll_event nothing{};
  const int error = ::epoll_ctl(probe, EPOLL_CTL_ADD, fd, &nothing) == 0 ? 0 : errno;
  ::close(probe);
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

FdWatch::FdWatch(LoopCore& core, int fd, std::function<void(int, unsigned)> handler)
    : core_(core),
      descriptor_(core.context()),
      fd_(fd),
      was_blocking_(is_blocking(fd)),
      handler_(std::make_shared<Handler>(std::move(handler))) {
  asio::error_code error;
  descriptor_.assign(fd, error);
  if (error) throw std::system_error(standard_error(error), "add_handler");
}

void FdWatch::update(unsigned events) {
  constexpr unsigned known = IOLoop::read | IOLoop::write | IOLoop::error;
  if (events == 0 || (events & ~known) != 0) {
    throw std::invalid_argument("add_handler: events must be read, write, error or a combination");
  }
  ++generation_;
  asio::error_code ignored;
  descriptor_.cancel(ignored);
  if ((events & IOLoop::read) != 0) wait(Descriptor::wait_read);
  if ((events & IOLoop::write) != 0) wait(Descriptor::wait_write);
  if ((events & (IOLoop::read | IOLoop::write)) == 0) wait(Descriptor::wait_error);
}

void FdWatch::stop() noexcept {
  ++generation_;
  if (descriptor_.is_open()) {
    descriptor_.release();  // the caller's to close, not Asio's
    if (was_blocking_) make_blocking(fd_);
  }
  handler_.reset();
}

void FdWatch::trace_added() {
  if (!trace::enabled()) return;
  id_ = trace::next_id();
  trace::write("handler.add", id_, fmt::format("descriptor {}", fd_));
}

void FdWatch::trace_removed() noexcept {
  if (id_ != 0) trace::write("handler.remove", id_);
}

void FdWatch::wait(Descriptor::wait_type type) {
  descriptor_.async_wait(
      type, [self = shared_from_this(), generation = generation_,
             type](const asio::error_code& error) { self->ready(generation, type, error); });
}

void FdWatch::ready(std::uint64_t generation, Descriptor::wait_type type,
                    const asio::error_code& error) {
  if (generation != generation_) return;
  if (error) {  // waiting again would fail again, at once, for ever
    log::gen().error(
        fmt::format("add_handler: descriptor {} is no longer watched: {}", fd_, error.message()));
    stop();
    return;
  }
  const unsigned wanted = type == Descriptor::wait_read    ? unsigned{IOLoop::read}
                          : type == Descriptor::wait_write ? unsigned{IOLoop::write}
                                                           : 0U;
  const unsigned events = events_of(fd_, wanted);
  if (events != 0) {
    const std::shared_ptr<const Handler> handler = handler_;
    core_.run("handler", id_, *handler, [&] { (*handler)(fd_, events); });
  }
  if (generation == generation_) wait(type);
}

}  // namespace funnel::detail
