// Reads one stream of frames whole, cut in two, and byte by byte: messages and error must be
// the same, and each message that was read must survive being written and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "websocket/close.h"
#include "websocket/error.h"
#include "websocket/frame.h"
#include "websocket/message.h"

namespace {

using namespace funnel::websocket;

constexpr MaskKey key{0x37, 0xfa, 0x21, 0x3d};

/// The first two bytes of the input say how the rest is read.
struct Setting {
  Role own_role;
  bool compression;
  std::uint64_t limit;
  std::size_t cut;
};

struct Outcome {
  std::vector<Message> messages;
  std::error_code error;
};

void require(bool condition) {
  if (!condition) std::abort();
}

Outcome read(const Setting& setting, const std::vector<std::string_view>& pieces) {
  MessageReader reader(setting.own_role, setting.limit, setting.compression);
  Outcome outcome;
  for (std::string_view piece : pieces) {
    while (true) {
      auto message = reader.read(piece);
      outcome.error = message.error();
      if (outcome.error) return outcome;
      if (!message->has_value()) break;
      outcome.messages.push_back(std::move(**message));
    }
    require(piece.empty());
  }
  return outcome;
}

void require_same(const Outcome& a, const Outcome& b) {
  require(a.error == b.error);
  require(a.messages.size() == b.messages.size());
  for (std::size_t i = 0; i < a.messages.size(); ++i) {
    require(a.messages[i].opcode == b.messages[i].opcode);
    require(a.messages[i].compressed == b.messages[i].compressed);
    require(a.messages[i].payload == b.messages[i].payload);
  }
}

/// What may be closed with must come out of what is built from it.
void check_close(std::string_view payload) {
  const auto status = parse_close_payload(payload);
  if (!status || !status->code) return;
  require(*make_close_payload(*status->code, status->reason) == payload);
}

void check_round_trip(const Setting& setting, const Outcome& outcome) {
  std::string written;
  for (const Message& message : outcome.messages) {
    require(message.payload.size() <= std::max<std::uint64_t>(setting.limit, max_control_bytes));
    FrameHeader header(message.opcode, 0);
    header.rsv1 = message.compressed;
    if (setting.own_role == Role::server) header.mask = key;
    append_frame(written, header, message.payload);
    if (message.opcode == Opcode::close) check_close(message.payload);
  }
  const Outcome again = read(setting, {written});
  require(!again.error);
  require_same({outcome.messages, {}}, again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Setting setting{
      .own_role = (data[0] & 1) != 0 ? Role::client : Role::server,
      .compression = (data[0] & 2) != 0,
      .limit = (data[0] & 4) != 0 ? std::uint64_t{1} << 62 : data[0],
      .cut = stream.empty() ? 0 : data[1] % stream.size(),
  };

  const Outcome whole = read(setting, {stream});
  require_same(whole, read(setting, {stream.substr(0, setting.cut), stream.substr(setting.cut)}));
  std::vector<std::string_view> single;
  for (std::size_t at = 0; at < stream.size(); ++at) single.push_back(stream.substr(at, 1));
  require_same(whole, read(setting, single));
  check_round_trip(setting, whole);
  return 0;
}
