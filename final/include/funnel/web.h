#pragma once

#include <funnel/httpserver.h>
#include <funnel/httputil.h>
#include <funnel/routing.h>
#include <funnel/task.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
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
  /// Runs once after the answer was finished or the client went away, but not when the server is
  /// destroyed under a handler that waits. Cannot write.
  virtual void on_finish() {}
  /// Sets headers for every answer of this handler, error pages too. If it throws, the answer is
  /// an error page without them.
  virtual void set_default_headers() {}
  /// Writes the page of an error; `error` may be null. The status is set already.
  virtual void write_error(int status_code, const std::exception_ptr& error);

  // ---- the request

  /// These, and whatever looks at the request or sends, throw `std::logic_error` inside the
  /// handler's constructor: there is no request yet.
  const HTTPServerRequest& request() const;
  Application& application() const;

  /// Returns an argument of the query or the form, the last of that name, without surrounding
  /// blanks; control characters become blanks. Throws `MissingArgumentError` if there is none
  /// and no fallback, `HTTPError` 400 for a value that is not UTF-8 and for too many arguments
  /// (`Settings::max_arguments`). A form is a body of type `application/x-www-form-urlencoded`.
  std::string get_argument(std::string_view name) const;
  std::string get_argument(std::string_view name, std::string_view fallback) const;
  /// Returns all arguments of that name, the query's first. Throws 400 as `get_argument`.
  std::vector<std::string> get_arguments(std::string_view name) const;
  /// Returns the last argument of that name of the query or of the form alone; empty if there is
  /// none. Throws 400 as `get_argument`.
  std::optional<std::string> get_query_argument(std::string_view name) const;
  std::optional<std::string> get_body_argument(std::string_view name) const;

  // ---- the answer

  /// Sets the status; `reason` is the standard phrase if empty, and `Unknown` if it could not be
  /// sent. Throws `std::invalid_argument` for a code outside 200 to 999.
  void set_status(int status_code, std::string_view reason = {});
  int get_status() const noexcept { return status_; }
  /// Replace, add, remove a header. `Server`, `Content-Type` and `Date` are there at first. Throw
  /// `std::invalid_argument` for what must not be sent, `Content-Length` and `Transfer-Encoding`
  /// among it, and `std::logic_error` after `flush`. `Connection` is the server's: `close` in it
  /// ends the connection behind the answer, and nothing else of it is sent.
  void set_header(std::string_view name, std::string_view value);
  void add_header(std::string_view name, std::string_view value);
  void clear_header(std::string_view name);
  /// Appends to the answer, in memory until `flush` or `finish`. Throws `std::logic_error` after
  /// `finish`.
  void write(std::string_view chunk);
  /// Sends status and headers, if they were not sent, and what was written so far. Awaiting the
  /// future keeps step with the client: it is ready when little is queued, fails when the client
  /// has gone, and may be ignored. Throws `std::logic_error` after `finish`, `std::length_error`
  /// above the announced length.
  Future<> flush();
  /// Ends the answer; the future is as that of `flush`. Answers to GET and HEAD with status 200
  /// that were not flushed and whose length was not announced get an `Etag`, and become 304 if
  /// the client has it already. A `head` that wrote nothing announces no length and no tag: both
  /// would be those of an empty page.
  ///
  /// Throws `std::logic_error` if it is finished already, and for a body in an answer with
  /// status 204 or 304; `std::length_error` if the body has not the announced length, which cuts
  /// the connection off.
  Future<> finish(std::string_view chunk = {});
  /// Finishes the answer as a redirect to `url`; 302, or 301 if `permanent`, or `status_code`.
  /// Throws `std::invalid_argument` for a code outside 300 to 399 or a `url` that could end its
  /// line, `std::logic_error` after `flush` or `finish`. `url` is sent as it is: one that begins
  /// with `//` or `/\` leads to another host.
  void redirect(std::string_view url, bool permanent = false,
                std::optional<int> status_code = std::nullopt);
  /// Drops what was written and set, and finishes the answer with the page of an error, which
  /// `write_error` writes. After `flush` it is too late for a page: the connection is cut off
  /// instead, so that the client notices. Throws `std::invalid_argument` as `set_status`.
  void send_error(int status_code = 500, const std::exception_ptr& error = nullptr);

  bool finished() const noexcept { return finished_; }
  bool headers_written() const noexcept { return headers_written_; }

 protected:
  /// Announces the length, in bytes, of a body that is flushed in pieces; then it is not
  /// chunked. Throws `std::logic_error` after `flush`.
  void set_content_length(std::uint64_t length);
  /// Tells whether the request's `If-None-Match` names `etag`, which is given with its quotes:
  /// then the client has that already, and 304 is the answer.
  bool check_etag(std::string_view etag) const;

 private:
  friend class Application;
  enum Default : unsigned { server = 1, content_type = 2, date = 4 };

  using ArgumentPairs = std::vector<std::pair<std::string, std::string>>;

  void bind(Application& application, const HTTPServerRequest& request, HTTPConnection& connection);
  void clear();
  unsigned default_of(std::string_view name) const noexcept;
  void require_request(const char* what) const;
  void require_open(const char* what) const;
  std::string_view reason_to_send() const;
  void complete_headers();
  void send_headers();
  Future<> finish_begun();
  bool body_is_unknown() const;
  void add_etag();
  std::string_view fields() const;
  void send_error_with_allow(std::string_view allowed);
  void write_error_page(int status_code, const std::exception_ptr& error);
  void cut_off() noexcept;
  void handle_exception(const std::exception_ptr& error);
  /// Answers `error` if there is one, and ends the request, whatever is thrown meanwhile.
  void end_request(const std::exception_ptr& error);
  std::string request_summary() const;
  void log_exception(std::string_view where, const std::exception_ptr& error) const;
  const ArgumentPairs& query_arguments() const;
  const ArgumentPairs& body_arguments() const;

  Application* application_ = nullptr;
  const HTTPServerRequest* request_ = nullptr;
  HTTPConnection* connection_ = nullptr;
  std::vector<std::string> path_arguments_;
  mutable std::optional<ArgumentPairs> query_arguments_;  // decoded when they are first asked for
  mutable std::optional<ArgumentPairs> body_arguments_;
  int status_ = 200;
  std::string reason_;
  HTTPHeaders headers_;
  unsigned defaults_ = server | content_type | date;
  std::string buffer_;
  std::optional<std::uint64_t> content_length_;
  bool head_from_get_ = false;  // HEAD is answered by `get`
  bool headers_written_ = false;
  bool finished_ = false;
};

/// What can be set for a whole application.
class Settings {
 public:
  /// Gives answers without an `Etag` one, from their body.
  bool automatic_etag = true;
  /// Writes a line for each request to `log::access()`. A client that left before any answer is
  /// logged with status 499.
  bool access_log = true;
  /// Replaces the access log. Called once for each request that has ended, as `on_finish`; the
  /// handler's status is then the last one that was set, even if its answer could not be sent, or
  /// 499.
  std::function<void(const RequestHandler&)> log_function;
  /// The value of the `Server` header; empty for none. The application's constructor throws
  /// `std::invalid_argument` for what cannot be one.
  std::string server_name = "funnel/0.1";
  /// How many arguments a query may have, and a form; those with more are refused with 400 when
  /// an argument is asked for.
  std::size_t max_arguments = 1000;
};

/// A table of routes, served (`tornado.web.Application`).
///
/// The first route that matches a path answers it; none, 404. It is an object like any other:
/// two fit into a process. Make it on the loop's thread; it outlives the requests (its
/// destructor ends them, so it must not run in one of them), and the loop outlives it.
class Application {
 public:
  /// Throws `std::invalid_argument`, naming the route, for a pattern that RE2 does not take,
  /// whose groups do not fit its handler, for a name that occurs twice, or for `head_from_get`
  /// without a `get`.
  Application(std::initializer_list<Route> routes);
  explicit Application(std::vector<Route> routes, Settings settings = {});
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application();

  /// Makes a server for this application that listens on `port`; see `TCPServer::listen`. The
  /// server lives as long as the application. Throws `std::system_error`.
  HTTPServer& listen(std::uint16_t port, const std::string& address = {},
                     HTTPServerOptions options = {}, ListenOptions listen_options = {});
  /// Answers one request; for servers that were made elsewhere. `request` and `connection` must
  /// live until the task has ended; an empty task says that the request is answered already.
  Task<> handle(HTTPServerRequest& request, HTTPConnection& connection);

  /// Returns the path of the named route with its groups replaced by `arguments`, escaped. It is
  /// a path of this host, whatever the arguments. Throws `std::invalid_argument` for an unknown
  /// name, a wrong number of arguments, or a pattern that cannot be turned round.
  std::string reverse_url(std::string_view name,
                          const std::vector<std::string>& arguments = {}) const;
  /// Returns the path of the only route to `H`. The arguments are checked against its methods
  /// when this is compiled. Throws as `reverse_url`; also if `H` has no route or several, and
  /// for a number that does not fit its parameter.
  template <typename H, typename... Args>
  std::string url_for(const Args&... arguments) const;

  const Settings& settings() const noexcept { return settings_; }

 private:
  friend class RequestHandler;
  class Table;

  std::string reverse_class(const detail::HandlerClass& handler_class,
                            const std::vector<std::string>& arguments) const;
  void answer_without_handler(const HTTPServerRequest& request, HTTPConnection& connection,
                              const std::exception_ptr& error);
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

/// Texts for a text, numbers for a number, and no fraction for an integer.
template <typename Parameter, typename Arg>
consteval bool url_argument_fits() {
  if (!std::is_arithmetic_v<Parameter>) return std::is_convertible_v<const Arg&, std::string_view>;
  if (!std::is_arithmetic_v<Arg> && !std::is_enum_v<Arg>) return false;
  if (std::is_same_v<Arg, char>) return false;  // a text to who writes it, a number to C++
  if (std::is_floating_point_v<Arg> && !std::is_floating_point_v<Parameter>) return false;
  return std::is_convertible_v<const Arg&, Parameter>;
}

/// Tells whether a parameter can have that value; not-a-number and infinity have no place in a
/// path.
template <typename Parameter, typename Arg>
constexpr bool url_number_fits(Arg value) noexcept {
  if constexpr (std::is_integral_v<Parameter>) {
    return std::in_range<Parameter>(+value);
  } else {
    constexpr auto most = static_cast<long double>(std::numeric_limits<Parameter>::max());
    return static_cast<long double>(value) >= -most && static_cast<long double>(value) <= most;
  }
}

/// Writes an argument so that the route makes the same value of it.
template <typename Parameter, typename Arg>
std::string url_argument(const Arg& value) {
  if constexpr (std::is_arithmetic_v<Parameter>) {
    if (!url_number_fits<Parameter>(value)) {
      throw std::invalid_argument("url_for: a number does not fit the parameter of the handler");
    }
    std::array<char, 64> text{};  // no number is longer
    const auto written =
        std::to_chars(text.data(), text.data() + text.size(), static_cast<Parameter>(value));
    return std::string(text.data(), written.ptr);
  } else {
    return std::string(std::string_view(value));
  }
}

template <typename Arguments, typename... Args>
constexpr bool url_arguments_fit = false;
template <typename... Parameters, typename... Args>
requires(sizeof...(Parameters) ==
         sizeof...(Args)) constexpr bool url_arguments_fit<std::tuple<Parameters...>, Args...> =
    (url_argument_fits<Parameters, Args>() && ...);

template <typename... Parameters, typename... Args>
std::vector<std::string> url_argument_texts(std::type_identity<std::tuple<Parameters...>>,
                                            const Args&... arguments) {
  std::vector<std::string> texts;
  (texts.push_back(url_argument<Parameters>(arguments)), ...);
  return texts;
}

}  // namespace detail

template <typename H, typename... Args>
std::string Application::url_for(const Args&... arguments) const {
  using Parameters = typename detail::HandlerTraits<H>::Arguments;
  constexpr bool fit = detail::url_arguments_fit<Parameters, Args...>;
  static_assert(fit, "the arguments of url_for do not fit the parameters of the handler's methods");
  if constexpr (fit) {
    return reverse_class(detail::class_of<H>, detail::url_argument_texts(
                                                  std::type_identity<Parameters>{}, arguments...));
  }
}

/// Serves the files below a directory (`tornado.web.StaticFileHandler`): route it with one group,
/// `route<StaticFileHandler>("/static/(.*)", root)`.
///
/// Files are read off the loop, in pieces; answers have an `Etag` made of the file's state, and
/// `Last-Modified`, and become 304 when the client's copy is good. `Range` is not looked at: the
/// whole file is the answer (RFC 9110 section 14.2 allows that). Nothing outside the root is
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
                         std::string_view media_type);

  std::string root_;
  std::string default_filename_;
};

}  // namespace funnel::web
