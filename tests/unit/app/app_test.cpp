#include <dispytch/app.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <dispytch/plugins/memory.h>
#include <dispytch/dispytch.hpp>

#include <gmock/gmock.h>

#include <unistd.h>

#include "border/library.hpp"

namespace dispytch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Counted {
  static constexpr auto topic = "numbers";
  static constexpr auto type = "counted";
  int number = 0;
};
DISPYTCH_EVENT(Counted, number)

constexpr std::string_view kConfig = R"(version: 1
logging: { level: error }
backends:
  bus: { plugin: memory, config: { topics: { numbers: { partitions: 1 } } } }
emitters:
  out: { backend: bus }
listeners:
  in: { backend: bus, group: test, topics: [numbers], drain: 300ms }
)";

// A config file of the test's own.
class File {
 public:
  explicit File(std::string_view text)
      : path_{std::filesystem::temp_directory_path() / ("dispytch-app-" + std::to_string(::getpid()) + ".yaml")} {
    std::ofstream{path_} << text;
    border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));
  }
  ~File() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

int run_main(App& app, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "app");
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  return app.main(static_cast<int>(raw.size()), raw.data());
}

HandlerGroup into(std::vector<int>& numbers) {
  HandlerGroup group;
  group.on<Counted>([&numbers](const Counted& event) { numbers.push_back(event.number); });
  return group;
}

TEST(App, RunsAFeedAndAListenerUntilNothingComesAnyMore) {
  const File file{kConfig};
  std::vector<int> numbers;
  App app{"test"};
  app.listen("in", into(numbers));
  app.task([](Named<"out", EventEmitter> out) {
    for (int i = 0; i < 3; ++i) out->emit(Counted{i}).value();
  });
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--until-idle", "100ms"}), 0);
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2));
}

TEST(App, EndsWithItsTasksWhereItHasNoListeners) {
  const File file{kConfig};
  int emitted = 0;
  App app{"test"};
  app.config(file.path()).task([&](EventEmitter& out, std::stop_token) {
    out.emit(Counted{1}, [&](const Result<Receipt>& result) { emitted += result ? 1 : 0; });
  });
  EXPECT_EQ(app.run({}), 0);
  EXPECT_EQ(emitted, 1) << "emitters are flushed";
}

TEST(App, PutsEmitMiddlewareAroundAllEmittersOrOne) {
  const File file{
      std::string{kConfig}.replace(kConfig.find("  out: { backend: bus }"), 23, "  out: { backend: bus }\n  other: { backend: bus }")};
  std::vector<std::string> notes;
  const auto noting = [&notes](const std::string& name) -> EmitMiddleware {
    return [&notes, name](EmitCall next) -> EmitCall {
      return [&notes, name, next](OutgoingMessage& message) {
        notes.push_back(name);
        return next(message);
      };
    };
  };
  App app{"test"};
  app.config(file.path()).use_for_emits("out", noting("of out")).use_for_emits(noting("of all"));
  app.task([&](Named<"out", EventEmitter> out, Named<"other", EventEmitter> other) {
    out->emit(Counted{1}).value();
    notes.emplace_back("then");
    other->emit(Counted{2}).value();
  });
  EXPECT_EQ(app.run({}), 0);
  EXPECT_THAT(notes, ElementsAre("of all", "of out", "then", "of all"));
}

TEST(App, PutsEmitMiddlewareAroundContextEmitToo) {
  const File file{kConfig};
  std::size_t passed = 0;
  HandlerGroup group;
  group.on<Counted>([](const Counted& event, Context context) {
    if (event.number < 2) context.emit(Counted{event.number + 1});
  });
  App app{"test"};
  app.listen("in", std::move(group)).task([](EventEmitter& out) { out.emit(Counted{0}).value(); });
  app.use_for_emits([&passed](EmitCall next) -> EmitCall {
    return [&passed, next](OutgoingMessage& message) {
      ++passed;
      return next(message);
    };
  });
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--until-idle", "100ms"}), 0);
  EXPECT_EQ(passed, 3);
}

TEST(App, RefusesEmitMiddlewareForAnEmitterThatTheConfigFileDoesNotHave) {
  const File file{kConfig};
  App app{"test"};
  app.config(file.path()).task([] {}).use_for_emits("outt", [](EmitCall next) { return next; });
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(app.run({}), 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("a middleware is for the emitter `outt`, which the config file doesn't have under `emitters`; there are: out"));
}

TEST(App, StopsWhenAskedTo) {
  const File file{kConfig};
  std::stop_source stop;
  std::vector<int> numbers;
  std::promise<void> started;
  App app{"test"};
  app.config(file.path()).listen("in", into(numbers)).task([&] { started.set_value(); });
  std::thread stopper{[&] {
    started.get_future().get();
    stop.request_stop();
  }};
  EXPECT_EQ(app.run(stop.get_token()), 0);
  stopper.join();
}

TEST(App, AFailingHandlerEndsItWithOne) {
  const File file{kConfig};
  HandlerGroup group;
  group.on<Counted>([](const Counted&) { throw std::runtime_error{"no"}; },
                    {.policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::stop}});
  App app{"test"};
  app.config(file.path()).listen("in", std::move(group)).task([](EventEmitter& out) { out.emit(Counted{1}).value(); });
  EXPECT_EQ(app.run({}), 1);
}

TEST(App, AThrowingTaskEndsItWithOne) {
  const File file{kConfig};
  App app{"test"};
  app.config(file.path()).task([] { throw std::runtime_error{"no"}; });
  EXPECT_EQ(app.run({}), 1);
}

TEST(App, NamesItsTasks) {
  const File file{kConfig};
  App app{"test"};
  app.config(file.path()).task("feed", [](std::vector<double>&) {}).task([](std::vector<double>&) {});
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(app.run({}), 2);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("task `feed`: nothing provides"));
  EXPECT_THAT(text, HasSubstr("task 2: nothing provides"));
}

TEST(App, HasObjectsMadeOfOthersOnceItsEmittersAreOpen) {
  struct Greeter {
    Greeter(EventEmitter& of, int its_number) : out{of}, number{its_number} { out.emit(Counted{number}).value(); }
    EventEmitter& out;
    int number;
  };
  const File file{kConfig};
  std::vector<int> numbers;
  App app{"test"};
  app.provide_made<Greeter>([](Named<"out", EventEmitter> out, const int& number) { return std::make_unique<Greeter>(*out, number); });
  int& number = app.provide<int>(7);
  app.listen("in", into(numbers)).task([](Greeter& greeter) { greeter.out.emit(Counted{greeter.number + 1}).value(); });
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--check"}), 0) << "a check makes nothing";
  EXPECT_EQ(number, 7);
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--until-idle", "100ms"}), 0);
  EXPECT_THAT(numbers, ElementsAre(7, 8));
}

TEST(App, AFactoryThatThrowsEndsItWithOne) {
  const File file{kConfig};
  App app{"test"};
  app.provide_made<int>([]() -> int { throw std::runtime_error{"the database is away"}; });
  app.config(file.path()).task([] {});
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(app.run({}), 1);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("the factory of int threw: the database is away"));
}

struct TestSettings {
  static constexpr auto required = dispytch::fields("first");
  int first = 0;
  std::chrono::milliseconds pause{1};
};
DISPYTCH_SETTINGS(TestSettings, first, pause)

TEST(App, ReadsItsOwnSectionOfTheConfigFileBeforeAnythingIsMade) {
  const File file{std::string{kConfig} + "application: { first: 7, pause: 2s }\n"};
  struct Counter {
    int next;
  };
  std::vector<int> seen;
  App app{"test"};
  const TestSettings& settings = app.settings<TestSettings>();
  app.provide_made<Counter>([](const TestSettings& of) { return Counter{of.first}; });
  app.config(file.path()).task([&seen](Counter& counter, const TestSettings& of) {
    seen = {counter.next, of.first, static_cast<int>(of.pause.count())};
  });
  EXPECT_EQ(app.run({}), 0);
  EXPECT_THAT(seen, ElementsAre(7, 7, 2000));
  EXPECT_EQ(settings.first, 7);
  EXPECT_THROW(app.settings<TestSettings>(), Exception) << "the section has one struct";
}

TEST(App, RefusesAMistakeInItsOwnSection) {
  const File file{std::string{kConfig} + "application: { frist: 7 }\n"};
  App app{"test"};
  app.settings<TestSettings>();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--check"}), 2);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr(":9:16: application.frist: unknown key; did you mean `first`?"));
}

TEST(App, ReportsEveryMistakeOfTheWiringAtOnceAndStartsNothing) {
  const File file{kConfig};
  HandlerGroup group;
  group.on<Counted>([](const Counted&, std::vector<double>&) {});
  group.on<Counted>([](const Counted&) {}, {.topic = "letters"});
  bool ran = false;
  App app{"test"};
  app.provide<int>(1);
  app.provide<int>(2);
  app.config(file.path()).listen("in", std::move(group)).listen("out", HandlerGroup{}).task([&](Named<"audit", EventEmitter>) {
    ran = true;
  });
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(app.run({}), 2);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("int is provided twice"));
  EXPECT_THAT(text, HasSubstr("nothing provides its parameter of type std::vector<double"));
  EXPECT_THAT(text, HasSubstr("listens to topic `letters`, which is not among the topics of listener `in`: numbers"));
  EXPECT_THAT(text, HasSubstr("listens as `out`, which the config file doesn't have under `listeners`; there are: in"));
  EXPECT_THAT(text, HasSubstr("the emitter `audit` was asked for, which the config file doesn't have under `emitters`; there are: out"));
  EXPECT_FALSE(ran);
}

// A plugin that can all that the memory backend can, but for one thing.
void adopt_without(std::uint64_t capability, const char* id) {
  static dispytch_plugin lesser = *dispytch_memory_plugin(DISPYTCH_ABI_MINOR);
  lesser.id = id;
  lesser.capabilities &= ~capability;
  border::adopt(lesser);
}

TEST(App, RefusesWaitsOfAHandlerThatAreTooLongForItsLaneUnlessTheBrokerCanKeepTheMessage) {
  adopt_without(DISPYTCH_CAN_DELAY, "impatient");
  const std::string with_impatient = std::string{kConfig}.replace(kConfig.find("memory"), 6, "impatient");
  const auto check = [](std::string_view config, RetryPolicy retry) {
    const File file{config};
    HandlerGroup group;
    group.on<Counted>([](const Counted&) {}, {.name = "counting", .policy = {.retry = retry}});
    App app{"test"};
    app.listen("in", std::move(group));
    ::testing::internal::CaptureStderr();
    const int code = run_main(app, {"--config", file.path(), "--check"});
    return std::pair{code, ::testing::internal::GetCapturedStderr()};
  };
  const RetryPolicy refuses{.backoff = {.max = 1h}};
  const RetryPolicy requeues{.backoff = {.max = 1h}, .beyond_in_place_max = BeyondInPlaceMax::requeue};
  EXPECT_THAT(check(kConfig, refuses), Pair(2, HasSubstr("let the broker keep the message meanwhile: `beyond_in_place_max: requeue`")));
  EXPECT_THAT(check(kConfig, requeues), Pair(0, ""));
  EXPECT_THAT(check(with_impatient, refuses), Pair(2, HasSubstr("its backend can't keep a message for that long instead")));
  EXPECT_THAT(check(with_impatient, requeues), Pair(2, HasSubstr("handler `counting`: its long waits are to be the broker's")));
}

// The file names no topics, so that only the handlers say what is read.
TEST(App, RefusesDeadLettersThatItsOwnListenerReads) {
  const auto check = [](const char* listener, const char* first, const char* second) {
    const File file{
        "version: 1\nbackends: { bus: { plugin: memory } }\nemitters: { out: { backend: bus } }\nlisteners: { in: { backend: bus, group: "
        "g, " +
        std::string{listener} + " } }\n"};
    App app{"test"};
    for (const char* topic : {first, second}) {
      HandlerGroup group{{.topic = topic}};
      group.on<Counted>([](const Counted&) {});
      app.listen("in", std::move(group));
    }
    ::testing::internal::CaptureStderr();
    const int code = run_main(app, {"--config", file.path(), "--check"});
    return std::pair{code, ::testing::internal::GetCapturedStderr()};
  };
  EXPECT_THAT(check("dead_letter: { emitter: out }", "numbers", "numbers.dlq"),
              Pair(2, HasSubstr("listener `in` would send the dead letters of topic `numbers` to `numbers.dlq`, which it reads itself")));
  EXPECT_THAT(check("dead_letter: { emitter: out, topic: dead }", "{any}", "numbers"),
              Pair(2, HasSubstr("to `dead`, which it reads itself as `{any}`; write another `dead_letter.topic`")));
  EXPECT_THAT(check("dead_letter: { emitter: out }", "numbers", "letters"), Pair(0, ""));
  EXPECT_THAT(check("dead_letter: { emitter: out }", "numbers.{any}", "letters"), Pair(0, ""));
}

TEST(App, AMistakeOfTheConfigFileEndsItWithTwo) {
  const File file{"version: 1\nbackends: { bus: { plugin: memory, confg: {} } }\n"};
  App app{"test"};
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_main(app, {"--config", file.path()}), 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("did you mean `config`"));
}

TEST(App, ChecksWithoutStarting) {
  const File file{kConfig};
  bool ran = false;
  App app{"test"};
  app.task([&] { ran = true; });
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--check"}), 0);
  EXPECT_FALSE(ran);
}

TEST(App, WrongUsageEndsItWithTwo) {
  App app{"test"};
  EXPECT_EQ(run_main(app, {"--no-such-option"}), 2);
  EXPECT_EQ(run_main(app, {}), 2) << "--config is missing";
}

TEST(App, TakesOptionsOfTheApplicationsOwn) {
  const File file{kConfig};
  std::string input = "default.csv";
  int limit = 0;
  bool fast = false;
  App app{"test"};
  app.option("--input", "FILE of flights", input).option("--limit", "how many", limit).option("--fast", "no waiting", fast).task([] {});
  EXPECT_EQ(run_main(app, {"--config", file.path(), "--limit", "7", "--fast"}), 0);
  EXPECT_EQ(input, "default.csv");
  EXPECT_EQ(limit, 7);
  EXPECT_TRUE(fast);
}

using AppDeathTest = ::testing::Test;

TEST(AppDeathTest, AHandlerThatOutlivesTheDrainEndsTheProcessWithThree) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    const File file{kConfig};
    std::stop_source stop;
    HandlerGroup group;
    group.on<Counted>([&](const Counted&) {
      stop.request_stop();
      std::promise<void>{}.get_future().wait();
    });
    App app{"test"};
    app.config(file.path()).listen("in", std::move(group)).task([](EventEmitter& out) { out.emit(Counted{1}).value(); });
    app.run(stop.get_token());
  };
  EXPECT_EXIT(hang(), ::testing::ExitedWithCode(3), "still ran");
}

// The listener drains, in vain, before anybody else ends: its workers can't be joined.
TEST(AppDeathTest, AWorkerThatOutlivesAListenersOwnEndEndsTheProcessWithThree) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    std::string config{kConfig};
    config.insert(config.rfind(" }"), ", ordering: none, concurrency: 2, on_failure: stop, retry: { attempts: 1 }");
    const File file{config};
    std::promise<void> hangs;
    HandlerGroup group;
    group.on<Counted>([&](const Counted& counted) {
      if (counted.number == 1) {
        hangs.set_value();
        std::promise<void>{}.get_future().wait();
      }
      hangs.get_future().wait();
      throw std::logic_error{"of no use"};
    });
    App app{"test"};
    app.config(file.path()).listen("in", std::move(group)).task([](EventEmitter& out) {
      out.emit(Counted{1}).value();
      out.emit(Counted{2}).value();
    });
    std::stop_source stop;
    app.run(stop.get_token());
  };
  EXPECT_EXIT(hang(), ::testing::ExitedWithCode(3), "1 message of listener in still ran");
}

// Those of the first second are the same request as the first.
[[noreturn]] void signal_for_ever() {
  while (true) {
    ::kill(::getpid(), SIGINT);
    std::this_thread::yield();
  }
}

TEST(AppDeathTest, ASignalThatComesTwiceAtOnceIsOneRequest) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto both = [] {
    const File file{kConfig};
    std::vector<int> numbers;
    App app{"test"};
    app.listen("in", into(numbers)).task([](std::stop_token stop) {
      ::kill(::getpid(), SIGTERM);
      while (!stop.stop_requested()) std::this_thread::yield();
      ::kill(::getpid(), SIGTERM);
      ::kill(::getpid(), SIGINT);
    });
    std::_Exit(run_main(app, {"--config", file.path()}) == 0 ? 42 : 1);
  };
  EXPECT_EXIT(both(), ::testing::ExitedWithCode(42), "");
}

TEST(AppDeathTest, ASecondSignalEndsAHandlerToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto twice = [] {
    std::string patient{kConfig};
    patient.replace(patient.find("300ms"), 5, "60s");
    const File file{patient};
    HandlerGroup group;
    group.on<Counted>([&](const Counted&) {
      ::kill(::getpid(), SIGTERM);
      signal_for_ever();
    });
    App app{"test"};
    app.listen("in", std::move(group)).task([](EventEmitter& out) { out.emit(Counted{1}).value(); });
    run_main(app, {"--config", file.path()});
  };
  EXPECT_EXIT(twice(), ::testing::ExitedWithCode(1), "second signal");
}

TEST(AppDeathTest, TheFirstSignalDrainsAndTheSecondEndsAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto drained = [] {
    const File file{kConfig};
    std::vector<int> numbers;
    App app{"test"};
    app.listen("in", into(numbers)).task([] { ::kill(::getpid(), SIGTERM); });
    std::_Exit(run_main(app, {"--config", file.path()}) == 0 ? 42 : 1);
  };
  EXPECT_EXIT(drained(), ::testing::ExitedWithCode(42), "");
  const auto twice = [] {
    const File file{kConfig};
    App app{"test"};
    app.task([](std::stop_token stop) {
      ::kill(::getpid(), SIGTERM);
      while (!stop.stop_requested()) std::this_thread::yield();
      signal_for_ever();
    });
    run_main(app, {"--config", file.path()});
  };
  EXPECT_EXIT(twice(), ::testing::ExitedWithCode(1), "second signal");
}

}  // namespace
}  // namespace dispytch
