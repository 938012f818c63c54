#pragma once

#include <funnel/httpclient.h>
#include <funnel/socket.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <pthread.h>

/// @file
/// Solutions of the challenges of chapter 1. Yours goes to work/ch01_blocking/challenges.h.

namespace challenge {

using Handler = std::function<void(funnel::Socket&)>;

// #region within
/// Returns a handler that gives its client so much time, and no more.
inline Handler within(std::chrono::milliseconds time, Handler handler) {
  return [time, handler = std::move(handler)](funnel::Socket& client) {
    // A deadline, not a timeout: a client that sends a byte now and then gains nothing.
    client.set_deadline(std::chrono::steady_clock::now() + time);
    handler(client);  // TimeoutError ends this client, as any exception does
  };
}
// #endregion within

/// Returns the size of a page without fetching it; empty if its server does not tell.
inline std::optional<std::uint64_t> size_of(const std::string& url) {
  // HEAD is GET without the body: the head is the same, and `Content-Length` with it.
  const auto page = funnel::HTTPClient().fetch(funnel::HTTPRequest(url, "HEAD"));
  const std::optional<std::string> length = page.headers.get("Content-Length");
  return length ? funnel::parse_int(*length) : std::nullopt;
}

/// Serves with a thread for each client until the process gets `signal`.
inline void serve_until(int signal, funnel::Socket& listener, const Handler& handler) {
  // A signal goes to any thread that does not block it. Threads inherit what is blocked: so it is
  // blocked before there is another thread, and then only `sigwait` gets it.
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  std::thread waiter([&] {
    int got = 0;
    sigwait(&signals, &got);
    listener.shutdown();  // wakes serve_threads; a signal handler has no way to this listener
  });
  const auto finish = [&] {
    pthread_kill(waiter.native_handle(), signal);  // if serve_threads has ended by itself
    waiter.join();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  };
  try {
    funnel::serve_threads(listener, handler);
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace challenge
