#include "relay/publish_rule.h"

#include <algorithm>
#include <array>

#include "auth/name_rule.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace relay {
namespace {

std::string_view text_problem(std::string_view text, std::size_t bytes_max, std::string_view length_rule) {
  if (text.empty() || text.size() > bytes_max) return length_rule;
  if (has_control_character(text)) return "must not have control characters (U+0000-001F, U+007F-009F)";
  return {};
}

}  // namespace

std::string_view name_problem(std::string_view name) {
  return text_problem(name, name_bytes_max, "must have 1 to 200 bytes");
}

std::string_view room_problem(std::string_view room) {
  if (room.size() > name_bytes_max && room.starts_with(account_room_prefix)) {
    room.remove_prefix(account_room_prefix.size());
  }
  return name_problem(room);
}

std::string_view timestamp_problem(std::string_view timestamp) {
  if (timestamp.size() > timestamp_bytes_max) return "must have at most 64 bytes";
  if (!is_rfc3339(timestamp)) return "must be an RFC 3339 time such as 2026-01-31T12:00:00.000Z";
  return {};
}

std::string_view nonce_problem(std::string_view nonce) {
  const bool good_length = nonce.size() >= nonce_bytes_min && nonce.size() <= nonce_bytes_max;
  const bool printable = std::ranges::all_of(nonce, [](char c) { return c >= 0x20 && c <= 0x7E; });
  return good_length && printable ? std::string_view() : "must be 8 to 200 printable ASCII characters";
}

std::string_view event_type_problem(std::string_view type) {
  // https://socket.io/docs/v4/emit-cheatsheet/#reserved-events
  constexpr std::array<std::string_view, 6> reserved = {"connect",       "connect_error", "disconnect",
                                                        "disconnecting", "newListener",   "removeListener"};
  if (std::ranges::find(reserved, type) != reserved.end()) {
    return "must not be a name that Socket.IO reserves";
  }
  if (type.starts_with("relay:")) return "must not begin with relay:, which is for the relay's own events";
  return text_problem(type, event_type_bytes_max, "must have 1 to 128 bytes");
}

}  // namespace relay
