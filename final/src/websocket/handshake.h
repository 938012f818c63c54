#pragma once

#include <string>
#include <string_view>

/// @file
/// The opening handshake's key (RFC 6455 sections 1.3 and 4.2).

namespace funnel::websocket {

/// Tells whether `key`, a `Sec-WebSocket-Key` value, is the base64 form of 16 bytes.
[[nodiscard]] bool is_valid_key(std::string_view key) noexcept;

/// Returns the `Sec-WebSocket-Accept` value that answers `key`. Throws `std::system_error` when
/// OpenSSL has no SHA-1.
[[nodiscard]] std::string accept_key(std::string_view key);

}  // namespace funnel::websocket
