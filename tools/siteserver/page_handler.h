#pragma once

#include <funnel/web.h>

#include <exception>
#include <string>

namespace site {

/// Serves the pages of the site: also by a name without `.html`, and its own page for what is not
/// there.
class PageHandler : public funnel::web::StaticFileHandler {
 public:
  explicit PageHandler(const std::string& root);

  funnel::Task<> get(std::string path);
  funnel::Task<> head(std::string path);
  void write_error(int status_code, const std::exception_ptr& error) override;

 private:
  std::string root_;
};

}  // namespace site
