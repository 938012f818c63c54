#pragma once

#include <funnel/cancel.h>
#include <funnel/task.h>

#include <cstddef>
#include <functional>

namespace funnel::detail {

struct SpawnedTag;
class TaskScope;

/// A task that nobody awaits, below the scope that owns it.
class Spawned final : public ListLink<SpawnedTag>, public ReadyNode, private TaskObserver {
 public:
  Spawned(TaskScope& scope, Task<void> task);
  Spawned(const Spawned&) = delete;
  Spawned& operator=(const Spawned&) = delete;
  ~Spawned() = default;

  void start();

 private:
  friend class TaskScope;
  // In the ready list twice: once to start, once, after the end, to be destroyed. Not in
  // `task_done`, because a frame must not be destroyed from its own final suspension.
  void run_ready() override;
  std::coroutine_handle<> task_done() noexcept override;
  void finish();

  TaskScope& scope_;
  CancelSource source_;
  Task<void> task_;
  bool started_ = false;
};

/// Owns tasks that run side by side and that nobody awaits: the background tasks of a loop, the
/// connections of a server. An exception of one is logged and ends that one only.
///
/// It follows no cancellation but its own, and destroying it destroys what still runs without a
/// word: its owner is an object, not a coroutine that could wait for the tasks, and whoever
/// destroys a server means its connections too. One thread.
class TaskScope {
 public:
  explicit TaskScope(IOLoop& loop) noexcept : loop_(loop) {}
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { destroy_all(); }

  /// Starts `task` in the loop's next turn.
  void spawn(Task<void> task);
  /// Starts `task` at once; it runs to its first wait before this returns.
  void start(Task<void> task);
  /// Asks all that are there to stop, which is no failure of theirs to be logged. Later ones are
  /// not concerned.
  void cancel() noexcept;
  /// Destroys what still runs.
  void destroy_all() noexcept;
  std::size_t size() const noexcept { return size_; }
  /// Calls `callback` whenever a task has ended and is gone.
  void set_end_callback(std::function<void()> callback) { on_end_ = std::move(callback); }

 private:
  friend class Spawned;
  Spawned& adopt(Task<void> task);

  IOLoop& loop_;
  List<Spawned, SpawnedTag> tasks_;
  std::size_t size_ = 0;
  std::function<void()> on_end_;
};

}  // namespace funnel::detail
