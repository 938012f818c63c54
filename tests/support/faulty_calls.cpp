#include "faulty_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "story.h"

namespace test_support {

namespace {

thread_local FaultyCalls* current = nullptr;

constexpr std::array<const char*, 8> names = {
    "socket", "connect", "accept", "send", "recv", "close", "pthread_create", "pthread_join"};

std::size_t index_of(FaultyCalls::Call call) { return static_cast<std::size_t>(call); }

}  // namespace

struct FaultyCallsAccess {
  using Call = FaultyCalls::Call;
  using Fault = FaultyCalls::Fault;

  /// Counts a call, and returns what is to happen to it.
  static std::optional<Fault> next(Call call) {
    if (current == nullptr) return std::nullopt;
    ++current->counts_[index_of(call)];
    std::deque<Fault>& faults = current->faults_[index_of(call)];
    if (faults.empty()) return std::nullopt;
    const Fault fault = faults.front();
    faults.pop_front();
    if (fault.delay.count() > 0) {
      tell("kernel", std::string("takes ") + std::to_string(fault.delay.count()) + " ms for " +
                         names[index_of(call)]);
      std::this_thread::sleep_for(fault.delay);
    }
    if (fault.error != 0) {
      tell("kernel", std::string("lets ") + names[index_of(call)] + " fail with " +
                         ::strerrorname_np(fault.error) + " (" + std::strerror(fault.error) + ")");
    }
    return fault;
  }

  /// The same for calls that only fail or work: returns the error, or 0.
  static int next_error(Call call) {
    const auto fault = next(call);
    return fault ? fault->error : 0;
  }

  static const std::vector<std::string>* addresses_of(const char* host) {
    if (current == nullptr || host == nullptr) return nullptr;
    const auto found = current->names_.find(host);
    return found == current->names_.end() ? nullptr : &found->second;
  }

  static void count_close(int fd) {
    if (current != nullptr) ++current->closes_[fd];
  }
};

namespace {

using Access = FaultyCallsAccess;
using Call = FaultyCalls::Call;

int failing(int error) {
  errno = error;
  return -1;
}

ssize_t transfer(Call call, const char* verb, std::size_t size, auto forward) {
  const auto fault = Access::next(call);
  if (!fault) return forward(size);
  if (fault->error != 0) return failing(fault->error);
  const ssize_t moved = forward(std::min(size, fault->bytes));
  if (moved > 0) {
    tell("kernel", std::string(verb) + " " + std::to_string(moved) + " of " + std::to_string(size) +
                       " bytes");
  }
  return moved;
}

ssize_t send_some(int fd, const void* data, std::size_t size, int flags) {
  return transfer(Call::send, "takes", size, [&](std::size_t count) {
    return ::syscall(SYS_sendto, fd, data, count, flags, nullptr, 0);
  });
}

ssize_t receive_some(int fd, void* data, std::size_t size, int flags) {
  return transfer(Call::recv, "gives", size, [&](std::size_t count) {
    return ::syscall(SYS_recvfrom, fd, data, count, flags, nullptr, nullptr);
  });
}

int accept_one(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (const int error = Access::next_error(Call::accept)) return failing(error);
  return static_cast<int>(::syscall(SYS_accept4, fd, address, length, flags));
}

/// Starts connecting, and leaves it to the kernel as an interrupted `connect` does.
int interrupted_connect(int fd, const sockaddr* address, socklen_t length) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  ::syscall(SYS_connect, fd, address, length);
  ::fcntl(fd, F_SETFL, flags);
  return failing(EINTR);
}

bool is_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

template <typename Function>
Function* next_definition(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Tells whether `getaddrinfo` is asked to look up no names.
bool numbers_only(const addrinfo* hints) {
  return hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
}

int resolve_with_system(const char* host, const char* service, const addrinfo* hints,
                        addrinfo** result) {
  static auto* const real = next_definition<decltype(::getaddrinfo)>("getaddrinfo");
  return real(host, service, hints, result);
}

}  // namespace

FaultyCalls::FaultyCalls() { current = this; }
FaultyCalls::~FaultyCalls() { current = nullptr; }

void FaultyCalls::interrupt(Call call, int times) { fail(call, EINTR, times); }

void FaultyCalls::fail(Call call, int error, int times) {
  faults_[index_of(call)].insert(faults_[index_of(call)].end(), static_cast<std::size_t>(times),
                                 Fault{.error = error});
}

void FaultyCalls::shorten(Call call, std::size_t bytes, int times) {
  faults_[index_of(call)].insert(faults_[index_of(call)].end(), static_cast<std::size_t>(times),
                                 Fault{.bytes = bytes});
}

void FaultyCalls::delay(Call call, std::chrono::milliseconds time, int error) {
  faults_[index_of(call)].push_back(Fault{.error = error, .delay = time});
}

void FaultyCalls::resolve(std::string host, std::vector<std::string> addresses) {
  names_[std::move(host)] = std::move(addresses);
}

int FaultyCalls::count(Call call) const { return counts_[index_of(call)]; }

int FaultyCalls::closes(int fd) const {
  const auto found = closes_.find(fd);
  return found == closes_.end() ? 0 : found->second;
}

}  // namespace test_support

// The definitions that the linker prefers to the C library's.

using namespace test_support;

extern "C" {

ssize_t send(int fd, const void* data, std::size_t size, int flags) {
  return send_some(fd, data, size, flags);
}

ssize_t write(int fd, const void* data, std::size_t size) {
  if (current == nullptr || !is_socket(fd)) return ::syscall(SYS_write, fd, data, size);
  return send_some(fd, data, size, 0);
}

ssize_t recv(int fd, void* data, std::size_t size, int flags) {
  return receive_some(fd, data, size, flags);
}

ssize_t read(int fd, void* data, std::size_t size) {
  if (current == nullptr || !is_socket(fd)) return ::syscall(SYS_read, fd, data, size);
  return receive_some(fd, data, size, 0);
}

int accept(int fd, sockaddr* address, socklen_t* length) {
  return accept_one(fd, address, length, 0);
}

int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  return accept_one(fd, address, length, flags);
}

int socket(int domain, int type, int protocol) noexcept {
  if (const int error = Access::next_error(Call::socket)) return failing(error);
  return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  const int error = Access::next_error(Call::connect);
  if (error == EINTR) return interrupted_connect(fd, address, length);
  if (error != 0) return failing(error);
  return static_cast<int>(::syscall(SYS_connect, fd, address, length));
}

int close(int fd) {
  const int error = Access::next_error(Call::close);
  Access::count_close(fd);
  const int result = static_cast<int>(::syscall(SYS_close, fd));
  return error != 0 ? failing(error) : result;
}

// A sanitizer that is linked into the program has this one, and must hear of every thread.
[[gnu::weak]] decltype(pthread_create) __interceptor_pthread_create;  // NOLINT: its name

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  static auto* const real = __interceptor_pthread_create != nullptr
                                ? __interceptor_pthread_create
                                : next_definition<decltype(::pthread_create)>("pthread_create");
  const int error = Access::next_error(Call::thread);
  return error != 0 ? error : real(thread, attributes, start, argument);
}

[[gnu::weak]] decltype(pthread_join) __interceptor_pthread_join;  // NOLINT: its name

int pthread_join(pthread_t thread, void** result) {
  static auto* const real = __interceptor_pthread_join != nullptr
                                ? __interceptor_pthread_join
                                : next_definition<decltype(::pthread_join)>("pthread_join");
  const int error = Access::next_error(Call::join);
  return error != 0 ? error : real(thread, result);
}

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** result) {
  const auto* addresses = Access::addresses_of(host);
  if (addresses == nullptr || numbers_only(hints)) {
    return resolve_with_system(host, service, hints, result);
  }
  addrinfo numeric = hints != nullptr ? *hints : addrinfo{};
  numeric.ai_flags = (numeric.ai_flags | AI_NUMERICHOST) & ~AI_ADDRCONFIG;
  std::string list;
  addrinfo** end = result;
  for (const std::string& address : *addresses) {
    const int error = resolve_with_system(address.c_str(), service, &numeric, end);
    if (error != 0) return error;
    while (*end != nullptr) end = &(*end)->ai_next;
    list += (list.empty() ? "" : ", then ") + address;
  }
  if (addresses->empty()) return EAI_NONAME;
  tell("kernel", std::string("finds for ") + host + ": " + list);
  return 0;
}

}  // extern "C"
