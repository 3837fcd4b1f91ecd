#include "listen/engine.hpp"

#include <cstdint>
#include <stdexcept>

#include <dispytch/event.hpp>
#include <dispytch/handler.hpp>

#include <gmock/gmock.h>

#include "base/virtual_clock.hpp"
#include "support/scripted_broker.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using testing::deliver;
using testing::Delivered;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Script;

struct Registered {
  static constexpr auto topic = "users";
  static constexpr auto type = "registered";
  int number = 0;
};
DISPYTCH_EVENT(Registered, number)

struct Removed {
  static constexpr auto topic = "users";
  static constexpr auto type = "removed";
  int number = 0;
};
DISPYTCH_EVENT(Removed, number)

struct Notified {
  static constexpr auto topic = "notes";
  static constexpr auto type = "notified";
  int number = 0;
};
DISPYTCH_EVENT(Notified, number)

std::string envelope(std::string_view type, int number) {
  return R"({"id":"e-)" + std::to_string(number) + R"(","type":")" + std::string{type} + R"(","body":{"number":)" + std::to_string(number) +
         R"(},"timestamp":1753000000000})";
}

Delivered registered(int number, std::uint32_t source = 1) {
  return {
      .topic = "users", .payload = envelope("registered", number), .key = "k" + std::to_string(number), .offset = number, .source = source};
}

// What the first message that fails ends with.
const HandlingPolicy kStop{.retry = {.attempts = 1}, .on_failure = OnFailure::stop};

// A listener of one group over a script, stepped by the test.
class Listener {
 public:
  Listener(Script& script, HandlerGroup group, std::uint64_t capabilities = DISPYTCH_CAN_ACK_UP_TO, route::Router::Wires wires = {})
      : group_{std::move(group)},
        engine{testing::open_scripted(script, capabilities)->open_consumer(R"({"topics":[],"config":{}})", {}, 1s).value(), capabilities,
               route::wire({group_}, providers_, std::move(wires), {.policy = kStop}),
               EngineOptions{.name = "test", .delivery = {.policy = kStop}, .clock = &clock}} {}

  Result<Engine::Step> step() { return engine.step(0ms, {}); }

 private:
  Providers providers_;
  HandlerGroup group_;

 public:
  VirtualClock clock;
  Engine engine;
};

std::vector<std::pair<std::uint64_t, std::uint32_t>> settled(const Script& script) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> list;
  for (const auto& settlement : script.settled) list.emplace_back(settlement.token, settlement.action);
  return list;
}

HandlerGroup collect(std::vector<int>& numbers) {
  HandlerGroup group;
  group.on<Registered>([&numbers](const Registered& event) { numbers.push_back(event.number); });
  return group;
}

TEST(Engine, SettlesOncePerBatchUpToTheLastHandledOfEachSource) {
  Script script;
  script.polls.push_back(deliver({registered(10), registered(20, 2), registered(11), registered(21, 2)}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  ASSERT_TRUE(listener.step());
  EXPECT_THAT(numbers, ElementsAre(10, 20, 11, 21));
  EXPECT_THAT(settled(script), ::testing::UnorderedElementsAre(std::pair{12ul, std::uint32_t{DISPYTCH_ACK_UP_TO}},
                                                               std::pair{22ul, std::uint32_t{DISPYTCH_ACK_UP_TO}}));
  EXPECT_THAT(script.calls, ElementsAre("settle"));
}

TEST(Engine, SettlesEachMessageWhereTheBrokerTakesThat) {
  Script script;
  script.polls.push_back(deliver({registered(10), registered(11)}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers), DISPYTCH_CAN_ACK_EACH};
  ASSERT_TRUE(listener.step());
  EXPECT_THAT(settled(script), ElementsAre(std::pair{11ul, std::uint32_t{DISPYTCH_ACK}}, std::pair{12ul, std::uint32_t{DISPYTCH_ACK}}));
}

TEST(Engine, AFailingHandlerStopsItAndNeitherThatMessageNorALaterOneIsSettled) {
  Script script;
  script.polls.push_back(deliver({registered(10), registered(11), registered(12)}));
  std::vector<int> numbers;
  HandlerGroup group;
  group.on<Registered>(
      [&](const Registered& event) {
        if (event.number == 11) throw std::runtime_error{"the database is gone"};
        numbers.push_back(event.number);
      },
      {.name = "store"});
  Listener listener{script, std::move(group)};
  const auto step = listener.step();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::handler);
  EXPECT_THAT(
      step.error().text,
      HasSubstr("handler `store` failed on topic `users`, partition 1, offset 11, key \"k11\": std::runtime_error: the database is gone"));
  EXPECT_THAT(numbers, ElementsAre(10));
  EXPECT_THAT(settled(script), ElementsAre(std::pair{11ul, std::uint32_t{DISPYTCH_ACK_UP_TO}}));
}

TEST(Engine, AnUndecodableMessageStopsItWithTheReason) {
  Script script;
  script.polls.push_back(
      deliver({registered(10),
               {.topic = "users", .payload = R"({"id":"x","type":"registered","body":{"number":"five"},"timestamp":1})", .offset = 11}}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  const auto step = listener.step();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::decode);
  EXPECT_THAT(step.error().text, HasSubstr("/body/number"));
  EXPECT_THAT(settled(script), ElementsAre(std::pair{11ul, std::uint32_t{DISPYTCH_ACK_UP_TO}}));
}

TEST(Engine, AThrownIntIsAFailureToo) {
  Script script;
  script.polls.push_back(deliver({registered(1)}));
  HandlerGroup group;
  group.on<Registered>([](const Registered&) { throw 7; });
  Listener listener{script, std::move(group)};
  EXPECT_FALSE(listener.step());
  EXPECT_TRUE(script.settled.empty());
}

TEST(Engine, ATombstoneIsNothingForAnEventHandlerAndFineForAMessageHandler) {
  Script script;
  script.polls.push_back(deliver({{.topic = "users", .payload = std::nullopt, .key = "gone", .offset = 1}}));
  Script other;
  other.polls.push_back(deliver({{.topic = "raw", .payload = std::nullopt, .key = "gone", .offset = 2}}));
  std::vector<std::string> keys;
  HandlerGroup group;
  group.on<Registered>([](const Registered&) {});
  group.on_message([&](const Message& message) { keys.emplace_back(message.key().value_or("none")); }, {.topic = "raw"});
  {
    Listener listener{script, group};
    EXPECT_TRUE(listener.step());
    EXPECT_EQ(listener.engine.counters().unhandled, 1);
  }
  Listener listener{other, group};
  EXPECT_TRUE(listener.step());
  EXPECT_THAT(keys, ElementsAre("gone"));
}

TEST(Engine, TypesThatNobodyHandlesAreSettledAndCounted) {
  Script script;
  script.polls.push_back(deliver({{.topic = "users", .payload = envelope("removed", 1), .offset = 1}, registered(2)}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(listener.engine.counters().unhandled, 1);
  EXPECT_EQ(listener.engine.counters().handled, 1);
  EXPECT_THAT(settled(script), ElementsAre(std::pair{3ul, std::uint32_t{DISPYTCH_ACK_UP_TO}}));
}

TEST(Engine, ADroppedMessageIsSettledAndCounted) {
  Script script;
  script.polls.push_back(deliver({registered(1)}));
  HandlerGroup group;
  group.on<Registered>([](const Registered&) { return drop("of no use"); });
  Listener listener{script, std::move(group)};
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(listener.engine.counters().dropped, 1);
  EXPECT_EQ(script.settled.size(), 1);
}

TEST(Engine, SeveralHandlersOfOneTypeAllGetTheEvent) {
  Script script;
  script.polls.push_back(deliver({registered(1), {.topic = "users", .payload = envelope("removed", 2), .offset = 2}}));
  std::vector<std::string> seen;
  HandlerGroup group;
  group.on<Registered>([&](const Registered& body) { seen.push_back("a" + std::to_string(body.number)); });
  group.on<Registered>([&](const Event<Registered>& event) { seen.push_back("b" + std::to_string(event.body.number)); });
  group.on<Removed>([&](const Removed& body) { seen.push_back("c" + std::to_string(body.number)); });
  group.on_message([&](const Message&) { seen.push_back("any"); }, {.topic = "users"});
  Listener listener{script, std::move(group)};
  ASSERT_TRUE(listener.step());
  EXPECT_THAT(seen, ElementsAre("any", "a1", "b1", "any", "c2"));
}

TEST(Engine, GivesTheWholeEvent) {
  Script script;
  script.polls.push_back(deliver({registered(7, 3)}));
  std::optional<Event<Registered>> got;
  HandlerGroup group;
  group.on<Registered>([&](const Event<Registered>& event) { got = event; });
  Listener listener{script, std::move(group)};
  ASSERT_TRUE(listener.step());
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->id, "e-7");
  EXPECT_EQ(got->type, "registered");
  EXPECT_EQ(got->topic, "users");
  EXPECT_EQ(got->timestamp.time_since_epoch(), 1753000000000ms);
  EXPECT_EQ(got->key, "k7");
  EXPECT_EQ(got->partition, 3);
  EXPECT_EQ(got->offset, 7);
  EXPECT_EQ(got->attempt, 1);
  EXPECT_EQ(got->body.number, 7);
}

TEST(Engine, CutsTopicSegmentsAndRefusesWhatIsNone) {
  Script script;
  script.polls.push_back(deliver({{.topic = "user.42.note", .payload = envelope("notified", 1), .offset = 1}}));
  script.polls.push_back(deliver({{.topic = "user.nobody.note", .payload = envelope("notified", 1), .offset = 2}}));
  std::vector<int> ids;
  HandlerGroup group;
  group.on<Notified>([&](const Notified&, TopicSegment<"id", int> id) { ids.push_back(*id); }, {.topic = "user.{id}.note"});
  Listener listener{script, std::move(group)};
  ASSERT_TRUE(listener.step());
  EXPECT_THAT(ids, ElementsAre(42));
  const auto refused = listener.step();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("segment `id` is \"nobody\""));
}

TEST(Engine, AFlatTopicOfOneTypeNeedsNoTypeOnTheWire) {
  Script script;
  script.polls.push_back(deliver({{.topic = "users", .payload = R"({"number": 9})", .offset = 1}}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers), DISPYTCH_CAN_ACK_UP_TO, {.standard = {.layout = WireForm::Layout::flat}}};
  ASSERT_TRUE(listener.step());
  EXPECT_THAT(numbers, ElementsAre(9));
}

TEST(Engine, AFlatTopicOfSeveralTypesWithoutAPlaceForTheTypeIsRefused) {
  HandlerGroup group;
  group.on<Registered>([](const Registered&) {});
  group.on<Removed>([](const Removed&) {});
  EXPECT_THROW(
      {
        try {
          route::wire({group}, {}, {.standard = {.layout = WireForm::Layout::flat}});
        } catch (const Exception& exception) {
          EXPECT_THAT(exception.what(), HasSubstr("say nowhere of which type they are"));
          throw;
        }
      },
      Exception);
}

TEST(Engine, RevocationSettlesSyncsAndThenLetsGo) {
  Script script;
  script.polls.push_back([](plugin::BatchOut& out) {
    out.assigned({{.topic = "users", .source = 1, .partition = 0}}, 900);
    return plugin::Status{};
  });
  script.polls.push_back(deliver({registered(1)}));
  script.polls.push_back([](plugin::BatchOut& out) {
    out.revoking({{.topic = "users", .source = 1, .partition = 0}}, 901, 1000ms);
    return plugin::Status{};
  });
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(listener.step());
  EXPECT_THAT(script.calls, ElementsAre("settle", "settle", "sync", "settle"));
  EXPECT_THAT(settled(script), ElementsAre(std::pair{900ul, std::uint32_t{DISPYTCH_ACK}}, std::pair{2ul, std::uint32_t{DISPYTCH_ACK_UP_TO}},
                                           std::pair{901ul, std::uint32_t{DISPYTCH_ACK}}));
}

TEST(Engine, AMessageDeliveredAfterALossIsNotMistakenForAnOldOne) {
  Script script;
  script.polls.push_back(deliver({registered(1), registered(2)}));
  script.polls.push_back([](plugin::BatchOut& out) {
    out.lost_everything({.code = DISPYTCH_EFENCED, .text = "max.poll.interval.ms exceeded"});
    return plugin::Status{};
  });
  script.polls.push_back(deliver({registered(1)}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(listener.step());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 1));
  EXPECT_EQ(script.settled.back().token, 2);
}

TEST(Engine, FencedSettlingIsNoError) {
  Script script;
  script.fence_settle = true;
  script.polls.push_back(deliver({registered(1)}));
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  EXPECT_TRUE(listener.step());
}

TEST(Engine, APassingErrorOfPollIsWaitedOutAndAFatalOneEndsIt) {
  Script script;
  script.polls.push_back([](plugin::BatchOut&) -> plugin::Status {
    return plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "no broker", .retriable = true};
  });
  script.polls.push_back(deliver({registered(1)}));
  script.polls.push_back([](plugin::BatchOut&) -> plugin::Status {
    return plugin::Error{.code = DISPYTCH_EAUTH, .text = "the group is not for you", .fatal = true};
  });
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  EXPECT_EQ(listener.step().value(), Engine::Step::idle);
  EXPECT_EQ(listener.step().value(), Engine::Step::handled);
  const auto fatal = listener.step();
  ASSERT_FALSE(fatal);
  EXPECT_EQ(fatal.error().code, ErrorCode::auth);
}

TEST(Engine, DrainSettlesThenSyncsThenCloses) {
  Script script;
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  ASSERT_TRUE(listener.engine.drain());
  EXPECT_THAT(script.calls, ElementsAre("sync", "close"));
}

TEST(Engine, DrainEndsInItsTimeWhereTheBrokerAnswersNothing) {
  Script script;
  std::vector<int> numbers;
  Listener answered{script, collect(numbers)};
  ASSERT_TRUE(answered.engine.drain());
  EXPECT_EQ(script.close_timeout, border::kCloseTimeout);
  Script silent;
  silent.fail_sync = plugin::Error{.code = DISPYTCH_TIMEOUT};
  Listener unanswered{silent, collect(numbers)};
  const auto drained = unanswered.engine.drain();
  ASSERT_FALSE(drained);
  EXPECT_THAT(drained.error().text,
              HasSubstr("the broker didn't take all of what was settled: the plugin `scripted` got no answer in time"));
  EXPECT_EQ(silent.close_timeout, std::chrono::milliseconds{1000});
  EXPECT_EQ(silent.sync_timeout + silent.close_timeout, EngineOptions{}.drain);
}

TEST(Engine, DrainSaysWhenTheBrokerDidNotTakeWhatWasSettled) {
  Script script;
  script.fail_sync = plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "the coordinator is away"};
  std::vector<int> numbers;
  Listener listener{script, collect(numbers)};
  const auto drained = listener.engine.drain();
  ASSERT_FALSE(drained);
  EXPECT_THAT(drained.error().text, HasSubstr("the coordinator is away"));
  EXPECT_TRUE(script.consumer_closed);
}

TEST(Engine, IsIdleOnlyWhileSomethingIsAssignedAndNothingComes) {
  Script script;
  const auto assigned = [](plugin::BatchOut& out) {
    out.assigned({{.topic = "users", .source = 1, .partition = 0}}, 900);
    return plugin::Status{};
  };
  const auto revoking = [](plugin::BatchOut& out) {
    out.revoking({{.topic = "users", .source = 1, .partition = 0}}, 901);
    return plugin::Status{};
  };
  std::vector<int> numbers;
  Listener listener{script, collect(numbers), DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS};
  listener.clock.advance(5s);
  const auto idle_since = [&] { return listener.engine.counters().idle_since_ns.load(); };
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 0) << "the group has given it nothing yet";
  script.polls.push_back(assigned);
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 0);
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 5'000'000'000);
  script.polls.push_back(deliver({registered(1)}));
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 0);
  script.polls.push_back(revoking);
  ASSERT_TRUE(listener.step());
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 0) << "nothing is assigned";
}

// More members than partitions, or a pattern that matches nothing yet: there is nothing to wait for.
TEST(Engine, WithNothingToReadItIsReadyAndIdle) {
  Script script;
  const auto nothing = [](plugin::BatchOut& out) {
    out.assigned({}, 0);
    return plugin::Status{};
  };
  const auto something = [](plugin::BatchOut& out) {
    out.assigned({{.topic = "users", .source = 1, .partition = 0}}, 900);
    return plugin::Status{};
  };
  const auto lost = [](plugin::BatchOut& out) {
    out.lost(std::vector<plugin::Source>{{.topic = "users", .source = 1, .partition = 0}}, {.code = DISPYTCH_EFENCED, .text = "gone"});
    return plugin::Status{};
  };
  std::vector<int> numbers;
  Listener listener{script, collect(numbers), DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS};
  listener.clock.advance(5s);
  const auto idle_since = [&] { return listener.engine.counters().idle_since_ns.load(); };
  EXPECT_FALSE(listener.engine.counters().joined);
  script.polls.push_back(nothing);
  ASSERT_TRUE(listener.step());
  EXPECT_TRUE(listener.engine.counters().joined);
  EXPECT_TRUE(script.settled.empty()) << "there is nothing to acknowledge";
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 5'000'000'000);
  script.polls.push_back(something);
  ASSERT_TRUE(listener.step());
  script.polls.push_back(lost);
  ASSERT_TRUE(listener.step());
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 0) << "what comes next isn't known";
  script.polls.push_back(nothing);
  ASSERT_TRUE(listener.step());
  ASSERT_TRUE(listener.step());
  EXPECT_EQ(idle_since(), 5'000'000'000);
}

TEST(Engine, AStopLeavesTheRestOfTheBatchUnsettled) {
  Script script;
  script.polls.push_back(deliver({registered(1), registered(2), registered(3)}));
  std::stop_source stop;
  std::vector<int> numbers;
  HandlerGroup group;
  group.on<Registered>([&](const Registered& event) {
    numbers.push_back(event.number);
    if (event.number == 2) stop.request_stop();
  });
  Listener listener{script, std::move(group)};
  ASSERT_TRUE(listener.engine.run(stop.get_token()));
  EXPECT_THAT(numbers, ElementsAre(1, 2));
  EXPECT_THAT(settled(script), ElementsAre(std::pair{3ul, std::uint32_t{DISPYTCH_ACK_UP_TO}}));
  EXPECT_THAT(script.calls, ElementsAre("settle", "sync", "close"));
}

}  // namespace
}  // namespace dispytch::listen
