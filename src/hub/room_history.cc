#include "hub/room_history.h"

#include <algorithm>

#include "base/check.h"

namespace relay {

bool RoomHistory::push(Position position, std::size_t bytes) {
  if (!empty() && positions_.back() == position) return false;
  positions_.push_back(position);
  bytes_ += bytes;
  return true;
}

void RoomHistory::pop_front(std::size_t bytes) {
  RELAY_DCHECK(!empty() && bytes <= bytes_);
  floor_ = positions_[first_++];
  bytes_ -= bytes;
  if (empty()) {
    // A quiet room owns no memory.
    std::vector<Position>().swap(positions_);
    first_ = 0;
  } else if (first_ * 2 > positions_.size()) {
    positions_.erase(positions_.begin(), positions_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

std::span<const Position> RoomHistory::above(Position position) const {
  const auto begin = positions_.begin() + static_cast<std::ptrdiff_t>(first_);
  return {std::upper_bound(begin, positions_.end(), position), positions_.end()};
}

}  // namespace relay
