#pragma once
// The keywords of a JSON Schema that hold no schemas, read into a SchemaNode: `type`, `enum`, `minLength` and
// so on.
//
// Threading: functions any; the pattern table belongs to the caller's thread.

#include <string>
#include <string_view>

#include "schema/json_schema.h"
#include "schema/json_tree.h"

namespace relay {

struct AssertionContext {
  const JsonTree& tree;
  const JsonNode& schema;  // the object that the keyword is in
  SchemaDraft draft;
  PatternTable& patterns;
};

// Reads the value of a keyword. What is wrong with it is returned as the end of a sentence that begins with
// the keyword, "must be a string"; an empty text: nothing.
using AssertionReader = std::string (*)(const AssertionContext& context, const JsonNode& value,
                                        SchemaNode& out);

// Null if the draft has no such keyword, or if it is none of these.
[[nodiscard]] AssertionReader assertion_reader(std::string_view keyword, SchemaDraft draft) noexcept;

// An array of strings, which may be empty, into `out`; false if it is none or has one twice.
[[nodiscard]] bool read_names(const JsonTree& tree, const JsonNode& value, std::vector<std::string>& out);

}  // namespace relay
