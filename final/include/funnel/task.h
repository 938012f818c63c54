#pragma once

#include <funnel/assert.h>
#include <funnel/detail/promise.h>
#include <funnel/error.h>
#include <funnel/ioloop.h>

#include <coroutine>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace funnel {

template <typename T>
class Task;

namespace detail {

template <typename T>
class TaskPromise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;

  template <typename U = T>  // what `co_return {}` makes, as it does not say
  requires std::is_convertible_v<U&&, T>
  void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }

  T take() {
    rethrow_if_failed();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() { rethrow_if_failed(); }
};

class TaskAccess;

}  // namespace detail

/// A lazy coroutine that ends with one `T` or one exception (a native coroutine of
/// Tornado's).
///
/// It starts when it is awaited, is awaited once at most, and runs wholly on the loop
/// that started it. `run_sync`, `spawn_callback` and the functions of `gen.h` start one
/// without awaiting it.
///
/// **Lifetime.** The task owns its frame: destroying it destroys every local of the
/// coroutine, and whatever it awaits withdraws. Parameters by value live in the frame;
/// a reference must outlive the task.
///
/// **Cancellation.** A task obeys the scope of whoever awaits it: when that is cancelled,
/// what the task waits for throws `Cancelled`.
///
/// A default-constructed `Task<>` is one that is done already.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;

  Task() noexcept requires std::is_void_v<T>
  = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Owns the task while it is awaited: whoever waits may die before it, wherever the task
  /// was kept.
  class Awaiter {
   public:
    explicit Awaiter(Task task) noexcept : task_(std::move(task)) {}
    bool await_ready() const noexcept { return !task_.frame_; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
      task_.frame_.promise().set_parent(parent.promise(), parent);
      detail::Trampoline::transfer_to(task_.frame_);
    }
    T await_resume() { return task_.take(); }

   private:
    Task task_;
  };

  /// Runs the task and gives its value; the task is empty afterwards.
  Awaiter operator co_await() && noexcept { return Awaiter(std::move(*this)); }

 private:
  friend promise_type;
  friend detail::TaskAccess;
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  /// Returns what the ended coroutine returned, or throws what it threw.
  T take() {
    FUNNEL_ASSERT(frame_ || std::is_void_v<T>, "a task was awaited that had been moved away");
    if constexpr (std::is_void_v<T>) {
      if (frame_) frame_.promise().take();
    } else {
      return frame_.promise().take();
    }
  }

  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

/// Runs tasks that no coroutine awaits.
class TaskAccess {
 public:
  /// Runs `task` until it first waits. `observer` hears of its end; an empty task is at
  /// its end already, and nobody is told.
  template <typename T>
  static void start(Task<T>& task, TaskObserver& observer, CancelState* scope,
                    PromiseBase* parent = nullptr) {
    if (!task.frame_) return;
    task.frame_.promise().set_observer(observer, scope, parent);
    Trampoline::run(task.frame_);
  }
  template <typename T>
  static bool empty(const Task<T>& task) noexcept {
    return !task.frame_;
  }
  /// Returns where the task itself waits, or has waited last.
  template <typename T>
  static AwaitSite site(const Task<T>& task) noexcept {
    return task.frame_ ? task.frame_.promise().site() : AwaitSite();
  }
  template <typename T>
  static std::exception_ptr error(const Task<T>& task) noexcept {
    return task.frame_ ? task.frame_.promise().error() : nullptr;
  }
  /// Returns what an ended task returned, or throws what it threw.
  template <typename T>
  static T take(Task<T>& task) {
    return task.take();
  }
};

/// Drives one task from outside any coroutine.
class SyncRun final : private TaskObserver, private ReadyNode, private TimerNode {
 public:
  explicit SyncRun(IOLoop& loop) noexcept : loop_(loop) {}
  SyncRun(const SyncRun&) = delete;
  SyncRun& operator=(const SyncRun&) = delete;
  ~SyncRun() { cancel_timer(loop_, *this); }

  template <typename T>
  T run(Task<T>& task, std::optional<Duration> timeout) {
    timeout_ = timeout;
    start_ = [](SyncRun& self, void* t) {
      Task<T>& target = *static_cast<Task<T>*>(t);
      if (TaskAccess::empty(target)) self.task_done();
      TaskAccess::start(target, self, self.scope_.token().state());
      return TaskAccess::site(target);
    };
    task_ = &task;
    run_until(loop_, *this, done_);
    try {
      return TaskAccess::take(task);
    } catch (const Cancelled&) {
      if (scope_.cancelled()) throw TimeoutError("run_sync: the task did not end in its time");
      throw;
    }
  }

 private:
  std::coroutine_handle<> task_done() noexcept override {
    done_ = true;
    end_run(loop_);
    return {};
  }
  void run_ready() override;
  void timer_fired() override { scope_.cancel(); }

  IOLoop& loop_;
  std::optional<Duration> timeout_;
  AwaitSite (*start_)(SyncRun&, void*) = nullptr;  // returns where the task waits then
  void* task_ = nullptr;
  bool done_ = false;
  CancelSource scope_;
};

}  // namespace detail

template <typename T>
T IOLoop::run_sync(Task<T> task) {
  return detail::SyncRun(*this).run(task, std::nullopt);
}

template <typename T>
T IOLoop::run_sync(Task<T> task, Duration timeout) {
  return detail::SyncRun(*this).run(task, timeout);
}

/// Runs `task` to its end on the current loop: `IOLoop::current().run_sync(...)`.
template <typename T>
T run_sync(Task<T> task) {
  return IOLoop::current().run_sync(std::move(task));
}

/// Starts `task` in the next turn of the current loop and returns at once. The loop owns
/// it from then on; if it throws, the error is logged (`IOLoop.spawn_callback`). Its
/// parameters must be values: nobody waits for it.
void spawn_callback(Task<void> task);

/// Lists the current loop's coroutines that wait for something, one paragraph each: where it
/// waits and since when, then who awaits it, up to the first. For people, not programs.
/// Nothing if there is no loop.
std::string dump_tasks();

}  // namespace funnel
