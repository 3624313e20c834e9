#pragma once
// A MessagePack value laid out as a flat list of its values, in the order they are written: for messages
// whose members come in any order.
//
// Nothing is allocated for what a header only announces: a list grows with the bytes that are there. Nesting
// costs no stack.
//
// Lifetime: views point into the bytes given. Threading: immutable once read.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "cluster/bus_event.h"
#include "cluster/reject_reason.h"

namespace relay {

enum class MsgpackKind : std::uint8_t {
  nil,
  boolean,
  unsigned_integer,
  signed_integer,  // what was written in a signed form, also if it is positive
  real,
  string,  // of any bytes
  binary,
  extension,  // the first of `bytes` is its type
  array,
  map
};

struct MsgpackNode {
  MsgpackKind kind = MsgpackKind::nil;
  std::uint32_t size = 0;       // elements of an array; of a map its keys and values
  std::uint32_t next = 0;       // index of the first value behind this one and its parts
  std::uint64_t bits = 0;       // of a number or boolean; see below
  std::string_view bytes = {};  // of a string, binary or extension

  [[nodiscard]] bool is(MsgpackKind other) const noexcept { return kind == other; }
  [[nodiscard]] bool is_true() const noexcept { return kind == MsgpackKind::boolean && bits != 0; }
  [[nodiscard]] std::int64_t signed_integer() const noexcept { return static_cast<std::int64_t>(bits); }
  [[nodiscard]] double real() const noexcept;
  // JavaScript's `undefined`, as the older encoders of Node write it: an extension of type 0 with one zero.
  [[nodiscard]] bool is_undefined() const noexcept;
};

class MsgpackTree {
 public:
  // One value and nothing behind it.
  [[nodiscard]] static std::expected<MsgpackTree, RejectReason> read(std::string_view bytes,
                                                                     const BusLimits& limits);

  [[nodiscard]] const MsgpackNode& root() const noexcept { return nodes_.front(); }
  // Of what was read.
  [[nodiscard]] std::size_t bytes_count() const noexcept { return bytes_count_; }

  // Calls f(const MsgpackNode&) for each part in order, until it returns false; of a map for each key and
  // value in turn. False if it was ended.
  template <typename F>
  bool each_part(const MsgpackNode& parent, F&& f) const;

  // The element of an array, or null if it is none or too short. Linear.
  [[nodiscard]] const MsgpackNode* element(const MsgpackNode& array, std::size_t index) const;

  // The value of that key, the last one if there are several; null if there is none, or it is no map. Linear.
  [[nodiscard]] const MsgpackNode* find(const MsgpackNode& map, std::string_view key) const;

 private:
  friend class MsgpackTreeBuilder;

  std::vector<MsgpackNode> nodes_;
  std::size_t bytes_count_ = 0;
};

template <typename F>
bool MsgpackTree::each_part(const MsgpackNode& parent, F&& f) const {
  const MsgpackNode* part = &parent + 1;
  for (std::uint32_t i = 0; i < parent.size; ++i) {
    if (!f(*part)) return false;
    if (i + 1 < parent.size) part = nodes_.data() + part->next;
  }
  return true;
}

}  // namespace relay
