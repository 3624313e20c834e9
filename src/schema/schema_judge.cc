#include "schema/schema_judge.h"

#include <algorithm>
#include <array>
#include <compare>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "schema/text_order.h"

namespace relay {
namespace {

constexpr std::int64_t work_per_payload_byte = 8;
constexpr std::size_t shown_bytes_max = 200;

constexpr std::uint8_t bit_of(SchemaType type) noexcept {
  return static_cast<std::uint8_t>(type);
}

// "must have at least 3 characters", or nothing.
std::string size_problem(const SizeRule& rule, std::uint64_t size, std::string_view noun) {
  if (rule.least && size < *rule.least) return fmt::format("must have at least {} {}", *rule.least, noun);
  if (rule.most && size > *rule.most) return fmt::format("must have at most {} {}", *rule.most, noun);
  return {};
}

std::uint64_t count_code_points(std::string_view valid_utf8) noexcept {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      valid_utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string type_problem(std::uint8_t types) {
  constexpr std::array names = {"null",     "a boolean", "an integer", "a number",
                                "a string", "an array",  "an object"};
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((static_cast<unsigned>(types) >> i & 1U) == 0) continue;
    if (!list.empty()) list += " or ";
    list += names[i];
  }
  return "must be " + list;
}

// The names of an object, for lookups.
class MemberNames {
 public:
  MemberNames(const JsonTree& tree, const JsonNode& object) {
    names_.reserve(object.size);
    tree.each_child(object, [&](const JsonNode& member, std::size_t) {
      names_.emplace_back(member.name);
      return true;
    });
    std::ranges::sort(names_);
  }
  [[nodiscard]] bool contains(std::string_view name) const {
    return std::ranges::binary_search(names_, OrderedText(name));
  }

 private:
  std::vector<OrderedText> names_;
};

// Each judge_...() returns whether the value is fine. While no faults are wanted (`quiet_`), the first ends
// it.
class Judge {
 public:
  Judge(const JsonSchema& schema, const JsonTree& tree, std::string_view root_path)
      : schema_(schema),
        tree_(tree),
        root_path_(root_path),
        work_left_(std::max(judge_work_max,
                            work_per_payload_byte * static_cast<std::int64_t>(tree.root().text.size()))) {}

  std::vector<FieldError> run() {
    judge(0, tree_.root());
    if (work_left_ < 0 && errors_.size() < field_errors_max) {
      errors_.push_back({std::string(root_path_), "takes too much work to be judged by its schema"});
    }
    return std::move(errors_);
  }

 private:
  bool judge(SchemaId id, const JsonNode& value);
  bool judge_type(const SchemaNode& schema, const JsonNode& value);
  bool judge_values(const SchemaNode& schema, const JsonNode& value);
  bool judge_kind(const SchemaNode& schema, const JsonNode& value);
  bool judge_number(const NumberRules& rules, const JsonNode& value);
  bool judge_string(const StringRules& rules, const JsonNode& value);
  bool judge_array(const ArrayRules& rules, const JsonNode& value);
  bool judge_unique(const JsonNode& array);
  bool judge_contains(SchemaId schema, const JsonNode& array);
  bool judge_object(const ObjectRules& rules, const JsonNode& value);
  bool judge_members(const ObjectRules& rules, const JsonNode& object);
  bool judge_member(const ObjectRules& rules, const JsonNode& member, std::size_t& required_seen);
  bool judge_required(const ObjectRules& rules, const JsonNode& object);
  bool judge_dependencies(const ObjectRules& rules, const JsonNode& object);
  bool judge_combinations(const SchemaNode& schema, const JsonNode& value);
  bool judge_one_of(const SchemaNode& schema, const JsonNode& value);
  bool judge_condition(const SchemaNode& schema, const JsonNode& value);

  // Whether the value matches, with no fault reported.
  bool matches(SchemaId id, const JsonNode& value) {
    const bool was_quiet = std::exchange(quiet_, true);
    const bool good = judge(id, value);
    quiet_ = was_quiet;
    return good;
  }
  bool matches(const Pattern& pattern, std::string_view text);

  // False when there is no work left. Then nothing is judged or reported any more.
  bool spend(std::int64_t work) noexcept {
    if (work_left_ >= 0) work_left_ -= work;
    return work_left_ >= 0;
  }
  bool spend_size(std::size_t size) noexcept { return spend(static_cast<std::int64_t>(size)); }

  // Whether to go on after `good`.
  [[nodiscard]] bool stops(bool good) const noexcept {
    return work_left_ < 0 || (!good && (quiet_ || errors_.size() >= field_errors_max));
  }

  // Always false. `describe` makes the message only if somebody wants it.
  template <typename F>
  bool fail_with(const JsonNode& value, F&& describe, std::optional<std::string_view> member = {}) {
    if (quiet_ || errors_.size() >= field_errors_max) return false;
    // To find a value's pointer is to pass the values before it.
    if (!spend(10 + (&value - &tree_.root()) / 8)) return false;
    FieldError error{tree_.pointer_of(value, root_path_), std::string(describe())};
    if (member) error.path += pointer_to(*member);
    // Two branches of allOf often want the same.
    if (std::ranges::find(errors_, error) == errors_.end()) errors_.push_back(std::move(error));
    return false;
  }
  bool fail(const JsonNode& value, std::string_view message) {
    return fail_with(value, [&] { return message; });
  }

  const JsonSchema& schema_;
  const JsonTree& tree_;
  const std::string_view root_path_;
  std::int64_t work_left_;
  bool quiet_ = false;
  std::vector<FieldError> errors_;
};

bool Judge::judge(SchemaId id, const JsonNode& value) {
  if (!spend(2)) return false;
  const SchemaNode& schema = schema_.nodes[id];
  if (schema.never) return fail(value, "is not allowed");
  if (!judge_type(schema, value)) return false;
  bool good = schema.values.empty() || judge_values(schema, value);
  if (stops(good)) return false;
  good &= judge_kind(schema, value);
  if (stops(good)) return false;
  good &= judge_combinations(schema, value);
  return good && work_left_ >= 0;
}

bool Judge::judge_type(const SchemaNode& schema, const JsonNode& value) {
  if (schema.types == all_schema_types) return true;
  const auto allows = [&](SchemaType type) { return (schema.types & bit_of(type)) != 0; };
  bool good = false;
  switch (value.kind) {
    case JsonKind::object:
      good = allows(SchemaType::object);
      break;
    case JsonKind::array:
      good = allows(SchemaType::array);
      break;
    case JsonKind::string:
      good = allows(SchemaType::string);
      break;
    case JsonKind::true_:
    case JsonKind::false_:
      good = allows(SchemaType::boolean);
      break;
    case JsonKind::null_:
      good = allows(SchemaType::null);
      break;
    case JsonKind::number:
      good = allows(SchemaType::number);
      if (good || !allows(SchemaType::integer) || !spend_size(value.text.size())) break;
      // In draft 4 an integer is a matter of spelling, since draft 6 of value: 1.0.
      good =
          value.text.find_first_of(".eE") == std::string_view::npos ||
          (schema_.draft != SchemaDraft::draft4 && is_integer(parse_decimal(value.text).value_or(Decimal{})));
      break;
  }
  return good || fail_with(value, [&] { return type_problem(schema.types); });
}

bool Judge::judge_values(const SchemaNode& schema, const JsonNode& value) {
  const bool is_container = value.kind == JsonKind::object || value.kind == JsonKind::array;
  bool good = true;
  for (const ValueSet& set : schema.values) {
    bool found = false;
    if (!is_container || set.has_containers) {
      if (!spend_size(value.text.size())) return false;
      std::string canonical;
      tree_.append_canonical(canonical, value);
      found = std::ranges::binary_search(set.canonical, canonical);
    }
    if (!found) good = fail(value, set.message);
  }
  return good;
}

bool Judge::judge_kind(const SchemaNode& schema, const JsonNode& value) {
  switch (value.kind) {
    case JsonKind::number:
      return !schema.number || judge_number(*schema.number, value);
    case JsonKind::string:
      return !schema.string || judge_string(*schema.string, value);
    case JsonKind::array:
      return !schema.array || judge_array(*schema.array, value);
    case JsonKind::object:
      return !schema.object || judge_object(*schema.object, value);
    default:
      return true;
  }
}

bool Judge::judge_number(const NumberRules& rules, const JsonNode& value) {
  if (!spend_size(8 + value.text.size())) return false;
  const Decimal number = parse_decimal(value.text).value_or(Decimal{});
  bool good = true;
  const auto require = [&](bool fine, std::string_view words, std::string_view limit) {
    if (!fine) good = fail_with(value, [&] { return fmt::format("must be {} {}", words, limit); });
  };
  if (rules.minimum) require(std::is_gteq(compare(number, *rules.minimum)), "at least", rules.minimum_text);
  if (rules.maximum) require(std::is_lteq(compare(number, *rules.maximum)), "at most", rules.maximum_text);
  if (rules.exclusive_minimum) {
    require(std::is_gt(compare(number, *rules.exclusive_minimum)), "more than", rules.exclusive_minimum_text);
  }
  if (rules.exclusive_maximum) {
    require(std::is_lt(compare(number, *rules.exclusive_maximum)), "less than", rules.exclusive_maximum_text);
  }
  if (rules.multiple_of) require(rules.multiple_of->divides(number), "a multiple of", rules.multiple_of_text);
  return good;
}

bool Judge::matches(const Pattern& pattern, std::string_view text) {
  if (!spend(pattern.work_per_byte * static_cast<std::int64_t>(text.size() + 1) + 10)) return false;
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern.regex);
}

bool Judge::judge_string(const StringRules& rules, const JsonNode& value) {
  if (!spend_size(1 + value.text.size() / 8)) return false;
  if (rules.length.least || rules.length.most) {
    const std::uint64_t length = count_code_points(value.text);
    // A string that is too long is not worth the work that its pattern might take.
    if (auto problem = size_problem(rules.length, length, "characters"); !problem.empty()) {
      return fail(value, problem);
    }
  }
  bool good = true;
  if (rules.format != nullptr) {
    if (!spend_size(20 + value.text.size())) return false;
    if (!rules.format(value.text)) {
      good = fail_with(value, [&] { return "must have the format " + rules.format_name; });
    }
    if (stops(good)) return false;
  }
  if (rules.pattern == nullptr || matches(*rules.pattern, value.text)) return good;
  return fail_with(value, [&] {
    const std::string& text = rules.pattern->regex->pattern();
    return text.size() <= shown_bytes_max ? "must match the pattern " + text : "must match its pattern";
  });
}

bool Judge::judge_array(const ArrayRules& rules, const JsonNode& value) {
  bool good = true;
  if (auto problem = size_problem(rules.size, value.size, "elements"); !problem.empty()) {
    good = fail(value, problem);
    if (stops(good)) return false;
  }
  if (rules.unique) good &= judge_unique(value);
  if (stops(good)) return false;
  if (rules.contains) good &= judge_contains(*rules.contains, value);
  if (stops(good) || (rules.tuple.empty() && !rules.others)) return good;
  tree_.each_child(value, [&](const JsonNode& element, std::size_t position) {
    if (position < rules.tuple.size()) {
      good &= judge(rules.tuple[position], element);
    } else if (!rules.others) {
      return false;
    } else {
      good &= judge(*rules.others, element);
    }
    return !stops(good);
  });
  return good;
}

// Equal elements are neighbours once they are sorted in their canonical spelling.
bool Judge::judge_unique(const JsonNode& array) {
  if (array.size < 2) return true;
  if (!spend_size(std::size_t{10} * array.size + array.text.size())) return false;
  std::string all;
  std::vector<std::size_t> ends;
  ends.reserve(array.size);
  tree_.each_child(array, [&](const JsonNode& element, std::size_t) {
    tree_.append_canonical(all, element);
    ends.push_back(all.size());
    return true;
  });
  std::vector<OrderedText> elements;
  elements.reserve(array.size);
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    elements.emplace_back(std::string_view(all).substr(begin, end - begin));
    begin = end;
  }
  std::ranges::sort(elements);
  return std::ranges::adjacent_find(elements) == elements.end() ||
         fail(array, "must not have equal elements");
}

bool Judge::judge_contains(SchemaId schema, const JsonNode& array) {
  bool found = false;
  tree_.each_child(array, [&](const JsonNode& element, std::size_t) {
    found = matches(schema, element);
    return !found && work_left_ >= 0;
  });
  return found || fail(array, "must have an element that matches the schema of contains");
}

bool Judge::judge_object(const ObjectRules& rules, const JsonNode& value) {
  bool good = true;
  if (auto problem = size_problem(rules.size, value.size, "properties"); !problem.empty()) {
    good = fail(value, problem);
    if (stops(good)) return false;
  }
  good &= judge_members(rules, value);
  if (stops(good) || rules.dependencies.empty()) return good;
  good &= judge_dependencies(rules, value);
  return good;
}

bool Judge::judge_members(const ObjectRules& rules, const JsonNode& object) {
  bool good = true;
  std::size_t required_seen = 0;
  tree_.each_child(object, [&](const JsonNode& member, std::size_t) {
    good &= judge_member(rules, member, required_seen);
    return !stops(good);
  });
  if (stops(good)) return false;
  // No name is twice in an object, so that counting is enough.
  if (required_seen == rules.required.size()) return good;
  judge_required(rules, object);
  return false;
}

bool Judge::judge_member(const ObjectRules& rules, const JsonNode& member, std::size_t& required_seen) {
  if (!spend_size(2 + member.name.size() / 8)) return false;
  bool good = true;
  bool taken = false;
  if (const auto found = rules.properties.find(member.name); found != rules.properties.end()) {
    if (found->second.required) ++required_seen;
    taken = found->second.schema.has_value();
    if (taken) good &= judge(*found->second.schema, member);
  }
  for (const auto& [pattern, schema] : rules.patterns) {
    if (stops(good)) return false;
    if (!matches(*pattern, member.name)) continue;
    taken = true;
    good &= judge(schema, member);
  }
  if (stops(good)) return false;
  if (!taken && rules.others) good &= judge(*rules.others, member);
  if (stops(good) || !rules.names) return good;
  const JsonNode name{.kind = JsonKind::string, .size = 0, .next = 0, .name = {}, .text = member.name};
  if (!matches(*rules.names, name)) good = fail(member, "has a name that does not match propertyNames");
  return good;
}

bool Judge::judge_required(const ObjectRules& rules, const JsonNode& object) {
  if (quiet_ || !spend_size(std::size_t{10} * object.size + object.text.size() / 4)) return false;
  const MemberNames names(tree_, object);
  for (const std::string& name : rules.required) {
    if (!spend(10) || errors_.size() >= field_errors_max) break;
    if (!names.contains(name))
      fail_with(
          object, [] { return "is required"; }, name);
  }
  return false;
}

bool Judge::judge_dependencies(const ObjectRules& rules, const JsonNode& object) {
  if (!spend_size(std::size_t{10} * object.size + object.text.size() / 4)) return false;
  const MemberNames names(tree_, object);
  bool good = true;
  for (const Dependency& dependency : rules.dependencies) {
    if (!spend(10) || stops(good)) return false;
    if (!names.contains(dependency.name)) continue;
    for (const std::string& name : dependency.names) {
      if (!spend(10) || stops(good)) return false;
      if (names.contains(name)) continue;
      good = fail_with(
          object, [&] { return fmt::format("is required beside {}", dependency.name); }, name);
    }
    if (dependency.schema) good &= judge(*dependency.schema, object);
  }
  return good;
}

bool Judge::judge_combinations(const SchemaNode& schema, const JsonNode& value) {
  bool good = true;
  for (const SchemaId id : schema.all_of) {
    good &= judge(id, value);
    if (stops(good)) return false;
  }
  const auto match = [&](SchemaId id) { return matches(id, value); };
  if (!schema.any_of.empty() && std::ranges::none_of(schema.any_of, match)) {
    good = fail(value, "must match at least one of the schemas of anyOf");
  }
  if (stops(good)) return false;
  if (!schema.one_of.empty()) good &= judge_one_of(schema, value);
  if (stops(good)) return false;
  if (schema.not_ && match(*schema.not_)) good = fail(value, "must not match the schema of not");
  if (stops(good)) return false;
  if (schema.if_) good &= judge_condition(schema, value);
  return good;
}

bool Judge::judge_one_of(const SchemaNode& schema, const JsonNode& value) {
  int matched = 0;
  for (const SchemaId id : schema.one_of) {
    if (matches(id, value) && ++matched > 1) break;
  }
  if (matched == 1) return true;
  return fail(value, matched == 0 ? "must match one of the schemas of oneOf, but matches none"
                                  : "must match one of the schemas of oneOf, but matches more");
}

bool Judge::judge_condition(const SchemaNode& schema, const JsonNode& value) {
  const auto& branch = matches(*schema.if_, value) ? schema.then_ : schema.else_;
  return !branch || judge(*branch, value);
}

}  // namespace

std::vector<FieldError> judge(const JsonSchema& schema, const JsonTree& payload, std::string_view root_path) {
  return Judge(schema, payload, root_path).run();
}

}  // namespace relay
