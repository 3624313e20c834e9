#pragma once
// What the fields of an event may hold. Each function takes valid UTF-8 and returns what is wrong with it, as
// the end of a sentence that begins with the field ("must have 1 to 200 bytes"), or an empty text. Threading:
// any.

#include <cstddef>
#include <string>
#include <string_view>

namespace relay {

inline constexpr std::size_t event_type_bytes_max = 128;
inline constexpr std::size_t timestamp_bytes_max = 64;
inline constexpr std::size_t nonce_bytes_min = 8;
inline constexpr std::size_t nonce_bytes_max = 200;

// An account, or the id of a socket.
[[nodiscard]] std::string_view name_problem(std::string_view name);

// As a name, or the private room of an account, which is longer by `~account/`.
[[nodiscard]] std::string_view room_problem(std::string_view room);

// The event's name, of a publish or of a client's event.
[[nodiscard]] std::string_view event_type_problem(std::string_view type);

[[nodiscard]] std::string_view timestamp_problem(std::string_view timestamp);

[[nodiscard]] std::string_view nonce_problem(std::string_view nonce);

}  // namespace relay
