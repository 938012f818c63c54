#include <funnel/detail/promise.h>

#include <array>
#include <new>

// A free list would hide a use after free from the sanitizers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FUNNEL_FRAME_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FUNNEL_FRAME_POOL 0
#endif
#endif
#ifndef FUNNEL_FRAME_POOL
#define FUNNEL_FRAME_POOL 1
#endif

namespace funnel::detail {

#if FUNNEL_FRAME_POOL

namespace {

constexpr std::size_t step = 64;
constexpr std::size_t classes = 32;  // frames up to 2 KiB are kept

/// Freed frames by size class, for one thread. A frame may be freed after the thread's
/// pool is gone (a static object's coroutine): then it is freed for good.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (Node*& head : free_) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
    gone = true;
  }

  void* take(std::size_t size_class) {
    Node*& head = free_[size_class];
    if (head == nullptr) return ::operator new((size_class + 1) * step);
    return std::exchange(head, head->next);
  }
  void give(void* frame, std::size_t size_class) noexcept {
    free_[size_class] = ::new (frame) Node{free_[size_class]};
  }

  static inline thread_local constinit bool gone = false;

 private:
  struct Node {
    Node* next;
  };
  std::array<Node*, classes> free_{};
};

thread_local FramePool pool;

std::size_t class_of(std::size_t size) noexcept { return (size - 1) / step; }

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t size_class = class_of(size);
  if (size_class >= classes || FramePool::gone) return ::operator new(size);
  return pool.take(size_class);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t size_class = class_of(size);
  if (size_class >= classes || FramePool::gone) {
    ::operator delete(frame);
  } else {
    pool.give(frame, size_class);
  }
}

#else

void* allocate_frame(std::size_t size) { return ::operator new(size); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#endif

}  // namespace funnel::detail
