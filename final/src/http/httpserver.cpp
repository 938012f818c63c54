#include <funnel/httpserver.h>

#include "http/server_connection.h"

#include <algorithm>

namespace funnel {

// ---- HTTPServerRequest

std::string_view HTTPServerRequest::method() const noexcept { return head_->method; }
std::string_view HTTPServerRequest::uri() const noexcept { return head_->target; }
std::string_view HTTPServerRequest::path() const noexcept { return head_->path; }
std::string_view HTTPServerRequest::query() const noexcept { return head_->query; }
std::string_view HTTPServerRequest::version() const noexcept {
  return head_->minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}
std::string_view HTTPServerRequest::host() const noexcept { return head_->host; }

std::optional<std::string_view> HTTPServerRequest::header(std::string_view name) const noexcept {
  const std::string_view* value = head_->find(name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

const HTTPHeaders& HTTPServerRequest::headers() const {
  if (!headers_) headers_ = http::copy_headers(head_->fields);
  return *headers_;
}

Duration HTTPServerRequest::request_time() const noexcept {
  return IOLoop::current().time() - received_;
}

// ---- HTTPServer

namespace {

constexpr std::size_t least_write_buffer_size = std::size_t{256} * 1024;

}  // namespace

class HTTPServer::Impl {
 public:
  Impl(RequestCallback callback, const HTTPServerOptions& options)
      : loop_(IOLoop::current()),
        shared_(std::move(callback), options),
        server_([this](IOStream stream,
                       Address peer) { return serve(std::move(stream), std::move(peer)); },
                options.max_connections, stream_options(options)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { loop_.remove_timeout(sweep_); }

  TCPServer& server() noexcept { return server_; }

 private:
  static IOStreamOptions stream_options(const HTTPServerOptions& options) {
    IOStreamOptions stream;
    // Less would cut off who only asks for much at a time.
    stream.max_write_buffer_size = std::max(options.max_write_buffer_size, least_write_buffer_size);
    return stream;
  }

  Task<> serve(IOStream stream, Address peer) {
    if (shared_.connections.empty()) {
      shared_.now = loop_.time();
      schedule_sweep();
    }
    http::ServerConnection connection(shared_, std::move(stream), std::move(peer));
    co_await connection.serve();
  }

  void schedule_sweep() {
    loop_.remove_timeout(sweep_);
    sweep_ = loop_.call_later(sweep_interval(), [this] { sweep(); });
  }

  // One timer for all connections: a timer for each request would cost more than a tenth of it.
  void sweep() {
    shared_.now = loop_.time();
    if (shared_.connections.empty()) return;
    schedule_sweep();  // first: whatever happens below, the deadlines must go on
    shared_.connections.for_each([](http::ServerConnection& connection) { connection.sweep(); });
  }

  Duration sweep_interval() const noexcept {
    Duration interval = std::chrono::seconds(1);
    const HTTPServerOptions& o = shared_.options;
    for (const Duration timeout :
         {o.idle_connection_timeout, o.header_timeout, o.body_timeout, o.write_timeout}) {
      if (timeout > Duration::zero()) interval = std::min(interval, timeout / 4);
    }
    return std::max<Duration>(interval, std::chrono::milliseconds(1));
  }

  IOLoop& loop_;
  http::ServerShared shared_;
  Timeout sweep_;
  TCPServer server_;  // last: its connections use what is above
};

HTTPServer::HTTPServer(RequestCallback callback, HTTPServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(callback), options)) {}
HTTPServer::~HTTPServer() = default;

void HTTPServer::listen(std::uint16_t port, const std::string& address, ListenOptions options) {
  impl_->server().listen(port, address, options);
}

std::vector<Address> HTTPServer::addresses() const { return impl_->server().addresses(); }
std::uint16_t HTTPServer::port() const { return impl_->server().port(); }

void HTTPServer::handle_stream(IOStream stream, Address peer) {
  impl_->server().handle_stream(std::move(stream), std::move(peer));
}

void HTTPServer::stop() { impl_->server().stop(); }
std::size_t HTTPServer::connections() const noexcept { return impl_->server().connections(); }

}  // namespace funnel
