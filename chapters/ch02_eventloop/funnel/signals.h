#pragma once

#include <funnel/ioloop.h>
#include <funnel/socket.h>

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <vector>

namespace funnel {

/// Calls a function on the loop when the process gets a signal (asyncio's `add_signal_handler`).
///
/// A signal handler may call hardly anything: it can interrupt a thread inside `malloc`. So the
/// signals are blocked, and the kernel reports them through a descriptor, which the loop watches as
/// any other. They stay blocked in threads that are started while this lives, which is right, so
/// make it before them; and in programs that are started, which is not: unblock them there.
/// The loop's thread only; the loop outlives it. Afterwards the signals do what they did before.
class SignalHandler {
 public:
  /// Throws `std::system_error` if the system cannot watch for these signals.
  SignalHandler(std::vector<int> signals, std::function<void(int signal)> callback);
  SignalHandler(const SignalHandler&) = delete;
  SignalHandler& operator=(const SignalHandler&) = delete;
  ~SignalHandler();

 private:
  IOLoop& loop_;
  sigset_t blocked_{};  // those that this object has blocked
  Socket descriptor_;
};

}  // namespace funnel
