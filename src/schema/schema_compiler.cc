#include "schema/schema_compiler.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "schema/json_tree.h"
#include "schema/schema_assertions.h"
#include "schema/schema_patterns.h"
#include "schema/schema_references.h"

namespace relay {
namespace {

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 100;
  const bool fits = text.size() <= shown_bytes_max;
  std::string shown = replace_invalid_utf8(text.substr(0, shown_bytes_max));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return fmt::format("\"{}{}\"", shown, fits ? "" : "...");
}

// The draft that `$schema` names.
std::optional<SchemaDraft> draft_of(std::string_view uri) noexcept {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  if (uri == "json-schema.org/draft-04/schema") return SchemaDraft::draft4;
  if (uri == "json-schema.org/draft-06/schema") return SchemaDraft::draft6;
  if (uri == "json-schema.org/draft-07/schema") return SchemaDraft::draft7;
  return std::nullopt;
}

// Keywords that describe and do not check.
bool is_annotation(std::string_view keyword) noexcept {
  constexpr std::array<std::string_view, 9> annotations = {
      "title",    "description", "default",          "examples",       "$comment",
      "readOnly", "writeOnly",   "contentMediaType", "contentEncoding"};
  return std::ranges::find(annotations, keyword) != annotations.end();
}

// The word of these drafts for one that later drafts renamed; empty if it is none.
std::string_view older_word(std::string_view keyword) noexcept {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> words = {{
      {"$defs", "definitions"},
      {"$anchor", "\"$id\": \"#name\""},
      {"dependentRequired", "dependencies"},
      {"dependentSchemas", "dependencies"},
      {"prefixItems", "items"},
  }};
  const auto* const found =
      std::ranges::find(words, keyword, &std::pair<std::string_view, std::string_view>::first);
  return found == words.end() ? std::string_view() : found->second;
}

class Compiler {
 public:
  Compiler(const JsonTree& tree, PatternTable& patterns) : tree_(tree), patterns_(patterns) {}

  std::expected<JsonSchema, std::vector<std::string>> run() {
    read_draft();
    if (problems_.empty()) compile(tree_.root());
    // References are only worth a look when every schema was read.
    if (problems_.empty()) add_problems(resolve_references(tree_, references_, schema_));
    if (problems_.empty()) add_problems(find_endless_chain(references_, schema_));
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(schema_);
  }

 private:
  using Slot = std::optional<SchemaId>;
  struct Place {
    SchemaId id;
    const JsonNode& schema;
  };
  using Reader = void (Compiler::*)(const Place&, const JsonNode& value);
  struct Applicator {
    std::string_view keyword;
    Reader read;
    SchemaDraft since = SchemaDraft::draft4;
    SchemaDraft until = SchemaDraft::draft7;
  };

  void read_draft();
  Slot compile(const JsonNode& schema);
  void read_keywords(const Place& place);
  void read_keyword(const Place& place, const JsonNode& value);
  static Reader applicator(std::string_view keyword, SchemaDraft draft) noexcept;

  void read_id(const Place& place, const JsonNode& value);
  void read_reference(const Place& place, const JsonNode& value);
  void read_definitions(const Place& place, const JsonNode& value);
  void read_items(const Place& place, const JsonNode& value);
  void read_additional_items(const Place& place, const JsonNode& value);
  void read_contains(const Place& place, const JsonNode& value);
  void read_properties(const Place& place, const JsonNode& value);
  void read_pattern_properties(const Place& place, const JsonNode& value);
  void read_additional_properties(const Place& place, const JsonNode& value);
  void read_property_names(const Place& place, const JsonNode& value);
  void read_dependencies(const Place& place, const JsonNode& value);
  template <std::vector<SchemaId> SchemaNode::*list>
  void read_list(const Place& place, const JsonNode& value);
  template <Slot SchemaNode::*slot>
  void read_one(const Place& place, const JsonNode& value);
  template <Slot SchemaNode::*slot>
  void read_branch(const Place& place, const JsonNode& value);

  std::vector<SchemaId> compile_each(const JsonNode& array);
  // Calls take(member, id) for each member of an object of schemas.
  template <typename F>
  void compile_members(const Place& place, const JsonNode& value, F&& take);
  // Draft 4 knows the schemas true and false in these two places only.
  Slot compile_additional(const JsonNode& value);

  ArrayRules& array_rules(const Place& place) {
    auto& rules = schema_.nodes[place.id].array;
    if (!rules) rules = std::make_unique<ArrayRules>();
    return *rules;
  }
  ObjectRules& object_rules(const Place& place) {
    auto& rules = schema_.nodes[place.id].object;
    if (!rules) rules = std::make_unique<ObjectRules>();
    return *rules;
  }

  void add_problem(const JsonNode& schema, std::string_view problem);
  void add_problem(const Place& place, const JsonNode& keyword, std::string_view rule) {
    add_problem(place.schema, fmt::format("keyword {} {}", quoted(keyword.name), rule));
  }
  void add_problems(const std::vector<SchemaFault>& faults) {
    for (const SchemaFault& fault : faults) add_problem(*fault.schema, fault.message);
  }

  const JsonTree& tree_;
  PatternTable& patterns_;
  JsonSchema schema_;
  References references_;
  std::vector<std::string> problems_;
};

void Compiler::add_problem(const JsonNode& schema, std::string_view problem) {
  if (problems_.size() >= schema_problems_max) return;
  const std::string pointer = tree_.pointer_of(schema, "");
  problems_.push_back(pointer.empty() ? std::string(problem) : fmt::format("{}: {}", pointer, problem));
}

void Compiler::read_draft() {
  const JsonNode* uri = tree_.find(tree_.root(), "$schema");
  if (uri == nullptr) return;
  const auto draft = uri->kind == JsonKind::string ? draft_of(uri->text) : std::nullopt;
  if (draft) {
    schema_.draft = *draft;
  } else {
    add_problem(tree_.root(),
                fmt::format("\"$schema\" {} is not of draft-04, draft-06 or draft-07", quoted(uri->text)));
  }
}

Compiler::Slot Compiler::compile(const JsonNode& schema) {
  if (schema_.nodes.size() >= schema_nodes_max) {
    if (problems_.empty())
      add_problem(schema, fmt::format("is one of more than {} schemas", schema_nodes_max));
    return std::nullopt;
  }
  const auto id = static_cast<SchemaId>(schema_.nodes.size());
  schema_.nodes.emplace_back();
  references_.schemas.emplace(&schema, id);
  const bool is_boolean = schema.kind == JsonKind::true_ || schema.kind == JsonKind::false_;
  if (schema.kind == JsonKind::object) {
    read_keywords({id, schema});
  } else if (is_boolean && schema_.draft != SchemaDraft::draft4) {
    schema_.nodes[id].never = schema.kind == JsonKind::false_;
  } else {
    add_problem(schema, schema_.draft == SchemaDraft::draft4 ? "a schema of draft 4 must be an object"
                                                             : "a schema must be an object or a boolean");
  }
  return id;
}

void Compiler::read_keywords(const Place& place) {
  const bool refers = tree_.find(place.schema, "$ref") != nullptr;
  tree_.each_child(place.schema, [&](const JsonNode& value, std::size_t) {
    const std::string_view keyword = value.name;
    const bool goes_with_reference = keyword == "$ref" || keyword == "definitions" || keyword == "$id" ||
                                     keyword == "id" || keyword == "$schema" || is_annotation(keyword);
    if (refers && !goes_with_reference) {
      add_problem(place, value, "stands beside $ref, where it checks nothing: put both into allOf");
    } else {
      read_keyword(place, value);
    }
    return true;
  });
}

void Compiler::read_keyword(const Place& place, const JsonNode& value) {
  const std::string_view keyword = value.name;
  if (is_annotation(keyword)) return;
  if (keyword == "$schema") {
    if (&place.schema != &tree_.root()) add_problem(place, value, "belongs to the root of the file");
    return;
  }
  if (const AssertionReader read = assertion_reader(keyword, schema_.draft); read != nullptr) {
    const AssertionContext context{tree_, place.schema, schema_.draft, patterns_};
    const std::string problem = read(context, value, schema_.nodes[place.id]);
    if (!problem.empty()) add_problem(place, value, problem);
    return;
  }
  if (const Reader read = applicator(keyword, schema_.draft); read != nullptr) {
    return (this->*read)(place, value);
  }
  const std::string_view older = older_word(keyword);
  const bool in_draft7 = assertion_reader(keyword, SchemaDraft::draft7) != nullptr ||
                         applicator(keyword, SchemaDraft::draft7) != nullptr;
  if (!older.empty()) {
    add_problem(place, value, fmt::format("is of a later draft: drafts 4 to 7 have {}", older));
  } else if (in_draft7) {
    add_problem(place, value, fmt::format("is unknown to draft {}", std::to_underlying(schema_.draft)));
  } else {
    add_problem(place, value, "is unknown");
  }
}

Compiler::Reader Compiler::applicator(std::string_view keyword, SchemaDraft draft) noexcept {
  using enum SchemaDraft;
  static constexpr std::array applicators = {
      Applicator{"id", &Compiler::read_id, draft4, draft4},
      Applicator{"$id", &Compiler::read_id, draft6},
      Applicator{"$ref", &Compiler::read_reference},
      Applicator{"definitions", &Compiler::read_definitions},
      Applicator{"items", &Compiler::read_items},
      Applicator{"additionalItems", &Compiler::read_additional_items},
      Applicator{"contains", &Compiler::read_contains, draft6},
      Applicator{"properties", &Compiler::read_properties},
      Applicator{"patternProperties", &Compiler::read_pattern_properties},
      Applicator{"additionalProperties", &Compiler::read_additional_properties},
      Applicator{"propertyNames", &Compiler::read_property_names, draft6},
      Applicator{"dependencies", &Compiler::read_dependencies},
      Applicator{"allOf", &Compiler::read_list<&SchemaNode::all_of>},
      Applicator{"anyOf", &Compiler::read_list<&SchemaNode::any_of>},
      Applicator{"oneOf", &Compiler::read_list<&SchemaNode::one_of>},
      Applicator{"not", &Compiler::read_one<&SchemaNode::not_>},
      Applicator{"if", &Compiler::read_one<&SchemaNode::if_>, draft7},
      Applicator{"then", &Compiler::read_branch<&SchemaNode::then_>, draft7},
      Applicator{"else", &Compiler::read_branch<&SchemaNode::else_>, draft7},
  };
  const auto* const found = std::ranges::find(applicators, keyword, &Applicator::keyword);
  if (found == applicators.end() || draft < found->since || draft > found->until) return nullptr;
  return found->read;
}

void Compiler::read_id(const Place& place, const JsonNode& value) {
  if (value.kind != JsonKind::string) return add_problem(place, value, "must be a string");
  if (value.text.starts_with('#') && value.text.size() > 1) {
    const bool is_new = references_.anchors.emplace(value.text.substr(1), place.id).second;
    if (!is_new) add_problem(place, value, "names what another one names");
  } else if (&place.schema != &tree_.root()) {
    add_problem(place, value, "would change what references mean: below the root it may only be #name");
  }
}

void Compiler::read_reference(const Place& place, const JsonNode& value) {
  if (value.kind != JsonKind::string) return add_problem(place, value, "must be a string");
  references_.all.push_back({place.id, &place.schema, std::string(value.text)});
}

template <typename F>
void Compiler::compile_members(const Place& place, const JsonNode& value, F&& take) {
  if (value.kind != JsonKind::object) return add_problem(place, value, "must be an object of schemas");
  tree_.each_child(value, [&](const JsonNode& member, std::size_t) {
    if (const Slot id = compile(member)) take(member, *id);
    return true;
  });
}

void Compiler::read_definitions(const Place& place, const JsonNode& value) {
  compile_members(place, value, [](const JsonNode&, SchemaId) {});
}

std::vector<SchemaId> Compiler::compile_each(const JsonNode& array) {
  std::vector<SchemaId> ids;
  tree_.each_child(array, [&](const JsonNode& element, std::size_t) {
    if (const Slot id = compile(element)) ids.push_back(*id);
    return true;
  });
  return ids;
}

void Compiler::read_items(const Place& place, const JsonNode& value) {
  if (value.kind == JsonKind::array) {
    auto ids = compile_each(value);
    array_rules(place).tuple = std::move(ids);
  } else {
    const Slot id = compile(value);
    array_rules(place).others = id;
  }
}

Compiler::Slot Compiler::compile_additional(const JsonNode& value) {
  const bool is_boolean = value.kind == JsonKind::true_ || value.kind == JsonKind::false_;
  if (!is_boolean) return compile(value);
  const SchemaDraft draft = std::exchange(schema_.draft, SchemaDraft::draft7);
  const Slot id = compile(value);
  schema_.draft = draft;
  return id;
}

void Compiler::read_additional_items(const Place& place, const JsonNode& value) {
  const Slot id = compile_additional(value);
  // Without a tuple there are no others than its elements, and `items` speaks of all.
  const JsonNode* items = tree_.find(place.schema, "items");
  if (items != nullptr && items->kind == JsonKind::array) array_rules(place).others = id;
}

void Compiler::read_contains(const Place& place, const JsonNode& value) {
  const Slot id = compile(value);
  array_rules(place).contains = id;
}

void Compiler::read_properties(const Place& place, const JsonNode& value) {
  compile_members(place, value, [&](const JsonNode& member, SchemaId id) {
    object_rules(place).properties[std::string(member.name)].schema = id;
  });
}

void Compiler::read_pattern_properties(const Place& place, const JsonNode& value) {
  compile_members(place, value, [&](const JsonNode& member, SchemaId id) {
    const auto pattern = add_pattern(patterns_, member.name);
    if (pattern) {
      object_rules(place).patterns.emplace_back(*pattern, id);
    } else {
      add_problem(place, value,
                  fmt::format("has a pattern, {}, that {}", quoted(member.name), pattern.error()));
    }
  });
}

void Compiler::read_additional_properties(const Place& place, const JsonNode& value) {
  const Slot id = compile_additional(value);
  object_rules(place).others = id;
}

void Compiler::read_property_names(const Place& place, const JsonNode& value) {
  const Slot id = compile(value);
  object_rules(place).names = id;
}

void Compiler::read_dependencies(const Place& place, const JsonNode& value) {
  if (value.kind != JsonKind::object) return add_problem(place, value, "must be an object");
  tree_.each_child(value, [&](const JsonNode& member, std::size_t) {
    Dependency dependency{.name = std::string(member.name), .names = {}, .schema = {}};
    if (member.kind != JsonKind::array) {
      dependency.schema = compile(member);
    } else if (!read_names(tree_, member, dependency.names)) {
      add_problem(place, value, "must hold schemas or arrays of names, each once");
    }
    object_rules(place).dependencies.push_back(std::move(dependency));
    return true;
  });
}

template <std::vector<SchemaId> SchemaNode::*list>
void Compiler::read_list(const Place& place, const JsonNode& value) {
  if (value.kind != JsonKind::array || value.size == 0) {
    return add_problem(place, value, "must be an array of at least one schema");
  }
  auto ids = compile_each(value);
  schema_.nodes[place.id].*list = std::move(ids);
}

template <Compiler::Slot SchemaNode::*slot>
void Compiler::read_one(const Place& place, const JsonNode& value) {
  const Slot id = compile(value);
  schema_.nodes[place.id].*slot = id;
}

template <Compiler::Slot SchemaNode::*slot>
void Compiler::read_branch(const Place& place, const JsonNode& value) {
  if (tree_.find(place.schema, "if") == nullptr)
    return add_problem(place, value, "checks nothing without \"if\"");
  read_one<slot>(place, value);
}

}  // namespace

std::expected<JsonSchema, std::vector<std::string>> compile_schema(std::string_view text,
                                                                   PatternTable& patterns) {
  if (!is_valid_utf8(text)) return std::unexpected(std::vector<std::string>{"is not valid UTF-8"});
  const auto tree = JsonTree::read(text, "");
  if (tree) return Compiler(*tree, patterns).run();
  std::vector<std::string> problems;
  for (const auto& [path, message] : tree.error()) {
    problems.push_back(path.empty() ? message : fmt::format("{} {}", path, message));
    if (problems.size() == schema_problems_max) break;
  }
  return std::unexpected(std::move(problems));
}

}  // namespace relay
