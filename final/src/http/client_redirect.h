#pragma once

#include <funnel/httpclient.h>
#include <funnel/httputil.h>

#include <optional>

/// @file
/// The rules of redirection (RFC 9110 section 15.4).

namespace funnel::http {

/// Returns where the response sends whoever asked for `url`; nothing if it is no redirect or
/// does not say where. Throws `std::system_error` if it names what cannot be fetched.
std::optional<URL> redirect_target(const HTTPResponse& response, const URL& url);

/// Turns a request to `from`, which was answered with `code`, into the one that follows it.
void redirect_request(HTTPRequest& request, int code, const URL& from, const URL& to);

}  // namespace funnel::http
