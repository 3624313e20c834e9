#pragma once
// The values of `format` in a JSON Schema that are checked. What a format means is the RFC's word, not a
// guess at what is deliverable: an email may go to a host that there is not.
//
// Threading: any. Time is linear in the text, whatever it is.

#include <string>
#include <string_view>

namespace relay {

// `text` is decoded.
using FormatCheck = bool (*)(std::string_view text);

// Null if there is no check for that format.
[[nodiscard]] FormatCheck format_check(std::string_view name) noexcept;

// All names, with commas between them.
[[nodiscard]] std::string format_names();

}  // namespace relay
