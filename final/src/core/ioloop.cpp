#include <funnel/ioloop.h>

#include "core/loop_core.h"

#include <funnel/assert.h>

#include <stdexcept>

namespace funnel {

namespace {

// Plain pointers, because they are looked at while the thread's other objects die.
thread_local constinit IOLoop* running_here = nullptr;
thread_local constinit IOLoop* made_here = nullptr;  // while there was none; none once destroyed

}  // namespace

namespace detail {

/// Marks a loop as the one that runs on this thread.
class LoopCore::Running {
 public:
  explicit Running(LoopCore& core) : core_(core) {
    if (running_here != nullptr) {
      throw std::logic_error(
          "an IOLoop already runs on this thread: await the task instead of run_sync or start");
    }
    core.remote_->exclusively([&core] {
      FUNNEL_ASSERT(!core.is_running(), "an IOLoop was run by two threads at once");
      core.runner_ = std::this_thread::get_id();
    });
    running_here = &core.loop_;
    core.run_remote();  // before what this run adds
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    running_here = nullptr;
    core_.remote_->exclusively([this] { core_.runner_ = std::thread::id(); });
  }

 private:
  LoopCore& core_;
};

void LoopCore::add_callback(std::function<void()> callback) {
  if (running_here == &loop_) {
    const std::uint64_t id = trace::added("callback", callback);
    schedule_callback({std::move(callback), id});
  } else {
    remote_->push(std::move(callback));
  }
}

void LoopCore::run_forever() {
  const Running running(*this);
  if (std::exchange(stop_requested_, false)) return;
  const auto work = asio::make_work_guard(context_);
  context_.restart();
  run_turns();
  stop_requested_ = false;
}

void LoopCore::run_until(ReadyNode& first, const bool& done) {
  const Running running(*this);
  schedule(first);
  while (!done && !stop_requested_) {
    context_.restart();
    run_turns();
    if (done || stop_requested_) break;
    if (timers_.empty() || !clock_.skip_to(timers_.next_deadline())) throw_stalled();
  }
  if (std::exchange(stop_requested_, false) && !done) {
    throw std::logic_error("run_sync: the loop was stopped before the task ended");
  }
}

template <typename RunOne>
bool LoopCore::run_turn(const RunOne& run_one) {
  trace::begin_wait(++turn_);
  const bool ran = run_one() != 0;
  trace::end_wait();
  return ran;
}

void LoopCore::run_ready_now() {
  const Running running(*this);
  context_.restart();
  if (!trace::enabled()) {
    context_.poll();
    return;
  }
  while (!context_.stopped() && run_turn([this] { return context_.poll_one(); })) continue;
}

void LoopCore::run_turns() {
  if (!trace::enabled()) {
    context_.run();
    return;
  }
  while (!context_.stopped()) run_turn([this] { return context_.run_one(); });
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
  if (made_here == nullptr) made_here = this;
}

IOLoop::~IOLoop() {
  FUNNEL_ASSERT(!core_->is_running(), "an IOLoop was destroyed while running");
  core_->close();
  if (made_here == this) made_here = nullptr;
}

IOLoop* IOLoop::current_or_null() noexcept {
  return running_here != nullptr ? running_here : made_here;
}

IOLoop& IOLoop::current() {
  if (IOLoop* loop = current_or_null()) return *loop;
  thread_local std::unique_ptr<IOLoop> own;
  own = std::make_unique<IOLoop>();  // its constructor makes it the current one
  return *own;
}

void IOLoop::start() { core_->run_forever(); }
void IOLoop::stop() {
  core_->check_thread("IOLoop::stop");
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
  core_->check_thread("IOLoop::call_at");
  return Timeout(core_->call_at(deadline, std::move(callback)));
}

void IOLoop::remove_timeout(Timeout timeout) noexcept {
  core_->check_thread("IOLoop::remove_timeout");
  core_->remove_timeout(timeout.id_);
}

void IOLoop::add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler) {
  core_->check_thread("IOLoop::add_handler");
  core_->add_handler(fd, events, std::move(handler));
}

void IOLoop::update_handler(int fd, unsigned events) {
  core_->check_thread("IOLoop::update_handler");
  core_->update_handler(fd, events);
}

void IOLoop::remove_handler(int fd) noexcept {
  core_->check_thread("IOLoop::remove_handler");
  core_->remove_handler(fd);
}

void IOLoop::set_blocking_log_threshold(Duration threshold) noexcept {
  core_->check_thread("IOLoop::set_blocking_log_threshold");
  core_->set_blocking_log_threshold(threshold);
}

namespace detail {

void schedule(IOLoop& loop, ReadyNode& node) { loop.core().schedule(node); }
std::unique_ptr<IOLoop> make_private_loop() {
  IOLoop* const before = made_here;
  auto loop = std::make_unique<IOLoop>();
  made_here = before;
  return loop;
}

void set_timer(IOLoop& loop, TimerNode& node, TimePoint deadline) {
  loop.core().set_timer(node, deadline);
}
void cancel_timer(IOLoop& loop, TimerNode& node) noexcept { loop.core().cancel_timer(node); }
void run_until(IOLoop& loop, ReadyNode& first, const bool& done) {
  loop.core().run_until(first, done);
}
void end_run(IOLoop& loop) noexcept { loop.core().end_run(); }

}  // namespace detail

}  // namespace funnel
