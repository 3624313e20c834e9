#include "schema/json_tree.h"

#include <algorithm>
#include <compare>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "schema/decimal.h"
#include "schema/text_order.h"

namespace relay {
namespace {

// With its length in front, so that it is no beginning of another.
void append_counted(std::string& out, std::string_view text) {
  const fmt::format_int size(text.size());
  out.append(size.data(), size.size());
  out += ':';
  out += text;
}

}  // namespace

// Reads a text that is known to be valid, so that nothing needs to be looked for but where things end.
class JsonTreeBuilder {
 public:
  explicit JsonTreeBuilder(std::string_view text) : text_(text) {}

  std::expected<JsonTree, std::vector<FieldError>> build(std::string_view root_path) {
    do {
      step();
    } while (!open_.empty());
    if (faults_.empty()) return std::move(tree_);
    std::vector<FieldError> errors;
    errors.reserve(faults_.size());
    for (const auto& [index, message] : faults_) {
      errors.push_back({tree_.pointer_of(tree_.nodes_[index], root_path), std::string(message)});
    }
    return std::unexpected(std::move(errors));
  }

 private:
  struct Fault {
    std::uint32_t index;
    std::string_view message;
  };
  struct Name {
    OrderedText text;
    std::uint32_t index;
  };

  // Passes the end of a container, or one value with the name before it.
  void step() {
    skip_to_token();
    const char c = text_[at_];
    if (c == '}' || c == ']') return close();
    const auto index = static_cast<std::uint32_t>(tree_.nodes_.size());
    JsonNode& node = tree_.nodes_.emplace_back();
    if (!open_.empty()) {
      JsonNode& parent = tree_.nodes_[open_.back()];
      ++parent.size;
      if (parent.kind == JsonKind::object) {
        node.name = take_string(index);
        skip_to_token();
      }
    }
    node.kind = json_kind(text_.substr(at_));
    if (node.kind == JsonKind::object || node.kind == JsonKind::array) {
      node.text = text_.substr(at_++);
      open_.push_back(index);
      return;
    }
    take_scalar(node, index);
    node.next = index + 1;
  }

  // Everything between tokens of valid JSON is white space, commas and colons.
  void skip_to_token() noexcept {
    while (std::string_view(" \t\n\r,:").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  void take_scalar(JsonNode& node, std::uint32_t index) {
    if (node.kind == JsonKind::string) {
      node.text = take_string(index);
      return;
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\n\r,]}", at_), text_.size());
    node.text = text_.substr(at_, end - at_);
    at_ = end;
    if (node.kind == JsonKind::number && !is_decimal_in_range(node.text)) {
      add_fault(index, "has an exponent that is out of range");
    }
  }

  std::string_view take_string(std::uint32_t index) {
    const std::size_t begin = at_++;
    bool has_escape = false;
    for (; text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') continue;
      has_escape = true;
      ++at_;
    }
    ++at_;
    const std::string_view raw = text_.substr(begin + 1, at_ - begin - 2);
    if (!has_escape) return raw;
    auto decoded = decode_json_string(text_.substr(begin, at_ - begin));
    if (!decoded) {
      add_fault(index, "must not have one half of a surrogate pair, which is no character");
      return raw;
    }
    return tree_.decoded_.emplace_front(std::move(*decoded));
  }

  void close() {
    ++at_;
    JsonNode& node = tree_.nodes_[open_.back()];
    const std::size_t begin = static_cast<std::size_t>(node.text.data() - text_.data());
    node.text = text_.substr(begin, at_ - begin);
    node.next = static_cast<std::uint32_t>(tree_.nodes_.size());
    if (node.kind == JsonKind::object && node.size > 1) check_names(node);
    open_.pop_back();
  }

  void check_names(const JsonNode& object) {
    names_.clear();
    tree_.each_child(object, [&](const JsonNode& member, std::size_t) {
      names_.push_back({OrderedText(member.name), static_cast<std::uint32_t>(&member - tree_.nodes_.data())});
      return true;
    });
    std::ranges::sort(names_, [](const Name& a, const Name& b) {
      const auto order = a.text <=> b.text;
      return std::is_eq(order) ? a.index < b.index : std::is_lt(order);
    });
    for (std::size_t i = 1; i < names_.size(); ++i) {
      const bool is_repeat = names_[i - 1].text == names_[i].text;
      const bool is_first_repeat = i < 2 || names_[i - 2].text != names_[i].text;
      if (is_repeat && is_first_repeat) add_fault(names_[i].index, "is there twice");
    }
  }

  void add_fault(std::uint32_t index, std::string_view message) {
    if (faults_.size() < field_errors_max) faults_.push_back({index, message});
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  JsonTree tree_;
  std::vector<std::uint32_t> open_;
  std::vector<Name> names_;  // of the object that is checked
  std::vector<Fault> faults_;
};

std::expected<JsonTree, std::vector<FieldError>> JsonTree::read(std::string_view text,
                                                                std::string_view root_path) {
  const auto refuse = [&](std::string message) {
    return std::unexpected(std::vector<FieldError>{{std::string(root_path), std::move(message)}});
  };
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return refuse("is too long");
  if (const auto kind = validate_json(text, json_tree_depth_max); !kind) {
    return refuse(fmt::format("is not JSON: {} at byte {}", kind.error().message, kind.error().offset));
  }
  return JsonTreeBuilder(text).build(root_path);
}

const JsonNode* JsonTree::find(const JsonNode& object, std::string_view name) const {
  const JsonNode* found = nullptr;
  if (object.kind != JsonKind::object) return found;
  each_child(object, [&](const JsonNode& member, std::size_t) {
    if (member.name == name) found = &member;
    return found == nullptr;
  });
  return found;
}

std::string JsonTree::pointer_of(const JsonNode& node, std::string_view root_path) const {
  std::string path(root_path);
  for (const JsonNode* at = &root(); at != &node;) {
    const bool in_object = at->kind == JsonKind::object;
    const JsonNode* next = nullptr;
    each_child(*at, [&](const JsonNode& child, std::size_t position) {
      if (nodes_.data() + child.next <= &node) return true;
      path += in_object ? pointer_to(child.name) : fmt::format("/{}", position);
      next = &child;
      return false;
    });
    RELAY_CHECK(next != nullptr);
    at = next;
  }
  return path;
}

void JsonTree::append_canonical(std::string& out, const JsonNode& node) const {
  switch (node.kind) {
    case JsonKind::string:
      out += '"';
      return append_counted(out, node.text);
    case JsonKind::number:
      return relay::append_canonical(out, parse_decimal(node.text).value_or(Decimal{}));
    case JsonKind::true_:
    case JsonKind::false_:
    case JsonKind::null_:
      out += node.text.front();
      return;
    case JsonKind::array:
      out += '[';
      each_child(node, [&](const JsonNode& element, std::size_t) {
        append_canonical(out, element);
        return true;
      });
      out += ']';
      return;
    case JsonKind::object:
      break;
  }
  std::vector<const JsonNode*> members;
  members.reserve(node.size);
  each_child(node, [&](const JsonNode& member, std::size_t) {
    members.push_back(&member);
    return true;
  });
  std::ranges::sort(members, {}, [](const JsonNode* member) { return member->name; });
  out += '{';
  for (const JsonNode* member : members) {
    append_counted(out, member->name);
    append_canonical(out, *member);
  }
  out += '}';
}

}  // namespace relay
