#include "core/task_scope.h"

#include "core/loop_core.h"

#include <funnel/detail/join.h>

#include <memory>

namespace funnel::detail {

Spawned::Spawned(TaskScope& scope, Task<void> task) : scope_(scope), task_(std::move(task)) {}

void Spawned::start() {
  started_ = true;
  if (TaskAccess::empty(task_)) {
    finish();
  } else {
    TaskAccess::start(task_, *this, source_.token().state());
  }
}

void Spawned::run_ready() {
  if (started_ || TaskAccess::empty(task_)) {
    finish();
    return;
  }
  scope_.loop_.core().run_first_step([this] {
    start();
    return TaskAccess::site(task_);
  });
}

std::coroutine_handle<> Spawned::task_done() noexcept {
  schedule(scope_.loop_, *this);
  return {};
}

void Spawned::finish() {
  std::unique_ptr<Spawned> self(this);
  const std::exception_ptr error = TaskAccess::error(task_);
  if (error && !(source_.cancelled() && is_cancellation(error))) {
    log_exception("Exception in a task that nobody awaits", error);
  }
  TaskScope& scope = scope_;
  self.reset();
  --scope.size_;
  if (scope.on_end_) scope.on_end_();
}

void TaskScope::cancel() noexcept {
  // Only schedules: nothing ends, and leaves the list, under the walk.
  tasks_.for_each([](Spawned& spawned) { spawned.source_.cancel(); });
}

void TaskScope::destroy_all() noexcept {
  for (; !tasks_.empty(); --size_) delete &tasks_.pop_front();
}

Spawned& TaskScope::adopt(Task<void> task) {
  Spawned& spawned = *std::make_unique<Spawned>(*this, std::move(task)).release();
  tasks_.push_back(spawned);
  ++size_;
  return spawned;
}

void TaskScope::spawn(Task<void> task) { schedule(loop_, adopt(std::move(task))); }

void TaskScope::start(Task<void> task) { adopt(std::move(task)).start(); }

}  // namespace funnel::detail
