#pragma once
// Numbers and points in time as JavaScript writes them into JSON (ECMA-262: Number::toString, 6.1.6.1.20, and
// Date.prototype.toISOString, 21.4.4.36). Threading: any.

#include <cstdint>
#include <string>

namespace relay {

// The shortest digits that read back as the same number: 0.1, 1e+21, 5e-324, 0 also for -0. What is no finite
// number becomes null.
void append_javascript_number(std::string& out, double number);

// `"1970-01-01T00:00:00.000Z"` in quotes, of milliseconds since then; years outside 0 to 9999 have a sign and
// six digits; null beyond the 8.64e15 ms that a Date can hold.
void append_javascript_date(std::string& out, std::int64_t milliseconds);

}  // namespace relay
