#include "page_handler.h"

#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace site {

namespace {

/// Returns the file that a path stands for: a page's name is its file's without `.html`.
std::string file_of(std::string path) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (!name.empty() && name.find('.') == std::string_view::npos) path += ".html";
  return path;
}

}  // namespace

PageHandler::PageHandler(const std::string& root)
    : StaticFileHandler(root, "index.html"), root_(root) {}

funnel::Task<> PageHandler::get(std::string path) {
  return StaticFileHandler::get(file_of(std::move(path)));
}

funnel::Task<> PageHandler::head(std::string path) {
  return StaticFileHandler::head(file_of(std::move(path)));
}

void PageHandler::write_error(int status_code, const std::exception_ptr& error) {
  std::ifstream file;
  if (status_code == 404) file.open(root_ + "/404.html", std::ios::binary);
  if (!file.is_open()) {
    StaticFileHandler::write_error(status_code, error);
    return;
  }
  set_header("Content-Type", "text/html; charset=UTF-8");
  finish(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace site
