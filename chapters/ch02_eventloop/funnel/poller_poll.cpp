#include <funnel/poller.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <system_error>

// The same with an older call, which every POSIX system has. Everything is ours: the list, and what
// epoll's kernel would say about mistakes.

namespace funnel {

namespace {

[[noreturn]] void refuse(int error) {
  throw std::system_error(error, std::generic_category(), "cannot watch a descriptor");
}

/// `poll` takes files on disk and says that they are always ready; a loop would turn and turn.
void require_watchable(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) refuse(errno);
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) refuse(EPERM);
}

short asked(unsigned events) noexcept {
  return static_cast<short>(((events & Poller::read) != 0 ? POLLIN : 0) |
                            ((events & Poller::write) != 0 ? POLLOUT : 0));
}

unsigned answered(short events) noexcept {
  return ((events & POLLIN) != 0 ? Poller::read : 0U) |
         ((events & POLLOUT) != 0 ? Poller::write : 0U) |
         ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0 ? Poller::error : 0U);
}

}  // namespace

int poll_timeout(std::optional<Duration> timeout) noexcept {
  if (!timeout) return -1;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
  constexpr int most = std::numeric_limits<int>::max();
  if (rounded <= 0) return 0;
  return rounded < most ? static_cast<int>(rounded) : most;
}

void PollPoller::add(int fd, unsigned events, std::uint64_t tag) {
  require_watchable(fd);
  if (!watched_.emplace(fd, Watched{events, tag}).second) refuse(EEXIST);
}

void PollPoller::change(int fd, unsigned events, std::uint64_t tag) {
  const auto found = watched_.find(fd);
  if (found == watched_.end()) refuse(ENOENT);
  found->second = {events, tag};
}

void PollPoller::remove(int fd) noexcept { watched_.erase(fd); }

const std::vector<Poller::Ready>& PollPoller::wait(std::optional<Duration> timeout) {
  list_.clear();
  ready_.clear();
  for (const auto& [fd, watched] : watched_) list_.push_back({fd, asked(watched.events), 0});
  const int count = ::poll(list_.data(), list_.size(), poll_timeout(timeout));
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  if (count <= 0) return ready_;
  for (const pollfd& entry : list_) {
    if (entry.revents != 0) ready_.push_back({watched_[entry.fd].tag, answered(entry.revents)});
  }
  return ready_;
}

}  // namespace funnel
