#pragma once

#include <funnel/future.h>
#include <funnel/ioloop.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// Threads for work that can only block.

namespace funnel {

/// There is no room for more; the caller has to decide what that means.
class QueueFull : public std::runtime_error {
 public:
  QueueFull() : std::runtime_error("the queue is full") {}
};

/// Runs blocking functions on threads, so that the loop does not wait for them
/// (`concurrent.futures.ThreadPoolExecutor`).
class ThreadPoolExecutor {
 public:
  /// Has `max_workers` threads, at least one, and a queue for `max_queue` functions that have to
  /// wait. Throws `std::invalid_argument` for no workers, and `std::system_error` if the system
  /// gives no thread.
  explicit ThreadPoolExecutor(std::size_t max_workers, std::size_t max_queue = 1000);
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;
  /// Drops the functions that have not begun, and waits for those that have.
  ~ThreadPoolExecutor();

  /// Runs `function` on some thread, in the order of the calls. It must not throw. Throws
  /// `QueueFull` if all workers are busy and the queue is full. Any thread.
  void submit(std::function<void()> function);

 private:
  /// What each thread does until the executor is destroyed.
  void work();
  void stop() noexcept;

  const std::size_t max_queue_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;  // workers that wait for something to do
  bool stopping_ = false;
  std::vector<std::thread> workers_;  // of the thread that made the executor
};

namespace detail {

/// A function on its way to another thread and back. Only one thread at a time has it.
template <typename F>
class Call {
 public:
  using Value = std::invoke_result_t<F&>;

  Call(IOLoop& loop, F function) : loop_(loop), function_(std::move(function)) {
    loop_.work_started();  // the loop has something to wait for
  }

  /// On a worker's thread: runs the function, and keeps what it returns or throws.
  void run() noexcept {
    // #region task 3.5
    try {
      if constexpr (std::is_void_v<Value>) {
        function_();
        value_.emplace();
      } else {
        value_.emplace(function_());
      }
    } catch (...) {
      error_ = std::current_exception();
    }
    // #endregion task 3.5
  }

  /// On the loop's thread: gives the promise the result; nothing if the function did not run.
  void deliver() {
    loop_.work_finished();
    // #region task 3.5
    if (error_) return promise_.set_exception(error_);
    if (!value_) return;  // the executor has dropped it: a broken promise
    if constexpr (std::is_void_v<Value>) {
      promise_.set_value();
    } else {
      promise_.set_value(std::move(*value_));
    }
    // #endregion task 3.5
  }

  IOLoop& loop() noexcept { return loop_; }
  Future<Value> future() const { return promise_.future(); }

 private:
  struct Nothing {};

  IOLoop& loop_;
  F function_;
  Promise<Value> promise_;
  std::optional<std::conditional_t<std::is_void_v<Value>, Nothing, Value>> value_;
  std::exception_ptr error_;
};

/// Holds a call while it is with the executor. Its destructor, after the call has run or instead,
/// sends the call home: promises belong to the loop's thread.
template <typename F>
class Ticket {
 public:
  explicit Ticket(std::unique_ptr<Call<F>> call) noexcept : call_(std::move(call)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    IOLoop& loop = call_->loop();
    std::shared_ptr<Call<F>> home = std::move(call_);
    loop.add_callback([home = std::move(home)] { home->deliver(); });
  }
  void run() noexcept { call_->run(); }

 private:
  std::unique_ptr<Call<F>> call_;
};

}  // namespace detail

/// Runs `function` on a thread of `executor`. Returns a future of what it returns, or throws
/// (`IOLoop.run_in_executor`). If the executor is destroyed before, the future fails with
/// `BrokenPromise`. Throws `QueueFull`.
///
/// `function` must not touch anything that belongs to the loop; its captures are values. Dropping
/// the future does not stop it. The loop outlives the executor.
template <typename F>
Future<std::invoke_result_t<F&>> run_in_executor(ThreadPoolExecutor& executor, F function) {
  auto call = std::make_unique<detail::Call<F>>(IOLoop::current(), std::move(function));
  const auto future = call->future();
  // #region task 3.5
  const auto ticket = std::make_shared<detail::Ticket<F>>(std::move(call));
  executor.submit([ticket] { ticket->run(); });
  // #endregion task 3.5
  return future;
}

}  // namespace funnel
