#include "base/counter.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(LatencyHistogram, PutsADurationIntoTheBucketThatHoldsIt) {
  LatencyHistogram histogram;

  histogram.record_us(0);
  histogram.record_us(1);
  histogram.record_us(1000, 3);
  histogram.record_us(60'000'000);

  EXPECT_EQ(histogram.bucket(0), 1U);
  EXPECT_EQ(histogram.bucket(1), 1U);
  EXPECT_EQ(histogram.bucket(10), 3U);  // below 1024 us
  EXPECT_EQ(histogram.bucket(LatencyHistogram::buckets_count), 1U);
  EXPECT_EQ(histogram.sum_us(), 60'003'001U);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(5);
  gauge.add(-2);
  EXPECT_EQ(gauge.value(), 3);
}

}  // namespace
}  // namespace relay
