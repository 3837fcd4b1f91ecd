#include <cstdint>
#include <future>
#include <ranges>
#include <stdexcept>
#include <thread>

#include <dispytch/emitter.hpp>
#include <dispytch/event.hpp>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "emit/emitter_core.hpp"
#include "support/scripted_broker.hpp"

namespace dispytch {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::Script;

struct Registered {
  static constexpr auto topic = "users";
  static constexpr auto type = "user_registered";
  static constexpr auto partition_by = "id";
  std::optional<std::string> id = {};
  double ratio = 0;
};
DISPYTCH_EVENT(Registered, id, ratio)

struct Notified {
  static constexpr auto topic = "user.{id}.notification";
  static constexpr auto type = "notified";
  std::string id = {};
};
DISPYTCH_EVENT(Notified, id)

EventEmitter emitter_over(Script& script, emit::CoreOptions options = {.name = "test", .timeout = 2s}) {
  return EventEmitter{detail::EmitterCore::make(testing::scripted_producer(script), std::move(options))};
}

TEST(EventEmitter, WaitsForTheBrokersConfirmation) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  const Receipt receipt = emitter.emit(Registered{.id = "42", .ratio = 0.5}).value();
  EXPECT_EQ(receipt.partition, 3);
  ASSERT_EQ(script.sent.size(), 1);
  EXPECT_EQ(script.sent[0].topic, "users");
  EXPECT_EQ(script.sent[0].key, "42");
  const auto envelope = nlohmann::json::parse(*script.sent[0].payload);
  EXPECT_EQ(envelope["type"], "user_registered");
  EXPECT_EQ(envelope["body"]["ratio"], 0.5);
  EXPECT_EQ(envelope["id"].get<std::string>().size(), 36);
  EXPECT_GT(envelope["timestamp"].get<std::int64_t>(), 1'700'000'000'000);
}

TEST(EventEmitter, SaysNoPlaceThatTheBrokerDoesNotSay) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  EXPECT_EQ(emitter.emit(Registered{.id = "42"}).value().offset, 1);
  script.says_where = false;
  const Receipt receipt = emitter.emit(Registered{.id = "42"}).value();
  EXPECT_EQ(receipt.partition, -1);
  EXPECT_EQ(receipt.offset, -1);
}

TEST(EventEmitter, AnEmptyOptionalIsNoKeyAndAnEmptyStringIsOne) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  emitter.emit(Registered{}).value();
  emitter.emit(Registered{.id = ""}).value();
  EXPECT_EQ(script.sent[0].key, std::nullopt);
  EXPECT_EQ(script.sent[1].key, "");
}

TEST(EventEmitter, FillsTheTopicsPlaceholders) {
  Script script;
  emitter_over(script).emit(Notified{.id = "42"}).value();
  EXPECT_EQ(script.sent[0].topic, "user.42.notification");
}

TEST(EventEmitter, OptionsGoBeforeTheEventsOwn) {
  Script script;
  emitter_over(script).emit(Registered{.id = "42"}, {.topic = "people", .key = "k", .id = "my-id", .headers = {{"trace", "7"}}}).value();
  EXPECT_EQ(script.sent[0].topic, "people");
  EXPECT_EQ(script.sent[0].key, "k");
  EXPECT_EQ(nlohmann::json::parse(*script.sent[0].payload)["id"], "my-id");
  EXPECT_THAT(script.sent[0].headers, ::testing::ElementsAre(::testing::Pair("trace", "7")));
  EXPECT_EQ(script.sent[0].id, "my-id") << "for a broker that has a place for it";
}

TEST(EventEmitter, WritesTheTypeIntoAHeaderWhereTheTopicsWireFormSaysSo) {
  Script script;
  const WireForm flat{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::header, .name = "event-type"};
  emitter_over(script, {.topic_wire = {{"users", flat}}}).emit(Registered{.id = "42"}).value();
  EXPECT_THAT(script.sent[0].headers, ::testing::ElementsAre(::testing::Pair("event-type", "user_registered")));
  EXPECT_FALSE(nlohmann::json::parse(*script.sent[0].payload).contains("body"));
}

TEST(EventEmitter, ARefusedMessageIsAnErrorAndNotSent) {
  Script script;
  script.refuse_send = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no topic `users` in cluster `eu`"};
  const Result<Receipt> result = emitter_over(script).emit(Registered{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_EQ(result.error().text, "no topic `users` in cluster `eu`");
  EXPECT_FALSE(result.error().maybe_sent);
}

TEST(EventEmitter, AnEventThatCannotBeEncodedIsAnErrorAndNotSent) {
  Script script;
  const Result<Receipt> result = emitter_over(script).emit(Registered{.ratio = std::numeric_limits<double>::quiet_NaN()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid);
  EXPECT_TRUE(script.sent.empty());
}

TEST(EventEmitter, AFailedDeliverySaysWhetherTheMessageMayHaveBeenSent) {
  Script script;
  script.confirm_at_once = false;
  script.report_text = "timed out in flight";
  EventEmitter emitter = emitter_over(script);
  std::promise<Result<Receipt>> answer;
  emitter.emit(Registered{}, [&](const Result<Receipt>& result) { answer.set_value(result); });
  {
    const std::lock_guard lock{script.mutex};
    script.reports.push_back(script.report(script.sent[0].token, DISPYTCH_EUNAVAILABLE, DISPYTCH_ERROR_MAYBE_SENT));
  }
  script.notify_producer();
  const Result<Receipt> result = answer.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().maybe_sent);
  EXPECT_EQ(result.error().text, "timed out in flight");
}

TEST(EventEmitter, AnswersEveryEmitExactlyOnce) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::vector<std::atomic<int>> answers(kThreads * kEach);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          emitter.emit(Registered{.id = std::to_string(i)},
                       [&answer = answers[static_cast<std::size_t>(thread * kEach + i)]](const Result<Receipt>& result) {
                         if (result) ++answer;
                       });
        }
      });
    }
  }
  ASSERT_TRUE(emitter.flush(20s));
  for (const auto& answer : answers) ASSERT_EQ(answer, 1);
}

TEST(EventEmitter, AFullQueueHoldsTheEmitBackUntilThereIsRoom) {
  Script script;
  script.full_for = 3;
  EXPECT_TRUE(emitter_over(script).emit(Registered{.id = "42"}));
  EXPECT_EQ(script.sent.size(), 1);
}

TEST(EventEmitter, AQueueThatStaysFullIsAnErrorAfterTheEmittersTimeout) {
  Script script;
  script.full_for = std::numeric_limits<int>::max();
  const Result<Receipt> result = emitter_over(script, {.timeout = 50ms}).emit(Registered{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::full);
  EXPECT_THAT(result.error().text, HasSubstr("50 ms"));
  EXPECT_FALSE(result.error().maybe_sent);
}

TEST(EventEmitter, ACallbackMayEmitWithACallbackButNotWaitOrFlush) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  std::promise<std::pair<Result<Receipt>, Result<void>>> refused;
  std::promise<void> second;
  emitter.emit(Registered{.id = "1"}, [&](const Result<Receipt>&) {
    refused.set_value({emitter.emit(Registered{.id = "2"}), emitter.flush(1s)});
    emitter.emit(Registered{.id = "3"}, [&](const Result<Receipt>&) { second.set_value(); });
  });
  const auto [waited, flushed] = refused.get_future().get();
  ASSERT_FALSE(waited);
  EXPECT_THAT(waited.error().text, HasSubstr("wait for itself"));
  ASSERT_FALSE(flushed);
  second.get_future().get();
}

TEST(EventEmitter, AThrowingCallbackEndsNeitherThePumpNorTheProcess) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  emitter.emit(Registered{}, [](const Result<Receipt>&) { throw std::runtime_error{"of the user's making"}; });
  EXPECT_TRUE(emitter.emit(Registered{}));
}

TEST(EventEmitter, FlushWaitsForTheCallbacksToReturn) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  std::atomic<int> returned{0};
  for (int i = 0; i < 100; ++i) {
    emitter.emit(Registered{}, [&](const Result<Receipt>&) { ++returned; });
  }
  ASSERT_TRUE(emitter.flush(20s));
  EXPECT_EQ(returned, 100);
}

TEST(EventEmitter, FlushSaysWhenTheBrokerHasNotAnswered) {
  Script script;
  script.confirm_at_once = false;
  {
    EventEmitter emitter = emitter_over(script, {.timeout = 20ms});
    emitter.emit(Registered{}, [](const Result<Receipt>&) {});
    const Result<void> flushed = emitter.flush(10ms);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().code, ErrorCode::timeout);
    EXPECT_EQ(flushed.error().text, "the broker had not answered for 1 messages of emitter `emitter` after 10 ms");
  }
}

TEST(EventEmitter, ClosingAnswersWhatIsStillOutAsMaybeSent) {
  Script script;
  script.confirm_at_once = false;
  std::optional<Result<Receipt>> answer;
  {
    EventEmitter emitter = emitter_over(script, {.timeout = 20ms});
    emitter.emit(Registered{}, [&](const Result<Receipt>& result) { answer = result; });
  }
  ASSERT_TRUE(answer.has_value());
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(answer->error().maybe_sent);
  EXPECT_EQ(answer->error().code, ErrorCode::closed);
}

TEST(EventEmitter, SendsBytesThatAreThereAlready) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  emitter.emit(OutgoingMessage{.topic = "raw", .key = "", .payload = std::nullopt, .headers = {{"a", "1"}, {"a", "2"}}}).value();
  EXPECT_EQ(script.sent[0].payload, std::nullopt) << "a tombstone";
  EXPECT_EQ(script.sent[0].key, "");
  EXPECT_EQ(script.sent[0].headers.size(), 2);
}

// A value that is absent is not an empty one, for a broker that can tell.
TEST(Emitting, SendsAnAbsentValueOfAHeaderAsTheBackendCanTakeIt) {
  for (const bool can : {false, true}) {
    Script script;
    script.keeps_null_headers = can;
    EventEmitter emitter = emitter_over(script);
    emitter.emit(Registered{.id = "42"}, {.headers = {{"none", std::nullopt}, {"empty", ""}}}).value();
    emitter.emit(OutgoingMessage{.topic = "raw", .headers = {{"none", std::nullopt}}, .id = "raw-1"}).value();
    const std::optional<std::string> absent = can ? std::nullopt : std::optional<std::string>{""};
    EXPECT_EQ(script.sent[0].headers[0].second, absent);
    EXPECT_EQ(script.sent[0].headers[1].second, "");
    EXPECT_EQ(script.sent[1].headers[0].second, absent);
    EXPECT_EQ(script.sent[1].id, "raw-1");
  }
}

// The same for every broker: what the plugin is told.
TEST(EventEmitter, SendsTimesFrom1970OnAndNoneBefore) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  const auto emit = [&](std::optional<Timestamp> time) { return emitter.emit(OutgoingMessage{.topic = "raw", .timestamp = time}); };
  emit({}).value();
  emit(Timestamp{}).value();
  emit(Timestamp{1'700'000'000'123ms}).value();
  for (const auto before : {-1ms, -62'135'596'800'000ms}) {
    const Result<Receipt> refused = emit(Timestamp{before});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().text, "a message has the timestamp " + std::to_string(before.count()) +
                                        " ms, but none before 1970 is carried: leave it out for the broker's own, or say one from 0 on");
  }
  ASSERT_EQ(script.sent.size(), 3);
  EXPECT_EQ(script.sent[0].timestamp_ms, std::nullopt);
  EXPECT_EQ(script.sent[1].timestamp_ms, 1) << "0 is now to some clients";
  EXPECT_EQ(script.sent[2].timestamp_ms, 1'700'000'000'123);
}

TEST(EmitAll, EmitsARangeAndWaitsForAllOfIt) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  const std::vector<Registered> events{{.id = "1"}, {.id = "2"}, {.id = "3"}};
  EXPECT_EQ(emitter.emit_all(events).value(), 3);
  EXPECT_EQ(script.sent.size(), 3);
  EXPECT_EQ(emitter.emit_all(std::views::iota(0, 2) | std::views::transform([](int i) { return Notified{std::to_string(i)}; })).value(), 2);
  EXPECT_EQ(script.sent.back().topic, "user.1.notification");
  EXPECT_EQ(emitter.emit_all(std::vector<OutgoingMessage>{{.topic = "raw"}}).value(), 1);
  EXPECT_EQ(emitter.emit_all(std::vector<Registered>{}).value(), 0);
  EXPECT_EQ(emitter.outstanding(), 0);
}

TEST(EmitAll, TellsHowManyWereNotStoredAndWhyTheFirstWasNot) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  const std::vector<Notified> events{{"1"}, {""}, {"a.b"}};
  const Result<std::size_t> result = emitter.emit_all(events);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("2 of 3 events were not stored; the first: "));
  EXPECT_FALSE(result.error().maybe_sent) << "they were refused here";
  EXPECT_EQ(script.sent.size(), 1) << "the good one is stored";
}

TEST(EmitAll, SaysThatTheBrokerMayHaveWhatItDidNotConfirm) {
  Script script;
  script.confirm_at_once = false;
  std::thread broker;
  {
    EventEmitter emitter = emitter_over(script);
    broker = std::thread{[&] {
      while (true) {
        const std::lock_guard lock{script.mutex};
        if (script.sent.size() < 2) continue;
        script.reports.push_back(script.report(script.sent[0].token));
        script.reports.push_back(script.report(script.sent[1].token, DISPYTCH_EUNAVAILABLE, DISPYTCH_ERROR_MAYBE_SENT));
        script.notify_producer();
        return;
      }
    }};
    const Result<std::size_t> result = emitter.emit_all(std::vector<Registered>{{.id = "1"}, {.id = "2"}});
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().maybe_sent);
    EXPECT_THAT(result.error().text, HasSubstr("1 of 2 events"));
  }
  broker.join();
}

// What threw is the caller's range; what was emitted before has its answer all the same.
TEST(EmitAll, AwaitsWhatItEmittedWhereItsRangeThrows) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  const auto broken = std::views::iota(0, 3) | std::views::transform([](int i) {
                        if (i == 2) throw std::runtime_error{"no more"};
                        return Notified{std::to_string(i)};
                      });
  EXPECT_THROW((void)emitter.emit_all(broken), std::runtime_error);
  EXPECT_EQ(emitter.outstanding(), 0);
  EXPECT_EQ(script.sent.size(), 2);
}

TEST(EmitAll, IsRefusedInACallback) {
  Script script;
  EventEmitter emitter = emitter_over(script);
  std::optional<Error> refusal;
  emitter.emit(Registered{.id = "1"}, [&](const Result<Receipt>&) {
    const Result<std::size_t> result = emitter.emit_all(std::vector<Registered>{{.id = "2"}});
    if (!result) refusal = result.error();
  });
  ASSERT_TRUE(emitter.flush(5s));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_THAT(refusal->text, HasSubstr("it would wait for itself"));
  EXPECT_EQ(script.sent.size(), 1);
}

TEST(EventEmitter, CountsWhatIsOutstanding) {
  Script script;
  script.confirm_at_once = false;
  EventEmitter emitter = emitter_over(script, {.name = "test", .timeout = 20ms});
  for (int i = 0; i < 3; ++i) emitter.emit(Registered{}, [](const Result<Receipt>&) {});
  EXPECT_EQ(emitter.outstanding(), 3);
}

}  // namespace
}  // namespace dispytch
