#include <funnel/detail/promise.h>

#include <funnel/gen.h>
#include <funnel/task.h>

#include <doctest/doctest.h>
#include <malloc.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace funnel;
using namespace std::chrono_literals;

namespace {

/// Returns how much of the C library's heap is in use; always 0 under a sanitizer, which has a
/// heap and eyes of its own.
std::size_t heap_bytes() { return ::mallinfo2().uordblks; }

/// Repeats what leaves nothing behind, on threads that come and go, and checks that it does not.
template <typename F>
void check_nothing_is_left(F work) {
  std::thread(work).join();
  const std::size_t before = heap_bytes();
  for (int i = 0; i < 300; ++i) std::thread(work).join();
  CHECK(heap_bytes() < before + 100'000);
}

Task<int> with_block(char fill) {
  std::array<char, 5000> block;
  block.fill(fill);
  co_await gen::sleep(0s);
  co_return block.front() + block.back();
}

Task<> idle() { co_await gen::sleep(0s); }

std::vector<Task<>> idle_tasks() {
  std::vector<Task<>> tasks;
  tasks.reserve(10);
  for (int i = 0; i < 10; ++i) tasks.push_back(idle());
  return tasks;
}

/// Lives longer than the thread's pool of frames if it is used first.
thread_local std::optional<std::vector<Task<>>> late;

}  // namespace

TEST_SUITE("core.task.memory") {
  TEST_CASE("frames of every size are usable to their last byte, and given back") {
    check_nothing_is_left([] {
      for (const std::size_t size : {1U, 63U, 64U, 65U, 2047U, 2048U, 2049U, 10'000U}) {
        std::array<void*, 3> frames{};
        for (void*& frame : frames) {
          frame = detail::allocate_frame(size);
          std::memset(frame, 0xEE, size);
        }
        for (void* frame : frames) detail::free_frame(frame, size);
      }
    });
  }

  TEST_CASE("a coroutine with more locals than the pool keeps runs like any other") {
    IOLoop loop;
    for (int i = 0; i < 3; ++i) CHECK(loop.run_sync(with_block('a')) == 2 * 'a');
  }

  TEST_CASE("frames may be freed on another thread than the one that made them") {
    check_nothing_is_left([] {
      std::vector<Task<>> tasks = idle_tasks();
      std::thread([taken = std::exchange(tasks, {})]() mutable { taken.clear(); }).join();
      tasks = idle_tasks();
    });
  }

  TEST_CASE("frames may outlive their thread's pool") {
    check_nothing_is_left([] {
      late.reset();  // which makes it, before the pool
      late.emplace(idle_tasks());
    });
  }
}
