#pragma once

#include <funnel/detail/handler_traits.h>
#include <funnel/task.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// Which handler answers which path (`tornado.routing`).

namespace funnel::web {

class RequestHandler;

namespace detail {

/// Identifies a handler class without RTTI.
template <typename H>
const void* type_id() noexcept {
  static const char id = 0;
  return &id;
}

/// What an application does with a handler class: makes one, calls the method.
class Endpoint {
 public:
  enum class Called { yes, no_such_method, bad_argument };

  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  virtual ~Endpoint() = default;

  virtual std::unique_ptr<RequestHandler> make() const = 0;
  virtual bool supports(std::string_view method) const noexcept = 0;
  /// Calls the method of that name; `task` becomes what it returns, empty for `void`. The
  /// arguments must live as long as the handler.
  virtual Called call(RequestHandler& handler, std::string_view method,
                      const std::vector<std::string>& arguments, Task<>& task) const = 0;
  /// The methods that `Allow` names.
  virtual std::string allowed() const = 0;
  virtual std::size_t arity() const noexcept = 0;
  virtual const void* handler_type() const noexcept = 0;
};

template <typename H, typename... Args>
class HandlerEndpoint final : public Endpoint {
  using Traits = HandlerTraits<H>;

 public:
  explicit HandlerEndpoint(Args... args) : args_(std::move(args)...) {}

  std::unique_ptr<RequestHandler> make() const override {
    return std::apply([](const Args&... args) { return std::make_unique<H>(args...); }, args_);
  }

  bool supports(std::string_view method) const noexcept override {
    bool found = false;
    for_each_method<H>([&](std::string_view name, auto) { found = found || name == method; });
    return found;
  }

  Called call(RequestHandler& handler, std::string_view method,
              const std::vector<std::string>& arguments, Task<>& task) const override {
    Called called = Called::no_such_method;
    for_each_method<H>([&](std::string_view name, auto traits) {
      if (called != Called::no_such_method || name != method) return;
      called = invoke(static_cast<H&>(handler), decltype(traits)::pointer(), arguments, task,
                      std::make_index_sequence<Traits::arity>{});
    });
    return called;
  }

  std::string allowed() const override {
    std::string names;
    for_each_method<H>([&](std::string_view name, auto) {
      if (!names.empty()) names += ", ";
      names += name;
    });
    return names;
  }

  std::size_t arity() const noexcept override { return Traits::arity; }
  const void* handler_type() const noexcept override { return type_id<H>(); }

 private:
  template <typename M, std::size_t... I>
  static Called invoke(H& handler, M method, const std::vector<std::string>& arguments,
                       Task<>& task, std::index_sequence<I...>) {
    using Arguments = typename Traits::Arguments;
    std::tuple<std::optional<std::tuple_element_t<I, Arguments>>...> converted{
        convert_argument<std::tuple_element_t<I, Arguments>>(arguments[I])...};
    if (!(std::get<I>(converted).has_value() && ...)) return Called::bad_argument;
    if constexpr (std::is_void_v<decltype((handler.*
                                           method)(std::move(*std::get<I>(converted))...))>) {
      (handler.*method)(std::move(*std::get<I>(converted))...);
    } else {
      task = (handler.*method)(std::move(*std::get<I>(converted))...);
    }
    return Called::yes;
  }

  std::tuple<Args...> args_;
};

// Not `constexpr`: calling it makes a constant expression fail, and the compiler shows its name.
inline void the_groups_of_the_pattern_do_not_match_the_parameters_of_the_handler() {}

}  // namespace detail

/// A pattern that is only known when the program runs; see `runtime`.
class RuntimePattern {
 public:
  explicit RuntimePattern(std::string pattern_text) : text(std::move(pattern_text)) {}
  std::string text;
};

/// Says that a pattern is not a literal: it is checked when the application is made.
inline RuntimePattern runtime(std::string text) { return RuntimePattern(std::move(text)); }

/// A route's pattern: a regular expression (RE2's syntax) that the whole path must match.
///
/// A literal whose groups are not as many as the parameters of the handler's methods does not
/// compile.
template <typename H>
class Pattern {
 public:
  template <std::size_t N>
  consteval Pattern(const char (&literal)[N]) : text_(literal, N - 1) {
    if (detail::count_groups(text_) != detail::HandlerTraits<H>::arity) {
      detail::the_groups_of_the_pattern_do_not_match_the_parameters_of_the_handler();
    }
  }
  /// Refuses other texts: their groups are not known when this is compiled.
  template <typename Text>
  requires std::is_convertible_v<const Text&, std::string_view> Pattern(const Text&) {
    static_assert(!std::is_convertible_v<const Text&, std::string_view>,
                  "a pattern that is not a literal must be wrapped in funnel::web::runtime");
  }
  /// `pattern` must outlive this object, as a temporary does in a call of `route`.
  Pattern(const RuntimePattern& pattern) : text_(pattern.text) {}

  std::string text() const { return std::string(text_); }

 private:
  std::string_view text_;
};

/// One entry of an application's table: a pattern, and the handler that answers it
/// (`tornado.web.URLSpec`). A value; a module's routes are a `std::vector<Route>`.
class Route {
 public:
  Route(std::string pattern, std::shared_ptr<const detail::Endpoint> endpoint)
      : pattern_(std::move(pattern)), endpoint_(std::move(endpoint)) {}

  /// Gives the route a name for `Application::reverse_url`.
  Route& name(std::string name) & {
    name_ = std::move(name);
    return *this;
  }
  Route name(std::string name) && { return std::move(this->name(std::move(name))); }
  /// Answers HEAD by calling `get` and leaving the body out, unless the handler has a `head` of
  /// its own. The handler must have a `get`; the application checks that.
  Route& head_from_get() & {
    head_from_get_ = true;
    return *this;
  }
  Route head_from_get() && { return std::move(head_from_get()); }

  const std::string& pattern() const noexcept { return pattern_; }
  const std::string& route_name() const noexcept { return name_; }
  bool has_head_from_get() const noexcept { return head_from_get_; }
  const detail::Endpoint& endpoint() const noexcept { return *endpoint_; }

 private:
  std::string pattern_;
  std::string name_;
  bool head_from_get_ = false;
  std::shared_ptr<const detail::Endpoint> endpoint_;
};

/// Routes paths that match `pattern` to handlers of class `H`.
///
/// For each request an `H{args...}` is made; `args` are copied into the route now (use
/// `std::ref` for what is shared). The pattern's groups become the arguments of the method, by
/// position and percent-decoded; a number that does not fit is a 404.
template <typename H, typename... Args>
Route route(Pattern<std::type_identity_t<H>> pattern, Args... args) {
  static_assert(std::is_constructible_v<H, const Args&...>,
                "the handler cannot be constructed from the arguments that were given to route");
  return {pattern.text(),
          std::make_shared<detail::HandlerEndpoint<H, Args...>>(std::move(args)...)};
}

}  // namespace funnel::web
