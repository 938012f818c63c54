#pragma once

#include <funnel/socket.h>

/// Ends a server, and with it the threads of its clients, with the block that this stands in, even
/// if that is left by an exception.
class Stop {
 public:
  explicit Stop(funnel::Socket& listener) : listener_(listener) {}
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop() { listener_.shutdown(); }

 private:
  funnel::Socket& listener_;
};
