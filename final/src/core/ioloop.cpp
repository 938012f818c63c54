#include <funnel/ioloop.h>

#include "core/loop_core.h"

#include <funnel/assert.h>

namespace funnel {

namespace {

// Plain pointers, because they are looked at while the thread's other objects die.
thread_local constinit IOLoop* current_loop = nullptr;
thread_local constinit bool loop_is_running = false;

}  // namespace

namespace detail {

/// Marks a loop as the one that runs on this thread.
class LoopCore::Running {
 public:
  explicit Running(LoopCore& core) : previous_(current_loop) {
    if (loop_is_running) {
      throw std::logic_error(
          "an IOLoop already runs on this thread: await the task instead of run_sync or start");
    }
    loop_is_running = true;
    current_loop = &core.loop_;
    core.owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    loop_is_running = false;
    if (previous_ != nullptr) current_loop = previous_;
  }

 private:
  IOLoop* previous_;
};

void LoopCore::run_forever() {
  const Running running(*this);
  if (std::exchange(stop_requested_, false)) return;
  const auto work = asio::make_work_guard(context_);
  context_.restart();
  context_.run();
  stop_requested_ = false;
}

void LoopCore::run_until(const bool& done) {
  const Running running(*this);
  while (!done && !stop_requested_) {
    context_.restart();
    context_.run();
    if (done || stop_requested_) break;
    if (timers_.empty() || !clock_.skip_to(timers_.next_deadline())) throw_stalled();
  }
  if (std::exchange(stop_requested_, false) && !done) {
    throw std::logic_error("run_sync: the loop was stopped before the task ended");
  }
}

void LoopCore::run_ready_now() {
  const Running running(*this);
  context_.restart();
  context_.poll();
}

void LoopCore::throw_stalled() const {
  if (!timers_.empty()) {
    throw std::logic_error(
        "run_sync: the task waits for a timer, but the clock is moved by hand and nobody moves it");
  }
  throw std::logic_error("run_sync: nothing is left that could wake the task");
}

}  // namespace detail

IOLoop::IOLoop() : IOLoop(system_clock()) {}

IOLoop::IOLoop(Clock& clock) : core_(std::make_unique<detail::LoopCore>(*this, clock)) {
  if (current_loop == nullptr) current_loop = this;
}

IOLoop::~IOLoop() {
  FUNNEL_ASSERT(!(loop_is_running && current_loop == this),
                "an IOLoop was destroyed while running");
  core_->close();
  if (current_loop == this) current_loop = nullptr;
}

IOLoop* IOLoop::current_or_null() noexcept { return current_loop; }

IOLoop& IOLoop::current() {
  if (current_loop == nullptr) {
    thread_local std::unique_ptr<IOLoop> own;
    own = std::make_unique<IOLoop>();  // its constructor makes it the current one
  }
  return *current_loop;
}

void IOLoop::start() { core_->run_forever(); }
void IOLoop::stop() {
  core_->check_thread("stop");
  core_->stop();
}
TimePoint IOLoop::time() const noexcept { return core_->clock().now(); }
Clock& IOLoop::clock() const noexcept { return core_->clock(); }

void IOLoop::add_callback(std::function<void()> callback) {
  core_->add_callback(std::move(callback));
}

Timeout IOLoop::call_later(Duration delay, std::function<void()> callback) {
  return call_at(time_after(time(), delay), std::move(callback));
}

Timeout IOLoop::call_at(TimePoint deadline, std::function<void()> callback) {
  core_->check_thread("call_at");
  return Timeout(core_->call_at(deadline, std::move(callback)));
}

void IOLoop::remove_timeout(Timeout timeout) noexcept {
  core_->check_thread("remove_timeout");
  core_->remove_timeout(timeout.id_);
}

void IOLoop::add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler) {
  core_->check_thread("add_handler");
  core_->add_handler(fd, events, std::move(handler));
}

void IOLoop::update_handler(int fd, unsigned events) {
  core_->check_thread("update_handler");
  core_->update_handler(fd, events);
}

void IOLoop::remove_handler(int fd) noexcept {
  core_->check_thread("remove_handler");
  core_->remove_handler(fd);
}

namespace detail {

void schedule(IOLoop& loop, ReadyNode& node) { loop.core().schedule(node); }
void set_timer(IOLoop& loop, TimerNode& node, TimePoint deadline) {
  loop.core().set_timer(node, deadline);
}
void cancel_timer(IOLoop& loop, TimerNode& node) noexcept { loop.core().cancel_timer(node); }
void run_until(IOLoop& loop, const bool& done) { loop.core().run_until(done); }
void end_run(IOLoop& loop) noexcept { loop.core().end_run(); }

}  // namespace detail

}  // namespace funnel
