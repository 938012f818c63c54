#pragma once

#include <funnel/detail/handler_traits.h>
#include <funnel/task.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
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

/// A method that a handler class has.
struct Method {
  std::string_view name;
  /// Calls it; `task` becomes what it returns, empty for `void`. Returns false, without a call,
  /// if an argument does not fit its parameter. The arguments must live as long as the handler.
  bool (*call)(RequestHandler& handler, const std::vector<std::string>& arguments, Task<>& task);
};

/// What an application knows of a handler class. There is one for each class, so its address
/// stands for the class.
struct HandlerClass {
  std::span<const Method> methods;
  std::size_t arity;  ///< how many path arguments each method takes

  /// The method of that name, or null.
  const Method* find(std::string_view name) const noexcept;
  /// The methods that `Allow` names.
  std::string allowed() const;
};

template <typename H, auto method, std::size_t... I>
bool call_converted(H& handler, const std::vector<std::string>& arguments, Task<>& task,
                    std::index_sequence<I...>) {
  using Arguments = typename HandlerTraits<H>::Arguments;
  std::tuple<std::optional<std::tuple_element_t<I, Arguments>>...> converted{
      convert_argument<std::tuple_element_t<I, Arguments>>(arguments[I])...};
  if (!(std::get<I>(converted).has_value() && ...)) return false;
  if constexpr (std::is_void_v<decltype((handler.*
                                         method)(std::move(*std::get<I>(converted))...))>) {
    (handler.*method)(std::move(*std::get<I>(converted))...);
  } else {
    task = (handler.*method)(std::move(*std::get<I>(converted))...);
  }
  return true;
}

template <typename H, auto method>
bool call_method(RequestHandler& handler, const std::vector<std::string>& arguments, Task<>& task) {
  return call_converted<H, method>(static_cast<H&>(handler), arguments, task,
                                   std::make_index_sequence<HandlerTraits<H>::arity>{});
}

template <typename H>
constexpr auto make_methods() {
  std::array<Method, count_methods<H>()> methods{};
  std::size_t next = 0;
  for_each_method<H>([&](std::string_view name, auto traits) {
    methods[next++] = {name, &call_method<H, decltype(traits)::pointer()>};
  });
  return methods;
}

// Tables instead of virtual functions: what a program must compile for each of its handlers is
// its constructor and its methods' calls, and no more.
template <typename H>
inline constexpr auto methods_of = make_methods<H>();

template <typename H>
inline constexpr HandlerClass class_of{methods_of<H>, HandlerTraits<H>::arity};

/// Makes a route's handlers.
class HandlerFactory {
 public:
  HandlerFactory() = default;
  HandlerFactory(const HandlerFactory&) = delete;
  HandlerFactory& operator=(const HandlerFactory&) = delete;
  virtual ~HandlerFactory() = default;

  virtual std::unique_ptr<RequestHandler> make() const = 0;
};

template <typename H, typename... Args>
class FactoryOf final : public HandlerFactory {
 public:
  explicit FactoryOf(Args... args) : args_(std::move(args)...) {}

  std::unique_ptr<RequestHandler> make() const override {
    return std::apply([](const Args&... args) { return std::make_unique<H>(args...); }, args_);
  }

 private:
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
  /// Use `route`, which knows the class and how to make its handlers.
  Route(std::string pattern, const detail::HandlerClass& handler_class,
        std::shared_ptr<const detail::HandlerFactory> factory)
      : pattern_(std::move(pattern)),
        handler_class_(&handler_class),
        factory_(std::move(factory)) {}

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
  /// What `H` has. For `Application`, as is the next.
  const detail::HandlerClass& handler_class() const noexcept { return *handler_class_; }
  /// Makes the handler of one request; throws what its constructor throws.
  std::unique_ptr<RequestHandler> make_handler() const;

 private:
  std::string pattern_;
  std::string name_;
  bool head_from_get_ = false;
  const detail::HandlerClass* handler_class_;
  std::shared_ptr<const detail::HandlerFactory> factory_;
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
  return {pattern.text(), detail::class_of<H>,
          std::make_shared<detail::FactoryOf<H, Args...>>(std::move(args)...)};
}

}  // namespace funnel::web
