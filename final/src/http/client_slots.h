#pragma once

#include <funnel/detail/list.h>
#include <funnel/detail/waiter.h>

#include <coroutine>
#include <cstddef>
#include <utility>

namespace funnel::http {

struct SlotTag;
class SlotWait;

/// A number of slots, of which each fetch holds one, and the queue of those that wait for one:
/// first come, first served. One thread.
class ClientSlots {
 public:
  explicit ClientSlots(std::size_t count) noexcept : free_(count) {}
  ClientSlots(const ClientSlots&) = delete;
  ClientSlots& operator=(const ClientSlots&) = delete;
  ~ClientSlots() = default;

  /// Waits for a slot.
  SlotWait acquire() noexcept;

 private:
  friend class SlotWait;
  friend class Slot;
  void release() noexcept;

  std::size_t free_;
  detail::List<SlotWait, SlotTag> queue_;
};

/// A slot that is held; the destructor hands it to the next in the queue.
class [[nodiscard]] Slot {
 public:
  explicit Slot(ClientSlots& slots) noexcept : slots_(&slots) {}
  Slot(const Slot&) = delete;
  Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
  Slot& operator=(const Slot&) = delete;
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (slots_ != nullptr) slots_->release();
  }

 private:
  ClientSlots* slots_;
};

/// A place in the queue.
class [[nodiscard]] SlotWait final : private detail::Waiter, public detail::ListLink<SlotTag> {
 public:
  explicit SlotWait(ClientSlots& slots) noexcept : slots_(slots) {}
  SlotWait(const SlotWait&) = delete;
  SlotWait(SlotWait&& other) noexcept : detail::Waiter(std::move(other)), slots_(other.slots_) {}
  SlotWait& operator=(const SlotWait&) = delete;
  SlotWait& operator=(SlotWait&&) = delete;
  ~SlotWait() {
    if (granted_) slots_.release();  // it was handed over, but nobody was left to take it
  }

  bool await_ready() noexcept {
    if (slots_.free_ == 0) return false;
    --slots_.free_;
    granted_ = true;
    return true;
  }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!suspend(handle, handle.promise())) return false;
    slots_.queue_.push_back(*this);
    return true;
  }
  Slot await_resume() {
    throw_if_cancelled();
    granted_ = false;
    return Slot(slots_);
  }

 private:
  friend class ClientSlots;
  void grant() noexcept {
    granted_ = true;
    wake();
  }
  void withdraw() noexcept override { detail::ListLink<SlotTag>::unlink(); }

  ClientSlots& slots_;
  bool granted_ = false;
};

inline SlotWait ClientSlots::acquire() noexcept { return SlotWait(*this); }

// The slot goes to the first in the queue directly: were it put down in between, a newcomer
// could take it and the queue would be none.
inline void ClientSlots::release() noexcept {
  if (queue_.empty()) {
    ++free_;
  } else {
    queue_.pop_front().grant();
  }
}

}  // namespace funnel::http
