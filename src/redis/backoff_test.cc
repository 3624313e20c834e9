#include "redis/backoff.h"

#include <random>

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::milliseconds;

constexpr Backoff::Options options{.first_ceiling = milliseconds(100), .ceiling_max = milliseconds(1000)};

TEST(Backoff, ItsCeilingDoublesUpToTheCap) {
  Backoff backoff(options, [] { return 0.5; });

  for (const int expected : {50, 100, 200, 400, 500, 500}) EXPECT_EQ(backoff.next(), milliseconds(expected));
}

TEST(Backoff, BeginsAnewAfterASuccess) {
  Backoff backoff(options, [] { return 0.5; });
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.next());

  backoff.reset();

  EXPECT_EQ(backoff.next(), milliseconds(50));
}

TEST(Backoff, DrawsFromTheWholeRangeBelowTheCeiling) {
  std::mt19937 engine(42);
  std::uniform_real_distribution<double> distribution(0, 1);
  Backoff backoff(options, [&] { return distribution(engine); });
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.next());  // to the cap
  milliseconds shortest = options.ceiling_max;
  milliseconds longest{0};

  for (int i = 0; i < 1000; ++i) {
    const milliseconds delay = backoff.next();
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }

  EXPECT_GE(shortest, milliseconds(0));
  EXPECT_LT(shortest, milliseconds(20));
  EXPECT_GT(longest, milliseconds(980));
  EXPECT_LT(longest, milliseconds(1000));
}

TEST(Backoff, DoesNotOverflowHoweverOftenItFails) {
  Backoff backoff({.first_ceiling = milliseconds(1), .ceiling_max = milliseconds::max()}, [] { return 0.0; });

  for (int i = 0; i < 200; ++i) EXPECT_EQ(backoff.next(), milliseconds(0));
}

}  // namespace
}  // namespace relay
