#include "cluster/msgpack_tree.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

namespace relay {

// What the library's parser calls. It keeps no values itself, and does not recurse; our bounds end it.
class MsgpackTreeBuilder : public msgpack::null_visitor {
 public:
  explicit MsgpackTreeBuilder(const BusLimits& limits) noexcept : limits_(limits) {}

  std::expected<MsgpackTree, RejectReason> read(std::string_view bytes);

  // The names are the library's.
  bool visit_nil() { return add({}); }
  bool visit_boolean(bool value) { return add({.kind = MsgpackKind::boolean, .bits = value ? 1U : 0U}); }
  bool visit_positive_integer(std::uint64_t value) {
    return add({.kind = MsgpackKind::unsigned_integer, .bits = value});
  }
  bool visit_negative_integer(std::int64_t value) {
    return add({.kind = MsgpackKind::signed_integer, .bits = static_cast<std::uint64_t>(value)});
  }
  bool visit_float32(float value) { return visit_float64(static_cast<double>(value)); }
  bool visit_float64(double value) {
    return add({.kind = MsgpackKind::real, .bits = std::bit_cast<std::uint64_t>(value)});
  }
  bool visit_str(const char* bytes, std::uint32_t size) {
    return add_bytes(MsgpackKind::string, bytes, size);
  }
  bool visit_bin(const char* bytes, std::uint32_t size) {
    return add_bytes(MsgpackKind::binary, bytes, size);
  }
  bool visit_ext(const char* bytes, std::uint32_t size) {
    return add_bytes(MsgpackKind::extension, bytes, size);
  }
  bool start_array(std::uint32_t elements) { return open(MsgpackKind::array, elements); }
  bool start_map(std::uint32_t members) { return open(MsgpackKind::map, std::uint64_t{members} * 2); }
  bool end_array() { return close(); }
  bool end_map() { return close(); }

 private:
  bool add(MsgpackNode node);
  bool add_bytes(MsgpackKind kind, const char* bytes, std::uint32_t size);
  bool open(MsgpackKind kind, std::uint64_t parts);
  bool close();

  const BusLimits& limits_;
  MsgpackTree tree_;
  std::array<std::uint32_t, bus_message_depth_max> open_{};  // the containers whose parts are being read
  std::size_t depth_ = 0;
  std::optional<RejectReason> fault_;
};

std::expected<MsgpackTree, RejectReason> MsgpackTreeBuilder::read(std::string_view bytes) {
  if (bytes.size() > limits_.message_bytes_max) return std::unexpected(RejectReason::too_large);
  if (bytes.empty()) return std::unexpected(RejectReason::malformed);
  // What most messages need, in one piece.
  constexpr std::size_t values_usual = 64;
  tree_.nodes_.reserve(std::min(bytes.size(), values_usual));
  tree_.bytes_count_ = bytes.size();
  std::size_t offset = 0;
  const bool is_value = msgpack::parse(bytes.data(), bytes.size(), offset, *this);
  if (fault_) return std::unexpected(*fault_);
  if (!is_value || offset != bytes.size()) return std::unexpected(RejectReason::malformed);
  return std::move(tree_);
}

bool MsgpackTreeBuilder::add(MsgpackNode node) {
  if (tree_.nodes_.size() >= limits_.values_max) {
    fault_ = RejectReason::too_large;
    return false;
  }
  node.next = static_cast<std::uint32_t>(tree_.nodes_.size() + 1);
  tree_.nodes_.push_back(node);
  return true;
}

// The library has no address for no bytes.
bool MsgpackTreeBuilder::add_bytes(MsgpackKind kind, const char* bytes, std::uint32_t size) {
  return add({.kind = kind, .bytes = size == 0 ? std::string_view() : std::string_view(bytes, size)});
}

bool MsgpackTreeBuilder::open(MsgpackKind kind, std::uint64_t parts) {
  if (depth_ >= open_.size() || parts > limits_.values_max) {
    fault_ = RejectReason::too_large;
    return false;
  }
  const auto index = static_cast<std::uint32_t>(tree_.nodes_.size());
  if (!add({.kind = kind, .size = static_cast<std::uint32_t>(parts)})) return false;
  open_[depth_++] = index;
  return true;
}

bool MsgpackTreeBuilder::close() {
  tree_.nodes_[open_[--depth_]].next = static_cast<std::uint32_t>(tree_.nodes_.size());
  return true;
}

double MsgpackNode::real() const noexcept {
  return std::bit_cast<double>(bits);
}

bool MsgpackNode::is_undefined() const noexcept {
  return kind == MsgpackKind::extension && bytes == std::string_view("\0\0", 2);
}

std::expected<MsgpackTree, RejectReason> MsgpackTree::read(std::string_view bytes, const BusLimits& limits) {
  return MsgpackTreeBuilder(limits).read(bytes);
}

const MsgpackNode* MsgpackTree::element(const MsgpackNode& array, std::size_t index) const {
  if (!array.is(MsgpackKind::array)) return nullptr;
  const MsgpackNode* found = nullptr;
  std::size_t at = 0;
  each_part(array, [&](const MsgpackNode& node) {
    if (at++ == index) found = &node;
    return found == nullptr;
  });
  return found;
}

const MsgpackNode* MsgpackTree::find(const MsgpackNode& map, std::string_view key) const {
  if (!map.is(MsgpackKind::map)) return nullptr;
  const MsgpackNode* found = nullptr;
  bool is_key = true;
  bool matches = false;
  each_part(map, [&](const MsgpackNode& node) {
    if (is_key) {
      matches = node.is(MsgpackKind::string) && node.bytes == key;
    } else if (matches) {
      found = &node;
    }
    is_key = !is_key;
    return true;
  });
  return found;
}

}  // namespace relay
