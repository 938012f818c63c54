#include "web/route_table.h"

#include <fmt/format.h>

#include <stdexcept>

namespace funnel::web {

namespace {

bool is_literal(std::string_view pattern) noexcept {
  return pattern.find_first_of("\\^$.|?*+()[]{}") == std::string_view::npos;
}

[[noreturn]] void throw_bad_route(const Route& route, std::string_view why) {
  throw std::invalid_argument(fmt::format("route \"{}\": {}", route.pattern(), why));
}

RE2::Options pattern_options() {
  RE2::Options options;
  options.set_log_errors(false);
  // A path is bytes here: it is decoded after it was matched.
  options.set_encoding(RE2::Options::EncodingLatin1);
  return options;
}

}  // namespace

RouteTable::RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    add_pattern(i);
    add_name(i);
    if (routes_[i].has_head_from_get() && !routes_[i].handler_class().find("GET")) {
      throw_bad_route(routes_[i], "head_from_get needs a get, which its handler does not have");
    }
  }
}

void RouteTable::add_pattern(std::size_t index) {
  const Route& route = routes_[index];
  const std::size_t arity = route.handler_class().arity;
  if (is_literal(route.pattern())) {
    if (arity != 0) {
      throw_bad_route(route, "the pattern has no groups, but its handler has parameters");
    }
    literals_.emplace(route.pattern(), index);  // an equal one before it stays in force
    return;
  }
  auto entry = std::make_unique<Expression>(index, route.pattern(), pattern_options());
  if (!entry->expression.ok()) throw_bad_route(route, entry->expression.error());
  const auto groups = static_cast<std::size_t>(entry->expression.NumberOfCapturingGroups());
  if (groups != arity) {
    throw_bad_route(
        route,
        fmt::format("the pattern has {} groups, but its handler has {} parameters", groups, arity));
  }
  expressions_.push_back(std::move(entry));
}

void RouteTable::add_name(std::size_t index) {
  const Route& route = routes_[index];
  if (route.route_name().empty()) return;
  if (!names_.emplace(route.route_name(), index).second) {
    throw_bad_route(route, fmt::format("the name \"{}\" is taken", route.route_name()));
  }
}

RouteTable::Match RouteTable::find(std::string_view path) const {
  Match match;
  const auto literal = literals_.find(path);
  const std::size_t end = literal == literals_.end() ? routes_.size() : literal->second;
  std::vector<re2::StringPiece> groups;
  for (const auto& entry : expressions_) {
    if (entry->index > end) break;
    groups.resize(routes_[entry->index].handler_class().arity + 1);
    if (!entry->expression.Match(re2::StringPiece(path.data(), path.size()), 0, path.size(),
                                 RE2::ANCHOR_BOTH, groups.data(),
                                 static_cast<int>(groups.size()))) {
      continue;
    }
    match.route = &routes_[entry->index];
    for (std::size_t i = 1; i < groups.size(); ++i) {
      match.captures.emplace_back(groups[i].data(), groups[i].size());
    }
    return match;
  }
  if (literal != literals_.end()) match.route = &routes_[literal->second];
  return match;
}

const Route& RouteTable::named(std::string_view name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) {
    throw std::invalid_argument(fmt::format("no route is named \"{}\"", name));
  }
  return routes_[found->second];
}

const Route& RouteTable::only_route_of(const detail::HandlerClass& handler_class) const {
  const Route* found = nullptr;
  for (const Route& route : routes_) {
    if (&route.handler_class() != &handler_class) continue;
    if (found != nullptr) {
      throw std::invalid_argument(
          fmt::format("the handler of \"{}\" has several routes: give the route a name and use "
                      "reverse_url",
                      route.pattern()));
    }
    found = &route;
  }
  if (found == nullptr) throw std::invalid_argument("the handler of url_for has no route");
  return *found;
}

}  // namespace funnel::web
