#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

/// @file
/// What each program of this folder is made of: an object that notices when it is destroyed
/// twice or never, a minimal task, and a main that says what became of them. Light on
/// includes, since it is compiled more than a hundred times.

/// An object whose every construction must be met by one destruction at the same address.
class Tracked {
 public:
  explicit Tracked(int value = 0) : value_(value) { born(); }
  Tracked(const Tracked& other) : value_(other.value()) { born(); }
  Tracked(Tracked&& other) noexcept : value_(other.value()) { born(); }
  Tracked& operator=(const Tracked& other) = default;
  ~Tracked() {
    value_ = -1;
    const void** place = find(this);
    if (place == nullptr) return;
    *place = live[--live_count];
  }

  /// Returns the value; notes an error if the object does not live.
  int value() const {
    find(this);
    return value_;
  }

  /// Tells whether nothing lives and nothing was used that did not.
  static bool all_well() {
    if (errors > 0) std::printf("%d uses or destructions of objects that do not live\n", errors);
    if (live_count > 0) std::printf("%zu objects never destroyed\n", live_count);
    return errors == 0 && live_count == 0;
  }

 private:
  void born() {
    if (live_count == std::size(live)) std::terminate();
    live[live_count++] = this;
  }

  static const void** find(const void* object) {
    for (std::size_t i = 0; i < live_count; ++i) {
      if (live[i] == object) return &live[i];
    }
    ++errors;
    return nullptr;
  }

  static inline const void* live[64];
  static inline std::size_t live_count = 0;
  static inline int errors = 0;

  int value_;
};

/// A lazy coroutine that resumes its awaiter by symmetric transfer.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle self) noexcept { return self.promise().awaiter; }
    void await_resume() noexcept {}
  };

  struct promise_type {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept { return {}; }
    template <typename U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() { error = std::current_exception(); }
    T take() {
      if (error) std::rethrow_exception(error);
      return std::move(*value);
    }

    std::coroutine_handle<> awaiter = std::noop_coroutine();
    std::optional<T> value;
    std::exception_ptr error;
  };

  class Awaiter {
   public:
    explicit Awaiter(Handle task) : task_(task) {}
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) {
      task_.promise().awaiter = awaiter;
      return task_;
    }
    T await_resume() { return task_.promise().take(); }

   private:
    Handle task_;
  };

  explicit Task(Handle coroutine) : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  Awaiter operator co_await() && noexcept { return Awaiter(coroutine_); }

  void start() { coroutine_.resume(); }
  T take() { return coroutine_.promise().take(); }

 private:
  Handle coroutine_;
};

/// Suspends once; `check` resumes it. At most one coroutine waits at a time.
struct Yield {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) { waiting = coroutine; }
  void await_resume() {}

  static inline std::coroutine_handle<> waiting;
};

/// Suspends for ever.
struct Never {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<>) {}
  void await_resume() {}
};

/// Returns `value` after having suspended once.
template <typename T>
Task<T> later(T value) {
  co_await Yield();
  co_return value;
}

inline Task<Tracked> tracked_later(int value) { return later(Tracked(value)); }

/// Runs the coroutine `body` to its end. Returns main's exit code: 0 if it gave `expected` and
/// every object was destroyed once.
inline int check(Task<int> (*body)(), int expected) {
  int result = 0;
  {
    Task<int> task = body();
    task.start();
    while (Yield::waiting) std::exchange(Yield::waiting, {}).resume();
    result = task.take();
  }
  if (result != expected) std::printf("%d instead of %d\n", result, expected);
  return Tracked::all_well() && result == expected ? 0 : 1;
}
