#include <funnel/routing.h>
#include <funnel/web.h>

#include <algorithm>

namespace funnel::web {

namespace detail {

const Method* HandlerClass::find(std::string_view name) const noexcept {
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [&](const Method& method) { return method.name == name; });
  return found == methods.end() ? nullptr : &*found;
}

std::string HandlerClass::allowed() const {
  std::string names;
  for (const Method& method : methods) {
    if (!names.empty()) names += ", ";
    names += method.name;
  }
  return names;
}

}  // namespace detail

std::unique_ptr<RequestHandler> Route::make_handler() const { return factory_->make(); }

}  // namespace funnel::web
