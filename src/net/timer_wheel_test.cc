#include "net/timer_wheel.h"

#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

class Recorder final : public Timer {
 public:
  explicit Recorder(int& fired) : fired_(fired) {}

 private:
  void on_timer() override { ++fired_; }
  int& fired_;
};

TEST(TimerWheel, NeverFiresEarlyAndAtMostTwoTicksLate) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(10));
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    int fired = 0;
    Recorder timer(fired);
    const SteadyTime armed_at = start + milliseconds(round * 40'000) + milliseconds(random() % 17);
    const milliseconds delay(random() % 30'000);
    wheel.advance(armed_at);
    wheel.arm(timer, armed_at, delay);

    milliseconds waited(0);
    while (fired == 0) {
      waited += milliseconds(1);
      wheel.advance(armed_at + waited);
    }

    EXPECT_GE(waited, delay);
    EXPECT_LE(waited, delay + milliseconds(21));
  }
}

TEST(TimerWheel, FiresEverythingAfterALongStall) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(1));
  int fired = 0;
  std::vector<std::unique_ptr<Recorder>> timers;
  for (int i = 0; i < 3000; ++i) {
    timers.push_back(std::make_unique<Recorder>(fired));
    wheel.arm(*timers.back(), start, milliseconds(i));
  }

  wheel.advance(start + milliseconds(60'000));

  EXPECT_EQ(fired, 3000);
}

TEST(TimerWheel, ADisarmedOrDeadTimerDoesNotFire) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(1));
  int fired = 0;
  Recorder disarmed(fired);
  wheel.arm(disarmed, start, milliseconds(5));
  {
    Recorder dead(fired);
    wheel.arm(dead, start, milliseconds(5));
  }
  disarmed.disarm();

  wheel.advance(start + milliseconds(100));

  EXPECT_EQ(fired, 0);
}

TEST(TimerWheel, ArmingAgainMovesTheDeadline) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(1));
  int fired = 0;
  Recorder timer(fired);
  wheel.arm(timer, start, milliseconds(5));
  wheel.arm(timer, start, milliseconds(50));

  wheel.advance(start + milliseconds(20));
  EXPECT_EQ(fired, 0);
  wheel.advance(start + milliseconds(52));
  EXPECT_EQ(fired, 1);
}

class SelfRearming final : public Timer {
 public:
  SelfRearming(TimerWheel& wheel, int& fired) : wheel_(wheel), fired_(fired) {}

 private:
  void on_timer() override {
    ++fired_;
    wheel_.arm(*this, SteadyTime() + milliseconds(10 * fired_), milliseconds(10));
  }
  TimerWheel& wheel_;
  int& fired_;
};

TEST(TimerWheel, ATimerMayArmItselfFromWithin) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(1));
  int fired = 0;
  SelfRearming timer(wheel, fired);
  wheel.arm(timer, start, milliseconds(10));

  for (int ms = 1; ms <= 105; ++ms) wheel.advance(start + milliseconds(ms));

  EXPECT_GE(fired, 8);
  EXPECT_LE(fired, 10);
}

TEST(TimerWheel, TellsHowLongTheLoopMaySleep) {
  const SteadyTime start;
  TimerWheel wheel(start, milliseconds(10));
  int fired = 0;
  Recorder timer(fired);
  EXPECT_EQ(wheel.until_next(start), milliseconds(10 * 1024));

  wheel.arm(timer, start, milliseconds(200));

  EXPECT_EQ(wheel.until_next(start), milliseconds(210));
  EXPECT_EQ(wheel.until_next(start + milliseconds(300)), milliseconds(0));
}

}  // namespace
}  // namespace relay
