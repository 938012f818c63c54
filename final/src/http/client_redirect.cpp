#include "http/client_redirect.h"

#include <system_error>

#include <fmt/format.h>

#include "http/client_request.h"

namespace funnel::http {
namespace {

bool is_redirect(int code) noexcept {
  return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

// RFC 9110 sections 15.4.2 to 15.4.4: what was posted has been taken, and what comes next is
// asked for; 307 and 308 exist because that is not what 301 and 302 once meant.
bool becomes_get(int code, const std::string& method) noexcept {
  if (code == 303) return method != "GET" && method != "HEAD";
  return (code == 301 || code == 302) && method == "POST";
}

void drop_body(HTTPRequest& request) {
  request.method = "GET";
  request.body.reset();
  for (const char* name : {"Content-Length", "Content-Type", "Content-Encoding", "Content-Language",
                           "Content-Location", "Digest", "Last-Modified", "Expect"}) {
    request.headers.remove(name);
  }
}

}  // namespace

std::optional<URL> redirect_target(const HTTPResponse& response, const URL& url) {
  if (!is_redirect(response.code)) return std::nullopt;
  const std::vector<std::string> locations = response.headers.get_list("Location");
  if (locations.empty()) return std::nullopt;
  const Result<URL> target = url.resolve(locations.front());
  if (!target) {
    throw std::system_error(
        target.error(), fmt::format("{} redirects to what cannot be fetched", url.host_header()));
  }
  return *target;
}

void redirect_request(HTTPRequest& request, int code, const URL& from, const URL& to) {
  if (becomes_get(code, request.method)) drop_body(request);
  request.headers.remove("Host");
  if (to.same_origin(from)) {
    apply_userinfo(request, to);
  } else {
    // Whoever controls the first server must not choose who gets the credentials for it, nor
    // put words into the header of the second.
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
  }
}

}  // namespace funnel::http
