#pragma once

#include <funnel/httputil.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/parse_fields.h"
#include "http/parse_start_line.h"
#include "http/parse_status.h"

/// @file
/// Incremental parsers for HTTP/1.1 messages (RFC 9112). No I/O, no copies: what they return
/// are views into the caller's buffer. Where the input is cut never changes the result.

namespace funnel::http {

/// How the end of a body is found (RFC 9112 section 6.3).
enum class BodyFraming { none, length, chunked, until_close };

/// The head of a request. The views point into the buffer of the `feed` call that returned
/// `done` (a few into literals) and are valid as long as that memory is.
struct RequestHeadView {
  RequestHeadView() = default;

  /// Returns the value of the first field of that name, or null when there is none.
  [[nodiscard]] const std::string_view* find(std::string_view name) const noexcept;

  std::string_view method;
  std::string_view target;                  ///< as received
  std::string_view path;                    ///< starts with `/`, or is `*`; still percent-encoded
  std::string_view query;                   ///< behind the first `?`; empty when there is none
  std::string_view host;                    ///< with port; from the target when that is absolute
  int minor_version = 1;                    ///< 0 or 1
  std::vector<HeaderField> fields;          ///< in the order received, names as received
  std::size_t size = 0;                     ///< bytes of the head; the body begins behind them
  BodyFraming framing = BodyFraming::none;  ///< never `until_close`
  std::uint64_t content_length = 0;         ///< when `framing` is `length`
  bool keep_alive = true;                   ///< whether the client wants to go on
  bool expect_continue = false;             ///< whether the client waits for 100 before its body
  bool upgrade = false;                     ///< whether `Upgrade` names a protocol and is meant
};

/// The head of a response; views as in `RequestHeadView`.
struct ResponseHeadView {
  ResponseHeadView() = default;

  /// Returns the value of the first field of that name, or null when there is none.
  [[nodiscard]] const std::string_view* find(std::string_view name) const noexcept;

  int minor_version = 1;            ///< 0 or 1
  int code = 0;                     ///< 100 to 999; 100 to 199 but 101 precede another head
  std::string_view reason;          ///< may be empty
  std::vector<HeaderField> fields;  ///< in the order received, names as received
  std::size_t size = 0;             ///< bytes of the head; the body begins behind them
  BodyFraming framing = BodyFraming::none;
  std::uint64_t content_length = 0;  ///< when `framing` is `length`
  bool keep_alive = true;            ///< whether the connection can be used again
  bool upgrade = false;              ///< whether the server agreed to another protocol (101)
};

/// Copies fields that were parsed into headers of their own.
HTTPHeaders copy_headers(const std::vector<HeaderField>& fields);

/// Parses the heads of requests, one after the other.
///
/// Give `feed` everything received from the head's first byte on, each time more arrived; the
/// bytes may have moved. Nothing is scanned twice. After `done`, take `head()`, drop
/// `head().size` bytes and call `reset`. Nothing is allocated once the number of fields of the
/// largest head was seen.
class RequestHeadParser {
 public:
  explicit RequestHeadParser(const HeadLimits& limits = HeadLimits()) : fields_(limits) {}

  /// Looks at what is new in the buffer. After `done` or `failed`, call `reset` first.
  ParseStatus feed(std::string_view buffer);

  /// Returns the head. Only after `done`.
  [[nodiscard]] const RequestHeadView& head() const noexcept { return head_; }

  /// Returns why the head was refused. Only after `failed`.
  [[nodiscard]] ParseError error() const noexcept { return error_; }

  /// Tells whether the answer has no body: the request line is known, be the rest good or not,
  /// and it says HEAD.
  [[nodiscard]] bool to_head() const noexcept { return to_head_; }

  /// Starts over at a new head, which begins at the first byte of the next buffer.
  void reset() noexcept;

 private:
  enum class State { start, request_line, fields, finished };

  ParseStatus skip_empty_lines(std::string_view buffer);
  ParseStatus parse_line(std::string_view buffer);
  ParseStatus parse_fields(std::string_view buffer);
  ParseStatus fail(ParseError error) noexcept;

  State state_ = State::start;
  bool to_head_ = false;
  std::size_t line_begin_ = 0;  // of the request line, behind the empty lines
  std::size_t line_size_ = 0;   // without its end
  std::size_t scanned_ = 0;     // no line end between line_begin_ and here
  RequestLineParts line_;
  FieldLines fields_;
  RequestHeadView head_;
  ParseError error_ = no_error;
};

/// Parses the heads of responses; used as `RequestHeadParser`.
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(const HeadLimits& limits = HeadLimits()) : fields_(limits) {}

  /// Looks at what is new in the buffer. After `done` or `failed`, call `reset` first.
  ParseStatus feed(std::string_view buffer);

  /// Returns the head. Only after `done`.
  [[nodiscard]] const ResponseHeadView& head() const noexcept { return head_; }

  /// Returns why the head was refused. Only after `failed`.
  [[nodiscard]] ParseError error() const noexcept { return error_; }

  /// Starts over at a new head that answers a request with this method: `HEAD` and `CONNECT`
  /// decide whether there is a body. Call it before the first head too, and after an interim
  /// response.
  void reset(std::string_view request_method) noexcept;

 private:
  enum class State { status_line, fields, finished };

  ParseStatus parse_line(std::string_view buffer);
  ParseStatus parse_fields(std::string_view buffer);
  ParseStatus fail(ParseError error) noexcept;

  State state_ = State::status_line;
  bool to_head_ = false;
  bool to_connect_ = false;
  std::size_t scanned_ = 0;    // no line end before here
  std::size_t line_size_ = 0;  // without its end
  StatusLineParts line_;
  FieldLines fields_;
  ResponseHeadView head_;
  ParseError error_ = no_error;
};

/// A part of a body.
struct BodyPiece {
  BodyPiece(std::size_t consumed_, std::string_view data_) : consumed(consumed_), data(data_) {}

  std::size_t consumed;   ///< bytes taken from the front of the input
  std::string_view data;  ///< a view into the input; may be empty
};

/// Takes the framing off a body.
///
/// ```
/// while (decoder.status() == ParseStatus::need_more) {
///   if (input.empty()) …read more…
///   const BodyPiece piece = decoder.decode(input);
///   …use piece.data, then drop piece.consumed bytes of the input…
/// }
/// ```
class BodyDecoder {
 public:
  /// Fails at once when a known length is above the limit; is done at once when there is no
  /// body. `limits` apply to the trailer lines.
  BodyDecoder(BodyFraming framing, std::uint64_t content_length, std::uint64_t max_body_bytes,
              const HeadLimits& limits = HeadLimits());

  /// Takes the next piece from the front of `input`, at least one byte while `need_more`.
  ///
  /// Bytes that were consumed need not be given again: a line that is cut is kept inside. The
  /// piece that completes the body leaves what follows it in the input.
  BodyPiece decode(std::string_view input);

  /// Says that the peer closed. That completes a body of framing `until_close`, and fails any
  /// other that is not complete.
  void end_of_stream() noexcept;

  /// Tells whether the body goes on (`need_more`), is complete, or was refused.
  [[nodiscard]] ParseStatus status() const noexcept;

  /// Returns why the body was refused. Only after `failed`.
  [[nodiscard]] ParseError error() const noexcept { return error_; }

  /// Returns how many bytes of body came out so far.
  [[nodiscard]] std::uint64_t body_bytes() const noexcept { return total_; }

  /// Returns the trailer fields of a chunked body, empty until `done`. Nothing of the message
  /// may depend on them (RFC 9110 section 6.5): they are never merged into the headers.
  [[nodiscard]] const HTTPHeaders& trailers() const noexcept { return trailers_; }

 private:
  enum class State {
    data,        // bytes of a body or of a chunk, remaining_ of them
    to_the_end,  // bytes until the peer closes
    chunk_size,  // at the first digit of a chunk size
    more_size,   // behind the first digit
    blank,       // blanks between the size and an extension
    extension,   // behind the first `;`
    size_lf,     // at the LF of the size line
    data_cr,     // at the CR behind a chunk's data
    data_lf,     // at the LF behind a chunk's data
    trailers,    // in the trailer section
    done,
    failed,
  };

  BodyPiece take_to_the_end(std::string_view input) noexcept;
  std::string_view take_data(std::string_view input) noexcept;
  std::size_t take_trailers(std::string_view input);
  void take_framing_byte(char byte) noexcept;
  void take_size_line_byte(char byte) noexcept;
  /// Whether the byte that was just taken says nothing.
  bool ignores_size_line_byte() const noexcept;
  void add_size_digit(int digit) noexcept;
  void end_size_line() noexcept;
  void fail(ParseError error) noexcept;

  State state_ = State::done;
  bool chunked_ = false;
  std::uint64_t remaining_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t max_body_bytes_;
  std::size_t line_bytes_ = 0;     // of the size line
  std::size_t ignored_bytes_ = 0;  // of all size lines
  FieldLines trailer_lines_;
  std::string trailer_block_;
  HTTPHeaders trailers_;
  ParseError error_ = no_error;
};

/// Appends one chunk; nothing when `data` is empty, because an empty chunk ends the body.
void append_chunk(std::string& out, std::string_view data);

/// Appends the chunk that ends a body, without trailers.
void append_last_chunk(std::string& out);

}  // namespace funnel::http
