#pragma once
// Regular expressions of schemas, in the syntax of RE2: that of ECMA 262 but for look-around,
// back-references, \u and the like, which RE2 refuses.
//
// A search takes time linear in the text, yet by how much depends on the pattern: where RE2's automaton would
// get too large, it goes on with one that passes every instruction for every byte, at up to 10 ns each. So
// the instructions are bounded, and count as work.
//
// Threading: the table belongs to the caller's thread while it grows.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "schema/json_schema.h"

namespace relay {

inline constexpr int pattern_program_max = 2000;          // instructions
inline constexpr std::size_t schema_patterns_max = 1000;  // in one table, each of up to 1 MiB

// Finds or adds a pattern. On failure what is wrong with it, as the end of a sentence.
[[nodiscard]] std::expected<const Pattern*, std::string> add_pattern(PatternTable& table,
                                                                     std::string_view text);

}  // namespace relay
