#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

/// @file
/// System calls that misbehave when a test asks for it, as they do in the field once in a while.

namespace test_support {

/// Lets system calls of the thread that made this object misbehave as long as it lives, and counts
/// them; other threads' stay as they are. What a test asks for happens in that order, one
/// intervention for each call, and is told in the story; afterwards the calls go to the kernel
/// unchanged.
///
/// One object at a time in a thread. A linker does the rest: the test program defines `send`,
/// `recv` and so on, which forward to the kernel.
class FaultyCalls {
 public:
  /// `send` is `write` to a socket too, `recv` is `read` from one, `accept` is `accept4`, and
  /// `thread` is `pthread_create`, `join` is `pthread_join`.
  enum class Call { socket, connect, accept, send, recv, close, thread, join };

  FaultyCalls();
  FaultyCalls(const FaultyCalls&) = delete;
  FaultyCalls& operator=(const FaultyCalls&) = delete;
  ~FaultyCalls();

  /// Lets the next `times` calls fail with EINTR, as if a signal had come. As in the kernel,
  /// an interrupted `connect` goes on by itself, and an interrupted `close` has closed.
  void interrupt(Call call, int times = 1);
  /// Lets the next `times` calls fail with `error`, and do nothing else.
  void fail(Call call, int error, int times = 1);
  /// Lets the next `times` calls, `send` or `recv`, move no more than `bytes`.
  void shorten(Call call, std::size_t bytes, int times = 1);
  /// Lets the next call begin only when so much time has passed; it then fails with `error` as
  /// above, or does its work.
  void delay(Call call, std::chrono::milliseconds time, int error = 0);
  /// Lets `getaddrinfo` find these numeric addresses when it looks up `host`, even those that this
  /// machine cannot use; not when it is asked for numbers only (`AI_NUMERICHOST`).
  void resolve(std::string host, std::vector<std::string> addresses);

  /// Returns how many such calls were made, whatever they did. Any thread.
  int count(Call call) const;
  /// Returns how often `fd` was closed, or was tried to be.
  int closes(int fd) const;

 private:
  friend struct FaultyCallsAccess;

  struct Fault {
    int error = 0;                                                // none
    std::size_t bytes = std::numeric_limits<std::size_t>::max();  // at most so many
    std::chrono::milliseconds delay{0};
  };

  static constexpr std::size_t calls = 8;
  std::array<std::deque<Fault>, calls> faults_;
  std::array<std::atomic<int>, calls> counts_{};
  std::map<int, int> closes_;
  std::map<std::string, std::vector<std::string>, std::less<>> names_;
};

}  // namespace test_support
