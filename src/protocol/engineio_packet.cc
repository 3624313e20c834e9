#include "protocol/engineio_packet.h"

namespace relay::engineio {

std::optional<Packet> parse_text_packet(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const char first = text.front();
  const std::string_view data = text.substr(1);
  if (first == 'b') return Packet{PacketType::message, true, data};
  if (first < digit(PacketType::open) || first > digit(PacketType::noop)) return std::nullopt;
  return Packet{static_cast<PacketType>(first - '0'), false, data};
}

}  // namespace relay::engineio
