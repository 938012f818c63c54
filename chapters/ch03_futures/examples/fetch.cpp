// Gets pages, many at a time, on one thread, with futures:
//
//     fetch [--concurrency K] URL... (or - to read them from standard input)
//
// Prints a line of JSON for each. K requests wait at a time; 1 if it is not given.

#include <funnel/client_request.h>
#include <funnel/client_response.h>
#include <funnel/future.h>
#include <funnel/httpclient.h>
#include <funnel/httputil.h>
#include <funnel/ioloop.h>
#include <funnel/iostream.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addresses_of.h"
#include "fetch_program.h"

namespace {

using funnel::Future;
using funnel::IOStream;
using Stream = std::shared_ptr<IOStream>;

constexpr std::size_t max_head_bytes = std::size_t{64} * 1024;

struct Page {
  int status;
  std::string body;
};

// #region fetch
Future<Page> read_response(const Stream& stream) {
  return stream->read_until("\r\n\r\n", max_head_bytes).then([stream](const std::string& bytes) {
    const funnel::ResponseHead head = funnel::parse_response_head(bytes).value();
    const int status = head.start_line.code;
    if (status < 200) return read_response(stream);  // interim: the response is still to come
    const auto size = funnel::detail::body_size(head, "GET").value();
    const Future<std::string> body =
        size ? stream->read_bytes(static_cast<std::size_t>(*size)) : stream->read_until_close();
    return body.then([stream, status](const std::string& text) { return Page{status, text}; });
  });
}

Future<Page> fetch(const AddressesOf& addresses, const std::string& text) {
  const funnel::HTTPRequest request(text);
  const funnel::URL url = funnel::detail::check_request(request);
  const std::string bytes = funnel::detail::request_text(request, url);
  const auto connected =
      IOStream::connect(addresses.of(url.host()), url.port(), fetch_program::patience);
  const Future<Page> page = connected.then([bytes](IOStream& stream) {
    const Stream shared = std::make_shared<IOStream>(std::move(stream));
    shared->write(bytes);
    return read_response(shared);
  });
  return with_timeout(funnel::Duration(fetch_program::patience), page);
}
// #endregion fetch

/// All pages, so many at a time.
class Fetches {
 public:
  explicit Fetches(const fetch_program::Arguments& arguments)
      : urls_(arguments.urls), addresses_(arguments.urls) {
    std::vector<Future<>> workers;
    for (std::size_t i = 0; i < arguments.concurrency && i < urls_.size(); ++i) {
      workers.push_back(fetch_next());
    }
    multi(workers).add_done_callback([this](const Future<>&) { loop_.stop(); });
    loop_.start();
  }

 private:
  /// Fetches the next page that nobody has taken yet, and so on, until all are taken.
  Future<> fetch_next() {
    if (next_ == urls_.size()) return {};
    const std::string url = urls_[next_++];
    return report(url).then([this] { return fetch_next(); });
  }

  /// Fetches a page and reports it; does not fail.
  Future<> report(const std::string& url) const {
    const funnel::Promise<> over;
    const fetch_program::Report report(url);
    try {
      fetch(addresses_, url).add_done_callback([over, report](const Future<Page>& page) {
        try {
          report.succeeded(page.result().status, page.result().body.size());
        } catch (const std::exception& error) {
          report.failed(error.what());
        }
        over.set_value();
      });
    } catch (const std::exception& error) {
      report.failed(error.what());
      over.set_value();
    }
    return over.future();
  }

  funnel::IOLoop loop_;
  std::vector<std::string> urls_;
  AddressesOf addresses_;
  std::size_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return fetch_program::run(argc, argv, {},
                            [](const fetch_program::Arguments& arguments) { Fetches{arguments}; });
}
