#include <funnel/poller.h>

// The backend of macOS and the BSDs, `kqueue`: a list in the kernel, as epoll's, with an entry for
// each direction. Nobody has run it yet: it is only checked that it compiles. Given.

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)

#include <sys/event.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <system_error>

namespace funnel {

namespace {

[[noreturn]] void refuse(int error) {
  throw std::system_error(error, std::generic_category(), "cannot watch a descriptor");
}

class KqueuePoller final : public Poller {
 public:
  KqueuePoller() : kqueue_(::kqueue()) {
    if (kqueue_ < 0) throw std::system_error(errno, std::generic_category(), "kqueue");
  }
  ~KqueuePoller() override { ::close(kqueue_); }

  void add(int fd, unsigned events, std::uint64_t tag) override {
    if (watched_.count(fd) != 0) refuse(EEXIST);
    control(fd, 0, events);
    watched_[fd] = {events, tag};
  }
  void change(int fd, unsigned events, std::uint64_t tag) override {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) refuse(ENOENT);
    control(fd, found->second.events, events);
    found->second = {events, tag};
  }
  void remove(int fd) noexcept override {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;
    control(fd, found->second.events, 0);
    watched_.erase(found);
  }
  const std::vector<Ready>& wait(std::optional<Duration> timeout) override;

 private:
  struct Watched {
    unsigned events;
    std::uint64_t tag;
  };

  /// Tells the kernel which of the two directions of `fd` to watch.
  void control(int fd, unsigned before, unsigned events) {
    const auto change = [&](unsigned direction, short filter) {
      const bool wanted = (events & direction) != 0;
      if (wanted == ((before & direction) != 0)) return;
      struct kevent entry {};
      EV_SET(&entry, static_cast<uintptr_t>(fd), filter, wanted ? EV_ADD : EV_DELETE, 0, 0,
             nullptr);
      if (::kevent(kqueue_, &entry, 1, nullptr, 0, nullptr) != 0 && wanted) refuse(errno);
    };
    change(read, EVFILT_READ);
    change(write, EVFILT_WRITE);
  }

  int kqueue_ = -1;
  std::map<int, Watched> watched_;
  std::vector<Ready> ready_;
};

const std::vector<Poller::Ready>& KqueuePoller::wait(std::optional<Duration> timeout) {
  ready_.clear();
  std::array<struct kevent, 256> events;
  timespec limit{};
  if (timeout) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*timeout);
    limit.tv_sec = seconds.count();
    limit.tv_nsec = std::chrono::nanoseconds(*timeout - seconds).count();
  }
  const int count = ::kevent(kqueue_, nullptr, 0, events.data(), static_cast<int>(events.size()),
                             timeout ? &limit : nullptr);
  if (count < 0 && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "kevent");
  }
  for (int i = 0; i < count; ++i) {
    const struct kevent& event = events[static_cast<std::size_t>(i)];
    const unsigned direction = event.filter == EVFILT_READ ? read : write;
    // The end of the peer's side can be read; where nothing can be written, both sides are closed.
    const bool over = (event.flags & EV_EOF) != 0 && event.filter == EVFILT_WRITE;
    const unsigned failed = over || (event.flags & EV_ERROR) != 0 ? error : 0U;
    ready_.push_back({watched_[static_cast<int>(event.ident)].tag, direction | failed});
  }
  return ready_;
}

}  // namespace

std::unique_ptr<Poller> make_poller() { return std::make_unique<KqueuePoller>(); }

}  // namespace funnel

#endif
