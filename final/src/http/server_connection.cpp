#include "http/server_connection.h"

#include "core/unobserved.h"
#include "http/date_cache.h"

#include <funnel/error.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <exception>

namespace funnel::http {

namespace {

constexpr Duration linger_time = std::chrono::seconds(2);
constexpr std::size_t linger_bytes = std::size_t{256} * 1024;
constexpr std::size_t pipelined_bytes = std::size_t{64} * 1024;  // read ahead while a handler runs
constexpr std::size_t kept_body_bytes = std::size_t{16} * 1024;  // memory kept between requests

/// Tells whether a handler whose peer has gone is expected to end with this exception.
bool says_closed(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return true;
  } catch (const StreamClosedError&) {
    return true;
  } catch (...) {
    return false;
  }
}

HeadLimits limits_of(const HTTPServerOptions& options) {
  HeadLimits limits;
  limits.max_request_line = options.max_request_line;
  limits.max_header_bytes = options.max_header_size;
  limits.max_header_lines = options.max_header_lines;
  return limits;
}

}  // namespace

ServerShared::ServerShared(HTTPServer::RequestCallback callback_, const HTTPServerOptions& options_)
    : callback(std::move(callback_)),
      options(options_),
      limits(limits_of(options)),
      loop(IOLoop::current()),
      now(loop.time()) {}

ServerConnection::ServerConnection(ServerShared& shared, IOStream stream, Address peer)
    : shared_(shared),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      parser_(shared.limits),
      request_(peer_) {
  shared_.connections.push_back(*this);
}

// ---- reading requests

Task<> ServerConnection::serve() {
  try {
    co_await serve_requests();
  } catch (const StreamClosedError&) {
    // The peer reset the connection, or a time-out closed it: nobody is left to tell.
  } catch (const Cancelled&) {
    // The server shuts down.
  }
}

Task<> ServerConnection::serve_requests() {
  while (keep_alive_) {
    if (!sent_.done()) {  // the peer must take its answers before it gets more
      deadline_.reset();
      co_await sent_;
    }
    const ParseStatus status = parser_.feed(stream_.buffered());
    if (status == ParseStatus::need_more) {
      wait_for_head();
      const bool more = co_await stream_.fill();
      if (!more || phase_ == Phase::lingering) break;
      continue;
    }
    if (status == ParseStatus::failed) {
      refuse(parser_.error());
      break;
    }
    begin_request();
    if (parser_.head().framing != BodyFraming::none) {
      const bool complete = co_await read_body();
      if (!complete) break;
    }
    Task<> handler = call_handler();
    if (!detail::TaskAccess::empty(handler)) {
      CancelSource scope;
      HandlerRun run(handler, scope, *this);
      co_await std::move(run);
      watch_ = Task<>();
    }
    end_request(detail::TaskAccess::error(handler));
    if (stream_.closed()) co_return;
  }
  co_await linger();
}

void ServerConnection::wait_for_head() {
  send_pending();
  // A line end behind a body belongs to no request (RFC 9112 section 2.2).
  const bool begun = stream_.buffered().find_first_not_of("\r\n") != std::string_view::npos;
  if (!begun) {
    if (phase_ != Phase::idle || !deadline_) {
      enter(Phase::idle, shared_.options.idle_connection_timeout);
    }
  } else if (phase_ != Phase::head) {
    enter(Phase::head, shared_.options.header_timeout);
  }
}

void ServerConnection::begin_request() {
  const RequestHeadView& head = parser_.head();
  phase_ = Phase::handler;
  deadline_.reset();
  keep_alive_ = head.keep_alive && !shared_.options.no_keep_alive;
  headers_written_ = finished_ = false;
  answer_begin_ = out_.size();
  bodiless_ = head.method == "HEAD";
  static const HTTPHeaders no_trailers;
  request_.head_ = &head;
  request_.headers_.reset();
  request_.trailers_ = &no_trailers;
  request_.body_ = {};
  request_.received_ = shared_.loop.time();
}

// The head is pinned first: its views stay valid while the body is read elsewhere.
Task<bool> ServerConnection::read_body() {
  const RequestHeadView& head = parser_.head();
  pinned_ = stream_.detach(head.size);
  head_detached_ = true;
  decoder_.emplace(head.framing, head.content_length, shared_.options.max_body_size,
                   shared_.limits);
  body_.clear();
  bool announced = !head.expect_continue || decoder_->status() != ParseStatus::need_more;
  while (decoder_->status() == ParseStatus::need_more) {
    if (stream_.buffered().empty()) {
      if (!std::exchange(announced, true)) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
      send_pending();
      enter(Phase::body, shared_.options.body_timeout);
      const bool more = co_await stream_.fill();
      // Cut off in the middle, or too late: there is nothing to answer any more.
      if (!more || phase_ == Phase::lingering) co_return false;
    }
    const BodyPiece piece = decoder_->decode(stream_.buffered());
    body_.append(piece.data);
    stream_.consume(piece.consumed);
  }
  if (decoder_->status() == ParseStatus::failed) {
    refuse(decoder_->error());
    co_return false;
  }
  phase_ = Phase::handler;
  deadline_.reset();
  request_.body_ = body_;
  request_.trailers_ = &decoder_->trailers();
  co_return true;
}

// After the last answer the connection is not closed at once: bytes of the peer's that nobody
// read would make the system reset it, and the answer could be lost on the way.
Task<> ServerConnection::linger() {
  send_pending();
  phase_ = Phase::lingering;
  deadline_.reset();
  co_await stream_.flush();
  stream_.close_write();
  enter(Phase::lingering, linger_time);
  std::size_t drained = 0;
  for (bool more = true; more && drained < linger_bytes;) {
    drained += stream_.buffered().size();
    stream_.consume(stream_.buffered().size());
    more = co_await stream_.fill();
  }
}

// ---- the handler

Task<> ServerConnection::call_handler() {
  try {
    return shared_.callback(request_, *this);
  } catch (...) {
    handler_failed(std::current_exception());
    return {};
  }
}

// From now on other connections run, and bytes may come: the head must not move, what is
// finished must go out, and the peer is watched.
void ServerConnection::handler_suspended(CancelSource& scope) {
  if (!std::exchange(head_detached_, true)) pinned_ = stream_.detach(parser_.head().size);
  handling_ = true;
  scope_ = &scope;
  send_pending();
  watch_ = watch(scope);
  detail::start_unobserved(watch_);
}

Task<> ServerConnection::watch(CancelSource& scope) {
  try {
    while (stream_.buffered().size() < pipelined_bytes) {
      const bool more = co_await stream_.fill();
      if (!more) break;
    }
    // Above that the rest waits in the system until this request is answered; whether the
    // peer goes meanwhile is seen by `sweep`.
    if (stream_.buffered().size() >= pipelined_bytes) co_return;
  } catch (const StreamClosedError&) {
    // as an end
  }
  peer_left(scope);
}

void ServerConnection::peer_left(CancelSource& scope) {
  abort();  // not `close`: a peer that only ended its side still gets the answers before
  scope.cancel();
}

void ServerConnection::end_request(const std::exception_ptr& error) {
  handling_ = false;
  scope_ = nullptr;
  if (error) handler_failed(error);
  if (!finished_ && !closed()) {
    log::app().error(fmt::format("{} {}: the handler ended without an answer", request_.method(),
                                 request_.uri()));
    headers_written_ ? abort() : refuse(500, "Internal Server Error");
  }
  if (closed()) keep_alive_ = false;  // nobody takes the answers to what has been read ahead
  if (!head_detached_) stream_.consume(parser_.head().size);
  head_detached_ = false;
  pinned_.reset();
  decoder_.reset();
  if (body_.capacity() > kept_body_bytes) body_ = std::string();
  request_.headers_.reset();
  parser_.reset();
}

void ServerConnection::handler_failed(const std::exception_ptr& error) {
  if (!closed() || !says_closed(error)) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      log::app().error(fmt::format("Uncaught exception {} {} ({}): {}", request_.method(),
                                   request_.uri(), peer_.ip, e.what()));
    } catch (...) {
      log::app().error(fmt::format("Uncaught exception {} {} ({})", request_.method(),
                                   request_.uri(), peer_.ip));
    }
  }
  if (headers_written_) {
    if (!finished_) abort();
  } else {
    refuse(500, "Internal Server Error");
  }
}

void ServerConnection::refuse(ParseError error) {
  const std::string message = make_error_code(error).message();
  log::gen().info(fmt::format("Malformed HTTP message from {}: {}", peer_.ip, message));
  refuse(status_of(error), message);
}

void ServerConnection::refuse(int code, std::string_view message) {
  if (closed()) return;
  keep_alive_ = false;
  headers_written_ = false;
  bodiless_ = parser_.to_head();
  const std::string fields =
      fmt::format("Content-Type: text/plain; charset=UTF-8\r\nDate: {}\r\n", current_date());
  respond(code, reason_phrase(code), fields, fmt::format("{}\n", message));
}

// ---- time

void ServerConnection::enter(Phase phase, Duration timeout) noexcept {
  phase_ = phase;
  idle_since_sweep_ = false;
  if (timeout > Duration::zero()) {
    deadline_ = time_after(shared_.now, timeout);
  } else {
    deadline_.reset();
  }
}

void ServerConnection::sweep() {
  if (stream_.closed()) return;
  check_write_progress();
  if (stream_.closed()) return;
  if (handling_ && !stream_.reading() && stream_.peer_gone()) {
    peer_left(*scope_);
  } else if (phase_ == Phase::idle && stream_.writing()) {
    enter(Phase::idle, shared_.options.idle_connection_timeout);  // it takes its answers
  } else if (phase_ == Phase::lingering && stream_.writing()) {
    enter(Phase::lingering, linger_time);
  } else if (deadline_ && shared_.now >= *deadline_) {
    time_out();
  } else if (phase_ == Phase::idle && std::exchange(idle_since_sweep_, true)) {
    release_memory();
  }
}

void ServerConnection::time_out() {
  if (phase_ != Phase::head && phase_ != Phase::body) {
    stream_.close();
    return;
  }
  refuse(408, "The request did not arrive in time.");
  send_pending();
  stream_.close_write();
  enter(Phase::lingering, linger_time);  // who reads sees that it is over
}

// An idle connection owns no buffers.
void ServerConnection::release_memory() {
  stream_.release_idle_buffer();
  out_ = std::string();
  body_ = std::string();
  if (stream_.buffered().empty()) parser_ = RequestHeadParser(shared_.limits);
}

void ServerConnection::check_write_progress() {
  const std::uint64_t written = stream_.bytes_written();
  if (!stream_.writing() || written != std::exchange(swept_bytes_, written) || !write_deadline_) {
    write_deadline_ = time_after(shared_.now, shared_.options.write_timeout);
  } else if (shared_.options.write_timeout > Duration::zero() && shared_.now >= *write_deadline_) {
    log::gen().info(fmt::format("{} does not read its answer: connection closed", peer_.ip));
    stream_.close();
    if (scope_ != nullptr) scope_->cancel();
  }
}

}  // namespace funnel::http
