// How much a listener has in hand at a time.
#include <cstdint>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// Never done until the test says so.
struct Pending {
  std::vector<Completion> completions = {};
  HandlerGroup group() {
    HandlerGroup made;
    made.on<Order>([this](const Order&, Completion completion) { completions.push_back(std::move(completion)); },
                   {.policy = {.timeout = 0ms}});
    return made;
  }
  void finish_all() {
    for (Completion& completion : std::exchange(completions, {})) completion();
  }
};

TEST(Bounds, OfMessagesAreTheCreditOfEachPoll) {
  Pending pending;
  Rig rig{pending.group(), {.delivery = {.ordering = Ordering::none, .limits = {.messages = 10}}, .batch_messages = 4}};
  for (int i = 0; i < 30; ++i) rig.broker.append(0, order("a"));
  std::size_t before = 0;
  rig.settle();
  std::size_t unfinished = 0;
  const auto polls = rig.broker.polls();
  for (const plugin::Limits& limits : std::span{polls}.subspan(1)) {
    EXPECT_LE(limits.max_messages, std::min<std::size_t>(4, 10 - unfinished));
    unfinished = std::min<std::size_t>(10, unfinished + limits.max_messages);
  }
  EXPECT_EQ(rig.engine().unfinished(), 10);
  EXPECT_EQ(rig.broker.delivered(), 10);
  EXPECT_EQ(rig.broker.polls().back().max_messages, 0) << "a full window is polled without credit";
  before = rig.broker.delivered();
  pending.finish_all();
  rig.settle();
  EXPECT_EQ(rig.broker.delivered() - before, 10);
  for (int i = 0; i < 3; ++i) {
    pending.finish_all();
    rig.settle();
  }
  EXPECT_EQ(rig.counters().handled, 30);
}

TEST(Bounds, OfBytesAreTheCreditOfEachPoll) {
  Pending pending;
  const std::uint64_t one = order_payload("a").size();
  Rig rig{pending.group(), {.delivery = {.ordering = Ordering::none, .limits = {.bytes = 5 * one}}}};
  for (int i = 0; i < 30; ++i) rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 5);
  EXPECT_EQ(rig.counters().unfinished_bytes, 5 * one);
  EXPECT_EQ(rig.broker.polls().at(1).max_bytes, 5 * one);
  EXPECT_EQ(rig.broker.polls().back().max_messages, 0);
  pending.completions.back()();
  pending.completions.pop_back();
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 5) << "one more came";
  pending.finish_all();
}

TEST(Bounds, OfBytesLetTheFirstMessagePassHoweverLongItIs) {
  std::vector<std::size_t> sizes;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { sizes.push_back(order.id.size()); });
  Rig rig{std::move(group), {.delivery = {.limits = {.bytes = 100}}}};
  rig.broker.append(0, order(std::string(5000, 'x')));
  rig.broker.append(0, order("short"));
  rig.settle();
  EXPECT_THAT(sizes, ElementsAre(5000, 5));
}

TEST(Bounds, OfTheSpanWithholdTheSourceWhoseFirstMessageIsStuck) {
  std::vector<Completion> stuck;
  std::size_t handled = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order, Completion completion) {
        if (order.id == "stuck") {
          stuck.push_back(std::move(completion));
        } else {
          ++handled;
          completion();
        }
      },
      {.policy = {.timeout = 0ms}});
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key, .limits = {.span = 64}}, .batch_messages = 8}};
  rig.broker.append(0, order("stuck", "stuck"));
  for (int i = 0; i < 200; ++i) rig.broker.append(0, order("a", "k" + std::to_string(i)));
  for (int i = 0; i < 200; ++i) rig.broker.append(1, order("b", "k" + std::to_string(i)));
  rig.settle();
  EXPECT_TRUE(rig.broker.paused(0));
  EXPECT_GT(handled, 200U) << "the other source goes on, and so does this one until its span is full";
  EXPECT_LE(handled, 200U + 64);
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.broker.committed(1), 200);
  stuck[0]();
  rig.settle();
  EXPECT_EQ(handled, 400);
  EXPECT_EQ(rig.broker.committed(0), 201);
}

TEST(Bounds, OfTheSpanWithholdEverythingWhereOneSourceCanNotBeWithheld) {
  Pending pending;
  Rig rig{pending.group(),
          {.delivery = {.ordering = Ordering::none, .limits = {.span = 64}}, .capabilities = DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS}};
  for (int i = 0; i < 200; ++i) rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 64);
  EXPECT_EQ(rig.broker.polls().back().max_messages, 0);
  pending.finish_all();
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 64);
  pending.finish_all();
}

TEST(Bounds, OfOneLaneWithholdItsSource) {
  Pending pending;
  Rig rig{pending.group(), {.delivery = {.ordering = Ordering::key, .limits = {.lane = 10}}, .batch_messages = 4}};
  for (int i = 0; i < 100; ++i) rig.broker.append(0, order("a", "hot"));
  for (int i = 0; i < 5; ++i) rig.broker.append(1, order("b", "cold"));
  rig.settle();
  EXPECT_TRUE(rig.broker.paused(0));
  EXPECT_FALSE(rig.broker.paused(1));
  EXPECT_LE(rig.engine().unfinished(), 10 + 4 + 5);
  for (int i = 0; i < 105; ++i) {
    pending.finish_all();
    rig.settle();
  }
  EXPECT_EQ(rig.counters().handled, 105);
}

TEST(Parking, CopiesWhatWaitsAndReleasesItsBatch) {
  std::vector<std::string> seen;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>([&](const Event<Order>& event, const Message& message) {
    if (failures-- > 0) throw Busy{"busy"};
    seen.push_back(event.topic + " " + event.key.value_or("-") + " " + event.body.id + " " + event.headers.at(0).second.value() + " " +
                   std::to_string(event.partition) + "@" + std::to_string(event.offset) + " " + std::string{*message.payload()});
  });
  Rig rig{std::move(group)};
  for (const char* id : {"first", "behind"}) {
    testing::Logged message = order(id, "k");
    message.headers = {{"trace", std::string{"of "} + id}};
    rig.broker.append(0, message);
  }
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 2);
  EXPECT_EQ(rig.broker.unreleased_batches(), 0) << "its bytes are overwritten now";
  rig.settle_all();
  EXPECT_THAT(seen, ElementsAre("orders k first of first 0@0 " + order_payload("first"),
                                "orders k behind of behind 0@1 " + order_payload("behind")));
}

TEST(Parking, CopiesWhatArrivesBehindABlockedMessage) {
  std::vector<std::string> seen;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (failures-- > 0) throw Busy{"busy"};
    seen.push_back(order.id);
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("first"));
  rig.settle();
  rig.broker.append(0, order("behind"));
  rig.broker.append(0, order("further behind"));
  rig.settle();
  EXPECT_EQ(rig.broker.unreleased_batches(), 0);
  rig.settle_all();
  EXPECT_THAT(seen, ElementsAre("first", "behind", "further behind"));
}

TEST(Parking, CopiesWhatIsLeftOfOldBatchesBehindAHandlerThatTakesItsTime) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}, .workers = 2}};
  rig.broker.append(0, order("slow", "stuck"));
  rig.settle();
  ASSERT_EQ(rig.units(), 1) << "with a worker, and stays there";
  std::vector<std::string> expected{"slow"};
  for (int i = 0; i < 200; ++i) {
    rig.broker.append(0, order("quick", "other"));
    expected.push_back("stuck " + std::to_string(i));
    rig.broker.append(0, order(expected.back(), "stuck"));
    rig.settle();
    while (rig.units() > 1) {
      rig.work(1);
      rig.settle();
    }
  }
  EXPECT_EQ(rig.engine().unfinished(), 201);
  EXPECT_LE(rig.broker.unreleased_batches(), 33) << "32, and that of the message with the worker";
  rig.settle_with_workers();
  std::erase(handled, "quick");
  EXPECT_EQ(handled, expected);
}

TEST(Parking, SaysWhichMessagesHeadersItCouldNotRead) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw Busy{"busy"}; }, {.policy = {.retry = {.attempts = 1}}});
  Rig rig{std::move(group), {.dead_letters = true}};
  testing::Logged message = order("a");
  message.headers = {{"trace", "abc"}};
  rig.broker.append(1, message);
  rig.broker.fail_headers(true);
  EXPECT_THAT(
      logged([&] { rig.settle(); }),
      ::testing::HasSubstr("the headers of a message of topic `orders`, partition 1, offset 0 can't be read; it waits, and would be "
                           "dead-lettered, without them"));
  EXPECT_EQ(rig.dead_letters.letters.size(), 1) << "it goes its way all the same";
}

TEST(Parking, KeepsAnEmptyKeyApartFromNone) {
  std::vector<std::optional<std::string>> keys;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>([&](const Event<Order>& event) {
    if (failures-- > 0) throw Busy{"busy"};
    keys.push_back(event.key);
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a", ""));
  rig.broker.append(0, order("b"));
  rig.settle_all();
  EXPECT_THAT(keys, ElementsAre(std::optional<std::string>{""}, std::nullopt));
}

TEST(Parking, IsNotNeededByWhatIsHandledAtOnce) {
  const void* seen = nullptr;
  HandlerGroup group;
  std::size_t unreleased = 0;
  Rig* rig_itself = nullptr;
  group.on<Order>([&](const Order&, const Message& message) {
    seen = message.payload()->data();
    unreleased = rig_itself->broker.unreleased_batches();
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_NE(seen, nullptr);
  EXPECT_EQ(unreleased, 1) << "the handler reads the batch itself";
  EXPECT_EQ(rig.broker.unreleased_batches(), 0);
}

}  // namespace
}  // namespace dispytch::listen
