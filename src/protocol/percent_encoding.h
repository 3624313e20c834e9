#pragma once
// Percent-encoding (RFC 3986 §2.1), as of a file's name. Threading: any.

#include <optional>
#include <string>
#include <string_view>

namespace relay {

// Nullopt if a `%` is not followed by two hexadecimal digits. A `+` is a plus.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace relay
