#include <funnel/web.h>

#include <string>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";

std::string show(const std::optional<std::string>& value) {
  return value ? "<" + *value + ">" : "-";
}

/// Writes what every function says of the argument `a`.
class Show : public RequestHandler {
 public:
  void get() {
    std::string all;
    for (const std::string& value : get_arguments("a")) all += "<" + value + ">";
    write(all + " " + get_argument("a", "fallback") + " " + show(get_query_argument("a")) + " " +
          show(get_body_argument("a")));
  }
  void post() { get(); }
};

class Need : public RequestHandler {
 public:
  void get() { write(get_argument("q")); }
};

class Arguments {
 public:
  std::string query(std::string_view text) { return site.get("/?" + std::string(text)).body; }
  std::string body(std::string_view text, std::string_view lines = form) {
    return site.ask("POST", "/", lines, text).body;
  }

  Site site{{route<Show>("/"), route<Need>("/need")}};
};

}  // namespace

TEST_SUITE("web.arguments") {
  TEST_CASE("an argument that is missing is a 400, or the fallback") {
    Arguments a;
    CHECK(a.query("") == " fallback - -");
    CHECK(a.query("b=1&A=2") == " fallback - -");
    const Reply reply = a.site.get("/need");
    CHECK(reply.code == 400);
    CHECK(reply.body ==
          "<html><title>400: Bad Request</title><body>400: Bad Request</body></html>");
    CHECK(a.site.logged("400 GET /need (192.0.2.1): Missing argument q"));
    CHECK(a.site.get("/need?q=").code == 200);
  }

  TEST_CASE("of several values the last one counts, and all are given in order") {
    Arguments a;
    CHECK(a.query("a=1&b=x&a=2") == "<1><2> 2 <2> -");
    CHECK(a.query("a=&a=") == "<><>  <> -");
    CHECK(a.query("a") == "<>  <> -");
    CHECK(a.query("a=b=c") == "<b=c> b=c <b=c> -");
    CHECK(a.query("a=1;a=2") == "<1;a=2> 1;a=2 <1;a=2> -");
  }

  TEST_CASE("the query comes before the form, so that the form wins") {
    Arguments a;
    const Reply both = a.site.ask("POST", "/?a=query&a=q2", form, "a=body&x=1&a=b2");
    CHECK(both.body == "<query><q2><body><b2> b2 <q2> <b2>");
    CHECK(a.body("a=only") == "<only> only - <only>");
  }

  TEST_CASE("only a body that says that it is a form is one") {
    Arguments a;
    const std::string type = "Content-Type: ";
    CHECK(a.body("a=1", type + "application/x-www-form-urlencoded; charset=utf-8\r\n") ==
          "<1> 1 - <1>");
    CHECK(a.body("a=1", type + "Application/X-WWW-Form-Urlencoded ;x\r\n") == "<1> 1 - <1>");
    for (const char* other : {"text/plain", "application/json", "", "application/x-www-form",
                              "application/x-www-form-urlencoded-not"}) {
      CHECK(a.body("a=1", type + other + "\r\n") == " fallback - -");
    }
    CHECK(a.body("a=1", "") == " fallback - -");
  }

  TEST_CASE("percent signs and plus signs are decoded, in names too") {
    Arguments a;
    CHECK(a.query("a=1+%2B+1") == "<1 + 1> 1 + 1 <1 + 1> -");
    CHECK(a.query("%61=x") == "<x> x <x> -");
    CHECK(a.query("a=%C3%A9") == "<\xC3\xA9> \xC3\xA9 <\xC3\xA9> -");
    CHECK(a.query("a=%26%3D") == "<&=> &= <&=> -");
    CHECK(a.query("a=%zz%4") == "<%zz%4> %zz%4 <%zz%4> -");
    CHECK(a.body("a=1+1") == "<1 1> 1 1 - <1 1>");
  }

  TEST_CASE("control characters become blanks, and blanks around a value go") {
    Arguments a;
    CHECK(a.query("a=%20a%01b%20") == "<a b> a b <a b> -");
    CHECK(a.query("a=%00") == "<>  <> -");
    CHECK(a.query("a=%09%0Ax%0Ay%0D%0B%0C") == "<x\ny> x\ny <x\ny> -");
    CHECK(a.query("a=%08x%0E%1Fy%1B") == "<x  y> x  y <x  y> -");
    CHECK(a.query("a=x%7Fy") == "<x\x7Fy> x\x7Fy <x\x7Fy> -");
  }

  TEST_CASE("more arguments than are allowed are a 400, in the query and in the form") {
    const auto many = [](std::size_t count) {
      std::string text = "a=last";
      while (--count > 0) text.insert(0, "b&");
      return text;
    };
    Arguments a;
    CHECK(a.query(many(1000)) == "<last> last <last> -");
    CHECK(a.body(many(1000)) == "<last> last - <last>");
    CHECK(a.site.get("/?" + many(1001)).code == 400);
    CHECK(a.site.ask("POST", "/", form, many(1001)).code == 400);
    CHECK(a.site.ask("POST", "/?" + many(1000), form, many(1000)).code == 200);
    CHECK(a.site.ask("POST", "/", "", many(1001)).code == 200);  // that is no form
    CHECK(a.site.logged("400 POST / (192.0.2.1): too many arguments"));
  }

  TEST_CASE("how many arguments are allowed can be set") {
    Settings settings;
    settings.max_arguments = 2;
    {
      Site site({route<Show>("/")}, settings);
      CHECK(site.get("/?a=1&a=2").code == 200);
      CHECK(site.get("/?a=1&a=2&a=3").code == 400);
    }
    settings.max_arguments = 0;
    Site site({route<Show>("/")}, settings);
    CHECK(site.get("/").code == 200);
    CHECK(site.get("/?a").code == 400);
  }

  TEST_CASE("a large form is decoded once, however often it is asked for arguments") {
    class Asks : public RequestHandler {
     public:
      void post() {
        std::size_t found = 0;
        for (int i = 0; i < 20'000; ++i) found += get_argument("a", "").size();
        write(std::to_string(found));
      }
    };
    Site site({route<Asks>("/")});
    // The time limit of the tests is the check: decoded each time, this would be 100 GB.
    CHECK(site.ask("POST", "/", form, "a=1&b=" + std::string(5'000'000, 'x')).body == "20000");
  }

  TEST_CASE("a value that is not UTF-8 is a 400, but only if it is asked for") {
    Arguments a;
    for (const char* query : {"a=%FF", "a=%C3", "a=%ED%A0%80", "a=ok&a=%E9"}) {
      CAPTURE(query);
      CHECK(a.site.get("/?" + std::string(query)).code == 400);
    }
    CHECK(a.site.logged("an argument is not UTF-8"));
    CHECK(a.site.ask("POST", "/", form, "a=%FF").code == 400);
    CHECK(a.query("b=%FF&a=1") == "<1> 1 <1> -");
    CHECK(a.query("%FF=1&a=1") == "<1> 1 <1> -");
  }
}
