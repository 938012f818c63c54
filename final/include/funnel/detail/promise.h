#pragma once

#include <funnel/cancel.h>
#include <funnel/clock.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace funnel::detail {

/// Runs a chain of coroutines in constant stack space.
///
/// The textbook way is symmetric transfer: `await_suspend` returns the next handle and
/// the compiler tail-calls it. g++ makes that a tail call only when it optimises and
/// never under a sanitizer, so 10^5 awaits overflow the stack. Here `await_suspend`
/// leaves the next handle in a slot and returns, and the loop below picks it up.
class Trampoline {
 public:
  /// Resumes `handle` and then whatever it hands control to, until nobody does.
  static void run(std::coroutine_handle<> handle) {
    next_ = handle;
    while (next_) std::exchange(next_, {}).resume();
  }

  /// Names the coroutine to go on with; the last thing an `await_suspend` does.
  static void transfer_to(std::coroutine_handle<> handle) noexcept { next_ = handle; }

 private:
  static inline thread_local constinit std::coroutine_handle<> next_{};
};

/// Gives memory for coroutine frames from a free list for each thread (plain `new`
/// under sanitizers, which could not see a use after free otherwise).
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

/// The place of a `co_await`, from the compiler's built-ins: clang 14 has no
/// `std::source_location`.
class AwaitSite {
 public:
  AwaitSite() noexcept = default;
  AwaitSite(const char* in_file, int at_line, const char* in_function) noexcept
      : file(in_file), function(in_function), line(at_line) {}

  const char* file = nullptr;
  const char* function = nullptr;
  int line = 0;
};

/// Hears of the end of a task that nobody awaits directly.
class TaskObserver {
 public:
  /// Called from the task's final suspension; the frame must not be destroyed here.
  /// Returns the coroutine to go on with, or an empty handle.
  virtual std::coroutine_handle<> task_done() noexcept = 0;

 protected:
  ~TaskObserver() = default;
};

struct LiveTag;

template <typename A>
concept HasCoAwait = requires(A&& a) {
  std::forward<A>(a).operator co_await();
};

/// What all promise types of `Task` share. One thread.
///
/// From its start on a coroutine is in its loop's list of those that live: just before the one
/// that awaits it, so that no await has to look for the list.
class PromiseBase : public ListLink<LiveTag> {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  class FinalAwaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      Trampoline::transfer_to(self.promise().next_after_end());
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  /// Notes where the coroutine waits. Returns the awaiter by value because g++ 12 moves
  /// an awaiter into the frame whatever this returns; so awaiters are movable until
  /// they are suspended on.
  template <typename A>
  auto await_transform(A&& awaitable, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE(), const char* function = __builtin_FUNCTION()) {
    static_assert(HasCoAwait<A> || std::is_constructible_v<std::remove_cvref_t<A>, A>,
                  "a Task (or another wait) is awaited once: co_await std::move(task)");
    site_ = AwaitSite(file, line, function);
    if constexpr (HasCoAwait<A>) {
      return std::forward<A>(awaitable).operator co_await();
    } else {
      return std::remove_cvref_t<A>(std::forward<A>(awaitable));
    }
  }

  /// Makes this coroutine go on with `parent` when it ends, and obey the same scope.
  void set_parent(PromiseBase& parent, std::coroutine_handle<> handle) noexcept {
    continuation_ = handle;
    parent_ = &parent;
    cancel_ = parent.cancel_;
    link_before(parent);
  }
  void set_observer(TaskObserver& observer, CancelState* scope, PromiseBase* parent) noexcept {
    observer_ = &observer;
    cancel_ = scope;
    parent_ = parent;
    parent != nullptr ? link_before(*parent) : enter_list();
  }

  CancelState* cancel_state() const noexcept { return cancel_; }
  const AwaitSite& site() const noexcept { return site_; }
  PromiseBase* parent() const noexcept { return parent_; }
  /// Since when the coroutine waits for something outside; the epoch if it does not.
  std::chrono::steady_clock::time_point waiting_since() const noexcept { return waiting_since_; }
  void set_waiting_since(std::chrono::steady_clock::time_point t) noexcept { waiting_since_ = t; }

  const std::exception_ptr& error() const noexcept { return error_; }

 protected:
  void rethrow_if_failed() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void enter_list() noexcept;
  std::coroutine_handle<> next_after_end() noexcept {
    return observer_ != nullptr ? observer_->task_done() : continuation_;
  }

  std::coroutine_handle<> continuation_{};
  TaskObserver* observer_ = nullptr;
  PromiseBase* parent_ = nullptr;
  CancelState* cancel_ = nullptr;
  AwaitSite site_;
  std::chrono::steady_clock::time_point waiting_since_{};
  std::exception_ptr error_;
};

}  // namespace funnel::detail
