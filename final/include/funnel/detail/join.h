#pragma once

#include <funnel/cancel.h>
#include <funnel/detail/stored.h>
#include <funnel/detail/waiter.h>
#include <funnel/task.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace funnel::detail {

template <typename A>
auto await_result() {
  if constexpr (HasCoAwait<A>) {
    using Awaiter = decltype(std::declval<A>().operator co_await());
    return std::type_identity<
        std::remove_cvref_t<decltype(std::declval<Awaiter&>().await_resume())>>{};
  } else {
    return std::type_identity<std::remove_cvref_t<decltype(std::declval<A&>().await_resume())>>{};
  }
}

/// The type that awaiting an `A` gives.
template <typename A>
using AwaitResult = typename decltype(await_result<A>())::type;

template <typename T>
Task<T> as_task(Task<T> task) {
  return task;
}

/// Wraps any other awaitable, so that it can be started without being awaited.
template <typename A>
Task<AwaitResult<A>> as_task(A awaitable) {
  if constexpr (std::is_void_v<AwaitResult<A>>) {
    co_await std::move(awaitable);
  } else {
    auto result = co_await std::move(awaitable);
    co_return result;
  }
}

void log_ignored_failure(const std::exception_ptr& error) noexcept;
bool is_cancellation(const std::exception_ptr& error) noexcept;

/// A task that runs beside its siblings, below the coroutine that joins it.
template <typename T>
class Child {
 public:
  explicit Child(Task<T> task) noexcept : task_(std::move(task)) {}

  Task<T>& task() noexcept { return task_; }
  T take() { return TaskAccess::take(task_); }
  std::exception_ptr error() const noexcept { return TaskAccess::error(task_); }
  bool cancelled() const noexcept { return is_cancellation(error()); }

 private:
  Task<T> task_;
};

/// Starts children and waits for all of them, whatever happens to the parent's scope:
/// a cancellation reaches the children through it, and their end is what counts.
template <typename T>
class [[nodiscard]] RunChildren final : private TaskObserver, private CancelHook {
 public:
  /// Runs `count` children under `scope`, which then hears of the parent's cancellation;
  /// under the parent's own scope if `scope` is null.
  RunChildren(Child<T>* first, std::size_t count, CancelSource* scope) noexcept
      : first_(first), count_(count), scope_(scope) {}
  RunChildren(const RunChildren&) = delete;
  RunChildren& operator=(const RunChildren&) = delete;
  RunChildren(RunChildren&& other) noexcept
      : TaskObserver(),
        CancelHook(),
        first_(other.first_),
        count_(other.count_),
        scope_(other.scope_) {}
  RunChildren& operator=(RunChildren&&) = delete;
  ~RunChildren() = default;

  bool await_ready() const noexcept { return count_ == 0; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    PromiseBase& promise = parent.promise();
    CancelState* state = promise.cancel_state();
    if (scope_ != nullptr) {
      if (state != nullptr) forward_cancellation(*state);
      state = scope_->token().state();
    }
    parent_ = parent;
    running_ = count_ + 1;  // one for this function, so that no child resumes the parent yet
    for (std::size_t i = 0; i < count_; ++i) {
      if (TaskAccess::empty(first_[i].task())) --running_;
      TaskAccess::start(first_[i].task(), *this, state, &promise);
    }
    return --running_ != 0;
  }

  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> task_done() noexcept override {
    return --running_ == 0 ? parent_ : std::coroutine_handle<>{};
  }
  void on_cancel() noexcept override { scope_->cancel(); }

  void forward_cancellation(CancelState& parent) noexcept {
    if (parent.requested()) {
      scope_->cancel();
    } else {
      parent.add(*this);
    }
  }

  Child<T>* first_;
  std::size_t count_;
  CancelSource* scope_;
  std::size_t running_ = 0;
  std::coroutine_handle<> parent_{};
};

template <typename T>
RunChildren<T> run_child(Child<T>& child, CancelSource& scope) noexcept {
  return RunChildren<T>(&child, 1, &scope);
}

template <typename T>
RunChildren<T> run_children(std::vector<Child<T>>& children) noexcept {
  return RunChildren<T>(children.data(), children.size(), nullptr);
}

template <typename T>
void throw_first_failure(std::vector<Child<T>>& children) {
  std::exception_ptr first;
  for (Child<T>& child : children) {
    std::exception_ptr error = child.error();
    if (!error) continue;
    if (!first) {
      first = std::move(error);
    } else if (!is_cancellation(error)) {  // all of them end so when the caller is cancelled
      log_ignored_failure(error);
    }
  }
  if (first) std::rethrow_exception(first);
}

/// A scope that is cancelled when its time is up.
class DeadlineScope final : private TimerNode {
 public:
  explicit DeadlineScope(TimePoint deadline);
  explicit DeadlineScope(Duration timeout);
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;
  ~DeadlineScope() { stop(); }

  CancelSource& source() noexcept { return source_; }
  bool expired() const noexcept { return expired_; }
  /// Withdraws the timer.
  void stop() noexcept { cancel_timer(loop_, *this); }

 private:
  void timer_fired() override {
    expired_ = true;
    source_.cancel();
  }

  IOLoop& loop_;
  CancelSource source_;
  bool expired_ = false;
};

}  // namespace funnel::detail
