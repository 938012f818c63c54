#pragma once

#include <doctest/doctest.h>

#include <funnel/gen.h>
#include <funnel/httpserver.h>
#include <funnel/ioloop.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "http/parser.h"

/// @file
/// A server on a memory stream, a clock that stands still, and a client that sends and sees
/// raw bytes.

namespace raw {

using namespace std::chrono_literals;

/// One answer of a server, taken apart.
struct Answer {
  int code = 0;
  std::string fields;  ///< the header lines, without Date
  std::string body;
  bool complete = false;

  bool has(std::string_view line) const {
    return ("\r\n" + fields).find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
  }
};

inline Answer copy_head(const funnel::http::ResponseHeadView& head) {
  Answer answer;
  answer.code = head.code;
  for (const auto& [name, value] : head.fields) {
    if (name != "Date") answer.fields += std::string(name) + ": " + std::string(value) + "\r\n";
  }
  return answer;
}

/// Reads the answers that `bytes` begin with; `ended` says that nothing follows. The methods
/// are those of the requests, GET from where they run out.
inline std::vector<Answer> parse_answers(std::string_view bytes, bool ended,
                                         const std::vector<std::string>& methods = {}) {
  using funnel::http::ParseStatus;
  std::vector<Answer> answers;
  std::size_t request = 0;
  while (!bytes.empty()) {
    funnel::http::ResponseHeadParser parser;
    parser.reset(request < methods.size() ? methods[request] : "GET");
    const ParseStatus status = parser.feed(bytes);
    CHECK(status != ParseStatus::failed);
    if (status != ParseStatus::done) break;
    Answer answer = copy_head(parser.head());
    bytes.remove_prefix(parser.head().size);
    funnel::http::BodyDecoder decoder(parser.head().framing, parser.head().content_length, 1 << 30);
    while (decoder.status() == ParseStatus::need_more && !bytes.empty()) {
      const funnel::http::BodyPiece piece = decoder.decode(bytes);
      answer.body += piece.data;
      bytes.remove_prefix(piece.consumed);
    }
    if (ended) decoder.end_of_stream();
    answer.complete = decoder.status() == ParseStatus::done;
    if (answer.code >= 200) ++request;
    answers.push_back(std::move(answer));
  }
  return answers;
}

/// Sends bytes and keeps what comes back.
class Client {
 public:
  Client(funnel::IOLoop& loop, funnel::IOStream stream)
      : loop_(loop), state_(std::make_shared<State>(std::move(stream))) {
    funnel::spawn_callback(collect(state_));
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = default;
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (state_) close();
  }

  /// Sends and lets everything run that can run now.
  void send(std::string_view bytes) {
    (void)state_->stream.write(bytes);
    funnel::testing::run_ready(loop_);
  }
  void send_bytewise(std::string_view bytes) {
    for (const char byte : bytes) send({&byte, 1});
  }
  void close_write() {
    state_->stream.close_write();
    funnel::testing::run_ready(loop_);
  }
  void close() { state_->stream.close(); }

  const std::string& received() const { return state_->received; }
  std::string take() { return std::exchange(state_->received, {}); }
  std::vector<Answer> answers(const std::vector<std::string>& methods = {}) const {
    return parse_answers(state_->received, state_->ended, methods);
  }
  /// The only answer that came.
  Answer answer() const {
    const std::vector<Answer> all = answers();
    CHECK(all.size() == 1);
    return all.empty() ? Answer() : all.front();
  }
  /// Whether the server has ended its side, and with which error.
  bool ended() const { return state_->ended; }
  std::error_code error() const { return state_->error; }

 private:
  struct State {
    explicit State(funnel::IOStream s) : stream(std::move(s)) {}
    funnel::IOStream stream;
    std::string received;
    bool ended = false;
    std::error_code error;
  };

  static funnel::Task<> collect(std::shared_ptr<State> state) {
    try {
      for (;;) {
        const std::string bytes = co_await state->stream.read_bytes(std::size_t{64} * 1024, true);
        state->received += bytes;
      }
    } catch (const funnel::StreamClosedError& error) {
      state->ended = true;
      state->error = error.code();
    }
  }

  funnel::IOLoop& loop_;
  std::shared_ptr<State> state_;
};

/// A server and everything around it.
class Fixture {
 public:
  explicit Fixture(funnel::HTTPServer::RequestCallback callback,
                   funnel::HTTPServerOptions options = {})
      : server(std::make_unique<funnel::HTTPServer>(std::move(callback), options)) {}

  funnel::IOStream connect_stream(funnel::testing::MemoryStreamOptions to_server = {},
                                  funnel::testing::MemoryStreamOptions to_client = {}) {
    auto [client, served] = funnel::testing::memory_stream_pair(to_client, to_server);
    server->handle_stream(std::move(served), funnel::Address("192.0.2.1", 4711));
    return std::move(client);
  }
  Client connect(funnel::testing::MemoryStreamOptions to_server = {},
                 funnel::testing::MemoryStreamOptions to_client = {}) {
    Client client(loop, connect_stream(to_server, to_client));
    run();
    return client;
  }
  void run() { funnel::testing::run_ready(loop); }
  /// Lets time pass, a quarter of a second at a time.
  void pass(funnel::Duration time) {
    for (; time > 0s; time -= 250ms) {
      clock.advance(std::min<funnel::Duration>(time, 250ms));
      run();
    }
  }

  funnel::testing::LogCapture log;
  funnel::testing::ManualClock clock;
  funnel::IOLoop loop{clock};
  std::unique_ptr<funnel::HTTPServer> server;
};

inline std::string get(std::string_view path = "/") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

/// What a client saw in the end.
struct Outcome {
  std::string bytes;  ///< without Date
  bool ended = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline std::string without_date(std::string text) {
  for (std::size_t at = 0; (at = text.find("Date: ", at)) != std::string::npos;) {
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
  return text;
}

template <typename Send>
Outcome run_one(Fixture& fixture, Send send) {
  Client client = fixture.connect();
  send(client);
  return {without_date(client.received()), client.ended()};
}

/// Sends `bytes` on connections of their own: whole, cut in two at every byte, and byte by
/// byte; checks that the answers are the same, and returns them.
inline Outcome ask(Fixture& fixture, std::string_view bytes) {
  CAPTURE(std::string(bytes));
  Outcome whole = run_one(fixture, [bytes](Client& client) { client.send(bytes); });
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const Outcome outcome = run_one(fixture, [bytes, cut](Client& client) {
      client.send(bytes.substr(0, cut));
      client.send(bytes.substr(cut));
    });
    if (!(outcome == whole)) {
      CAPTURE(cut);
      CHECK(outcome.bytes == whole.bytes);
      CHECK(outcome.ended == whole.ended);
      return whole;
    }
  }
  CHECK(run_one(fixture, [bytes](Client& client) { client.send_bytewise(bytes); }) == whole);
  fixture.run();
  return whole;
}

inline std::vector<Answer> answers_of(const Outcome& outcome,
                                      const std::vector<std::string>& methods = {}) {
  return parse_answers(outcome.bytes, outcome.ended, methods);
}

/// Answers `METHOD target body`.
inline void echo(const funnel::HTTPServerRequest& request, funnel::HTTPConnection& connection) {
  std::string text(request.method());
  text += ' ';
  text += request.uri();
  if (!request.body().empty()) {
    text += ' ';
    text += request.body();
  }
  connection.respond(200, "OK", "", text);
}

inline funnel::Task<> slow_echo(funnel::HTTPServerRequest& request,
                                funnel::HTTPConnection& connection) {
  co_await funnel::gen::sleep(0s);
  echo(request, connection);
}

/// Answers at once, or after a turn of the loop if the path begins with `/slow`.
inline funnel::Task<> echo_app(funnel::HTTPServerRequest& request,
                               funnel::HTTPConnection& connection) {
  if (request.path().starts_with("/slow")) return slow_echo(request, connection);
  echo(request, connection);
  return {};
}

}  // namespace raw
