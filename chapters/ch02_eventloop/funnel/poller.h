#pragma once

#include <funnel/clock.h>

#include <poll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

/// @file
/// Waiting for many descriptors at once: the one call of an event loop that blocks.

namespace funnel {

/// Watches descriptors and waits until some of them are ready (`tornado.platform`).
///
/// Ready to read means that a `recv` or an `accept` would not block: there are bytes, a client, the
/// end of the stream or an error. Ready to write means the same of a `send`. A descriptor is
/// reported for as long as it stays ready, not only when it becomes ready (*level-triggered*): if
/// you read only a part, the next `wait` returns at once.
///
/// A descriptor stays the caller's: `remove` it before you close it. Not for several threads.
class Poller {
 public:
  /// What to watch for, and what is reported. Values may be combined. `error` (a broken connection,
  /// or one that both sides have closed) is always reported, whether you watch for it or not.
  enum Events : unsigned { read = 1, write = 4, error = 24 };

  /// A descriptor that is ready. `tag` is the number that the caller gave with it.
  struct Ready {
    std::uint64_t tag;
    unsigned events;
  };

  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  /// Watches `fd` for `events`. Throws `std::system_error` if that is not possible: `EEXIST` if it
  /// is watched already, `EBADF` if it is not open, `EPERM` for a file on disk, which is always
  /// ready.
  virtual void add(int fd, unsigned events, std::uint64_t tag) = 0;
  /// Changes what `fd` is watched for, and its tag. Throws `std::system_error` (`ENOENT`) if it is
  /// not watched.
  virtual void change(int fd, unsigned events, std::uint64_t tag) = 0;
  /// Stops watching `fd`. Harmless if it is not watched.
  virtual void remove(int fd) noexcept = 0;

  /// Waits until at least one descriptor is ready or `timeout` has passed, and returns some that
  /// are ready, all of them in turn. Never returns before `timeout`, except with a ready descriptor
  /// or, empty, because a signal came. A timeout of zero does not wait. The result is valid until
  /// the next call.
  virtual const std::vector<Ready>& wait(std::optional<Duration> timeout) = 0;
};

/// Returns `timeout` in milliseconds as the system calls take it: rounded up, since a wait that
/// ends too early finds no timer due and begins again, in a loop that burns the processor. -1 for
/// no timeout. Given.
int poll_timeout(std::optional<Duration> timeout) noexcept;

/// The backend of Linux, `epoll`: the kernel keeps the list of descriptors, and returns only those
/// that are ready. The cost of a wait does not depend on how many are watched.
class EpollPoller final : public Poller {
 public:
  /// Throws `std::system_error` if there is no descriptor left.
  EpollPoller();
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;
  ~EpollPoller() override;

  void add(int fd, unsigned events, std::uint64_t tag) override;
  void change(int fd, unsigned events, std::uint64_t tag) override;
  void remove(int fd) noexcept override;
  const std::vector<Ready>& wait(std::optional<Duration> timeout) override;

 private:
  int epoll_ = -1;
  std::vector<Ready> ready_;
};

/// The backend for every POSIX system, `poll`: the whole list goes to the kernel with each wait,
/// and comes back whole. Given.
class PollPoller final : public Poller {
 public:
  void add(int fd, unsigned events, std::uint64_t tag) override;
  void change(int fd, unsigned events, std::uint64_t tag) override;
  void remove(int fd) noexcept override;
  const std::vector<Ready>& wait(std::optional<Duration> timeout) override;

 private:
  struct Watched {
    unsigned events;
    std::uint64_t tag;
  };

  std::map<int, Watched> watched_;
  std::vector<pollfd> list_;
  std::vector<Ready> ready_;
};

/// Returns the best backend of this system.
std::unique_ptr<Poller> make_poller();

}  // namespace funnel
