#include <funnel/socket.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

// How a blocking call is kept from blocking forever. Every socket has two time limits, one for
// receiving and one for sending, and the kernel ends a call that waits longer. But each limits a
// single call, and a deadline covers many: a peer that sends one byte a second would satisfy every
// `recv` and still hold us for hours. So before each call the limit is set to the time that is
// left.

namespace funnel {

namespace {

void set_limit(int fd, int option, std::chrono::microseconds limit) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  timeval value{};
  value.tv_sec = seconds.count();
  value.tv_usec = (limit - seconds).count();
  ::setsockopt(fd, SOL_SOCKET, option, &value, sizeof value);
}

}  // namespace

void Socket::set_deadline(std::optional<TimePoint> deadline) noexcept {
  deadline_ = deadline;
  if (deadline) return;  // the next call sets its limit
  set_limit(fd_, SO_RCVTIMEO, std::chrono::microseconds::zero());
  set_limit(fd_, SO_SNDTIMEO, std::chrono::microseconds::zero());
}

// #region limit
bool Socket::limit_wait(int option) const noexcept {
  if (!deadline_) return true;
  const auto left = *deadline_ - std::chrono::steady_clock::now();
  if (left <= left.zero()) {
    errno = EAGAIN;
    return false;
  }
  // To the kernel, zero means no limit, so the time is rounded up and never down. A year is as good
  // as forever, and fits into every `timeval`.
  const auto rounded = std::chrono::ceil<std::chrono::microseconds>(left);
  set_limit(fd_, option,
            std::min<std::chrono::microseconds>(rounded, std::chrono::hours(24 * 365)));
  return true;
}
// #endregion limit

}  // namespace funnel
