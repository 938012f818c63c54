#include "http/server_connection.h"

#include "http/date_cache.h"

#include <funnel/error.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>

namespace funnel::http {

namespace {

constexpr Duration linger_time = std::chrono::seconds(2);
constexpr std::size_t linger_bytes = std::size_t{256} * 1024;
constexpr std::size_t pipelined_bytes = std::size_t{64} * 1024;  // read ahead while a handler runs
constexpr std::size_t batch_bytes =
    std::size_t{64} * 1024;  // answers collected before they are sent
constexpr std::size_t worth_no_copy = std::size_t{16} * 1024;

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

/// For tasks whose end nobody waits for.
class NoObserver final : public detail::TaskObserver {
 public:
  std::coroutine_handle<> task_done() noexcept override { return {}; }
};
NoObserver no_observer;

HeadLimits limits_of(const HTTPServerOptions& options) {
  HeadLimits limits;
  limits.max_request_line = options.max_request_line;
  limits.max_header_bytes = options.max_header_size;
  limits.max_header_lines = options.max_header_lines;
  return limits;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

ServerShared::ServerShared(HTTPServer::RequestCallback callback_, const HTTPServerOptions& options_)
    : callback(std::move(callback_)),
      options(options_),
      limits(limits_of(options)),
      now(IOLoop::current().time()) {}

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
      if (!more) break;
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
  if (stream_.buffered().empty()) {
    enter(Phase::idle, shared_.options.idle_connection_timeout);
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
  bodiless_ = head.method == "HEAD";
  static const HTTPHeaders no_trailers;
  request_.head_ = &head;
  request_.headers_.reset();
  request_.trailers_ = &no_trailers;
  request_.body_ = {};
  request_.received_ = std::chrono::steady_clock::now();
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
      if (!more) co_return false;  // cut off in the middle: there is nothing to answer
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
  detail::TaskAccess::start(watch_, no_observer, nullptr);
}

Task<> ServerConnection::watch(CancelSource& scope) {
  try {
    while (stream_.buffered().size() < pipelined_bytes) {
      const bool more = co_await stream_.fill();
      if (!more) break;
    }
    // Above that the rest waits in the system until this request is answered.
    if (stream_.buffered().size() >= pipelined_bytes) co_return;
  } catch (const StreamClosedError&) {
    // as an end
  }
  stream_.close();
  scope.cancel();
}

void ServerConnection::end_request(const std::exception_ptr& error) {
  handling_ = false;
  scope_ = nullptr;
  if (error) handler_failed(error);
  if (!finished_ && !stream_.closed()) {
    log::app().error(fmt::format("{} {}: the handler ended without an answer", request_.method(),
                                 request_.uri()));
    headers_written_ ? abort() : refuse(500, "Internal Server Error");
  }
  if (!head_detached_) stream_.consume(parser_.head().size);
  head_detached_ = false;
  pinned_.reset();
  decoder_.reset();
  if (body_.capacity() > worth_no_copy) body_ = std::string();
  parser_.reset();
}

void ServerConnection::handler_failed(const std::exception_ptr& error) {
  if (!stream_.closed() || !says_closed(error)) {
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
  bodiless_ = false;
  refuse(status_of(error), message);
}

void ServerConnection::refuse(int code, std::string_view message) {
  if (stream_.closed()) return;
  keep_alive_ = false;
  headers_written_ = false;
  const std::string fields =
      fmt::format("Content-Type: text/plain; charset=UTF-8\r\nDate: {}\r\n", current_date());
  respond(code, reason_phrase(code), fields, fmt::format("{}\n", message));
}

// ---- answers

void ServerConnection::require_no_headers() const {
  if (headers_written_) throw std::logic_error("an answer was begun twice");
}

void ServerConnection::append_head(int code, std::string_view reason, std::string_view fields) {
  require_no_headers();
  headers_written_ = true;
  answer_begin_ = out_.size();
  if (code < 200 || code == 204 || code == 304) bodiless_ = true;
  out_ += "HTTP/1.1 ";
  append_number(out_, static_cast<std::uint64_t>(code));
  out_ += ' ';
  out_ += reason;
  out_ += "\r\n";
  out_ += fields;
  if (!keep_alive_) {
    out_ += "Connection: close\r\n";
  } else if (parser_.head().minor_version == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
}

void ServerConnection::respond(int code, std::string_view reason, std::string_view fields,
                               std::string_view body) {
  append_head(code, reason, fields);
  // 204 and 1xx have no length (RFC 9110 section 8.6); 304 would have to tell another body's.
  if (code >= 200 && code != 204 && code != 304) {
    out_ += "Content-Length: ";
    append_number(out_, body.size());
    out_ += "\r\n";
  }
  out_ += "\r\n";
  finished_ = true;
  if (!bodiless_) {
    if (body.size() < worth_no_copy) {
      out_ += body;
    } else {
      send(body);
    }
  }
  if (handling_ || out_.size() >= batch_bytes) send_pending();
}

void ServerConnection::write_headers(int code, std::string_view reason, std::string_view fields,
                                     std::optional<std::uint64_t> content_length) {
  const bool old_client = parser_.head().minor_version == 0;
  if (!content_length && old_client) keep_alive_ = false;  // the end is the connection's end
  append_head(code, reason, fields);
  // RFC 9110 section 8.6: no length in 1xx and 204.
  if (content_length && code >= 200 && code != 204) {
    framing_ = Framing::length;
    length_left_ = *content_length;
    out_ += "Content-Length: ";
    append_number(out_, *content_length);
    out_ += "\r\n";
  } else if (bodiless_ && code < 300) {
    framing_ = Framing::none;
  } else if (old_client) {
    framing_ = Framing::until_close;
  } else {
    framing_ = Framing::chunked;
    if (code != 304) out_ += "Transfer-Encoding: chunked\r\n";
  }
  out_ += "\r\n";
}

Future<> ServerConnection::write(std::string_view chunk) {
  if (!headers_written_ || finished_) {
    throw std::logic_error("a body was written before write_headers or after finish");
  }
  if (framing_ == Framing::length) {
    if (chunk.size() > length_left_) {
      abort();
      throw std::length_error("tried to write more data than Content-Length");
    }
    length_left_ -= chunk.size();
  }
  if (!bodiless_) append_piece(chunk);
  send_pending();
  return sent_;
}

void ServerConnection::append_piece(std::string_view chunk) {
  if (framing_ == Framing::chunked) {
    append_chunk(out_, chunk);
  } else {
    out_ += chunk;
  }
}

void ServerConnection::finish() {
  if (!headers_written_ || finished_) {
    throw std::logic_error("an answer was finished before write_headers or twice");
  }
  if (framing_ == Framing::length && length_left_ > 0 && !bodiless_) {
    abort();
    throw std::length_error(
        fmt::format("tried to write {} bytes less than Content-Length", length_left_));
  }
  finished_ = true;
  if (framing_ == Framing::chunked && !bodiless_) append_last_chunk(out_);
  if (handling_) send_pending();
}

void ServerConnection::abort() noexcept {
  keep_alive_ = false;
  out_.resize(std::min(out_.size(), answer_begin_));  // the answers before this one are whole
  send_pending();
  stream_.close();
}

void ServerConnection::send_pending() {
  if (!out_.empty()) send({});
}

void ServerConnection::send(std::string_view body) {
  const bool was_open = !stream_.closed();
  sent_ = stream_.write(out_, body);
  out_.clear();
  answer_begin_ = 0;
  if (was_open && stream_.error() == std::errc::no_buffer_space) {
    log::app().error(
        fmt::format("{} {}: the answer is larger than may be queued; flush it in pieces",
                    request_.method(), request_.uri()));
  }
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
  if (phase_ == Phase::idle && stream_.writing()) {
    enter(Phase::idle, shared_.options.idle_connection_timeout);  // it takes its answers
  } else if (deadline_ && shared_.now >= *deadline_) {
    if (phase_ == Phase::head || phase_ == Phase::body) {
      if (phase_ == Phase::head) bodiless_ = false;  // that was the request before
      refuse(408, "The request did not arrive in time.");
      send_pending();
    }
    stream_.close();
  } else if (phase_ == Phase::idle && std::exchange(idle_since_sweep_, true)) {
    stream_.release_idle_buffer();
    out_ = std::string();
  }
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
