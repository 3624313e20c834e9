#include "hub/head_marks.h"

#include <algorithm>

namespace relay {

Position HeadMarks::head_at(SteadyTime time) const {
  const auto later = std::ranges::upper_bound(marks_, time, {}, &Mark::time);
  return later == marks_.begin() ? Position{1} : std::prev(later)->head;
}

void HeadMarks::forget_before(SteadyTime time) {
  while (marks_.size() >= 2 && marks_[1].time <= time) marks_.pop_front();
}

}  // namespace relay
