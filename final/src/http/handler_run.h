#pragma once

#include <funnel/cancel.h>
#include <funnel/task.h>

#include <coroutine>

namespace funnel::http {

/// Runs a request's handler below the connection's coroutine, in a scope of its own that
/// also hears when the connection is cancelled.
///
/// Not `gen::with_token`, because the connection wants to know the moment at which the
/// handler first waits: only then must the request's bytes be pinned and the peer watched.
class HandlerRun final : private detail::TaskObserver, private detail::CancelHook {
 public:
  /// Hears that the handler waits.
  class Listener {
   public:
    virtual void handler_suspended(CancelSource& scope) = 0;

   protected:
    ~Listener() = default;
  };

  HandlerRun(Task<>& handler, CancelSource& scope, Listener& listener) noexcept
      : handler_(handler), scope_(scope), listener_(listener) {}
  HandlerRun(const HandlerRun&) = delete;
  HandlerRun& operator=(const HandlerRun&) = delete;
  HandlerRun(HandlerRun&& other) noexcept
      : TaskObserver(),
        CancelHook(),
        handler_(other.handler_),
        scope_(other.scope_),
        listener_(other.listener_) {}
  HandlerRun& operator=(HandlerRun&&) = delete;
  ~HandlerRun() = default;

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    detail::PromiseBase& promise = parent.promise();
    if (detail::CancelState* state = promise.cancel_state()) {
      if (state->requested()) {
        scope_.cancel();
      } else {
        state->add(*this);
      }
    }
    detail::TaskAccess::start(handler_, *this, scope_.token().state(), &promise);
    if (done_) return false;
    parent_ = parent;
    listener_.handler_suspended(scope_);
    return true;
  }

  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> task_done() noexcept override {
    done_ = true;
    return parent_;
  }
  void on_cancel() noexcept override { scope_.cancel(); }

  Task<>& handler_;
  CancelSource& scope_;
  Listener& listener_;
  bool done_ = false;
  std::coroutine_handle<> parent_{};
};

}  // namespace funnel::http
