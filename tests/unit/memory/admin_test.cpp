#include <cstdint>

#include "admin.hpp"

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using ::testing::HasSubstr;

class AdminTest : public BrokerTest {
 protected:
  static plugin::Source up_to(std::int64_t offset, std::int32_t partition = 0) {
    return {.topic = "orders", .partition = partition, .offset = offset};
  }
  plugin::Error refused(const plugin::Source& source) const {
    try {
      delete_up_to(*broker, std::vector{up_to(1), source});
    } catch (const plugin::Exception& exception) {
      return exception.error();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }
};

TEST_F(AdminTest, RangesSayWhatIsKeptAndWhereAGroupGoesOn) {
  open(one_topic(2));
  put_all({{.payload = "a", .partition = 1}, {.payload = "b", .partition = 1}});
  EXPECT_EQ(ranges(*broker, "orders", "billing")[1].stored, std::nullopt) << "no consumer has been there";
  const auto billing = reader();
  EXPECT_EQ(billing->settle(billing->poll_all().front().token), DISPYTCH_OK);
  const std::vector<plugin::Range> all = ranges(*broker, "orders", "billing");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].high, 0);
  EXPECT_EQ(all[1].partition, 1);
  EXPECT_EQ(all[1].low, 1) << "what every group has settled is dropped";
  EXPECT_EQ(all[1].high, 2);
  EXPECT_EQ(all[1].stored, 1);
  EXPECT_EQ(ranges(*broker, "orders", "")[1].stored, std::nullopt);
}

TEST_F(AdminTest, ATopicThatItsFirstUseCreatesMayBeAskedForAgain) {
  for (const bool auto_create : {true, false}) {
    Options options;
    options.topics = {{"orders", {}}};
    options.auto_create = auto_create;
    open(options);
    try {
      (void)ranges(*broker, "nowhere", "");
      FAIL() << "there is no such topic";
    } catch (const plugin::Exception& exception) {
      EXPECT_EQ(exception.error().code, DISPYTCH_ENOTFOUND);
      EXPECT_EQ(exception.error().retriable, auto_create);
    }
    const plugin::Lock lock{broker->mutex};
    EXPECT_EQ(broker->find("nowhere"), nullptr) << "nothing comes into being by asking";
  }
}

TEST_F(AdminTest, DeletedMessagesAreGoneForEveryGroupAndLeaveRoom) {
  open(with_topics({{"orders", {.max_messages = 3}}}));
  put_all({{.payload = "a"}, {.payload = "b"}, {.payload = "c"}});
  const auto billing = reader();
  const std::vector<Received> held = billing->poll_all();
  EXPECT_EQ(send({.payload = "d"}).count, 0u) << "it is full";
  delete_up_to(*broker, std::vector{up_to(2)});
  EXPECT_EQ(billing->settle(held[0].token), DISPYTCH_EFENCED);
  EXPECT_EQ(billing->settle(held[2].token), DISPYTCH_OK) << "the third is still there";
  put({.payload = "e"});
  const auto shipping = reader({.names = {"orders"}, .group = "shipping"}, 7);
  EXPECT_EQ(shipping->poll_all().front().payload, "e");
}

TEST_F(AdminTest, RefusesWhatIsNotThereBeforeAnythingIsDeleted) {
  open(one_topic(1));
  put_all({{.payload = "a"}, {.payload = "b"}});
  EXPECT_EQ(refused(up_to(3)).code, DISPYTCH_EINVAL);
  EXPECT_THAT(refused(up_to(3)).text, HasSubstr("topic `orders`, partition 0: expected an offset from 0 to 2, found 3"));
  EXPECT_EQ(refused(up_to(-1)).code, DISPYTCH_EINVAL);
  EXPECT_THAT(refused({.topic = "orders", .partition = 0}).text, HasSubstr("found none"));
  EXPECT_THAT(refused(up_to(0, 4)).text, HasSubstr("topic `orders` has no partition 4"));
  EXPECT_EQ(refused({.topic = "odrers", .partition = 0, .offset = 0}).code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(ranges(*broker, "orders", "").front().low, 0);
}

}  // namespace
}  // namespace dispytch::memory
