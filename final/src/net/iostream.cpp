#include <funnel/iostream.h>

#include "net/stream_core.h"

#include <funnel/assert.h>

#include <algorithm>

namespace funnel {

StreamClosedError::StreamClosedError(std::error_code reason)
    : std::system_error(reason),
      what_(reason ? "the stream is closed: " + reason.message() : "the stream is closed") {}

namespace detail {

bool ReadOp::ready() { return core_->ready(*this); }

void ReadOp::begin() { core_->set_reader(*this); }

// Once only: between its cancellation and its turn, a read may outlive the stream.
void ReadOp::withdraw() noexcept {
  if (waiting() && core_ != nullptr) std::exchange(core_, nullptr)->remove_reader(*this);
}

void ReadOp::resumed() {
  throw_if_cancelled();
  core_->remove_reader(*this);
}

}  // namespace detail

bool StreamRead::satisfied(detail::StreamCore& core) {
  const std::string_view data = core.input().data();
  switch (kind_) {
    case Kind::until: {
      // The delimiter may have begun in what was searched before.
      const std::size_t from = searched_ - std::min(searched_, delimiter_.size() - 1);
      const std::size_t found = data.find(delimiter_, from);
      searched_ = data.size();
      result_ = found == std::string_view::npos ? 0 : found + delimiter_.size();
      too_long_ = result_ > count_ || (result_ == 0 && data.size() >= count_);
      return result_ != 0 || too_long_;
    }
    case Kind::bytes:
      result_ = count_;
      return data.size() >= count_;
    case Kind::some:
      result_ = std::min(count_, data.size());
      return result_ > 0 || count_ == 0;
    case Kind::until_close:
      result_ = data.size();
      return core.peer_ended();
  }
  return false;
}

std::string StreamRead::await_resume() {
  resumed();
  searched_ = 0;
  const bool over = satisfied(*core_);
  if (too_long_) core_->close(std::make_error_code(std::errc::no_buffer_space));
  if (too_long_ || !over) core_->throw_ended();
  detail::InputBuffer& input = core_->input();
  std::string result(input.data().substr(0, result_));
  input.consume(result_);
  return result;
}

StreamFill::StreamFill(detail::StreamCore& core) noexcept
    : detail::ReadOp(core), had_(core.input().size()) {}

bool StreamFill::satisfied(detail::StreamCore& core) { return core.input().size() > had_; }

bool StreamFill::await_resume() {
  resumed();
  if (satisfied(*core_)) return true;
  if (core_->error() && !core_->peer_ended()) core_->throw_ended();
  return false;
}

IOStream::IOStream(std::unique_ptr<detail::StreamCore> core) noexcept : core_(std::move(core)) {}
IOStream::IOStream(IOStream&&) noexcept = default;
IOStream& IOStream::operator=(IOStream&&) noexcept = default;
IOStream::~IOStream() = default;

StreamRead IOStream::read_until(std::string delimiter, std::size_t max_bytes) {
  FUNNEL_ASSERT(!delimiter.empty(), "read_until needs a delimiter");
  return {*core_, StreamRead::Kind::until, std::move(delimiter), max_bytes};
}

StreamRead IOStream::read_bytes(std::size_t count, bool partial) {
  return {*core_, partial ? StreamRead::Kind::some : StreamRead::Kind::bytes, {}, count};
}

StreamRead IOStream::read_until_close() { return {*core_, StreamRead::Kind::until_close, {}, 0}; }

StreamFill IOStream::fill() { return StreamFill(*core_); }

Future<> IOStream::write(std::string_view data) { return core_->write(data, {}); }
Future<> IOStream::write(std::string_view first, std::string_view second) {
  return core_->write(first, second);
}
Future<> IOStream::flush() { return core_->flush(); }
void IOStream::close_write() { core_->close_write(); }
void IOStream::close() { core_->close({}); }
bool IOStream::closed() const noexcept { return core_->closed(); }
bool IOStream::reading() const noexcept { return core_->reading(); }
bool IOStream::input_waiting() const noexcept { return core_->input_waiting(); }
bool IOStream::peer_gone() const noexcept { return core_->peer_gone(); }
bool IOStream::writable() const noexcept { return core_->can_write(); }
bool IOStream::writing() const noexcept { return core_->writing(); }
std::error_code IOStream::error() const noexcept { return core_->error(); }

void IOStream::set_close_callback(std::function<void()> callback) {
  core_->set_close_callback(std::move(callback));
}

void IOStream::set_nodelay(bool nodelay) { core_->set_nodelay(nodelay); }

std::string_view IOStream::buffered() const noexcept { return core_->input().data(); }

void IOStream::consume(std::size_t count) noexcept {
  FUNNEL_ASSERT(!core_->reading(), "bytes were consumed while a read waits for more");
  FUNNEL_ASSERT(count <= core_->input().size(), "more was consumed than is buffered");
  core_->input().consume(count);
}

std::shared_ptr<const char[]> IOStream::detach(std::size_t count) {
  FUNNEL_ASSERT(!core_->reading(), "bytes were detached while a read waits for more");
  FUNNEL_ASSERT(count <= core_->input().size(), "more was detached than is buffered");
  return core_->input().detach(count);
}

std::uint64_t IOStream::bytes_written() const noexcept { return core_->bytes_written(); }

void IOStream::release_idle_buffer() { core_->release_idle_buffer(); }

}  // namespace funnel
