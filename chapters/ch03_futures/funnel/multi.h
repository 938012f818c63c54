#pragma once

#include <funnel/future.h>
#include <funnel/then.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// Waiting for all of several futures (`tornado.gen.multi`).

namespace funnel {

namespace detail {

/// Futures that somebody waits for together. `R` is what comes of them.
template <typename T, typename R>
class Gathering : public std::enable_shared_from_this<Gathering<T, R>> {
 public:
  using Collect = std::function<void(const std::vector<Future<T>>&, const Promise<R>&)>;

  Gathering(std::vector<Future<T>> futures, Collect collect)
      : futures_(std::move(futures)), collect_(std::move(collect)), left_(futures_.size()) {}

  /// Returns a future that is done when all are: `collect` is called then, which gives the promise
  /// a value, or throws the failure of one of them.
  Future<R> start() {
    // #region task 3.3
    if (left_ == 0) finish();
    for (const Future<T>& future : futures_) {
      future.add_done_callback([self = this->shared_from_this()](const Future<T>&) {
        if (--self->left_ == 0) self->finish();
      });
    }
    // #endregion task 3.3
    return promise_.future();
  }

 private:
  void finish() {
    // #region task 3.3
    try {
      collect_(futures_, promise_);
    } catch (...) {
      promise_.set_exception(std::current_exception());
    }
    futures_.clear();  // the failures that nobody looked at are logged now
    // #endregion task 3.3
  }

  std::vector<Future<T>> futures_;
  Collect collect_;
  std::size_t left_;  // that are not done
  Promise<R> promise_;
};

}  // namespace detail

/// Waits for all futures, even when some have failed. Returns their values in the same order, or
/// the failure of the first in the list that has one; the failures of the others are logged. A
/// value is copied if it can be, since others may hold its future, or else moved out.
template <typename T>
requires(!std::is_void_v<T>) Future<std::vector<T>> multi(std::vector<Future<T>> futures) {
  const auto collect = [](const std::vector<Future<T>>& done,
                          const Promise<std::vector<T>>& promise) {
    std::vector<T> values;
    // #region task 3.3
    values.reserve(done.size());
    for (const Future<T>& future : done) values.push_back(detail::take(future));
    promise.set_value(std::move(values));
    // #endregion task 3.3
  };
  using Gathering = detail::Gathering<T, std::vector<T>>;
  return std::make_shared<Gathering>(std::move(futures), collect)->start();
}

/// The same for futures without values.
inline Future<> multi(std::vector<Future<>> futures) {
  const auto collect = [](const std::vector<Future<>>& done, const Promise<>& promise) {
    for (const Future<>& future : done) future.result();
    promise.set_value();
  };
  return std::make_shared<detail::Gathering<void, void>>(std::move(futures), collect)->start();
}

/// The same for a map: returns the values under the same keys.
template <typename K, typename T>
requires(!std::is_void_v<T>) Future<std::map<K, T>> multi(std::map<K, Future<T>> futures) {
  std::vector<K> keys;
  std::vector<Future<T>> in_order;
  for (auto& [key, future] : futures) {
    keys.push_back(key);
    in_order.push_back(future);
  }
  const auto collect = [keys](const std::vector<Future<T>>& done,
                              const Promise<std::map<K, T>>& promise) {
    std::map<K, T> values;
    for (std::size_t i = 0; i < keys.size(); ++i) values.emplace(keys[i], detail::take(done[i]));
    promise.set_value(std::move(values));
  };
  using Gathering = detail::Gathering<T, std::map<K, T>>;
  return std::make_shared<Gathering>(std::move(in_order), collect)->start();
}

}  // namespace funnel
