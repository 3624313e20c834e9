#pragma once
// What may be the name of a room or of an account: 1 to 200 bytes of valid UTF-8 without control characters
// (U+0000-001F, 007F-009F). Threading: any.

#include <cstddef>
#include <string_view>

namespace relay {

inline constexpr std::size_t name_bytes_max = 200;

// The private room of an account is named by this and the account.
inline constexpr std::string_view account_room_prefix = "~account/";

[[nodiscard]] bool is_name(std::string_view text);

// Rooms that no token may name: a socket's own and an account's own.
[[nodiscard]] constexpr bool is_private_room(std::string_view room) noexcept {
  return room.starts_with('~');
}

}  // namespace relay
