#pragma once
// Close frames (RFC 6455 §5.5.1 and §7.4): an empty payload, or a code of two bytes and a reason.
// Threading: any.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace relay::websocket {

enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  invalid_payload = 1007,
  policy = 1008,
  too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

// Whether a peer may send `code`: defined and meant for the wire, or from the ranges for libraries and
// applications.
[[nodiscard]] bool may_be_received(std::uint16_t code) noexcept;

struct ClosePayload {
  std::optional<std::uint16_t> code;
  std::string_view reason;  // valid UTF-8, a view into the payload
};

// The payload of a close frame, or the code with which to answer a wrong one.
[[nodiscard]] std::expected<ClosePayload, CloseCode> parse_close_payload(std::string_view payload);

// The payload to send. A longer `reason` (valid UTF-8) is cut between two characters so that the frame may be
// sent.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);
[[nodiscard]] inline std::string close_payload(CloseCode code, std::string_view reason) {
  return close_payload(static_cast<std::uint16_t>(code), reason);
}

}  // namespace relay::websocket
