#pragma once

#include <funnel/assert.h>
#include <funnel/detail/stored.h>
#include <funnel/detail/waiter.h>
#include <funnel/ioloop.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace funnel {

namespace detail {

class RemoteQueue;
class WorkerPool;

/// The link between a call on a worker thread and the coroutine that waits for it. Shared
/// by both threads; `waiter` belongs to the loop's.
class ExecutorCallBase {
 public:
  explicit ExecutorCallBase(IOLoop& loop);
  ExecutorCallBase(const ExecutorCallBase&) = delete;
  ExecutorCallBase& operator=(const ExecutorCallBase&) = delete;

  /// Tells the loop, from whatever thread, that nothing more comes of `call`.
  static void finished(std::shared_ptr<ExecutorCallBase> call);
  bool made_on(const IOLoop& loop) const noexcept { return loop_ == &loop; }

  bool done = false;
  Waiter* waiter = nullptr;

 protected:
  ~ExecutorCallBase() = default;

 private:
  IOLoop* loop_;  // used on its own thread only
  std::shared_ptr<RemoteQueue> remote_;
};

template <typename F>
class ExecutorCall final : public ExecutorCallBase {
 public:
  using Result = std::invoke_result_t<F&>;

  ExecutorCall(IOLoop& loop, F function) : ExecutorCallBase(loop), function_(std::move(function)) {}

  void run() noexcept {
    try {
      if constexpr (std::is_void_v<Result>) {
        function_();
        result_.emplace();
      } else {
        result_.emplace(function_());
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  Result take() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    if (!result_) throw std::logic_error("the executor was destroyed before it ran the function");
    if constexpr (!std::is_void_v<Result>) return std::move(*result_);
  }

 private:
  F function_;
  std::optional<Stored<Result>> result_;
  std::exception_ptr error_;
};

}  // namespace detail

/// Runs blocking functions on threads, so that the loop does not wait for them
/// (`concurrent.futures.ThreadPoolExecutor`). No thread exists before the first call.
class ThreadPoolExecutor {
 public:
  /// At most `max_workers` (at least one) threads.
  explicit ThreadPoolExecutor(std::size_t max_workers);
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;
  /// Drops the functions that have not begun and waits for those that have.
  ~ThreadPoolExecutor();

  /// Runs `function` on some thread, in the order of the calls. It must not throw. Throws
  /// `std::system_error` if there is no thread to run it. Any thread, also the executor's own:
  /// what a function submits while the destructor waits for it is dropped.
  void submit(std::function<void()> function);

 private:
  std::unique_ptr<detail::WorkerPool> pool_;
};

/// Returns the process's pool for `run_in_executor`: five threads for each processor at
/// most. It is never destroyed, and the end of the process does not wait for it.
ThreadPoolExecutor& default_executor();

/// Waits for a function that runs on a thread; see `run_in_executor`.
template <typename F>
class [[nodiscard]] ExecutorWait final : private detail::Waiter {
 public:
  explicit ExecutorWait(std::shared_ptr<detail::ExecutorCall<F>> call) noexcept
      : call_(std::move(call)) {}
  ExecutorWait(const ExecutorWait&) = delete;
  ExecutorWait& operator=(const ExecutorWait&) = delete;
  ExecutorWait(ExecutorWait&& other) noexcept : call_(std::move(other.call_)) {}
  ExecutorWait& operator=(ExecutorWait&&) = delete;
  ~ExecutorWait() {
    if (call_) withdraw();
  }

  bool await_ready() const noexcept {
    FUNNEL_ASSERT(call_->made_on(IOLoop::current()),
                  "run_in_executor was awaited on another loop than it was called on");
    return call_->done;
  }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!suspend(handle, handle.promise())) return false;
    call_->waiter = this;
    return true;
  }
  typename detail::ExecutorCall<F>::Result await_resume() {
    throw_if_cancelled();
    return call_->take();
  }

 private:
  void withdraw() noexcept override { call_->waiter = nullptr; }

  std::shared_ptr<detail::ExecutorCall<F>> call_;
};

/// Starts `function` on a thread of `executor` now; awaiting the result gives what it
/// returned or throws what it threw (`IOLoop.run_in_executor`). It is awaited on the loop that
/// was current at the call (checked).
///
/// In a coroutine, give the function a name first: g++ 12 destroys twice, without a warning, what
/// a lambda has captured that stands in the statement that awaits.
///
///     auto work = [path] { return read_file(path); };
///     auto text = co_await run_in_executor(std::move(work));
///
/// `function` takes values only and touches nothing of the loop's but `add_callback`.
/// Cancelling the wait does not stop it: its result is then dropped, on either thread. The
/// wait throws `std::logic_error` if the executor is destroyed before it ran the function.
template <typename F>
ExecutorWait<F> run_in_executor(ThreadPoolExecutor& executor, F function) {
  auto call = std::make_shared<detail::ExecutorCall<F>>(IOLoop::current(), std::move(function));
  // Whoever destroys the job, after it ran or instead of running it, tells the loop.
  std::shared_ptr<detail::ExecutorCall<F>> job(
      call.get(), [call](void*) mutable { detail::ExecutorCallBase::finished(std::move(call)); });
  executor.submit([job = std::move(job)] { job->run(); });
  return ExecutorWait<F>(std::move(call));
}

/// The same on the default executor.
template <typename F>
ExecutorWait<F> run_in_executor(F function) {
  return run_in_executor(default_executor(), std::move(function));
}

}  // namespace funnel
