#include <funnel/stream_error.h>

#include <string>

namespace funnel {

namespace {

class StreamErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.stream"; }
  std::string message(int value) const override {
    return value == static_cast<int>(StreamError::end_of_stream)
               ? "The peer has closed its side."
               : "The stream was closed on this side.";
  }
};

}  // namespace

const std::error_category& stream_error_category() noexcept {
  static const StreamErrorCategory category;
  return category;
}

std::error_code make_error_code(StreamError error) noexcept {
  return {static_cast<int>(error), stream_error_category()};
}

}  // namespace funnel
