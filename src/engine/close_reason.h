#pragma once
// Why an Engine.IO session ended.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace relay {

enum class CloseReason : std::uint8_t {
  transport_close,  // the peer left
  transport_error,  // it broke the protocol, sent too much, or its socket failed
  parse_error,      // it sent what is no Engine.IO packet
  invalid_packet,   // it sent an Engine.IO message that the layer above cannot use
  ping_timeout,
  slow_consumer,    // it did not read what was written for it
  connect_timeout,  // it never connected to a namespace
  forced_close,     // the application closed it
  shutting_down,
};
inline constexpr std::size_t close_reasons_count = 9;

// Words as Socket.IO servers use them: "transport close".
[[nodiscard]] constexpr std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::transport_close:
      return "transport close";
    case CloseReason::transport_error:
      return "transport error";
    case CloseReason::parse_error:
      return "parse error";
    case CloseReason::invalid_packet:
      return "invalid packet";
    case CloseReason::ping_timeout:
      return "ping timeout";
    case CloseReason::slow_consumer:
      return "slow consumer";
    case CloseReason::connect_timeout:
      return "connect timeout";
    case CloseReason::forced_close:
      return "forced close";
    case CloseReason::shutting_down:
      return "server shutting down";
  }
  return "";
}

}  // namespace relay
