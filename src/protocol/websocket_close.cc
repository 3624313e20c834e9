#include "protocol/websocket_close.h"

#include <cstddef>

#include "base/utf8.h"
#include "protocol/websocket_frame.h"

namespace relay::websocket {
namespace {

constexpr std::size_t code_bytes = 2;

std::uint16_t byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

// At most `bytes_max` bytes of `text`, and no part of a character.
std::string_view cut_between_characters(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

bool may_be_received(std::uint16_t code) noexcept {
  if (code >= 3000) return code <= 4999;
  // 1004 is reserved; 1005, 1006 and 1015 only tell an application what happened without a close frame.
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

std::expected<ClosePayload, CloseCode> parse_close_payload(std::string_view payload) {
  if (payload.empty()) return ClosePayload{};
  if (payload.size() < code_bytes) return std::unexpected(CloseCode::protocol_error);
  const auto code = static_cast<std::uint16_t>(byte_at(payload, 0) << 8U | byte_at(payload, 1));
  if (!may_be_received(code)) return std::unexpected(CloseCode::protocol_error);
  const std::string_view reason = payload.substr(code_bytes);
  if (!is_valid_utf8(reason)) return std::unexpected(CloseCode::invalid_payload);
  return ClosePayload{code, reason};
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8U);
  payload += static_cast<char>(code & 0xFFU);
  payload += cut_between_characters(reason, control_payload_bytes_max - code_bytes);
  return payload;
}

}  // namespace relay::websocket
