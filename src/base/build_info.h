#pragma once
// Which build this is. Threading: any.

#include <string_view>

namespace relay {

[[nodiscard]] std::string_view version() noexcept;   // `0.1.0`
[[nodiscard]] std::string_view commit() noexcept;    // up to 40 hex digits, or `unknown`
[[nodiscard]] std::string_view compiler() noexcept;  // `g++ 12.2.0`

}  // namespace relay
