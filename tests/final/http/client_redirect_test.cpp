#include "http/client_redirect.h"

#include <funnel/simple_httpclient.h>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "client_support.h"

using namespace funnel;
using namespace funnel::http;
using namespace client_tests;

namespace {

URL url_of(const std::string& text) { return *URL::parse(text); }

HTTPRequest redirected(HTTPRequest request, int code, const std::string& to = "http://h/b") {
  redirect_request(request, code, url_of(request.url), url_of(to));
  return request;
}

HTTPRequest with_everything(const std::string& method, bool body) {
  HTTPRequest request("http://h/a", method);
  if (body) request.body = "abc";
  for (const char* name : {"Host", "Authorization", "Cookie", "Content-Length", "Content-Type",
                           "Content-Encoding", "Content-Language", "Expect", "Accept"}) {
    request.headers.add(name, "3");
  }
  return request;
}

std::vector<std::string> names(const HTTPRequest& request) {
  std::vector<std::string> all;
  for (const auto& field : request.headers) all.push_back(field.first);
  return all;
}

HTTPResponse response(int code, std::optional<std::string> location) {
  HTTPResponse made;
  made.code = code;
  if (location) made.headers.add("Location", *location);
  return made;
}

}  // namespace

TEST_SUITE("http.client.redirect") {
  TEST_CASE("only five statuses with a Location are redirects") {
    const URL here = url_of("http://h/dir/a?q");
    for (const int code : {301, 302, 303, 307, 308}) {
      CHECK(redirect_target(response(code, "b"), here)->to_string() == "http://h/dir/b");
      CHECK(!redirect_target(response(code, std::nullopt), here));
    }
    for (const int code : {200, 201, 300, 304, 305, 306, 400}) {
      CHECK(!redirect_target(response(code, "b"), here));
    }
    CHECK(redirect_target(response(302, "//x:81/p#f"), here)->to_string() == "http://x:81/p");
  }

  TEST_CASE("a Location that cannot be fetched is an error that names the server") {
    const auto message = [](const std::string& location) -> std::string {
      try {
        redirect_target(response(302, location), url_of("http://h:81/"));
      } catch (const std::system_error& error) {
        return error.what();
      }
      return {};
    };
    CHECK(message("ftp://x/") ==
          "h:81 redirects to what cannot be fetched: The URL's scheme is neither http nor https.");
    CHECK(contains(message("http://x:99999/"), "port"));
    CHECK(contains(message("/a b"), "percent-encoded"));
  }

  TEST_CASE("the method and the body change as the status says") {
    class Row {
     public:
      int code;
      const char* before;
      const char* after;
    };
    for (const Row& row :
         {Row{301, "POST", "GET"}, Row{302, "POST", "GET"}, Row{303, "POST", "GET"},
          Row{303, "PUT", "GET"}, Row{303, "DELETE", "GET"}, Row{303, "HEAD", "HEAD"},
          Row{301, "PUT", "PUT"}, Row{302, "HEAD", "HEAD"}, Row{307, "POST", "POST"},
          Row{308, "PUT", "PUT"}, Row{302, "GET", "GET"}}) {
      CAPTURE(row.code);
      CAPTURE(row.before);
      HTTPRequest request("http://h/a", row.before);
      request.body = "abc";
      const HTTPRequest next = redirected(request, row.code);
      CHECK(next.method == row.after);
      CHECK(next.body.has_value() == (std::string(row.before) == row.after));
    }
  }

  TEST_CASE("with the body go the headers that describe it, and Host always") {
    CHECK(names(redirected(with_everything("POST", true), 303)) ==
          std::vector<std::string>{"Authorization", "Cookie", "Accept"});
    CHECK(names(redirected(with_everything("PUT", true), 307)) ==
          std::vector<std::string>{"Authorization", "Cookie", "Content-Length", "Content-Type",
                                   "Content-Encoding", "Content-Language", "Expect", "Accept"});
  }

  TEST_CASE("credentials are not sent to another origin") {
    for (const char* other : {"http://x/b", "http://h:81/b", "https://h/b", "http://me:pw@x/b"}) {
      const HTTPRequest next = redirected(with_everything("GET", false), 302, other);
      CHECK(!next.headers.contains("Authorization"));
      CHECK(!next.headers.contains("Cookie"));
      CHECK(next.headers.contains("Accept"));
    }
    const HTTPRequest same = redirected(with_everything("GET", false), 302, "http://me:pw@h/b");
    CHECK(same.headers.get("Authorization") == "Basic bWU6cHc=");
    CHECK(same.headers.contains("Cookie"));
  }

  TEST_CASE("redirects are followed on the same connection, and the last response counts") {
    IOLoop loop;
    ScriptedServer server({{redirect(302, "/b?x#f"), redirect(307, "c"), ok("end")}});
    AsyncHTTPClient client;
    const HTTPResponse end = get(loop, client.fetch(server.url("/a#g")));
    CHECK(end.code == 200);
    CHECK(end.body == "end");
    CHECK(end.effective_url == server.url("/c"));
    CHECK(!end.headers.contains("Location"));
    CHECK(server.accepted == 1);
    REQUIRE(server.requests.size() == 3);
    CHECK(contains(server.requests[1], "GET /b?x HTTP/1.1\r\nHost: " + server.host() + "\r\n"));
  }

  TEST_CASE("the body of a redirect that is followed is dropped") {
    IOLoop loop;
    ScriptedServer server(
        {{Step("HTTP/1.1 302 Moved\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmoved"),
          Step("HTTP/1.1 204 Empty\r\n\r\n")}});
    AsyncHTTPClient client;
    CHECK(get(loop, client.fetch(server.url())).body == "");
    CHECK(server.accepted == 1);
  }

  TEST_CASE("when the redirects are used up, or not wanted, the redirect is the response") {
    IOLoop loop;
    ScriptedServer server({{redirect(302, "/4"), redirect(302, "/3"), redirect(302, "/2"),
                            redirect(302, "/1"), redirect(301, "/0"), ok()}});
    AsyncHTTPClient client;
    HTTPRequest request(server.url("/5"));
    request.max_redirects = 3;
    const HTTPResponse last = get(loop, client.fetch(request, false));
    CHECK(last.code == 302);
    CHECK(last.effective_url == server.url("/2"));
    CHECK(last.headers.get("Location") == "/1");
    request.follow_redirects = false;
    CHECK(contains(error_of<HTTPClientError>(loop, client.fetch(request)), "HTTP 301 Moved from"));
  }

  TEST_CASE("a redirect without a Location is the response") {
    IOLoop loop;
    ScriptedServer server({{Step("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n")}});
    AsyncHTTPClient client;
    CHECK(get(loop, client.fetch(server.url(), false)).code == 301);
  }

  TEST_CASE("a redirect is followed although only one fetch may run") {
    IOLoop loop;
    ScriptedServer server({{redirect(302, "/b"), ok("end")}});
    AsyncHTTPClient::Options options;
    options.max_clients = 1;
    AsyncHTTPClient client(options);
    CHECK(get(loop, client.fetch(server.url())).body == "end");
  }

  TEST_CASE("another server does not get the credentials of the first, in whatever way given") {
    IOLoop loop;
    ScriptedServer second;
    for (const bool in_url : {true, false}) {
      ScriptedServer first({{redirect(302, "/again"), redirect(302, second.url("/b"))}});
      AsyncHTTPClient client;
      HTTPRequest request(in_url ? "http://me:secret@" + first.host() + "/" : first.url());
      if (!in_url) request.headers.add("authorization", "Basic bWU6c2VjcmV0");
      request.headers.add("Cookie", "a=b");
      CHECK(get(loop, client.fetch(request)).effective_url == second.url("/b"));
      for (const std::string& seen : first.requests) {
        CHECK(contains(seen, "Authorization: Basic bWU6c2VjcmV0\r\n"));
        CHECK(contains(seen, "Cookie: a=b\r\n"));
      }
      CHECK(!contains(second.requests.back(), "Authorization"));
      CHECK(!contains(second.requests.back(), "Cookie"));
    }
  }

  TEST_CASE("a POST becomes a GET without its body, a 307 sends it again") {
    IOLoop loop;
    ScriptedServer server({{redirect(302, "/b"), ok(), redirect(307, "/c"), ok()}});
    AsyncHTTPClient client;
    HTTPRequest request(server.url(), "POST");
    request.body = "a=1";
    get(loop, client.fetch(request));
    get(loop, client.fetch(request));
    REQUIRE(server.requests.size() == 4);
    CHECK(server.requests[1] ==
          "GET /b HTTP/1.1\r\nHost: " + server.host() + "\r\nUser-Agent: funnel/0.1\r\n\r\n");
    CHECK(contains(server.requests[3], "POST /c HTTP/1.1"));
    CHECK(server.requests[3].ends_with("\r\n\r\na=1"));
  }

  TEST_CASE("a redirect to what is not built yet, or to nonsense, is an error") {
    IOLoop loop;
    ScriptedServer server({{redirect(302, "https://x/"), redirect(302, "gopher://x/")}});
    AsyncHTTPClient client;
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(server.url())),
                   "https is not built yet"));
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(server.url())),
                   server.host() + " redirects to what cannot be fetched"));
  }
}
