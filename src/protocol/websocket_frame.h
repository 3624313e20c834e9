#pragma once
// The header of a frame that a server sends (RFC 6455 §5.2): always FIN, never masked.
//
//   1 byte   0x80 | opcode
//   1 byte   length to 125,   or 126 and 2 bytes,   or 127 and 8 bytes, big-endian
//
// Threading: any.

#include <cstddef>
#include <cstdint>

namespace relay::websocket {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline constexpr std::size_t header_bytes_max = 10;
inline constexpr std::size_t control_payload_bytes_max = 125;

[[nodiscard]] constexpr std::size_t header_size(std::size_t payload_bytes) noexcept {
  return payload_bytes <= 125 ? 2 : payload_bytes <= 0xFFFF ? 4 : 10;
}

// Writes header_size(payload_bytes) bytes to `out` and returns their number.
std::size_t write_header(char* out, Opcode opcode, std::size_t payload_bytes) noexcept;

}  // namespace relay::websocket
