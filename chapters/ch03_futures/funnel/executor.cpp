#include <funnel/executor.h>

#include <stdexcept>
#include <utility>

// A queue with two sides: callers put work in, and each worker takes the next one out.

namespace funnel {

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers, std::size_t max_queue)
    : max_queue_(max_queue) {
  if (max_workers == 0) throw std::invalid_argument("ThreadPoolExecutor: there is no worker");
  try {
    while (workers_.size() < max_workers) workers_.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPoolExecutor::~ThreadPoolExecutor() { stop(); }

void ThreadPoolExecutor::submit(std::function<void()> function) {
  // #region task 3.5
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= idle_ + max_queue_) throw QueueFull();
    queue_.push_back(std::move(function));
  }
  changed_.notify_one();
  // #endregion task 3.5
}

void ThreadPoolExecutor::work() {
  // #region task 3.5
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    std::function<void()> function = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();  // while it runs, the others take theirs
    function();
    function = nullptr;  // what it holds is destroyed here, not under the lock
    lock.lock();
  }
  // #endregion task 3.5
}

void ThreadPoolExecutor::stop() noexcept {
  // #region task 3.5
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  dropped.clear();  // not under the lock: their futures hear of it
  for (std::thread& worker : workers_) worker.join();
  // #endregion task 3.5
}

}  // namespace funnel
