#include <funnel/iostream.h>

#include "core/loop_core.h"
#include "net/pipe_transport.h"
#include "net/stream_core.h"

namespace funnel {

IOStream pipe_stream(int fd, IOStreamOptions options) {
  detail::UniqueFd owned(fd);
  IOLoop& loop = IOLoop::current();
  detail::TransportRef<detail::PipeTransport> transport(
      new detail::PipeTransport(loop.core().context(), std::move(owned)));
  return IOStream(std::make_unique<detail::StreamCore>(loop, std::move(transport), options));
}

}  // namespace funnel
