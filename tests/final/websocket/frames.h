#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/frame.h"

/// @file
/// What the WebSocket tests share: bytes, frames, and every way to cut them.

namespace funnel::websocket {

/// The mask of RFC 6455's own examples.
inline constexpr MaskKey example_key{0x37, 0xfa, 0x21, 0x3d};

inline std::string bytes(std::initializer_list<unsigned> values) {
  std::string text;
  for (const unsigned value : values) text.push_back(static_cast<char>(value));
  return text;
}

/// A frame as the given end sends it: a client's masked, a server's not.
inline std::string frame_from(Role sender, Opcode opcode, std::string_view payload, bool fin = true,
                              bool rsv1 = false) {
  FrameHeader header(opcode, 0);
  header.fin = fin;
  header.rsv1 = rsv1;
  if (sender == Role::client) header.mask = example_key;
  std::string out;
  append_frame(out, header, payload);
  return out;
}

inline std::string client_frame(Opcode opcode, std::string_view payload, bool fin = true) {
  return frame_from(Role::client, opcode, payload, fin);
}

/// Calls `check` with the pieces of `text`: whole, in two at every byte, byte by byte.
template <typename Check>
void for_each_cut(std::string_view text, Check check) {
  check(std::vector<std::string_view>{text});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    check(std::vector<std::string_view>{text.substr(0, cut), text.substr(cut)});
  }
  std::vector<std::string_view> single;
  for (std::size_t at = 0; at < text.size(); ++at) single.push_back(text.substr(at, 1));
  check(single);
}

}  // namespace funnel::websocket
