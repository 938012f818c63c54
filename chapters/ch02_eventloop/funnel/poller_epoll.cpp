#include <funnel/poller.h>

#ifdef __linux__

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

// epoll is a descriptor itself: a list in the kernel. Three calls are all there is: epoll_create1
// makes the list, epoll_ctl changes it, epoll_wait waits for it.

namespace funnel {

namespace {

constexpr std::size_t most_at_once = 256;  // the others are reported by the next wait

/// Asks the kernel to do `what` (EPOLL_CTL_ADD and so on) with `fd`. Throws what it says.
void control(int epoll, int what, int fd, unsigned events, std::uint64_t tag) {
  // `Poller::Events` has epoll's own numbers: EPOLLIN is 1, EPOLLOUT 4, EPOLLERR | EPOLLHUP 24.
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll, what, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a descriptor");
  }
}

}  // namespace

EpollPoller::EpollPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

EpollPoller::~EpollPoller() { ::close(epoll_); }

void EpollPoller::add(int fd, unsigned events, std::uint64_t tag) {
  // #region task 2.1
  control(epoll_, EPOLL_CTL_ADD, fd, events, tag);
  // #endregion task 2.1
}

void EpollPoller::change(int fd, unsigned events, std::uint64_t tag) {
  // #region task 2.1
  control(epoll_, EPOLL_CTL_MOD, fd, events, tag);
  // #endregion task 2.1
}

void EpollPoller::remove(int fd) noexcept {
  // #region task 2.1
  // An error means that there is nothing to remove.
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  // #endregion task 2.1
}

const std::vector<Poller::Ready>& EpollPoller::wait(std::optional<Duration> timeout) {
  ready_.clear();
  // #region task 2.1
  std::array<epoll_event, most_at_once> events;
  const int count = ::epoll_wait(epoll_, events.data(), events.size(), poll_timeout(timeout));
  if (count < 0) {
    // A signal came. How much of the time is left, the caller knows better than we do.
    if (errno == EINTR) return ready_;
    throw std::system_error(errno, std::generic_category(), "epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    ready_.push_back({event.data.u64, event.events});
  }
  return ready_;
  // #endregion task 2.1
}

std::unique_ptr<Poller> make_poller() { return std::make_unique<EpollPoller>(); }

}  // namespace funnel

#endif
