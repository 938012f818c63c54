#pragma once

#include <funnel/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace funnel::websocket {

/// A message put together from its frames, or a control frame.
struct Message {
  Message(Opcode what, bool deflated) : opcode(what), compressed(deflated) {}

  Opcode opcode;        ///< Never `continuation`.
  bool compressed;      ///< The payload is still compressed (RFC 7692); text is not yet checked.
  std::string payload;  ///< Unmasked. Of a close frame: for `parse_close_payload`.
};

/// Turns the bytes of a connection into messages: joins fragments, lets control frames through
/// between them, unmasks, checks that text is UTF-8 as it arrives. Does no I/O.
class MessageReader {
 public:
  /// `own_role` is that of the reading end. A message may have `max_message_bytes`, counted
  /// before decompression. `compression` is true when permessage-deflate was negotiated.
  MessageReader(Role own_role, std::uint64_t max_message_bytes, bool compression) noexcept
      : max_message_bytes_(max_message_bytes), parser_(own_role, compression) {}

  /// Reads from the front of `input` until a message is complete, and takes away what it has
  /// read. Returns no message when `input` is used up. Returns a `ProtocolError` as soon as
  /// one shows: too long a message at its length field, bad UTF-8 at its first byte. After an
  /// error each further call returns the same one.
  Result<std::optional<Message>> read(std::string_view& input);

 private:
  Result<std::optional<Message>> read_frames(std::string_view& input);
  std::error_code begin_frame();
  std::error_code take_payload(std::string_view& input);
  Result<std::optional<Message>> end_frame();

  std::uint64_t max_message_bytes_;
  FrameHeaderParser parser_;
  std::uint64_t frame_left_ = 0;    // payload bytes of the current frame still to come
  std::optional<Message> message_;  // the data message being put together
  std::optional<Message> control_;  // the control frame being read, perhaps in between
  Utf8Validator utf8_;              // of message_; as new after every complete one
  std::error_code error_;
};

}  // namespace funnel::websocket
