#include "http/client_request.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace funnel;
using namespace funnel::http;

namespace {

/// The sentence with which the request is refused; empty if it is not.
std::string refusal(const HTTPRequest& request) {
  try {
    check_request(request);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

HTTPRequest request_with_body(const std::string& method, const std::string& body) {
  HTTPRequest request("http://h/", method);
  request.body = body;
  return request;
}

std::string head_of(HTTPRequest request) {
  const URL url = parse_request_url(request.url);
  apply_userinfo(request, url);
  std::string out;
  append_request_head(out, request, url);
  return out;
}

}  // namespace

TEST_SUITE("http.client.request") {
  TEST_CASE("the head of a GET has host and user agent, and nothing that it does not need") {
    CHECK(head_of(HTTPRequest("http://Example.org:8080/p?q=1#frag")) ==
          "GET /p?q=1 HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: funnel/0.1\r\n\r\n");
    CHECK(head_of(HTTPRequest("http://[::1]:80")) ==
          "GET / HTTP/1.1\r\nHost: [::1]\r\nUser-Agent: funnel/0.1\r\n\r\n");
  }

  TEST_CASE("a body has its length, and a POST a type") {
    CHECK(head_of(request_with_body("POST", "a=1")) ==
          "POST / HTTP/1.1\r\nHost: h\r\nUser-Agent: funnel/0.1\r\nContent-Length: 3\r\n"
          "Content-Type: application/x-www-form-urlencoded\r\n\r\n");
    CHECK(head_of(request_with_body("PUT", "")) ==
          "PUT / HTTP/1.1\r\nHost: h\r\nUser-Agent: funnel/0.1\r\nContent-Length: 0\r\n\r\n");
  }

  TEST_CASE("headers of the caller replace those that would be added") {
    HTTPRequest request = request_with_body("POST", "abc");
    request.headers.add("host", "other");
    request.headers.add("user-agent", "mine");
    request.headers.add("content-length", "3");
    request.headers.add("content-type", "text/plain");
    CHECK(head_of(request) ==
          "POST / HTTP/1.1\r\nHost: other\r\nUser-Agent: mine\r\nContent-Length: 3\r\n"
          "Content-Type: text/plain\r\n\r\n");
  }

  TEST_CASE("an empty user agent is not sent") {
    HTTPRequest request("http://h/");
    request.user_agent.clear();
    CHECK(head_of(request) == "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  TEST_CASE("user information becomes Basic credentials, decoded, and is no part of the host") {
    CHECK(head_of(HTTPRequest("http://me:secret@h/")) ==
          "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: funnel/0.1\r\n"
          "Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
    HTTPRequest request("http://a%40b:p%3Aq+r@h/");  // a@b:p:q+r
    apply_userinfo(request, parse_request_url(request.url));
    CHECK(request.headers.get("Authorization") == "Basic YUBiOnA6cSty");
    HTTPRequest only_name("http://me@h/");
    only_name.headers.add("Authorization", "Bearer x");
    apply_userinfo(only_name, parse_request_url(only_name.url));
    CHECK(only_name.headers.get("Authorization") == "Basic bWU6");
    HTTPRequest colon("http://a%3Ab:c@h/");
    CHECK_THROWS_AS(apply_userinfo(colon, parse_request_url(colon.url)), std::invalid_argument);
  }

  TEST_CASE("a URL that cannot be fetched is refused with a sentence") {
    const auto sentence = [](const std::string& url) -> std::string {
      try {
        parse_request_url(url);
      } catch (const std::invalid_argument& error) {
        return error.what();
      }
      return {};
    };
    CHECK(sentence("http://h/") == "");
    CHECK(sentence("h/path") == "The URL does not start with http:// or https://.");
    CHECK(sentence("ftp://h/") == "The URL's scheme is neither http nor https.");
    CHECK(sentence("http:///path") == "The URL has no host.");
    CHECK(sentence("http://h:0/") == "The URL's port is not a number from 1 to 65535.");
    CHECK(sentence("http://h:65536/") == "The URL's port is not a number from 1 to 65535.");
    CHECK(sentence("http://h:80x/") == "The URL's port is not a number from 1 to 65535.");
    CHECK(sentence("http://h/a\r\nX: y").find("percent-encoded") != std::string::npos);
  }

  TEST_CASE("which methods must have a body, and which must not") {
    for (const char* method : {"POST", "PUT", "PATCH"}) {
      CHECK(refusal(HTTPRequest("http://h/", method)) ==
            "The body of a " + std::string(method) + " request must be set; it may be empty.");
      CHECK(refusal(request_with_body(method, "")) == "");
    }
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"}) {
      CHECK(refusal(request_with_body(method, "")) ==
            "The body of a " + std::string(method) + " request must not be set.");
      CHECK(refusal(HTTPRequest("http://h/", method)) == "");
    }
    CHECK(refusal(HTTPRequest("http://h/", "PROPFIND")) == "");
    CHECK(refusal(request_with_body("PROPFIND", "x")) == "");
  }

  TEST_CASE("what could write a line of its own, or frame the body twice, is refused") {
    CHECK(refusal(HTTPRequest("http://h/", "GET / HTTP/1.1\r\nX:")) ==
          "The method of the request is not a token.");
    CHECK(refusal(HTTPRequest("http://h/", "")) == "The method of the request is not a token.");
    CHECK(refusal(HTTPRequest("http://h/", "CONNECT")).find("tunnel") != std::string::npos);
    HTTPRequest agent("http://h/");
    agent.user_agent = "x\r\nInjected: y";
    CHECK(refusal(agent) == "The user agent of the request has a control character.");
    HTTPRequest framed = request_with_body("POST", "abc");
    framed.headers.add("Transfer-Encoding", "chunked");
    CHECK(refusal(framed).find("Transfer-Encoding") != std::string::npos);
    HTTPRequest hosts("http://h/");
    hosts.headers.add("Host", "a");
    hosts.headers.add("Host", "b");
    CHECK(refusal(hosts) == "The request has more than one Host.");
    for (const char* length : {"2", "4", "+3", "3,3", "x"}) {
      HTTPRequest wrong = request_with_body("POST", "abc");
      wrong.headers.add("Content-Length", length);
      CHECK(refusal(wrong) ==
            "The request has Content-Length " + std::string(length) + ", but a body of 3 bytes.");
    }
  }

  TEST_CASE("a negative time-out is refused") {
    HTTPRequest request("http://h/");
    request.connect_timeout = std::chrono::seconds(-1);
    CHECK(refusal(request) == "A time-out of the request is negative; 0 means none.");
    request.connect_timeout = Duration::zero();
    request.request_timeout = std::chrono::seconds(-1);
    CHECK(refusal(request) == "A time-out of the request is negative; 0 means none.");
    request.request_timeout = Duration::zero();
    CHECK(refusal(request) == "");
  }

  TEST_CASE("which requests may be sent twice, and which leave the connection open") {
    for (const char* method : {"GET", "HEAD", "PUT", "OPTIONS", "TRACE", "DELETE"}) {
      CHECK(is_idempotent(method));
    }
    for (const char* method : {"POST", "PATCH", "PROPFIND", "get"}) CHECK(!is_idempotent(method));
    HTTPHeaders headers;
    CHECK(allows_keep_alive(headers));
    headers.set("Connection", "Keep-Alive");
    CHECK(allows_keep_alive(headers));
    headers.set("Connection", "close");
    CHECK(!allows_keep_alive(headers));
    headers.set("Connection", "keep-alive, close");
    CHECK(!allows_keep_alive(headers));
  }
}
