#include "entry_id.hpp"

#include <cstdint>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

namespace {

using dispytch::redis::EntryId;

TEST(RedisEntryId, IsReadAndWrittenAsTheServerDoes) {
  const auto id = EntryId::parse("1700000000000-5");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->ms, 1'700'000'000'000U);
  EXPECT_EQ(id->seq, 5U);
  EXPECT_EQ(id->text(), "1700000000000-5");
  for (const char* wrong : {"", "5", "5-", "-5", "5-x", "x-5", "5-5-5", "5 -5", "99999999999999999999-0"}) {
    EXPECT_EQ(EntryId::parse(wrong), std::nullopt) << wrong;
  }
}

TEST(RedisEntryId, OrdersByTimeAndThenByNumber) {
  EXPECT_LT((EntryId{9, 9}), (EntryId{10, 0}));
  EXPECT_LT((EntryId{9, 9}), (EntryId{9, 10}));
  EXPECT_EQ((EntryId{9, 9}.next()), (EntryId{9, 10}));
  EXPECT_EQ((EntryId{9, std::numeric_limits<std::uint64_t>::max()}.next()), (EntryId{10, 0}));
}

TEST(RedisEntryId, OffsetsKeepTheOrderAndLeadBack) {
  const EntryId ids[] = {{0, 0}, {0, 1}, {1, 0}, {1'700'000'000'000, 0}, {1'700'000'000'000, 4711}, {4'102'444'800'000, 2'097'151}};
  std::int64_t before = -1;
  for (const EntryId& id : ids) {
    const auto offset = id.offset();
    ASSERT_TRUE(offset) << id.text();
    EXPECT_GT(*offset, before);
    EXPECT_EQ(EntryId::at(*offset), id);
    before = *offset;
  }
  EXPECT_EQ(EntryId::at(-1), EntryId{});
}

TEST(RedisEntryId, HasNoOffsetWhereItDoesNotFit) {
  EXPECT_EQ((EntryId{1, 2'097'152}.offset()), std::nullopt);
  EXPECT_EQ((EntryId{std::uint64_t{1} << 42, 0}.offset()), std::nullopt);
}

}  // namespace
