#pragma once
// Reads a JSON Schema of draft 4, 6 or 7, and refuses what would not be checked: a keyword that the draft
// does not know (a misspelt one would silently check nothing), a format without a check, a pattern that RE2
// does not take, a reference that leaves the document or leads nowhere, references in a circle that no
// payload ends.
//
// Threading: a function; the pattern table belongs to the caller's thread while it runs.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "schema/json_schema.h"

namespace relay {

inline constexpr std::size_t schema_nodes_max = 10000;  // schemas in one document, one inside another
inline constexpr std::size_t schema_problems_max = 20;  // reported of one document

// Patterns are added to `patterns`, which must outlive the schema. `text` may be anything. On failure all
// that is wrong: `keyword "foo" is unknown`, with the JSON Pointer of its schema in front unless that is the
// root.
[[nodiscard]] std::expected<JsonSchema, std::vector<std::string>> compile_schema(std::string_view text,
                                                                                 PatternTable& patterns);

}  // namespace relay
