#pragma once
// Time comes in through constructors, so that a test can move it.

#include <chrono>

namespace relay {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Threading: safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; for durations and deadlines.
  [[nodiscard]] virtual SteadyTime steady() const = 0;
  // Since 1970, may jump; for what people and tokens read.
  [[nodiscard]] virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// For tests: stands still until it is moved.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(elapsed_); }
  [[nodiscard]] WallTime wall() const override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(start_ + elapsed_));
  }
  void advance(std::chrono::nanoseconds by) { elapsed_ += by; }
  void set_wall(std::chrono::seconds since_epoch) { start_ = since_epoch - elapsed_; }

 private:
  std::chrono::nanoseconds elapsed_{std::chrono::hours(1)};
  std::chrono::nanoseconds start_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace relay
