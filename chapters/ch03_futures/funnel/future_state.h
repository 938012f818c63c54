#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

/// @file
/// What a promise and its futures have in common.

namespace funnel::detail {

/// The part of it that does not depend on the type of the value. Everything here belongs to the
/// thread that made it.
class FutureStateBase : public std::enable_shared_from_this<FutureStateBase> {
 public:
  FutureStateBase();
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;
  /// Logs a failure that nobody has looked at. Given.
  virtual ~FutureStateBase();

  bool done() const noexcept { return done_; }
  /// Sets the failure. Throws `std::logic_error` if there is a result. Given.
  void set_exception(std::exception_ptr error);
  /// Returns the failure, or null. Somebody has looked at it then.
  const std::exception_ptr& exception() noexcept;
  void rethrow_if_failed();

  /// Has `callback` called by the loop, in a later turn, once there is a result. Returns a number
  /// for `remove_done_callback`.
  std::uint64_t add_done_callback(std::function<void()> callback);
  /// Takes a callback back that has not been called. Harmless if it has, or is 0.
  void remove_done_callback(std::uint64_t id) noexcept;

  /// Returns what a future holds for as long as it lives: when the last one goes, the state knows.
  /// Given.
  std::shared_ptr<void> future_token();
  /// Returns the same for a promise; to be called once. Given.
  std::shared_ptr<void> promise_token();
  /// See `Promise::set_unwanted_callback`. Given.
  void set_unwanted_callback(std::function<void()> callback);

 protected:
  /// Throws `std::logic_error` if there is a result, and aborts on a wrong thread. Given.
  void require_pending() const;
  /// There is a result now: has all callbacks called by the loop, in their order.
  void complete();

 private:
  /// Calls a callback that `complete` or `add_done_callback` has posted, unless it was removed.
  void call_back(std::uint64_t id);
  /// Has `call_back(id)` called by the loop, and stays alive until then. Given.
  void post(std::uint64_t id);
  /// The last promise is gone: without a result, the future fails with `BrokenPromise`.
  void promise_gone();
  /// Tells whether anybody can see a result: a future, or a callback. Given.
  bool is_wanted() const noexcept;
  void check_wanted() noexcept;

  bool done_ = false;
  std::exception_ptr error_;
  bool seen_ = false;                                         // somebody has looked at the failure
  std::map<std::uint64_t, std::function<void()>> callbacks_;  // not called yet, in their order
  std::uint64_t last_id_ = 0;
  std::weak_ptr<void> futures_;
  std::function<void()> unwanted_;
  const std::thread::id thread_ = std::this_thread::get_id();
  const std::uint64_t trace_id_;  // see trace.h
};

/// With the value.
template <typename T>
class FutureState final : public FutureStateBase {
 public:
  /// Makes the value from `args`. If that throws, nothing has happened.
  template <typename... Args>
  void set_value(Args&&... args) {
    require_pending();
    // #region task 3.1
    value_.emplace(std::forward<Args>(args)...);
    complete();
    // #endregion task 3.1
  }
  T& value() noexcept { return *value_; }

 private:
  std::optional<T> value_;
};

template <>
class FutureState<void> final : public FutureStateBase {
 public:
  void set_value() {
    require_pending();
    complete();
  }
};

}  // namespace funnel::detail
