#pragma once

#include <funnel/routing.h>

#include <re2/re2.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace funnel::web {

/// An application's routes, ready for looking up: the first one that matches wins. Patterns
/// without any special character are found in a hash table; only those before it in the list
/// that are expressions are tried.
class RouteTable {
 public:
  /// A route that matches, and what its groups captured, still percent-encoded.
  class Match {
   public:
    const Route* route = nullptr;
    std::vector<std::string_view> captures;
  };

  explicit RouteTable(std::vector<Route> routes);

  /// The route is null if none matches.
  Match find(std::string_view path) const;
  const Route& named(std::string_view name) const;
  const Route& only_route_of(const detail::HandlerClass& handler_class) const;

 private:
  void add_pattern(std::size_t index);
  void add_name(std::size_t index);

  class Expression {
   public:
    Expression(std::size_t index_, const std::string& pattern, const RE2::Options& options)
        : index(index_), expression(pattern, options) {}
    std::size_t index;
    RE2 expression;
  };

  std::vector<Route> routes_;
  std::unordered_map<std::string_view, std::size_t> literals_;
  std::vector<std::unique_ptr<Expression>> expressions_;
  std::unordered_map<std::string_view, std::size_t> names_;
};

/// Replaces the groups of `pattern` by `arguments`; see `Application::reverse_url`.
std::string reverse_pattern(const std::string& pattern, const std::vector<std::string>& arguments);

}  // namespace funnel::web
