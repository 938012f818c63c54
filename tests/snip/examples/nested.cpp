// Chapter 2's fetch, with one callback in another.

#include <funnel/callback_stream.h>
#include <funnel/client_response.h>
#include <funnel/httputil.h>
#include <funnel/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

using funnel::CallbackStream;
using funnel::Result;

void fetch(const std::string& address, std::uint16_t port, const std::string& request,
           std::size_t max_head, const std::function<void(Result<std::string>)>& done) {
  // #region nested
  CallbackStream::connect(address, port, [=](const auto& connected) {
    if (!connected) return done(connected.error());
    const std::shared_ptr<CallbackStream> stream = *connected;
    stream->write(request);
    stream->read_until("\r\n\r\n", max_head, [=](const Result<std::string>& bytes) {
      if (!bytes) return done(bytes.error());
      const auto head = funnel::parse_response_head(*bytes);
      if (!head) return done(head.error());
      const auto size = funnel::detail::body_size(*head, "GET");
      if (!size) return done(size.error());
      const auto got_body = [=](const Result<std::string>& body) {
        done(body);
        stream->close();
      };
      if (*size) {
        stream->read_bytes(**size, got_body);
      } else {
        stream->read_until_close(got_body);
      }
    });
  });
  // #endregion nested
}
