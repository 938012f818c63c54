#pragma once

#include <funnel/task.h>

#include <coroutine>

namespace funnel::detail {

/// Starts a task whose end nobody waits for; whoever holds it may still destroy it.
inline void start_unobserved(Task<>& task) {
  class NoObserver final : public TaskObserver {
   public:
    std::coroutine_handle<> task_done() noexcept override { return {}; }
  };
  static NoObserver no_observer;
  TaskAccess::start(task, no_observer, nullptr);
}

}  // namespace funnel::detail
