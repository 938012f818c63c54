#include <funnel/web.h>

#include <fmt/format.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

class Zero : public RequestHandler {
 public:
  void get() {}
};

class One : public RequestHandler {
 public:
  void get(const std::string& value) { write(value); }
};

class Two : public RequestHandler {
 public:
  void get(int number, const std::string& text) { write(std::to_string(number) + "|" + text); }
};

template <typename T>
class Number : public RequestHandler {
 public:
  void get(T value) { write(fmt::format("{}", value)); }
};

class Unused : public RequestHandler {
 public:
  void get() {}
};

std::string reversed(const std::string& pattern, const std::vector<std::string>& arguments) {
  const auto made = [&] {
    switch (arguments.size()) {
      case 0:
        return route<Zero>(runtime(pattern));
      case 1:
        return route<One>(runtime(pattern));
      default:
        return route<Two>(runtime(pattern));
    }
  };
  return Application({made().name("x")}).reverse_url("x", arguments);
}

template <typename Call>
std::string error_of(Call call) {
  try {
    return "(no error) " + call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::string cannot_reverse(const std::string& pattern, const std::vector<std::string>& arguments) {
  return error_of([&] { return reversed(pattern, arguments); });
}

}  // namespace

TEST_SUITE("web.reverse") {
  TEST_CASE("the groups of a pattern are replaced by the arguments, escaped as a path is") {
    CHECK(reversed("/", {}) == "/");
    CHECK(reversed("/decode_arg/(.*)", {"foo"}) == "/decode_arg/foo");
    CHECK(reversed("/(.*)", {"42"}) == "/42");
    CHECK(reversed("/(.*)", {"\xE9"}) == "/%E9");
    CHECK(reversed("/(.*)", {"\xC3\xA9"}) == "/%C3%A9");
    CHECK(reversed("/(.*)", {"1 + 1"}) == "/1%20%2B%201");
    CHECK(reversed("/(.*)", {"?a#b%c"}) == "/%3Fa%23b%25c");
    CHECK(reversed("/(.*)", {""}) == "/");
    CHECK(reversed(R"(/a/(\d+)/b/([^/]*))", {"5", "x y/z"}) == "/a/5/b/x%20y/z");
    CHECK(reversed(R"(/api\.v1/foo/([0-9]+)/icon\.png)", {"5"}) == "/api.v1/foo/5/icon.png");
    CHECK(reversed(R"(/favicon\.ico)", {}) == "/favicon.ico");
    CHECK(reversed("^/anchored/(.*)$", {"x"}) == "/anchored/x");
    CHECK(reversed("/(?P<name>[a-z]+)", {"x"}) == "/x");
    CHECK(reversed(R"(/([)(]+)/(\)|[)]))", {"(", ")"}) == "/%28/%29");
  }

  TEST_CASE("a pattern that cannot be turned round says why") {
    const std::string start = "cannot reverse \"";
    CHECK(cannot_reverse(R"(^/api/v\d+/foo/(\w+)$)", {"x"}) ==
          start + R"(^/api/v\d+/foo/(\w+)$": it has a class or an assertion outside its groups)");
    CHECK(cannot_reverse("/foo/?", {}) ==
          start + "/foo/?\": it has an operator outside its groups");
    CHECK(cannot_reverse("/(a)?", {"a"}) ==
          start + "/(a)?\": it has an operator outside its groups");
    CHECK(cannot_reverse("/a.b", {}) == start + "/a.b\": it has an operator outside its groups");
    CHECK(cannot_reverse("/a|/b", {}) == start + "/a|/b\": it has an operator outside its groups");
    CHECK(cannot_reverse("/[a]", {}) == start + "/[a]\": it has an operator outside its groups");
    CHECK(cannot_reverse("/((a)b)", {"a", "b"}) == start + "/((a)b)\": it has nested groups");
    CHECK(cannot_reverse("/(?:a)", {}) == start + "/(?:a)\": it has a group without capture");
    CHECK(cannot_reverse("/(?i)a", {}) == start + "/(?i)a\": it has a group without capture");
  }

  TEST_CASE("a wrong number of arguments or an unknown name is an error") {
    const Application app{route<Two>("/([0-9]+)/(.*)").name("two"), route<Zero>("/zero")};
    CHECK(app.reverse_url("two", {"1", "b"}) == "/1/b");
    CHECK(error_of([&] { return app.reverse_url("two", {"1"}); }) ==
          "cannot reverse \"/([0-9]+)/(.*)\": too few arguments were given");
    CHECK(error_of([&] {
            return app.reverse_url("two", {"1", "b", "c"});
          }) == "cannot reverse \"/([0-9]+)/(.*)\": too many arguments were given");
    CHECK(error_of([&] { return app.reverse_url("three"); }) == "no route is named \"three\"");
    CHECK(error_of([&] { return app.reverse_url(""); }) == "no route is named \"\"");
  }

  TEST_CASE("url_for finds the only route of a handler") {
    const Application app{route<Two>("/two/(-?[0-9]+)/(.*)"), route<One>("/a/(.*)"),
                          route<One>("/b/(.*)").name("b"), route<Zero>("/zero")};
    CHECK(app.url_for<Zero>() == "/zero");
    CHECK(app.url_for<Two>(42, "x y") == "/two/42/x%20y");
    CHECK(app.url_for<Two>(-1, std::string("z")) == "/two/-1/z");
    CHECK(app.url_for<Two>(short{3}, std::string_view("v")) == "/two/3/v");
    CHECK(error_of([&] { return app.url_for<One>("x"); }) ==
          "the handler of \"/b/(.*)\" has several routes: give the route a name and use "
          "reverse_url");
    CHECK(app.reverse_url("b", {"x"}) == "/b/x");
    CHECK(error_of([&] { return app.url_for<Unused>(); }) == "the handler of url_for has no route");
  }

  TEST_CASE("a number is written so that the route makes the same number of it") {
    const Application app{route<Number<double>>("/d/(.*)"), route<Number<float>>("/f/(.*)"),
                          route<Number<long long>>("/l/(.*)"),
                          route<Number<unsigned char>>("/b/(.*)")};
    CHECK(app.url_for<Number<double>>(1e-9) == "/d/1e-09");
    CHECK(app.url_for<Number<double>>(0.1) == "/d/0.1");
    CHECK(app.url_for<Number<double>>(2) == "/d/2");
    CHECK(app.url_for<Number<double>>(-2.5F) == "/d/-2.5");
    CHECK(app.url_for<Number<double>>(std::numeric_limits<double>::max()) ==
          "/d/1.7976931348623157e%2B308");
    CHECK(app.url_for<Number<double>>(5e-324) == "/d/5e-324");
    CHECK(app.url_for<Number<float>>(0.1) == "/f/0.1");
    CHECK(app.url_for<Number<long long>>(std::numeric_limits<long long>::min()) ==
          "/l/-9223372036854775808");
    CHECK(app.url_for<Number<long long>>(true) == "/l/1");
    CHECK(app.url_for<Number<unsigned char>>(255L) == "/b/255");
    enum Page { first = 7 };
    CHECK(app.url_for<Number<unsigned char>>(first) == "/b/7");
    Site site({route<Number<double>>("/d/(.*)")});
    for (const double value : {1e-9, 0.1, -1.5e300, 5e-324, 12345678.9}) {
      CHECK(site.get(site.app.url_for<Number<double>>(value)).body == fmt::format("{}", value));
    }
  }

  TEST_CASE("a number that its parameter cannot have is refused") {
    const Application app{route<Number<double>>("/d/(.*)"), route<Number<float>>("/f/(.*)"),
                          route<Number<int>>("/i/(.*)"), route<Number<unsigned>>("/u/(.*)"),
                          route<Number<unsigned char>>("/b/(.*)")};
    const std::string refused = "url_for: a number does not fit the parameter of the handler";
    CHECK(error_of([&] { return app.url_for<Number<int>>(5'000'000'000LL); }) == refused);
    CHECK(error_of([&] { return app.url_for<Number<int>>(2147483648U); }) == refused);
    CHECK(error_of([&] { return app.url_for<Number<unsigned>>(-1); }) == refused);
    CHECK(error_of([&] { return app.url_for<Number<unsigned char>>(256); }) == refused);
    CHECK(error_of([&] { return app.url_for<Number<float>>(1e300); }) == refused);
    for (const double value :
         {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::quiet_NaN()}) {
      CHECK(error_of([&] { return app.url_for<Number<double>>(value); }) == refused);
    }
  }

  TEST_CASE("an argument that begins with a slash does not lead to another host") {
    Site site({route<One>("/(.*)")});
    for (const char* text : {"/evil", "//evil", "/", "\\evil", "/\\evil", "evil"}) {
      CAPTURE(text);
      const std::string path = site.app.url_for<One>(text);
      CHECK(!path.starts_with("//"));
      CHECK(!path.starts_with("/\\"));
      CHECK(site.get(path).body == text);
    }
    CHECK(site.app.url_for<One>("/evil") == "/%2Fevil");
    CHECK(reversed("(.*)", {"//evil"}) == "/%2Fevil");
    CHECK(reversed("(.*)", {"/fine"}) == "/fine");
    CHECK(reversed("/([0-9]*)(.*)", {"", "/evil"}) == "/%2Fevil");
    CHECK(reversed("/a/(.*)", {"/b"}) == "/a//b");
    const std::string other = "\": to a browser its path would be another host's address";
    CHECK(cannot_reverse("//a", {}) == "cannot reverse \"//a" + other);
    CHECK(cannot_reverse(R"(/\\a)", {}) == R"(cannot reverse "/\\a)" + other);
    CHECK(cannot_reverse("(.*)/a", {"/"}) == "cannot reverse \"(.*)/a" + other);
  }

  TEST_CASE("a group ends where RE2 sees its end") {
    CHECK(reversed("/([])]+)/x", {"]"}) == "/%5D/x");
    CHECK(reversed("/([^])]+)/x", {"a"}) == "/a/x");
    CHECK(reversed("/([[:alpha:])]+)/x", {"a"}) == "/a/x");
    CHECK(reversed(R"(/(\Q)\E+)/x)", {")"}) == "/%29/x");
  }

  TEST_CASE("the path that was built leads to the handler with the same arguments") {
    Site site({route<Two>("/two/(-?[0-9]+)/(.*)")});
    for (const char* text :
         {"a", "", "a b", "a/b", "100%", "?x=1", "\xC3\xA9", "a+b", "%2F", "#"}) {
      CAPTURE(text);
      const Reply reply = site.get(site.app.url_for<Two>(-3, text));
      CHECK(reply.code == 200);
      CHECK(reply.body == "-3|" + std::string(text));
    }
  }
}
