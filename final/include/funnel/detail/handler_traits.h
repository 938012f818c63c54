#pragma once

#include <funnel/task.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace funnel::web {
class RequestHandler;
}

namespace funnel::web::detail {

/// Converts to anything; only for asking whether a call with so many arguments exists.
struct AnyArgument {
  template <typename T>
  operator T() const;
};

/// What a captured part of the path can become. Not `char`, which would be a number here: the
/// one that `7` names, not its digit.
template <typename T>
concept PathArgument = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view> ||
    (!std::is_same_v<T, char> &&
     requires(const char* text, T& value) { std::from_chars(text, text, value); });

/// Whether a method that returns `R` may have a parameter of type `A`. A task begins after the
/// call, when what a reference named is gone.
template <typename R, typename A>
constexpr bool passed_well = std::is_void_v<R> ? std::is_convertible_v<std::remove_cvref_t<A>&&, A>
                                               : !std::is_reference_v<A>;

/// Takes a member function's type apart. The primary template is what a method must not be.
template <typename M>
struct MemberFunction {
  static constexpr bool valid = false;
  static constexpr bool returns_well = true;
  static constexpr bool takes_path_arguments = true;
  static constexpr bool takes_values = true;
};

template <typename H, typename R, typename... A>
struct MemberFunctionBase {
  static constexpr bool valid = true;
  static constexpr bool returns_well = std::is_void_v<R> || std::is_same_v<R, Task<void>>;
  static constexpr bool takes_path_arguments = (PathArgument<std::remove_cvref_t<A>> && ...);
  static constexpr bool takes_values = (passed_well<R, A> && ...);
  using Arguments = std::tuple<std::remove_cvref_t<A>...>;
};

template <typename H, typename R, typename... A>
struct MemberFunction<R (H::*)(A...)> : MemberFunctionBase<H, R, A...> {};
template <typename H, typename R, typename... A>
struct MemberFunction<R (H::*)(A...) const> : MemberFunctionBase<H, R, A...> {};
template <typename H, typename R, typename... A>
struct MemberFunction<R (H::*)(A...) noexcept> : MemberFunctionBase<H, R, A...> {};
template <typename H, typename R, typename... A>
struct MemberFunction<R (H::*)(A...) const noexcept> : MemberFunctionBase<H, R, A...> {};

/// What is known of a method that a handler may have. `Declared` is found through a base that
/// declares the same name: if the handler declares it too, the name is ambiguous.
// A macro, because a member's name cannot be a template parameter.
#define FUNNEL_WEB_METHOD(METHOD)                                                              \
  template <typename H>                                                                        \
  struct METHOD##_method {                                                                     \
    struct Probe {                                                                             \
      void METHOD();                                                                           \
    };                                                                                         \
    struct Both : H, Probe {};                                                                 \
    static constexpr bool declared = !requires { &Both::METHOD; };                             \
    static constexpr bool addressable = requires { &H::METHOD; };                              \
    template <typename... A>                                                                   \
    static constexpr bool takes = requires(H & handler, A... arguments) {                      \
      handler.METHOD(arguments...);                                                            \
    };                                                                                         \
    using Any = AnyArgument;                                                                   \
    static constexpr bool callable =                                                           \
        takes<> || takes<Any> || takes<Any, Any> || takes<Any, Any, Any>;                      \
    static consteval auto pointer() {                                                          \
      static_assert(addressable || !callable,                                                  \
                    "a handler's " #METHOD " must be neither overloaded nor a template");      \
      static_assert(addressable || callable, "a handler's " #METHOD " must be public");        \
      if constexpr (addressable) {                                                             \
        using M = decltype(&H::METHOD);                                                        \
        using F = MemberFunction<M>;                                                           \
        constexpr bool is_member = std::is_member_function_pointer_v<M>;                       \
        static_assert(is_member,                                                               \
                      "a handler's " #METHOD " must be a member function that is not static"); \
        static_assert(F::valid || !is_member,                                                  \
                      "a handler's " #METHOD                                                   \
                      " must be a plain member function, at most const, noexcept");            \
        static_assert(F::returns_well,                                                         \
                      "a handler's " #METHOD " must return void or funnel::Task<>");           \
        static_assert(F::takes_path_arguments, "the path arguments of a handler's " #METHOD    \
                                               " must be strings, string_views or numbers");   \
        static_assert(F::takes_values,                                                         \
                      "a handler's " #METHOD                                                   \
                      " must take its path arguments by value (const references only if it"    \
                      " returns void)");                                                       \
        return &H::METHOD;                                                                     \
      } else {                                                                                 \
        return nullptr;                                                                        \
      }                                                                                        \
    }                                                                                          \
  };

FUNNEL_WEB_METHOD(get)
FUNNEL_WEB_METHOD(head)
FUNNEL_WEB_METHOD(post)
FUNNEL_WEB_METHOD(put)
FUNNEL_WEB_METHOD(patch)
FUNNEL_WEB_METHOD(options)
FUNNEL_WEB_METHOD(delete_)
#undef FUNNEL_WEB_METHOD

/// Calls `visit(name, traits)` for each method that `H` declares.
template <typename H, typename Visit>
constexpr void for_each_method(Visit visit) {
  if constexpr (get_method<H>::declared) visit("GET", get_method<H>{});
  if constexpr (head_method<H>::declared) visit("HEAD", head_method<H>{});
  if constexpr (post_method<H>::declared) visit("POST", post_method<H>{});
  if constexpr (put_method<H>::declared) visit("PUT", put_method<H>{});
  if constexpr (patch_method<H>::declared) visit("PATCH", patch_method<H>{});
  if constexpr (options_method<H>::declared) visit("OPTIONS", options_method<H>{});
  if constexpr (delete__method<H>::declared) visit("DELETE", delete__method<H>{});
}

template <typename H>
consteval std::size_t count_methods() {
  std::size_t count = 0;
  for_each_method<H>([&](std::string_view, auto) { ++count; });
  return count;
}

template <typename Traits>
using ArgumentsOf = typename MemberFunction<decltype(Traits::pointer())>::Arguments;

template <typename... Traits>
struct FirstDeclared {
  using Arguments = void;
};
template <typename First, typename... Rest>
struct FirstDeclared<First, Rest...> {
  static consteval auto find() {
    if constexpr (First::declared) {
      return std::type_identity<ArgumentsOf<First>>{};
    } else {
      return std::type_identity<typename FirstDeclared<Rest...>::Arguments>{};
    }
  }
  using Arguments = typename decltype(find())::type;
};

template <typename Traits, typename Arguments>
consteval bool same_arguments() {
  if constexpr (Traits::declared) {
    return std::is_same_v<ArgumentsOf<Traits>, Arguments>;
  } else {
    return true;
  }
}

/// The rules for handlers, each with its sentence, and what all methods of `H` take.
template <typename H>
struct HandlerTraits {
  static_assert(std::is_convertible_v<H*, RequestHandler*>,
                "a handler must derive publicly from funnel::web::RequestHandler");
  static_assert(alignof(H) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a handler must not be over-aligned: its memory is recycled");
  static_assert(!std::is_final_v<H>,
                "a handler class must not be final: its methods are found through a derived class");

  using Arguments =
      typename FirstDeclared<get_method<H>, head_method<H>, post_method<H>, put_method<H>,
                             patch_method<H>, options_method<H>, delete__method<H>>::Arguments;

  static_assert(
      !std::is_void_v<Arguments>,
      "a handler must have at least one of get, head, post, put, patch, options, delete_");
  static_assert(same_arguments<get_method<H>, Arguments>() &&
                    same_arguments<head_method<H>, Arguments>() &&
                    same_arguments<post_method<H>, Arguments>() &&
                    same_arguments<put_method<H>, Arguments>() &&
                    same_arguments<patch_method<H>, Arguments>() &&
                    same_arguments<options_method<H>, Arguments>() &&
                    same_arguments<delete__method<H>, Arguments>(),
                "all methods of a handler must take the same path arguments");

  static constexpr std::size_t arity = std::tuple_size_v<Arguments>;
};

/// Returns where the bracket expression that begins at `at` ends: behind its `]`.
constexpr std::size_t skip_bracket_expression(std::string_view pattern, std::size_t at) {
  ++at;
  if (pattern.substr(at).starts_with('^')) ++at;
  // A bracket that comes first stands for itself.
  if (pattern.substr(at).starts_with(']')) ++at;
  while (at < pattern.size() && pattern[at] != ']') {
    const bool named = pattern.substr(at).starts_with("[:");
    const std::size_t end = named ? pattern.find(":]", at + 2) : std::string_view::npos;
    if (end != std::string_view::npos) {
      at = end + 2;
    } else {
      at += pattern[at] == '\\' ? 2 : 1;
    }
  }
  return at + 1;
}

/// Returns where the element of a pattern that begins at `at` ends: an escaped character, a
/// quotation `\Q...\E`, a bracket expression, or else one character. It may be behind the pattern.
constexpr std::size_t skip_element(std::string_view pattern, std::size_t at) {
  if (pattern.substr(at).starts_with("\\Q")) {
    const std::size_t end = pattern.find("\\E", at + 2);
    return end == std::string_view::npos ? pattern.size() : end + 2;
  }
  if (pattern[at] == '\\') return at + 2;
  return pattern[at] == '[' ? skip_bracket_expression(pattern, at) : at + 1;
}

/// Counts the capturing groups of a pattern, as RE2 does.
constexpr std::size_t count_groups(std::string_view pattern) {
  std::size_t groups = 0;
  for (std::size_t at = 0; at < pattern.size(); at = skip_element(pattern, at)) {
    if (pattern[at] != '(') continue;
    const std::string_view inside = pattern.substr(at + 1);
    if (!inside.starts_with('?') || inside.starts_with("?P<")) ++groups;
  }
  return groups;
}

/// Converts a captured, decoded part of the path; empty if it does not fit the type.
template <PathArgument T>
std::optional<T> convert_argument(const std::string& text) {
  if constexpr (std::is_convertible_v<const std::string&, T>) {
    return T(text);
  } else {
    T value{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
  }
}

}  // namespace funnel::web::detail
