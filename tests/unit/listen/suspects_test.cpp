// Messages that may be what ends the process.
#include "listen/suspects.hpp"

#include <cstdint>
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr std::uint64_t kEach =
    DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PAUSE | DISPYTCH_CAN_HEADERS | DISPYTCH_CAN_COUNT_ATTEMPTS;
constexpr std::uint64_t kRemembers = kEach | DISPYTCH_CAN_BEGIN;

testing::Logged delivered(const std::string& id, std::uint32_t times, std::uint16_t begun = 0) {
  testing::Logged message = order(id, id);
  message.attempt = times;
  message.begun = begun;
  return message;
}

HandlerGroup note(std::vector<std::string>& handled) {
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  return group;
}

TEST(Suspects, AreJudgedByDeliveriesWithoutAKnownEnd) {
  const policy::DeliveryOptions delivery;
  const auto is_suspect = [&](std::uint32_t attempt, std::uint32_t flags, std::uint16_t begun) {
    dispytch_message raw{};
    raw.attempt = attempt;
    raw.flags = flags;
    raw.begun = begun;
    inflight::Item item;
    item.raw = &raw;
    Suspects::judge(item, delivery);
    return item.suspect;
  };
  EXPECT_FALSE(is_suspect(0, 0, 0)) << "a broker that doesn't count";
  EXPECT_FALSE(is_suspect(2, 0, 0));
  EXPECT_TRUE(is_suspect(3, 0, 0));
  EXPECT_TRUE(is_suspect(1, DISPYTCH_MSG_BEGUN, 1));
  EXPECT_FALSE(is_suspect(1, 0, 1)) << "what no flag announces isn't said";
}

TEST(Suspects, AreHandledOnceTheBrokerKnowsIt) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.capabilities = kRemembers}};
  rig.broker.append(0, delivered("a", 3));
  rig.broker.append(0, delivered("b", 1));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("a", "b"));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "begin 0@0", "ack 0@0", "ack 0@1")) << "of the other nothing was said";
}

TEST(Suspects, AreHandledAloneWithWorkersToo) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.delivery = {.ordering = Ordering::key}, .workers = 4, .capabilities = kRemembers}};
  rig.broker.append(0, delivered("a", 1));
  rig.broker.append(0, delivered("s", 3));
  rig.broker.append(0, delivered("t", 4));
  rig.broker.append(0, delivered("b", 1));
  rig.settle();
  ASSERT_EQ(rig.units(), 1) << "the first runs, and the suspect behind waits for it";
  EXPECT_THAT(rig.broker.calls(), Not(Contains("begin 0@1")));
  rig.work();
  rig.settle();
  ASSERT_EQ(rig.units(), 1);
  EXPECT_THAT(rig.broker.calls(), Contains("begin 0@1"));
  EXPECT_THAT(rig.broker.calls(), Not(Contains("begin 0@2"))) << "one at a time";
  rig.work();
  rig.settle();
  ASSERT_EQ(rig.units(), 1);
  EXPECT_THAT(handled, ElementsAre("a", "s"));
  rig.settle_with_workers();
  EXPECT_THAT(handled, ElementsAre("a", "s", "t", "b"));
}

TEST(Suspects, WaitForACompletionThatIsOutstanding) {
  std::vector<Completion> completions;
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    handled.push_back(order.id);
    completions.push_back(std::move(completion));
  });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}, .capabilities = kRemembers}};
  rig.broker.append(0, delivered("a", 1));
  rig.broker.append(0, delivered("s", 3));
  rig.broker.append(0, delivered("b", 1));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("a"));
  completions[0](done());
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("a", "s")) << "and nothing beside it";
  completions[1](done());
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("a", "s", "b"));
  completions[2](done());
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Suspects, ThatFailAreSaidToHaveEnded) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        if (attempts.size() < 3) throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 5, .backoff = {.initial = 1s, .jitter = 0}}}});
  Rig rig{std::move(group), {.capabilities = kRemembers}};
  rig.broker.append(0, delivered("a", 3));
  rig.settle_all();
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "begin 0@0", "ended 0@0", "begin 0@0", "ended 0@0", "begin 0@0", "ack 0@0"));
}

TEST(Suspects, WaitUntilTheBrokerCanBeTold) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.capabilities = kRemembers}};
  rig.broker.fail_begin(plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "no coordinator", .retriable = true});
  rig.broker.append(0, delivered("s", 3));
  rig.broker.append(1, delivered("a", 1));
  EXPECT_THAT(logged([&] { rig.settle(); }),
              HasSubstr("can't be told that it is tried: on topic `orders`, partition 0, offset 0, key \"s\": no coordinator"));
  EXPECT_THAT(handled, ElementsAre("a")) << "the others go on";
  rig.broker.fail_begin(std::nullopt);
  rig.settle_all();
  EXPECT_THAT(handled, ElementsAre("a", "s"));
}

TEST(Suspects, GoToTheDeadLettersOnceTheyHaveEndedTheProcessFiveTimes) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.dead_letters = true, .capabilities = kRemembers}};
  rig.broker.append(0, delivered("guilty", 9, 5));
  rig.broker.append(0, delivered("neighbour", 9));
  rig.broker.append(1, delivered("nearly", 9, 4));
  rig.settle();
  EXPECT_THAT(handled, ::testing::UnorderedElementsAre("neighbour", "nearly"));
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_THAT(rig.dead_letters.letters[0].message.headers,
              ::testing::IsSupersetOf({Pair("dispytch-reason", std::string{"crashed"}), Pair("dispytch-attempts", std::string{"5"}),
                                       Pair("dispytch-offset", std::string{"0"})}));
  EXPECT_THAT(rig.broker.calls(), Not(Contains("begin 0@0")));
}

TEST(Suspects, WithoutDeadLettersAreHeld) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.capabilities = kRemembers}};
  rig.broker.append(0, delivered("guilty", 9, 5));
  EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("a message can't be handled after 5 attempts on topic `orders`, partition 0, offset "
                                                       "0, key \"guilty\": it was handled alone 5 times"));
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_THAT(handled, IsEmpty());
}

TEST(Suspects, AreHandledAloneAndNeverGivenUpWhereTheBrokerRemembersNothing) {
  std::vector<std::string> handled;
  Rig rig{note(handled), {.dead_letters = true, .capabilities = kEach}};
  rig.broker.append(0, delivered("a", 99));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("a"));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "ack 0@0"));
}

TEST(Suspects, JoinNoBatch) {
  std::vector<std::string> batches;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& batch) {
        std::string ids;
        for (const auto& item : batch) ids += item.body.id;
        batches.push_back(ids);
      },
      {.max = 3, .wait = 1s});
  Rig rig{std::move(group), {.capabilities = kRemembers}};
  for (const auto& message : {delivered("a", 1), delivered("b", 1), delivered("s", 3), delivered("c", 1), delivered("d", 1)}) {
    testing::Logged without_key = message;
    without_key.key.reset();
    rig.broker.append(0, without_key);
  }
  rig.settle_all();
  EXPECT_THAT(batches, ElementsAre("ab", "s", "cd"));
}

}  // namespace
}  // namespace dispytch::listen
