#include <funnel/trace.h>

#include "core/loop_trace.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace funnel::trace {

void note(std::string_view text) {
  if (enabled()) write("note", running(), text);
}

std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

}  // namespace funnel::trace
