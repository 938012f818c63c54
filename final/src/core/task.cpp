#include <funnel/task.h>

#include "core/loop_core.h"

#include <fmt/format.h>

#include <iterator>

namespace funnel {

namespace detail {

namespace {

void append_site(std::string& out, const PromiseBase& promise) {
  const AwaitSite& site = promise.site();
  fmt::format_to(std::back_inserter(out), "  at {}:{} in {}\n", site.file, site.line,
                 site.function);
}

}  // namespace

std::string name_after(const AwaitSite& site) {
  return fmt::format("{}, after its wait at {}:{}", site.function, site.file, site.line);
}

std::string name_before(const AwaitSite& site) {
  if (site.file == nullptr) return "one that does not wait";
  return fmt::format("{}, before its wait at {}:{}", site.function, site.file, site.line);
}

void SyncRun::run_ready() {
  if (timeout_) set_timer(loop_, *this, time_after(loop_.time(), *timeout_));
  loop_.core().run_first_step([this] { return start_(*this, task_); });
}

void PromiseBase::enter_list() noexcept { IOLoop::current().core().live().push_back(*this); }

}  // namespace detail

void spawn_callback(Task<void> task) {
  IOLoop& loop = IOLoop::current();
  loop.core().check_thread("spawn_callback");
  loop.core().background().spawn(std::move(task));
}

std::string dump_tasks() {
  IOLoop* loop = IOLoop::current_or_null();
  if (loop == nullptr) return {};
  loop->core().check_thread("dump_tasks");
  const auto now = std::chrono::steady_clock::now();
  std::string out;
  loop->core().live().for_each([&](const detail::PromiseBase& promise) {
    if (promise.waiting_since() == std::chrono::steady_clock::time_point{}) return;
    const std::chrono::duration<double> waited = now - promise.waiting_since();
    fmt::format_to(std::back_inserter(out), "waiting for {:.3f} s\n", waited.count());
    for (const auto* p = &promise; p != nullptr; p = p->parent()) detail::append_site(out, *p);
  });
  return out;
}

}  // namespace funnel
