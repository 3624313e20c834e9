#pragma once
// The members of one room that are connected to one worker.
//
// The room that a publisher names is the sum of the rooms of that name on all workers of all nodes. No object
// holds that sum, and nothing needs it.
//
// Threading: bound to one worker.
// Ownership: a Room borrows its members. A Member leaves its rooms before it dies.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

class Member;

class Room {
 public:
  // Where a member stands in a room; the member keeps one for each of its rooms.
  struct Place {
    Member* member;
    std::size_t membership;  // the index of this room among the member's own
  };

  explicit Room(std::string name) : name_(std::move(name)) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // Returns the slot, by which the member leaves later.
  std::size_t add(Place place) {
    places_.push_back(place);
    return places_.size() - 1;
  }
  // Constant time: the last one moves into the freed slot. Returns it, as its record of its slot must follow,
  // or null when none moved.
  const Place* remove(std::size_t slot) {
    places_[slot] = places_.back();
    places_.pop_back();
    return slot < places_.size() ? &places_[slot] : nullptr;
  }

  // The member keeps its record of this room elsewhere among its own.
  void set_membership(std::size_t slot, std::size_t membership) { places_[slot].membership = membership; }

  // Valid until the next add() or remove(). The order means nothing.
  [[nodiscard]] std::span<const Place> places() const noexcept { return places_; }
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }

 private:
  const std::string name_;
  std::vector<Place> places_;  // dense: a delivery walks it far more often than a join changes it
};

}  // namespace relay
