#pragma once

#include <funnel/detail/nodes.h>
#include <funnel/httputil.h>
#include <funnel/simple_httpclient.h>

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "http/client_connection.h"

namespace funnel::http {

/// The idle connections of a client, by origin. One thread.
class ClientPool final : private detail::TimerNode {
 public:
  /// `options` must outlive the pool.
  ClientPool(IOLoop& loop, const AsyncHTTPClientOptions& options) noexcept
      : loop_(loop), options_(options) {}
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;
  ~ClientPool() { cancel_timer(loop_, *this); }

  /// Returns the connection to this origin that was used last and is still open; null if there
  /// is none.
  std::unique_ptr<ClientConnection> take(const URL& url);
  /// Keeps a connection for the next request to this origin, or closes it if it is not good
  /// for one.
  void give(std::unique_ptr<ClientConnection> connection, const URL& url, TimePoint now);
  /// Closes all.
  void clear() noexcept;

 private:
  struct ByOrigin {
    bool operator()(const URL& a, const URL& b) const noexcept;
  };
  using Connections = std::vector<std::unique_ptr<ClientConnection>>;  // the oldest first

  void drop_oldest() noexcept;
  void timer_fired() override;

  IOLoop& loop_;
  const AsyncHTTPClientOptions& options_;
  std::map<URL, Connections, ByOrigin> origins_;
  std::size_t size_ = 0;
  bool timer_set_ = false;
};

}  // namespace funnel::http
