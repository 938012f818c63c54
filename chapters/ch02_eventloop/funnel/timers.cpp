#include "timers.h"

#include <algorithm>
#include <utility>

namespace funnel::detail {

std::uint64_t Timers::add(TimePoint deadline, Work work) {
  // #region task 2.4
  const std::uint64_t number = ++last_number_;
  heap_.push_back({deadline, number});
  std::push_heap(heap_.begin(), heap_.end(), later);
  work_.emplace(number, Pending{deadline, std::move(work)});  // if it throws, the entry is stale
  return number;
  // #endregion task 2.4
}

void Timers::remove(std::uint64_t number) noexcept {
  // #region task 2.4
  // Destroyed at the end of this function: what the work holds may set or remove timers.
  const auto removed = work_.extract(number);
  drop_stale();
  // #endregion task 2.4
}

std::vector<std::uint64_t> Timers::pop_due(TimePoint now) {
  // #region task 2.4
  std::vector<std::uint64_t> due;
  while (!heap_.empty() && heap_.front().deadline <= now) {
    due.push_back(heap_.front().number);
    std::pop_heap(heap_.begin(), heap_.end(), later);  // moves it to the end
    heap_.pop_back();
  }
  return due;
  // #endregion task 2.4
}

std::optional<Work> Timers::take(std::uint64_t number) {
  auto found = work_.extract(number);
  if (found.empty()) return std::nullopt;
  drop_stale();
  return std::move(found.mapped().work);
}

std::uint64_t Timers::id(std::uint64_t number) const noexcept {
  const auto found = work_.find(number);
  return found == work_.end() ? 0 : found->second.work.id;
}

void Timers::put_back(std::uint64_t number) {
  const auto found = work_.find(number);
  if (found == work_.end()) return;
  heap_.push_back({found->second.deadline, number});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

void Timers::drop_stale() noexcept {
  const auto is_stale = [this](const Entry& entry) { return !work_.contains(entry.number); };
  while (!heap_.empty() && is_stale(heap_.front())) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  // A server sets a timeout for each request and removes it again: without this, a million removed
  // timers would stay until their deadlines.
  constexpr std::size_t few = 64;
  if (heap_.size() < 2 * work_.size() + few) return;
  std::erase_if(heap_, is_stale);
  heap_.shrink_to_fit();
  std::make_heap(heap_.begin(), heap_.end(), later);
}

}  // namespace funnel::detail
