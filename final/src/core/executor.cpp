#include <funnel/executor.h>

#include "core/loop_core.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <stdexcept>
#include <thread>
#include <vector>

namespace funnel {

namespace detail {

ExecutorCallBase::ExecutorCallBase(IOLoop& loop) : loop_(&loop), remote_(loop.core().remote()) {
  loop.core().work_started();  // the loop has something to wait for
}

void ExecutorCallBase::finished(std::shared_ptr<ExecutorCallBase> call) {
  ExecutorCallBase& self = *call;
  self.remote_->push([call = std::move(call)] {
    call->done = true;
    call->loop_->core().work_finished();
    if (call->waiter != nullptr) call->waiter->wake();
  });
}

/// What the executor and its threads share.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t max_workers) : max_workers_(max_workers) {}

  void submit(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;  // nobody would run it; the caller drops it, outside the lock
    if (idle_ <= queue_.size() && workers_.size() < max_workers_) add_worker();
    queue_.push_back(std::move(function));
    ready_.notify_one();
  }

  void shut_down() {
    std::deque<std::function<void()>> dropped;
    std::vector<std::thread> workers;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(queue_);
      workers.swap(workers_);
    }
    ready_.notify_all();
    dropped.clear();  // outside the lock, and before the wait for what runs
    for (std::thread& worker : workers) worker.join();
  }

 private:
  void add_worker() {
    try {
      workers_.emplace_back([this] { work(); });
    } catch (...) {
      if (workers_.empty()) throw;  // else one of them will come to the function
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (stopping_) return;
      std::function<void()> function = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      function();
      function = nullptr;  // what it held is released here, not under the lock
      lock.lock();
    }
  }

  const std::size_t max_workers_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> workers_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace detail

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers) {
  if (max_workers == 0)
    throw std::invalid_argument("ThreadPoolExecutor: max_workers must be positive");
  pool_ = std::make_unique<detail::WorkerPool>(max_workers);
}

ThreadPoolExecutor::~ThreadPoolExecutor() { pool_->shut_down(); }

void ThreadPoolExecutor::submit(std::function<void()> function) {
  pool_->submit(std::move(function));
}

ThreadPoolExecutor& default_executor() {
  // Never destroyed: other threads, and objects that die later, may still use it.
  static ThreadPoolExecutor& shared =
      *new ThreadPoolExecutor(std::size_t{5} * std::max(1U, std::thread::hardware_concurrency()));
  return shared;
}

}  // namespace funnel
