#pragma once
// A JSON text (RFC 8259) laid out as a flat list of its values, in the order they are written: for code that
// looks at one value more than once. No value is converted: a number keeps its text.
//
// Stricter than RFC 8259 where a receiver could not tell what is meant (RFC 7493, I-JSON): a name may not be
// twice in an object, and no string may hold one half of a surrogate pair. Nor may an exponent be absurd
// (decimal_exponent_max).
//
// Lifetime: views point into the text, which must outlive the tree, or into the tree.
// Threading: immutable once read.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_pointer.h"
#include "protocol/json_scanner.h"

namespace relay {

// The text as a whole may nest this deep.
inline constexpr unsigned json_tree_depth_max = 64;

struct JsonNode {
  JsonKind kind = JsonKind::null_;
  std::uint32_t size = 0;  // elements or members
  std::uint32_t next = 0;  // index of the first value behind this one and its parts
  std::string_view name;   // decoded, of a member of an object
  std::string_view text;   // decoded, of a string; of everything else as it is written
};

class JsonTree {
 public:
  // What is wrong comes with its JSON Pointer behind `root_path`, at most field_errors_max faults of it.
  [[nodiscard]] static std::expected<JsonTree, std::vector<FieldError>> read(std::string_view text,
                                                                             std::string_view root_path);

  [[nodiscard]] const JsonNode& root() const noexcept { return nodes_.front(); }

  // Calls f(const JsonNode& child, std::size_t position) in order, until it returns false.
  template <typename F>
  void each_child(const JsonNode& parent, F&& f) const;

  // The member of that name; null if there is none. Linear in the members.
  [[nodiscard]] const JsonNode* find(const JsonNode& object, std::string_view name) const;

  // JSON Pointer of a value of this tree, behind `root_path`; long names are cut. Linear in the tree.
  [[nodiscard]] std::string pointer_of(const JsonNode& node, std::string_view root_path) const;

  // Appends a text that is the same for two values exactly if they are equal as JSON Schema has it: numbers
  // by value, objects whatever their order. Linear but for sorting.
  void append_canonical(std::string& out, const JsonNode& node) const;

 private:
  friend class JsonTreeBuilder;

  std::vector<JsonNode> nodes_;
  std::forward_list<std::string> decoded_;  // strings that had escapes
};

template <typename F>
void JsonTree::each_child(const JsonNode& parent, F&& f) const {
  const JsonNode* child = &parent + 1;
  for (std::uint32_t i = 0; i < parent.size; ++i) {
    if (!f(*child, std::size_t{i})) return;
    if (i + 1 < parent.size) child = nodes_.data() + child->next;
  }
}

}  // namespace relay
