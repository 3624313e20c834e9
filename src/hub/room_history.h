#pragma once
// Where the retained events of one room stand in the log, oldest first, and how far back that reaches.
//
// The floor is the highest position that was evicted from the room: who has got everything up to there, or
// beyond, has missed nothing that is gone. It outlives the last position.
//
// Threading: none of its own; the log holds its lock around every call.

#include <cstddef>
#include <span>
#include <vector>

#include "hub/position.h"

namespace relay {

class RoomHistory {
 public:
  // `position` is not below any that came before. False when it was pushed already.
  bool push(Position position, std::size_t bytes);
  // Evicts the oldest; `bytes` as it was pushed with.
  void pop_front(std::size_t bytes);

  [[nodiscard]] bool empty() const noexcept { return first_ == positions_.size(); }
  // Of a history that is not empty.
  [[nodiscard]] Position front() const noexcept { return positions_[first_]; }
  // All positions above `position`. Good until the next push() or pop_front().
  [[nodiscard]] std::span<const Position> above(Position position) const;
  [[nodiscard]] Position floor() const noexcept { return floor_; }
  // Of the events, whole, however many other rooms hold them too.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::vector<Position> positions_;  // those before first_ are evicted
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  Position floor_ = 0;
};

}  // namespace relay
