#pragma once

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>

#include "net/unique_fd.h"

#include <sys/types.h>

#include <memory>
#include <optional>

namespace funnel::detail {

/// Returns a descriptor that is readable once `pid` has ended; an empty one if the system gives
/// none (Linux before 5.3, some sandboxes).
UniqueFd open_pidfd(pid_t pid) noexcept;

/// One child process. Its number stays its own until it is reaped, in `end` or the destructor.
class ChildProcess : public std::enable_shared_from_this<ChildProcess> {
 public:
  /// With an empty `pidfd`, the loop looks at the child every 10 ms.
  ChildProcess(IOLoop& loop, pid_t pid, bool leads_group, UniqueFd pidfd)
      : loop_(loop), pid_(pid), leads_group_(leads_group), pidfd_(std::move(pidfd)) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Kills the child and waits a little to reap it.
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  /// Completes, once the child is watched, with what `Subprocess::wait_for_exit` returns.
  Future<int> exited() const noexcept { return exited_.future(); }
  /// Signals the child or its group; returns 0 or an error number.
  int signal(int number) const noexcept;

  /// Lets the loop watch the child until it has ended. The loop owns a share of it meanwhile.
  void watch();
  /// Kills the child and reaps it, or leaves that to the watch if it is slow to die.
  void end() noexcept;

 private:
  std::optional<Result<int>> status() const noexcept;
  bool settle();
  void poll_later();
  void unwatch() noexcept;
  bool reap() noexcept;

  IOLoop& loop_;
  pid_t pid_;
  bool leads_group_;
  bool reaped_ = false;
  UniqueFd pidfd_;
  Timeout poll_timer_;
  Promise<int> exited_;
};

}  // namespace funnel::detail
