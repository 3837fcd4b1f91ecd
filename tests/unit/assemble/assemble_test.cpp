// A listener is one thing, whether a config file, code or a test says what it is to be.
#include "assemble/assemble.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <dispytch/plugins/memory.h>
#include <dispytch/dispytch.hpp>
#include <dispytch/testing/harness.hpp>

#include <gmock/gmock.h>

#include "assemble/spec_of_options.hpp"
#include "border/access.hpp"
#include "border/library.hpp"

namespace dispytch::assemble {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

Backend memory() {
  return border::Access::open(border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR)), {}, {.application = "test", .version = ""});
}

HandlerGroup reading(const std::string& topic) {
  HandlerGroup group{{.topic = topic}};
  group.on<Order>([](const Order&) {});
  return group;
}

// What a listener is told, in both spellings.
struct Told {
  std::vector<std::string> topics = {"orders"};  // of its handlers
  std::string in_the_file = {};                  // behind `backend` and `group`
  ListenerOptions in_code = {};
};

constexpr const char* kNothing = "nothing was refused";

template <class Run>
std::string refusal(Run run) {
  try {
    run();
    return kNothing;
  } catch (const Exception& exception) {
    return exception.what();
  }
}

std::string of_an_application(const Told& told) {
  const std::string text =
      "version: 1\nbackends: { bus: { plugin: memory } }\nemitters: { out: { backend: bus } }\nlisteners:\n  in: { "
      "backend: bus, group: g" +
      told.in_the_file + " }\n";
  App app{"test"};
  for (const std::string& topic : told.topics) app.listen("in", reading(topic));
  return refusal([&] { testing::Harness{std::move(app), {.text = text}}.settle(); });
}

std::string of_a_harness(const Told& told) {
  HandlerGroup group;
  for (const std::string& topic : told.topics) group.on<Order>([](const Order&) {}, {.topic = topic, .name = topic});
  return refusal([&] { testing::Harness{std::move(group), told.in_code}.settle(); });
}

std::string of_an_event_listener(const Told& told) {
  const Backend bus = memory();
  ListenerOptions options = told.in_code;
  options.emitter = EventEmitter{bus.producer()};
  EventListener listener{bus.consumer({.topics = told.topics, .group = "g"}), options};
  for (const std::string& topic : told.topics) listener.include(reading(topic));
  std::stop_source stopped;
  stopped.request_stop();
  return refusal([&] { listener.run(stopped.get_token()); });
}

void expect_refusal_of_all(const Told& told, const std::string& text) {
  EXPECT_THAT(of_an_application(told), HasSubstr(text));
  EXPECT_THAT(of_a_harness(told), HasSubstr(text));
  EXPECT_THAT(of_an_event_listener(told), HasSubstr(text));
}

TEST(EachWayToMakeAListener, TakesAListenerWithoutMistakes) {
  expect_refusal_of_all({.in_the_file = ", dead_letter: { emitter: out, topic: 'dead.{group}.{listener}.{topic}' }",
                         .in_code = {.dead_letter = DeadLetterOptions{.topic = "dead.{group}.{listener}.{topic}"}}},
                        kNothing);
}

TEST(EachWayToMakeAListener, FindsAMistakeInTheTemplateOfADeadLettersTopic) {
  expect_refusal_of_all({.in_the_file = ", dead_letter: { emitter: out, topic: '{topc}.dlq' }",
                         .in_code = {.dead_letter = DeadLetterOptions{.topic = "{topc}.dlq"}}},
                        "unknown placeholder `{topc}`; did you mean `{topic}`?");
}

TEST(EachWayToMakeAListener, RefusesDeadLettersThatItWouldReadItself) {
  expect_refusal_of_all({.topics = {"orders", "orders.dlq"},
                         .in_the_file = ", dead_letter: { emitter: out }",
                         .in_code = {.dead_letter = DeadLetterOptions{}}},
                        "would send the dead letters of topic `orders` to `orders.dlq`, which it reads itself as `orders.dlq`");
  expect_refusal_of_all(
      {.in_the_file = ", dead_letter: { emitter: out, topic: orders }", .in_code = {.dead_letter = DeadLetterOptions{.topic = "orders"}}},
      "would send the dead letters of topic `orders` to `orders`, which it reads itself");
}

TEST(EachWayToMakeAListener, RefusesDeadLettersForWhatNoHandlerWantsWhereThereAreNone) {
  expect_refusal_of_all({.in_the_file = ", on_unhandled: dead_letter", .in_code = {.delivery = {.on_unhandled = OnUnhandled::dead_letter}}},
                        "no `dead_letter`");
}

TEST(EachWayToMakeAListener, RefusesDeadLettersForTombstonesWhereThereAreNone) {
  const auto tombstones = [](OnTombstone end) { return ListenerOptions{.delivery = {.on_tombstone = end}}; };
  expect_refusal_of_all({.in_the_file = ", on_tombstone: dead_letter", .in_code = tombstones(OnTombstone::dead_letter)},
                        "no `dead_letter`");
  expect_refusal_of_all({.in_the_file = ", on_tombstone: hold", .in_code = tombstones(OnTombstone::hold)}, kNothing);
  expect_refusal_of_all({.in_the_file = ", on_tombstone: settle", .in_code = tombstones(OnTombstone::settle)}, kNothing);
  ListenerOptions both = tombstones(OnTombstone::dead_letter);
  both.dead_letter = DeadLetterOptions{};
  expect_refusal_of_all({.in_the_file = ", on_tombstone: dead_letter, dead_letter: { emitter: out }", .in_code = both}, kNothing);
}

TEST(EachWayToMakeAListener, RefusesABackoffThatHoldsALaneForTooLong) {
  expect_refusal_of_all({.in_the_file = ", retry: { in_place_max: 1s }", .in_code = {.delivery = {.in_place_max = 1s}}}, "in_place_max");
  const Told patient{.in_the_file = ", retry: { backoff: { max: 1h }, in_place_max: 2h }",
                     .in_code = {.delivery = {.policy = {.retry = {.backoff = {.max = 1h}}}, .in_place_max = 2h}}};
  expect_refusal_of_all(patient, kNothing);
}

TEST(EventListener, RefusesAHandlerOutsideOfItsConsumersTopics) {
  const Backend bus = memory();
  EventListener listener{bus.consumer({.topics = {"orders"}, .group = "g"}), {.name = "billing"}};
  listener.include(reading("invoices"));
  EXPECT_THAT(refusal([&] { listener.run({}); }),
              HasSubstr("listens to topic `invoices`, which is not among the topics of listener `billing`: orders"));
}

TEST(EventListener, NeedsAnEmitterForItsDeadLetters) {
  const Backend bus = memory();
  EventListener listener{bus.consumer({.topics = {"orders"}, .group = "g"}), {.name = "billing", .dead_letter = DeadLetterOptions{}}};
  EXPECT_THAT(refusal([&] { listener.run({}); }), HasSubstr("listener `billing`: has a `dead_letter`, but no emitter"));
}

// The consumer's group is in the topic of a dead letter, and in its headers.
TEST(EventListener, PassesOnTheGroupOfItsConsumer) {
  const Backend bus = memory();
  const EventEmitter out{bus.producer()};
  std::stop_source stop;
  EventListener billing{bus.consumer({.topics = {"orders"}, .group = "payers"}),
                        {.name = "billing",
                         .delivery = {.policy = {.retry = {.attempts = 1}}},
                         .dead_letter = DeadLetterOptions{.emitter = out, .topic = "dead.{group}.{topic}"}}};
  HandlerGroup failing;
  failing.on<Order>([](const Order&) { throw std::runtime_error{"no"}; });
  billing.include(std::move(failing));
  EventListener undertaker{bus.consumer({.topics = {"dead.payers.orders"}, .group = "undertakers"})};
  std::string group;
  HandlerGroup letters;
  letters.on_message(
      [&](const Message& message) {
        group = message.header("dispytch-group").value_or("none");
        stop.request_stop();
      },
      {.topic = "dead.payers.orders"});
  undertaker.include(std::move(letters));
  EventEmitter{out}.emit(Order{"a"}).value();
  std::thread other{[&] { billing.run(stop.get_token()); }};
  undertaker.run(stop.get_token());
  other.join();
  EXPECT_EQ(group, "payers");
}

TEST(Assemble, AListenerWithoutAGroupCantFillItIn) {
  std::vector<std::string> problems;
  const Providers providers;
  (void)check({.name = "in", .dead_letters = DeadLetterSpec{.topic = "dead.{group}"}}, {}, providers, 0, problems);
  EXPECT_THAT(problems,
              ::testing::ElementsAre(HasSubstr("listener `in`: `dead_letter.topic`, \"dead.{group}\": the listener has no group")));
}

TEST(Assemble, NamesThePlaceOfEachMistakeInAFile) {
  std::vector<std::string> problems;
  const Providers providers;
  (void)check({.name = "in", .delivery = {.limits = {.messages = 0}}, .place = "shop.yaml:7:3: listeners.in"}, {}, providers, 0, problems);
  ASSERT_FALSE(problems.empty());
  for (const std::string& problem : problems) EXPECT_THAT(problem, ::testing::StartsWith("shop.yaml:7:3: listeners.in: `limits."));
}

// What the options of a listener say reaches its engine, as what the file says does.
TEST(Assemble, TakesEveryWordOfTheOptions) {
  const Backend bus = memory();
  const EventEmitter out{bus.producer()};
  const ListenerOptions options{.name = "billing",
                                .drain = 3s,
                                .delivery = {.concurrency = 2, .limits = {.messages = 7}, .stuck_after = 9s},
                                .emitter = out,
                                .dead_letter = DeadLetterOptions{}};
  auto consumer = border::Access::take(bus.consumer({.topics = {"orders"}, .group = "payers"}));
  const ListenerSpec spec = spec_of(options, consumer->adapter());
  EXPECT_EQ(spec.drain, 3s);
  EXPECT_TRUE(spec.dead_letters && spec.dead_letters->same_backend);
  EXPECT_EQ(spec.dead_letters->topic, "{topic}.dlq");
  Providers providers;
  std::vector<std::string> problems;
  EXPECT_EQ(check(spec, {}, providers, 0, problems).spec.delivery.limits.lane, 7U) << "a lane is never larger than all";
  std::uint32_t handlers_at_a_time = 0;
  const auto engine = assemble(spec, {}, providers, std::move(consumer), {.executor = [&](std::uint32_t concurrency) {
                                 handlers_at_a_time = concurrency;
                                 return nullptr;
                               }});
  EXPECT_EQ(handlers_at_a_time, 2);
  EXPECT_EQ(engine->name(), "billing");
  EXPECT_EQ(engine->group(), "payers");
  EXPECT_EQ(engine->stuck_after(), 9s);
}

TEST(Assemble, DeadLettersOfAnotherBackendMayGoToATopicOfThatName) {
  const Backend bus = memory();
  const Backend archive = memory();
  const ListenerOptions options{.dead_letter = DeadLetterOptions{.emitter = EventEmitter{archive.producer()}, .topic = "orders"}};
  const ListenerSpec spec = spec_of(options, border::Access::adapter(bus));
  EXPECT_FALSE(spec.dead_letters->same_backend);
}

struct Warned {
  HandlerGroup group{};
  ListenerSpec spec = {.name = "in"};
};
std::string warning_of(const Warned& warned) {
  std::vector<std::string> problems;
  const Providers providers;
  ::testing::internal::CaptureStderr();
  (void)check(warned.spec, {warned.group}, providers, 0, problems);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Assemble, WarnsOfHandlersThatMaySayDeadLetterWhereThereAreNone) {
  HandlerGroup group{{.topic = "orders"}};
  group.on<Order>([](const Order&) { return dead_letter("no"); }, {.name = "judge"});
  group.on<Order>([](const Order&) {}, {.name = "silent"});
  group.on<Order>([](const Order&) { return done(); }, {.name = "decided", .policy = {.on_failure = OnFailure::hold}});
  const std::string warning = warning_of({.group = group});
  EXPECT_THAT(warning, HasSubstr("has no dead letters"));
  EXPECT_THAT(warning, HasSubstr("That may be said by: `judge`. Give"));
  EXPECT_EQ(warning_of({.group = group, .spec = {.name = "in", .dead_letters = DeadLetterSpec{.topic = "dead"}}}), "");
  EXPECT_EQ(warning_of({.group = group, .spec = {.name = "in", .delivery = {.policy = {.on_failure = OnFailure::hold}}}}), "");
}

}  // namespace
}  // namespace dispytch::assemble
