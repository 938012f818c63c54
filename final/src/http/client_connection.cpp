#include "http/client_connection.h"

#include <algorithm>

#include <fmt/format.h>

#include <funnel/error.h>

#include "core/unobserved.h"
#include "http/client_request.h"

namespace funnel::http {
namespace {

constexpr int max_interim = 20;
constexpr std::uint64_t max_reserve = std::uint64_t{1024} * 1024;

}  // namespace

ClientConnection::ClientConnection(IOStream stream, std::string peer, const HeadLimits& limits)
    : stream_(std::move(stream)), peer_(std::move(peer)), limits_(limits), parser_(limits) {}

Task<bool> ClientConnection::exchange(const HTTPRequest& request, const URL& url,
                                      HTTPResponse& response) {
  bool answered = false;
  try {
    send(request, url);
    for (;;) {
      answered = answered || !stream_.buffered().empty();
      const ParseStatus status = parser_.feed(stream_.buffered());
      if (status == ParseStatus::failed) refuse(parser_.error());
      if (status == ParseStatus::done) {
        if (parser_.head().code >= 200) break;
        skip_interim(request.method);
        continue;
      }
      const bool more = co_await stream_.fill();
      if (more) continue;
      if (!answered) co_return false;
      refuse(ParseError::truncated_message);
    }
    const ResponseHeadView& head = parser_.head();
    BodyDecoder decoder(head.framing, head.content_length, request.max_body_size, limits_);
    take_head(response);
    take_body(decoder, response.body);
    while (decoder.status() == ParseStatus::need_more) {
      const bool more = co_await stream_.fill();
      if (more) {
        take_body(decoder, response.body);
      } else {
        decoder.end_of_stream();
      }
    }
    if (decoder.status() == ParseStatus::failed) refuse(decoder.error());
  } catch (const StreamClosedError& error) {
    if (!answered) co_return false;
    throw std::system_error(error.code(), fmt::format("the response of {} was cut off", peer_));
  }
  // Behind a request of which a part was never sent, the server would take the next one for
  // the rest of it.
  reusable_ = parser_.head().keep_alive && allows_keep_alive(request.headers) &&
              stream_.bytes_written() == request_end_;
  co_return true;
}

void ClientConnection::send(const HTTPRequest& request, const URL& url) {
  reusable_ = false;
  interim_ = 0;
  parser_.reset(request.method);
  head_.clear();
  append_request_head(head_, request, url);
  const std::string_view body = request.body ? *request.body : std::string_view();
  request_end_ = stream_.bytes_written() + head_.size() + body.size();
  // Nobody waits for it to be sent, nor learns that it could not be: a server may answer, and
  // even close, before it has seen all of it (RFC 9112 section 9.5), and the answer counts.
  (void)stream_.write(head_, body);
}

void ClientConnection::skip_interim(std::string_view method) {
  // Nobody asked for another protocol, so what follows cannot be understood.
  if (parser_.head().code == 101) {
    throw std::system_error(std::make_error_code(std::errc::protocol_error),
                            fmt::format("{} switches to another protocol unasked", peer_));
  }
  if (++interim_ > max_interim) {
    throw std::system_error(
        std::make_error_code(std::errc::protocol_error),
        fmt::format("{} sent more than {} interim responses", peer_, max_interim));
  }
  stream_.consume(parser_.head().size);
  parser_.reset(method);
}

void ClientConnection::take_head(HTTPResponse& response) {
  const ResponseHeadView& head = parser_.head();
  response.code = head.code;
  response.reason = head.reason;
  response.headers = copy_headers(head.fields);
  response.body.clear();
  if (head.framing == BodyFraming::length) {
    // A server may announce more than it sends: no memory for words alone.
    response.body.reserve(static_cast<std::size_t>(std::min(head.content_length, max_reserve)));
  }
  stream_.consume(head.size);
}

void ClientConnection::take_body(BodyDecoder& decoder, std::string& body) {
  while (decoder.status() == ParseStatus::need_more && !stream_.buffered().empty()) {
    const BodyPiece piece = decoder.decode(stream_.buffered());
    body.append(piece.data);
    stream_.consume(piece.consumed);
  }
}

void ClientConnection::refuse(ParseError error) const {
  throw std::system_error(make_error_code(error),
                          fmt::format("the response of {} was refused", peer_));
}

void ClientConnection::watch(TimePoint now) {
  idle_since_ = now;
  watch_ = close_at_next_event();
  detail::start_unobserved(watch_);
}

Task<> ClientConnection::close_at_next_event() {
  try {
    co_await stream_.fill();
  } catch (const StreamClosedError&) {
    // as an end
  }
  stream_.close();
}

}  // namespace funnel::http
