#include "http/parser.h"

#include <funnel/assert.h>

#include "http/parse_framing.h"
#include "http/status.h"

namespace funnel::http {
namespace {

ParseError read_framing(const ConnectionFields& fields, bool body_allowed, ResponseHeadView& head) {
  head.framing = BodyFraming::none;
  head.content_length = 0;
  if (const ParseError error = check_transfer_encoding(fields, head.minor_version);
      error != no_error)
    return error;
  if (const ParseError error = parse_equal_content_lengths(head.fields, head.content_length);
      error != no_error)
    return error;
  const bool chunked = fields.transfer_encoding.present();
  // RFC 9110 section 8.6 and RFC 9112 section 6.1: a server must not send these. Ignoring them
  // would take a body that follows for the next response.
  if (head.code != 304 && has_no_body(head.code) && (chunked || head.content_length > 0)) {
    return ParseError::forbidden_body;
  }
  if (!body_allowed || has_no_body(head.code)) return no_error;
  head.framing = chunked                           ? BodyFraming::chunked
                 : fields.content_length.present() ? BodyFraming::length
                                                   : BodyFraming::until_close;
  return no_error;
}

}  // namespace

const std::string_view* ResponseHeadView::find(std::string_view name) const noexcept {
  return find_field(fields, name);
}

void ResponseHeadParser::reset(std::string_view request_method) noexcept {
  state_ = State::status_line;
  to_head_ = request_method == "HEAD";
  to_connect_ = request_method == "CONNECT";
  scanned_ = 0;
}

ParseStatus ResponseHeadParser::feed(std::string_view buffer) {
  FUNNEL_ASSERT(state_ != State::finished, "reset() comes before the next head");
  ParseStatus status = ParseStatus::done;
  if (state_ == State::status_line) status = parse_line(buffer);
  if (state_ == State::fields) status = parse_fields(buffer);
  return status;
}

ParseStatus ResponseHeadParser::parse_line(std::string_view buffer) {
  const std::size_t line_feed = find_line_feed(buffer, scanned_);
  const bool complete = line_feed != std::string_view::npos;
  scanned_ = complete ? line_feed + 1 : buffer.size();
  if (scanned_ > fields_.limits().max_request_line) return fail(ParseError::start_line_too_long);
  if (!complete) return ParseStatus::need_more;
  if (line_feed == 0 || buffer[line_feed - 1] != '\r') return fail(ParseError::bad_line_end);

  line_size_ = line_feed - 1;
  const ParseError error = parse_status_line(buffer.substr(0, line_size_), line_);
  if (error != no_error) return fail(error);
  fields_.begin_at(line_feed + 1);
  state_ = State::fields;
  return ParseStatus::done;
}

ParseStatus ResponseHeadParser::parse_fields(std::string_view buffer) {
  const ParseStatus status = fields_.feed(buffer);
  if (status == ParseStatus::failed) return fail(fields_.error());
  if (status == ParseStatus::need_more) return status;

  head_.minor_version = line_.minor_version;
  head_.code = line_.code;
  head_.reason = line_.reason(buffer.substr(0, line_size_));
  head_.size = fields_.end();
  head_.fields.clear();
  fields_.append_to(head_.fields, buffer);

  const ConnectionFields fields(head_.fields);
  // RFC 9112 section 6.3, rules 1 and 2: no answer to HEAD has a body, and what follows the
  // consent to CONNECT is the tunnel.
  const bool tunnel = to_connect_ && head_.code >= 200 && head_.code < 300;
  if (const ParseError error = read_framing(fields, !to_head_ && !tunnel, head_); error != no_error)
    return fail(error);
  head_.keep_alive =
      fields.keep_alive(head_.minor_version) && head_.framing != BodyFraming::until_close;
  head_.upgrade = head_.code == 101 && fields.upgrade.present() && fields.upgrade_named;
  state_ = State::finished;
  return ParseStatus::done;
}

ParseStatus ResponseHeadParser::fail(ParseError error) noexcept {
  error_ = error;
  state_ = State::finished;
  return ParseStatus::failed;
}

}  // namespace funnel::http
