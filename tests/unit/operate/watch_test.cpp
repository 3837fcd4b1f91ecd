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
