#pragma once
// Puts what the bus brings in the order of its numbers, and notices what is missing.
//
//     last | 8  9  _  11  12  (13 ...)      8 and 9 are ready; 11 and 12 wait for 10, until it is filled in
//                                           from elsewhere or the gap is closed without it
//
// What has no number (of a Node server) keeps its place between what has one. A number that was passed
// already is ready at once, out of order: that only comes from a server that has forgotten numbers, and
// losing it would be worse.
//
// Bounds: waiting_max items behind a gap; with more, the gap is to be closed (is_full()).
//
// Threading: a value of its owner.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "hub/event.h"

namespace relay {

struct ArrivedEvent {
  std::uint64_t number = 0;  // 0: none
  NewEvent event = {};       // without a packet: only the number counts
  std::move_only_function<void()> on_delivered = {};
};

class NumberSequence {
 public:
  static constexpr std::size_t waiting_max = 65'536;

  struct Gap {
    std::uint64_t first;
    std::uint64_t last;

    friend bool operator==(const Gap&, const Gap&) = default;
  };

  // All up to `last` has been seen, or does not matter. What waits is judged again.
  void begin(std::uint64_t last, std::vector<ArrivedEvent>& ready);

  // Appends to `ready` what can be delivered now.
  void take(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready);
  // One of the missing, from elsewhere; what is not missing is dropped.
  void fill(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready);
  // Goes on without what is still missing; another gap may be open behind this one.
  void close_gap(std::vector<ArrivedEvent>& ready);

  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  // What is waited for, without what was filled in already at its ends.
  [[nodiscard]] std::optional<Gap> gap() const;
  // How many numbers are missing in it.
  [[nodiscard]] std::uint64_t missing_count() const;
  // Behind the gap; null without one.
  [[nodiscard]] const ArrivedEvent* first_waiting() const noexcept {
    return waiting_.empty() ? nullptr : &waiting_.front();
  }
  [[nodiscard]] bool is_full() const noexcept { return waiting_.size() >= waiting_max; }

 private:
  [[nodiscard]] bool is_next(const ArrivedEvent& item) const noexcept;
  void accept(ArrivedEvent&& item, std::vector<ArrivedEvent>& ready);
  void release(std::vector<ArrivedEvent>& ready);

  std::uint64_t last_ = 0;
  std::deque<ArrivedEvent> waiting_;                 // as they came; the first is behind the gap
  std::map<std::uint64_t, ArrivedEvent> filled_in_;  // of the gap
};

}  // namespace relay
