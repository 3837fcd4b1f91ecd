#include "partition.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <dispytch/plugin/message.hpp>

namespace dispytch::memory {
namespace {

dispytch_message message(std::string_view payload) {
  dispytch_message result{};
  result.payload = plugin::bytes(payload);
  return result;
}

std::int64_t append(Partition& partition, const dispytch_message& view) { return partition.append(view, size_of(view), 7); }

class PartitionTest : public testing::Test {
 protected:
  const std::string topic_ = "orders";
  Partition partition_{topic_, 3};
};

TEST_F(PartitionTest, KeepsAbsentAndEmptyApart) {
  dispytch_message both = message("");
  append(partition_, both);
  both.payload = {};
  both.key = plugin::bytes("");
  append(partition_, both);
  EXPECT_EQ(partition_.at(0).view.key.data, nullptr);
  EXPECT_NE(partition_.at(0).view.payload.data, nullptr);
  EXPECT_EQ(partition_.at(0).view.payload.len, 0u);
  EXPECT_NE(partition_.at(1).view.key.data, nullptr);
  EXPECT_EQ(partition_.at(1).view.payload.data, nullptr);
}

TEST_F(PartitionTest, CopiesAllBytesAndSaysWhereTheyLie) {
  std::string payload = "payload", key = "key", name = "name", value = "value";
  const dispytch_header headers[] = {{plugin::bytes(name), plugin::bytes(value)}, {plugin::bytes(name), plugin::bytes("")}};
  dispytch_message view = message(payload);
  view.key = plugin::bytes(key);
  view.headers = headers;
  view.n_headers = 2;
  EXPECT_EQ(size_of(view), 7u + 3 + 4 + 5 + 4);
  append(partition_, view);
  payload.assign(7, 'x'), key.assign(3, 'x'), name.assign(4, 'x'), value.assign(5, 'x');

  const dispytch_message& stored = partition_.at(0).view;
  EXPECT_EQ(plugin::view(stored.topic), "orders");
  EXPECT_EQ(plugin::view(stored.key), "key");
  EXPECT_EQ(plugin::view(stored.payload), "payload");
  ASSERT_EQ(stored.n_headers, 2u);
  EXPECT_EQ(plugin::view(stored.headers[0].key), "name");
  EXPECT_EQ(plugin::view(stored.headers[0].value), "value");
  EXPECT_EQ(stored.headers[1].value.len, 0u);
  EXPECT_NE(stored.headers[1].value.data, nullptr);
  EXPECT_EQ(stored.partition, 3);
  EXPECT_EQ(stored.offset, 0);
  EXPECT_EQ(stored.flags,
            DISPYTCH_MSG_HEADERS | DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_TIMESTAMP | DISPYTCH_MSG_APPEND_TIME);
}

TEST_F(PartitionTest, TakesTheProducersTimeWhereItSaysOne) {
  dispytch_message view = message("x");
  append(partition_, view);
  view.timestamp_ms = 42;
  view.flags = DISPYTCH_MSG_TIMESTAMP;
  append(partition_, view);
  EXPECT_EQ(partition_.at(0).view.timestamp_ms, 7);
  EXPECT_NE(partition_.at(0).view.flags & DISPYTCH_MSG_APPEND_TIME, 0u);
  EXPECT_EQ(partition_.at(1).view.timestamp_ms, 42);
  EXPECT_EQ(partition_.at(1).view.flags & DISPYTCH_MSG_APPEND_TIME, 0u);
}

TEST_F(PartitionTest, FindsEveryMessageAcrossSegmentsWhileTheFrontIsDropped) {
  constexpr std::int64_t kCount = 3 * Segment::kRecords + 17;
  for (std::int64_t i = 0; i < kCount; ++i) ASSERT_EQ(append(partition_, message(std::to_string(i))), i);
  for (std::int64_t start = 0; start <= kCount; start += 37) {
    partition_.drop_before(start);
    ASSERT_EQ(partition_.start(), start);
    for (std::int64_t i = start; i < kCount; ++i) ASSERT_EQ(plugin::view(partition_.at(i).view.payload), std::to_string(i));
  }
  EXPECT_EQ(partition_.drop_before(kCount + 100).messages, static_cast<std::size_t>(kCount % 37)) << "no further than the end";
  EXPECT_EQ(append(partition_, message("next")), kCount);
  EXPECT_EQ(plugin::view(partition_.at(kCount).view.payload), "next");
}

TEST_F(PartitionTest, SaysHowMuchItDropped) {
  append(partition_, message("four"));
  append(partition_, message("sixsix"));
  append(partition_, message("x"));
  const Partition::Dropped dropped = partition_.drop_before(2);
  EXPECT_EQ(dropped.messages, 2u);
  EXPECT_EQ(dropped.bytes, 10u);
  EXPECT_EQ(partition_.drop_before(1).messages, 0u);
}

TEST_F(PartitionTest, AHeldSegmentOutlivesItsMessages) {
  append(partition_, message("still here"));
  const std::shared_ptr<Segment> held = partition_.segment(0);
  const dispytch_bytes payload = partition_.at(0).view.payload;
  for (std::int64_t i = 1; i < 2 * Segment::kRecords; ++i) append(partition_, message("more"));
  partition_.drop_before(partition_.end());
  EXPECT_EQ(plugin::view(payload), "still here");
  EXPECT_EQ(held.use_count(), 1) << "the log itself has let go of it";
}

}  // namespace
}  // namespace dispytch::memory
