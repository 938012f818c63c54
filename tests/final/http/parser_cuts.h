#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/parser.h"
#include "support/exact_bytes.h"

/// @file
/// Runs a parser over a text in every way in which a connection may deliver it: whole, cut in
/// two at every byte, and byte by byte. Each call gets memory of its own, of exactly the right
/// size, so that AddressSanitizer sees a stale view or a byte read too many.

namespace cuts {

using Ends = std::vector<std::size_t>;

/// Calls `visit` with the ends of the pieces for each way of cutting `size` bytes.
template <typename Visit>
void for_each_cut(std::size_t size, Visit visit) {
  visit(Ends{size});
  for (std::size_t cut = 0; cut < size; ++cut) visit(Ends{cut, size});
  Ends every(size + 1);
  std::iota(every.begin(), every.end(), std::size_t{0});
  visit(every);
}

/// Everything a head parser says, copied.
struct Head {
  funnel::http::ParseStatus status = funnel::http::ParseStatus::need_more;
  funnel::ParseError error{};
  std::string method, target, path, query, host, reason;
  int code = 0;
  int minor_version = -1;
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t size = 0;
  funnel::http::BodyFraming framing{};
  std::uint64_t content_length = 0;
  bool keep_alive = false;
  bool expect_continue = false;
  bool upgrade = false;

  friend bool operator==(const Head&, const Head&) = default;
};

template <typename View>
Head copy_common(const View& view) {
  Head head;
  head.status = funnel::http::ParseStatus::done;
  head.minor_version = view.minor_version;
  for (const auto& [name, value] : view.fields) head.fields.emplace_back(name, value);
  head.size = view.size;
  head.framing = view.framing;
  head.content_length = view.content_length;
  head.keep_alive = view.keep_alive;
  head.upgrade = view.upgrade;
  return head;
}

inline Head copy(const funnel::http::RequestHeadView& view) {
  Head head = copy_common(view);
  head.method = view.method;
  head.target = view.target;
  head.path = view.path;
  head.query = view.query;
  head.host = view.host;
  head.expect_continue = view.expect_continue;
  return head;
}

inline Head copy(const funnel::http::ResponseHeadView& view) {
  Head head = copy_common(view);
  head.code = view.code;
  head.reason = view.reason;
  return head;
}

template <typename Parser>
Head feed_pieces(Parser& parser, std::string_view text, const Ends& ends) {
  Head head;
  for (const std::size_t end : ends) {
    const test_support::ExactBytes buffer(text.substr(0, end));
    const auto status = parser.feed(buffer.view());
    if (status == funnel::http::ParseStatus::done) head = copy(parser.head());
    if (status == funnel::http::ParseStatus::failed) head.error = parser.error();
    head.status = status;
    if (status != funnel::http::ParseStatus::need_more) break;
  }
  return head;
}

/// Parses in every way with parsers from `make` and checks that the ways agree.
template <typename Make>
Head parse_head(std::string_view text, Make make) {
  auto whole_parser = make();
  Head whole = feed_pieces(whole_parser, text, {text.size()});
  bool all_agree = true;
  for_each_cut(text.size(), [&](const Ends& ends) {
    auto parser = make();
    all_agree = all_agree && feed_pieces(parser, text, ends) == whole;
  });
  CAPTURE(std::string(text));
  CHECK(all_agree);
  return whole;
}

inline Head parse_request(std::string_view text,
                          const funnel::http::HeadLimits& limits = funnel::http::HeadLimits()) {
  return parse_head(text, [&] { return funnel::http::RequestHeadParser(limits); });
}

inline Head parse_response(std::string_view text, std::string_view method = "GET",
                           const funnel::http::HeadLimits& limits = funnel::http::HeadLimits()) {
  return parse_head(text, [&] {
    funnel::http::ResponseHeadParser parser(limits);
    parser.reset(method);
    return parser;
  });
}

/// Everything a body decoder says, copied.
struct Body {
  funnel::http::ParseStatus status = funnel::http::ParseStatus::need_more;
  funnel::ParseError error{};
  std::string data;
  std::size_t consumed = 0;  ///< only when done
  std::string trailers;

  friend bool operator==(const Body&, const Body&) = default;
};

/// Decodes the pieces of a text. Each call sees only bytes that were not consumed.
inline Body decode_pieces(funnel::http::BodyDecoder& decoder, std::string_view text,
                          const Ends& ends) {
  using funnel::http::ParseStatus;
  Body body;
  std::size_t consumed = 0;
  for (const std::size_t end : ends) {
    while (decoder.status() == ParseStatus::need_more && consumed < end) {
      const test_support::ExactBytes input(text.substr(consumed, end - consumed));
      const funnel::http::BodyPiece piece = decoder.decode(input.view());
      body.data.append(piece.data);
      consumed += piece.consumed;
      if (piece.consumed == 0 && decoder.status() == ParseStatus::need_more) {
        FAIL("decode() took nothing and wants more");
      }
    }
  }
  body.status = decoder.status();
  if (body.status == ParseStatus::failed) body.error = decoder.error();
  if (body.status == ParseStatus::done) body.consumed = consumed;
  body.trailers = decoder.trailers().to_string();
  CHECK(decoder.body_bytes() == body.data.size());
  return body;
}

/// Decodes in every way and checks that the ways agree.
template <typename Make>
Body decode_body(std::string_view text, Make make) {
  auto whole_decoder = make();
  Body whole = decode_pieces(whole_decoder, text, {text.size()});
  bool all_agree = true;
  for_each_cut(text.size(), [&](const Ends& ends) {
    auto decoder = make();
    all_agree = all_agree && decode_pieces(decoder, text, ends) == whole;
  });
  CAPTURE(std::string(text));
  CHECK(all_agree);
  return whole;
}

}  // namespace cuts
