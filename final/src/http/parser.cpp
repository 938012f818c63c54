#include "http/parser.h"

#include <funnel/assert.h>

#include "http/parse_chars.h"
#include "http/parse_framing.h"
#include "http/parse_target.h"

namespace funnel::http {
namespace {

// RFC 9112 section 2.2: at least one empty line before a request is to be skipped, since old
// clients send one behind a body. Many are an attempt to keep us busy.
constexpr std::size_t max_empty_lines = 4;

ParseError read_target(RequestHeadView& head) {
  TargetParts parts;
  if (const ParseError error = parse_target(head.method, head.target, parts); error != no_error)
    return error;
  head.path = parts.path;
  head.query = parts.query;
  head.host = parts.host;
  return no_error;
}

ParseError read_host(const ConnectionFields& fields, RequestHeadView& head) {
  // RFC 9112 section 3.2: all of this is answered with 400, also when the target is absolute.
  if (fields.host.count > 1) return ParseError::duplicate_host;
  if (!fields.host.present() && head.minor_version >= 1) return ParseError::missing_host;
  if (!is_valid_host_header(fields.host.value)) return ParseError::bad_host;
  // RFC 9112 section 3.2.2: the host of an absolute target replaces Host.
  if (head.host.empty()) head.host = fields.host.value;
  return no_error;
}

ParseError read_framing(const ConnectionFields& fields, RequestHeadView& head) {
  head.framing = BodyFraming::none;
  head.content_length = 0;
  if (const ParseError error = check_transfer_encoding(fields, head.minor_version);
      error != no_error)
    return error;
  if (fields.transfer_encoding.present()) head.framing = BodyFraming::chunked;
  if (!fields.content_length.present()) return no_error;
  // RFC 9110 section 8.6 would let equal values be merged; a client that repeats one is broken
  // or tries something.
  if (fields.content_length.count > 1) return ParseError::duplicate_content_length;
  head.framing = BodyFraming::length;
  return parse_content_length(fields.content_length.value, head.content_length);
}

ParseError read_expect(const ConnectionFields& fields, RequestHeadView& head) {
  head.expect_continue = false;
  // RFC 9110 section 10.1.1: HTTP/1.0 has no expectations.
  if (!fields.expect.present() || head.minor_version == 0) return no_error;
  if (fields.expect.count > 1 || !equals_ignoring_case(fields.expect.value, "100-continue")) {
    return ParseError::unknown_expectation;
  }
  head.expect_continue = head.framing == BodyFraming::chunked || head.content_length > 0;
  return no_error;
}

ParseError read_fields(RequestHeadView& head) {
  const ConnectionFields fields(head.fields);
  if (const ParseError error = read_host(fields, head); error != no_error) return error;
  if (const ParseError error = read_framing(fields, head); error != no_error) return error;
  if (const ParseError error = read_expect(fields, head); error != no_error) return error;
  head.keep_alive = fields.keep_alive(head.minor_version);
  // RFC 9110 section 7.8: only what Connection names counts, and not in HTTP/1.0.
  head.upgrade = fields.upgrade.present() && fields.upgrade_named && head.minor_version >= 1;
  return no_error;
}

}  // namespace

const std::string_view* RequestHeadView::find(std::string_view name) const noexcept {
  return find_field(fields, name);
}

HTTPHeaders copy_headers(const std::vector<HeaderField>& fields) {
  HTTPHeaders headers;
  for (const HeaderField& field : fields) headers.add(field.name, field.value);
  return headers;
}

ParseStatus RequestHeadParser::feed(std::string_view buffer) {
  FUNNEL_ASSERT(state_ != State::finished, "reset() comes before the next head");
  ParseStatus status = ParseStatus::done;
  if (state_ == State::start) status = skip_empty_lines(buffer);
  if (state_ == State::request_line) status = parse_line(buffer);
  if (state_ == State::fields) status = parse_fields(buffer);
  return status;
}

ParseStatus RequestHeadParser::skip_empty_lines(std::string_view buffer) {
  while (line_begin_ < buffer.size()) {
    const char byte = buffer[line_begin_];
    if (byte != '\r' && byte != '\n') {
      // Refused at once: what speaks TLS to us would wait for an answer to its first bytes.
      if (!is_char(byte, token_char)) return fail(ParseError::bad_method);
      scanned_ = line_begin_;
      state_ = State::request_line;
      return ParseStatus::done;
    }
    if (byte == '\n') return fail(ParseError::bad_line_end);
    if (line_begin_ + 1 == buffer.size()) break;
    if (buffer[line_begin_ + 1] != '\n') return fail(ParseError::bad_line_end);
    line_begin_ += 2;
    if (line_begin_ > 2 * max_empty_lines) return fail(ParseError::bad_request_line);
  }
  return ParseStatus::need_more;
}

ParseStatus RequestHeadParser::parse_line(std::string_view buffer) {
  const std::size_t line_feed = find_line_feed(buffer, scanned_);
  const bool complete = line_feed != std::string_view::npos;
  scanned_ = complete ? line_feed + 1 : buffer.size();
  if (scanned_ - line_begin_ > fields_.limits().max_request_line) {
    return fail(ParseError::start_line_too_long);
  }
  if (!complete) return ParseStatus::need_more;
  if (buffer[line_feed - 1] != '\r') return fail(ParseError::bad_line_end);

  line_size_ = line_feed - 1 - line_begin_;
  const ParseError error = parse_request_line(buffer.substr(line_begin_, line_size_), line_);
  if (error != no_error) return fail(error);
  to_head_ = line_.method(buffer.substr(line_begin_, line_size_)) == "HEAD";
  fields_.begin_at(line_feed + 1);
  state_ = State::fields;
  return ParseStatus::done;
}

ParseStatus RequestHeadParser::parse_fields(std::string_view buffer) {
  const ParseStatus status = fields_.feed(buffer);
  if (status == ParseStatus::failed) return fail(fields_.error());
  if (status == ParseStatus::need_more) return status;

  const std::string_view line = buffer.substr(line_begin_, line_size_);
  head_.method = line_.method(line);
  head_.target = line_.target(line);
  head_.minor_version = line_.minor_version;
  head_.size = fields_.end();
  head_.fields.clear();
  fields_.append_to(head_.fields, buffer);
  if (const ParseError error = read_target(head_); error != no_error) return fail(error);
  if (const ParseError error = read_fields(head_); error != no_error) return fail(error);
  state_ = State::finished;
  return ParseStatus::done;
}

ParseStatus RequestHeadParser::fail(ParseError error) noexcept {
  error_ = error;
  state_ = State::finished;
  return ParseStatus::failed;
}

void RequestHeadParser::reset() noexcept {
  state_ = State::start;
  to_head_ = false;
  line_begin_ = 0;
}

}  // namespace funnel::http
