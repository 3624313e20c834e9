#include "cluster/replay_window.h"

#include <algorithm>

namespace relay {

ReplayWindow::ReplayWindow(std::size_t senders_max) : senders_max_(std::max<std::size_t>(senders_max, 1)) {}

bool ReplayWindow::is_first(std::string_view sender, std::uint64_t number) {
  if (number == 0) return false;
  const auto known = find_or_add(sender);
  if (number > known->highest) {
    raise_highest(*known, number);
  } else if (known->highest - number >= numbers_count || known->seen[number % numbers_count]) {
    return false;
  }
  known->seen.set(number % numbers_count);
  return true;
}

ReplayWindow::Senders::iterator ReplayWindow::find_or_add(std::string_view uid) {
  if (const auto known = by_uid_.find(uid); known != by_uid_.end()) {
    senders_.splice(senders_.begin(), senders_, known->second);
    return known->second;
  }
  if (senders_.size() == senders_max_) {
    by_uid_.erase(senders_.back().uid);
    senders_.pop_back();
  }
  senders_.push_front({std::string(uid), 0, {}});
  by_uid_.emplace(senders_.front().uid, senders_.begin());
  return senders_.begin();
}

// The bits of the numbers passed over belonged to numbers that now lie below the window.
void ReplayWindow::raise_highest(Sender& sender, std::uint64_t number) {
  if (number - sender.highest >= numbers_count) {
    sender.seen.reset();
  } else {
    for (std::uint64_t passed = sender.highest + 1; passed < number; ++passed) {
      sender.seen.reset(passed % numbers_count);
    }
  }
  sender.highest = number;
}

}  // namespace relay
