// Losses that were found in other clients and frameworks by running them, each kept from happening here. Those that need a broker stand in
// tests/integration/kafka/.
#include <cstdint>
#include <future>
#include <thread>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Departed {
  static constexpr auto topic = "flights";
  static constexpr auto type = "departed";
  int delay_minutes = 0;
};
DISPYTCH_EVENT(Departed, delay_minutes)

TEST(OthersLosses, ARaisingHandlerIsNotAcknowledgedAllTheSame) {
  for (const std::uint64_t acknowledging : {DISPYTCH_CAN_ACK_UP_TO, DISPYTCH_CAN_ACK_EACH}) {
    HandlerGroup group;
    group.on<Order>([](const Order&) { throw Busy{"not stored"}; });
    Rig rig{std::move(group), {.capabilities = acknowledging | DISPYTCH_CAN_GROUPS}};
    rig.broker.append(0, order("a"));
    (void)logged([&] { rig.settle_all(); });
    ASSERT_TRUE(rig.engine().drain());
    EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "close")) << "nothing was acknowledged, also not at the end";
  }
}

TEST(OthersLosses, OneUndecodableMessageDoesNotFreezeTheCommits) {
  std::size_t handled = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { ++handled; });
  Rig rig{std::move(group), {.dead_letters = true, .batch_messages = 16}};
  for (int i = 0; i < 50; ++i) rig.broker.append(0, order("a"));
  rig.broker.append(0, {.topic = "orders", .payload = "{\"truncated"});
  for (int i = 0; i < 50; ++i) rig.broker.append(0, order("a"));
  (void)logged([&] { rig.settle_all(); });
  EXPECT_EQ(handled, 100);
  EXPECT_EQ(rig.broker.committed(0), 101);
  EXPECT_EQ(rig.dead_letters.letters.size(), 1);
}

TEST(OthersLosses, AMessageThatFailedThreeTimesIsKeptAndTheLogSaysWhy) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw Busy{"the disk of node 7 is full"}; }, {.name = "store"});
  Rig rig{std::move(group)};
  rig.broker.append(1, order("a", "k-1"));
  EXPECT_THAT(logged([&] { rig.settle_all(); }),
              AllOf(HasSubstr("handler `store`"), HasSubstr("after 3 attempts"),
                    HasSubstr("topic `orders`, partition 1, offset 0, key \"k-1\""), HasSubstr("Busy: the disk of node 7 is full")));
  EXPECT_EQ(rig.broker.committed(1), 0);
  EXPECT_EQ(rig.engine().unfinished(), 1);
}

TEST(OthersLosses, ACommitCoversNoMessageThatIsNotHandledYet) {
  std::map<std::string, Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) { pending.insert_or_assign(order.id, std::move(completion)); },
                  {.policy = {.timeout = 0ms}});
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::none}}};
  for (const char* id : {"a", "b", "c", "d"}) rig.broker.append(0, order(id));
  rig.settle();
  for (const char* id : {"d", "c", "a"}) {
    pending.at(id)();
    rig.settle();
  }
  EXPECT_EQ(rig.broker.committed(0), 1) << "b is not handled";
  rig.engine().begin_drain();
  rig.clock.advance(1h);
  while (!rig.engine().drain_step(0ms)) {}
  EXPECT_FALSE(rig.engine().end_drain());
  EXPECT_EQ(rig.broker.committed(0), 1) << "also not by the end";
}

TEST(OthersLosses, ADestructorCommitsNothingThatIsNotHandledYet) {
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Completion completion) { pending.push_back(std::move(completion)); });
  Rig rig{std::move(group)};
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id));
  rig.settle();
  rig.destroy_engine();
  pending.clear();
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "close"));
}

TEST(OthersLosses, AFailedDeliveryDoesNotLookLikeSuccess) {
  testing::Script script;
  script.confirm_at_once = false;
  script.report_text = "the message timed out";
  EventEmitter emitter{detail::EmitterCore::make(testing::scripted_producer(script), {.name = "out"})};
  std::promise<Result<Receipt>> later;
  emitter.emit(Order{"a"}, [&](const Result<Receipt>& result) { later.set_value(result); });
  {
    const std::lock_guard lock{script.mutex};
    script.reports.push_back(script.report(script.sent[0].token, DISPYTCH_EUNAVAILABLE, DISPYTCH_ERROR_MAYBE_SENT));
  }
  script.notify_producer();
  const Result<Receipt> result = later.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "the message timed out");
  EXPECT_THROW((void)result.value(), Exception);
}

TEST(OthersLosses, APayloadBufferIsCopiedBeforeItIsOverwritten) {
  std::vector<std::string> seen;
  std::map<std::string, int> failures{{"first", 2}};
  std::vector<Completion> pending;
  std::vector<const Message*> raw;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, const Message& message, Completion completion) {
    if (failures[order.id]-- > 0) throw Busy{"at first"};
    seen.push_back(order.id);
    raw.push_back(&message);
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}}};
  rig.broker.append(0, order("first", "k"));
  rig.broker.append(0, order("second", "k"));
  rig.broker.append(0, order("third", "other"));
  (void)logged([&] { rig.settle_all(); });
  EXPECT_EQ(rig.broker.unreleased_batches(), 0) << "the broker has overwritten what it delivered";
  EXPECT_EQ(*raw.at(0)->payload(), order_payload("third"));
  for (std::size_t i = 0; i < 3; ++i) {
    pending.at(i)();
    rig.settle();
  }
  EXPECT_THAT(seen, ElementsAre("third", "first", "second"));
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(OthersLosses, AThrowingCallbackDoesNotEndTheProcess) {
  testing::Script script;
  EventEmitter emitter{detail::EmitterCore::make(testing::scripted_producer(script), {.name = "out"})};
  EXPECT_THAT(logged([&] {
                emitter.emit(Order{"a"}, [](const Result<Receipt>&) { throw std::runtime_error{"of the user's making"}; });
                emitter.emit(Order{"b"}, [](const Result<Receipt>&) { throw 7; });
                ASSERT_TRUE(emitter.flush(20s));
              }),
              AllOf(HasSubstr("of the user's making"), HasSubstr("no std::exception")));
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw 7; }, {.policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::drop}});
  Rig rig{std::move(group), {.workers = 2}};
  rig.broker.append(0, order("a"));
  (void)logged([&] { rig.settle_with_workers(); });
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(OthersLosses, ALoneMessageIsHandledThoughTheBatchIsNotFull) {
  std::promise<std::size_t> handled;  // after so many polls
  Rig* rig_itself = nullptr;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { handled.set_value(rig_itself->broker.polls().size()); });
  Rig rig{std::move(group), {.batch_messages = 1024}};
  rig_itself = &rig;
  rig.broker.append(0, order("alone"));
  (void)rig.engine();
  std::jthread running{[&](const std::stop_token& stop) { EXPECT_TRUE(rig.engine().run(stop)); }};
  std::future<std::size_t> polls = handled.get_future();
  ASSERT_EQ(polls.wait_for(20s), std::future_status::ready);
  EXPECT_EQ(polls.get(), 2) << "that of the assignment, and that which brought it";
  EXPECT_TRUE(rig.broker.await_committed(0, 1)) << "and settled without waiting for more";
}

TEST(OthersLosses, AMissingFieldIsNotReadAsZero) {
  std::vector<int> delays;
  HandlerGroup group;
  group.on<Departed>([&](const Departed& flight) { delays.push_back(flight.delay_minutes); });
  Rig rig{std::move(group), {.dead_letters = true}};
  for (const char* body : {"{}", R"({"delay_minutes":null})", R"({"delay_minutes":"5"})", R"({"delay_minutes":5})"}) {
    rig.broker.append(0,
                      {.topic = "flights", .payload = std::string{R"({"id":"e","type":"departed","body":)"} + body + R"(,"timestamp":1})"});
  }
  EXPECT_THAT(logged([&] { rig.settle_all(); }),
              AllOf(HasSubstr("found no such field"), HasSubstr("found null"), HasSubstr("found the string")));
  EXPECT_THAT(delays, ElementsAre(5));
  EXPECT_EQ(rig.dead_letters.letters.size(), 3);
}

TEST(OthersLosses, AHandlerLongerThanThePollIntervalDoesNotKeepItsListenerFromPolling) {
  Rig* rig_itself = nullptr;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    EXPECT_TRUE(rig_itself->broker.await_polls(rig_itself->broker.polls().size() + 3)) << "the group takes it for dead";
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("slow"));
  (void)rig.engine();
  std::jthread running{[&](const std::stop_token& stop) { EXPECT_TRUE(rig.engine().run(stop)); }};
  EXPECT_TRUE(rig.broker.await_committed(0, 1));
}

}  // namespace
}  // namespace dispytch::listen
