#include <funnel/web.h>

#include "http/date_cache.h"
#include "http/parse_chars.h"
#include "web/etag.h"

#include <funnel/error.h>
#include <funnel/escape.h>
#include <funnel/log.h>

#include <fmt/format.h>

namespace funnel::web {

namespace {

using http::equals_ignoring_case;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void require_status(const char* what, int status_code) {
  // 1xx would only precede an answer, and the client would wait for the answer itself.
  if (status_code < 200 || status_code > 999) {
    throw std::invalid_argument(fmt::format("{}: {} is no HTTP status", what, status_code));
  }
}

// Two lengths, or a wrong one, would let the client misread where the answer ends.
void require_no_framing(const char* what, std::string_view name) {
  if (equals_ignoring_case(name, "Content-Length") ||
      equals_ignoring_case(name, "Transfer-Encoding")) {
    throw std::invalid_argument(
        fmt::format("{}: {} is the server's to set; see set_content_length", what, name));
  }
}

bool has_no_body(int status_code) noexcept {
  return status_code < 200 || status_code == 204 || status_code == 304;
}

// What a wait throws when the client has gone.
bool tells_of_disconnect(const std::exception& error) noexcept {
  return dynamic_cast<const Cancelled*>(&error) != nullptr ||
         dynamic_cast<const StreamClosedError*>(&error) != nullptr;
}

// Where there is no body, nothing must be said of it (RFC 9110 section 15.4.5).
void clear_body_headers(RequestHandler& handler) {
  for (const char* name : {"Content-Type", "Content-Encoding", "Content-Language"}) {
    handler.clear_header(name);
  }
}

}  // namespace

HTTPError::HTTPError(int status_code, std::string log_message, std::string reason)
    : std::runtime_error(
          fmt::format("HTTP {}: {}{}", status_code,
                      reason.empty() ? std::string(reason_phrase(status_code)) : reason,
                      log_message.empty() ? std::string() : fmt::format(" ({})", log_message))),
      status_code_(status_code),
      log_message_(std::move(log_message)),
      reason_(std::move(reason)) {
  require_status("HTTPError", status_code);
}

// ---- context

void RequestHandler::bind(Application& application, const HTTPServerRequest& request,
                          HTTPConnection& connection) {
  application_ = &application;
  request_ = &request;
  connection_ = &connection;
  set_default_headers();
}

const HTTPServerRequest& RequestHandler::request() const {
  if (request_ == nullptr) {
    throw std::logic_error("a handler asked for its request in its constructor: use prepare()");
  }
  return *request_;
}

Application& RequestHandler::application() const {
  if (application_ == nullptr) {
    throw std::logic_error("a handler asked for its application in its constructor: use prepare()");
  }
  return *application_;
}

// ---- status and headers

void RequestHandler::set_status(int status_code, std::string_view reason) {
  require_status("set_status", status_code);
  status_ = status_code;
  reason_ = reason.empty() || is_valid_reason_phrase(reason) ? reason : "Unknown";
}

unsigned RequestHandler::default_of(std::string_view name) const noexcept {
  if (equals_ignoring_case(name, "Content-Type")) return content_type;
  if (equals_ignoring_case(name, "Server")) return server;
  if (equals_ignoring_case(name, "Date")) return date;
  return 0;
}

void RequestHandler::set_header(std::string_view name, std::string_view value) {
  require_open("set_header");
  require_no_framing("set_header", name);
  headers_.set(name, value);
  defaults_ &= ~default_of(name);
}

void RequestHandler::add_header(std::string_view name, std::string_view value) {
  require_open("add_header");
  require_no_framing("add_header", name);
  headers_.add(name, value);
  defaults_ &= ~default_of(name);
}

void RequestHandler::clear_header(std::string_view name) {
  require_open("clear_header");
  headers_.remove(name);
  defaults_ &= ~default_of(name);
}

void RequestHandler::require_open(const char* what) const {
  if (headers_written_) {
    throw std::logic_error(fmt::format("{}: the headers are sent already", what));
  }
}

std::string_view RequestHandler::fields() const {
  std::string& out = application_->fields_;
  out.clear();
  const std::string& name = application_->settings().server_name;
  if ((defaults_ & server) != 0 && !name.empty()) append_field(out, "Server", name);
  if ((defaults_ & content_type) != 0)
    append_field(out, "Content-Type", "text/html; charset=UTF-8");
  if ((defaults_ & date) != 0) append_field(out, "Date", http::current_date());
  for (const auto& [field, value] : headers_) append_field(out, field, value);
  return out;
}

// ---- the body

void RequestHandler::write(std::string_view chunk) {
  if (finished_) throw std::logic_error("write: the answer is finished already");
  buffer_ += chunk;
}

Future<> RequestHandler::flush() {
  if (finished_) throw std::logic_error("flush: the answer is finished already");
  send_headers();
  Future<> sent = connection_->write(buffer_);
  buffer_.clear();
  return sent;
}

void RequestHandler::send_headers() {
  if (headers_written_) return;
  if (has_no_body(status_)) clear_body_headers(*this);
  headers_written_ = true;
  connection_->write_headers(status_, reason_.empty() ? reason_phrase(status_) : reason_, fields(),
                             content_length_);
}

void RequestHandler::finish(std::string_view chunk) {
  write(chunk);
  if (headers_written_ || content_length_) {
    send_headers();
    if (!buffer_.empty()) connection_->write(buffer_);
    connection_->finish();
    finished_ = true;
    return;
  }
  add_etag();
  if (has_no_body(status_)) {
    if (!buffer_.empty()) {
      throw std::logic_error(fmt::format("an answer with status {} has no body", status_));
    }
    clear_body_headers(*this);
  }
  headers_written_ = true;
  finished_ = true;
  connection_->respond(status_, reason_.empty() ? reason_phrase(status_) : reason_, fields(),
                       buffer_);
}

void RequestHandler::add_etag() {
  const bool cacheable = request_->method() == "GET" || request_->method() == "HEAD";
  if (status_ != 200 || !cacheable) return;
  if (application_->settings().automatic_etag && !headers_.contains("Etag")) {
    set_header("Etag", etag_of(buffer_));
  }
  const std::optional<std::string> etag = headers_.get("Etag");
  if (etag && check_etag(*etag)) {
    buffer_.clear();
    set_status(304);
  }
}

bool RequestHandler::check_etag(std::string_view etag) const {
  const auto wanted = request().header("If-None-Match");
  return wanted && etag_matches(*wanted, etag);
}

void RequestHandler::redirect(std::string_view url, bool permanent,
                              std::optional<int> status_code) {
  require_open("redirect");
  const int status = status_code.value_or(permanent ? 301 : 302);
  if (status < 300 || status > 399) {
    throw std::invalid_argument(fmt::format("redirect: {} is no status of a redirect", status));
  }
  set_status(status);
  set_header("Location", url);
  finish();
}

// ---- errors

void RequestHandler::clear() {
  headers_.clear();
  defaults_ = server | content_type | date;
  buffer_.clear();
  content_length_.reset();
  status_ = 200;
  reason_.clear();
  set_default_headers();
}

void RequestHandler::send_error(int status_code, const std::exception_ptr& error) {
  if (headers_written_) {
    log::gen().error("Cannot send error response after headers written");
    cut_off();
    return;
  }
  clear();
  set_status(status_code);
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const HTTPError& http_error) {
      set_status(status_code, http_error.reason());
    } catch (...) {
      // The client learns nothing of other errors.
    }
  }
  write_error_page(status_code, error);
}

void RequestHandler::send_error_with_allow(std::string_view allowed) {
  clear();
  set_status(405);
  set_header("Allow", allowed);
  write_error_page(405, nullptr);
}

// An error in an error page must not lead to another page.
void RequestHandler::write_error_page(int status_code, const std::exception_ptr& error) {
  try {
    if (!has_no_body(status_code)) write_error(status_code, error);
  } catch (...) {
    log::app().error("Uncaught exception in write_error");
    if (headers_written_) {
      cut_off();
      return;
    }
    buffer_.clear();
  }
  if (!finished_) finish();
}

void RequestHandler::cut_off() noexcept {
  if (!finished_) connection_->abort();
  finished_ = true;
}

void RequestHandler::write_error(int status_code, const std::exception_ptr&) {
  const std::string reason = xhtml_escape(reason_.empty() ? reason_phrase(status_code) : reason_);
  finish(fmt::format("<html><title>{0}: {1}</title><body>{0}: {1}</body></html>", status_code,
                     reason));
}

void RequestHandler::handle_exception(const std::exception_ptr& error) {
  const bool gone = connection_->closed();
  int status = 500;
  const std::string summary =
      fmt::format("{} {} ({})", request_->method(), request_->uri(), request_->remote_ip());
  try {
    std::rethrow_exception(error);
  } catch (const HTTPError& http_error) {
    status = http_error.status_code();
    if (!http_error.log_message().empty()) {
      log::gen().warning(fmt::format("{} {}: {}", status, summary, http_error.log_message()));
    }
  } catch (const std::exception& other) {
    if (!gone || !tells_of_disconnect(other)) {
      log::app().error(fmt::format("Uncaught exception {}: {}", summary, other.what()));
    }
  } catch (...) {
    log::app().error(fmt::format("Uncaught exception {}", summary));
  }
  if (!finished_ && !gone) send_error(status, error);
}

void RequestHandler::ended() {
  try {
    application_->log_request(*this);
  } catch (const std::exception& error) {
    log::app().error(fmt::format("Uncaught exception in log_function: {}", error.what()));
  }
  try {
    on_finish();
  } catch (const std::exception& error) {
    log::app().error(fmt::format("Uncaught exception in on_finish: {}", error.what()));
  }
}

}  // namespace funnel::web
