// How a ServerConnection sends its answers.

#include "http/server_connection.h"
#include "http/status.h"
#include "net/stream_core.h"

#include <funnel/assert.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace funnel::http {

namespace {

constexpr std::size_t batch_bytes = std::size_t{64} * 1024;  // collected, then sent at once
constexpr std::size_t worth_no_copy = std::size_t{16} * 1024;

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

void ServerConnection::require_no_headers() const {
  if (headers_written_) throw std::logic_error("an answer was begun twice");
}

void ServerConnection::append_head(int code, std::string_view reason, std::string_view fields) {
  FUNNEL_ASSERT(code >= 200, "an interim status would leave the client waiting for the answer");
  require_no_headers();
  headers_written_ = true;
  if (has_no_body(code)) bodiless_ = true;
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

Future<> ServerConnection::respond(int code, std::string_view reason, std::string_view fields,
                                   std::string_view body) {
  append_head(code, reason, fields);
  // 204 has no length (RFC 9110 section 8.6); 304 would have to tell another body's.
  if (!has_no_body(code)) {
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
  return sent_;
}

void ServerConnection::write_headers(int code, std::string_view reason, std::string_view fields,
                                     std::optional<std::uint64_t> content_length) {
  require_no_headers();
  if (has_no_body(code)) bodiless_ = true;
  const bool old_client = parser_.head().minor_version == 0;
  // Then the end of the body is the end of the connection.
  if (!content_length && old_client && !bodiless_) keep_alive_ = false;
  append_head(code, reason, fields);
  if (code == 204) {  // has no length (RFC 9110 section 8.6)
    framing_ = Framing::none;
  } else if (content_length) {
    framing_ = Framing::length;
    length_left_ = *content_length;
    out_ += "Content-Length: ";
    append_number(out_, *content_length);
    out_ += "\r\n";
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

Future<> ServerConnection::finish() {
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
  return sent_;
}

// The answers before this one stay whole. The peer sees the end where more was announced.
void ServerConnection::abort() noexcept {
  keep_alive_ = false;
  if (closed()) return;
  out_.resize(std::min(out_.size(), answer_begin_));
  send_pending();
  stream_.close_write();
}

void ServerConnection::send_pending() {
  if (!out_.empty()) send({});
}

void ServerConnection::send(std::string_view body) {
  const bool was_open = !closed();
  sent_ = was_open ? stream_.write(out_, body)
                   : detail::failed_write(std::make_exception_ptr(StreamClosedError()));
  out_.clear();
  answer_begin_ = 0;
  if (was_open && stream_.error() == std::errc::no_buffer_space) {
    log::app().error(
        fmt::format("an answer to {} is larger than may be queued; flush it in pieces", peer_.ip));
  }
}

}  // namespace funnel::http
