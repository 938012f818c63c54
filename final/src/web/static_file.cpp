#include <funnel/web.h>

#include "http/date_cache.h"
#include "web/location.h"
#include "web/mime.h"

#include <funnel/executor.h>
#include <funnel/result.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace funnel::web {

namespace {

constexpr std::size_t piece_size = std::size_t{64} * 1024;

/// An open file; closed with its last owner, on whatever thread that is.
class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// What was found under a path.
class Found {
 public:
  enum class Kind { file, directory, nothing, forbidden };

  explicit Found(Kind what) : kind(what) {}

  Kind kind;
  std::shared_ptr<const File> file;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
  std::string etag;
  std::string first_piece;  // read along, so that a small file needs one trip to the thread
};

/// What to say of a path that `error` kept from being opened. Throws what is not about the path,
/// such as too many open descriptors: that is the server's trouble, and no answer.
Found not_found(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return Found(Found::Kind::nothing);
    case EACCES:
    case EPERM:
    case ENXIO:  // a socket
      return Found(Found::Kind::forbidden);
    default:
      throw std::system_error(error, std::system_category(), "cannot open a static file");
  }
}

/// Returns the real path of an existing file, links resolved.
Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return std::error_code(errno, std::system_category());
  return std::string(real.get());
}

bool is_inside(const std::string& path, const std::string& root) {
  // With the separator, or "/srv/site2" would be inside "/srv/site".
  return path == root ||
         (path.starts_with(root) && (root.ends_with('/') || path[root.size()] == '/'));
}

/// Tells whether the dots of a path lead above where it begins. Asked before the disk is: whether
/// something exists outside the root must not be seen either.
bool leads_up(std::string_view path) noexcept {
  std::size_t depth = 0;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (segment == "..") {
      if (depth == 0) return true;
      --depth;
    } else if (!segment.empty() && segment != ".") {
      ++depth;
    }
  }
  return false;
}

std::string read_piece(const File& file, std::uint64_t offset) {
  std::string piece(piece_size, '\0');
  ssize_t count = 0;
  do {
    count = ::pread(file.fd(), piece.data(), piece.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count < 0)
    throw std::system_error(errno, std::system_category(), "cannot read a static file");
  piece.resize(static_cast<std::size_t>(count));
  return piece;
}

Found open_file(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe that somebody put there would block for ever.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return not_found(errno);
  auto file = std::make_shared<const File>(fd);
  struct stat state {};
  if (::fstat(fd, &state) != 0) return not_found(errno);
  if (S_ISDIR(state.st_mode)) return Found(Found::Kind::directory);
  if (!S_ISREG(state.st_mode)) return Found(Found::Kind::forbidden);
  Found found(Found::Kind::file);
  found.file = std::move(file);
  found.size = static_cast<std::uint64_t>(state.st_size);
  found.modified = std::chrono::system_clock::from_time_t(state.st_mtim.tv_sec);
  found.etag = fmt::format("\"{:x}-{:x}-{:x}{:09}\"", state.st_ino, state.st_size,
                           state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
  return found;
}

/// Tells whether a path asks for the default file of a directory.
bool names_directory(const std::string& path) { return path.empty() || path.ends_with('/'); }

Found look_up(const std::string& root, const std::string& path,
              const std::string& default_filename) {
  if (path.find('\0') != std::string::npos) return Found(Found::Kind::nothing);
  if (leads_up(path)) return Found(Found::Kind::forbidden);
  const Result<std::string> real_root = real_path(root);
  if (!real_root) return not_found(real_root.error().value());
  const Result<std::string> real = real_path(root + "/" + path);
  if (!real) return not_found(real.error().value());
  if (!is_inside(*real, *real_root)) return Found(Found::Kind::forbidden);
  Found found = open_file(*real);
  if (found.kind != Found::Kind::directory || default_filename.empty() || !names_directory(path)) {
    return found;
  }
  const Result<std::string> index = real_path(*real + "/" + default_filename);
  if (!index) return not_found(index.error().value());
  if (!is_inside(*index, *real_root)) return Found(Found::Kind::forbidden);
  found = open_file(*index);
  // Another directory would be redirected to again and again.
  return found.kind == Found::Kind::directory ? Found(Found::Kind::forbidden) : found;
}

/// Tells whether the client has a copy, and wants the body only if that is old.
bool is_conditional(const HTTPServerRequest& request) {
  return request.header("If-None-Match") || request.header("If-Modified-Since");
}

}  // namespace

StaticFileHandler::StaticFileHandler(std::string root, std::string default_filename)
    : root_(std::move(root)), default_filename_(std::move(default_filename)) {}

Task<> StaticFileHandler::get(std::string path) { return serve(std::move(path), true); }
Task<> StaticFileHandler::head(std::string path) { return serve(std::move(path), false); }

Task<> StaticFileHandler::serve(std::string path, bool with_body) {
  const bool read_along = with_body && !is_conditional(request());
  // On a thread: every one of these calls may wait for a disk.
  auto work = [root = root_, path, index = default_filename_, read_along] {
    Found result = look_up(root, path, index);
    if (read_along && result.size > 0) result.first_piece = read_piece(*result.file, 0);
    return result;
  };
  auto wait = run_in_executor(std::move(work));
  Found found = co_await std::move(wait);
  if (found.kind == Found::Kind::nothing) throw HTTPError(404);
  if (found.kind == Found::Kind::directory && !default_filename_.empty()) {
    if (leads_to_other_host(request().path())) throw HTTPError(403);
    redirect(std::string(request().path()) + "/", true);
    co_return;
  }
  if (found.kind != Found::Kind::file) throw HTTPError(403);
  // By the name that was asked for: what a link leads to may have any name.
  const std::string_view type = mime_type(names_directory(path) ? default_filename_ : path);
  if (send_file_headers(found.etag, found.modified, type)) co_return;
  set_content_length(found.size);
  if (!with_body) co_return;
  std::string piece = std::move(found.first_piece);
  for (std::uint64_t sent = 0; sent < found.size;) {
    if (piece.empty()) {
      auto more = [file = found.file, sent] { return read_piece(*file, sent); };
      auto reading = run_in_executor(std::move(more));
      piece = co_await std::move(reading);
      if (piece.empty()) throw std::runtime_error("a static file became shorter while it was sent");
    }
    if (piece.size() > found.size - sent) piece.resize(static_cast<std::size_t>(found.size - sent));
    sent += piece.size();
    write(piece);
    piece.clear();
    if (sent < found.size) co_await flush();
  }
}

bool StaticFileHandler::send_file_headers(const std::string& etag,
                                          std::chrono::system_clock::time_point modified,
                                          std::string_view media_type) {
  set_header("Etag", etag);
  // Not later than the answer's own date (RFC 9110 section 8.8.2.1).
  const auto now = parse_http_date(http::current_date()).value_or(modified);
  set_header("Last-Modified", format_timestamp(std::min(modified, now)));
  set_header("Content-Type", media_type);
  set_header("X-Content-Type-Options", "nosniff");
  bool unchanged = false;
  if (request().header("If-None-Match")) {
    unchanged = check_etag(etag);  // then the date does not count (RFC 9110 section 13.2.2)
  } else if (const auto since = request().header("If-Modified-Since")) {
    const auto known = parse_http_date(*since);
    unchanged = known && modified <= *known;
  }
  if (!unchanged) return false;
  set_status(304);
  finish();
  return true;
}

}  // namespace funnel::web
