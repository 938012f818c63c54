#pragma once

#include <funnel/addresses.h>
#include <funnel/httputil.h>

#include <netdb.h>

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// The numeric addresses of the hosts in a list of URLs. Looking up a name blocks, so all of them
/// are looked up before the loop starts. Given.
class AddressesOf {
 public:
  explicit AddressesOf(const std::vector<std::string>& urls) {
    for (const std::string& text : urls) {
      const auto url = funnel::URL::parse(text);
      if (!url || addresses_.contains(url->host()) || failures_.contains(url->host())) continue;
      try {
        addresses_[url->host()] = numeric_address(url->host(), url->port());
      } catch (const std::exception& error) {
        failures_[url->host()] = error.what();
      }
    }
  }

  /// Throws `std::runtime_error` if the host has no address.
  const std::string& of(const std::string& host) const {
    const auto failure = failures_.find(host);
    if (failure != failures_.end()) throw std::runtime_error(failure->second);
    return addresses_.at(host);
  }

 private:
  static std::string numeric_address(const std::string& host, std::uint16_t port) {
    const auto address = funnel::detail::find_addresses(host, port).front();
    std::array<char, NI_MAXHOST> text{};
    ::getnameinfo(address.get(), address.size(), text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST);
    return text.data();
  }

  std::map<std::string, std::string> addresses_;  // by host
  std::map<std::string, std::string> failures_;   // of hosts that have none
};
