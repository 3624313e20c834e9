#include "cluster/number_sequence.h"

#include <algorithm>
#include <utility>

namespace relay {

bool NumberSequence::is_next(const ArrivedEvent& item) const noexcept {
  return item.number <= last_ + 1;
}

void NumberSequence::accept(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready) {
  // One that was passed has no place any more.
  if (item.number != 0 && item.number <= last_) item.event.position = 0;
  last_ = std::max(last_, item.number);
  ready.push_back(std::move(item));
}

// What the waiting ones waited for may be there now.
void NumberSequence::release(std::vector<ArrivedEvent>& ready) {
  while (!waiting_.empty()) {
    if (is_next(waiting_.front())) {
      accept(std::move(waiting_.front()), ready);
      waiting_.pop_front();
      continue;
    }
    const auto next = filled_in_.find(last_ + 1);
    if (next == filled_in_.end()) return;
    accept(std::move(next->second), ready);
    filled_in_.erase(next);
  }
  filled_in_.clear();
}

void NumberSequence::begin(std::uint64_t last, std::vector<ArrivedEvent>& ready) {
  last_ = last;
  filled_in_.erase(filled_in_.begin(), filled_in_.upper_bound(last));
  release(ready);
}

void NumberSequence::take(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready) {
  if (waiting_.empty() && is_next(item)) return accept(std::move(item), ready);
  waiting_.push_back(std::move(item));
}

void NumberSequence::fill(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready) {
  const auto open = gap();
  if (!open || item.number < open->first || item.number > open->last) return;
  filled_in_.try_emplace(item.number, std::move(item));
  release(ready);
}

void NumberSequence::close_gap(std::vector<ArrivedEvent>& ready) {
  if (waiting_.empty()) return;
  const std::uint64_t behind = waiting_.front().number;
  for (auto& [number, item] : std::exchange(filled_in_, {})) {
    if (number < behind) accept(std::move(item), ready);
  }
  last_ = std::max(last_, behind - 1);
  release(ready);
}

std::optional<NumberSequence::Gap> NumberSequence::gap() const {
  if (waiting_.empty()) return std::nullopt;
  return Gap{last_ + 1, waiting_.front().number - 1};
}

std::uint64_t NumberSequence::missing_count() const {
  const auto open = gap();
  return open ? open->last - open->first + 1 - filled_in_.size() : 0;
}

}  // namespace relay
