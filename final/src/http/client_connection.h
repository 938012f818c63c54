#pragma once

#include <funnel/httpclient.h>
#include <funnel/iostream.h>
#include <funnel/task.h>

#include <cstdint>
#include <string>

#include "http/parser.h"

namespace funnel::http {

/// One connection of a client: sends a request, reads its response, and may do so again.
class ClientConnection {
 public:
  /// `peer` is `host:port`, for messages.
  ClientConnection(IOStream stream, std::string peer, const HeadLimits& limits);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
  ~ClientConnection() = default;

  /// Sends the request and reads its response into `response`. False if the connection ended
  /// before the first byte of an answer: then the server may not have seen the request.
  ///
  /// Throws `std::system_error` if the response is cut off or refused. The connection is good
  /// for another request only after it returned true and if `reusable`.
  Task<bool> exchange(const HTTPRequest& request, const URL& url, HTTPResponse& response);

  /// Tells whether another request may follow: not when bytes or the connection's end have come
  /// that belong to no request, whether the loop has seen them or not. A system call.
  [[nodiscard]] bool reusable() const noexcept { return reusable_ && !stream_.input_waiting(); }
  /// Why the connection ended; empty for an orderly end.
  [[nodiscard]] std::error_code error() const noexcept { return stream_.error(); }

  /// Watches an idle connection: it closes when the server closes it, or sends anything.
  void watch(TimePoint now);
  /// Takes it out of idleness.
  void stop_watching() { watch_ = Task<>(); }
  [[nodiscard]] TimePoint idle_since() const noexcept { return idle_since_; }

 private:
  void send(const HTTPRequest& request, const URL& url);
  void skip_interim(std::string_view method);
  void take_head(HTTPResponse& response);
  void take_body(BodyDecoder& decoder, std::string& body);
  Task<> close_at_next_event();
  [[noreturn]] void refuse(ParseError error) const;

  IOStream stream_;
  std::string peer_;
  HeadLimits limits_;
  ResponseHeadParser parser_;
  std::string head_;               // of the request; kept for its memory
  std::uint64_t request_end_ = 0;  // of the stream's bytes_written, once all of it is sent
  int interim_ = 0;                // responses that precede the one that counts
  bool reusable_ = false;
  TimePoint idle_since_{};
  Task<> watch_;  // last: it reads from the stream
};

}  // namespace funnel::http
