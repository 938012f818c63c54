// Parses a stream of messages whole and cut into pieces: heads, bodies and error must be the
// same. The input's first byte chooses role and limits, the second how many bytes behind it are
// sizes of pieces (none: byte by byte), and the rest is the stream.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "http/parser.h"
#include "support/exact_bytes.h"

namespace {

using test_support::ExactBytes;

using namespace funnel;
using namespace funnel::http;

struct Setup {
  bool responses = false;
  std::string_view method = "GET";
  HeadLimits limits;
  std::uint64_t max_body_bytes = 0;
};

Setup setup_of(std::uint8_t choice) {
  Setup setup;
  setup.responses = (choice & 1) != 0;
  setup.method = (choice & 2) != 0 ? "HEAD" : (choice & 4) != 0 ? "CONNECT" : "GET";
  if ((choice & 8) != 0) {
    setup.limits.max_request_line = 40;
    setup.limits.max_header_bytes = 80;
    setup.limits.max_header_lines = 4;
  }
  setup.max_body_bytes = (choice & 16) != 0 ? 20 : 1'000'000;
  return setup;
}

void log_text(std::string& log, std::string_view text) {
  log.append(std::to_string(text.size())).append(":").append(text).append(" ");
}

void log_number(std::string& log, std::uint64_t number) { log += std::to_string(number) + " "; }

template <typename View>
void log_common(std::string& log, const View& head) {
  for (const auto& [name, value] : head.fields) {
    log_text(log, name);
    log_text(log, value);
    if (head.find(name) == nullptr) std::abort();
  }
  log_number(log, static_cast<std::uint64_t>(head.minor_version));
  log_number(log, head.size);
  log_number(log, static_cast<std::uint64_t>(head.framing));
  log_number(log, head.content_length);
  log_number(log, head.keep_alive);
  log_number(log, head.upgrade);
  // What was parsed may be sent: the strict set of the writing side takes all of it.
  log_text(log, copy_headers(head.fields).to_string());
}

void log_head(std::string& log, const RequestHeadView& head) {
  for (const std::string_view part : {head.method, head.target, head.path, head.query, head.host}) {
    log_text(log, part);
  }
  log_number(log, head.expect_continue);
  log_common(log, head);
}

void log_head(std::string& log, const ResponseHeadView& head) {
  log_number(log, static_cast<std::uint64_t>(head.code));
  log_text(log, head.reason);
  log_common(log, head);
}

/// A connection without I/O: gets bytes, logs what it reads.
template <typename Parser>
class Connection {
 public:
  Connection(const Setup& setup, Parser parser)
      : setup_(setup), parser_(std::move(parser)), body_(BodyFraming::none, 0, 0) {}

  void receive(std::string_view bytes) {
    buffer_.append(bytes);
    while (!failed_ && (in_body_ ? read_body() : read_head())) {
    }
  }

  std::string finish() {
    if (in_body_ && !failed_) {
      body_.end_of_stream();
      log_body_end();
    }
    log_text(log_, body_text_);
    return log_;
  }

 private:
  bool read_head() {
    const ExactBytes memory(buffer_);
    const ParseStatus status = parser_.feed(memory.view());
    if (status == ParseStatus::need_more) return false;
    if (status == ParseStatus::failed) {
      fail(parser_.error());
      return false;
    }
    const auto& head = parser_.head();
    log_head(log_, head);
    if (head.size == 0 || head.size > buffer_.size()) std::abort();
    body_ = BodyDecoder(head.framing, head.content_length, setup_.max_body_bytes, setup_.limits);
    buffer_.erase(0, head.size);
    in_body_ = true;
    return true;
  }

  bool read_body() {
    while (body_.status() == ParseStatus::need_more && !buffer_.empty()) {
      const ExactBytes memory(buffer_);
      const BodyPiece piece = body_.decode(memory.view());
      if (piece.consumed > buffer_.size()) std::abort();
      if (piece.consumed == 0 && body_.status() == ParseStatus::need_more) std::abort();
      body_text_.append(piece.data);
      buffer_.erase(0, piece.consumed);
    }
    if (body_.status() == ParseStatus::need_more) return false;
    log_body_end();
    if (failed_) return false;
    in_body_ = false;
    if constexpr (std::is_same_v<Parser, ResponseHeadParser>) {
      parser_.reset(setup_.method);
    } else {
      parser_.reset();
    }
    return true;
  }

  void log_body_end() {
    log_text(log_, body_text_);
    if (body_.body_bytes() != body_text_.size()) std::abort();
    if (body_text_.size() > setup_.max_body_bytes) std::abort();
    body_text_.clear();
    if (body_.status() == ParseStatus::failed) return fail(body_.error());
    log_text(log_, body_.trailers().to_string());
  }

  void fail(ParseError error) {
    failed_ = true;
    log_ += make_error_code(error).message();
    if (status_of(error) < 400) std::abort();
  }

  Setup setup_;
  Parser parser_;
  BodyDecoder body_;
  std::string buffer_;
  std::string body_text_;
  std::string log_;
  bool in_body_ = false;
  bool failed_ = false;
};

template <typename Parser>
void compare(const Setup& setup, const Parser& parser, std::string_view cuts,
             std::string_view stream) {
  Connection<Parser> whole(setup, parser);
  whole.receive(stream);
  Connection<Parser> pieces(setup, parser);
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const unsigned wanted = cuts.empty() ? 1 : static_cast<unsigned char>(cuts[i % cuts.size()]);
    const std::size_t size = std::clamp<std::size_t>(wanted, 1, stream.size());
    pieces.receive(stream.substr(0, size));
    stream.remove_prefix(size);
  }
  if (whole.finish() != pieces.finish()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  const Setup setup = setup_of(static_cast<std::uint8_t>(input[0]));
  const std::size_t cut_count = static_cast<unsigned char>(input[1]) % 8;
  input.remove_prefix(2);
  const std::string_view cuts = input.substr(0, cut_count);
  const std::string_view stream = input.substr(cuts.size());
  if (setup.responses) {
    ResponseHeadParser parser(setup.limits);
    parser.reset(setup.method);
    compare(setup, parser, cuts, stream);
  } else {
    compare(setup, RequestHeadParser(setup.limits), cuts, stream);
  }
  return 0;
}
