#include <funnel/netutil.h>

#include "net/sockets.h"

#include <funnel/executor.h>

#include <fmt/format.h>
#include <asio/ip/address.hpp>

#include <netdb.h>

#include <memory>
#include <system_error>

namespace funnel {

std::string Address::to_string() const {
  return is_ipv6() ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
}

namespace {

/// Tells whether `text` may name an interface: RFC 4007 leaves that to the system, and
/// `make_address` takes anything.
bool is_zone(std::string_view text) noexcept {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

bool is_valid_ip(std::string_view text) noexcept {
  // `make_address` reads a C string: a NUL would hide what follows it.
  if (text.empty() || text.size() > 64 || text.find('\0') != std::string_view::npos) return false;
  const std::size_t percent = text.find('%');
  asio::error_code error;
  const asio::ip::address address = asio::ip::make_address(text.substr(0, percent), error);
  if (error) return false;
  if (percent == std::string_view::npos) return true;
  return address.is_v6() && address.to_v6().is_link_local() && is_zone(text.substr(percent + 1));
}

namespace {

class ResolveCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.resolve"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

const std::error_category& resolve_category() noexcept {
  static const ResolveCategory category;
  return category;
}

[[noreturn]] void throw_no_address(const std::string& host) {
  throw std::system_error(EAI_NONAME, resolve_category(), fmt::format("cannot resolve {}", host));
}

std::vector<Address> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    throw std::system_error(error, resolve_category(), fmt::format("cannot resolve {}", host));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text, port);
    }
  }
  if (addresses.empty()) throw_no_address(host);
  return addresses;
}

class ThreadedResolver final : public Resolver {
 public:
  Task<std::vector<Address>> resolve(std::string host, std::uint16_t port) override {
    if (is_valid_ip(host)) {
      std::vector<Address> numeric;
      numeric.emplace_back(host, port);
      co_return numeric;
    }
    if (host.empty() || host.find('\0') != std::string::npos) {
      throw std::system_error(EAI_NONAME, resolve_category(),
                              "cannot resolve an empty or bad name");
    }
    auto work = [host, port] { return look_up(host, port); };
    auto wait = run_in_executor(threads_, std::move(work));
    auto addresses = co_await std::move(wait);
    co_return addresses;
  }

 private:
  ThreadPoolExecutor threads_{10};
};

}  // namespace

Resolver& default_resolver() {
  // Never destroyed: at the exit a look-up may hang, and a loop on another thread may ask for one.
  static ThreadedResolver& resolver = *new ThreadedResolver;
  return resolver;
}

OverrideResolver::OverrideResolver(std::map<std::string, std::vector<Address>> names,
                                   Resolver& fallback)
    : names_(std::move(names)), fallback_(fallback) {}

Task<std::vector<Address>> OverrideResolver::resolve(std::string host, std::uint16_t port) {
  const auto found = names_.find(host);
  if (found == names_.end()) {
    auto addresses = co_await fallback_.resolve(host, port);
    co_return addresses;
  }
  if (found->second.empty()) throw_no_address(host);
  std::vector<Address> addresses = found->second;
  for (Address& address : addresses) {
    if (address.port == 0) address.port = port;
  }
  co_return addresses;
}

}  // namespace funnel
