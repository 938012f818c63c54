#pragma once

#include <funnel/cancel.h>
#include <funnel/detail/join.h>
#include <funnel/detail/list.h>
#include <funnel/detail/nodes.h>
#include <funnel/simple_httpclient.h>
#include <funnel/tcpclient.h>

#include <memory>
#include <string>

#include "http/client_pool.h"
#include "http/client_slots.h"

namespace funnel::http {

struct FetchTag;
class Fetch;

/// What the fetches of a client share. They keep it alive, so that the client may go first.
class ClientState {
 public:
  ClientState(IOLoop& loop_, const AsyncHTTPClientOptions& options_, Resolver& resolver);
  ClientState(const ClientState&) = delete;
  ClientState& operator=(const ClientState&) = delete;
  ~ClientState();

  /// Ends all fetches and closes idle connections.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_; }

  IOLoop& loop;
  const AsyncHTTPClientOptions options;
  HeadLimits limits;
  TCPClient connector;
  ClientSlots slots;
  ClientPool pool;
  detail::List<Fetch, FetchTag> fetches;

 private:
  bool closed_ = false;
};

/// One call of `fetch`, from the queue to the end of the last redirect.
class Fetch final : public detail::ListLink<FetchTag>, private detail::TimerNode {
 public:
  /// Checks the request, which is changed by redirects. Both must outlive the fetch.
  Fetch(ClientState& client, HTTPRequest& request);
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;
  ~Fetch() { cancel_timer(client_.loop, *this); }

  /// Runs to the end, under `scope`, which the time-outs cancel.
  Task<> run();
  CancelSource& scope() noexcept { return scope_; }
  /// Takes the result of `run`, or throws why there is none.
  HTTPResponse take(detail::Child<void>& run);

  /// Ends the fetch because its client goes away.
  void client_closed() noexcept {
    aborted_ = true;
    scope_.cancel();
  }

 private:
  enum class Phase { queue, connecting, request };

  void check_body_fits() const;
  Task<std::unique_ptr<ClientConnection>> connect();
  bool follow_redirect();
  void begin_hop(TimePoint now);
  void enter(Phase phase);
  void timer_fired() override;
  [[nodiscard]] std::string peer() const;
  [[noreturn]] void throw_timeout() const;
  [[noreturn]] void throw_unanswered(std::error_code error) const;

  ClientState& client_;
  HTTPRequest& request_;
  URL url_;
  HTTPResponse response_;
  CancelSource scope_;
  int redirects_left_;
  Phase phase_ = Phase::queue;
  TimePoint begin_;
  TimePoint end_{};
  TimePoint connect_deadline_{};
  TimePoint request_deadline_;
  TimePoint timer_deadline_ = TimePoint::max();  // no timer is set
  bool expired_ = false;
  bool aborted_ = false;
};

/// Fetches; see `AsyncHTTPClient::fetch`.
Task<HTTPResponse> fetch(std::shared_ptr<ClientState> client, HTTPRequest request,
                         bool raise_error);

}  // namespace funnel::http
