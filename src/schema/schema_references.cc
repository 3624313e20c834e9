#include "schema/schema_references.h"

#include <algorithm>
#include <charconv>
#include <expected>
#include <optional>

#include <fmt/format.h>

#include "base/utf8.h"
#include "protocol/percent_encoding.h"

namespace relay {
namespace {

std::string shown(std::string_view target) {
  return fmt::format("$ref \"{}\"", replace_invalid_utf8(target.substr(0, 200)));
}

// RFC 6901 §3.
std::string unescape_token(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escaped =
        token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    name += escaped ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return name;
}

const JsonNode* element_of(const JsonTree& tree, const JsonNode& array, std::string_view token) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return nullptr;
  const JsonNode* found = nullptr;
  tree.each_child(array, [&](const JsonNode& element, std::size_t position) {
    if (position == index) found = &element;
    return found == nullptr;
  });
  return found;
}

// The value that a JSON Pointer leads to; null if none.
const JsonNode* follow(const JsonTree& tree, std::string_view pointer) {
  const JsonNode* at = &tree.root();
  while (at != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string token = unescape_token(pointer.substr(0, end));
    at = at->kind == JsonKind::array ? element_of(tree, *at, token) : tree.find(*at, token);
    pointer.remove_prefix(end);
  }
  return at;
}

std::expected<SchemaId, std::string> resolve(const JsonTree& tree, const References& references,
                                             std::string_view target) {
  if (!target.starts_with('#')) {
    return std::unexpected(shown(target) + " leads out of the file: only #... is allowed");
  }
  const auto fragment = percent_decode(target.substr(1));
  if (fragment && !fragment->empty() && fragment->front() != '/') {
    const auto anchor = references.anchors.find(*fragment);
    if (anchor != references.anchors.end()) return anchor->second;
    return std::unexpected(shown(target) + " leads nowhere");
  }
  const JsonNode* found = fragment ? follow(tree, *fragment) : nullptr;
  if (found == nullptr) return std::unexpected(shown(target) + " leads nowhere");
  const auto schema = references.schemas.find(found);
  if (schema == references.schemas.end())
    return std::unexpected(shown(target) + " does not lead to a schema");
  return schema->second;
}

// Walks from each schema to those that it applies to the same value.
class ChainFinder {
 public:
  explicit ChainFinder(const JsonSchema& schema) : schema_(schema), longest_(schema.nodes.size(), unknown) {}

  // The schema at which a circle closes or the chain gets too long, if there is one.
  std::optional<std::pair<SchemaId, bool>> run() {
    for (SchemaId id = 0; id < schema_.nodes.size() && !fault_; ++id) walk(id, 1);
    return fault_;
  }

 private:
  static constexpr unsigned unknown = 0;
  static constexpr unsigned open = ~0U;

  // The number of schemas in the longest chain from `id` on.
  unsigned walk(SchemaId id, unsigned depth) {
    if (longest_[id] == open) return report(id, true);
    if (longest_[id] != unknown) return longest_[id];
    if (depth > schema_chain_max) return report(id, false);
    longest_[id] = open;
    unsigned longest = 0;
    each_in_place(schema_.nodes[id], [&](SchemaId next) {
      if (!fault_) longest = std::max(longest, walk(next, depth + 1));
    });
    longest_[id] = longest + 1;
    if (longest_[id] > schema_chain_max) return report(id, false);
    return longest_[id];
  }

  unsigned report(SchemaId id, bool is_circle) {
    if (!fault_) fault_.emplace(id, is_circle);
    return 0;
  }

  template <typename F>
  static void each_in_place(const SchemaNode& node, F&& visit) {
    for (const auto* list : {&node.all_of, &node.any_of, &node.one_of}) {
      for (const SchemaId id : *list) visit(id);
    }
    for (const auto& one : {node.not_, node.if_, node.then_, node.else_}) {
      if (one) visit(*one);
    }
    if (!node.object) return;
    for (const Dependency& dependency : node.object->dependencies) {
      if (dependency.schema) visit(*dependency.schema);
    }
  }

  const JsonSchema& schema_;
  std::vector<unsigned> longest_;  // from each schema on
  std::optional<std::pair<SchemaId, bool>> fault_;
};

}  // namespace

std::vector<SchemaFault> resolve_references(const JsonTree& tree, const References& references,
                                            JsonSchema& schema) {
  std::vector<SchemaFault> faults;
  for (const Reference& reference : references.all) {
    auto target = resolve(tree, references, reference.target);
    if (target) {
      schema.nodes[reference.from].all_of.push_back(*target);
    } else {
      faults.push_back({reference.schema, std::move(target.error())});
    }
  }
  return faults;
}

std::vector<SchemaFault> find_endless_chain(const References& references, const JsonSchema& schema) {
  const auto fault = ChainFinder(schema).run();
  if (!fault) return {};
  for (const auto& [node, id] : references.schemas) {
    if (id != fault->first) continue;
    return {{node, fault->second
                       ? std::string("refers to itself for one and the same value, without end")
                       : fmt::format("applies more than {} schemas to one value, one inside another",
                                     schema_chain_max)}};
  }
  return {};
}

}  // namespace relay
