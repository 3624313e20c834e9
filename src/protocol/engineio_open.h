#pragma once
// The packet that begins an Engine.IO session. Threading: any.

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace relay::engineio {

struct OpenParameters {
  std::string_view sid;
  std::span<const std::string_view> upgrades;  // transports to which this one can be upgraded
  std::chrono::milliseconds ping_interval;
  std::chrono::milliseconds ping_timeout;
  std::size_t payload_bytes_max;
};

// `0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`:
// these keys in this order, no others.
[[nodiscard]] std::string open_packet(const OpenParameters& parameters);

}  // namespace relay::engineio
