#pragma once
// Why an event was not published: the `code` of the HTTP API's answer.

#include <cstdint>
#include <string_view>

namespace relay {

enum class PublishError : std::uint8_t {
  invalid_json,
  invalid_event,
  unauthorized,
  nonce_conflict,
  too_large,
  unsupported_media_type,
  rate_limited,
  unavailable,
};

[[nodiscard]] constexpr std::string_view to_string(PublishError error) noexcept {
  switch (error) {
    case PublishError::invalid_json:
      return "invalid_json";
    case PublishError::invalid_event:
      return "invalid_event";
    case PublishError::unauthorized:
      return "unauthorized";
    case PublishError::nonce_conflict:
      return "nonce_conflict";
    case PublishError::too_large:
      return "too_large";
    case PublishError::unsupported_media_type:
      return "unsupported_media_type";
    case PublishError::rate_limited:
      return "rate_limited";
    case PublishError::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

}  // namespace relay
