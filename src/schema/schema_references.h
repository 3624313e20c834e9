#pragma once
// The references of a JSON Schema: where each $ref of a document leads, and whether judging by them ends.
//
// Threading: functions any.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/json_schema.h"
#include "schema/json_tree.h"

namespace relay {

struct Reference {
  SchemaId from;
  const JsonNode* schema;  // that of `from`
  std::string target;      // as it is written: #/definitions/a
};

struct References {
  std::vector<Reference> all;
  std::unordered_map<const JsonNode*, SchemaId> schemas;  // every place of a schema
  TextMap<SchemaId> anchors;                              // of "$id": "#name"
};

// A fault at the schema that has it.
struct SchemaFault {
  const JsonNode* schema;
  std::string message;
};

// Enters each reference into the all_of of its schema.
[[nodiscard]] std::vector<SchemaFault> resolve_references(const JsonTree& tree, const References& references,
                                                          JsonSchema& schema);

// The first schemas that apply to a value in a circle, or in too long a chain (schema_chain_max).
[[nodiscard]] std::vector<SchemaFault> find_endless_chain(const References& references,
                                                          const JsonSchema& schema);

}  // namespace relay
