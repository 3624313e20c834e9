#pragma once
// By what EVALSHA names a script.

#include <string>
#include <string_view>

namespace relay {

// SHA-1 (FIPS 180-4), in lower-case hexadecimal digits. Nothing that must resist an attacker may rest on it.
// Threading: any.
[[nodiscard]] std::string script_hash(std::string_view script);

}  // namespace relay
