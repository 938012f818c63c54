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

/// What the executor and its threads share; the last of them frees it.
class WorkerPool : public std::enable_shared_from_this<WorkerPool> {
 public:
  explicit WorkerPool(std::size_t max_workers) : max_workers_(max_workers) {}

  void submit(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(function));
    if (idle_ >= queue_.size() || workers_.size() == max_workers_) {
      ready_.notify_one();
    } else {
      add_worker();
    }
  }

  void shut_down(bool wait) {
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
    for (std::thread& worker : workers) wait ? worker.join() : worker.detach();
  }

 private:
  void add_worker() {
    try {
      workers_.emplace_back([self = shared_from_this()] { self->work(); });
    } catch (...) {
      if (!workers_.empty()) return;  // one of them will come to the function
      queue_.pop_back();
      throw;
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
  pool_ = std::make_shared<detail::WorkerPool>(max_workers);
}

ThreadPoolExecutor::~ThreadPoolExecutor() { pool_->shut_down(!detached_); }

void ThreadPoolExecutor::submit(std::function<void()> function) {
  pool_->submit(std::move(function));
}

namespace {

class DefaultExecutor : public ThreadPoolExecutor {
 public:
  DefaultExecutor()
      : ThreadPoolExecutor(std::size_t{5} * std::max(1U, std::thread::hardware_concurrency())) {
    detach();
  }
};

}  // namespace

ThreadPoolExecutor& default_executor() {
  static DefaultExecutor executor;
  return executor;
}

}  // namespace funnel
