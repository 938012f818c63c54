#include <funnel/web.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <string>

#include "static_site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

const std::string robots = "User-agent: *\nDisallow: /\n";
const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr long date_seconds = 784111777;

/// Sets a file's time: `date` and so many seconds and nanoseconds.
void set_time(const std::string& path, long seconds = 0, long nanoseconds = 0) {
  timespec times[2] = {};
  times[0].tv_sec = times[1].tv_sec = date_seconds + seconds;
  times[0].tv_nsec = times[1].tv_nsec = nanoseconds;
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

class Files {
 public:
  Files() {
    folder.write("root/robots.txt", robots);
    set_time(robots_path());
  }
  std::string robots_path() const { return folder.path("root/robots.txt"); }
  std::string etag() { return site.fetch("/static/robots.txt").header("Etag"); }

  Folder folder;
  StaticSite site{{route<StaticFileHandler>("/static/(.*)", folder.path("root"))}};
};

std::string since(const std::string& when) { return "If-Modified-Since: " + when + "\r\n"; }
std::string none_match(const std::string& etag) { return "If-None-Match: " + etag + "\r\n"; }

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 256);
  return text;
}

Task<> fill(IOStream& stream, bool& filled) { filled = co_await stream.fill(); }

/// Asks for a large file and waits for the answer's begin; more comes only when it is read.
IOStream begin(Files& files, std::size_t size) {
  files.folder.write("root/large.bin", pattern(size));
  IOStream stream = files.site.fixture.connect_stream();
  stream.write(Site::head("GET", "/static/large.bin"));
  bool filled = false;
  spawn_callback(fill(stream, filled));
  files.site.run_until([&] { return filled; });
  return stream;
}

/// Lets `change` happen to a large file after the begin of it has come, and reads the rest.
template <typename Change>
Reply interrupted(Files& files, std::size_t size, Change change) {
  IOStream stream = begin(files, size);
  change(files.folder.path("root/large.bin"));
  raw::Client client(files.site.fixture.loop, std::move(stream));
  files.site.run_until([&] {
    const auto answers = client.answers();
    return client.ended() || (!answers.empty() && answers.front().complete);
  });
  return Site::reply(client);
}

/// The loopback interface has a speed to ask for, but none to tell.
const std::string unreadable_folder = "/sys/devices/virtual/net/lo";

bool unreadable_exists() {
  const int fd = ::open((unreadable_folder + "/speed").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char byte = 0;
  const bool failed = ::read(fd, &byte, 1) < 0;
  ::close(fd);
  return failed;
}

}  // namespace

TEST_SUITE("web.static_file") {
  TEST_CASE("a file is answered with its type, its length and what caches need") {
    Files files;
    const Reply reply = files.site.fetch("/static/robots.txt");
    CHECK(reply.status_line() == "HTTP/1.1 200 OK");
    CHECK(reply.body == robots);
    CHECK(reply.header("Content-Type") == "text/plain; charset=UTF-8");
    CHECK(reply.header("Content-Length") == "26");
    CHECK(reply.header("Last-Modified") == date);
    CHECK(reply.header("X-Content-Type-Options") == "nosniff");
    CHECK(reply.header("Etag").size() > 10);
    CHECK(!reply.has_header("Transfer-Encoding"));
    CHECK(!reply.ended);
  }

  TEST_CASE("HEAD is the same without the body") {
    Files files;
    files.folder.write("root/large.bin", pattern(300'000));
    for (const char* path : {"/static/robots.txt", "/static/large.bin"}) {
      const Reply get = files.site.fetch(path);
      const Reply head = files.site.fetch(path, "", "HEAD");
      CHECK(head.fields == get.fields);
      CHECK(head.bytes.ends_with("\r\n\r\n"));
      CHECK(head.bytes.size() == get.bytes.size() - get.body.size());
    }
  }

  TEST_CASE("an empty file is an empty answer") {
    Files files;
    files.folder.write("root/empty.css", "");
    const Reply reply = files.site.fetch("/static/empty.css");
    CHECK(reply.code == 200);
    CHECK(reply.header("Content-Length") == "0");
    CHECK(reply.header("Content-Type") == "text/css; charset=UTF-8");
    CHECK(reply.complete);
  }

  TEST_CASE("a large file arrives whole, whatever its length") {
    Files files;
    for (const std::size_t size : {std::size_t{65535}, std::size_t{65536}, std::size_t{65537},
                                   std::size_t{131072}, std::size_t{1} << 20}) {
      const std::string content = pattern(size);
      files.folder.write("root/large.bin", content);
      const Reply reply = files.site.fetch("/static/large.bin");
      CHECK(reply.header("Content-Length") == std::to_string(size));
      CHECK(reply.header("Content-Type") == "application/octet-stream");
      CHECK(reply.body == content);
    }
  }

  TEST_CASE("a file that does not exist is a 404, and only GET and HEAD are known") {
    Files files;
    CHECK(files.site.fetch("/static/none.txt").code == 404);
    CHECK(files.site.fetch("/static/none/none.txt").code == 404);
    CHECK(files.site.fetch("/static/none.txt", "", "HEAD").code == 404);
    const Reply posted = files.site.fetch("/static/robots.txt", "", "POST");
    CHECK(posted.code == 405);
    CHECK(posted.header("Allow") == "GET, HEAD");
  }

  TEST_CASE("a client that has the file gets a 304") {
    Files files;
    const std::string etag = files.etag();
    for (const char* method : {"GET", "HEAD"}) {
      for (const std::string& lines :
           {none_match(etag), none_match("W/" + etag), none_match("\"x\", " + etag),
            none_match("*"), since(date), since("Sun, 06 Nov 1994 08:49:38 GMT"),
            since("Sunday, 06-Nov-94 08:49:37 GMT"),
            none_match(etag) + since("Sun, 06 Nov 1994 08:49:36 GMT")}) {
        CAPTURE(lines);
        const Reply reply = files.site.fetch("/static/robots.txt", lines, method);
        CHECK(reply.code == 304);
        CHECK(reply.header("Etag") == etag);
        CHECK(reply.header("Last-Modified") == date);
        CHECK(!reply.has_header("Content-Type"));
        CHECK(!reply.has_header("Content-Length"));
        CHECK(!reply.has_header("Transfer-Encoding"));
        CHECK(reply.bytes.ends_with("\r\n\r\n"));
      }
    }
  }

  TEST_CASE("a client that has another file, or says nonsense, gets this one") {
    Files files;
    for (const std::string& lines :
         {none_match("\"other\""), none_match("\"other\"") + since(date), none_match("nonsense"),
          since("Sun, 06 Nov 1994 08:49:36 GMT"), since("Fri, 01 Jan 1960 00:00:00 GMT"),
          since("yesterday"), since("")}) {
      CAPTURE(lines);
      CHECK(files.site.fetch("/static/robots.txt", lines).body == robots);
    }
  }

  TEST_CASE("a file that is newer by less than a second is not sent again for its date") {
    Files files;
    set_time(files.robots_path(), 0, 999'000'000);
    CHECK(files.site.fetch("/static/robots.txt", since(date)).code == 304);
    set_time(files.robots_path(), 1);
    CHECK(files.site.fetch("/static/robots.txt", since(date)).code == 200);
  }

  TEST_CASE("the tag changes with the file, so that nobody keeps the old one") {
    Files files;
    const std::string first = files.etag();
    CHECK(files.etag() == first);
    set_time(files.robots_path(), 0, 1);
    const std::string touched = files.etag();
    CHECK(touched != first);
    files.folder.write("root/robots.txt", robots + "x");
    set_time(files.robots_path(), 0, 1);
    const std::string longer = files.etag();
    CHECK(longer != touched);
    files.folder.write("root/new", robots + "y");
    set_time(files.folder.path("root/new"), 0, 1);
    std::filesystem::rename(files.folder.path("root/new"), files.robots_path());
    CHECK(files.etag() != longer);
    CHECK(files.site.fetch("/static/robots.txt", none_match(longer)).body == robots + "y");
  }

  TEST_CASE("a file that becomes shorter while it is sent cuts the connection off") {
    Files files;
    const Reply reply = interrupted(files, std::size_t{1} << 20, [](const std::string& path) {
      std::filesystem::resize_file(path, 100'000);
    });
    CHECK(reply.ended);
    CHECK(!reply.complete);
    CHECK(reply.header("Content-Length") == "1048576");
    CHECK(files.site.logged("a static file became shorter while it was sent"));
  }

  TEST_CASE("of a file that becomes longer while it is sent the announced part is sent") {
    Files files;
    const Reply reply = interrupted(files, 500'000, [](const std::string& path) {
      std::filesystem::resize_file(path, 600'000);
    });
    CHECK(reply.complete);
    CHECK(!reply.ended);
    CHECK(reply.body == pattern(500'000));
  }

  TEST_CASE("a file that is replaced while it is sent is sent to its end") {
    Files files;
    const Reply reply = interrupted(files, 500'000, [&](const std::string& path) {
      files.folder.write("root/other.bin", "other");
      std::filesystem::rename(files.folder.path("root/other.bin"), path);
    });
    CHECK(reply.complete);
    CHECK(reply.body == pattern(500'000));
  }

  TEST_CASE("a client that goes away in the middle leaves nothing behind") {
    Files files;
    const auto gone = [&] { return files.site.fixture.server->connections() == 0; };
    IOStream stream = begin(files, std::size_t{1} << 20);
    stream.close();
    files.site.run_until(gone);
    IOStream impatient = files.site.fixture.connect_stream();
    impatient.write(Site::head("GET", "/static/large.bin"));
    files.site.fixture.run();
    impatient.close();
    files.site.run_until(gone);
    CHECK(!files.site.logged("Uncaught"));
  }

  TEST_CASE("a file that cannot be read is a 500 that is logged, but only when its body is sent") {
    if (!unreadable_exists()) {
      MESSAGE("not tested: this system has no file that can be opened but not read");
      return;
    }
    StaticSite site({route<StaticFileHandler>("/net/(.*)", unreadable_folder)});
    CHECK(site.fetch("/net/speed").code == 500);
    CHECK(site.logged("cannot read a static file: "));
    site.fixture.log.clear();
    const Reply head = site.fetch("/net/speed", "", "HEAD");
    CHECK(head.code == 200);
    const std::string etag = none_match(head.header("Etag"));
    CHECK(site.fetch("/net/speed", etag).code == 304);
    CHECK(!site.logged("cannot read"));
    CHECK(site.fetch("/net/speed", none_match("\"other\"")).code == 500);
    CHECK(site.logged("cannot read a static file: "));
  }

  TEST_CASE("the type is that of the name that was asked for, whatever a link leads to") {
    const Folder folder;
    folder.write("root/blobs/3fa9", "body {}");
    folder.write("root/blobs/page.css", "<html>");
    folder.link("blobs/3fa9", "root/style.css");
    folder.link("blobs/page.css", "root/index.html");
    StaticSite site({route<StaticFileHandler>("/(.*)", folder.path("root"), "index.html")});
    CHECK(site.fetch("/style.css").header("Content-Type") == "text/css; charset=UTF-8");
    CHECK(site.fetch("/blobs/3fa9").header("Content-Type") == "application/octet-stream");
    CHECK(site.fetch("/").header("Content-Type") == "text/html; charset=UTF-8");
    CHECK(site.fetch("/").body == "<html>");
  }

  TEST_CASE("a file from the future was not modified later than its answer was made") {
    Files files;
    const long tomorrow = static_cast<long>(std::time(nullptr)) - date_seconds + 86'400;
    set_time(files.robots_path(), tomorrow);
    raw::Client client = files.site.fixture.connect();
    client.send(Site::head("GET", "/static/robots.txt"));
    files.site.run_until([&] { return client.received().find(robots) != std::string::npos; });
    const auto time_of = [&](const std::string& name) {
      const std::size_t at = client.received().find("\r\n" + name + ": ");
      REQUIRE(at != std::string::npos);
      return parse_http_date(client.received().substr(at + name.size() + 4, date.size()));
    };
    REQUIRE(time_of("Date"));
    REQUIRE(time_of("Last-Modified"));
    CHECK(*time_of("Last-Modified") <= *time_of("Date"));
  }
}
