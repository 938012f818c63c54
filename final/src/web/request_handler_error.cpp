#include <funnel/web.h>

#include "http/status.h"

#include <funnel/error.h>
#include <funnel/escape.h>
#include <funnel/log.h>

#include <fmt/format.h>

namespace funnel::web {

namespace {

constexpr int client_left = 499;  // nginx's; only logs see it

// What a wait throws when the client has gone.
bool tells_of_disconnect(const std::exception& error) noexcept {
  return dynamic_cast<const Cancelled*>(&error) != nullptr ||
         dynamic_cast<const StreamClosedError*>(&error) != nullptr;
}

/// ": " and what an exception says; nothing for no exception and for one that says nothing.
std::string what_of(const std::exception_ptr& error) {
  if (!error) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return fmt::format(": {}", exception.what());
  } catch (...) {
    return {};
  }
}

}  // namespace

void RequestHandler::clear() {
  const auto drop_all = [this] {
    headers_.clear();
    defaults_ = server | content_type | date;
    buffer_.clear();
    content_length_.reset();
    status_ = 200;
    reason_.clear();
  };
  drop_all();
  try {
    set_default_headers();
  } catch (...) {
    log_exception("in set_default_headers, ", std::current_exception());
    drop_all();  // the page of an error must not fail for its headers
  }
}

void RequestHandler::send_error(int status_code, const std::exception_ptr& error) {
  require_request("send_error");
  if (headers_written_) {
    log::gen().error(fmt::format("Cannot send error response after headers written: {} {}{}",
                                 status_code, request_summary(), what_of(error)));
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
  if (headers_written_) {  // by `prepare`
    send_error(405);
    return;
  }
  clear();
  set_status(405);
  set_header("Allow", allowed);
  write_error_page(405, nullptr);
}

// An error in an error page must not lead to another page.
void RequestHandler::write_error_page(int status_code, const std::exception_ptr& error) {
  try {
    if (!http::has_no_body(status_code)) write_error(status_code, error);
    if (!finished_) finish();
    return;
  } catch (...) {
    log_exception("in write_error, ", std::current_exception());
  }
  if (headers_written_) {
    cut_off();
    return;
  }
  status_ = status_code;
  buffer_.clear();
  content_length_.reset();
  finish();
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

void RequestHandler::log_exception(std::string_view where, const std::exception_ptr& error) const {
  log::app().error(
      fmt::format("Uncaught exception {}{}{}", where, request_summary(), what_of(error)));
}

void RequestHandler::handle_exception(const std::exception_ptr& error) {
  const bool gone = connection_->closed();
  int status = 500;
  try {
    std::rethrow_exception(error);
  } catch (const HTTPError& http_error) {
    status = http_error.status_code();
    if (!http_error.log_message().empty()) {
      log::gen().warning(
          fmt::format("{} {}: {}", status, request_summary(), http_error.log_message()));
    }
  } catch (const std::exception& other) {
    if (!gone || !tells_of_disconnect(other)) log_exception("", error);
  } catch (...) {
    log_exception("", error);
  }
  if (!finished_ && !gone) send_error(status, error);
}

void RequestHandler::end_request(const std::exception_ptr& error) {
  try {
    if (error) handle_exception(error);
  } catch (...) {
    cut_off();  // not even the page of the error could be sent
  }
  if (!headers_written_ && !finished_) status_ = client_left;
  try {
    application_->log_request(*this);
  } catch (...) {
    log_exception("in log_function, ", std::current_exception());
  }
  try {
    on_finish();
  } catch (...) {
    log_exception("in on_finish, ", std::current_exception());
  }
}

}  // namespace funnel::web
