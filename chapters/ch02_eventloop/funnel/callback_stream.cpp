#include <funnel/assert.h>
#include <funnel/callback_stream.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <system_error>
#include <utility>

// What reads and writes share: who is called, what the loop watches, and the end. Given.

namespace funnel {

CallbackStream::CallbackStream(IOLoop& loop, Socket socket, StreamOptions options)
    : loop_(&loop), socket_(std::move(socket)), options_(options) {
  FUNNEL_ASSERT(socket_.is_open(), "a stream was made of a socket that is not open");
  const int flags = ::fcntl(socket_.fd(), F_GETFL);
  ::fcntl(socket_.fd(), F_SETFL, flags | O_NONBLOCK);
  at_loops_end_ = loop.add_end_callback([this] { loop_is_gone(); });
}

CallbackStream::~CallbackStream() {
  if (loop_ == nullptr) return;
  if (interest_ != 0) loop_->remove_handler(socket_.fd());
  loop_->remove_end_callback(at_loops_end_);
}

std::shared_ptr<CallbackStream> CallbackStream::create(Socket socket, StreamOptions options) {
  // Not make_shared, since the constructor is private.
  return std::shared_ptr<CallbackStream>(
      new CallbackStream(IOLoop::current(), std::move(socket), options));
}

void CallbackStream::read_until(std::string delimiter, std::size_t max_bytes,
                                ReadCallback callback) {
  FUNNEL_ASSERT(!delimiter.empty(), "a stream was asked to read up to an empty delimiter");
  start_read({Kind::until, std::move(delimiter), max_bytes, std::move(callback)});
}

void CallbackStream::read_bytes(std::size_t count, ReadCallback callback, bool partial) {
  start_read({partial ? Kind::some : Kind::bytes, {}, count, std::move(callback)});
}

void CallbackStream::read_until_close(ReadCallback callback) {
  start_read({Kind::until_close, {}, 0, std::move(callback)});
}

void CallbackStream::fill(DoneCallback callback) {
  const auto no_bytes = [callback = std::move(callback)](const Result<std::string>& result) {
    callback(result.error());
  };
  start_read({Kind::fill, {}, buffer_.size(), no_bytes});
}

void CallbackStream::start_read(detail::PendingRead read) {
  FUNNEL_ASSERT(!read_, "a second read was started on a stream while one waits");
  read_ = std::move(read);
  read_->number = ++last_read_;
  try_read();  // what has come before the stream was closed can still be read
  if (closed() && is_reading()) finish_read(reason_);
  update_interest();
}

void CallbackStream::cancel_read() noexcept {
  const auto dropped = std::exchange(read_, std::nullopt);  // it may hold the stream
  update_interest();
}

void CallbackStream::finish_read(Result<std::size_t> outcome) {
  // The bytes stay in the buffer until the callback is called: it may be withdrawn before.
  read_->outcome = outcome;
  post([this, number = read_->number] { call_back(number); });
}

void CallbackStream::call_back(std::uint64_t number) {
  if (!read_ || read_->number != number) return;  // it was withdrawn
  const detail::PendingRead read = *std::exchange(read_, std::nullopt);
  if (!*read.outcome) return read.callback(read.outcome->error());
  std::string bytes(buffer_.view().substr(0, **read.outcome));
  buffer_.drop(bytes.size());
  read.callback(std::move(bytes));
}

void CallbackStream::consume(std::size_t count) {
  FUNNEL_ASSERT(!read_, "bytes were consumed while a read waits");
  FUNNEL_ASSERT(count <= buffer_.size(), "more bytes were consumed than are buffered");
  buffer_.drop(count);
}

void CallbackStream::ready(unsigned events) {
  const std::shared_ptr<CallbackStream> self = shared_from_this();
  // After an error or hang-up, `recv` and `send` say what it was.
  const bool failed = (events & IOLoop::error) != 0;
  if (is_reading() && ((events & IOLoop::read) != 0 || failed)) {
    receive();
    if (is_reading()) try_read();
  }
  if (!closed() && ((events & IOLoop::write) != 0 || failed) && !queue_.empty()) {
    send_queue();
    if (!closed()) release_writers();
  }
  update_interest();
}

void CallbackStream::update_interest() {
  if (closed() || wanted() == interest_) return;
  try {
    watch(wanted());
  } catch (const std::system_error& error) {  // the system has no room for another descriptor
    interest_ = 0;
    close(error.code());
  }
}

void CallbackStream::watch(unsigned events) {
  const unsigned before = std::exchange(interest_, events);
  if (before == 0) {
    loop_->add_handler(fd(), events, [weak = weak_from_this()](int, unsigned ready_for) {
      // The loop keeps no stream alive, but this call does.
      if (const std::shared_ptr<CallbackStream> self = weak.lock()) self->ready(ready_for);
    });
  } else if (events != 0) {
    loop_->update_handler(fd(), events);
  } else {
    loop_->remove_handler(fd());  // or a peer that has closed would be reported in each turn
  }
}

void CallbackStream::loop_is_gone() noexcept {
  const std::shared_ptr<CallbackStream> self = weak_from_this().lock();
  if (std::exchange(interest_, 0U) != 0) loop_->remove_handler(socket_.fd());
  loop_ = nullptr;
  socket_.close();
  reason_ = make_error_code(StreamError::closed);
  // A callback that holds the stream that holds the callback would stay forever.
  const auto dropped = std::exchange(read_, std::nullopt);
  writes_.clear();
  close_callback_ = {};
  write_closed_ = {};
}

void CallbackStream::post(std::function<void()> callback) {
  if (loop_ == nullptr) return;
  const std::weak_ptr<CallbackStream> weak = weak_from_this();
  loop_->add_callback([weak, callback = std::move(callback)] {
    if (const std::shared_ptr<CallbackStream> self = weak.lock()) callback();
  });
}

void CallbackStream::post_done(DoneCallback done, std::error_code error) {
  if (done) post([done = std::move(done), error] { done(error); });
}

void CallbackStream::close(std::error_code reason) {
  if (closed()) return;
  reason_ = reason;
  if (std::exchange(interest_, 0U) != 0) loop_->remove_handler(socket_.fd());
  socket_.close();
  queue_.clear();
  if (is_reading()) finish_read(reason);
  for (DoneCallback& done : std::exchange(writes_, {})) {
    post_done(std::move(done), reason);
  }
  post_done(std::exchange(write_closed_, {}), reason);
  post_done(std::exchange(close_callback_, {}), reason);
}

void CallbackStream::set_close_callback(DoneCallback callback) {
  if (closed()) {
    post_done(std::move(callback), reason_);
  } else {
    close_callback_ = std::move(callback);
  }
}

}  // namespace funnel
