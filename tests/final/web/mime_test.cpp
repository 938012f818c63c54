#include "web/mime.h"

#include <doctest/doctest.h>

#include <string>

using funnel::web::mime_type;

TEST_SUITE("web.mime") {
  TEST_CASE("the extension decides, whatever its case") {
    CHECK(mime_type("index.html") == "text/html; charset=UTF-8");
    CHECK(mime_type("/srv/site/style.css") == "text/css; charset=UTF-8");
    CHECK(mime_type("robots.txt") == "text/plain; charset=UTF-8");
    CHECK(mime_type("app.min.js") == "text/javascript; charset=UTF-8");
    CHECK(mime_type("PHOTO.JPG") == "image/jpeg");
    CHECK(mime_type("a.woff2") == "font/woff2");
    CHECK(mime_type("a.webmanifest") == "application/manifest+json");
    CHECK(mime_type("sample.xml.gz") == "application/gzip");
    CHECK(mime_type("a.svg") == "image/svg+xml");
    CHECK(mime_type("a.json") == "application/json");
    CHECK(mime_type("a.wasm") == "application/wasm");
  }

  TEST_CASE("what is unknown is bytes") {
    for (const char* name : {"", "README", ".", "a.", "a.unknown", "sample.bz2", "html", "a.html~",
                             "site.html/README", "a.htmlx"}) {
      CAPTURE(name);
      CHECK(mime_type(name) == "application/octet-stream");
    }
    CHECK(mime_type("a." + std::string(10'000, 'x')) == "application/octet-stream");
  }
}
