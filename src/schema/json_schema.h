#pragma once
// A JSON Schema of draft 4, 6 or 7 as it is kept for judging: every keyword read, every reference resolved.
// What is equal in the drafts is equal here: `const` is an enum of one, a $ref an allOf of one, and draft 4's
// boolean exclusiveMinimum is the number that it belongs to.
//
// Threading: immutable once compiled; a Pattern is safe from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "schema/decimal.h"
#include "schema/schema_format.h"

namespace relay {

using SchemaId = std::uint32_t;  // index in JsonSchema::nodes

enum class SchemaDraft : std::uint8_t { draft4 = 4, draft6 = 6, draft7 = 7 };

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// A regular expression. RE2 is linear in the text, but what a byte costs differs a thousandfold:
// `work_per_byte` is the most it can cost, in the judge's unit.
struct Pattern {
  std::unique_ptr<const RE2> regex;
  std::int64_t work_per_byte = 1;
};

// Those of all schemas, by their text.
using PatternTable = TextMap<Pattern>;

// A bit for each name that `type` may give; an integer is a number too.
enum class SchemaType : std::uint8_t {
  null = 1,
  boolean = 2,
  integer = 4,
  number = 8,
  string = 16,
  array = 32,
  object = 64,
};
inline constexpr std::uint8_t all_schema_types = 127;

// `enum` or `const`.
struct ValueSet {
  std::vector<std::string> canonical;  // of JsonTree::append_canonical, sorted
  bool has_containers = false;
  std::string message;
};

struct NumberRules {
  std::optional<Decimal> minimum, maximum, exclusive_minimum, exclusive_maximum;
  std::optional<Divisor> multiple_of;
  // As the schema writes them, for messages, in that order.
  std::string minimum_text, maximum_text, exclusive_minimum_text, exclusive_maximum_text, multiple_of_text;
};

struct SizeRule {
  std::optional<std::uint64_t> least, most;
};

struct StringRules {
  SizeRule length;  // in code points
  const Pattern* pattern = nullptr;
  FormatCheck format = nullptr;
  std::string format_name;
};

struct ArrayRules {
  SizeRule size;
  std::vector<SchemaId> tuple;       // of the first elements
  std::optional<SchemaId> others;    // of the elements behind the tuple
  std::optional<SchemaId> contains;  // of at least one
  bool unique = false;
};

struct Dependency {
  std::string name;                // if this is there,
  std::vector<std::string> names;  // so must be these,
  std::optional<SchemaId> schema;  // and the object matches this
};

struct Property {
  std::optional<SchemaId> schema;
  bool required = false;
};

struct ObjectRules {
  SizeRule size;
  TextMap<Property> properties;
  std::vector<std::string> required;
  std::vector<std::pair<const Pattern*, SchemaId>> patterns;
  std::optional<SchemaId> others;  // of the members that neither names nor patterns took
  std::optional<SchemaId> names;   // of every name, as a string
  std::vector<Dependency> dependencies;
};

struct SchemaNode {
  bool never = false;  // the schema `false`, which nothing matches
  std::uint8_t types = all_schema_types;
  std::vector<ValueSet> values;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<StringRules> string;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::vector<SchemaId> all_of, any_of, one_of;
  std::optional<SchemaId> not_, if_, then_, else_;
};

// Schemas that are applied to one and the same value, one inside another ($ref, allOf, dependencies ...), are
// this many at most. So a judge's calls are at most this many times as deep as the payload, and end.
inline constexpr unsigned schema_chain_max = 32;

struct JsonSchema {
  SchemaDraft draft = SchemaDraft::draft7;
  std::vector<SchemaNode> nodes;  // the first is the root
};

}  // namespace relay
