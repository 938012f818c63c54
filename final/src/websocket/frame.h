#pragma once

#include <funnel/result.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// Frames of RFC 6455 section 5: reading and writing headers, masking. No I/O.

namespace funnel::websocket {

/// Which end of the connection we are: a client masks what it sends, a server does not.
enum class Role { server, client };

/// What a frame carries (RFC 6455 section 5.2).
enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Tells close, ping and pong from the frames that carry data.
constexpr bool is_control(Opcode opcode) noexcept { return opcode >= Opcode::close; }

/// The most payload that a control frame may have (RFC 6455 section 5.5).
inline constexpr std::size_t max_control_bytes = 125;

/// The four bytes that a client masks a frame with. They must not be predictable.
using MaskKey = std::array<unsigned char, 4>;

/// The header of one frame (RFC 6455 section 5.2).
struct FrameHeader {
  FrameHeader() = default;
  FrameHeader(Opcode what, std::uint64_t bytes) : opcode(what), payload_bytes(bytes) {}

  bool fin = true;    ///< The last, or only, frame of its message.
  bool rsv1 = false;  ///< The message is compressed (RFC 7692).
  Opcode opcode = Opcode::continuation;
  std::optional<MaskKey> mask;
  std::uint64_t payload_bytes = 0;
};

/// Parses the header of one frame, in pieces of any size, and checks everything that can be
/// told from one frame alone. What follows from the frames before is `MessageReader`'s.
class FrameHeaderParser {
 public:
  /// `own_role` is that of the reading end. `rsv1_allowed` is true when permessage-deflate was
  /// negotiated.
  FrameHeaderParser(Role own_role, bool rsv1_allowed) noexcept
      : own_role_(own_role), rsv1_allowed_(rsv1_allowed) {}

  /// Parses the next bytes. Returns how many belong to the header; the payload begins after
  /// them once `is_complete()`. Returns a `ProtocolError` at the byte that shows it; only
  /// `reset` may follow (checked). A complete header takes no bytes.
  Result<std::size_t> feed(std::string_view bytes) noexcept;

  [[nodiscard]] bool is_complete() const noexcept { return step_ == Step::complete; }

  /// Returns the parsed header; meaningful once `is_complete()`.
  [[nodiscard]] const FrameHeader& header() const noexcept { return header_; }

  /// Makes the parser ready for the next frame.
  void reset() noexcept;

 private:
  enum class Step { start, length, mask, complete, failed };

  void expect(Step step, std::size_t bytes) noexcept;
  std::error_code finish_step() noexcept;
  std::error_code finish_start() noexcept;
  std::error_code finish_length() noexcept;
  std::error_code check_start(bool masked, unsigned length) const noexcept;
  void expect_mask() noexcept;

  Role own_role_;
  bool rsv1_allowed_;
  Step step_ = Step::start;
  std::size_t have_ = 0;  // bytes of this step
  std::size_t need_ = 2;  // how many complete it
  std::array<unsigned char, 8> bytes_{};
  FrameHeader header_;
};

/// Applies `key` to `data`, which is masking and unmasking alike (RFC 6455 section 5.3).
/// `offset` is where in the frame's payload `data` begins.
void apply_mask(std::span<char> data, MaskKey key, std::uint64_t offset = 0) noexcept;

/// Appends the bytes of a header to `out`, the length in its shortest form. A control frame
/// must have FIN and at most 125 bytes.
void append_header(std::string& out, const FrameHeader& header);

/// Appends a whole frame to `out`, the payload masked if `header.mask` is set. The payload's
/// size replaces `header.payload_bytes`.
void append_frame(std::string& out, FrameHeader header, std::string_view payload);

}  // namespace funnel::websocket
