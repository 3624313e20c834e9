#pragma once
// Numbers that one thread writes and any thread reads: what a probe is made of. A write is a plain load and
// store on the writer's own cache line, never a locked instruction.

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace relay {

// Threading: add() from one thread only; value() from any.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A level that goes up and down. Threading: as Counter.
class Gauge {
 public:
  void add(std::int64_t amount) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in power-of-two buckets: bucket i counts what took less than 2^i microseconds, the last one the
// rest. Threading: as Counter.
class LatencyHistogram {
 public:
  static constexpr std::size_t buckets_count = 25;  // up to 16.8 s

  void record_us(std::uint64_t microseconds) noexcept { record_us(microseconds, 1); }
  void record_us(std::uint64_t microseconds, std::uint64_t times) noexcept {
    const auto width = static_cast<std::size_t>(std::bit_width(microseconds));
    buckets_[width < buckets_count ? width : buckets_count].add(times);
    sum_us_.add(microseconds * times);
  }
  // i in 0..buckets_count; the last is the overflow bucket. Not cumulative.
  [[nodiscard]] std::uint64_t bucket(std::size_t i) const noexcept { return buckets_[i].value(); }
  [[nodiscard]] std::uint64_t sum_us() const noexcept { return sum_us_.value(); }

 private:
  std::array<Counter, buckets_count + 1> buckets_;
  Counter sum_us_;
};

}  // namespace relay
