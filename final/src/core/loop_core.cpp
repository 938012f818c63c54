#include "core/loop_core.h"

#include "core/fd_watch.h"

#include <funnel/assert.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace funnel::detail {

namespace {

/// A callback in the ready list; it owns itself.
class CallbackNode final : public ReadyNode {
 public:
  explicit CallbackNode(std::function<void()> callback) : callback_(std::move(callback)) {}
  void run_ready() override {
    const std::unique_ptr<CallbackNode> self(this);
    run_guarded(callback_);
  }
  void drop_ready() noexcept override { delete this; }

 private:
  std::function<void()> callback_;
};

}  // namespace

/// A callback with a time; the table of time-outs owns it.
class LoopCore::CallbackTimer final : public TimerNode {
 public:
  CallbackTimer(LoopCore& core, std::uint64_t id, std::function<void()> callback)
      : core_(core), id_(id), callback_(std::move(callback)) {}
  void timer_fired() override {
    const std::function<void()> callback = std::move(callback_);
    core_.timeouts_.erase(id_);  // destroys this
    run_guarded(callback);
  }

 private:
  LoopCore& core_;
  std::uint64_t id_;
  std::function<void()> callback_;
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

void run_guarded(const std::function<void()>& callback) noexcept {
  try {
    callback();
  } catch (...) {
    log_exception("Exception in callback", std::current_exception());
  }
}

void RemoteQueue::push(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  if (core_ == nullptr) return;
  callbacks_.push_back(std::move(callback));
  if (core_->on_own_thread()) {  // nobody else runs the loop before the lock is released
    core_->schedule_all(std::exchange(callbacks_, {}));
  } else if (callbacks_.size() == 1) {
    asio::post(core_->context(), [core = core_] { core->run_remote(); });
  }
}

std::vector<std::function<void()>> RemoteQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(callbacks_, {});
}

void RemoteQueue::close() noexcept {
  std::vector<std::function<void()>> dropped;  // destroyed outside the lock
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
                "an IOLoop was destroyed before the streams and servers that were made on it");
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

void LoopCore::schedule_callback(std::function<void()> callback) {
  schedule(*std::make_unique<CallbackNode>(std::move(callback)).release());
}

void LoopCore::schedule_all(std::vector<std::function<void()>> callbacks) {
  for (std::function<void()>& callback : callbacks) schedule_callback(std::move(callback));
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
  const std::uint64_t id = next_timeout_++;
  auto timer = std::make_unique<CallbackTimer>(*this, id, std::move(callback));
  CallbackTimer& node = *timer;
  timeouts_.emplace(id, std::move(timer));
  set_timer(node, deadline);
  return id;
}

void LoopCore::remove_timeout(std::uint64_t id) noexcept {
  const auto found = timeouts_.find(id);
  if (found == timeouts_.end()) return;
  timers_.remove(*found->second);
  timeouts_.extract(found);  // destroyed when the table is whole again
}

void LoopCore::add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler) {
  if (watches_.contains(fd)) {
    throw std::invalid_argument(
        fmt::format("add_handler: descriptor {} has a handler already", fd));
  }
  require_watchable(fd, "add_handler");
  auto watch = std::make_shared<FdWatch>(context_, fd, std::move(handler));
  watch->update(events);
  watches_.emplace(fd, std::move(watch));
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
  removed.mapped()->stop();
}

}  // namespace funnel::detail
