#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "tracked.h"

/// An aggregate that owns something.
struct Row {
  Tracked t;
};

/// A generator of rows.
class Rows {
 public:
  struct promise_type {
    Rows get_return_object() {
      return Rows(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Row&& row) {
      current = &row;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    Row* current = nullptr;
  };

  explicit Rows(std::coroutine_handle<promise_type> h) : coroutine_(h) {}
  Rows(Rows&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  ~Rows() {
    if (coroutine_) coroutine_.destroy();
  }
  Row* next() {
    coroutine_.promise().current = nullptr;
    coroutine_.resume();
    return coroutine_.promise().current;
  }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};
