#pragma once
// A number of JSON (RFC 8259 §6) as a machine's number. Threading: any.

#include <cstdint>
#include <string_view>
#include <variant>

namespace relay {

struct JsonNumber {
  // An integer of 64 bits, whatever its spelling: 0 or more, below 0; everything else is a double.
  std::variant<std::uint64_t, std::int64_t, double> value;
  // The value has all digits that were written: it is an integer here, or the double's shortest spelling or
  // its full expansion is the same decimal number. Zero has no sign here.
  bool is_exact = true;
};

// `literal` is a number of valid JSON. Beyond the range of doubles it becomes infinite, below it zero.
[[nodiscard]] JsonNumber parse_json_number(std::string_view literal);

}  // namespace relay
