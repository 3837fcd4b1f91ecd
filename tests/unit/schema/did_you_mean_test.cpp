#include "schema/did_you_mean.hpp"

#include <gtest/gtest.h>

namespace dispytch::schema {
namespace {

TEST(DidYouMean, FindsAMissingAChangedAnAddedAndASwappedLetter) {
  const std::vector<std::string> keys = {"backend", "group", "topics", "start", "concurrency"};
  EXPECT_EQ(did_you_mean("concurency", keys), "concurrency");
  EXPECT_EQ(did_you_mean("bakcend", keys), "backend");
  EXPECT_EQ(did_you_mean("topicss", keys), "topics");
  EXPECT_EQ(did_you_mean("grpup", keys), "group");
}

TEST(DidYouMean, TakesCaseAndSeparatorsForAlike) {
  EXPECT_EQ(did_you_mean("BOOTSTRAP_SERVERS", {"bootstrap.servers", "acks"}), "bootstrap.servers");
}

TEST(DidYouMean, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("retry", {"backend", "group"}), std::nullopt);
  EXPECT_EQ(did_you_mean("x", {"y"}), std::nullopt);
  EXPECT_EQ(did_you_mean("", {"backend"}), std::nullopt);
  EXPECT_EQ(did_you_mean("anything", {}), std::nullopt);
}

TEST(DidYouMean, ChoosesTheNearestAndOfEquallyNearOnesTheFirstByName) {
  EXPECT_EQ(did_you_mean("acks", {"packs", "acks2", "ack"}), "ack");
  EXPECT_EQ(did_you_mean("formats", {"formatting", "format"}), "format");
}

TEST(DidYouMean, DoesNotMeasureEndlessWords) { EXPECT_EQ(did_you_mean(std::string(100'000, 'a'), {"aaaa"}), std::nullopt); }

}  // namespace
}  // namespace dispytch::schema
