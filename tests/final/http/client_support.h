#pragma once

#include <funnel/gen.h>
#include <funnel/simple_httpclient.h>
#include <funnel/task.h>
#include <funnel/tcpserver.h>

#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/raw_socket.h"
#include "support/time_scale.h"

/// What the tests of the client share.
namespace client_tests {

/// What a scripted server does once a request is complete.
class Step {
 public:
  enum class Then { go_on, close, hang };

  Step(std::string reply, Then what = Then::go_on) : bytes(std::move(reply)), then(what) {}
  Step(const char* reply) : bytes(reply) {}

  std::string bytes;
  Then then = Then::go_on;
};

inline Step closing(std::string reply = {}) { return {std::move(reply), Step::Then::close}; }
inline Step hanging(std::string reply = {}) { return {std::move(reply), Step::Then::hang}; }

/// A whole response with this body.
inline std::string ok(std::string_view body = "ok", std::string_view fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

/// A redirect without a body.
inline std::string redirect(int code, std::string_view location) {
  return "HTTP/1.1 " + std::to_string(code) +
         " Moved\r\nContent-Length: 0\r\nLocation: " + std::string(location) + "\r\n\r\n";
}

/// Reads a request, body and all.
inline funnel::Task<std::string> read_request(funnel::IOStream& stream) {
  std::string request = co_await stream.read_until("\r\n\r\n");
  const std::size_t at = request.find("Content-Length: ");
  if (at != std::string::npos) {
    const std::string body = co_await stream.read_bytes(std::stoul(request.substr(at + 16)));
    request += body;
  }
  co_return request;
}

/// Answers as the test says: one list of steps for each connection in turn, one step for each
/// request on it. Behind the last step a connection stays open without an answer; a connection
/// that has no list is answered with `ok()` again and again.
class ScriptedServer {
 public:
  using Script = std::vector<Step>;

  explicit ScriptedServer(std::vector<Script> scripts = {})
      : scripts_(std::move(scripts)),
        server_([this](funnel::IOStream stream, const funnel::Address&) {
          return serve(std::move(stream), accepted++);
        }) {
    server_.listen(0, "127.0.0.1");
  }

  std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string url(std::string_view target = "/") const {
    return "http://" + host() + std::string(target);
  }
  std::uint16_t port() const { return server_.port(); }
  std::size_t connections() const { return server_.connections(); }
  funnel::TCPServer& tcp() { return server_; }

  std::size_t accepted = 0;
  std::vector<std::string> requests;
  /// Called with each request, before it is answered.
  std::function<void(const std::string&)> on_request;

 private:
  funnel::Task<> serve(funnel::IOStream stream, std::size_t number) {
    std::optional<Script> script;
    if (number < scripts_.size()) script = scripts_[number];
    try {
      for (std::size_t i = 0;; ++i) {
        std::string request = co_await read_request(stream);
        if (on_request) on_request(request);
        requests.push_back(std::move(request));
        Step step = script ? (i < script->size() ? (*script)[i] : hanging()) : Step(ok());
        if (!step.bytes.empty()) co_await stream.write(step.bytes);
        if (step.then == Step::Then::close) co_return;
      }
    } catch (const funnel::StreamClosedError&) {
      // the client went away
    }
  }

  std::vector<Script> scripts_;
  funnel::TCPServer server_;
};

/// Runs `task` and returns the message of the `E` that it throws.
template <typename E, typename T>
std::string error_of(funnel::IOLoop& loop, funnel::Task<T> task) {
  try {
    loop.run_sync(std::move(task));
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    FAIL("another exception: " << std::string(error.what()));
  }
  FAIL("no exception");
  return {};
}

/// How long anything may take before the test fails.
inline const funnel::Duration time_limit = test_support::time_limit(std::chrono::seconds(10));

/// Runs a fetch to its end.
inline funnel::HTTPResponse get(funnel::IOLoop& loop, funnel::Task<funnel::HTTPResponse> fetch) {
  return loop.run_sync(std::move(fetch), time_limit);
}

/// Waits until `condition(arguments...)` is true.
template <typename Condition, typename... Arguments>
funnel::Task<> until(Condition condition, Arguments... arguments) {
  while (!condition(arguments...)) co_await funnel::gen::sleep(std::chrono::milliseconds(1));
}
/// Runs the loop until `condition()` is true.
template <typename Condition>
void run_until(funnel::IOLoop& loop, Condition condition) {
  loop.run_sync(until(std::move(condition)), time_limit);
}

// Servers that are no part of the loop: what they send has come while nobody looked.

using test_support::RawSocket;

inline std::string url_of(const RawSocket& listener) {
  return "http://127.0.0.1:" + std::to_string(listener.port()) + "/";
}

/// Waits for a connection, and for what comes on it first, which is left unread.
inline funnel::Task<RawSocket> accept_request(const RawSocket* listener) {
  const auto has_come = [](const RawSocket* socket) { return socket->readable(); };
  co_await until(has_come, listener);
  RawSocket peer = listener->accept();
  co_await until(has_come, &peer);
  co_return peer;
}

/// Answers one small request and leaves its connection to the test.
inline funnel::Task<> answer_one(const RawSocket* listener, std::string reply,
                                 std::optional<RawSocket>* connection) {
  RawSocket peer = co_await accept_request(listener);
  peer.receive();
  peer.send(reply);
  connection->emplace(std::move(peer));
}

/// Returns once all that was sent, the end too, has come to the other side's system.
inline void wait_until_received(const RawSocket& socket) {
  const auto give_up = std::chrono::steady_clock::now() + time_limit;
  for (int unacknowledged = 1; unacknowledged != 0; std::this_thread::yield()) {
    REQUIRE(std::chrono::steady_clock::now() < give_up);
    REQUIRE(::ioctl(socket.fd(), SIOCOUTQ, &unacknowledged) == 0);
  }
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace client_tests
