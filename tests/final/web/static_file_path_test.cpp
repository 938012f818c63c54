#include <funnel/web.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "static_site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

/// A root with secrets around it.
class Tree {
 public:
  Tree() {
    folder.write("secret.txt", "secret");
    folder.write("root/index.html", "index");
    folder.write("root/a/b.txt", "b");
    folder.write("root/empty/x", "x");
    folder.write("root/a/index.html", "index of a");
    folder.write("root2/secret.txt", "secret");
    folder.write("outside/index.html", "secret");
  }
  Route plain() const { return route<StaticFileHandler>("/s/(.*)", folder.path("root")); }
  Route indexed() const {
    return route<StaticFileHandler>("/i/(.*)", folder.path("root"), "index.html");
  }

  Folder folder;
};

/// Root may read everything: while this lives, the process is somebody else.
class NotRoot {
 public:
  NotRoot() { REQUIRE((!was_root_ || ::seteuid(65534) == 0)); }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
  ~NotRoot() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  const bool was_root_ = ::geteuid() == 0;
};

/// While this lives, nobody but root may use a file or enter a folder.
class Locked {
 public:
  explicit Locked(std::string path) : path_(std::move(path)) {
    REQUIRE(::chmod(path_.c_str(), 0) == 0);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() { ::chmod(path_.c_str(), 0700); }  // else only root could remove a folder

 private:
  const std::string path_;
};

/// While this lives, the process cannot open anything.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = ::dup(STDERR_FILENO);
    REQUIRE(next > 0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_SUITE("web.static_file.path") {
  TEST_CASE("nothing outside the root is served, however the way is written") {
    Tree tree;
    StaticSite site({tree.plain(), tree.indexed()});
    for (const char* path : {"../secret.txt",
                             "%2e%2e/secret.txt",
                             "..%2fsecret.txt",
                             "%2E%2E%2Fsecret.txt",
                             ".%2e/secret.txt",
                             "a/../../secret.txt",
                             "a%2F..%2F..%2Fsecret.txt",
                             "./../secret.txt",
                             "/../secret.txt",
                             "a//../../secret.txt",
                             "../root2/secret.txt",
                             "../root2",
                             "..",
                             "../",
                             "%2e%2e",
                             "../root/index.html",
                             "a/../../root/index.html",
                             "../nothing.txt",
                             "../../../../../../../../../../etc/passwd",
                             "none/../../secret.txt"}) {
      CAPTURE(path);
      for (const char* prefix : {"/s/", "/i/"}) {
        const Reply reply = site.fetch(prefix + std::string(path));
        CHECK(reply.code == 403);
        CHECK(reply.body.find("secret") == std::string::npos);
      }
    }
    for (const char* path :
         {"%252e%252e/secret.txt", "..%5csecret.txt", "..\\secret.txt", "/etc/passwd",
          "%2Fetc%2Fpasswd", ".../secret.txt", "..%00/secret.txt"}) {
      CAPTURE(path);
      CHECK(site.fetch("/s/" + std::string(path)).code == 404);
    }
    CHECK(site.fetch("/s/%c0%ae%c0%ae/secret.txt").code == 400);
  }

  TEST_CASE("what looks the same inside and outside is refused in the same way") {
    Tree tree;
    StaticSite site({tree.plain()});
    CHECK(site.fetch("/s/../secret.txt").bytes == site.fetch("/s/../missing.txt").bytes);
  }

  TEST_CASE("dots that stay inside the root are no harm") {
    Tree tree;
    StaticSite site({tree.plain()});
    for (const char* path : {"a/../index.html", "./index.html", "a/./../index.html", "//index.html",
                             "a%2f..%2Findex.html"}) {
      CAPTURE(path);
      const Reply reply = site.fetch("/s/" + std::string(path));
      CHECK(reply.code == 200);
      CHECK(reply.body == "index");
    }
    CHECK(site.fetch("/s/a/b.txt/../../index.html").code == 404);  // a file has no dots in it
  }

  TEST_CASE("a path with a NUL is no file") {
    Tree tree;
    tree.folder.write("root/index.html", "index");
    StaticSite site({tree.plain()});
    for (const char* path : {"/s/index.html%00", "/s/index.html%00.txt", "/s/%00"}) {
      CHECK(site.fetch(path).code == 404);
    }
  }

  TEST_CASE("names are percent-decoded once") {
    Tree tree;
    tree.folder.write("root/with space.txt", "space");
    tree.folder.write("root/100%25.txt", "percent");
    tree.folder.write("root/\xC3\xA9.txt", "accent");
    StaticSite site({tree.plain()});
    CHECK(site.fetch("/s/with%20space.txt").body == "space");
    CHECK(site.fetch("/s/100%2525.txt").body == "percent");
    CHECK(site.fetch("/s/%C3%A9.txt").body == "accent");
    CHECK(site.fetch("/s/with+space.txt").code == 404);
  }

  TEST_CASE("a link out of the root is refused, one inside is followed") {
    Tree tree;
    tree.folder.link(tree.folder.path("secret.txt"), "root/file_link.txt");
    tree.folder.link("../secret.txt", "root/relative_link.txt");
    tree.folder.link("../outside", "root/directory_link");
    tree.folder.link("../root2/secret.txt", "root/neighbour_link.txt");
    tree.folder.link("../root2", "root/neighbour");
    tree.folder.link("a/b.txt", "root/inside.txt");
    tree.folder.link("a", "root/inside");
    tree.folder.link("nowhere", "root/dangling.txt");
    tree.folder.link("loop.txt", "root/loop.txt");
    StaticSite site({tree.plain(), tree.indexed()});
    for (const char* path :
         {"/s/file_link.txt", "/s/relative_link.txt", "/s/directory_link",
          "/s/directory_link/index.html", "/i/directory_link/", "/i/directory_link",
          "/s/neighbour_link.txt", "/s/neighbour/secret.txt"}) {
      CAPTURE(path);
      CHECK(site.fetch(path).code == 403);
    }
    CHECK(site.fetch("/s/inside.txt").body == "b");
    CHECK(site.fetch("/s/inside/b.txt").body == "b");
    CHECK(site.fetch("/s/dangling.txt").code == 404);
    CHECK(site.fetch("/s/loop.txt").code == 404);
  }

  TEST_CASE("the root may be a link, or end with a slash, or be relative") {
    Tree tree;
    tree.folder.link("root", "link");
    StaticSite site({route<StaticFileHandler>("/link/(.*)", tree.folder.path("link")),
                     route<StaticFileHandler>("/slash/(.*)", tree.folder.path("root/")),
                     route<StaticFileHandler>("/all/(.*)", "/"),
                     route<StaticFileHandler>("/none/(.*)", tree.folder.path("none"))});
    CHECK(site.fetch("/link/index.html").body == "index");
    CHECK(site.fetch("/link/../secret.txt").code == 403);
    CHECK(site.fetch("/slash/index.html").body == "index");
    CHECK(site.fetch("/all" + tree.folder.path("root/a/b.txt")).body == "b");
    CHECK(site.fetch("/none/index.html").code == 404);
  }

  TEST_CASE("a directory is forbidden where there is no default file") {
    Tree tree;
    StaticSite site({tree.plain()});
    for (const char* path : {"/s/", "/s/a", "/s/a/", "/s/."}) CHECK(site.fetch(path).code == 403);
  }

  TEST_CASE("a directory is answered with its default file, under a name with a slash") {
    Tree tree;
    std::filesystem::create_directories(tree.folder.path("root/odd/index.html"));
    tree.folder.link("../../secret.txt", "root/empty/index.html");
    StaticSite site({tree.indexed()});
    const Reply root = site.fetch("/i/");
    CHECK(root.body == "index");
    CHECK(root.header("Content-Type") == "text/html; charset=UTF-8");
    const Reply named = site.fetch("/i/a");
    CHECK(named.status_line() == "HTTP/1.1 301 Moved Permanently");
    CHECK(named.header("Location") == "/i/a/");
    CHECK(site.fetch("/i/a/").body == "index of a");
    CHECK(site.fetch("/i/a/", "", "HEAD").header("Content-Length") == "10");
    CHECK(site.fetch("/i/empty/").code == 403);
    CHECK(site.fetch("/i/odd/").code == 403);
    std::filesystem::remove(tree.folder.path("root/empty/index.html"));
    CHECK(site.fetch("/i/empty/").code == 404);
    CHECK(site.fetch("/i/index.html/").code == 404);
    CHECK(site.fetch("/i/index.html/x").code == 404);
  }

  TEST_CASE("a redirect never leads to another host") {
    Tree tree;
    std::filesystem::create_directories(tree.folder.path("root/evil.example"));
    std::filesystem::create_directories(tree.folder.path("root/\\evil.example/docs"));
    StaticSite site({route<StaticFileHandler>("/(.*)", tree.folder.path("root"), "index.html")});
    for (const char* path :
         {"//evil.example", "//evil.example/..", "//a", "///a", "//evil.example/%2e",
          "//evil.example/../a", "/\\evil.example", "/\\evil.example/docs"}) {
      CAPTURE(path);
      const Reply reply = site.fetch(path);
      CHECK(reply.code == 403);
      CHECK(!reply.has_header("Location"));
    }
    CHECK(site.fetch("/a").header("Location") == "/a/");
    CHECK(site.fetch("/%5Cevil.example").header("Location") == "/%5Cevil.example/");
  }

  TEST_CASE("a socket is forbidden") {
    Tree tree;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = tree.folder.path("root/socket");
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(fd);
    REQUIRE(bound == 0);
    StaticSite site({tree.plain()});
    CHECK(site.fetch("/s/socket").code == 403);
  }

  TEST_CASE("a name that is too long is no file") {
    Tree tree;
    StaticSite site({tree.plain()});
    CHECK(site.fetch("/s/" + std::string(300, 'x')).code == 404);
    CHECK(site.fetch("/s/a/" + std::string(300, 'x') + "/b").code == 404);
  }

  TEST_CASE("a server that is out of descriptors says so, and not that there is no such file") {
    Tree tree;
    StaticSite site({tree.plain(), tree.indexed(), route<Do>("/error", [](Do&) {
                       throw std::system_error(std::make_error_code(std::errc::io_error));
                     })});
    // Once with descriptors, for threads begin, and UBSan opens a pipe to look at an object whose
    // type is new to it.
    CHECK(site.fetch("/s/index.html").code == 200);
    CHECK(site.fetch("/error").code == 500);
    for (const char* path : {"/s/index.html", "/i/"}) {
      Reply reply = [&] {
        const NoDescriptors none;
        return site.fetch(path);
      }();
      CHECK(reply.code == 500);
      CHECK(site.logged("cannot open a static file: Too many open files"));
      site.fixture.log.clear();
    }
    CHECK(site.fetch("/s/index.html").code == 200);
  }

  TEST_CASE("a pipe is forbidden at once, not waited for") {
    Tree tree;
    REQUIRE(::mkfifo(tree.folder.path("root/pipe").c_str(), 0666) == 0);
    StaticSite site({tree.plain(), route<StaticFileHandler>("/dev/(.*)", "/dev")});
    CHECK(site.fetch("/s/pipe").code == 403);
    CHECK(site.fetch("/dev/zero").code == 403);
  }

  TEST_CASE("a file that may not be read is forbidden, and so is one that cannot be reached") {
    Tree tree;
    const Locked file(tree.folder.path("root/a/b.txt"));
    const Locked folder(tree.folder.path("root/empty"));
    StaticSite site({tree.plain()});
    const NotRoot not_root;
    CHECK(site.fetch("/s/a/b.txt").code == 403);
    CHECK(site.fetch("/s/empty/x").code == 403);
    CHECK(site.fetch("/s/empty/none").code == 403);
    CHECK(site.fetch("/s/index.html").body == "index");
  }
}
