// The ends of messages that can't be handled, can't be decoded, or that nobody wants.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

HandlerGroup collect(std::vector<std::string>& handled, GroupOptions options = {}) {
  HandlerGroup group{std::move(options)};
  group.on<Order>(
      [&handled](const Order& order) {
        if (order.id == "bad") throw Busy{"for ever"};
        handled.push_back(order.id);
      },
      {.name = "store", .policy = {.retry = {.attempts = 1}}});
  return group;
}

testing::Logged undecodable() { return {.topic = "orders", .payload = R"({"id":"e","type":"order","body":{"id":5},"timestamp":1})"}; }
testing::Logged typeless() { return {.topic = "orders", .payload = "no JSON at all"}; }
testing::Logged unwanted() { return {.topic = "orders", .payload = R"({"id":"e","type":"refund","body":{},"timestamp":1})"}; }

// ---- on_failure ----

TEST(OnFailureDrop, SettlesCountsAndSaysSo) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_failure = OnFailure::drop}})};
  rig.broker.append(0, order("bad", "k"));
  rig.broker.append(0, order("good"));
  EXPECT_THAT(logged([&] { rig.settle(); }),
              HasSubstr("dropped after 1 attempt: on topic `orders`, partition 0, offset 0, key \"k\": dispytch::listen::Busy: for ever"));
  EXPECT_THAT(handled, ElementsAre("good"));
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_TRUE(rig.failures.empty());
}

TEST(OnFailureStop, EndsTheListenerAndSettlesNeitherThatMessageNorALaterOne) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_failure = OnFailure::stop}})};
  rig.broker.append(0, order("before"));
  rig.broker.append(0, order("bad", "k"));
  rig.broker.append(0, order("behind"));
  ASSERT_TRUE(rig.step()) << "the assignment";
  const auto stepped = rig.step();
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::handler);
  EXPECT_THAT(stepped.error().text, HasSubstr("handler `store` failed on topic `orders`, partition 0, offset 1, key \"k\": "
                                              "dispytch::listen::Busy: for ever. It is not settled"));
  EXPECT_FALSE(rig.step()) << "only the end is left";
  EXPECT_THAT(handled, ElementsAre("before"));
  EXPECT_TRUE(rig.engine().drain());
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "close"));
}

TEST(OnFailureStop, BeginsNothingThatOtherWorkersHaveNotBegun) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_failure = OnFailure::stop}}), {.workers = 2}};
  rig.broker.append(0, order("bad"));
  rig.broker.append(1, order("good"));
  rig.settle();
  ASSERT_EQ(rig.units(), 2);
  rig.work(0);
  EXPECT_FALSE(rig.step());
  rig.engine().begin_drain();
  EXPECT_TRUE(rig.engine().drain_step(0ms)) << "what a worker was given is taken back";
  rig.work(0);
  EXPECT_TRUE(rig.engine().end_drain());
  EXPECT_TRUE(handled.empty());
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.broker.committed(1), 0);
}

// ---- on_undecodable ----

TEST(OnUndecodable, ByDefaultIsAsOnFailureWithoutRetries) {
  std::vector<std::string> handled;
  HandlerGroup group{{.policy = {.retry = {.attempts = 9}}}};
  group.on<Order>([](const Order&) {});
  Rig rig{std::move(group), {.dead_letters = true}};
  rig.broker.append(0, undecodable());
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_EQ(rig.counters().retries, 0);
  const auto& headers = rig.dead_letters.letters[0].message.headers;
  EXPECT_THAT(headers, Contains(Pair("dispytch-reason", "undecodable")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-exception", "Order at /body/id (byte 38): expected a string, found 5")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-attempts", "1")));
  EXPECT_EQ(rig.dead_letters.letters[0].message.payload, undecodable().payload);
}

TEST(OnUndecodable, MayHold) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_failure = OnFailure::drop, .on_undecodable = OnFailure::hold}})};
  rig.broker.append(0, undecodable());
  rig.broker.append(0, order("behind"));
  rig.broker.append(1, order("elsewhere"));
  EXPECT_THAT(logged([&] { rig.settle(); }),
              HasSubstr("a message can't be decoded after 1 attempt on topic `orders`, partition 0, offset 0: Order at /body/id (byte 38): "
                        "expected a string, found 5. It is held"));
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_THAT(handled, ElementsAre("elsewhere"));
}

TEST(OnUndecodable, MayDrop) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_undecodable = OnFailure::drop}})};
  rig.broker.append(0, undecodable());
  rig.broker.append(0, order("behind"));
  EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("expected a string, found 5"));
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(OnUndecodable, MayStop) {
  std::vector<std::string> handled;
  Rig rig{collect(handled, {.policy = {.on_undecodable = OnFailure::stop}})};
  rig.broker.append(0, undecodable());
  ASSERT_TRUE(rig.step());
  const auto stepped = rig.step();
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::decode);
  EXPECT_THAT(stepped.error().text,
              AllOf(HasSubstr("a message can't be decoded on topic `orders`, partition 0, offset 0: Order at /body/id"),
                    HasSubstr("(for handler `store`)")));
}

TEST(OnUndecodable, IsTheListenersWhereTheBytesDoNotEvenSayTheirTypeAndHandlersDisagree) {
  std::vector<std::string> handled;
  HandlerGroup group = collect(handled, {.policy = {.on_undecodable = OnFailure::stop}});
  group.on<Shipped>([](const Shipped&) {},
                    {.topic = "orders", .policy = {.on_undecodable = OnFailure::hold}});  // two types: the type must be read
  Rig rig{std::move(group), {.delivery = {.policy = {.on_undecodable = OnFailure::drop}}}};
  rig.broker.append(0, typeless());
  rig.broker.append(0, order("behind"));
  rig.settle();
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_THAT(handled, ElementsAre("behind"));
}

TEST(OnUndecodable, IsForTopicSegmentsThatAreNoneToo) {
  std::vector<int> ids;
  HandlerGroup group;
  group.on<Order>([&](const Order&, TopicSegment<"id", int> id) { ids.push_back(*id); },
                  {.topic = "user.{id}", .policy = {.on_undecodable = OnFailure::drop}});
  Rig rig{std::move(group)};
  for (const char* topic : {"user.nobody", "user.7"}) rig.broker.append(0, {.topic = topic, .payload = order_payload("a")});
  EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("the topic's segment `id` is \"nobody\", which is no int"));
  EXPECT_THAT(ids, ElementsAre(7));
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(OnUndecodable, IsForHeadersThatCanNotBeReadToo) {
  std::vector<std::string> handled;
  HandlerGroup group = collect(handled);
  group.on<Shipped>([](const Shipped&) {}, {.topic = "orders"});  // two types: the header must be read
  for (const std::size_t workers : {0, 2}) {
    Rig rig{group,
            {.delivery = {.policy = {.on_undecodable = OnFailure::drop}},
             .workers = workers,
             .wire = {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::header, .name = "type"}}};
    const testing::Logged message{.topic = "orders", .payload = R"({"id": "a"})", .headers = {{"type", "order"}}};
    rig.broker.append(0, message);
    rig.broker.fail_headers(true);
    EXPECT_THAT(logged([&] { rig.settle_with_workers(); }), HasSubstr("the headers of a message of topic `orders` can't be read"));
    EXPECT_EQ(rig.counters().dropped, 1);
    rig.broker.fail_headers(false);
    rig.broker.append(0, message);
    rig.settle_with_workers();
    EXPECT_EQ(rig.broker.committed(0), 2);
  }
  EXPECT_THAT(handled, ElementsAre("a", "a"));
}

// ---- on_unhandled ----

TEST(OnUnhandledTypes, ByDefaultAreSettledAndCounted) {
  std::vector<std::string> handled;
  Rig rig{collect(handled)};
  rig.broker.append(0, unwanted());
  rig.broker.append(0, order("good"));
  rig.settle();
  EXPECT_EQ(rig.counters().unhandled, 1);
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(OnUnhandledTypes, MayGoToTheDeadLetters) {
  std::vector<std::string> handled;
  Rig rig{collect(handled), {.delivery = {.on_unhandled = policy::OnUnhandled::dead_letter}, .dead_letters = true}};
  rig.broker.append(0, unwanted());
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  const auto& headers = rig.dead_letters.letters[0].message.headers;
  EXPECT_THAT(headers, Contains(Pair("dispytch-reason", "unhandled")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-exception", "no handler wants events of type \"refund\"")));
  EXPECT_THAT(headers, Not(Contains(Pair("dispytch-handler", ::testing::_))));
  EXPECT_EQ(rig.counters().dead_lettered, 1);
  EXPECT_EQ(rig.counters().unhandled, 0);
}

TEST(OnUnhandledTypes, MayHold) {
  std::vector<std::string> handled;
  Rig rig{collect(handled), {.delivery = {.on_unhandled = policy::OnUnhandled::hold}}};
  rig.broker.append(0, unwanted());
  rig.broker.append(0, order("behind"));
  EXPECT_THAT(logged([&] { rig.settle(); }),
              HasSubstr("a message can't be handled on topic `orders`, partition 0, offset 0: no handler wants events of type \"refund\". "
                        "It is held"));
  EXPECT_EQ(rig.counters().held, 1);
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("behind"));
}

TEST(OnUnhandledTypes, MayStop) {
  std::vector<std::string> handled;
  Rig rig{collect(handled), {.delivery = {.on_unhandled = policy::OnUnhandled::stop}}};
  rig.broker.append(0, unwanted());
  ASSERT_TRUE(rig.step());
  const auto stepped = rig.step();
  ASSERT_FALSE(stepped);
  EXPECT_THAT(stepped.error().text,
              HasSubstr("a message can't be handled on topic `orders`, partition 0, offset 0: no handler wants events "
                        "of type \"refund\""));
  EXPECT_EQ(rig.broker.committed(0), 0);
}

// ---- all of them ----

TEST(OneBadMessage, StopsNoOtherPartitionHoweverBadItIs) {
  for (const OnFailure how : {OnFailure::dead_letter, OnFailure::drop, OnFailure::hold}) {
    for (const testing::Logged& bad : {order("bad"), undecodable(), typeless(), unwanted(), testing::Logged{.topic = "orders"}}) {
      std::vector<std::string> handled;
      HandlerGroup group = collect(handled);
      group.on<Shipped>([](const Shipped&) {}, {.topic = "orders"});
      Rig rig{std::move(group),
              {.delivery = {.policy = {.on_failure = how}, .on_unhandled = policy::OnUnhandled::hold}, .dead_letters = true}};
      rig.dead_letters.confirm_at_once = false;
      rig.broker.append(0, bad);
      rig.broker.append(0, order("behind"));
      for (int i = 0; i < 5; ++i) rig.broker.append(1, order("elsewhere"));
      (void)logged([&] { rig.settle_all(); });
      EXPECT_THAT(handled, ::testing::IsSupersetOf({"elsewhere", "elsewhere", "elsewhere", "elsewhere", "elsewhere"}));
      EXPECT_EQ(rig.broker.committed(1), 5);
    }
  }
}

}  // namespace
}  // namespace dispytch::listen
