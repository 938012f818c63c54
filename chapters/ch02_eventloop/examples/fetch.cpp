// Gets pages, many at a time, on one thread, with callbacks:
//
//     fetch [--concurrency K] URL... (or - to read them from standard input)
//
// Prints a line of JSON for each. K requests wait at a time; 1 if it is not given.

#include <funnel/callback_stream.h>
#include <funnel/client_request.h>
#include <funnel/client_response.h>
#include <funnel/httpclient.h>
#include <funnel/httputil.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "addresses_of.h"
#include "fetch_program.h"

namespace {

using funnel::CallbackStream;
using funnel::Result;

constexpr std::size_t max_head_bytes = std::size_t{64} * 1024;

/// One page. What would be one function with local variables, if it could wait, is a function for
/// each thing that it waits for, and the variables are members. Each callback holds the fetch, so
/// it lives for as long as something is to come.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  /// Calls `over` once it has been reported.
  Fetch(std::string url, std::function<void()> over)
      : request_(std::move(url)), report_(request_.url), over_(std::move(over)) {}

  /// Throws what makes it impossible to begin.
  void begin(const AddressesOf& addresses) {
    const auto self = shared_from_this();
    const funnel::URL url = funnel::detail::check_request(request_);
    text_ = funnel::detail::request_text(request_, url);
    deadline_ =
        loop_.call_later(fetch_program::patience, [self] { self->fail("it took too long"); });
    CallbackStream::connect(
        addresses.of(url.host()), url.port(),
        [self](const Result<std::shared_ptr<CallbackStream>>& stream) { self->connected(stream); },
        fetch_program::patience);
  }

  void fail(const std::string& why) {
    if (!std::exchange(is_over_, true)) report_.failed(why);
    end();
  }

 private:
  void connected(const Result<std::shared_ptr<CallbackStream>>& stream) {
    if (is_over_) return;
    if (!stream) return fail(stream.error().message());
    stream_ = *stream;
    stream_->write(text_);
    read_head();
  }

  void read_head() {
    stream_->read_until("\r\n\r\n", max_head_bytes,
                        [self = shared_from_this()](const auto& bytes) { self->got_head(bytes); });
  }

  void got_head(const Result<std::string>& bytes) {
    if (!bytes) return fail(bytes.error().message());
    const auto head = funnel::parse_response_head(*bytes);
    if (!head) return fail(head.error().message());
    status_ = head->start_line.code;
    if (status_ < 200) return read_head();  // interim: the response is still to come
    const auto size = funnel::detail::body_size(*head, request_.method);
    if (!size) return fail(size.error().message());
    const auto callback = [self = shared_from_this()](const auto& body) { self->got_body(body); };
    if (*size) {
      stream_->read_bytes(static_cast<std::size_t>(**size), callback);
    } else {
      stream_->read_until_close(callback);
    }
  }

  void got_body(const Result<std::string>& body) {
    if (!body) return fail(body.error().message());
    is_over_ = true;
    report_.succeeded(status_, body->size());
    end();
  }

  void end() {
    loop_.remove_timeout(deadline_);
    stream_.reset();  // with its callbacks, which hold this
    if (over_) std::exchange(over_, {})();
  }

  funnel::IOLoop& loop_ = funnel::IOLoop::current();
  funnel::HTTPRequest request_;
  fetch_program::Report report_;
  std::function<void()> over_;
  std::string text_;
  funnel::Timeout deadline_;
  std::shared_ptr<CallbackStream> stream_;
  int status_ = 0;
  bool is_over_ = false;
};

/// All pages, so many at a time.
class Fetches {
 public:
  explicit Fetches(const fetch_program::Arguments& arguments)
      : urls_(arguments.urls), addresses_(arguments.urls) {
    for (std::size_t i = 0; i < arguments.concurrency && i < urls_.size(); ++i) {
      loop_.add_callback([this] { next(); });
    }
    loop_.start();
  }

 private:
  void next() {
    if (over_ == urls_.size()) return loop_.stop();
    if (begun_ == urls_.size()) return;
    const auto fetch = std::make_shared<Fetch>(urls_[begun_++], [this] {
      ++over_;
      loop_.add_callback([this] { next(); });
    });
    try {
      fetch->begin(addresses_);
    } catch (const std::exception& error) {
      fetch->fail(error.what());
    }
  }

  funnel::IOLoop loop_;
  std::vector<std::string> urls_;
  AddressesOf addresses_;
  std::size_t begun_ = 0;
  std::size_t over_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return fetch_program::run(argc, argv, {},
                            [](const fetch_program::Arguments& arguments) { Fetches{arguments}; });
}
