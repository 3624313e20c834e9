#pragma once
// Why an Engine.IO request was refused: the codes that clients know.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace relay {

enum class SessionError : std::uint8_t {
  transport_unknown = 0,
  session_unknown = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_protocol = 5,
};
inline constexpr std::size_t session_errors_count = 6;

[[nodiscard]] constexpr std::string_view message_of(SessionError error) noexcept {
  switch (error) {
    case SessionError::transport_unknown:
      return "Transport unknown";
    case SessionError::session_unknown:
      return "Session ID unknown";
    case SessionError::bad_handshake_method:
      return "Bad handshake method";
    case SessionError::bad_request:
      return "Bad request";
    case SessionError::forbidden:
      return "Forbidden";
    case SessionError::unsupported_protocol:
      return "Unsupported protocol version";
  }
  return "";
}

// On polling. A refused WebSocket upgrade is 400 for every code.
[[nodiscard]] constexpr unsigned http_status(SessionError error) noexcept {
  return error == SessionError::forbidden ? 403 : 400;
}

}  // namespace relay
