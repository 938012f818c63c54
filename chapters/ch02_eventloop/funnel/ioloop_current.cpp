#include <funnel/assert.h>
#include <funnel/ioloop.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "running.h"

// Which loop is whose: the current one of each thread, and the check that no other thread touches
// it.

namespace funnel {

namespace {

thread_local constinit IOLoop* running_here = nullptr;
thread_local constinit IOLoop* made_here = nullptr;  // the first one, until it is destroyed

}  // namespace

IOLoop::Running::Running(IOLoop& loop) : loop_(loop) {
  if (running_here != nullptr) throw std::logic_error("an IOLoop already runs on this thread");
  std::thread::id nobody;
  const bool free = loop.runner_.compare_exchange_strong(nobody, std::this_thread::get_id());
  FUNNEL_ASSERT(free, "an IOLoop was run by two threads at once");
  running_here = &loop;
}

IOLoop::Running::~Running() {
  running_here = nullptr;
  loop_.runner_ = std::thread::id();
}

IOLoop::IOLoop() : IOLoop(system_clock()) {}

IOLoop::IOLoop(Clock& clock) : IOLoop(clock, make_poller()) {}

IOLoop::IOLoop(Clock& clock, std::unique_ptr<Poller> poller)
    : clock_(clock), poller_(std::move(poller)) {
  // Only the poller knows of it: it does not count as work.
  poller_->add(wake_.fd(), Poller::read, 0);
  if (made_here == nullptr) made_here = this;  // last: what is before it may throw
}

IOLoop::~IOLoop() {
  FUNNEL_ASSERT(runner_.load() == std::thread::id(),
                "an IOLoop was destroyed while it was running");
  while (!at_end_.empty()) at_end_.extract(at_end_.begin()).mapped()();
  // What is dropped may hold objects whose destructors ask the loop for something, or add more.
  while (has_callbacks() || !watched_.empty() || !timers_.empty()) {
    std::deque<detail::Work> callbacks;
    {
      const std::lock_guard lock(mutex_);
      callbacks.swap(callbacks_);
    }
    callbacks.clear();
    const detail::Timers timers = std::exchange(timers_, {});
    while (!watched_.empty()) remove_handler(watched_.begin()->first);
  }
  poller_->remove(wake_.fd());
  if (made_here == this) made_here = nullptr;
}

std::uint64_t IOLoop::add_end_callback(std::function<void()> callback) {
  check_thread("IOLoop::add_end_callback");
  at_end_.emplace(++last_end_, std::move(callback));
  return last_end_;
}

void IOLoop::remove_end_callback(std::uint64_t number) noexcept {
  const auto removed = at_end_.extract(number);
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

bool IOLoop::on_own_thread() const noexcept {
  const std::thread::id runner = runner_.load();
  return std::this_thread::get_id() == (runner == std::thread::id() ? maker_ : runner);
}

void IOLoop::check_thread(const char* member) const noexcept {
  if (on_own_thread()) return;
  std::fprintf(stderr,
               "funnel: %s was called from a thread that does not run the loop; only "
               "IOLoop::add_callback may be\n",
               member);
  std::abort();
}

}  // namespace funnel
