#include <cstdint>

#include <dispytch/plugin/murmur2.hpp>

#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

// The values that Kafka's own test of its murmur2 expects (org.apache.kafka.common.utils.UtilsTest).
TEST(Murmur2, GivesTheHashesOfKafkasClients) {
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")), -58897971);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Murmur2, TakesBytesAsUnsigned) { EXPECT_NE(murmur2("\xff\xfe\xfd"), murmur2("\x7f\x7e\x7d")); }

TEST(PartitionOf, ClearsTheSignBitInsteadOfNegating) {
  EXPECT_EQ(partition_of("21", 1000), (-973932308 & 0x7fffffff) % 1000);
  EXPECT_EQ(partition_of("anything", 1), 0);
}

}  // namespace
}  // namespace dispytch::plugin
