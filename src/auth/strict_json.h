#pragma once
// JSON objects of which every byte counts: the headers and claims of tokens.

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace relay {

inline constexpr int strict_json_depth_max = 16;  // the object itself is level 1

// Nullopt for what is not a JSON object in valid UTF-8, for a key that the object has twice (RFC 7519 §4 lets
// one refuse it; two readers could each believe the other one), for a deeper nesting, and for a number that
// no double holds.  Threading: any.
[[nodiscard]] std::optional<nlohmann::json> parse_strict_object(std::string_view text);

}  // namespace relay
