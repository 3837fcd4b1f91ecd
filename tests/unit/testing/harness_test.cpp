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

const ListenerOptions kWithDeadLetters{.name = "board", .dead_letter = DeadLetterOptions{}};

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
  testing::Harness harness{std::move(group), kWithDeadLetters};
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
  testing::Harness harness{std::move(group), {.wire = {.layout = WireForm::Layout::flat}}};
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
      {.policy = {.retry = {.beyond_in_place_max = BeyondInPlaceMax::requeue}}});
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
      {.policy = {.retry = {.attempts = 3, .beyond_in_place_max = BeyondInPlaceMax::requeue}}});
  testing::Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Departed{.carrier = "UA"});
  for (int i = 0; i < 5; ++i) {
    harness.settle();
    harness.advance(std::chrono::hours{1});
  }
  EXPECT_EQ(calls, 3);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.failures().at(0).reason, "not yet");
}

// As production does where a listener has no dead letters.
TEST(Harness, HoldsWhatFailsWhereThereAreNoDeadLetters) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Departed>([&](const Departed& flight) {
    if (flight.delay == 1) throw std::runtime_error{"no"};
    handled.push_back(flight.carrier);
  });
  testing::Harness harness{std::move(group)};
  harness.emit(Departed{.carrier = "UA", .delay = 1});
  harness.emit(Departed{.carrier = "UA", .delay = 2});
  harness.settle();
  EXPECT_EQ(harness.held(), 1);
  EXPECT_THAT(handled, ElementsAre()) << "its lane waits";
  EXPECT_EQ(harness.failures().size(), 1);
  EXPECT_TRUE(harness.dead_letters().empty());
}

// A chain: what one listener emits the next one handles, and what that can't handle goes to a third.
TEST(Harness, RunsSeveralListenersInOneTest) {
  std::vector<std::string> log;
  HandlerGroup departures{{.topic = "flights"}};
  departures.on<Departed>([](const Departed& flight, Context context) {
    for (int user = 1; user <= flight.delay; ++user) context.emit(Welcome{.user_id = user});
  });
  HandlerGroup notes;
  notes.on<Welcome>([&log](const Welcome& welcome) {
    if (welcome.user_id == 2) throw std::runtime_error{"nobody there"};
    log.push_back("note " + std::to_string(welcome.user_id));
  });
  HandlerGroup undertaker;
  undertaker.on_message([&log](const Message& message) { log.push_back("letter " + std::string{*message.header("dispytch-group")}); },
                        {.topic = "dead.notes"});
  testing::Harness harness;
  harness.listen(std::move(departures), {.name = "departures"})
      .listen(std::move(notes),
              {.name = "notes", .delivery = {.ordering = Ordering::key}, .dead_letter = DeadLetterOptions{.topic = "dead.{listener}"}})
      .listen(std::move(undertaker), {.name = "undertaker"});
  harness.emit(Departed{.carrier = "UA", .delay = 3});
  harness.settle();
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("note 1", "note 3", "letter notes"));
  EXPECT_EQ(harness.handled("departures"), 1);
  EXPECT_EQ(harness.handled("notes"), 2);
  EXPECT_EQ(harness.handled(), 4);
  ASSERT_EQ(harness.failures().size(), 1);
  EXPECT_EQ(harness.failures()[0].listener, "notes");
}

TEST(Harness, RefusesTwoListenersOfOneName) {
  testing::Harness harness;
  harness.listen(board(), {.name = "board"});
  EXPECT_THROW(harness.listen(board(), {.name = "board"}), Exception);
}

TEST(Harness, TellsTheMistakesOfAllListenersAtOnce) {
  testing::Harness harness;
  harness.listen(board(), {.name = "one"}).listen(board(), {.name = "other", .delivery = {.concurrency = 0}});
  try {
    harness.settle();
    FAIL() << "Board& is provided by nobody";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr("listener `one`: handler `departed on flights`: nothing provides"));
    EXPECT_THAT(exception.what(), HasSubstr("listener `other`: handler `departed on flights`: nothing provides"));
    EXPECT_THAT(exception.what(), HasSubstr("listener `other`: `concurrency` is 0"));
  }
}

constexpr const char* kChain = R"(version: 1
backends:
  bus: { plugin: kafka, config: { bootstrap.servers: "${NO_SUCH_VARIABLE:-broker:9092}" } }
  archive: { plugin: memory }
emitters:
  flights: { backend: bus }
  notes: { backend: bus }
  letters: { backend: archive }
listeners:
  departures: { backend: bus, group: g, emitter: notes, concurrency: 8 }
  notes: { backend: bus, group: g, emitter: notes, retry: { attempts: 2 }, dead_letter: { emitter: letters, topic: "dead.{group}" } }
  undertaker: { backend: archive, group: h }
)";

App chain(std::vector<std::string>& log) {
  HandlerGroup departures{{.topic = "flights"}};
  departures.on<Departed>([](const Departed& flight, Context context) { context.emit(Welcome{.user_id = flight.delay}); });
  HandlerGroup notes;
  notes.on<Welcome>([&log](const Welcome&, Context context) {
    log.push_back("attempt " + std::to_string(context.attempt()));
    throw std::runtime_error{"nobody there"};
  });
  HandlerGroup undertaker;
  undertaker.on_message([&log](const Message& message) { log.emplace_back(*message.header("dispytch-listener")); }, {.topic = "dead.g"});
  App app{"chain"};
  app.listen("departures", std::move(departures)).listen("notes", std::move(notes)).listen("undertaker", std::move(undertaker));
  app.task([](Named<"flights", EventEmitter>) { ADD_FAILURE() << "tasks don't run"; });
  return app;
}

TEST(Harness, RunsAWholeApplicationByItsConfig) {
  std::vector<std::string> log;
  testing::Harness harness{chain(log), {.text = kChain}};
  harness.emitter_at("bus").emit(Departed{.carrier = "UA", .delay = 7}).value();
  harness.settle();
  EXPECT_THAT(log, ElementsAre("attempt 1", "attempt 2", "notes"));
  EXPECT_EQ(harness.handled("departures"), 1);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.dead_letters()[0].topic, "dead.g");
}

TEST(Harness, AsksWhichBackendWhereAnApplicationHasSeveral) {
  std::vector<std::string> log;
  testing::Harness harness{chain(log), {.text = kChain}};
  EXPECT_THROW(harness.emit(Departed{}), Exception);
  EXPECT_THROW(harness.emitter_at("buss"), Exception);
  EXPECT_THROW(harness.listen(board(), {.name = "more"}), Exception) << "the application has the listeners";
}

TEST(Harness, FindsTheMistakesOfAnApplicationsConfigAndWiring) {
  std::vector<std::string> log;
  try {
    const testing::Harness harness{chain(log), {.text = "version: 1\nlisteners: { notes: { backend: bus } }\n"}};
    FAIL() << "there is no backend `bus`";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr("config.yaml:2:32: listeners.notes.backend: no backend `bus`"));
  }
  App app{"test"};
  app.listen("board", board());
  testing::Harness harness{
      std::move(app), {.text = "version: 1\nbackends: { bus: { plugin: memory } }\nlisteners:\n  board: { backend: bus, group: g }\n"}};
  try {
    harness.settle();
    FAIL() << "Board& is provided by nobody";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr("config.yaml:4:3: listeners.board: handler `departed on flights`: nothing provides"));
  }
  EXPECT_THROW((testing::Harness{App{"test"}}), Exception) << "it names no config";
}

}  // namespace
}  // namespace dispytch
