#pragma once
// For tests of what lives on a loop: turns, until something has become true.

#include <chrono>
#include <utility>

#include "net/event_loop.h"

namespace relay {

inline void turn_once(EventLoop& loop, std::chrono::milliseconds wait_max = std::chrono::milliseconds(20)) {
  loop.wait(wait_max);
  loop.dispatch();
  loop.flush_dirty();
  loop.destroy_closed();
}

// Whether `condition` became true in time; real time, whatever clock the loop has.
template <typename Turn, typename Condition>
[[nodiscard]] bool turn_until(Turn&& turn, Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    turn();
  }
  return true;
}

}  // namespace relay
