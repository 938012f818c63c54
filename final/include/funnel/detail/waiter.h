#pragma once

#include <funnel/detail/nodes.h>
#include <funnel/detail/promise.h>

#include <concepts>
#include <coroutine>

namespace funnel {
class IOLoop;
}

namespace funnel::detail {

/// The part of an awaiter that suspends a coroutine until an event, a cancellation or
/// its own destruction, whichever comes first.
///
/// A derived awaiter registers itself with its source of events after `suspend` returned
/// true, calls `wake` (from other coroutines) or `resume_now` (from the loop) when the
/// event came, says in `withdraw` how to forget the registration, and calls
/// `throw_if_cancelled` first in `await_resume`. Its destructor must withdraw too.
/// Movable only before it is suspended on. One thread.
class Waiter : private ReadyNode, private CancelHook {
 public:
  Waiter() noexcept = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  Waiter(Waiter&&) noexcept {}  // links start afresh: nothing waits yet
  Waiter& operator=(Waiter&&) = delete;

  /// Resumes the coroutine in the loop's next turn. Once it was called, a cancellation
  /// comes too late: what was handed over must not be lost.
  void wake() noexcept;
  bool waiting() const noexcept { return handle_ != nullptr; }

 protected:
  ~Waiter() = default;  // the bases leave the ready list and the scope

  /// Returns false, and lets the coroutine go on to `throw_if_cancelled`, if its scope
  /// is cancelled already.
  bool suspend(std::coroutine_handle<> handle, PromiseBase& promise) noexcept;
  /// Resumes at once. Only for what the loop calls itself: never from a coroutine.
  void resume_now();
  void throw_if_cancelled() const;
  /// Only while waiting.
  IOLoop& loop() const noexcept { return *loop_; }

  virtual void withdraw() noexcept = 0;

 private:
  void run_ready() override { resume_now(); }
  void on_cancel() noexcept override;

  std::coroutine_handle<> handle_{};
  PromiseBase* promise_ = nullptr;
  IOLoop* loop_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace funnel::detail
