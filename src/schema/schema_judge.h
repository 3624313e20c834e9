#pragma once
// Judges a payload by a compiled JSON Schema.
//
// Work is counted while judging, and when more is needed than a fixed amount the payload is refused. No
// schema can promise less: nested anyOf, recursive references and patterns multiply, whatever library judges
// them. The unit is about ten nanoseconds, so that the amount is some 20 ms; it depends on nothing but schema
// and payload, so that the verdict is always the same.
//
// Threading: any.

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/json_pointer.h"
#include "schema/json_schema.h"
#include "schema/json_tree.h"

namespace relay {

// For a payload of up to 256 KiB; a longer one may take proportionally more.
inline constexpr std::int64_t judge_work_max = 2'000'000;

// All that is wrong, at most field_errors_max of it, each with its JSON Pointer behind `root_path`. What
// fails inside anyOf, oneOf, not or if is one fault at the value that these are applied to.
[[nodiscard]] std::vector<FieldError> judge(const JsonSchema& schema, const JsonTree& payload,
                                            std::string_view root_path);

}  // namespace relay
