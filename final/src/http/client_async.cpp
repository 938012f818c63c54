#include <funnel/simple_httpclient.h>

#include "http/client_fetch.h"

namespace funnel {

AsyncHTTPClient::AsyncHTTPClient(Options options, Resolver& resolver)
    : state_(std::make_shared<http::ClientState>(IOLoop::current(), options, resolver)) {}

AsyncHTTPClient::~AsyncHTTPClient() { state_->close(); }

// No coroutines: what is returned holds the state, not the client.
Task<HTTPResponse> AsyncHTTPClient::fetch(HTTPRequest request, bool raise_error) {
  return http::fetch(state_, std::move(request), raise_error);
}

Task<HTTPResponse> AsyncHTTPClient::fetch(std::string url, bool raise_error) {
  return http::fetch(state_, HTTPRequest(std::move(url)), raise_error);
}

}  // namespace funnel
