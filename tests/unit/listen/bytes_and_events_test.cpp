// Topics that are read by handlers of messages and by handlers of events: who is asked for what is no event, and whose policy counts.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const WireForm kFlat{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::none};
const WireForm kFlatWithField{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = "type"};
const WireForm kFlatWithHeader{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::header, .name = "type"};

std::vector<WireForm> wire_forms() { return {WireForm{}, kFlat, kFlatWithField, kFlatWithHeader}; }

testing::Logged tombstone(const std::string& key) { return {.topic = "orders", .key = key}; }

// What no handler of events can take, in any wire form.
std::vector<testing::Logged> no_events() {
  std::vector<testing::Logged> all;
  for (const char* payload : {"", "no JSON at all", "5", "[1]", "{}", R"({"id")", "\xff\xfe"}) {
    all.push_back({.topic = "orders", .key = "k", .payload = payload, .headers = {{"type", "order"}}});
  }
  return all;
}

struct Seen {
  std::vector<std::string> bytes = {};
  std::vector<std::string> orders = {};
};

HandlerGroup both(Seen& seen, HandlerOptions of_events = {}) {
  HandlerGroup group{{.topic = "orders"}};
  of_events.name = "store";
  group.on<Order>([&seen](const Order& order) { seen.orders.push_back(order.id); }, std::move(of_events));
  group.on_message([&seen](const Message& message) { seen.bytes.emplace_back(message.payload().value_or("gone")); }, {.name = "audit"});
  return group;
}

HandlerGroup events_only(Seen& seen, HandlerOptions of_events = {}) {
  HandlerGroup group{{.topic = "orders"}};
  of_events.name = "store";
  group.on<Order>([&seen](const Order& order) { seen.orders.push_back(order.id); }, std::move(of_events));
  return group;
}

HandlerGroup batches_only(Seen& seen, BatchOptions options = {}) {
  HandlerGroup group{{.topic = "orders"}};
  options.name = "store";
  options.wait = 0ms;
  group.on_batch<Order>(
      [&seen](Batch<Order>& batch) {
        for (const auto& item : batch) seen.orders.push_back(item.body.id);
      },
      std::move(options));
  return group;
}

// ---- tombstones ----

TEST(ATombstone, AsksOnlyHandlersThatCanTakeIt) {
  for (const WireForm& wire : wire_forms()) {
    for (const std::size_t workers : {0, 2}) {
      Seen seen;
      Rig rig{both(seen), {.delivery = {.on_tombstone = OnTombstone::hold}, .workers = workers, .wire = wire}};
      rig.broker.append(0, tombstone("k"));
      rig.settle_with_workers();
      EXPECT_THAT(seen.bytes, ElementsAre("gone"));
      EXPECT_THAT(seen.orders, IsEmpty());
      EXPECT_EQ(rig.counters().handled, 1);
      EXPECT_EQ(rig.broker.committed(0), 1);
    }
  }
}

TEST(ATombstone, ThatNoHandlerTakesIsSettledAndCountedAndTheFirstOfATopicIsLogged) {
  for (const WireForm& wire : wire_forms()) {
    Seen seen;
    Rig rig{events_only(seen, {.policy = {.on_failure = OnFailure::stop, .on_undecodable = OnFailure::stop}}), {.wire = wire}};
    rig.broker.append(0, tombstone("k"));
    rig.broker.append(0, tombstone("l"));
    const std::string log = logged([&] { rig.settle(); });
    EXPECT_THAT(log, AllOf(HasSubstr("a message without payload (a tombstone) on topic `orders`, partition 0, offset 0, key \"k\": no "
                                     "handler takes such messages, so it is settled"),
                           Not(HasSubstr("offset 1"))));
    EXPECT_EQ(rig.counters().unhandled, 2);
    EXPECT_EQ(rig.broker.committed(0), 2);
    EXPECT_THAT(rig.failures, IsEmpty());
  }
}

TEST(ATombstone, MayBeHeld) {
  for (const bool batches : {false, true}) {
    for (const WireForm& wire : wire_forms()) {
      Seen seen;
      Rig rig{batches ? batches_only(seen, {.policy = {.on_undecodable = OnFailure::drop}})
                      : events_only(seen, {.policy = {.on_undecodable = OnFailure::drop}}),
              {.delivery = {.on_tombstone = OnTombstone::hold}, .wire = wire}};
      rig.broker.append(0, tombstone("k"));
      EXPECT_THAT(logged([&] { rig.settle_all(); }),
                  HasSubstr("a message can't be handled on topic `orders`, partition 0, offset 0, key \"k\": it has no payload (a "
                            "tombstone), and no handler takes such messages: one by on_message() would, and `on_tombstone: settle` lets "
                            "them pass. It is held"));
      EXPECT_EQ(rig.counters().held, 1);
      EXPECT_EQ(rig.broker.committed(0), 0);
    }
  }
}

TEST(ATombstone, MayGoToTheDeadLettersWhereItStaysOne) {
  for (const bool batches : {false, true}) {
    Seen seen;
    Rig rig{batches ? batches_only(seen) : events_only(seen),
            {.delivery = {.on_tombstone = OnTombstone::dead_letter}, .dead_letters = true}};
    rig.broker.append(0, tombstone("k"));
    (void)logged([&] { rig.settle_all(); });
    ASSERT_EQ(rig.dead_letters.letters.size(), 1);
    const OutgoingMessage& letter = rig.dead_letters.letters[0].message;
    EXPECT_EQ(letter.payload, std::nullopt);
    EXPECT_THAT(letter.headers, Contains(Pair("dispytch-reason", "tombstone")));
    EXPECT_THAT(letter.headers, Not(Contains(Pair("dispytch-handler", ::testing::_))));
    EXPECT_EQ(rig.counters().dead_lettered, 1);
  }
}

TEST(ATombstone, AmongTheMessagesOfABatchIsNoneOfIt) {
  for (const WireForm& wire : {WireForm{}, kFlat}) {
    Seen seen;
    Rig rig{batches_only(seen, {.policy = {.on_undecodable = OnFailure::stop}}), {.wire = wire}};
    const auto event = [&](const std::string& id) {
      return wire == kFlat ? testing::Logged{.topic = "orders", .payload = R"({"id":")" + id + R"("})"} : order(id);
    };
    rig.broker.append(0, event("a"));
    rig.broker.append(0, tombstone("k"));
    rig.broker.append(0, event("b"));
    (void)logged([&] { rig.settle_all(); });
    EXPECT_THAT(seen.orders, ElementsAre("a", "b"));
    EXPECT_EQ(rig.counters().unhandled, 1);
    EXPECT_EQ(rig.broker.committed(0), 3);
  }
}

// ---- bytes that are no event ----

TEST(BytesThatAreNoEvent, GoToTheHandlersOfMessagesFirstAndThenTheHandlerOfEventsDecides) {
  for (const WireForm& wire : wire_forms()) {
    for (const testing::Logged& bad : no_events()) {
      if (wire == kFlatWithField && bad.payload == "{}") continue;  // a field that should be the type: told as undecodable too, below
      SCOPED_TRACE(*bad.payload);
      Seen seen;
      Rig rig{both(seen, {.policy = {.retry = {.attempts = 5}, .on_failure = OnFailure::stop, .on_undecodable = OnFailure::dead_letter}}),
              {.wire = wire, .dead_letters = true}};
      rig.broker.append(0, bad);
      (void)logged([&] { rig.settle_all(); });
      EXPECT_THAT(seen.bytes, ElementsAre(*bad.payload)) << "once";
      ASSERT_EQ(rig.dead_letters.letters.size(), 1);
      const OutgoingMessage& letter = rig.dead_letters.letters[0].message;
      EXPECT_EQ(letter.payload, bad.payload);
      EXPECT_THAT(letter.headers, Contains(Pair("dispytch-reason", "undecodable")));
      EXPECT_THAT(letter.headers, Contains(Pair("dispytch-handler", "store")));
      EXPECT_EQ(rig.broker.committed(0), 1);
    }
  }
}

TEST(BytesThatAreNoEvent, AreTakenByAHandlerOfMessagesThatFinishesLaterAndOnce) {
  Seen seen;
  std::vector<Completion> open;
  HandlerGroup group = events_only(seen, {.policy = {.on_undecodable = OnFailure::drop}});
  group.on_message([&](const Message& message, Completion completion) {
    seen.bytes.emplace_back(message.payload().value_or("gone"));
    open.push_back(std::move(completion));
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, {.topic = "orders", .payload = "no JSON"});
  rig.broker.append(0, order("behind"));
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  ASSERT_EQ(open.size(), 1);
  open[0](done());
  (void)logged([&] { rig.settle(); });
  ASSERT_EQ(open.size(), 2);
  open[1](done());
  rig.settle();
  EXPECT_THAT(seen.bytes, ElementsAre("no JSON", order_payload("behind")));
  EXPECT_THAT(seen.orders, ElementsAre("behind"));
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(BytesThatAreNoEvent, AreTriedAgainWithTheHandlerOfMessagesThatFailedAndWithNoOther) {
  Seen seen;
  int failures = 2;
  HandlerGroup group = both(seen, {.policy = {.on_undecodable = OnFailure::hold}});
  group.on_message([&](const Message&) {
    if (failures-- > 0) throw Busy{"not yet"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, {.topic = "orders", .payload = "no JSON"});
  EXPECT_THAT(
      logged([&] { rig.settle_all(); }),
      AllOf(HasSubstr("a message can't be decoded after 1 attempt on topic `orders`, partition 0, offset 0"), HasSubstr("It is held")));
  EXPECT_THAT(seen.bytes, ElementsAre("no JSON"));
  EXPECT_EQ(failures, -1);
  EXPECT_EQ(rig.counters().held, 1);
}

TEST(BytesThatAreNoEvent, AreThoseOfAHandlerOfBatchesToo) {
  for (const WireForm& wire : wire_forms()) {
    for (const testing::Logged& bad : no_events()) {
      SCOPED_TRACE(*bad.payload);
      Seen seen;
      Rig rig{batches_only(seen, {.policy = {.on_failure = OnFailure::stop, .on_undecodable = OnFailure::dead_letter}}),
              {.wire = wire, .dead_letters = true}};
      rig.broker.append(0, bad);
      (void)logged([&] { rig.settle_all(); });
      ASSERT_EQ(rig.dead_letters.letters.size(), 1);
      EXPECT_THAT(rig.dead_letters.letters[0].message.headers, Contains(Pair("dispytch-handler", "store")));
    }
  }
}

TEST(BytesThatAreNoEvent, FollowSeveralHandlersOfEventsWhereTheseAgree) {
  Seen seen;
  HandlerGroup group{{.topic = "orders", .policy = {.on_undecodable = OnFailure::drop}}};
  group.on<Order>([](const Order&) {});
  group.on<Shipped>([](const Shipped&) {});
  Rig rig{std::move(group), {.delivery = {.policy = {.on_undecodable = OnFailure::stop}}}};
  rig.broker.append(0, {.topic = "orders", .payload = "no JSON"});
  (void)logged([&] { rig.settle(); });
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

// ---- one handler's end is that handler's ----

TEST(AFailureThatIsDropped, LeavesTheMessageToTheHandlersBehind) {
  for (const std::size_t workers : {0, 2}) {
    std::vector<std::string> called;
    HandlerGroup group;
    group.on<Order>(
        [&](const Order&) {
          called.emplace_back("first");
          throw Busy{"for ever"};
        },
        {.name = "first", .policy = {.retry = {.attempts = 2}, .on_failure = OnFailure::drop}});
    group.on<Order>([&](const Order&, TopicSegment<"number", int>) { called.emplace_back("never"); },
                    {.topic = "{number}", .policy = {.on_undecodable = OnFailure::drop}});
    group.on<Order>([&](const Order&) { called.emplace_back("last"); }, {.name = "last"});
    Rig rig{std::move(group), {.workers = workers}};
    rig.broker.append(0, order("a"));
    (void)logged([&] {
      rig.settle_with_workers();
      for (int i = 0; i < 5; ++i) {
        rig.clock.advance(1min);
        rig.settle_with_workers();
      }
    });
    EXPECT_THAT(called, ElementsAre("first", "first", "last"));
    EXPECT_EQ(rig.counters().dropped, 1) << "not all of its handlers ended well";
    EXPECT_EQ(rig.counters().handled, 0);
    EXPECT_EQ(rig.broker.committed(0), 1);
  }
}

}  // namespace
}  // namespace dispytch::listen
