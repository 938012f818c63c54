#pragma once

#include <funnel/cancel.h>
#include <funnel/detail/join.h>
#include <funnel/error.h>
#include <funnel/task.h>

#include <map>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// Coroutine building blocks (`tornado.gen`). Every function takes any awaitable.

namespace funnel::detail {

/// `when` is a deadline, or the time from the start of the task.
template <typename When, typename A>
Task<AwaitResult<A>> with_timeout(When when, A awaitable) {
  Child<AwaitResult<A>> child(as_task(std::move(awaitable)));
  DeadlineScope scope(when);
  co_await run_child(child, scope.source());
  scope.stop();
  if (scope.expired() && child.cancelled()) throw TimeoutError("with_timeout: time is up");
  co_return child.take();
}

}  // namespace funnel::detail

namespace funnel::gen {

/// Suspends the calling coroutine; see `sleep`.
class [[nodiscard]] Sleep final : private detail::Waiter, private detail::TimerNode {
 public:
  explicit Sleep(Duration delay) noexcept : delay_(delay) {}
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;
  Sleep(Sleep&& other) noexcept : detail::Waiter(std::move(other)), delay_(other.delay_) {}
  Sleep& operator=(Sleep&&) = delete;
  ~Sleep() { withdraw(); }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return suspend(handle, handle.promise()) && (begin(), true);
  }
  void await_resume() const { throw_if_cancelled(); }

 private:
  void begin();
  void timer_fired() override { resume_now(); }
  void withdraw() noexcept override;

  Duration delay_;
  bool set_ = false;
};

/// Waits for `delay` on the loop's clock; for one turn of the loop if it is not positive.
inline Sleep sleep(Duration delay) noexcept { return Sleep(delay); }

/// Runs `awaitable` under `token`: cancelling it ends what the awaitable waits for. The
/// caller's own scope is kept too.
template <typename A>
Task<detail::AwaitResult<A>> with_token(CancelToken token, A awaitable) {
  detail::Child<detail::AwaitResult<A>> child(detail::as_task(std::move(awaitable)));
  CancelSource scope(token);
  co_await detail::run_child(child, scope);
  co_return child.take();
}

/// Awaits `awaitable`, at the longest until `deadline` on the loop's clock; then cancels it,
/// waits for it to clean up and throws `TimeoutError`. A result that came just in time
/// is kept.
template <typename A>
Task<detail::AwaitResult<A>> with_timeout(TimePoint deadline, A awaitable) {
  return detail::with_timeout(deadline, std::move(awaitable));
}

/// The same with the time from its start, which is when it is awaited.
template <typename A>
Task<detail::AwaitResult<A>> with_timeout(Duration timeout, A awaitable) {
  return detail::with_timeout(timeout, std::move(awaitable));
}

/// Awaits all of `awaitables` at the same time and returns their results in order. Waits
/// for all of them even if some fail; then throws the first failure in order and logs the
/// others (`tornado.gen.multi`). Cancelling the caller cancels them all.
template <typename A>
auto multi(std::vector<A> awaitables)
    -> Task<std::conditional_t<std::is_void_v<detail::AwaitResult<A>>, void,
                               std::vector<detail::Stored<detail::AwaitResult<A>>>>> {
  using T = detail::AwaitResult<A>;
  std::vector<detail::Child<T>> children;
  children.reserve(awaitables.size());
  for (A& awaitable : awaitables) children.emplace_back(detail::as_task(std::move(awaitable)));
  co_await detail::run_children(children);
  detail::throw_first_failure(children);
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> results;
    results.reserve(children.size());
    for (auto& child : children) results.push_back(child.take());
    co_return results;
  }
}

/// The same for a map: the results keep their keys; awaitables without a result give none.
template <typename K, typename A, typename Less>
auto multi(std::map<K, A, Less> awaitables)
    -> Task<std::conditional_t<std::is_void_v<detail::AwaitResult<A>>, void,
                               std::map<K, detail::Stored<detail::AwaitResult<A>>, Less>>> {
  std::vector<A> values;
  values.reserve(awaitables.size());
  for (auto& entry : awaitables) values.push_back(std::move(entry.second));
  if constexpr (std::is_void_v<detail::AwaitResult<A>>) {
    co_await multi(std::move(values));
  } else {
    auto results = co_await multi(std::move(values));
    std::map<K, detail::AwaitResult<A>, Less> named(awaitables.key_comp());
    std::size_t i = 0;
    for (auto& entry : awaitables) named.emplace(entry.first, std::move(results[i++]));
    co_return named;
  }
}

}  // namespace funnel::gen
