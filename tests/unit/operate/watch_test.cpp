// What is stuck, and what is dead, by a clock of the test's own.
#include "operate/watch.hpp"

#include "unit/listen/rig.hpp"

namespace dispytch::operate {
namespace {

using namespace std::chrono_literals;
using listen::logged;
using listen::order;
using listen::Order;
using listen::Rig;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Watching : public ::testing::Test {
 protected:
  static HandlerGroup failing() {
    HandlerGroup group;
    group.on<Order>([](const Order&) { throw std::logic_error{"never"}; }, {.name = "store"});
    return group;
  }
  void SetUp() override {
    rig.broker.append(0, order("a"));
    rig.settle_all();
  }
  // What the listener is asked, it answers at its next step.
  void look() {
    watch.look();
    (void)rig.step();
    watch.look();
    (void)rig.step();
  }

  Rig rig{failing(), {.delivery = {.stuck_after = 10s}}};
  Watch watch{{&rig.engine()}, {}, rig.clock};
};

TEST_F(Watching, TellsOfAStuckMessageOnceAndAgainAfterFiveMinutes) {
  rig.clock.advance(9s);
  EXPECT_THAT(logged([&] { look(); }), Not(HasSubstr("stuck")));
  EXPECT_EQ(watch.figures()[0].looked.stuck, 0);
  EXPECT_GE(watch.figures()[0].looked.oldest_s, 9);
  rig.clock.advance(2s);
  EXPECT_THAT(logged([&] { look(); }), HasSubstr("stuck: topic `orders`, partition 0, offset 0 has been unfinished for"));
  EXPECT_EQ(watch.figures()[0].looked.stuck, 1);
  EXPECT_THAT(watch.unready(), ::testing::Contains(HasSubstr("handler `store`: std::logic_error: never")));
  rig.clock.advance(4min);
  EXPECT_THAT(logged([&] { look(); }), Not(HasSubstr("stuck")));
  rig.clock.advance(1min);
  EXPECT_THAT(logged([&] { look(); }), HasSubstr("stuck: "));
}

TEST_F(Watching, SaysWhatIsHeldAndWhy) {
  EXPECT_THAT(watch.unready(), ElementsAre("listener billing: 1 message is held")) << "before it has looked";
  look();
  EXPECT_THAT(watch.unready(),
              ElementsAre("listener billing: 1 message is held: topic `orders`, partition 0, offset 0: std::logic_error: never"));
  rig.broker.append(1, order("b"));
  rig.settle_all();
  look();
  EXPECT_THAT(watch.unready(), ElementsAre("listener billing: 2 messages are held, the oldest of them topic `orders`, partition 0, offset "
                                           "0: std::logic_error: never"));
}

TEST_F(Watching, GivesAFigureOfLagForEachPartitionAndNoneThatIsOld) {
  look();
  const auto figure = [&] { return to_prometheus(watch.figures()); };
  EXPECT_THAT(figure(), HasSubstr("# TYPE dispytch_lag_messages gauge\n"
                                  "dispytch_lag_messages{listener=\"billing\",topic=\"orders\",partition=\"0\"} 1\n"
                                  "dispytch_lag_messages{listener=\"billing\",topic=\"orders\",partition=\"1\"} 0\n"));
  EXPECT_THAT(figure(), HasSubstr("dispytch_oldest_unhandled_seconds{listener=\"billing\",topic=\"orders\",partition=\"1\"} 0\n"));
  EXPECT_THAT(figure(), Not(HasSubstr("dispytch_oldest_unhandled_seconds{listener=\"billing\",topic=\"orders\",partition=\"0\"}")))
      << "the message has no time";
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle();
  look();
  EXPECT_THAT(figure(), HasSubstr("dispytch_lag_messages{listener=\"billing\",topic=\"orders\",partition=\"0\"} 0\n"));
  rig.clock.advance(11s);
  EXPECT_THAT(figure(), Not(HasSubstr("dispytch_lag_messages{")));
}

TEST(WatchingLetters, SaysThatADeadLetterCanNotBeStored) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { return dead_letter("never"); });
  Rig rig{std::move(group), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  Watch watch{{&rig.engine()}, {}, rig.clock};
  const auto look = [&] {
    for (int i = 0; i < 2; ++i) {
      watch.look();
      (void)rig.step();
    }
  };
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.dead_letters.answer(Error{.code = ErrorCode::timeout, .text = "no answer", .retriable = true});
  (void)logged([&] { rig.settle(); });
  look();
  EXPECT_THAT(watch.unready(), IsEmpty()) << "that passes";
  (void)logged([&] { rig.advance(1min); });
  rig.dead_letters.answer(Error{.code = ErrorCode::not_found, .text = "there is no topic `orders.dlq`"});
  (void)logged([&] { rig.settle(); });
  look();
  EXPECT_THAT(watch.unready(), ElementsAre("listener billing: topic `orders`, partition 0, offset 0: never; its dead letter can't be "
                                           "stored: there is no topic `orders.dlq`"));
  (void)logged([&] { rig.advance(1min); });
  rig.dead_letters.answer(Receipt{});
  (void)logged([&] { rig.settle(); });
  look();
  EXPECT_THAT(watch.unready(), IsEmpty());
}

TEST_F(Watching, TakesAThreadForDeadThatDoesNotAnswerForAMinute) {
  watch.look();
  rig.clock.advance(59s);
  EXPECT_THAT(watch.dead(), IsEmpty());
  rig.clock.advance(2s);
  EXPECT_THAT(watch.dead(), ElementsAre(HasSubstr("its thread hasn't answered for 61 s")));
  (void)rig.step();
  EXPECT_THAT(watch.dead(), IsEmpty());
}

}  // namespace
}  // namespace dispytch::operate
