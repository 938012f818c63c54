#pragma once

#include <funnel/httpclient.h>
#include <funnel/httputil.h>

/// @file
/// What may be sent, and what may not. For httpclient.cpp.

namespace funnel::detail {

/// Checks everything in a request before a connection is made for it, and returns its URL.
/// Throws `std::invalid_argument` with one sentence if it may not be sent as it is, and
/// `std::system_error` (`std::errc::protocol_not_supported`) for `https`.
URL check_request(const HTTPRequest& request);

}  // namespace funnel::detail
