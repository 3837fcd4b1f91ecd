#include "retention.hpp"

#include <cstdint>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetentionTest : public BrokerTest {
 protected:
  void open_with(Retention retention) { open(options({{"orders", {.partitions = 1, .retention = retention}}})); }
  void look_after_retention() {
    host.advance(std::chrono::seconds{10});
    broker->writer().wake();
  }
  std::int64_t low() { return number("SELECT low FROM partitions"); }
  std::int64_t kept() { return number("SELECT count(*) FROM messages"); }
};

TEST_F(RetentionTest, KeepsEverythingUnlessItIsToldOtherwise) {
  open_with({});
  put({{.payload = "a"}, {.payload = "b"}});
  const auto member = reader();
  member->finish(member->take(2));
  const auto database = broker->file().connect();
  EXPECT_EQ(first_to_keep(*database, {}, 1, 0, 100), 0);
  EXPECT_EQ(kept(), 2);
}

TEST_F(RetentionTest, DeletesWhatEveryGroupHasHandledAndNothingElse) {
  open_with({.handled = true});
  put({{.payload = "a"}, {.payload = "b"}, {.payload = "c"}});
  const auto billing = reader();
  const auto shipping = reader({.names = {"orders"}, .group = "shipping"});
  const auto of_billing = billing->take(3), of_shipping = shipping->take(3);
  billing->finish(of_billing);
  shipping->finish({of_shipping[0], of_shipping[1]});
  eventually([&] { return low() == 2; }, "what both have handled is deleted");
  EXPECT_EQ(kept(), 1);
  shipping->finish({of_shipping[2]});
  eventually([&] { return kept() == 0; }, "the rest is deleted");
}

TEST_F(RetentionTest, KeepsWhatNoGroupReads) {
  open_with({.handled = true});
  put({{.payload = "a"}});
  const auto database = broker->file().connect();
  EXPECT_EQ(first_to_keep(*database, {.handled = true}, 1, 0, 100), 0);
}

TEST_F(RetentionTest, DeletesWhatIsTooOldUnreadAsItIsAndSaysSo) {
  open_with({.time_ms = 3'600'000});
  {
    const auto member = reader();
    member->await_event(DISPYTCH_ASSIGNED);  // its group begins here
    EXPECT_TRUE(member->consumer.close(std::chrono::seconds{5}).ok());
  }
  put({{.payload = "old"}, {.payload = "old, too"}});
  host.advance(std::chrono::hours{2});
  put({{.payload = "new"}});
  look_after_retention();
  eventually([&] { return low() == 2; }, "what is old is deleted");
  const auto member = reader();
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("new"));
  EXPECT_THAT(host.log(), Contains(HasSubstr("the 2 messages from offset 0 on were deleted before group `billing` had read them")));
}

TEST_F(RetentionTest, DeletesTheOldestAboveASize) {
  open_with({.max_bytes = 25});
  put({{.payload = "0123456789"}, {.payload = "0123456789"}, {.payload = "0123456789"}});
  look_after_retention();
  eventually([&] { return low() == 1; }, "the oldest is deleted");
  EXPECT_EQ(kept(), 2);
  EXPECT_EQ(number("SELECT bytes FROM partitions"), 20);
}

TEST_F(RetentionTest, DeletesInSteps) {
  open_with({});
  std::vector<Sending> many(10, Sending{.payload = "x"});
  put(many);
  const auto database = broker->file().connect();
  Transaction transaction{*database};
  EXPECT_EQ(delete_before(*database, 1, 7, 3), 3);
  EXPECT_EQ(delete_before(*database, 1, 7, 3), 3);
  EXPECT_EQ(delete_before(*database, 1, 7, 3), 1);
  EXPECT_EQ(delete_before(*database, 1, 7, 3), 0);
  transaction.commit();
  EXPECT_EQ(kept(), 3);
}

TEST_F(RetentionTest, LooksAtNoMoreThanItIsToldTo) {
  open_with({});
  put(std::vector<Sending>(10, Sending{.payload = "x", .timestamp_ms = 1}));
  const auto database = broker->file().connect();
  EXPECT_EQ(first_to_keep(*database, {.time_ms = 1}, 1, 1000, 4), 4);
}

TEST_F(RetentionTest, OffsetsGoOnAfterAllWasDeleted) {
  open_with({.handled = true});
  put({{.payload = "a"}});
  const auto member = reader();
  member->finish(member->take(1));
  eventually([&] { return kept() == 0; }, "it is deleted");
  EXPECT_EQ(outcome_of({.payload = "b"}).offset, 1);
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("b"));
}

}  // namespace
}  // namespace dispytch::sqlite
