#include <funnel/web.h>

#include "http/date_cache.h"
#include "http/parse_chars.h"
#include "http/parse_framing.h"
#include "http/status.h"
#include "web/etag.h"

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

void RequestHandler::require_request(const char* what) const {
  if (request_ == nullptr) {
    throw std::logic_error(
        fmt::format("{}: a handler has no request in its constructor: use prepare()", what));
  }
}

const HTTPServerRequest& RequestHandler::request() const {
  require_request("request");
  return *request_;
}

Application& RequestHandler::application() const {
  require_request("application");
  return *application_;
}

std::string RequestHandler::request_summary() const {
  return fmt::format("{} {} ({})", request_->method(), request_->uri(), request_->remote_ip());
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

void RequestHandler::set_content_length(std::uint64_t length) {
  require_open("set_content_length");
  content_length_ = length;
}

// The last changes to the headers, just before they are sent.
void RequestHandler::complete_headers() {
  if (http::has_no_body(status_)) clear_body_headers(*this);
  for (const std::string& value : headers_.get_list("Connection")) {
    if (http::names_close(value)) connection_->close_after_answer();
  }
  headers_.remove("Connection");
  headers_written_ = true;
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
  require_request("flush");
  if (finished_) throw std::logic_error("flush: the answer is finished already");
  send_headers();
  Future<> sent = connection_->write(buffer_);
  buffer_.clear();
  return sent;
}

std::string_view RequestHandler::reason_to_send() const {
  return reason_.empty() ? reason_phrase(status_) : std::string_view(reason_);
}

void RequestHandler::send_headers() {
  if (headers_written_) return;
  complete_headers();
  connection_->write_headers(status_, reason_to_send(), fields(), content_length_);
}

Future<> RequestHandler::finish(std::string_view chunk) {
  require_request("finish");
  write(chunk);
  if (headers_written_ || content_length_) return finish_begun();
  add_etag();
  if (http::has_no_body(status_) && !buffer_.empty()) {
    throw std::logic_error(fmt::format("an answer with status {} has no body", status_));
  }
  if (body_is_unknown()) return finish_begun();
  complete_headers();
  finished_ = true;
  return connection_->respond(status_, reason_to_send(), fields(), buffer_);
}

Future<> RequestHandler::finish_begun() {
  send_headers();
  if (!buffer_.empty()) connection_->write(buffer_);
  Future<> sent = connection_->finish();
  finished_ = true;
  return sent;
}

// A `head` that writes nothing does not say what GET would send. Length and tag of the empty body
// would be wrong then (RFC 9110 section 8.6), and caches would drop what they have of the page.
bool RequestHandler::body_is_unknown() const {
  return request_->method() == "HEAD" && !head_from_get_ && buffer_.empty() &&
         !http::has_no_body(status_);
}

void RequestHandler::add_etag() {
  const bool cacheable = request_->method() == "GET" || request_->method() == "HEAD";
  if (status_ != 200 || !cacheable) return;
  const bool wanted = application_->settings().automatic_etag && !body_is_unknown();
  if (wanted && !headers_.contains("Etag")) set_header("Etag", etag_of(buffer_));
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
  require_request("redirect");
  require_open("redirect");
  const int status = status_code.value_or(permanent ? 301 : 302);
  if (status < 300 || status > 399) {
    throw std::invalid_argument(fmt::format("redirect: {} is no status of a redirect", status));
  }
  set_status(status);
  set_header("Location", url);
  finish();
}

}  // namespace funnel::web
