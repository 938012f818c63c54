#pragma once

#include <doctest/doctest.h>

#include <funnel/web.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../http/raw_client.h"

/// @file
/// An application on memory streams, and handlers whose work is written where it is tested.

namespace site {

using namespace std::chrono_literals;

/// The head of an answer to which its handler adds nothing, up to what tells its length.
inline const std::string plain_head =
    "HTTP/1.1 200 OK\r\nServer: funnel/0.1\r\n"
    "Content-Type: text/html; charset=UTF-8\r\n";

/// What a handler does with `get` and all its other methods.
class Do : public funnel::web::RequestHandler {
 public:
  using Work = std::function<void(Do&)>;
  explicit Do(Work work) : work_(std::move(work)) {}

  void get() { work_(*this); }
  void head() { work_(*this); }
  void post() { work_(*this); }
  void put() { work_(*this); }
  void patch() { work_(*this); }
  void options() { work_(*this); }
  void delete_() { work_(*this); }

  using RequestHandler::check_etag;
  using RequestHandler::set_content_length;

 private:
  Work work_;
};

/// The same with a coroutine, which must be a function or a closure without captures.
class Await : public funnel::web::RequestHandler {
 public:
  using Work = std::function<funnel::Task<>(Await&)>;
  explicit Await(Work work) : work_(std::move(work)) {}

  funnel::Task<> get() { return work_(*this); }
  funnel::Task<> head() { return work_(*this); }

  using RequestHandler::set_content_length;

 private:
  Work work_;
};

/// A site of one handler, at `/`.
inline std::vector<funnel::web::Route> one(Do::Work work) {
  return {funnel::web::route<Do>("/", std::move(work))};
}

/// One answer, as it came and taken apart.
class Reply : public raw::Answer {
 public:
  Reply(raw::Answer answer, std::string bytes_, bool ended_)
      : raw::Answer(std::move(answer)), bytes(std::move(bytes_)), ended(ended_) {}

  std::string status_line() const { return bytes.substr(0, bytes.find("\r\n")); }
  bool has_header(std::string_view name) const {
    return ("\r\n" + fields).find("\r\n" + std::string(name) + ": ") != std::string::npos;
  }
  /// The value of the only header of that name.
  std::string header(std::string_view name) const {
    const std::string text = "\r\n" + fields;
    const std::string start = "\r\n" + std::string(name) + ": ";
    const std::size_t at = text.find(start);
    if (at == std::string::npos) return "(none)";
    CHECK(text.find(start, at + 1) == std::string::npos);
    const std::size_t begin = at + start.size();
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }

  std::string bytes;  ///< everything that came, without Date
  bool ended;         ///< whether the server closed the connection
};

/// An application behind a server.
class Site {
 public:
  explicit Site(std::vector<funnel::web::Route> routes, funnel::web::Settings settings = {})
      : app(std::move(routes), std::move(settings)),
        fixture([this](funnel::HTTPServerRequest& request, funnel::HTTPConnection& connection) {
          return app.handle(request, connection);
        }) {
    // Only one at a time: streams are made on the current loop.
    REQUIRE(&funnel::IOLoop::current() == &fixture.loop);
  }

  /// Sends a request on a connection of its own.
  Reply ask(std::string_view method, std::string_view target, std::string_view lines = {},
            std::string_view body = {}) {
    std::string text = head(method, target, lines);
    if (!body.empty()) {
      text.insert(text.size() - 2, "Content-Length: " + std::to_string(body.size()) + "\r\n");
    }
    text += body;
    raw::Client client = fixture.connect();
    client.send(text);
    return reply(client, method);
  }
  Reply get(std::string_view target, std::string_view lines = {}) {
    return ask("GET", target, lines);
  }

  static std::string head(std::string_view method, std::string_view target,
                          std::string_view lines = {}) {
    std::string text(method);
    text += ' ';
    text += target;
    text += " HTTP/1.1\r\nHost: h\r\n";
    text += lines;
    text += "\r\n";
    return text;
  }

  /// The only answer that a client got.
  static Reply reply(const raw::Client& client, std::string_view method = "GET") {
    const std::vector<raw::Answer> all = client.answers({std::string(method)});
    CHECK(all.size() <= 1);
    return Reply(all.empty() ? raw::Answer() : all.front(), raw::without_date(client.received()),
                 client.ended());
  }

  bool logged(std::string_view text) const { return fixture.log.contains(text); }

  funnel::web::Application app;  // before the fixture, whose server uses it
  raw::Fixture fixture;
};

}  // namespace site
