#include "net/timer_wheel.h"

#include <algorithm>

namespace relay {

void Timer::disarm() noexcept {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = nullptr;
  next_ = nullptr;
}

TimerWheel::TimerWheel(SteadyTime now, std::chrono::microseconds tick) : start_(now), tick_(tick) {
  for (Head& head : slots_) {
    Timer& list = head;
    list.previous_ = &list;
    list.next_ = &list;
  }
}

TimerWheel::~TimerWheel() {
  for (Head& head : slots_) {
    Timer& list = head;
    while (list.next_ != &list) list.next_->disarm();
  }
}

std::uint64_t TimerWheel::tick_of(SteadyTime time) const noexcept {
  return static_cast<std::uint64_t>((time - start_) / tick_);
}

void TimerWheel::insert(Timer& timer) {
  Timer& list = slots_[timer.due_tick_ % slots_count];
  timer.previous_ = list.previous_;
  timer.next_ = &list;
  list.previous_->next_ = &timer;
  list.previous_ = &timer;
  earliest_tick_ = std::min(earliest_tick_, timer.due_tick_);
}

void TimerWheel::arm(Timer& timer, SteadyTime now, std::chrono::milliseconds delay) {
  timer.disarm();
  // One more than the tick that contains the deadline: that one may already have been passed in part.
  timer.due_tick_ = std::max(tick_of(now + std::max(delay, std::chrono::milliseconds(0))), current_tick_) + 1;
  insert(timer);
}

void TimerWheel::advance(SteadyTime now) {
  const std::uint64_t target = tick_of(now);
  // After a long stall one turn of the wheel has met every timer.
  std::uint64_t tick = std::max(current_tick_ + 1, target >= slots_count ? target - slots_count + 1 : 0);
  for (; tick <= target; ++tick) {
    Head due;
    Timer& due_list = due;
    due_list.previous_ = &due_list;
    due_list.next_ = &due_list;
    // What fires may arm and disarm timers of this very slot, so the due ones move to a list of their own
    // first.
    Timer& list = slots_[tick % slots_count];
    for (Timer* timer = list.next_; timer != &list;) {
      Timer* following = timer->next_;
      if (timer->due_tick_ <= target) {
        timer->disarm();
        timer->previous_ = due_list.previous_;
        timer->next_ = &due_list;
        due_list.previous_->next_ = timer;
        due_list.previous_ = timer;
      }
      timer = following;
    }
    current_tick_ = tick;
    while (due_list.next_ != &due_list) {
      Timer& timer = *due_list.next_;
      timer.disarm();
      timer.on_timer();
    }
  }
  current_tick_ = std::max(current_tick_, target);
}

std::chrono::microseconds TimerWheel::until_next(SteadyTime now) {
  const std::uint64_t end = current_tick_ + slots_count;
  for (std::uint64_t tick = std::max(earliest_tick_, current_tick_ + 1); tick <= end; ++tick) {
    const Timer& list = slots_[tick % slots_count];
    if (list.next_ == &list) continue;
    earliest_tick_ = tick;
    const auto wait = start_ + tick_ * static_cast<std::int64_t>(tick) - now;
    return std::max(std::chrono::ceil<std::chrono::microseconds>(wait), std::chrono::microseconds(0));
  }
  earliest_tick_ = end + 1;
  return tick_ * static_cast<std::int64_t>(slots_count);
}

std::chrono::microseconds TimerWheel::tick_for(std::chrono::milliseconds shortest) {
  return std::clamp<std::chrono::microseconds>(std::chrono::microseconds(shortest) / 800,
                                               std::chrono::microseconds(250), std::chrono::milliseconds(50));
}

}  // namespace relay
