#include "websocket/handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace funnel::websocket {
namespace {

// RFC 6455 section 1.3: proves that the answer comes from something that speaks WebSocket, and
// not from a cache or a server that echoes what it is sent.
constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool is_base64(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

bool is_valid_key(std::string_view key) noexcept {
  // 16 bytes are 22 digits and the padding. The last digit has four bits too many; RFC 4648
  // section 3.5 leaves it to the decoder whether they must be zero, and nothing here is decoded.
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_base64);
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key).append(guid);
  std::array<unsigned char, 20> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) {
    throw std::system_error(std::make_error_code(std::errc::not_supported), "SHA-1");
  }
  std::array<unsigned char, 29> encoded{};  // four characters for three bytes, and a NUL
  EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {encoded.begin(), encoded.end() - 1};
}

}  // namespace funnel::websocket
