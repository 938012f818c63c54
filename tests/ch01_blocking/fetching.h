#pragma once

#include <funnel/http_error.h>
#include <funnel/httpclient.h>

#include <exception>
#include <string>
#include <system_error>
#include <type_traits>
#include <typeinfo>

#include "support/story.h"

/// @file
/// Fetches that tell the story, for the tests of the client.

namespace fetching {

using funnel::HTTPRequest;
using funnel::HTTPResponse;

/// Fetches with a client of its own, which is gone afterwards.
inline HTTPResponse fetch(const HTTPRequest& request, bool raise_error = true) {
  using test_support::shown;
  test_support::tell("yours", "is asked for " + request.method + " " + shown(request.url));
  try {
    funnel::HTTPClient client;
    HTTPResponse response = client.fetch(request, raise_error);
    test_support::tell(
        "yours", "returns " + std::to_string(response.code) + " with body " + shown(response.body));
    return response;
  } catch (const std::exception& error) {
    test_support::tell("yours", std::string("throws: ") + error.what());
    throw;
  }
}

inline HTTPResponse fetch(const std::string& url) { return fetch(HTTPRequest(url)); }

/// How a fetch failed that should.
struct Failure {
  bool contains(const std::string& text) const { return what.find(text) != std::string::npos; }
  /// What the error is, in a sentence.
  std::string sentence() const { return code ? code.message() : what; }

  std::error_code code;
  std::string what;
};

/// Returns the sentence of a `ParseError` or `std::errc`.
template <typename Enum>
std::string sentence(Enum error) {
  return make_error_code(error).message();
}

/// Returns the `Error` with which a fetch fails. If it does not, or with another one, that is
/// told instead.
template <typename Error = std::system_error>
Failure failure_of(const HTTPRequest& request) {
  try {
    const HTTPResponse response = fetch(request, false);
    return {{}, "No error, but a response with code " + std::to_string(response.code)};
  } catch (const Error& error) {
    if constexpr (std::is_base_of_v<std::system_error, Error>) return {error.code(), error.what()};
    return {{}, error.what()};
  } catch (const std::exception& error) {
    return {{}, std::string("another error: ") + typeid(error).name() + ": " + error.what()};
  }
}

template <typename Error = std::system_error>
Failure failure_of(const std::string& url) {
  return failure_of<Error>(HTTPRequest(url));
}

}  // namespace fetching
