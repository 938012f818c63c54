#pragma once

#include <funnel/detail/list.h>

namespace funnel {

class CancelToken;

namespace detail {

struct CancelTag;

/// Something that wants to hear of a cancellation: a suspended coroutine, or a
/// scope within a scope.
class CancelHook : public ListLink<CancelTag> {
 public:
  /// Only withdraws and schedules; never resumes a coroutine inline, so that
  /// the list which is being walked cannot change under the walk.
  virtual void on_cancel() noexcept = 0;

 protected:
  ~CancelHook() = default;
};

class CancelState final : private CancelHook {
 public:
  bool requested() const noexcept { return requested_; }
  void request() noexcept;
  void add(CancelHook& hook) noexcept { hooks_.push_back(hook); }
  /// Makes a cancellation of `parent` one of this scope too, now and later.
  void follow(CancelState& parent) noexcept;

 private:
  void on_cancel() noexcept override { request(); }

  bool requested_ = false;
  List<CancelHook, CancelTag> hooks_;
};

}  // namespace detail

/// A scope whose coroutines can be asked to stop.
///
/// A task that is started under the token (`gen::with_token`), and every task it
/// awaits, obeys it. The source must outlive them; the HTTP server has one for each
/// request, `gen::with_timeout` one for what it guards. One thread.
class CancelSource {
 public:
  CancelSource() = default;
  /// Makes a scope within the scope of `parent`, which must outlive it.
  explicit CancelSource(CancelToken parent) noexcept;
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;
  ~CancelSource() = default;

  /// Ends every wait in the scope with `Cancelled`, from now on, in the next turn of
  /// the loop. Asking twice is harmless.
  void cancel() noexcept { state_.request(); }
  bool cancelled() const noexcept { return state_.requested(); }
  CancelToken token() noexcept;

 private:
  detail::CancelState state_;
};

/// Names the scope of a `CancelSource`. An empty token is never cancelled.
class CancelToken {
 public:
  CancelToken() noexcept = default;
  explicit CancelToken(detail::CancelState* state) noexcept : state_(state) {}

  bool cancelled() const noexcept { return state_ != nullptr && state_->requested(); }
  detail::CancelState* state() const noexcept { return state_; }

 private:
  detail::CancelState* state_ = nullptr;
};

inline CancelToken CancelSource::token() noexcept { return CancelToken(&state_); }

inline CancelSource::CancelSource(CancelToken parent) noexcept {
  if (parent.state() != nullptr) state_.follow(*parent.state());
}

}  // namespace funnel
