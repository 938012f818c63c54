#pragma once

#include <funnel/httpclient.h>
#include <funnel/httputil.h>

#include <string>
#include <string_view>

/// @file
/// What a client sends: checks, and the bytes of the head.

namespace funnel::http {

/// Parses the URL of a request. Throws `std::invalid_argument` with what is wrong with it.
URL parse_request_url(const std::string& text);

/// Throws `std::invalid_argument` with one sentence if the request may not be sent as it is.
void check_request(const HTTPRequest& request);

/// Makes the user information of a URL, if it has any, the request's `Authorization`
/// (RFC 7617). Throws `std::invalid_argument` if the name has a colon, even an encoded one.
void apply_userinfo(HTTPRequest& request, const URL& url);

/// Appends request line and header lines, up to and including the empty line.
void append_request_head(std::string& out, const HTTPRequest& request, const URL& url);

/// Tells whether sending the request twice has the effect of sending it once
/// (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method) noexcept;

/// Tells whether the request's own headers leave the connection open.
bool allows_keep_alive(const HTTPHeaders& headers);

}  // namespace funnel::http
