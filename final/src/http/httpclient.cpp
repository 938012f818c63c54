#include <funnel/httpclient.h>

#include <stdexcept>

#include <fmt/format.h>

#include "core/loop_core.h"
#include "http/client_fetch.h"

namespace funnel {
namespace {

std::string describe(const HTTPResponse& response) {
  return fmt::format("HTTP {} {} from {}", response.code, response.reason, response.effective_url);
}

}  // namespace

void HTTPResponse::rethrow() const {
  if (code < 200 || code > 299) throw HTTPClientError(*this);
}

HTTPClientError::HTTPClientError(HTTPResponse response)
    : std::runtime_error(describe(response)),
      response_(std::make_shared<const HTTPResponse>(std::move(response))) {}

/// A loop of its own and an asynchronous client on it.
class HTTPClient::Impl {
 public:
  Impl()
      : loop_(detail::make_private_loop()),
        state_(std::make_shared<http::ClientState>(*loop_, AsyncHTTPClientOptions(),
                                                   default_resolver())) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { state_->close(); }

  HTTPResponse fetch(HTTPRequest request, bool raise_error) {
    look_around();
    return loop_->run_sync(http::fetch(state_, std::move(request), raise_error));
  }

 private:
  // Between two calls nobody looks: connections that have been idle for too long, or that ended,
  // leave the pool now.
  void look_around() {
    try {
      loop_->core().run_ready_now();
    } catch (const std::logic_error&) {
      throw std::logic_error(
          "HTTPClient::fetch would block the IOLoop that runs on this thread: await "
          "AsyncHTTPClient::fetch there");
    }
  }

  std::unique_ptr<IOLoop> loop_;
  std::shared_ptr<http::ClientState> state_;
};

HTTPClient::HTTPClient() : impl_(std::make_unique<Impl>()) {}
HTTPClient::~HTTPClient() = default;

HTTPResponse HTTPClient::fetch(HTTPRequest request, bool raise_error) {
  return impl_->fetch(std::move(request), raise_error);
}

HTTPResponse HTTPClient::fetch(std::string url, bool raise_error) {
  return impl_->fetch(HTTPRequest(std::move(url)), raise_error);
}

}  // namespace funnel
