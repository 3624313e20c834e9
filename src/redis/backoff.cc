#include "redis/backoff.h"

#include <utility>

#include "base/check.h"

namespace relay {

Backoff::Backoff(const Options& options, std::function<double()> random)
    : options_(options), random_(std::move(random)), ceiling_(options.first_ceiling) {
  RELAY_CHECK(options.first_ceiling.count() > 0 && options.first_ceiling <= options.ceiling_max);
}

std::chrono::milliseconds Backoff::next() {
  const auto delay = std::chrono::floor<std::chrono::milliseconds>(ceiling_ * random_());
  ceiling_ = ceiling_ > options_.ceiling_max / 2 ? options_.ceiling_max : ceiling_ * 2;
  return delay;
}

}  // namespace relay
