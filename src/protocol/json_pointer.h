#pragma once
// Faults in a JSON text, each named by its JSON Pointer (RFC 6901). Threading: any.

#include <cstddef>
#include <string>
#include <string_view>

namespace relay {

// Of one text at most so many faults are reported.
inline constexpr std::size_t field_errors_max = 32;

struct FieldError {
  std::string path;  // empty: the whole text
  std::string message;

  friend bool operator==(const FieldError&, const FieldError&) = default;
};

// The JSON Pointer (RFC 6901 §3) of a member of the top-level object. A long name is cut between two
// characters.
[[nodiscard]] std::string pointer_to(std::string_view name);

}  // namespace relay
