#include "http/client_pool.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include <funnel/ioloop.h>

namespace funnel::http {

bool ClientPool::ByOrigin::operator()(const URL& a, const URL& b) const noexcept {
  const auto origin = [](const URL& url) { return std::tie(url.host(), url.scheme()); };
  return a.port() != b.port() ? a.port() < b.port() : origin(a) < origin(b);
}

// The one that was used last: it is the least likely to be closed by the server just now, and
// those that are not needed grow old and go. If the loop was busy, a connection may have ended,
// or brought bytes that would be taken for the next response, although nothing was seen of it
// yet: so each is asked.
std::unique_ptr<ClientConnection> ClientPool::take(const URL& url) {
  const auto found = origins_.find(url);
  if (found == origins_.end()) return nullptr;
  Connections& connections = found->second;
  while (!connections.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(connections.back());
    connections.pop_back();
    --size_;
    connection->stop_watching();
    if (connection->reusable()) return connection;
  }
  return nullptr;
}

void ClientPool::give(std::unique_ptr<ClientConnection> connection, const URL& url, TimePoint now) {
  if (!connection->reusable()) return;
  if (options_.max_idle_connections == 0 || options_.max_idle_connections_per_host == 0) return;
  connection->watch(now);
  Connections& connections = origins_[url];
  if (connections.size() == options_.max_idle_connections_per_host) {
    connections.erase(connections.begin());
    --size_;
  } else if (size_ == options_.max_idle_connections) {
    drop_oldest();
  }
  connections.push_back(std::move(connection));
  ++size_;
  if (options_.idle_connection_timeout == Duration::zero()) return;  // they may stay
  if (!std::exchange(timer_set_, true)) {
    set_timer(loop_, *this, time_after(now, options_.idle_connection_timeout));
  }
}

void ClientPool::drop_oldest() noexcept {
  Connections* oldest = nullptr;
  for (auto& [origin, connections] : origins_) {
    if (connections.empty()) continue;
    if (oldest == nullptr || connections.front()->idle_since() < oldest->front()->idle_since()) {
      oldest = &connections;
    }
  }
  oldest->erase(oldest->begin());
  --size_;
}

// One timer for all connections, set for the oldest. It is left alone when that one is taken:
// looking once for nothing is cheaper than moving the timer with each request.
void ClientPool::timer_fired() {
  timer_set_ = false;
  const TimePoint now = loop_.time();
  std::optional<TimePoint> oldest;
  for (auto entry = origins_.begin(); entry != origins_.end();) {
    Connections& connections = entry->second;
    size_ -= std::erase_if(connections, [&](const std::unique_ptr<ClientConnection>& connection) {
      return !connection->reusable() ||
             now >= time_after(connection->idle_since(), options_.idle_connection_timeout);
    });
    if (connections.empty()) {
      entry = origins_.erase(entry);
      continue;
    }
    const TimePoint since = connections.front()->idle_since();
    oldest = oldest ? std::min(*oldest, since) : since;
    ++entry;
  }
  if (!oldest) return;
  timer_set_ = true;
  set_timer(loop_, *this, time_after(*oldest, options_.idle_connection_timeout));
}

void ClientPool::clear() noexcept {
  origins_.clear();
  size_ = 0;
  timer_set_ = false;
  cancel_timer(loop_, *this);
}

}  // namespace funnel::http
