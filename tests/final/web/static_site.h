#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "site.h"
#include "support/time_scale.h"

/// @file
/// A folder with a site in it, and the site.

namespace site {

/// A folder that goes away with this object.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "funnel_static_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    ::chmod(name.c_str(), 0755);
    path_ = std::filesystem::canonical(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(std::string_view name) const { return (path_ / name).string(); }
  void write(std::string_view name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  void link(std::string_view target, std::string_view name) const {
    std::filesystem::create_symlink(target, path_ / name);
  }

 private:
  std::filesystem::path path_;
};

/// A site whose answers come from a thread, so that they have to be waited for.
class StaticSite : public Site {
 public:
  using Site::Site;

  /// Runs the loop until `done()`, but not for ever.
  template <typename Done>
  void run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + test_support::time_limit(10s);
    for (;;) {
      fixture.run();
      if (done()) return;
      if (std::chrono::steady_clock::now() > end) break;
      std::this_thread::sleep_for(200us);
    }
    FAIL("nothing came in the time limit");
  }

  Reply fetch(std::string_view target, std::string_view lines = {},
              std::string_view method = "GET") {
    raw::Client client = fixture.connect();
    client.send(head(method, target, lines));
    run_until([&] {
      const auto answers = client.answers({std::string(method)});
      return client.ended() || (!answers.empty() && answers.front().complete);
    });
    return reply(client, method);
  }
};

}  // namespace site
