// Functions around emits.
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::Script;

struct SignedUp {
  static constexpr auto topic = "users";
  static constexpr auto type = "user_registered";
  static constexpr auto partition_by = "id";
  std::optional<std::string> id = {};
};
DISPYTCH_EVENT(SignedUp, id)

EventEmitter emitter_with(Script& script, std::vector<EmitMiddleware> middleware) {
  return EventEmitter{
      detail::EmitterCore::make(testing::scripted_producer(script), {.name = "test", .timeout = 2s, .middleware = std::move(middleware)})};
}

EmitMiddleware noting(std::vector<std::string>& notes, const std::string& name) {
  return [&notes, name](EmitCall next) -> EmitCall {
    return [&notes, name, next](OutgoingMessage& message) {
      notes.push_back("into " + name);
      Result<void> result = next(message);
      notes.push_back("out of " + name);
      return result;
    };
  };
}

TEST(EmitMiddleware, IsCalledFromTheFirstToTheLastAndBack) {
  Script script;
  std::vector<std::string> notes;
  EventEmitter emitter = emitter_with(script, {noting(notes, "first"), noting(notes, "second")});
  ASSERT_TRUE(emitter.emit(SignedUp{.id = "42"}));
  EXPECT_THAT(notes, ElementsAre("into first", "into second", "out of second", "out of first"));
  EXPECT_EQ(script.sent.size(), 1);
}

TEST(EmitMiddleware, SeesTheMessageAsItIsSentAndMayChangeAllOfIt) {
  Script script;
  OutgoingMessage seen;
  EventEmitter emitter = emitter_with(script, {[&](EmitCall next) -> EmitCall {
                                        return [&seen, next](OutgoingMessage& message) {
                                          seen = message;
                                          message.topic = "people";
                                          message.key = "another";
                                          message.headers.emplace_back("trace", "7");
                                          message.payload = "sealed";
                                          return next(message);
                                        };
                                      }});
  ASSERT_TRUE(emitter.emit(SignedUp{.id = "42"}, {.headers = {{"own", "1"}}}));
  EXPECT_EQ(seen.topic, "users");
  EXPECT_EQ(seen.key, "42");
  EXPECT_THAT(seen.headers, ElementsAre(Pair("own", "1")));
  EXPECT_EQ(nlohmann::json::parse(*seen.payload)["type"], "user_registered");
  ASSERT_EQ(script.sent.size(), 1);
  EXPECT_EQ(script.sent[0].topic, "people");
  EXPECT_EQ(script.sent[0].key, "another");
  EXPECT_EQ(script.sent[0].payload, "sealed");
  EXPECT_THAT(script.sent[0].headers, ElementsAre(Pair("own", "1"), Pair("trace", "7")));
}

TEST(EmitMiddleware, LeavesAMissingKeyMissingAndATombstoneOne) {
  Script script;
  std::vector<std::string> notes;
  EventEmitter emitter = emitter_with(script, {noting(notes, "it")});
  ASSERT_TRUE(emitter.emit(SignedUp{}));
  ASSERT_TRUE(emitter.emit(OutgoingMessage{.topic = "raw", .key = ""}));
  EXPECT_EQ(script.sent[0].key, std::nullopt);
  EXPECT_EQ(script.sent[1].key, "");
  EXPECT_EQ(script.sent[1].payload, std::nullopt);
  EXPECT_EQ(notes.size(), 4);
}

TEST(EmitMiddleware, MayPassAnotherMessageOn) {
  Script script;
  EventEmitter emitter = emitter_with(script, {[](EmitCall next) -> EmitCall {
                                        return [next](OutgoingMessage& message) {
                                          OutgoingMessage copy = message;
                                          copy.topic = "copy";
                                          return next(copy);
                                        };
                                      }});
  ASSERT_TRUE(emitter.emit(SignedUp{}));
  EXPECT_EQ(script.sent[0].topic, "copy");
}

TEST(EmitMiddleware, MayRefuseAMessageByAnErrorOfItsOwn) {
  Script script;
  EventEmitter emitter = emitter_with(script, {[](EmitCall) -> EmitCall {
                                        return [](OutgoingMessage&) -> Result<void> {
                                          return Error{.code = ErrorCode::too_big, .text = "more than the contract allows"};
                                        };
                                      }});
  const Result<Receipt> result = emitter.emit(SignedUp{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_big);
  EXPECT_EQ(result.error().text, "more than the contract allows");
  EXPECT_FALSE(result.error().maybe_sent);
  int answers = 0;
  emitter.emit(SignedUp{}, [&](const Result<Receipt>& answer) { answers += answer ? 100 : 1; });
  EXPECT_EQ(answers, 1) << "exactly once";
  EXPECT_TRUE(script.sent.empty());
  EXPECT_TRUE(emitter.flush(1s));
}

TEST(EmitMiddleware, ThatNeitherPassesOnNorSaysWhyIsAnError) {
  Script script;
  EventEmitter emitter = emitter_with(script, {[](EmitCall) -> EmitCall { return [](OutgoingMessage&) { return Result<void>{}; }; }});
  const Result<Receipt> result = emitter.emit(SignedUp{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid);
  EXPECT_EQ(result.error().text, "a middleware of emitter `test` neither called `next` nor gave an error for a message for topic `users`");
}

TEST(EmitMiddleware, ThatThrowsIsAnErrorOfTheEmit) {
  Script script;
  EventEmitter emitter = emitter_with(script, {[](EmitCall) -> EmitCall {
                                        return [](OutgoingMessage&) -> Result<void> { throw std::runtime_error{"no key to sign with"}; };
                                      }});
  const Result<Receipt> result = emitter.emit(SignedUp{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "a middleware of emitter `test` threw for a message for topic `users`: no key to sign with");
  EXPECT_TRUE(script.sent.empty());
}

TEST(EmitMiddleware, CanNotHideThatTheClientRefusedTheMessage) {
  Script script;
  script.refuse_send = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no topic `users`"};
  EventEmitter emitter = emitter_with(script, {[](EmitCall next) -> EmitCall {
                                        return [next](OutgoingMessage& message) {
                                          (void)next(message);
                                          return Result<void>{};
                                        };
                                      }});
  const Result<Receipt> result = emitter.emit(SignedUp{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "no topic `users`");
}

TEST(EmitMiddleware, SendsAMessageOnceThoughItCallsNextTwiceOrFailsAfterwards) {
  Script script;
  std::string second;
  EventEmitter emitter = emitter_with(script, {[&](EmitCall next) -> EmitCall {
                                        return [&second, next](OutgoingMessage& message) -> Result<void> {
                                          (void)next(message);
                                          second = next(message).error().text;
                                          throw std::runtime_error{"too late"};
                                        };
                                      }});
  int answers = 0;
  emitter.emit(SignedUp{}, [&](const Result<Receipt>& result) { answers += result ? 1 : 100; });
  ASSERT_TRUE(emitter.flush(20s));
  EXPECT_EQ(answers, 1) << "the broker's answer is the emit's";
  EXPECT_EQ(script.sent.size(), 1);
  EXPECT_THAT(second, HasSubstr("called `next` a second time"));
}

TEST(EmitMiddleware, CanNotSendAfterItsCallIsOver) {
  Script script;
  EmitCall kept;
  std::string refused;
  EventEmitter emitter =
      emitter_with(script, {[&](EmitCall next) -> EmitCall {
                     kept = next;
                     return [&](OutgoingMessage&) -> Result<void> { return Error{.code = ErrorCode::invalid, .text = "later"}; };
                   }});
  EXPECT_FALSE(emitter.emit(SignedUp{}));
  OutgoingMessage message{.topic = "users"};
  const Result<void> late = kept(message);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().text, HasSubstr("called `next` outside of the emit of a message for topic `users`"));
  EXPECT_TRUE(script.sent.empty());
}

TEST(EmitMiddleware, MayEmitByAnotherEmitterMeanwhile) {
  Script script, audit_script;
  std::vector<std::string> notes;
  EventEmitter audit = emitter_with(audit_script, {noting(notes, "audit")});
  EventEmitter emitter = emitter_with(script, {[&](EmitCall next) -> EmitCall {
                                        return [&audit, next](OutgoingMessage& message) -> Result<void> {
                                          audit.emit(OutgoingMessage{.topic = "audit", .payload = message.payload}, {});
                                          return next(message);
                                        };
                                      }});
  ASSERT_TRUE(emitter.emit(SignedUp{.id = "42"}));
  ASSERT_TRUE(audit.flush(20s));
  EXPECT_EQ(script.sent[0].key, "42");
  EXPECT_EQ(script.sent[0].payload, audit_script.sent[0].payload);
}

TEST(EmitMiddleware, IsNotPassedByDeadLetters) {
  Script script;
  std::vector<std::string> notes;
  const auto core = detail::EmitterCore::make(testing::scripted_producer(script), {.name = "test", .middleware = {noting(notes, "it")}});
  core->emit_now({.topic = "dead", .payload = "as it came"}, {});
  ASSERT_TRUE(core->flush(20s));
  EXPECT_EQ(script.sent[0].payload, "as it came");
  EXPECT_TRUE(notes.empty());
}

TEST(EmitMiddleware, ThatIsEmptyIsRefusedAtTheStart) {
  for (const EmitMiddleware& wrong : {EmitMiddleware{}, EmitMiddleware{[](EmitCall) { return EmitCall{}; }}}) {
    Script script;
    EXPECT_THROW(emitter_with(script, {wrong}), Exception);
  }
}

}  // namespace
}  // namespace dispytch
