#pragma once
// How long to wait before the next attempt: a random time up to a ceiling that doubles with each failure, so
// that nodes which lost the same server do not come back together.
//
// Threading: bound to one thread.

#include <chrono>
#include <functional>

namespace relay {

class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds first_ceiling{100};
    std::chrono::milliseconds ceiling_max{10'000};
  };

  // `random` gives numbers from 0 to below 1, as random_fraction() does.
  Backoff(const Options& options, std::function<double()> random);

  // At least 0, below the ceiling, which the call then doubles.
  [[nodiscard]] std::chrono::milliseconds next();

  // The last attempt went well.
  void reset() noexcept { ceiling_ = options_.first_ceiling; }

 private:
  const Options options_;
  const std::function<double()> random_;
  std::chrono::milliseconds ceiling_;
};

}  // namespace relay
