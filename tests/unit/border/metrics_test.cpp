#include "border/metrics.hpp"

#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <dispytch/plugin/abi.h>

namespace dispytch::border {
namespace {

TEST(MetricRegistry, AddsCountersAndObservationsAndSetsGauges) {
  MetricRegistry registry;
  const std::uint32_t counter = registry.declare(DISPYTCH_METRIC_COUNTER, "bytes", "By");
  const std::uint32_t gauge = registry.declare(DISPYTCH_METRIC_GAUGE, "lag", "1");
  const std::uint32_t histogram = registry.declare(DISPYTCH_METRIC_HISTOGRAM, "latency", "s");
  for (double value : {1.5, 2.5}) {
    registry.record(counter, value);
    registry.record(gauge, value);
    registry.record(histogram, value);
  }
  const std::vector<MetricValue> all = registry.snapshot();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "bytes");
  EXPECT_EQ(all[0].unit, "By");
  EXPECT_EQ(all[0].value, 4.0);
  EXPECT_EQ(all[1].kind, MetricKind::gauge);
  EXPECT_EQ(all[1].value, 2.5);
  EXPECT_EQ(all[2].value, 4.0);
  EXPECT_EQ(all[2].count, 2u);
}

TEST(MetricRegistry, GivesOneIdToOneName) {
  MetricRegistry registry;
  const std::uint32_t id = registry.declare(DISPYTCH_METRIC_COUNTER, "bytes", "By");
  EXPECT_NE(id, 0u);
  EXPECT_EQ(registry.declare(DISPYTCH_METRIC_COUNTER, "bytes", "By"), id);
  EXPECT_NE(registry.declare(DISPYTCH_METRIC_COUNTER, "messages", "1"), id);
}

TEST(MetricRegistry, IgnoresWhatIsNoMetric) {
  MetricRegistry registry;
  EXPECT_EQ(registry.declare(0, "bytes", "By"), 0u);
  EXPECT_EQ(registry.declare(4, "bytes", "By"), 0u);
  registry.record(0, 1);
  registry.record(1, 1);
  registry.record(UINT32_MAX, 1);
  EXPECT_TRUE(registry.snapshot().empty());
}

TEST(MetricRegistry, IsBounded) {
  MetricRegistry registry;
  for (std::size_t i = 0; i < MetricRegistry::kCapacity; ++i) {
    ASSERT_NE(registry.declare(DISPYTCH_METRIC_GAUGE, "metric_" + std::to_string(i), "1"), 0u);
  }
  EXPECT_EQ(registry.declare(DISPYTCH_METRIC_GAUGE, "one_too_many", "1"), 0u);
  EXPECT_EQ(registry.snapshot().size(), MetricRegistry::kCapacity);
}

TEST(MetricRegistry, LosesNoRecordBetweenThreads) {
  MetricRegistry registry;
  const std::uint32_t id = registry.declare(DISPYTCH_METRIC_COUNTER, "messages", "1");
  {
    const auto count = [&] {
      for (int i = 0; i < 1000; ++i) registry.record(id, 1);
    };
    const std::jthread one{count}, two{count};
  }
  EXPECT_EQ(registry.snapshot()[0].value, 2000.0);
}

}  // namespace
}  // namespace dispytch::border
