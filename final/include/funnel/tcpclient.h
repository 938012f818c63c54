#pragma once

#include <funnel/iostream.h>
#include <funnel/netutil.h>

#include <funnel/task.h>

#include <cstdint>
#include <string>

namespace funnel {

/// Makes outgoing connections (`tornado.tcpclient.TCPClient`).
///
/// **Lifetime.** The client may go away while a connection is being made; the resolver may not.
///
/// **Threads.** A connection is made on the loop of the thread that awaits it; a client may serve
/// several loops if its resolver may.
class TCPClient {
 public:
  /// `resolver` must outlive the client and the tasks that `connect` returned.
  explicit TCPClient(Resolver& resolver = default_resolver()) noexcept : resolver_(&resolver) {}

  /// Connects to `host`, a name or a numeric address. If the name has several addresses,
  /// they are tried one after the other, each as soon as the one before failed or has had
  /// 0.3 s (RFC 8305), alternating between IPv6 and IPv4; the first that answers wins.
  ///
  /// Throws `std::system_error` with the last failure if none does, what the resolver throws, and
  /// `std::invalid_argument` if one of its addresses is not numeric. Cancelling closes the
  /// attempts. For a time limit: `gen::with_timeout`.
  Task<IOStream> connect(std::string host, std::uint16_t port, IOStreamOptions options = {});

 private:
  Resolver* resolver_;
};

}  // namespace funnel
