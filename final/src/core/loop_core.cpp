#include "core/loop_core.h"

#include "core/fd_watch.h"

#include <funnel/assert.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace funnel::detail {

namespace {

/// A callback in the ready list; it owns itself.
class CallbackNode final : public ReadyNode {
 public:
  CallbackNode(LoopCore& core, Work work) : core_(core), work_(std::move(work)) {}
  void run_ready() override {
    const std::unique_ptr<CallbackNode> self(this);
    core_.run("callback", work_.id, work_.function, work_.function);
  }
  void drop_ready() noexcept override { delete this; }

 private:
  LoopCore& core_;
  Work work_;
};

}  // namespace

/// A callback with a time; the table of time-outs owns it.
class LoopCore::CallbackTimer final : public TimerNode {
 public:
  CallbackTimer(LoopCore& core, std::uint64_t number, Work work)
      : core_(core), number_(number), work_(std::move(work)) {}
  void timer_fired() override {
    LoopCore& core = core_;
    const Work work = std::move(work_);
    core.timeouts_.erase(number_);  // destroys this
    core.run("timer", work.id, work.function, work.function);
  }
  std::uint64_t trace_id() const noexcept { return work_.id; }

 private:
  LoopCore& core_;
  std::uint64_t number_;
  Work work_;
};

void log_exception(const char* what, const std::exception_ptr& error) noexcept {
  try {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      log::app().error(fmt::format("{}: {}", what, e.what()));
    } catch (...) {
      log::app().error(fmt::format("{}: an exception that is not a std::exception", what));
    }
  } catch (...) {
    std::fputs("funnel: no memory left to log an exception\n", stderr);
  }
}

void log_failure_in(const char* kind) noexcept {
  std::array<char, 32> what{};
  std::snprintf(what.data(), what.size(), "Exception in %s", kind);
  log_exception(what.data(), std::current_exception());
}

void RemoteQueue::push(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  if (core_ == nullptr) return;
  const std::uint64_t id = trace::added("callback", callback);
  callbacks_.push_back({std::move(callback), id});
  if (core_->on_own_thread()) {  // nobody else runs the loop before the lock is released
    core_->schedule_all(std::exchange(callbacks_, {}));
  } else if (callbacks_.size() == 1) {
    asio::post(core_->context(), [core = core_] { core->run_remote(); });
  }
}

std::vector<Work> RemoteQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(callbacks_, {});
}

void RemoteQueue::close() noexcept {
  std::vector<Work> dropped;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  core_ = nullptr;
  dropped.swap(callbacks_);
}

LoopCore::LoopCore(IOLoop& loop, Clock& clock)
    : loop_(loop),
      clock_(clock),
      context_(1),  // one thread runs it
      wake_timer_(context_),
      remote_(std::make_shared<RemoteQueue>(*this)),
      background_(loop) {
  clock_.add_listener(*this);
}

LoopCore::~LoopCore() = default;

void LoopCore::close() {
  clock_.remove_listener(*this);
  remote_->close();
  background_.destroy_all();
  while (!watches_.empty()) remove_handler(watches_.begin()->first);
  // The destructor of what a callback or a task holds may add more.
  while (!ready_.empty() || !timeouts_.empty()) {
    while (!ready_.empty()) ready_.pop_front().drop_ready();
    background_.destroy_all();
    if (!timeouts_.empty()) remove_timeout(timeouts_.begin()->first);
  }
  FUNNEL_ASSERT(resources_ == 0,
                "an IOLoop was destroyed before the streams and servers that were made on it, or "
                "its periodic callbacks");
}

bool LoopCore::on_own_thread() const noexcept {
  const std::thread::id runner = runner_.load(std::memory_order_relaxed);
  return std::this_thread::get_id() == (runner == std::thread::id() ? maker_ : runner);
}

void LoopCore::check_thread([[maybe_unused]] const char* function) const noexcept {
#if FUNNEL_CHECK_THREADS
  if (on_own_thread()) return;
  std::fprintf(stderr,
               "funnel: %s was called from a thread that does not run the loop; only "
               "IOLoop::add_callback may be\n",
               function);
  std::abort();
#endif
}

void LoopCore::stop() {
  stop_requested_ = true;
  context_.stop();
}

void LoopCore::post_ready() {
  if (std::exchange(ready_posted_, true)) return;
  asio::post(context_, [this] { run_ready(); });
}

void LoopCore::schedule(ReadyNode& node) {
  ready_.push_back(node);
  post_ready();
}

void LoopCore::run_ready() {
  ready_posted_ = false;
  ReadyList turn;  // what becomes ready from now on belongs to the next turn
  turn.splice_back(ready_);
  while (!turn.empty() && !context_.stopped()) turn.pop_front().run_ready();
  if (turn.empty()) return;
  turn.splice_back(ready_);
  ready_.splice_back(turn);
  post_ready();
}

void LoopCore::schedule_callback(Work work) {
  schedule(*std::make_unique<CallbackNode>(*this, std::move(work)).release());
}

void LoopCore::schedule_all(std::vector<Work> callbacks) {
  for (Work& callback : callbacks) schedule_callback(std::move(callback));
}

void LoopCore::run_remote() { schedule_all(remote_->take()); }

void LoopCore::set_timer(TimerNode& node, TimePoint deadline) {
  timers_.set(node, deadline);
  arm_timer();
}

void LoopCore::cancel_timer(TimerNode& node) noexcept { timers_.remove(node); }

// One Asio timer stands for all. It is left armed when the timer that it was armed for goes
// away: waking once for nothing is cheaper than two system calls for each withdrawn timer.
void LoopCore::arm_timer() {
  if (timers_.empty()) return;
  const TimePoint next = timers_.next_deadline();
  if (!clock_.runs_by_itself()) {
    if (next <= clock_.now()) post_timers();
    return;
  }
  if (armed_for_ && *armed_for_ <= next) return;
  armed_for_ = next;
  wake_timer_.expires_at(next);
  wake_timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;  // armed anew, for an earlier time
    armed_for_.reset();
    run_timers();
  });
}

void LoopCore::run_timers() {
  timers_.run_due(clock_.now(), [this] { return context_.stopped(); });
  arm_timer();
}

void LoopCore::post_timers() {
  if (std::exchange(timers_posted_, true)) return;
  asio::post(context_, [this] {
    timers_posted_ = false;
    run_timers();
  });
}

void LoopCore::clock_moved() { arm_timer(); }

std::uint64_t LoopCore::call_at(TimePoint deadline, std::function<void()> callback) {
  const std::uint64_t number = next_timeout_++;
  const std::uint64_t id = trace::added("timer", callback);
  auto timer = std::make_unique<CallbackTimer>(*this, number, Work{std::move(callback), id});
  CallbackTimer& node = *timer;
  timeouts_.emplace(number, std::move(timer));
  set_timer(node, deadline);
  return number;
}

void LoopCore::remove_timeout(std::uint64_t number) noexcept {
  const auto found = timeouts_.find(number);
  if (found == timeouts_.end()) return;
  if (const std::uint64_t id = found->second->trace_id(); id != 0) trace::write("timer.remove", id);
  timers_.remove(*found->second);
  timeouts_.extract(found);  // destroyed when the table is whole again
}

void LoopCore::add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler) {
  if (watches_.contains(fd)) {
    throw std::invalid_argument(
        fmt::format("add_handler: descriptor {} has a handler already", fd));
  }
  require_watchable(fd, "add_handler");
  const auto watch = std::make_shared<FdWatch>(*this, fd, std::move(handler));
  watch->update(events);
  watches_.emplace(fd, watch);
  watch->trace_added();
}

void LoopCore::update_handler(int fd, unsigned events) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) {
    throw std::invalid_argument(fmt::format("update_handler: descriptor {} has no handler", fd));
  }
  found->second->update(events);
}

void LoopCore::remove_handler(int fd) noexcept {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  const auto removed = watches_.extract(found);
  removed.mapped()->trace_removed();
  removed.mapped()->stop();
}

void LoopCore::set_blocking_log_threshold(Duration threshold) noexcept {
  blocking_threshold_ = threshold;
  observed_ = threshold > Duration::zero() || trace::enabled();
}

void LoopCore::log_blocked(const char* kind, Duration took, const std::string& name) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  log::gen().warning(fmt::format("the loop was blocked for {} ms by a {}: {}", ms, kind, name));
}

}  // namespace funnel::detail
