#include "app/host_limits.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(HostLimits, ReadsCpuQuotasAndRoundsThemUp) {
  EXPECT_EQ(parse_cpu_max("max 100000\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_max("200000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("5000 100000\n"), 1U);
  EXPECT_EQ(parse_cpu_max("-1\n 100000\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_max("1 0"), std::nullopt);
  EXPECT_EQ(parse_cpu_max(""), std::nullopt);
}

TEST(HostLimits, ReadsMemoryLimits) {
  EXPECT_EQ(parse_memory_max("max\n"), std::nullopt);
  EXPECT_EQ(parse_memory_max("536870912\n"), 536870912U);
  EXPECT_EQ(parse_memory_max("9223372036854771712\n"), std::nullopt);
  EXPECT_EQ(parse_memory_max("0"), std::nullopt);
  EXPECT_EQ(parse_memory_max(""), std::nullopt);
}

TEST(HostLimits, MeasuresSomethingEverywhere) {
  const HostLimits limits = measure_host_limits();
  EXPECT_GE(limits.cpus, 1U);
  EXPECT_GT(limits.memory_bytes, 0U);
  EXPECT_GT(limits.open_files, 0U);
}

TEST(HostLimits, KeepsDescriptorsBackForOtherThings) {
  EXPECT_EQ(default_connections_max({.open_files = 1024}), 896U);
  EXPECT_EQ(default_connections_max({.open_files = 65536}), 61440U);
  EXPECT_EQ(default_connections_max({.open_files = 100}), 50U);
  EXPECT_EQ(default_connections_max({.open_files = 0}), 1U);
  EXPECT_EQ(default_connections_max({.open_files = ~std::uint64_t{0}}), 1'000'000U);
}

TEST(HostLimits, StartsNoMoreWorkersThanThereMayBe) {
  EXPECT_EQ(default_workers({.cpus = 0}), 1U);
  EXPECT_EQ(default_workers({.cpus = 4}), 4U);
  EXPECT_EQ(default_workers({.cpus = 400}), 64U);
}

}  // namespace
}  // namespace relay
