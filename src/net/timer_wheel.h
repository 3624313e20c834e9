#pragma once
// Coarse deadlines for a hundred thousand sessions: a wheel of slots, each a list of timers, turned once a
// tick.
//
// Arming and disarming are a few pointer writes. A timer fires in the tick that contains its deadline or the
// next one: never early, at most two ticks late. The tick is chosen from the shortest time that is
// configured, so that ten thousand heartbeats of 25 s share their wake-ups and a test's 200 ms are still met.
//
// Threading: bound to one worker.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace relay {

// A deadline that can be armed in one wheel at a time. Disarms itself when it dies.
class Timer {
 public:
  Timer() = default;
  virtual ~Timer() { disarm(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] bool armed() const noexcept { return next_ != nullptr; }
  void disarm() noexcept;

 protected:
  // The timer is disarmed when it is called; it may be armed again, or be destroyed with its owner.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t due_tick_ = 0;
};

// A timer that calls a member function of the object that holds it.
template <typename Owner, void (Owner::*method)()>
class MemberTimer final : public Timer {
 public:
  explicit MemberTimer(Owner& owner) : owner_(owner) {}

 private:
  void on_timer() override { (owner_.*method)(); }
  Owner& owner_;
};

class TimerWheel {
 public:
  TimerWheel(SteadyTime now, std::chrono::microseconds tick);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires once `delay` after `now`. A timer that is armed already is moved.
  void arm(Timer& timer, SteadyTime now, std::chrono::milliseconds delay);

  // Fires what is due.
  void advance(SteadyTime now);

  // How long the loop may sleep before advance() has something to look at; at most one turn of the wheel.
  [[nodiscard]] std::chrono::microseconds until_next(SteadyTime now);

  // The tick for a set of configured times: fine enough for the shortest of them.
  [[nodiscard]] static std::chrono::microseconds tick_for(std::chrono::milliseconds shortest);

 private:
  static constexpr std::size_t slots_count = 1024;  // a power of two

  // The head of a slot's circular list.
  class Head final : public Timer {
    void on_timer() override {}
  };

  [[nodiscard]] std::uint64_t tick_of(SteadyTime time) const noexcept;
  void insert(Timer& timer);

  const SteadyTime start_;
  const std::chrono::microseconds tick_;
  std::uint64_t current_tick_ = 0;
  std::uint64_t earliest_tick_ = 0;  // no timer is due before it: the search for the next one starts here
  std::array<Head, slots_count> slots_;
};

}  // namespace relay
