#pragma once
// Points in time as text: RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339).

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace relay {

// `2026-01-31T12:00:00.000Z`: UTC, milliseconds, always 24 characters.
using TimeText = std::array<char, 24>;
[[nodiscard]] TimeText format_rfc3339(WallTime time);

// Whether `text` is an RFC 3339 date-time (§5.6): any fraction, any offset, leap seconds as 60.
[[nodiscard]] bool is_rfc3339(std::string_view text);

}  // namespace relay
