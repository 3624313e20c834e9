#pragma once
// JSON that came over the bus, or is about to. Threading: any.

#include <expected>
#include <string_view>

#include "cluster/reject_reason.h"

namespace relay {

// One value of at most `depth_max` levels and nothing behind it; too_large for more levels, malformed for all
// else. Does not look at UTF-8.
[[nodiscard]] std::expected<void, RejectReason> check_json(std::string_view text, unsigned depth_max);

// Whether `arguments_json` may stand behind the name in a packet's array: JSON values with commas between
// them, of bus_json_depth_max levels, or nothing. As above, and malformed if it is no UTF-8.
[[nodiscard]] std::expected<void, RejectReason> check_arguments(std::string_view arguments_json);

}  // namespace relay
