#include <funnel/testing.h>

#include "net/memory_transport.h"
#include "net/stream_core.h"

#include <funnel/ioloop.h>

#include <memory>

namespace funnel::testing {

namespace {

using detail::MemoryTransport;
using TransportRef = detail::TransportRef<MemoryTransport>;

TransportRef make_end(IOLoop& loop, const MemoryStreamOptions& options) {
  MemoryTransport::Faults faults;
  faults.read_size = options.read_size;
  faults.capacity = options.capacity;
  faults.reset_after = options.reset_after;
  return TransportRef(new MemoryTransport(loop, faults));
}

IOStream make_stream(IOLoop& loop, TransportRef end) {
  return IOStream(std::make_unique<detail::StreamCore>(loop, std::move(end), IOStreamOptions()));
}

}  // namespace

std::pair<IOStream, IOStream> memory_stream_pair(MemoryStreamOptions first,
                                                 MemoryStreamOptions second) {
  IOLoop& loop = IOLoop::current();
  TransportRef a = make_end(loop, first);
  TransportRef b = make_end(loop, second);
  MemoryTransport::connect(*a, *b);
  return {make_stream(loop, std::move(a)), make_stream(loop, std::move(b))};
}

}  // namespace funnel::testing
