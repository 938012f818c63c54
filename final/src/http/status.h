#pragma once

namespace funnel::http {

/// Tells whether an answer of that status has no body, so that nothing is said of one either.
constexpr bool has_no_body(int status_code) noexcept {
  return status_code < 200 || status_code == 204 || status_code == 304;
}

}  // namespace funnel::http
