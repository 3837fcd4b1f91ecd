// The wire form of a message, from the config file and from the event, through an emitter and a listener.
#include <filesystem>
#include <fstream>
#include <map>
#include <stop_token>
#include <string>

#include <dispytch/plugins/memory.h>
#include <dispytch/dispytch.hpp>

#include <gmock/gmock.h>

#include <unistd.h>

#include "border/library.hpp"

namespace dispytch {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::StartsWith;

struct OfTheBackend {
  static constexpr auto topic = "readings";
  static constexpr auto type = "reading";
  int n = 0;
};
DISPYTCH_EVENT(OfTheBackend, n)

// Beside it on the same topic: the header tells them apart.
struct AnotherOfTheBackend {
  static constexpr auto topic = "readings";
  static constexpr auto type = "gap";
  int n = 0;
};
DISPYTCH_EVENT(AnotherOfTheBackend, n)

struct OfTheTopic {
  static constexpr auto topic = "legacy";
  static constexpr auto type = "old";
  int n = 0;
};
DISPYTCH_EVENT(OfTheTopic, n)

struct OfOneType {
  static constexpr auto topic = "single";
  static constexpr auto type = "one";
  int n = 0;
};
DISPYTCH_EVENT(OfOneType, n)

struct OfAPattern {
  static constexpr auto topic = "user.{id}.notification";
  static constexpr auto type = "notified";
  std::string id = {};
  int n = 0;
};
DISPYTCH_EVENT(OfAPattern, id, n)

struct OfItsOwn {
  static constexpr auto topic = "legacy.own";
  static constexpr auto type = "mine";
  static constexpr EventWire wire = {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = "kind"};
  int n = 0;
};
DISPYTCH_EVENT(OfItsOwn, n)

constexpr std::string_view kWireForms = R"(version: 1
logging: { level: error }
backends:
  bus:
    plugin: memory
    wire: { form: flat, type: { header: ce_type } }
    topics:
      legacy: { wire: { form: envelope } }
      legacy.own: { wire: { form: envelope } }
      "user.{user_id}.notification": { wire: { form: envelope } }
      single: { wire: { form: flat, type: { fixed: one } } }
emitters:
  out: { backend: bus }
listeners:
  in: { backend: bus, group: test, topics: [readings, legacy, legacy.own, single, { pattern: "user.{id}.notification" }] }
)";

TEST(WireForms, AreTheEventsElseTheTopicsElseTheBackends) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("dispytch-wire-forms-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream{file} << kWireForms;
  border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));

  std::stop_source stop;
  std::map<std::string, std::string> payloads;
  std::map<std::string, std::string> headers;
  std::map<std::string, int> numbers;
  const auto saw = [&]<class T>(const Event<T>& event, const Message& message) {
    payloads[event.type] = message.payload().value_or("none");
    numbers[event.type] = event.body.n;
    if (const auto type = message.header("ce_type")) headers[event.type] = *type;
    if (numbers.size() == 6) stop.request_stop();
  };
  HandlerGroup group;
  group.on<OfTheBackend>([&](const Event<OfTheBackend>& event, const Message& message) { saw(event, message); });
  group.on<AnotherOfTheBackend>([&](const Event<AnotherOfTheBackend>& event, const Message& message) { saw(event, message); });
  group.on<OfTheTopic>([&](const Event<OfTheTopic>& event, const Message& message) { saw(event, message); });
  group.on<OfOneType>([&](const Event<OfOneType>& event, const Message& message) { saw(event, message); });
  group.on<OfAPattern>([&](const Event<OfAPattern>& event, const Message& message) { saw(event, message); });
  group.on<OfItsOwn>([&](const Event<OfItsOwn>& event, const Message& message) { saw(event, message); });

  App app{"test"};
  app.config(file.string()).listen("in", std::move(group)).task([](EventEmitter& out) {
    out.emit(OfTheBackend{1}).value();
    out.emit(AnotherOfTheBackend{2}).value();
    out.emit(OfTheTopic{3}).value();
    out.emit(OfOneType{4}).value();
    out.emit(OfItsOwn{5}).value();
    out.emit(OfAPattern{"42", 6}).value();
  });
  EXPECT_EQ(app.run(stop.get_token()), 0);
  std::filesystem::remove(file);

  EXPECT_THAT(numbers,
              ElementsAre(Pair("gap", 2), Pair("mine", 5), Pair("notified", 6), Pair("old", 3), Pair("one", 4), Pair("reading", 1)));
  EXPECT_THAT(headers, ElementsAre(Pair("gap", "gap"), Pair("reading", "reading")));
  EXPECT_EQ(payloads["reading"], R"({"n":1})");
  EXPECT_EQ(payloads["gap"], R"({"n":2})");
  EXPECT_THAT(payloads["old"], StartsWith(R"({"id":")"));
  EXPECT_THAT(payloads["notified"], StartsWith(R"({"id":")"));
  EXPECT_NE(payloads["notified"].find(R"("body":{"id":"42","n":6})"), std::string::npos);
  EXPECT_EQ(payloads["one"], R"({"n":4})");
  EXPECT_EQ(payloads["mine"], R"({"kind":"mine","n":5})");
}

}  // namespace
}  // namespace dispytch
