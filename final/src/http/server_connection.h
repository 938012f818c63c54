#pragma once

#include "http/handler_run.h"
#include "http/parser.h"

#include <funnel/httpserver.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace funnel::http {

struct ConnectionTag;
class ServerConnection;

/// What the connections of a server share.
class ServerShared {
 public:
  ServerShared(HTTPServer::RequestCallback callback_, const HTTPServerOptions& options_);

  HTTPServer::RequestCallback callback;
  HTTPServerOptions options;
  HeadLimits limits;
  IOLoop& loop;
  /// The time of the last sweep. Deadlines are counted from here, and none needs a timer.
  TimePoint now;
  detail::List<ServerConnection, ConnectionTag> connections;
};

/// One connection of a server: reads requests, has them handled, sends the answers.
class ServerConnection final : public HTTPConnection,
                               public detail::ListLink<ConnectionTag>,
                               private HandlerRun::Listener {
 public:
  ServerConnection(ServerShared& shared, IOStream stream, Address peer);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection() = default;

  /// Serves until the connection ends, whoever ends it.
  Task<> serve();
  /// Looks at the deadlines; called about once a second.
  void sweep();

  Future<> respond(int code, std::string_view reason, std::string_view fields,
                   std::string_view body) override;
  void write_headers(int code, std::string_view reason, std::string_view fields,
                     std::optional<std::uint64_t> content_length) override;
  Future<> write(std::string_view chunk) override;
  Future<> finish() override;
  void close_after_answer() noexcept override { keep_alive_ = false; }
  void abort() noexcept override;
  bool headers_written() const noexcept override { return headers_written_; }
  bool finished() const noexcept override { return finished_; }
  bool closed() const noexcept override { return !stream_.writable(); }

 private:
  enum class Phase { idle, head, body, handler, lingering };
  enum class Framing { none, length, chunked, until_close };

  Task<> serve_requests();
  Task<bool> read_body();
  Task<> linger();
  Task<> watch(CancelSource& scope);
  void peer_left(CancelSource& scope);

  void wait_for_head();
  void begin_request();
  Task<> call_handler();
  void handler_suspended(CancelSource& scope) override;
  void end_request(const std::exception_ptr& error);
  void handler_failed(const std::exception_ptr& error);
  void refuse(ParseError error);
  void refuse(int code, std::string_view message);

  void append_head(int code, std::string_view reason, std::string_view fields);
  void append_piece(std::string_view chunk);
  void require_no_headers() const;
  void send_pending();
  /// Sends what is pending and `body` in one go.
  void send(std::string_view body);
  void enter(Phase phase, Duration timeout) noexcept;
  void check_write_progress();
  void time_out();
  void release_memory();

  ServerShared& shared_;
  IOStream stream_;
  Address peer_;
  RequestHeadParser parser_;
  HTTPServerRequest request_;
  std::optional<BodyDecoder> decoder_;
  std::string body_;
  std::shared_ptr<const char[]> pinned_;  // the memory of the head, once the stream goes on
  bool head_detached_ = false;
  Task<> watch_;

  std::string out_;               // answers that go out in one piece
  std::size_t answer_begin_ = 0;  // of the last one in out_
  Future<> sent_;
  bool keep_alive_ = true;
  CancelSource* scope_ = nullptr;  // of the handler that has been suspended
  bool handling_ = false;          // a handler runs that has been suspended
  bool headers_written_ = false;
  bool finished_ = false;
  bool bodiless_ = false;  // HEAD, 204, 304
  Framing framing_ = Framing::none;
  std::uint64_t length_left_ = 0;

  Phase phase_ = Phase::idle;
  std::optional<TimePoint> deadline_;
  bool idle_since_sweep_ = false;
  std::uint64_t swept_bytes_ = 0;
  std::optional<TimePoint> write_deadline_;
};

}  // namespace funnel::http
