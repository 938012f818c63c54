#include <funnel/cancel.h>

namespace funnel::detail {

void CancelState::request() noexcept {
  if (requested_) return;
  requested_ = true;
  while (!hooks_.empty()) hooks_.pop_front().on_cancel();
}

void CancelState::follow(CancelState& parent) noexcept {
  if (parent.requested()) {
    request();
  } else {
    parent.add(*this);
  }
}

}  // namespace funnel::detail
