#include "http/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "http/parse_chars.h"

namespace funnel::http {
namespace {

// Nobody needs chunk extensions. RFC 9112 section 7.1.1 wants them ignored, and bounded in all:
// a body of many small chunks would else be a hundred times as long as its limit.
constexpr std::size_t max_chunk_line = 256;
constexpr std::size_t max_ignored_bytes = std::size_t{16} * 1024;  // of one body

}  // namespace

BodyDecoder::BodyDecoder(BodyFraming framing, std::uint64_t content_length,
                         std::uint64_t max_body_bytes, const HeadLimits& limits)
    : max_body_bytes_(max_body_bytes), trailer_lines_(limits) {
  switch (framing) {
    case BodyFraming::none:
      break;
    case BodyFraming::length:
      remaining_ = content_length;
      if (content_length > max_body_bytes) {
        fail(ParseError::body_too_large);
      } else if (content_length > 0) {
        state_ = State::data;
      }
      break;
    case BodyFraming::chunked:
      chunked_ = true;
      state_ = State::chunk_size;
      break;
    case BodyFraming::until_close:
      state_ = State::to_the_end;
      break;
  }
}

BodyPiece BodyDecoder::decode(std::string_view input) {
  if (state_ == State::to_the_end) return take_to_the_end(input);
  std::size_t used = 0;
  while (used < input.size()) {
    if (state_ == State::done || state_ == State::failed) break;
    if (state_ == State::data) {
      const std::string_view data = take_data(input.substr(used));
      return {used + data.size(), data};
    }
    if (state_ == State::trailers) {
      used += take_trailers(input.substr(used));
    } else {
      take_framing_byte(input[used]);
      ++used;
    }
  }
  return {used, {}};
}

void BodyDecoder::end_of_stream() noexcept {
  if (state_ == State::to_the_end) {
    state_ = State::done;
  } else if (state_ != State::done && state_ != State::failed) {
    fail(ParseError::truncated_message);
  }
}

ParseStatus BodyDecoder::status() const noexcept {
  if (state_ == State::done) return ParseStatus::done;
  return state_ == State::failed ? ParseStatus::failed : ParseStatus::need_more;
}

std::string_view BodyDecoder::take_data(std::string_view input) noexcept {
  const std::uint64_t size = std::min<std::uint64_t>(input.size(), remaining_);
  remaining_ -= size;
  total_ += size;
  if (remaining_ == 0) state_ = chunked_ ? State::data_cr : State::done;
  return input.substr(0, static_cast<std::size_t>(size));
}

BodyPiece BodyDecoder::take_to_the_end(std::string_view input) noexcept {
  const std::uint64_t room = max_body_bytes_ - total_;
  if (room == 0 && !input.empty()) fail(ParseError::body_too_large);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), room));
  total_ += size;
  return {size, input.substr(0, size)};
}

void BodyDecoder::take_framing_byte(char byte) noexcept {
  switch (state_) {
    case State::data_cr:
      if (byte != '\r') return fail(ParseError::bad_chunk_end);
      state_ = State::data_lf;
      return;
    case State::data_lf:
      if (byte != '\n') return fail(ParseError::bad_chunk_end);
      line_bytes_ = 0;
      state_ = State::chunk_size;
      return;
    default:
      if (++line_bytes_ > max_chunk_line) return fail(ParseError::chunk_line_too_long);
      take_size_line_byte(byte);
      if (ignores_size_line_byte() && ++ignored_bytes_ > max_ignored_bytes) {
        fail(ParseError::chunk_line_too_long);
      }
  }
}

void BodyDecoder::take_size_line_byte(char byte) noexcept {
  switch (state_) {
    case State::chunk_size:
      // At least one digit: an empty line is not the last chunk.
      if (hex_value(byte) < 0) return fail(ParseError::bad_chunk_size);
      state_ = State::more_size;
      return add_size_digit(hex_value(byte));
    case State::more_size:
      if (hex_value(byte) >= 0) return add_size_digit(hex_value(byte));
      [[fallthrough]];
    case State::blank:
      // RFC 9112 section 7.1.1 allows blanks before an extension, but not at the line's end.
      if (byte == ';') {
        state_ = State::extension;
      } else if (byte == ' ' || byte == '\t') {
        state_ = State::blank;
      } else if (byte == '\r' && state_ == State::more_size) {
        state_ = State::size_lf;
      } else {
        fail(ParseError::bad_chunk_size);
      }
      return;
    case State::extension:
      if (byte == '\r') {
        state_ = State::size_lf;
      } else if (!is_char(byte, value_char)) {
        fail(byte == '\n' ? ParseError::bad_line_end : ParseError::bad_chunk_size);
      }
      return;
    default:  // State::size_lf
      if (byte != '\n') return fail(ParseError::bad_line_end);
      end_size_line();
  }
}

// Extensions, the blanks before them, and zeros in front of a size.
bool BodyDecoder::ignores_size_line_byte() const noexcept {
  const bool only_zeros = state_ == State::more_size && remaining_ == 0;
  return state_ == State::blank || state_ == State::extension || (only_zeros && line_bytes_ > 1);
}

void BodyDecoder::add_size_digit(int digit) noexcept {
  if (remaining_ > std::numeric_limits<std::uint64_t>::max() / 16) {
    return fail(ParseError::bad_chunk_size);
  }
  remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
}

void BodyDecoder::end_size_line() noexcept {
  if (remaining_ > max_body_bytes_ - total_) return fail(ParseError::body_too_large);
  if (remaining_ > 0) {
    state_ = State::data;
    return;
  }
  trailer_lines_.begin_at(0);
  state_ = State::trailers;
}

std::size_t BodyDecoder::take_trailers(std::string_view input) {
  if (trailer_block_.empty() && input.starts_with("\r\n")) {
    state_ = State::done;
    return 2;
  }
  const std::size_t before = trailer_block_.size();
  // One byte above the limit is enough for the limit to be noticed.
  const std::size_t room = trailer_lines_.limits().max_header_bytes - before;
  trailer_block_.append(input.size() > room ? input.substr(0, room + 1) : input);
  const ParseStatus status = trailer_lines_.feed(trailer_block_);
  if (status == ParseStatus::failed) {
    fail(trailer_lines_.error());
  } else if (status == ParseStatus::done) {
    std::vector<HeaderField> fields;
    trailer_lines_.append_to(fields, trailer_block_);
    trailers_ = copy_headers(fields);
    state_ = State::done;
    return trailer_lines_.end() - before;
  }
  return trailer_block_.size() - before;
}

void BodyDecoder::fail(ParseError error) noexcept {
  error_ = error;
  state_ = State::failed;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), data.size(), 16).ptr;
  out.append(digits.begin(), end).append("\r\n").append(data).append("\r\n");
}

void append_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

}  // namespace funnel::http
