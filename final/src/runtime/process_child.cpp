#include "runtime/process_child.h"

#include <funnel/error.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

namespace funnel::detail {

UniqueFd open_pidfd([[maybe_unused]] pid_t pid) noexcept {
#ifdef SYS_pidfd_open
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
  return {};
#endif
}

ChildProcess::~ChildProcess() {
  if (reaped_) return;
  signal(SIGKILL);
  reap();
}

// The child is left to be reaped, so that its number, which is its group's too, stays taken.
std::optional<Result<int>> ChildProcess::status() const noexcept {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    return Result<int>(std::error_code(errno, std::system_category()));
  }
  if (info.si_pid == 0) return std::nullopt;
  return Result<int>(info.si_code == CLD_EXITED ? info.si_status : -info.si_status);
}

int ChildProcess::signal(int number) const noexcept {
  const std::optional<Result<int>> ended = status();
  if (ended && !ended->has_value()) return 0;  // the number may be a stranger's by now
  const bool sent = ::kill(leads_group_ ? -pid_ : pid_, number) == 0;
  return sent || errno == ESRCH ? 0 : errno;
}

void ChildProcess::watch() {
  if (!pidfd_) {
    poll_later();
    return;
  }
  loop_.add_handler(pidfd_.get(), IOLoop::read, [self = shared_from_this()](int, unsigned) {
    if (self->settle()) self->unwatch();
  });
}

void ChildProcess::poll_later() {
  poll_timer_ = loop_.call_later(std::chrono::milliseconds(10), [self = shared_from_this()] {
    if (!self->settle()) self->poll_later();
  });
}

/// Tells the waiting coroutines how the child ended; false if it has not.
bool ChildProcess::settle() {
  const std::optional<Result<int>> ended = status();
  if (!ended) return false;
  if (exited_.future().done()) return true;  // `end` was quicker
  if (ended->has_value()) {
    exited_.set_value(ended->value());
  } else {
    exited_.set_exception(std::make_exception_ptr(
        std::system_error(ended->error(), "Subprocess: the exit status is lost")));
    (void)exited_.future().exception();  // seen: nobody has to ask for it
  }
  return true;
}

void ChildProcess::unwatch() noexcept {
  if (pidfd_) {
    loop_.remove_handler(pidfd_.get());
    pidfd_.reset();
  } else {
    loop_.remove_timeout(poll_timer_);
  }
}

void ChildProcess::end() noexcept {
  if (!exited_.future().done()) {
    exited_.set_exception(std::make_exception_ptr(Cancelled()));
    (void)exited_.future().exception();
  }
  signal(SIGKILL);
  if (reap()) unwatch();
}

/// Waits about 25 ms at most, usually a tenth of a millisecond.
bool ChildProcess::reap() noexcept {
  std::chrono::microseconds pause(50);
  for (int attempt = 0; attempt < 10 && !reaped_; ++attempt) {
    if (attempt > 0) {
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
    siginfo_t info{};
    const bool lost = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0;
    reaped_ = lost || info.si_pid != 0;
  }
  return reaped_;
}

}  // namespace funnel::detail
