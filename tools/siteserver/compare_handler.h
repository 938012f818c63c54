#pragma once

#include <funnel/process.h>
#include <funnel/web.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace site {

/// The one comparison that may run at a time, and how it is started.
class Comparisons {
 public:
  explicit Comparisons(std::vector<std::string> command)
      : command_(std::move(command)), running_(std::make_shared<bool>(false)) {}

  const std::vector<std::string>& command() const noexcept { return command_; }
  bool running() const noexcept { return *running_; }
  /// Returns a token; until its last copy goes away, a comparison runs.
  std::shared_ptr<void> start();

 private:
  std::vector<std::string> command_;
  std::shared_ptr<bool> running_;
};

/// Says that this server is there, to pages that would show a recording otherwise.
class StatusHandler : public funnel::web::RequestHandler {
 public:
  void get();
};

/// Starts a comparison and passes on what it says while it runs: events, a line of JSON each, in
/// pieces that may end anywhere. If the program fails without saying so itself, the last event
/// is an `error`.
///
/// A page of any site could make a browser send a POST to this machine; so the request must be
/// for a loopback host and come from a page of this very server.
class CompareHandler : public funnel::web::RequestHandler {
 public:
  explicit CompareHandler(Comparisons& comparisons) : comparisons_(comparisons) {}

  funnel::Task<> post();
  void write_error(int status_code, const std::exception_ptr& error) override;

 private:
  void require_own_page() const;
  int number(std::string_view name, int least, int most) const;
  std::vector<std::string> command_line() const;
  funnel::Task<> pass_on(funnel::process::Subprocess& process);

  Comparisons& comparisons_;
};

}  // namespace site
