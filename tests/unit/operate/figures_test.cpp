#include "operate/figures.hpp"

#include <dispytch/plugin/abi.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::operate {
namespace {

using ::testing::HasSubstr;

TEST(Figures, NameWhatListenersCountAndWhatIsFoundByLooking) {
  listen::Counters counters;
  listen::Counters::add(counters.handled, 7);
  const std::string text = to_prometheus({{"in", &counters, {.stuck = 2, .oldest_s = 1.5, .open_breakers = 1}}});
  EXPECT_THAT(text, HasSubstr("# TYPE dispytch_messages_handled_total counter\ndispytch_messages_handled_total{listener=\"in\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE dispytch_messages_stuck gauge\ndispytch_messages_stuck{listener=\"in\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("dispytch_oldest_unfinished_seconds{listener=\"in\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("dispytch_breakers_open{listener=\"in\"} 1\n"));
}

TEST(Figures, OfPluginsStandTogetherByName) {
  border::MetricRegistry one, other;
  one.record(one.declare(DISPYTCH_METRIC_COUNTER, "bytes.sent", "bytes"), 5);
  other.record(other.declare(DISPYTCH_METRIC_COUNTER, "bytes.sent", "bytes"), 6);
  one.record(one.declare(DISPYTCH_METRIC_GAUGE, "lag", "messages"), 3);
  const auto latency = one.declare(DISPYTCH_METRIC_HISTOGRAM, "latency", "ms");
  one.record(latency, 10);
  one.record(latency, 20);
  const std::string text = to_prometheus({}, {{"a", &one}, {"b", &other}});
  EXPECT_THAT(text, HasSubstr("# HELP dispytch_backend_bytes_sent_total Recorded by the plugin, in bytes.\n"
                              "# TYPE dispytch_backend_bytes_sent_total counter\n"
                              "dispytch_backend_bytes_sent_total{backend=\"a\"} 5\n"
                              "dispytch_backend_bytes_sent_total{backend=\"b\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("dispytch_backend_lag{backend=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("dispytch_backend_latency_count{backend=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("dispytch_backend_latency_sum{backend=\"a\"} 30\n"));
}

}  // namespace
}  // namespace dispytch::operate
