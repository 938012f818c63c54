#include <funnel/ioloop.h>

#include <iterator>
#include <utility>

// Callbacks: the only thing that other threads may add, and so the only part with a lock.

namespace funnel {

void IOLoop::add_callback(std::function<void()> callback) {
  detail::Work work = make_work("callback", std::move(callback));
  // #region task 2.3
  {
    const std::lock_guard lock(mutex_);
    callbacks_.push_back(std::move(work));
  }
  // Our own thread is not waiting: it is here. Any other may be in the poller, for hours.
  if (!on_own_thread()) wake_.wake();
  // #endregion task 2.3
}

bool IOLoop::run_callbacks() {
  // #region task 2.3
  // What a callback adds goes into an empty list, for the next turn. Otherwise one that adds itself
  // again would keep the sockets and timers waiting forever.
  std::deque<detail::Work> turn;
  {
    const std::lock_guard lock(mutex_);
    turn.swap(callbacks_);
  }
  bool ran = false;
  while (!turn.empty() && !stop_requested_) {
    const detail::Work work = std::move(turn.front());
    turn.pop_front();
    run("callback", work.id, work.function.target_type(), work.function);
    ran = true;
  }
  if (turn.empty()) return ran;
  // Stopped: what is left comes before what was added meanwhile.
  const std::lock_guard lock(mutex_);
  callbacks_.insert(callbacks_.begin(), std::make_move_iterator(turn.begin()),
                    std::make_move_iterator(turn.end()));
  return ran;
  // #endregion task 2.3
}

}  // namespace funnel
