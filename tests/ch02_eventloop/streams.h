#pragma once

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "support/background.h"
#include "support/peer.h"
#include "support/readable.h"
#include "support/story.h"

/// @file
/// What the tests of streams share.

namespace streams {

using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::Result;
using test_support::Peer;
using test_support::tell;

/// A stream on a loop, and the peer at the other end of its connection.
class Connection {
 public:
  explicit Connection(IOLoop& loop, funnel::StreamOptions options = {})
      : Connection(loop, options, test_support::connected_pair()) {}

  /// Turns the loop until the condition holds, two seconds at most; returns whether it does.
  bool turn_until(const std::function<bool()>& condition) {
    return test_support::eventually([&] {
      funnel::testing::run_ready(loop_);
      return condition();
    });
  }

  std::shared_ptr<CallbackStream> stream;  // empty it, and the stream is destroyed
  Peer peer;

 private:
  Connection(IOLoop& loop, funnel::StreamOptions options, std::pair<int, Peer> ends)
      : stream(CallbackStream::create(funnel::Socket(ends.first), options)),
        peer(std::move(ends.second)),
        loop_(loop) {}

  IOLoop& loop_;
};

/// What a read has called back with.
class Outcome {
 public:
  /// Returns the callback for a read; `name` says in the story which.
  CallbackStream::ReadCallback callback(std::string name) {
    return [this, name = std::move(name)](const Result<std::string>& result) {
      tell("yours", name + " calls back with " +
                        (result ? test_support::shown(*result) : result.error().message()));
      bytes = result ? *result : "";
      error = result.error();
      ++calls;
    };
  }
  bool is_there() const noexcept { return calls > 0; }

  int calls = 0;
  std::string bytes;
  std::error_code error;
};

/// Starts a read, and turns the loop until it calls back.
inline Outcome read(Connection& connection, const std::string& name,
                    const std::function<void(CallbackStream::ReadCallback)>& start) {
  Outcome outcome;
  tell("yours", name);
  start(outcome.callback(name));
  const bool in_time = connection.turn_until([&] { return outcome.is_there(); });
  if (!in_time) tell("yours", name + " has not called back within 2 s");
  CHECK(in_time);
  if (!in_time && connection.stream) connection.stream->cancel_read();
  return outcome;
}

inline Outcome read_until(Connection& connection, const std::string& delimiter,
                          std::size_t max_bytes = 1000) {
  const std::string name = "read_until " + test_support::shown(delimiter);
  return read(connection, name, [&](CallbackStream::ReadCallback callback) {
    connection.stream->read_until(delimiter, max_bytes, std::move(callback));
  });
}

inline Outcome read_bytes(Connection& connection, std::size_t count) {
  const std::string name = "read_bytes(" + std::to_string(count) + ")";
  return read(connection, name, [&](CallbackStream::ReadCallback callback) {
    connection.stream->read_bytes(count, std::move(callback));
  });
}

}  // namespace streams
