#pragma once
// A set of objects that are found by a name which they hold themselves: what a map from that name would be,
// without a second copy of it or a pointer to it in every node.
//
//     KeyedSet<std::unique_ptr<Room>, &Room::name> rooms;      rooms.find("lobby")
//
// Threading: that of std::unordered_set.

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_set>

namespace relay {

template <typename Pointer, auto name>
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  std::size_t operator()(const Pointer& object) const { return (*this)(std::invoke(name, *object)); }
};

template <typename Pointer, auto name>
struct NameEqual {
  using is_transparent = void;
  template <typename Left, typename Right>
  bool operator()(const Left& left, const Right& right) const {
    return text_of(left) == text_of(right);
  }

 private:
  static std::string_view text_of(std::string_view text) { return text; }
  static std::string_view text_of(const Pointer& object) { return std::invoke(name, *object); }
};

// `Pointer` is raw or smart, never null; `name` a member function that returns text, the same as long as the
// object is in the set.
template <typename Pointer, auto name>
using KeyedSet = std::unordered_set<Pointer, NameHash<Pointer, name>, NameEqual<Pointer, name>>;

}  // namespace relay
