#include <funnel/web.h>

#include "web/route_table.h"
#include "websocket/utf8.h"

#include <funnel/error.h>
#include <funnel/escape.h>
#include <funnel/log.h>

#include <fmt/format.h>

#include <stdexcept>

namespace funnel::web {

class Application::Table : public RouteTable {
 public:
  using RouteTable::RouteTable;
};

namespace {

/// Answers where there is no handler.
class NoHandler final : public RequestHandler {};

std::string decode_capture(std::string_view capture) {
  std::string decoded = url_unescape(capture, false);
  if (!websocket::is_valid_utf8(decoded)) throw HTTPError(400, "a path argument is not UTF-8");
  return decoded;
}

/// Whether HEAD is answered by the handler's `get`.
bool answers_head_from_get(const Route& route) {
  return route.has_head_from_get() && !route.handler_class().find("HEAD");
}

}  // namespace

Application::Application(std::initializer_list<Route> routes)
    : Application(std::vector<Route>(routes)) {}

Application::Application(std::vector<Route> routes, Settings settings)
    : settings_(std::move(settings)), table_(std::make_unique<Table>(std::move(routes))) {
  if (!is_valid_header_value(settings_.server_name)) {
    throw std::invalid_argument("Settings::server_name has a control character");
  }
}

Application::~Application() = default;

HTTPServer& Application::listen(std::uint16_t port, const std::string& address,
                                HTTPServerOptions options, ListenOptions listen_options) {
  auto server = std::make_unique<HTTPServer>(
      [this](HTTPServerRequest& request, HTTPConnection& connection) {
        return handle(request, connection);
      },
      options);
  server->listen(port, address, listen_options);
  servers_.push_back(std::move(server));
  return *servers_.back();
}

// Everything up to the handler's first wait happens here, without a coroutine: most answers
// are complete by then.
Task<> Application::handle(HTTPServerRequest& request, HTTPConnection& connection) {
  RouteTable::Match match;
  if (request.path() != "*") match = table_->find(request.path());
  if (match.route == nullptr) {
    answer_without_handler(request, connection, nullptr);
    return {};
  }
  std::unique_ptr<RequestHandler> handler;
  std::exception_ptr error;
  try {
    handler = match.route->make_handler();
    handler->bind(*this, request, connection);
    handler->head_from_get_ = request.method() == "HEAD" && answers_head_from_get(*match.route);
    for (const std::string_view capture : match.captures) {
      handler->path_arguments_.push_back(decode_capture(capture));
    }
    Task<> prepare = handler->prepare();
    if (!funnel::detail::TaskAccess::empty(prepare)) {
      return run_prepared(std::move(handler), *match.route, std::move(prepare));
    }
    Task<> method = call_method(*handler, *match.route);
    if (!funnel::detail::TaskAccess::empty(method)) {
      return run_method(std::move(handler), std::move(method));
    }
    if (!handler->finished_) handler->finish();
  } catch (...) {
    error = std::current_exception();
  }
  if (handler == nullptr) {
    answer_without_handler(request, connection, error);
  } else {
    handler->end_request(error);
  }
  return {};
}

// Without an error there is no route: 404, or what `OPTIONS *` asks, which is about the server.
void Application::answer_without_handler(const HTTPServerRequest& request,
                                         HTTPConnection& connection,
                                         const std::exception_ptr& error) {
  NoHandler handler;
  handler.bind(*this, request, connection);
  if (!error && request.path() == "*") {
    handler.set_status(204);
    handler.finish();
  } else if (!error) {
    handler.send_error(404);
  }
  handler.end_request(error);
}

Task<> Application::call_method(RequestHandler& handler, const Route& route) {
  Task<> task;
  if (handler.finished_) return task;  // by `prepare`
  const std::string_view name = handler.head_from_get_ ? "GET" : handler.request_->method();
  const detail::Method* method = route.handler_class().find(name);
  if (method == nullptr) {
    std::string allowed = route.handler_class().allowed();
    if (answers_head_from_get(route)) allowed += ", HEAD";
    handler.send_error_with_allow(allowed);
  } else if (!method->call(handler, handler.path_arguments_, task)) {
    throw HTTPError(404);
  }
  return task;
}

// In both, the handler's coroutine becomes a local: locals die before parameters, and what it
// holds may use the handler.
Task<> Application::run_prepared(std::unique_ptr<RequestHandler> handler, const Route& route,
                                 Task<> prepare) {
  Task<> preparing = std::move(prepare);
  std::exception_ptr error;
  try {
    co_await std::move(preparing);
    Task<> method = call_method(*handler, route);
    co_await std::move(method);
    if (!handler->finished_) handler->finish();
  } catch (...) {
    error = std::current_exception();
  }
  handler->end_request(error);
}

Task<> Application::run_method(std::unique_ptr<RequestHandler> handler, Task<> method) {
  Task<> running = std::move(method);
  std::exception_ptr error;
  try {
    co_await std::move(running);
    if (!handler->finished_) handler->finish();
  } catch (...) {
    error = std::current_exception();
  }
  handler->end_request(error);
}

void Application::log_request(const RequestHandler& handler) const {
  if (settings_.log_function) {
    settings_.log_function(handler);
    return;
  }
  const int status = handler.get_status();
  const log::Level level = status < 400   ? log::Level::info
                           : status < 500 ? log::Level::warning
                                          : log::Level::error;
  if (!settings_.access_log || !log::access().enabled(level)) return;
  const HTTPServerRequest& request = handler.request();
  const std::chrono::duration<double, std::milli> time = request.request_time();
  log::access().write(level, fmt::format("{} {} {} ({}) {:.2f}ms", status, request.method(),
                                         request.uri(), request.remote_ip(), time.count()));
}

std::string Application::reverse_url(std::string_view name,
                                     const std::vector<std::string>& arguments) const {
  return reverse_pattern(table_->named(name).pattern(), arguments);
}

std::string Application::reverse_class(const detail::HandlerClass& handler_class,
                                       const std::vector<std::string>& arguments) const {
  return reverse_pattern(table_->only_route_of(handler_class).pattern(), arguments);
}

}  // namespace funnel::web
