#pragma once

#include <funnel/httpclient.h>
#include <funnel/httputil.h>

#include <string>

/// @file
/// Which requests may be sent, and as which bytes. Given, for httpclient.cpp.

namespace funnel::detail {

/// Checks everything in a request before a connection is made for it, and returns its URL.
/// Throws `std::invalid_argument` with one sentence if it may not be sent as it is, and
/// `std::system_error` (`std::errc::protocol_not_supported`) for `https`.
URL check_request(const HTTPRequest& request);

/// Returns the bytes of a request: its first line, the headers that the caller has left out, the
/// caller's headers, an empty line, the body.
std::string request_text(const HTTPRequest& request, const URL& url);

}  // namespace funnel::detail
