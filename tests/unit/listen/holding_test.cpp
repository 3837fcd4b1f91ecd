// Messages that wait for a person, and the person's word.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

HandlerGroup failing(std::vector<std::string>& handled) {
  HandlerGroup group;
  group.on<Order>(
      [&handled](const Order& order) {
        if (order.id == "bad") throw Busy{"for ever"};
        handled.push_back(order.id);
      },
      {.name = "store", .policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .jitter = 0}}}});
  return group;
}

TEST(Holding, SaysWhatWhereWhyAndHowToLetItGo) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.skip_command = "dispytch skip --config app.yaml"}};
  rig.broker.append(1, order("good"));
  rig.broker.append(1, order("bad", "k-7"));
  EXPECT_THAT(
      logged([&] { rig.settle_all(); }),
      HasSubstr("error listener.billing: handler `store` failed after 2 attempts on topic `orders`, partition 1, offset 1, key "
                "\"k-7\": dispytch::listen::Busy: for ever. It is held, and what is behind it in its lane waits; mend the cause and "
                "start again, or let it go: dispytch skip --config app.yaml billing orders 1 1\n"));
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_EQ(rig.broker.committed(1), 1);
}

TEST(Holding, PromisesNoWayToLetItGoWhereThereIsNone) {
  std::vector<std::string> handled;
  Rig rig{failing(handled)};
  rig.broker.append(0, order("bad"));
  EXPECT_THAT(logged([&] { rig.settle_all(); }), HasSubstr("mend the cause and start again\n"));
}

TEST(Holding, BlocksItsLaneAndNoOther) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.delivery = {.ordering = Ordering::key}}};
  rig.broker.append(0, order("bad", "one"));
  rig.broker.append(0, order("behind", "one"));
  rig.broker.append(0, order("beside", "two"));
  rig.broker.append(1, order("elsewhere", "one"));
  rig.settle_all();
  rig.broker.append(0, order("later", "two"));
  rig.settle_all();
  EXPECT_THAT(handled, ElementsAre("beside", "elsewhere", "later"));
  EXPECT_EQ(rig.broker.committed(0), 0) << "nothing at or above the one that is held";
  EXPECT_EQ(rig.broker.committed(1), 1);
}

TEST(Holding, WithholdsTheSourceOnceTheLanesShareIsFull) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.delivery = {.limits = {.lane = 4}}, .batch_messages = 2}};
  rig.broker.append(0, order("bad"));
  for (int i = 0; i < 20; ++i) rig.broker.append(0, order("behind"));
  for (int i = 0; i < 20; ++i) rig.broker.append(1, order("elsewhere"));
  rig.settle_all();
  EXPECT_TRUE(rig.broker.paused(0));
  EXPECT_FALSE(rig.broker.paused(1));
  EXPECT_EQ(handled.size(), 20);
  EXPECT_LE(rig.engine().unfinished(), 4 + 2) << "its share, and what came in the same batch";
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle_all();
  EXPECT_EQ(handled.size(), 40);
  EXPECT_EQ(rig.broker.committed(0), 21);
  EXPECT_THAT(rig.broker.calls(), Contains("resume 0"));
}

TEST(Holding, WithholdsTheWholeListenerWhereTheBackendCanNotWithholdOneSource) {
  std::vector<std::string> handled;
  Rig rig{failing(handled),
          {.delivery = {.limits = {.lane = 4}}, .batch_messages = 2, .capabilities = DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS}};
  rig.broker.append(0, order("bad"));
  for (int i = 0; i < 20; ++i) rig.broker.append(0, order("behind"));
  rig.settle_all();
  EXPECT_LE(rig.engine().unfinished(), 4 + 2);
  EXPECT_EQ(rig.broker.polls().back().max_messages, 0) << "polling goes on with no credit";
  EXPECT_THAT(rig.broker.calls(), Not(Contains("pause 0")));
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle_all();
  EXPECT_EQ(handled.size(), 20);
}

TEST(Skipping, SettlesCountsAndSaysWhoDidIt) {
  std::vector<std::string> handled;
  Rig rig{failing(handled)};
  rig.broker.append(0, order("bad", "k"));
  rig.broker.append(0, order("behind"));
  rig.settle_all();
  const std::string log = logged([&] { ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "user 1000")); });
  EXPECT_THAT(log, HasSubstr("skipped by user 1000: topic `orders`, partition 0, offset 0, key \"k\": dispytch::listen::Busy: for ever"));
  rig.settle();
  EXPECT_EQ(rig.counters().skipped, 1);
  EXPECT_EQ(rig.counters().held, 0);
  EXPECT_EQ(rig.counters().dropped, 0);
  EXPECT_THAT(handled, ElementsAre("behind"));
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(Skipping, MayCutAWaitForTheNextAttemptShort) {
  std::vector<std::string> handled;
  Rig rig{failing(handled)};
  rig.broker.append(0, order("bad"));
  rig.broker.append(0, order("behind"));
  rig.settle();
  ASSERT_EQ(rig.counters().waiting, 1);
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle();
  EXPECT_EQ(rig.counters().waiting, 0);
  EXPECT_THAT(handled, ElementsAre("behind"));
  rig.advance(1h);  // the timer of what was skipped means nothing any more
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_TRUE(rig.failures.empty());
}

TEST(Skipping, OfWhatIsNotTheFirstOfALaneIsRefused) {
  std::vector<std::string> handled;
  Rig rig{failing(handled)};
  rig.broker.append(0, order("bad"));
  rig.broker.append(0, order("behind"));
  rig.settle_all();
  for (const auto& [topic, partition, offset] : {std::tuple{"orders", 0, 1}, {"orders", 0, 7}, {"orders", 1, 0}, {"other", 0, 0}}) {
    const Result<void> skipped = rig.engine().skip(topic, partition, offset, "the test");
    ASSERT_FALSE(skipped) << topic << partition << offset;
    EXPECT_EQ(skipped.error().code, ErrorCode::not_found);
    EXPECT_THAT(skipped.error().text, HasSubstr("is not the first unfinished message of a lane of listener `billing`"));
  }
  EXPECT_EQ(rig.counters().skipped, 0);
}

TEST(Skipping, OfWhatIsBeingHandledIsRefused) {
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Completion completion) { pending.push_back(std::move(completion)); });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  const Result<void> skipped = rig.engine().skip("orders", 0, 0, "the test");
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error().code, ErrorCode::invalid);
  EXPECT_THAT(skipped.error().text, HasSubstr("is being handled right now"));
  pending.clear();
}

TEST(Skipping, OfADeadLetterThatWaitsForItsNextTryLetsTheMessageGo) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad"));
  rig.settle();
  rig.advance(1s);
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_FALSE(rig.engine().skip("orders", 0, 0, "the test")) << "its dead letter may be stored this moment";
  rig.dead_letters.answer(Error{.code = ErrorCode::unavailable, .text = "away"});
  rig.settle();
  EXPECT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle_all();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.dead_letters.letters.size(), 1);
}

// ---- a broker whose messages have no offset ----

TEST(Holding, NamesAMessageWithoutAnOffsetByItsId) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.skip_command = "dispytch skip --config app.yaml"}};
  testing::Logged message = order("bad");
  message.id = "1700000000000-5";
  rig.broker.append(0, message);
  EXPECT_THAT(logged([&] { rig.settle_all(); }), HasSubstr(", id 1700000000000-5: "));
  ASSERT_EQ(rig.counters().held, 1);
  const std::vector<Unfinished> waiting = rig.engine().unfinished_for(0s, 10);
  ASSERT_EQ(waiting.size(), 1);
  EXPECT_EQ(waiting[0].id, "1700000000000-5");
  EXPECT_EQ(waiting[0].offset, -1);
}

TEST(Skipping, TakesTheIdOfAMessageWithoutAnOffset) {
  std::vector<std::string> handled;
  Rig rig{failing(handled), {.skip_command = "dispytch skip --config app.yaml"}};
  testing::Logged message = order("bad");
  message.id = "1700000000000-5";
  rig.broker.append(0, message);
  EXPECT_THAT(logged([&] { rig.settle_all(); }),
              HasSubstr("or let it go: dispytch skip --config app.yaml billing orders 1700000000000-5\n"));
  EXPECT_EQ(rig.engine().skip("orders", "another", "the test").error().code, ErrorCode::not_found);
  EXPECT_EQ(rig.engine().skip("elsewhere", "1700000000000-5", "the test").error().code, ErrorCode::not_found);
  EXPECT_EQ(rig.engine().skip("orders", 0, 0, "the test").error().code, ErrorCode::not_found) << "it has no offset";
  EXPECT_THAT(logged([&] { ASSERT_TRUE(rig.engine().skip("orders", "1700000000000-5", "user 1000")); }),
              HasSubstr("skipped by user 1000: topic `orders`, id 1700000000000-5, key"));
  rig.settle();
  EXPECT_EQ(rig.counters().held, 0);
  EXPECT_EQ(rig.counters().skipped, 1);
}

}  // namespace
}  // namespace dispytch::listen
