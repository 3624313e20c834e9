#include "schema/schema_assertions.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "protocol/json_writer.h"
#include "schema/schema_patterns.h"

namespace relay {
namespace {

constexpr std::size_t shown_bytes_max = 200;
constexpr std::string_view must_be_string = "must be a string";

template <typename Rules>
Rules& made(std::unique_ptr<Rules>& rules) {
  if (!rules) rules = std::make_unique<Rules>();
  return *rules;
}

std::optional<SchemaType> type_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> names = {"null",   "boolean", "integer", "number",
                                                     "string", "array",   "object"};
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<SchemaType>(1U << static_cast<unsigned>(found - names.begin()));
}

std::string read_type(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  std::vector<std::string> names;
  if (value.kind == JsonKind::string) {
    names.emplace_back(value.text);
  } else if (!read_names(context.tree, value, names) || names.empty()) {
    return "must be a type or an array of types, each once";
  }
  out.types = 0;
  for (const std::string& name : names) {
    const auto type = type_of(name);
    if (!type)
      return "must be one of null, boolean, integer, number, string, array, object, or an array of them";
    out.types |= std::to_underlying(*type);
  }
  return {};
}

// As a message shows it.
std::string shown(const JsonNode& value) {
  if (value.kind != JsonKind::string) return std::string(value.text);
  std::string text;
  append_json_string(text, value.text);
  return text;
}

ValueSet make_value_set(const JsonTree& tree, const std::vector<const JsonNode*>& values) {
  ValueSet set;
  std::string list;
  for (const JsonNode* value : values) {
    tree.append_canonical(set.canonical.emplace_back(), *value);
    set.has_containers |= value->kind == JsonKind::array || value->kind == JsonKind::object;
    if (list.size() <= shown_bytes_max) list += (list.empty() ? "" : ", ") + shown(*value);
  }
  std::ranges::sort(set.canonical);
  const bool fits = list.size() <= shown_bytes_max;
  if (values.size() == 1) {
    set.message = fits ? "must be " + list : "must be the one value that is allowed";
  } else {
    set.message = fits ? "must be one of " + list
                       : fmt::format("must be one of the {} values that are allowed", values.size());
  }
  return set;
}

std::string read_enum(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  if (value.kind != JsonKind::array || value.size == 0) return "must be an array of at least one value";
  std::vector<const JsonNode*> values;
  context.tree.each_child(value, [&](const JsonNode& element, std::size_t) {
    values.push_back(&element);
    return true;
  });
  out.values.push_back(make_value_set(context.tree, values));
  return {};
}

std::string read_const(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  out.values.push_back(make_value_set(context.tree, {&value}));
  return {};
}

struct Bound {
  std::optional<Decimal> NumberRules::*limit;
  std::string NumberRules::*text;
};
constexpr Bound minimum{&NumberRules::minimum, &NumberRules::minimum_text};
constexpr Bound maximum{&NumberRules::maximum, &NumberRules::maximum_text};
constexpr Bound exclusive_minimum{&NumberRules::exclusive_minimum, &NumberRules::exclusive_minimum_text};
constexpr Bound exclusive_maximum{&NumberRules::exclusive_maximum, &NumberRules::exclusive_maximum_text};

std::string read_bound(const Bound& bound, const JsonNode& value, SchemaNode& out) {
  if (value.kind != JsonKind::number) return "must be a number";
  if (value.text.size() > shown_bytes_max) return "must be a number of fewer digits";
  NumberRules& rules = made(out.number);
  rules.*bound.limit = parse_decimal(value.text);
  rules.*bound.text = value.text;
  return {};
}

// Draft 4 has a number and a switch that makes it exclusive.
std::string read_inclusive(const AssertionContext& context, const JsonNode& value, SchemaNode& out,
                           std::string_view exclusive_keyword, const Bound& inclusive,
                           const Bound& exclusive) {
  const JsonNode* other = context.tree.find(context.schema, exclusive_keyword);
  const bool exclusively =
      context.draft == SchemaDraft::draft4 && other != nullptr && other->kind == JsonKind::true_;
  return read_bound(exclusively ? exclusive : inclusive, value, out);
}

std::string read_exclusive(const AssertionContext& context, const JsonNode& value, SchemaNode& out,
                           std::string_view inclusive_keyword, const Bound& exclusive) {
  if (context.draft != SchemaDraft::draft4) return read_bound(exclusive, value, out);
  if (value.kind != JsonKind::true_ && value.kind != JsonKind::false_) return "must be a boolean in draft 4";
  if (context.tree.find(context.schema, inclusive_keyword) != nullptr) return {};
  return fmt::format("checks nothing without \"{}\" in draft 4", inclusive_keyword);
}

std::string read_minimum(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  return read_inclusive(context, value, out, "exclusiveMinimum", minimum, exclusive_minimum);
}

std::string read_maximum(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  return read_inclusive(context, value, out, "exclusiveMaximum", maximum, exclusive_maximum);
}

std::string read_exclusive_minimum(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  return read_exclusive(context, value, out, "minimum", exclusive_minimum);
}

std::string read_exclusive_maximum(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  return read_exclusive(context, value, out, "maximum", exclusive_maximum);
}

std::string read_multiple_of(const AssertionContext&, const JsonNode& value, SchemaNode& out) {
  const auto number = value.kind == JsonKind::number ? parse_decimal(value.text) : std::nullopt;
  const auto divisor = number ? Divisor::of(*number) : std::nullopt;
  if (!divisor) return "must be a positive number of at most 9 significant digits";
  made(out.number).multiple_of = divisor;
  out.number->multiple_of_text =
      value.text.size() <= shown_bytes_max ? value.text : "the number in multipleOf";
  return {};
}

std::string read_size(const JsonNode& value, std::optional<std::uint64_t>& out) {
  const auto number = value.kind == JsonKind::number ? parse_decimal(value.text) : std::nullopt;
  out = number ? to_unsigned(*number) : std::nullopt;
  return out ? "" : "must be a non-negative integer of at most 18 digits";
}

template <auto SchemaNode::*rules, auto size, auto SizeRule::*end>
std::string read_size_into(const AssertionContext&, const JsonNode& value, SchemaNode& out) {
  return read_size(value, made(out.*rules).*size.*end);
}

std::string read_pattern(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  if (value.kind != JsonKind::string) return std::string(must_be_string);
  auto pattern = add_pattern(context.patterns, value.text);
  if (!pattern) return std::move(pattern.error());
  made(out.string).pattern = *pattern;
  return {};
}

std::string read_format(const AssertionContext&, const JsonNode& value, SchemaNode& out) {
  if (value.kind != JsonKind::string) return std::string(must_be_string);
  const FormatCheck check = format_check(value.text);
  if (check == nullptr) return "must be one of the formats that are checked: " + format_names();
  made(out.string).format = check;
  out.string->format_name = value.text;
  return {};
}

std::string read_unique(const AssertionContext&, const JsonNode& value, SchemaNode& out) {
  if (value.kind != JsonKind::true_ && value.kind != JsonKind::false_) return "must be a boolean";
  made(out.array).unique = value.kind == JsonKind::true_;
  return {};
}

std::string read_required(const AssertionContext& context, const JsonNode& value, SchemaNode& out) {
  ObjectRules& rules = made(out.object);
  if (!read_names(context.tree, value, rules.required)) return "must be an array of names, each once";
  for (const std::string& name : rules.required) rules.properties[name].required = true;
  return {};
}

struct Assertion {
  std::string_view keyword;
  AssertionReader read;
  SchemaDraft since = SchemaDraft::draft4;
};

constexpr std::array assertions = {
    Assertion{"type", read_type},
    Assertion{"enum", read_enum},
    Assertion{"const", read_const, SchemaDraft::draft6},
    Assertion{"minimum", read_minimum},
    Assertion{"maximum", read_maximum},
    Assertion{"exclusiveMinimum", read_exclusive_minimum},
    Assertion{"exclusiveMaximum", read_exclusive_maximum},
    Assertion{"multipleOf", read_multiple_of},
    Assertion{"minLength", read_size_into<&SchemaNode::string, &StringRules::length, &SizeRule::least>},
    Assertion{"maxLength", read_size_into<&SchemaNode::string, &StringRules::length, &SizeRule::most>},
    Assertion{"minItems", read_size_into<&SchemaNode::array, &ArrayRules::size, &SizeRule::least>},
    Assertion{"maxItems", read_size_into<&SchemaNode::array, &ArrayRules::size, &SizeRule::most>},
    Assertion{"minProperties", read_size_into<&SchemaNode::object, &ObjectRules::size, &SizeRule::least>},
    Assertion{"maxProperties", read_size_into<&SchemaNode::object, &ObjectRules::size, &SizeRule::most>},
    Assertion{"pattern", read_pattern},
    Assertion{"format", read_format},
    Assertion{"uniqueItems", read_unique},
    Assertion{"required", read_required},
};

}  // namespace

AssertionReader assertion_reader(std::string_view keyword, SchemaDraft draft) noexcept {
  const auto* const found = std::ranges::find(assertions, keyword, &Assertion::keyword);
  return found == assertions.end() || draft < found->since ? nullptr : found->read;
}

bool read_names(const JsonTree& tree, const JsonNode& value, std::vector<std::string>& out) {
  bool good = value.kind == JsonKind::array;
  if (!good) return false;
  tree.each_child(value, [&](const JsonNode& element, std::size_t) {
    good = element.kind == JsonKind::string;
    if (good) out.emplace_back(element.text);
    return good;
  });
  std::vector<std::string_view> sorted(out.begin(), out.end());
  std::ranges::sort(sorted);
  return good && std::ranges::adjacent_find(sorted) == sorted.end();
}

}  // namespace relay
