#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>

#include <gmock/gmock.h>

#include "handle/bind.hpp"

namespace dispytch {
namespace {

struct Registered {
  static constexpr auto topic = "users.{region}";
  static constexpr auto type = "registered";
  std::string id = {};
  std::string region = {};
};
DISPYTCH_EVENT(Registered, id, region)

struct Database {
  virtual ~Database() = default;
  virtual int rows() const { return 1; }
};
struct Replica final : Database {
  int rows() const override { return 2; }
};

std::vector<std::string> problems_of(const HandlerGroup& group, const Providers& providers) {
  std::vector<std::string> problems;
  providers.check(problems);
  for (const auto& handler : group.handlers()) handle::bind(*handler, providers, problems);
  return problems;
}

TEST(Providers, FindsByTypeAndName) {
  Providers providers;
  Database& primary = providers.add<Database>({});
  Database& other = providers.add<Database>("replica");
  EXPECT_EQ(providers.find(typeid(Database), ""), &primary);
  EXPECT_EQ(providers.find(typeid(Database), "replica"), &other);
  EXPECT_EQ(providers.find(typeid(Database), "backup"), nullptr);
  EXPECT_EQ(providers.find(typeid(int), ""), nullptr);
}

TEST(Providers, GivesAnImplementationAsItsInterface) {
  Providers providers;
  providers.add_as<Database, Replica>({});
  ASSERT_NE(providers.find(typeid(Database), ""), nullptr);
  EXPECT_EQ(static_cast<Database*>(providers.find(typeid(Database), ""))->rows(), 2);
}

TEST(Providers, EndTheirObjectsInReverseOrder) {
  std::vector<int> ended;
  struct First {
    std::vector<int>* ended;
    ~First() { ended->push_back(1); }
  };
  struct Second {
    std::vector<int>* ended;
    ~Second() { ended->push_back(2); }
  };
  {
    Providers providers;
    providers.add<First>({}).ended = &ended;
    providers.add<Second>({}).ended = &ended;
  }
  EXPECT_THAT(ended, testing::ElementsAre(2, 1));
}

// ---- factories ----

struct Settings {
  std::string url = "db://main";
};
struct Pool {
  std::string url;
};
struct Session {
  Pool* pool;
};

std::vector<std::string> mistakes_of(const Providers& providers) {
  std::vector<std::string> problems;
  providers.check(problems);
  return problems;
}

TEST(Factories, MakeAnObjectOfOthersWhateverTheOrderInWhichTheyWereProvided) {
  Providers providers;
  providers.add_factory<Session>({}, Providers::Lifetime::application, [](Named<"main", Pool> pool) { return Session{&*pool}; });
  providers.add_factory<Pool>("main", Providers::Lifetime::application,
                              [](const Settings& settings) { return std::make_unique<Pool>(Pool{settings.url}); });
  providers.add<Settings>({});
  EXPECT_THAT(mistakes_of(providers), testing::IsEmpty());
  EXPECT_EQ(providers.find(typeid(Pool), "main"), nullptr) << "nothing is made by a check";
  providers.make();
  auto* const pool = static_cast<Pool*>(providers.find(typeid(Pool), "main"));
  ASSERT_NE(pool, nullptr);
  EXPECT_EQ(pool->url, "db://main");
  EXPECT_EQ(static_cast<Session*>(providers.find(typeid(Session), ""))->pool, pool);
}

TEST(Factories, EndWhatTheyMadeBeforeWhatItIsMadeOf) {
  std::vector<std::string> ended;
  struct Noting {
    std::vector<std::string>* log;
    std::string name;
    ~Noting() { log->push_back(name); }
  };
  {
    Providers providers;
    providers.add_factory<Noting>("upper", Providers::Lifetime::application, [](Named<"lower", Noting> lower) {
      return std::unique_ptr<Noting>{new Noting{lower->log, "upper"}};
    });
    providers.add_factory<Noting>("lower", Providers::Lifetime::application, [&ended] {
      return std::unique_ptr<Noting>{new Noting{&ended, "lower"}};
    });
    providers.make();
  }
  EXPECT_THAT(ended, testing::ElementsAre("upper", "lower"));
}

TEST(Factories, AreToldWhatNothingProvides) {
  Providers providers;
  providers.add_factory<Pool>({}, Providers::Lifetime::application, [](const Settings& settings) { return Pool{settings.url}; });
  EXPECT_THAT(mistakes_of(providers),
              testing::ElementsAre(testing::AllOf(testing::HasSubstr("the factory of "), testing::HasSubstr("Pool: nothing provides"),
                                                  testing::HasSubstr("Settings"))));
}

TEST(Factories, ThatWaitForEachOtherAreRefused) {
  Providers providers;
  providers.add_factory<Pool>({}, Providers::Lifetime::application, [](Session&) { return Pool{}; });
  providers.add_factory<Session>({}, Providers::Lifetime::application, [](Pool& pool) { return Session{&pool}; });
  EXPECT_THAT(mistakes_of(providers), testing::ElementsAre(testing::HasSubstr("factories wait for each other")));
}

TEST(Factories, OfWhatLastsCantTakeWhatIsMadeForEachCall) {
  Providers providers;
  providers.add_factory<Session>({}, Providers::Lifetime::call, [] { return Session{nullptr}; });
  providers.add_factory<Pool>({}, Providers::Lifetime::application, [](Session&) { return Pool{}; });
  EXPECT_THAT(mistakes_of(providers),
              testing::ElementsAre(testing::HasSubstr("which is made for each call of a handler and ends with it")));
}

TEST(Factories, ThatThrowAreNamed) {
  Providers providers;
  providers.add_factory<Pool>({}, Providers::Lifetime::application, []() -> Pool { throw std::runtime_error{"no route to host"}; });
  try {
    providers.make();
    FAIL() << "it threw";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), testing::HasSubstr("Pool threw: no route to host"));
  }
}

TEST(Binding, GivesATaskNothingThatIsMadeForEachCall) {
  Providers providers;
  providers.add_factory<Session>({}, Providers::Lifetime::call, [] { return Session{nullptr}; });
  std::vector<std::string> problems;
  handle::bind_parameters("task `feed`", {{detail::ParameterKind::provided, typeid(Session)}}, providers, problems);
  EXPECT_THAT(problems, testing::ElementsAre(testing::HasSubstr("task `feed`: takes ")));
}

TEST(Binding, NamesHandlerParameterAndWhatIsProvided) {
  HandlerGroup group;
  group.on<Registered>([](const Registered&, Database&) {});
  Providers providers;
  providers.add<std::string>("motto", "x");
  EXPECT_THAT(problems_of(group, providers),
              testing::ElementsAre(testing::AllOf(testing::HasSubstr("handler `registered on users.{region}`"),
                                                  testing::HasSubstr("Database"), testing::HasSubstr("\"motto\""))));
}

TEST(Binding, RefusesTwoProvidersOfOneTypeAndName) {
  Providers providers;
  providers.add<Database>({});
  providers.add<Database>({});
  EXPECT_THAT(problems_of(HandlerGroup{}, providers), testing::ElementsAre(testing::HasSubstr("provided twice")));
}

TEST(Binding, RefusesAProvidedTypeThatIsTheBody) {
  HandlerGroup group;
  group.on<Registered>([](const Registered&) {});
  Providers providers;
  providers.add<Registered>({});
  EXPECT_THAT(problems_of(group, providers), testing::ElementsAre(testing::HasSubstr("both the event's body and a provided type")));
}

TEST(Binding, RefusesASegmentThatTheTopicDoesNotHave) {
  HandlerGroup group;
  group.on<Registered>([](TopicSegment<"country", int>) {});
  EXPECT_THAT(problems_of(group, {}), testing::ElementsAre(testing::HasSubstr("topic segment `country`")));
}

TEST(Binding, RefusesAHandlerWithoutATopic) {
  HandlerGroup group;
  group.on_message([](const Message&) {});
  EXPECT_THAT(problems_of(group, {}), testing::ElementsAre(testing::HasSubstr("has no topic")));
}

TEST(HandlerGroup, TheHandlersTopicGoesBeforeTheGroupsAndThatBeforeTheEvents) {
  HandlerGroup plain;
  plain.on<Registered>([](const Registered&) {});
  EXPECT_EQ(plain.handlers().front()->topic, "users.{region}");
  HandlerGroup group{{.topic = "people"}};
  group.on<Registered>([](const Registered&) {});
  group.on<Registered>([](const Registered&) {}, {.topic = "persons"});
  EXPECT_EQ(group.handlers().front()->topic, "people");
  EXPECT_EQ(group.handlers().back()->topic, "persons");
}

TEST(TopicSegments, AreReadAsTextOrWholeIntegers) {
  EXPECT_EQ(detail::parse_segment<int>("42"), 42);
  EXPECT_EQ(detail::parse_segment<int>("42x"), std::nullopt);
  EXPECT_EQ(detail::parse_segment<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(detail::parse_segment<std::string>("eu"), "eu");
}

}  // namespace
}  // namespace dispytch
