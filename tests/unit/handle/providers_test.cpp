#include <memory>
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
  std::vector<std::string> problems = providers.conflicts();
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
