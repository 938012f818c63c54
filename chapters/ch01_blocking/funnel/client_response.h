#pragma once

#include <funnel/httputil.h>
#include <funnel/socket.h>

#include <cstdint>
#include <optional>
#include <string_view>

/// @file
/// How a client reads a response's head, and where its body ends. Given, for httpclient.cpp.

namespace funnel::detail {

/// Reads the head of the response to a request. A server may send interim responses (1xx) before
/// it; they are skipped.
///
/// Throws what `Socket::read_until` throws, and `std::system_error`: with the `ParseError` of a
/// head that is refused, `ParseError::headers_too_large` for one above 64 KiB,
/// `ParseError::forbidden_body` for an interim response that announces a body, and
/// `std::errc::protocol_error` for a 101 or for more than 20 interim responses.
ResponseHead read_head(Socket& socket);

/// Tells how many bytes of body follow this head, which responds to a request with `method` (RFC
/// 9112 section 6.3). Empty means that the body goes on until the server closes the connection.
/// A head that contradicts itself, or has a body that this client cannot read, is a `ParseError`.
Result<std::optional<std::uint64_t>> body_size(const ResponseHead& head, std::string_view method);

}  // namespace funnel::detail
