#include <funnel/task.h>

#include "core/loop_core.h"

#include <fmt/format.h>

#include <iterator>

namespace funnel {

namespace detail {

namespace {

using LiveList = List<PromiseBase, LiveTag>;

LiveList& live_coroutines() noexcept {
  thread_local LiveList list;
  return list;
}

void append_site(std::string& out, const PromiseBase& promise) {
  const AwaitSite& site = promise.site();
  fmt::format_to(std::back_inserter(out), "  at {}:{} in {}\n", site.file, site.line,
                 site.function);
}

}  // namespace

PromiseBase::PromiseBase() noexcept { live_coroutines().push_back(*this); }

}  // namespace detail

void spawn_callback(Task<void> task) {
  IOLoop& loop = IOLoop::current();
  loop.core().check_thread("spawn_callback");
  loop.core().background().spawn(std::move(task));
}

std::string dump_tasks() {
  const auto now = std::chrono::steady_clock::now();
  std::string out;
  detail::live_coroutines().for_each([&](const detail::PromiseBase& promise) {
    if (promise.waiting_since() == std::chrono::steady_clock::time_point{}) return;
    const std::chrono::duration<double> waited = now - promise.waiting_since();
    fmt::format_to(std::back_inserter(out), "waiting for {:.3f} s\n", waited.count());
    for (const auto* p = &promise; p != nullptr; p = p->parent()) detail::append_site(out, *p);
  });
  return out;
}

}  // namespace funnel
