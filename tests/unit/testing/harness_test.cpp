#include <dispytch/testing/harness.hpp>

#include <stdexcept>

#include <dispytch/dispytch.hpp>

#include <gmock/gmock.h>

namespace dispytch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Departed {
  static constexpr auto topic = "flights";
  static constexpr auto type = "departed";
  static constexpr auto partition_by = "carrier";
  std::string carrier = {};
  int delay = 0;
};
DISPYTCH_EVENT(Departed, carrier, delay)

struct Landed {
  static constexpr auto topic = "flights";
  static constexpr auto type = "landed";
  std::string carrier = {};
};
DISPYTCH_EVENT(Landed, carrier)

struct Welcome {
  static constexpr auto topic = "user.{user_id}.note";
  static constexpr auto type = "welcome";
  int user_id = 0;
};
DISPYTCH_EVENT(Welcome, user_id)

struct Board {
  std::map<std::string, int> delays;
};

HandlerGroup board() {
  HandlerGroup group{{.topic = "flights"}};
  group.on<Departed>([](const Departed& flight, Board& board) { board.delays[flight.carrier] += flight.delay; });
  return group;
}

TEST(Harness, HandlesWhatWasEmittedWithoutABroker) {
  testing::Harness harness{board()};
  Board& seen = harness.provide<Board>();
  harness.emit(Departed{.carrier = "UA", .delay = 2});
  harness.emit(Departed{.carrier = "UA", .delay = 3});
  harness.emit(Landed{.carrier = "UA"});
  harness.settle();
  EXPECT_EQ(seen.delays["UA"], 5);
  EXPECT_EQ(harness.handled(), 2);
  EXPECT_EQ(harness.unhandled(), 1);
  EXPECT_TRUE(harness.failures().empty());
}

TEST(Harness, HandlesWhatHandlersEmit) {
  HandlerGroup group;
  group.on<Departed>([](const Departed& flight, EventEmitter& emitter) {
    emitter.emit(Landed{.carrier = flight.carrier}, [](const Result<Receipt>&) {});
  });
  std::vector<std::string> landed;
  group.on<Landed>([&](const Landed& flight) { landed.push_back(flight.carrier); });
  testing::Harness harness{std::move(group)};
  harness.emit(Departed{.carrier = "UA"});
  harness.settle();
  EXPECT_THAT(landed, ElementsAre("UA"));
}

TEST(Harness, TellsWhatFailedAndWhy) {
  HandlerGroup group;
  group.on<Departed>([](const Departed&) { throw std::runtime_error{"the database is gone"}; }, {.name = "store"});
  testing::Harness harness{std::move(group)};
  harness.emit(Departed{.carrier = "UA"});
  harness.emit(Departed{.carrier = "AA"});
  harness.settle();
  ASSERT_EQ(harness.failures().size(), 2);
  EXPECT_EQ(harness.failures()[0].handler, "store");
  EXPECT_THAT(harness.failures()[0].reason, HasSubstr("the database is gone"));
  EXPECT_THAT(harness.failures()[0].payload, HasSubstr("UA"));
  EXPECT_EQ(harness.handled(), 0);
  ASSERT_EQ(harness.dead_letters().size(), 2);
  EXPECT_EQ(harness.dead_letters()[0].topic, "flights.dlq");
  EXPECT_EQ(harness.dead_letters()[0].key, "UA");
  EXPECT_THAT(harness.dead_letters()[0].headers, ::testing::Contains(::testing::Pair("dispytch-attempts", "3")));
}

TEST(Harness, ThrowsWhatIsWrongInTheWiring) {
  testing::Harness harness{board()};
  harness.emit(Departed{.carrier = "UA"});
  try {
    harness.settle();
    FAIL() << "Board& is provided by nobody";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr("Board"));
  }
}

TEST(Harness, KeepsTheOrderOfAKey) {
  std::vector<int> delays;
  HandlerGroup group;
  group.on<Departed>([&](const Departed& flight) { delays.push_back(flight.delay); });
  testing::Harness harness{std::move(group)};
  for (int i = 0; i < 100; ++i) harness.emit(Departed{.carrier = "UA", .delay = i});
  harness.settle();
  ASSERT_EQ(delays.size(), 100);
  EXPECT_TRUE(std::is_sorted(delays.begin(), delays.end()));
}

TEST(Harness, RoutesTopicsWithSegments) {
  std::vector<int> users;
  HandlerGroup group;
  group.on<Welcome>([&](const Welcome&, TopicSegment<"user_id", int> user) { users.push_back(user); });
  testing::Harness harness{std::move(group)};
  harness.emit(Welcome{.user_id = 7});
  harness.emit(Welcome{.user_id = 8});
  harness.settle();
  EXPECT_THAT(users, ::testing::UnorderedElementsAre(7, 8));
}

TEST(Harness, WorksWithFlatPayloads) {
  std::vector<std::string> carriers;
  HandlerGroup group;
  group.on<Departed>([&](const Departed& flight) { carriers.push_back(flight.carrier); });
  testing::Harness harness{std::move(group), {.layout = WireForm::Layout::flat}};
  harness.emit(OutgoingMessage{.topic = "flights", .payload = R"({"carrier": "UA", "delay": 1})"});
  harness.settle();
  EXPECT_THAT(carriers, ElementsAre("UA"));
}

TEST(Harness, GivesTheWholeEvent) {
  std::optional<Event<Departed>> seen;
  HandlerGroup group;
  group.on<Departed>([&](const Event<Departed>& event) { seen = event; });
  testing::Harness harness{std::move(group)};
  harness.advance(std::chrono::seconds{10});
  harness.emit(Departed{.carrier = "UA"}, {.id = "my-id", .headers = {{"trace", "1"}}});
  harness.settle();
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->id, "my-id");
  EXPECT_EQ(seen->key, "UA");
  EXPECT_THAT(seen->headers, ElementsAre(::testing::Pair("trace", "1")));
  EXPECT_EQ(seen->timestamp.time_since_epoch().count(), 1'735'689'610'000) << "the virtual clock";
}

TEST(Harness, LetsTheBrokerKeepAMessageThatWaitsForTenMinutesWhileItsLaneGoesOn) {
  std::vector<std::string> calls;
  HandlerGroup group;
  group.on<Departed>(
      [&](const Departed& flight, Context context) {
        calls.push_back(flight.carrier + " " + std::to_string(context.attempt()));
        if (flight.carrier == "UA" && context.attempt() < 3) return retry_after(std::chrono::minutes{10});
        return done();
      },
      {.retry = {.beyond_in_place_max = BeyondInPlaceMax::requeue}});
  testing::Harness harness{std::move(group)};
  for (const char* carrier : {"UA", "DL", "AA"}) harness.emit(Departed{.carrier = carrier});
  harness.settle();
  EXPECT_THAT(calls, ElementsAre("UA 1", "DL 1", "AA 1")) << "all are of one partition";
  harness.advance(std::chrono::minutes{10} - std::chrono::milliseconds{1});
  harness.settle();
  EXPECT_EQ(calls.size(), 3);
  harness.advance(std::chrono::milliseconds{1});
  harness.settle();
  EXPECT_EQ(calls.back(), "UA 2");
  EXPECT_EQ(harness.handled(), 2);
  harness.advance(std::chrono::minutes{10});
  harness.settle();
  EXPECT_EQ(calls.back(), "UA 3");
  EXPECT_EQ(harness.handled(), 3);
  EXPECT_TRUE(harness.failures().empty());
}

TEST(Harness, UsesUpTheAttemptsOfAMessageThatTheBrokerKeeps) {
  int calls = 0;
  HandlerGroup group;
  group.on<Departed>(
      [&](const Departed&) {
        ++calls;
        return retry_after(std::chrono::hours{1}, "not yet");
      },
      {.retry = {.attempts = 3, .beyond_in_place_max = BeyondInPlaceMax::requeue}});
  testing::Harness harness{std::move(group)};
  harness.emit(Departed{.carrier = "UA"});
  for (int i = 0; i < 5; ++i) {
    harness.settle();
    harness.advance(std::chrono::hours{1});
  }
  EXPECT_EQ(calls, 3);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.failures().at(0).reason, "not yet");
}

}  // namespace
}  // namespace dispytch
