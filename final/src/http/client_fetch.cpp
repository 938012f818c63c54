#include "http/client_fetch.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <funnel/assert.h>

#include "core/loop_core.h"
#include "http/client_redirect.h"
#include "http/client_request.h"

namespace funnel::http {
namespace {

HeadLimits limits_of(const AsyncHTTPClientOptions& options) {
  HeadLimits limits;
  limits.max_header_bytes = options.max_header_size;
  return limits;
}

std::size_t checked_count(std::size_t max_clients) {
  if (max_clients == 0) throw std::invalid_argument("The max_clients of a client must not be 0.");
  return max_clients;
}

/// The deadline of a time-out of which 0 means none.
TimePoint deadline_of(TimePoint begin, Duration timeout) noexcept {
  return timeout == Duration::zero() ? TimePoint::max() : time_after(begin, timeout);
}

/// The URL as people and logs may see it.
std::string without_userinfo(const URL& url) {
  std::string text = url.scheme();
  return text.append("://").append(url.host_header()).append(url.target());
}

}  // namespace

// ---- ClientState

ClientState::ClientState(IOLoop& loop_, const AsyncHTTPClientOptions& options_, Resolver& resolver)
    : loop(loop_),
      options(options_),
      limits(limits_of(options)),
      connector(resolver),
      slots(checked_count(options.max_clients)),
      pool(loop, options) {
  loop.core().resource_added();
}

ClientState::~ClientState() { loop.core().resource_removed(); }

void ClientState::close() noexcept {
  closed_ = true;
  pool.clear();
  fetches.for_each([](Fetch& fetch) { fetch.client_closed(); });
}

// ---- Fetch

Fetch::Fetch(ClientState& client, HTTPRequest& request)
    : client_(client),
      request_(request),
      url_(parse_request_url(request.url)),
      redirects_left_(request.follow_redirects ? request.max_redirects : 0),
      begin_(client.loop.time()),
      request_deadline_(deadline_of(begin_, request.request_timeout)) {
  check_request(request_);
  check_body_fits();
  apply_userinfo(request_, url_);
  response_.start_time = std::chrono::system_clock::now();
  client_.fetches.push_back(*this);
  if (client_.closed()) client_closed();
}

void Fetch::check_body_fits() const {
  const std::size_t limit = client_.options.stream_options.max_write_buffer_size;
  if (!request_.body || request_.body->size() <= limit) return;
  throw std::invalid_argument(
      fmt::format("The body of the request has {} bytes, the client's max_write_buffer_size is {}.",
                  request_.body->size(), limit));
}

Task<> Fetch::run() {
  begin_hop(begin_);
  const Slot slot = co_await client_.slots.acquire();
  for (bool retry = false;;) {
    // A slot may be handed over just when the time is up: then nothing is to be sent.
    if (scope_.cancelled()) throw Cancelled();
    enter(Phase::connecting);
    std::unique_ptr<ClientConnection> connection;
    if (!retry) connection = client_.pool.take(url_);
    const bool reused = connection != nullptr;
    if (!reused) connection = co_await connect();
    enter(Phase::request);
    const bool answered = co_await connection->exchange(request_, url_, response_);
    // RFC 9110 section 9.2.2: the server may close an idle connection at any time. Whether it
    // has seen the request nobody knows, so only what may be done twice is sent again.
    retry = !answered && reused && is_idempotent(request_.method);
    end_ = client_.loop.time();
    if (answered) {
      client_.pool.give(std::move(connection), url_, end_);
      if (!follow_redirect()) co_return;
    } else if (!retry) {
      throw_unanswered(connection->error());
    }
    begin_hop(end_);
  }
}

Task<std::unique_ptr<ClientConnection>> Fetch::connect() {
  if (url_.scheme() == "https") {
    throw std::system_error(std::make_error_code(std::errc::protocol_not_supported),
                            fmt::format("https is not built yet: TLS to {} is needed", peer()));
  }
  try {
    IOStream stream = co_await client_.connector.connect(url_.host(), url_.port(),
                                                         client_.options.stream_options);
    co_return std::make_unique<ClientConnection>(std::move(stream), peer(), client_.limits);
  } catch (const Cancelled&) {
    throw;
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), fmt::format("cannot connect to {}", peer()));
  }
}

bool Fetch::follow_redirect() {
  if (redirects_left_ <= 0) return false;
  std::optional<URL> target = redirect_target(response_, url_);
  if (!target) return false;
  --redirects_left_;
  redirect_request(request_, response_.code, url_, *target);
  url_ = std::move(*target);
  return true;
}

// ---- time

void Fetch::begin_hop(TimePoint now) {
  connect_deadline_ = deadline_of(now, request_.connect_timeout);
  enter(Phase::queue);
}

// With the usual time-outs, the timer is set once and only withdrawn at the end.
void Fetch::enter(Phase phase) {
  phase_ = phase;
  const TimePoint deadline =
      phase == Phase::request ? request_deadline_ : std::min(request_deadline_, connect_deadline_);
  if (deadline == timer_deadline_) return;
  timer_deadline_ = deadline;
  if (deadline == TimePoint::max()) {
    cancel_timer(client_.loop, *this);
  } else {
    set_timer(client_.loop, *this, deadline);
  }
}

void Fetch::timer_fired() {
  expired_ = true;
  scope_.cancel();
}

// ---- the end

HTTPResponse Fetch::take(detail::Child<void>& run) {
  cancel_timer(client_.loop, *this);
  if (run.cancelled() && aborted_) {
    throw std::system_error(
        std::make_error_code(std::errc::operation_canceled),
        fmt::format("the HTTP client was destroyed before {} had answered", peer()));
  }
  if (run.cancelled() && expired_) throw_timeout();
  run.take();
  response_.effective_url = without_userinfo(url_);
  response_.request_time = end_ - begin_;
  return std::move(response_);
}

std::string Fetch::peer() const { return Address(url_.host(), url_.port()).to_string(); }

void Fetch::throw_timeout() const {
  const char* what = phase_ == Phase::queue        ? "Timeout in request queue"
                     : phase_ == Phase::connecting ? "Timeout while connecting"
                                                   : "Timeout during request";
  const std::chrono::duration<double> seconds = client_.loop.time() - begin_;
  throw HTTPTimeoutError(fmt::format("{}: {}, after {:.3g} s", what, peer(), seconds.count()));
}

void Fetch::throw_unanswered(std::error_code error) const {
  throw std::system_error(error ? error : make_error_code(ParseError::truncated_message),
                          fmt::format("{} closed the connection without an answer", peer()));
}

Task<HTTPResponse> fetch(std::shared_ptr<ClientState> client, HTTPRequest request,
                         bool raise_error) {
  FUNNEL_ASSERT(&IOLoop::current() == &client->loop, "a client was used on another loop's thread");
  Fetch fetch(*client, request);
  detail::Child<void> run(fetch.run());
  co_await detail::run_child(run, fetch.scope());
  HTTPResponse response = fetch.take(run);
  const bool success = response.code >= 200 && response.code < 300;
  if (raise_error && !success) throw HTTPClientError(std::move(response));
  co_return response;
}

}  // namespace funnel::http
