#include "api/metric_family.h"

#include <cstdint>

namespace relay {

prometheus::ClientMetric::Histogram merge(const std::vector<const LatencyHistogram*>& parts) {
  prometheus::ClientMetric::Histogram merged{};
  std::uint64_t cumulative = 0;
  double sum_us = 0;
  for (const LatencyHistogram* const part : parts) sum_us += static_cast<double>(part->sum_us());
  for (std::size_t i = 0; i <= LatencyHistogram::buckets_count; ++i) {
    for (const LatencyHistogram* const part : parts) cumulative += part->bucket(i);
    if (i == LatencyHistogram::buckets_count) break;
    merged.bucket.push_back({cumulative, static_cast<double>(std::uint64_t{1} << i) / 1e6});
  }
  merged.sample_count = cumulative;
  merged.sample_sum = sum_us / 1e6;
  return merged;
}

}  // namespace relay
