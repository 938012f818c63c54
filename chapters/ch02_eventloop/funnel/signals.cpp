#include <funnel/signals.h>

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace funnel {

SignalHandler::SignalHandler(std::vector<int> signals, std::function<void(int signal)> callback)
    : loop_(IOLoop::current()) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : signals) {
    if (signal == SIGKILL || signal == SIGSTOP || ::sigaddset(&wanted, signal) != 0) {
      throw std::system_error(EINVAL, std::generic_category(), "a signal cannot be handled");
    }
  }
  Socket owner(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!owner.is_open()) throw std::system_error(errno, std::generic_category(), "signalfd");
  loop_.add_handler(owner.fd(), IOLoop::read, [callback = std::move(callback)](int fd, unsigned) {
    signalfd_siginfo info{};
    if (::read(fd, &info, sizeof info) == sizeof info) callback(static_cast<int>(info.ssi_signo));
  });
  descriptor_ = std::move(owner);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
  ::sigemptyset(&blocked_);
  for (const int signal : signals) {
    if (::sigismember(&before, signal) == 0) ::sigaddset(&blocked_, signal);
  }
}

SignalHandler::~SignalHandler() {
  loop_.remove_handler(descriptor_.fd());
  ::pthread_sigmask(SIG_UNBLOCK, &blocked_, nullptr);
}

}  // namespace funnel
