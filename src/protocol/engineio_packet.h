#pragma once
// Engine.IO v4 packets as text: a digit and data, or `b` and the base64 of a binary message. The same in an
// element of a polling payload and in a WebSocket text frame; a binary frame is a binary message as it is.
//
// Threading: any.

#include <cstdint>
#include <optional>
#include <string_view>

namespace relay::engineio {

enum class PacketType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };

struct Packet {
  PacketType type;
  bool binary;            // then `data` is still base64
  std::string_view data;  // into the text given
};

[[nodiscard]] constexpr char digit(PacketType type) noexcept {
  return static_cast<char>('0' + static_cast<int>(type));
}

// Nullopt for what begins with neither a known digit nor `b`, as an empty text does.
[[nodiscard]] std::optional<Packet> parse_text_packet(std::string_view text) noexcept;

}  // namespace relay::engineio
