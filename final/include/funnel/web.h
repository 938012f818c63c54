#pragma once

#include <funnel/httpserver.h>
#include <funnel/httputil.h>
#include <funnel/routing.h>
#include <funnel/task.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// Applications and request handlers (`tornado.web`).

namespace funnel::web {

class Application;

/// Refuses a request with a status (`tornado.web.HTTPError`). The client sees the status and
/// its reason; `log_message` goes to the log only. Throws `std::invalid_argument` for a code
/// outside 200 to 999.
class HTTPError : public std::runtime_error {
 public:
  explicit HTTPError(int status_code, std::string log_message = {}, std::string reason = {});

  int status_code() const noexcept { return status_code_; }
  const std::string& log_message() const noexcept { return log_message_; }
  const std::string& reason() const noexcept { return reason_; }

 private:
  int status_code_;
  std::string log_message_;
  std::string reason_;
};

/// Refuses a request that lacks an argument, with 400.
class MissingArgumentError : public HTTPError {
 public:
  explicit MissingArgumentError(const std::string& name)
      : HTTPError(400, "Missing argument " + name) {}
};

/// Answers one request (`tornado.web.RequestHandler`).
///
/// Derive from it and write any of `get`, `head`, `post`, `put`, `patch`, `options`, `delete_` as
/// plain public member functions that return `void` or `Task<>` and take the path's arguments. A
/// new handler is made for each request. When the method ends, the answer is finished if it
/// was not.
///
/// **Errors.** `HTTPError` becomes its status; any other exception is logged and becomes 500.
/// After a `flush` the connection is cut off instead, so that the client notices.
///
/// **Cancellation.** When the client goes away, what the method awaits throws `Cancelled`.
///
/// **Lifetime.** The application owns the handler until its coroutine has ended; `request()` and
/// its views live as long.
class RequestHandler {
 public:
  RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;
  virtual ~RequestHandler() = default;

  // Handlers come and go with requests: their memory is recycled.
  static void* operator new(std::size_t size) { return funnel::detail::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    funnel::detail::free_frame(memory, size);
  }

  // ---- to override

  /// Runs before the method, whichever it is. If it finishes the answer, the method does not
  /// run.
  virtual Task<> prepare() { return {}; }
  /// Runs once after the answer was finished or the client went away. Cannot write.
  virtual void on_finish() {}
  /// Sets headers for every answer of this handler, error pages too.
  virtual void set_default_headers() {}
  /// Writes the page of an error; `error` may be null. The status is set already.
  virtual void write_error(int status_code, const std::exception_ptr& error);

  // ---- the request

  /// Throws `std::logic_error` inside the handler's constructor: there is no request yet.
  const HTTPServerRequest& request() const;
  Application& application() const;

  /// Returns an argument of the query or the form, the last of that name, without surrounding
  /// blanks; control characters become blanks. Throws `MissingArgumentError`; 400 for what is
  /// not UTF-8.
  std::string get_argument(std::string_view name) const;
  std::string get_argument(std::string_view name, std::string_view fallback) const;
  /// Returns all arguments of that name, the query's first.
  std::vector<std::string> get_arguments(std::string_view name) const;
  std::optional<std::string> get_query_argument(std::string_view name) const;
  std::optional<std::string> get_body_argument(std::string_view name) const;

  // ---- the answer

  /// Sets the status; `reason` is the standard phrase if empty, and `Unknown` if it could not be
  /// sent. Throws `std::invalid_argument` for a code outside 200 to 999.
  void set_status(int status_code, std::string_view reason = {});
  int get_status() const noexcept { return status_; }
  /// Replace, add, remove a header. `Server`, `Content-Type` and `Date` are there at first. Throw
  /// `std::invalid_argument` for what must not be sent, `Content-Length` and `Transfer-Encoding`
  /// among it, and `std::logic_error` after `flush`.
  void set_header(std::string_view name, std::string_view value);
  void add_header(std::string_view name, std::string_view value);
  void clear_header(std::string_view name);
  /// Appends to the answer, in memory until `flush` or `finish`. Throws `std::logic_error` after
  /// `finish`.
  void write(std::string_view chunk);
  /// Sends status and headers, if they were not sent, and what was written so far. Awaiting the
  /// future keeps step with the client.
  Future<> flush();
  /// Ends the answer. Answers to GET and HEAD that were not flushed get an `Etag`, and become
  /// 304 if the client has it already.
  void finish(std::string_view chunk = {});
  /// Answers with a redirect; 302, or 301 if `permanent`, or `status_code` (300 to 399).
  void redirect(std::string_view url, bool permanent = false,
                std::optional<int> status_code = std::nullopt);
  /// Drops what was written and answers with an error page.
  void send_error(int status_code = 500, const std::exception_ptr& error = nullptr);

  bool finished() const noexcept { return finished_; }
  bool headers_written() const noexcept { return headers_written_; }

 protected:
  /// Announces the length of a body that is flushed in pieces; then it is not chunked.
  void set_content_length(std::uint64_t length) { content_length_ = length; }
  /// Answers 304 if the request's `If-None-Match` names `etag`, quotes and all.
  bool check_etag(std::string_view etag) const;

 private:
  friend class Application;
  enum Default : unsigned { server = 1, content_type = 2, date = 4 };

  void bind(Application& application, const HTTPServerRequest& request, HTTPConnection& connection);
  void clear();
  unsigned default_of(std::string_view name) const noexcept;
  void require_open(const char* what) const;
  void send_headers();
  void add_etag();
  std::string_view fields() const;
  void send_error_with_allow(std::string_view allowed);
  void write_error_page(int status_code, const std::exception_ptr& error);
  void cut_off() noexcept;
  void handle_exception(const std::exception_ptr& error);
  void ended();
  std::vector<std::pair<std::string, std::string>> body_arguments() const;

  Application* application_ = nullptr;
  const HTTPServerRequest* request_ = nullptr;
  HTTPConnection* connection_ = nullptr;
  std::vector<std::string> path_arguments_;
  int status_ = 200;
  std::string reason_;
  HTTPHeaders headers_;
  unsigned defaults_ = server | content_type | date;
  std::string buffer_;
  std::optional<std::uint64_t> content_length_;
  bool headers_written_ = false;
  bool finished_ = false;
};

/// What can be set for a whole application.
class Settings {
 public:
  /// Gives answers without an `Etag` one, from their body.
  bool automatic_etag = true;
  /// Writes a line for each request to `log::access()`.
  bool access_log = true;
  /// Replaces the access log.
  std::function<void(const RequestHandler&)> log_function;
  /// The value of the `Server` header; empty for none.
  std::string server_name = "funnel/0.1";
};

/// A table of routes, served (`tornado.web.Application`).
///
/// The first route that matches a path answers it; none, 404. It is an object like any other:
/// two fit into a process. Make it on the loop's thread; it outlives the requests (its
/// destructor ends them, so it must not run in one of them), and the loop outlives it.
class Application {
 public:
  /// Throws `std::invalid_argument`, naming the route, for a pattern that RE2 does not take,
  /// whose groups do not fit its handler, or for a name that occurs twice.
  Application(std::initializer_list<Route> routes);
  explicit Application(std::vector<Route> routes, Settings settings = {});
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application();

  /// Makes a server for this application that listens on `port`; see `TCPServer::listen`.
  HTTPServer& listen(std::uint16_t port, const std::string& address = {},
                     HTTPServerOptions options = {}, ListenOptions listen_options = {});
  /// Answers one request; for servers that were made elsewhere.
  Task<> handle(HTTPServerRequest& request, HTTPConnection& connection);

  /// Returns the path of the named route with its groups replaced by `arguments`, escaped.
  /// Throws `std::invalid_argument` for an unknown name, a wrong number of arguments, or a
  /// pattern that cannot be turned round.
  std::string reverse_url(std::string_view name,
                          const std::vector<std::string>& arguments = {}) const;
  /// Returns the path of the only route to `H`. The arguments are checked against its methods
  /// when this is compiled. Throws as `reverse_url`; also if `H` has no route or several.
  template <typename H, typename... Args>
  std::string url_for(const Args&... arguments) const;

  const Settings& settings() const noexcept { return settings_; }

 private:
  friend class RequestHandler;
  class Table;

  std::string reverse_type(const void* handler_type,
                           const std::vector<std::string>& arguments) const;
  void answer_without_route(const HTTPServerRequest& request, HTTPConnection& connection);
  Task<> run_prepared(std::unique_ptr<RequestHandler> handler, const Route& route, Task<> prepare);
  Task<> run_method(std::unique_ptr<RequestHandler> handler, Task<> method);
  static Task<> call_method(RequestHandler& handler, const Route& route);
  void log_request(const RequestHandler& handler) const;

  Settings settings_;
  std::unique_ptr<Table> table_;
  mutable std::string fields_;  // the header lines of the answer being sent
  std::vector<std::unique_ptr<HTTPServer>> servers_;
};

namespace detail {

template <typename T>
std::string url_argument(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    return std::to_string(value);
  }
}

/// Texts for a text, numbers for a number, and no fraction for an integer.
template <typename Parameter, typename Arg>
constexpr bool url_argument_fits = std::is_arithmetic_v<Parameter>
                                       ? std::is_convertible_v<const Arg&, Parameter> &&
                                             (std::is_floating_point_v<Parameter> ||
                                              !std::is_floating_point_v<Arg>)
                                       : std::is_convertible_v<const Arg&, std::string_view>;

template <typename Arguments, typename... Args>
constexpr bool url_arguments_fit = false;
template <typename... Parameters, typename... Args>
requires(sizeof...(Parameters) ==
         sizeof...(Args)) constexpr bool url_arguments_fit<std::tuple<Parameters...>, Args...> =
    (url_argument_fits<Parameters, Args> && ...);

}  // namespace detail

template <typename H, typename... Args>
std::string Application::url_for(const Args&... arguments) const {
  static_assert(detail::url_arguments_fit<typename detail::HandlerTraits<H>::Arguments, Args...>,
                "the arguments of url_for do not fit the parameters of the handler's methods");
  std::vector<std::string> texts;
  (texts.push_back(detail::url_argument(arguments)), ...);
  return reverse_type(detail::type_id<H>(), texts);
}

/// Serves the files below a directory (`tornado.web.StaticFileHandler`): route it with one group,
/// `route<StaticFileHandler>("/static/(.*)", root)`.
///
/// Files are read off the loop, in pieces; answers have an `Etag` made of the file's state, and
/// `Last-Modified`, and become 304 when the client's copy is good. Nothing outside the root is
/// served, not through symbolic links either (whoever may write below the root could swap one in
/// at the right moment: let nobody do so whom you do not trust). A directory is answered with
/// `default_filename` in it, after a redirect to its name with a slash; without one, 403.
class StaticFileHandler : public RequestHandler {
 public:
  explicit StaticFileHandler(std::string root, std::string default_filename = {});

  Task<> get(std::string path);
  Task<> head(std::string path);

 private:
  Task<> serve(std::string path, bool with_body);
  /// Returns true if that was all: the client's copy is good.
  bool send_file_headers(const std::string& etag, std::chrono::system_clock::time_point modified,
                         const std::string& filename);

  std::string root_;
  std::string default_filename_;
};

}  // namespace funnel::web
