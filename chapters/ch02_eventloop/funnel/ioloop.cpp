#include <funnel/ioloop.h>

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "running.h"
#include "trace.h"

// The heart of the loop: who is watched, and who is called. A turn is in ioloop_turn.cpp.

namespace funnel {

void IOLoop::start() {
  const Running running(*this);
  // #region task 2.2
  while (!stop_requested_) turn(true);
  stop_requested_ = false;
  // #endregion task 2.2
}

void IOLoop::stop() {
  check_thread("IOLoop::stop");
  // #region task 2.2
  stop_requested_ = true;
  // #endregion task 2.2
}

void IOLoop::add_handler(int fd, unsigned events, Handler handler) {
  check_thread("IOLoop::add_handler");
  if (events == 0) throw std::invalid_argument("add_handler: there is no event to wait for");
  if (watched_.contains(fd)) {
    throw std::invalid_argument(fmt::format("add_handler: descriptor {} has a handler", fd));
  }
  const std::uint64_t id = trace::next_id();
  // #region task 2.2
  const std::uint64_t generation = ++last_generation_;
  auto shared = std::make_shared<const Handler>(std::move(handler));
  watched_[fd] = Watched{generation, events, std::move(shared), id};
  descriptors_[generation] = fd;
  try {
    poller_->add(fd, events, generation);
  } catch (...) {  // nobody watches it: as if nothing had been asked
    watched_.erase(fd);
    descriptors_.erase(generation);
    throw;
  }
  // #endregion task 2.2
  if (trace::enabled()) trace::write("handler.add", id, fmt::format("descriptor {}", fd));
}

void IOLoop::update_handler(int fd, unsigned events) {
  check_thread("IOLoop::update_handler");
  const auto found = watched_.find(fd);
  if (found == watched_.end()) {
    throw std::invalid_argument(fmt::format("update_handler: descriptor {} has no handler", fd));
  }
  if (events == 0) throw std::invalid_argument("update_handler: there is no event to wait for");
  // #region task 2.2
  poller_->change(fd, events, found->second.generation);
  found->second.events = events;
  // #endregion task 2.2
}

void IOLoop::remove_handler(int fd) noexcept {
  check_thread("IOLoop::remove_handler");
  const auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  trace::write("handler.remove", found->second.id);
  // #region task 2.2
  poller_->remove(fd);
  descriptors_.erase(found->second.generation);
  // Destroyed at the end of this function, when the map is whole again: what the handler holds may
  // add or remove handlers in its destructor.
  const auto removed = watched_.extract(found);
  // #endregion task 2.2
}

bool IOLoop::run_handlers(const std::vector<Poller::Ready>& ready) {
  bool ran = false;
  // #region task 2.2
  for (const Poller::Ready& each : ready) {
    if (stop_requested_) break;  // the poller reports the others again
    // A handler that ran before this one may have removed it, closed its descriptor, and opened
    // another file that got the same number. What the poller saw was of the old one.
    const auto descriptor = descriptors_.find(each.tag);
    if (descriptor == descriptors_.end()) continue;
    const int fd = descriptor->second;
    const Watched& watched = watched_.at(fd);
    const unsigned events = each.events & (watched.events | error);
    if (events == 0) continue;  // it was updated meanwhile, and waits for something else now
    const std::shared_ptr<const Handler> handler = watched.handler;  // it may remove itself
    run("handler", watched.id, handler->target_type(), [&] { (*handler)(fd, events); });
    ran = true;
  }
  // #endregion task 2.2
  return ran;
}

}  // namespace funnel
