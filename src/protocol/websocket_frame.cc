#include "protocol/websocket_frame.h"

namespace relay::websocket {

std::size_t write_header(char* out, Opcode opcode, std::size_t payload_bytes) noexcept {
  constexpr unsigned fin = 0x80;
  const auto put = [&out](std::size_t byte) { *out++ = static_cast<char>(static_cast<unsigned char>(byte)); };
  put(fin | static_cast<unsigned>(opcode));
  const std::size_t size = header_size(payload_bytes);
  if (size == 2) {
    put(payload_bytes);
    return size;
  }
  const std::size_t length_bytes = size - 2;
  put(length_bytes == 2 ? 126 : 127);
  for (std::size_t left = length_bytes; left > 0; --left) put(payload_bytes >> (8 * (left - 1)) & 0xFFU);
  return size;
}

}  // namespace relay::websocket
