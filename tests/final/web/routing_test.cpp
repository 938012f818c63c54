#include <funnel/routing.h>

#include <funnel/web.h>

#include <re2/re2.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

/// Writes its name.
class Named : public RequestHandler {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  void get() { write(name_); }

 private:
  std::string name_;
};

/// Writes its argument.
template <typename T>
class Echo : public RequestHandler {
 public:
  void get(T value) {
    if constexpr (std::is_arithmetic_v<T>) {
      write(std::to_string(value));
    } else {
      write(value);
    }
  }
};

class Pair : public RequestHandler {
 public:
  Task<> get(std::string first, std::string second) {
    co_await gen::sleep(0s);
    write(first + "|" + second);
  }
};

class EveryKind : public RequestHandler {
 public:
  void get() { write("get"); }
  void head() const noexcept {}
  Task<> post() {
    write("post");
    co_return;
  }
  Task<> put() {
    co_await gen::sleep(0s);
    write("put");
  }
  Task<> patch() {
    write("patch");
    return {};
  }
  void options() noexcept { write("options"); }
  Task<> delete_() const { co_await gen::sleep(0s); }
};

class GetAndPost : public RequestHandler {
 public:
  void post() { write("post"); }
  void get() { write("get"); }
};

template <typename Make>
std::string message_of(Make make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace

TEST_SUITE("web.routing") {
  TEST_CASE("the first route that matches answers") {
    Site site({
        route<Named>("/literal", "literal"),
        route<Named>("/literal", "the same again"),
        route<Named>("/l[a-z]*", "expression"),
        route<Named>("/later", "a literal behind an expression that matches"),
        route<Named>("/[a-z]+|/[0-9]", "last"),
        route<Named>("/zeta.html", "an expression, for the dot is one"),
        route<Named>("/omega", "a literal behind an expression that matches too"),
        route<Named>("/A", "a literal that no expression matches"),
    });
    CHECK(site.get("/literal").body == "literal");
    CHECK(site.get("/later").body == "expression");
    CHECK(site.get("/l").body == "expression");
    CHECK(site.get("/omega").body == "last");
    CHECK(site.get("/7").body == "last");
    CHECK(site.get("/zeta_html").body == "an expression, for the dot is one");
    CHECK(site.get("/A").body == "a literal that no expression matches");
  }

  TEST_CASE("a pattern matches the whole path and nothing but the path") {
    Site site({route<Named>("/a", "a"), route<Named>("/b+", "b"), route<Named>("/c|/cc", "c"),
               route<Named>("//double", "double")});
    for (const char* path : {"/", "/aa", "/a/", "/A", "//a", "/%61", "/bbx", "/x/bb", "/ccc"}) {
      CAPTURE(path);
      CHECK(site.get(path).code == 404);
    }
    CHECK(site.get("/a?b=/x").body == "a");
    CHECK(site.get("/bbb?").body == "b");
    CHECK(site.get("/cc").body == "c");
    CHECK(site.get("//double").body == "double");
    CHECK(site.get("http://other/a?x").body == "a");
  }

  TEST_CASE("many literals are found, each by its own route") {
    std::vector<Route> routes;
    for (int i = 0; i < 1000; ++i) {
      const std::string number = std::to_string(i);
      routes.push_back(route<Named>(runtime("/n" + number), number));
    }
    Site site(routes);
    for (const char* number : {"0", "1", "499", "999"}) {
      CHECK(site.get("/n" + std::string(number)).body == number);
    }
    CHECK(site.get("/n1000").code == 404);
  }

  TEST_CASE("a number in a path is a number of that type or there is no such page") {
    Site site({
        route<Echo<int>>("/int/(.*)"),
        route<Echo<unsigned char>>("/byte/(.*)"),
        route<Echo<long long>>("/long/(.*)"),
        route<Echo<double>>("/double/(.*)"),
    });
    CHECK(site.get("/int/42").body == "42");
    CHECK(site.get("/int/-7").body == "-7");
    CHECK(site.get("/int/007").body == "7");
    CHECK(site.get("/int/%34%32").body == "42");
    CHECK(site.get("/int/2147483647").body == "2147483647");
    CHECK(site.get("/int/-2147483648").body == "-2147483648");
    CHECK(site.get("/byte/255").body == "255");
    CHECK(site.get("/long/9223372036854775807").body == "9223372036854775807");
    CHECK(site.get("/double/2.5").body == "2.500000");
    for (const char* path : {"/int/2147483648",
                             "/int/-2147483649",
                             "/int/99999999999999999999",
                             "/int/",
                             "/int/12abc",
                             "/int/abc",
                             "/int/+5",
                             "/int/%205",
                             "/int/5%20",
                             "/int/5.0",
                             "/int/0x10",
                             "/int/1_0",
                             "/int/5%00",
                             "/int/--5",
                             "/byte/256",
                             "/byte/-1",
                             "/long/9223372036854775808",
                             "/double/x",
                             "/double/1e999",
                             "/double/1,5"}) {
      CAPTURE(path);
      const Reply reply = site.get(path);
      CHECK(reply.code == 404);
      CHECK(reply.body == "<html><title>404: Not Found</title><body>404: Not Found</body></html>");
    }
  }

  TEST_CASE("a text in a path is percent-decoded after it was matched") {
    Site site({route<Pair>("/pair/([^/]+)/([^/]+)"), route<Echo<std::string>>("/s/(.*)"),
               route<Echo<std::string_view>>("/v/(.*)")});
    CHECK(site.get("/pair/a%2Fb/c%2fd").body == "a/b|c/d");
    CHECK(site.get("/pair/a/b/c").code == 404);
    CHECK(site.get("/s/1%20+%201").body == "1 + 1");
    CHECK(site.get("/s/%3F").body == "?");
    CHECK(site.get("/s/%C3%A9").body == "\xC3\xA9");
    CHECK(site.get("/s/100%25").body == "100%");
    CHECK(site.get("/s/%2525").body == "%25");
    CHECK(site.get("/s/%zz%4").body == "%zz%4");
    CHECK(site.get("/s/a%00b").body == std::string("a\0b", 3));
    CHECK(site.get("/s/a/b").body == "a/b");
    CHECK(site.get("/s/").body.empty());
    CHECK(site.get("/v/x%20y").body == "x y");
  }

  TEST_CASE("a text in a path that is not UTF-8 is refused with 400") {
    Site site({route<Echo<std::string>>("/s/(.*)"), route<Echo<int>>("/i/(.*)")});
    for (const char* path : {"/s/%FF", "/s/%E9", "/s/%C3", "/s/%ED%A0%80", "/s/%C0%AF", "/i/%FF"}) {
      CAPTURE(path);
      CHECK(site.get(path).code == 400);
    }
    CHECK(site.logged("a path argument is not UTF-8"));
  }

  TEST_CASE("groups are given by position; one that took no part is empty") {
    Site site({route<Pair>("/opt/([a-z]+)(?:/([0-9]+))?"),
               route<Pair>("/named/(?P<second>[a-z]+)/(?P<first>[0-9]+)"),
               route<Pair>(R"(/class/([()\]]+)/\((.)\))")});
    CHECK(site.get("/opt/abc").body == "abc|");
    CHECK(site.get("/opt/abc/12").body == "abc|12");
    CHECK(site.get("/named/abc/12").body == "abc|12");
    CHECK(site.get("/class/(])/(x)").body == "(])|x");
  }

  TEST_CASE("a method may be void or a task, const or noexcept") {
    Site site({route<EveryKind>("/")});
    CHECK(site.get("/").body == "get");
    CHECK(site.ask("HEAD", "/").code == 200);
    CHECK(site.ask("POST", "/").body == "post");
    CHECK(site.ask("PUT", "/").body == "put");
    CHECK(site.ask("PATCH", "/").body == "patch");
    CHECK(site.ask("OPTIONS", "/").body == "options");
    CHECK(site.ask("DELETE", "/").code == 200);
  }

  TEST_CASE("a method that a handler does not have is a 405, and Allow names those it has") {
    Site site({route<GetAndPost>("/"), route<EveryKind>("/every"),
               route<GetAndPost>("/head").head_from_get()});
    for (const char* method : {"HEAD", "PUT", "DELETE", "OPTIONS", "FOO", "get", "Post", "TRACE"}) {
      CAPTURE(method);
      const Reply reply = site.ask(method, "/");
      CHECK(reply.status_line() == "HTTP/1.1 405 Method Not Allowed");
      CHECK(reply.header("Allow") == "GET, POST");
      if (std::string_view(method) == "HEAD") continue;
      CHECK(reply.body ==
            "<html><title>405: Method Not Allowed</title>"
            "<body>405: Method Not Allowed</body></html>");
      CHECK(reply.header("Content-Length") == "87");
    }
    CHECK(site.ask("FOO", "/every").header("Allow") ==
          "GET, HEAD, POST, PUT, PATCH, OPTIONS, DELETE");
    CHECK(site.ask("FOO", "/head").header("Allow") == "GET, POST, HEAD");
    CHECK(site.ask("FOO", "/nowhere").code == 404);
  }

  TEST_CASE("head_from_get answers HEAD with the head of GET, unless there is a head") {
    Site site({route<GetAndPost>("/").head_from_get(), route<EveryKind>("/own").head_from_get()});
    const Reply get = site.get("/");
    const Reply head = site.ask("HEAD", "/");
    CHECK(get.body == "get");
    CHECK(head.fields == get.fields);
    CHECK(head.bytes == get.bytes.substr(0, get.bytes.size() - 3));
    const Reply own = site.ask("HEAD", "/own");
    CHECK(own.code == 200);
    CHECK(!own.has_header("Content-Length"));
    CHECK(!own.has_header("Etag"));
  }

  TEST_CASE("head_from_get of an empty page has the head of that page") {
    Site site({route<Named>("/", "").head_from_get()});
    const Reply get = site.get("/");
    CHECK(site.ask("HEAD", "/").bytes == get.bytes);
    CHECK(get.header("Content-Length") == "0");
    CHECK(get.has_header("Etag"));
  }

  TEST_CASE("head_from_get without a get is refused when the application is made") {
    class PostOnly : public RequestHandler {
     public:
      void post() {}
    };
    class HeadOnly : public RequestHandler {
     public:
      void head() {}
    };
    const std::string why = "\": head_from_get needs a get, which its handler does not have";
    CHECK(message_of([] { Application({route<PostOnly>("/p").head_from_get()}); }) ==
          "route \"/p" + why);
    CHECK(message_of([] { Application({route<HeadOnly>("/h").head_from_get()}); }) ==
          "route \"/h" + why);
  }

  TEST_CASE("a route is a value, also behind the calls that change it") {
    const Route& named = route<Named>("/a", "a").name("a");
    const Route& headed = route<Named>("/b", "b").name("b").head_from_get();
    static_assert(!std::is_reference_v<decltype(route<Named>("/", "x").name("n"))>);
    static_assert(!std::is_reference_v<decltype(route<Named>("/", "x").head_from_get())>);
    CHECK(named.route_name() == "a");
    CHECK(headed.route_name() == "b");
    CHECK(headed.has_head_from_get());
    Route changed = route<Named>("/c", "c");
    CHECK(&changed.name("c").head_from_get() == &changed);
  }

  TEST_CASE("OPTIONS * is about the server, not about a route") {
    Site site({route<Named>(".*", "everything")});
    const Reply reply = site.ask("OPTIONS", "*");
    CHECK(reply.code == 204);
    CHECK(!reply.has_header("Content-Type"));
    CHECK(!reply.has_header("Content-Length"));
    CHECK(site.ask("OPTIONS", "/").code == 405);
    CHECK(site.get("*").code == 400);
  }

  TEST_CASE("each request gets a handler of its own, made of copies of the route's arguments") {
    class Adder : public RequestHandler {
     public:
      Adder(std::string text, int& count) : text_(std::move(text)), count_(count) {}
      void get() {
        text_ += "!";
        write(text_ + std::to_string(++count_));
      }

     private:
      std::string text_;
      int& count_;
    };
    int count = 0;
    std::string text = "text";
    Site site({route<Adder>("/", text, std::ref(count))});
    text = "changed";
    CHECK(site.get("/").body == "text!1");
    CHECK(site.get("/").body == "text!2");
    CHECK(count == 2);
  }

  TEST_CASE("the routes of modules are joined like any vectors") {
    const std::vector<Route> one{route<Named>("/a", "a")};
    std::vector<Route> all{route<Named>("/b", "b").name("b")};
    all.insert(all.end(), one.begin(), one.end());
    Site first(all);
    CHECK(first.get("/a").body == "a");
    CHECK(first.get("/b").body == "b");
  }

  TEST_CASE("a pattern that is no expression is refused when the application is made") {
    const auto make = [](const char* pattern) {
      return message_of([pattern] { Application({route<Named>(runtime(pattern), "x")}); });
    };
    CHECK(make("/(a") == "route \"/(a\": missing ): /(a");
    CHECK(make("/[a") == "route \"/[a\": missing ]: [a");
    CHECK(make("/a(?=b)") == "route \"/a(?=b)\": invalid perl operator: (?=");
    CHECK(make("/*a**").find("route \"/*a**\": bad repetition operator") == 0);
    CHECK(make("/fine.*") == "(nothing was thrown)");
  }

  TEST_CASE("a pattern whose groups do not fit is refused when the application is made") {
    CHECK(message_of([] { Application({route<Pair>(runtime("/(a)"))}); }) ==
          "route \"/(a)\": the pattern has 1 groups, but its handler has 2 parameters");
    CHECK(message_of([] { Application({route<Pair>(runtime("/a"))}); }) ==
          "route \"/a\": the pattern has no groups, but its handler has parameters");
    CHECK(message_of([] { Application({route<Named>(runtime("/(a)"), "x")}); }) ==
          "route \"/(a)\": the pattern has 1 groups, but its handler has 0 parameters");
  }

  TEST_CASE("a name that is used twice is refused when the application is made") {
    CHECK(message_of([] {
            Application({route<Named>("/a", "a").name("n"), route<Named>("/b", "b").name("n")});
          }) == "route \"/b\": the name \"n\" is taken");
  }

  TEST_CASE("the groups of a literal pattern are counted as RE2 counts them") {
    for (const char* pattern : {"",
                                "/",
                                "/(a)",
                                "/(?:a)(b)",
                                "/((a)(b))",
                                R"(/\(a\))",
                                "/[(](a)",
                                "/[](](a)",
                                "/[^](](a)",
                                "/(?P<n>a)",
                                "/(?i)a(b)",
                                R"(/[\](]+(a))",
                                R"(/\\(a))",
                                "/(a|(b))?",
                                "/(?i:a)(?P<x>(b))",
                                "/([])]+)",
                                "/([^])]+)",
                                "/([[:alpha:](]+)",
                                "/[^[:alpha:](](a)",
                                "/[[:](a)",
                                "/[[:(](a)",
                                R"(/\Q(\E(.*))",
                                R"(/\Q[(\)\\E(a))",
                                R"(/\Q(a)(b))",
                                R"(/\\Q(a))"}) {
      CAPTURE(pattern);
      const RE2 expression(pattern);
      REQUIRE(expression.ok());
      CHECK(static_cast<int>(web::detail::count_groups(pattern)) ==
            expression.NumberOfCapturingGroups());
    }
  }
}
