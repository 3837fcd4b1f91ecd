// Objects that are made for each call of a handler.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Log = std::vector<std::string>;

struct Session {
  explicit Session(Log& of, std::string its_name = "session") : log{of}, name{std::move(its_name)} { log.push_back("open " + name); }
  ~Session() { log.push_back("close " + name); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Log& log;
  std::string name;
};

struct Transaction : Session {
  explicit Transaction(Log& of) : Session{of, "transaction"} {}
};

void provide(Rig& rig, Log& log) {
  rig.providers.add_factory<Session>({}, Providers::Lifetime::call, [&log] { return std::make_unique<Session>(log); });
  rig.providers.add_factory<Transaction>({}, Providers::Lifetime::call, [&log] { return std::make_unique<Transaction>(log); });
}

TEST(PerMessageScopes, AreRenewedOnEveryAttemptAndClosedAfterAThrow) {
  Log log;
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session& session) {
    session.log.emplace_back("use");
    if (++calls < 3) throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(log, ElementsAre("open session", "use", "close session", "open session", "use", "close session", "open session", "use",
                               "close session"));
}

TEST(PerMessageScopes, AreOpenedInTheOrderOfTheParametersAndOnlyForThoseThatTakeThem) {
  Log log;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Transaction&, Session&) { log.emplace_back("use"); });
  group.on<Order>([&](const Order&) { log.emplace_back("without"); });
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_THAT(Log(log.begin(), log.begin() + 3), ElementsAre("open transaction", "open session", "use"));
  EXPECT_EQ(log.size(), 6);
  EXPECT_EQ(log.back(), "without");
}

TEST(PerMessageScopes, LiveUntilTheCompletionIsCalled) {
  Log log;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session&, Completion completion) { pending.push_back(std::move(completion)); });
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_THAT(log, ElementsAre("open session"));
  pending[0]();
  EXPECT_THAT(log, ElementsAre("open session", "close session"));
  rig.settle();
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(PerMessageScopes, OfAnAttemptWhoseTimeIsOverLiveUntilItsCompletionIsGone) {
  Log log;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session&, Completion completion) { pending.push_back(std::move(completion)); },
                  {.policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::drop, .timeout = 1s}});
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(1s);
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_THAT(log, ElementsAre("open session")) << "its handler may still be at work";
  pending.clear();
  EXPECT_THAT(log, ElementsAre("open session", "close session"));
}

TEST(PerMessageScopes, ThatCanNotBeOpenedAreAFailedAttempt) {
  int factories = 0;
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session&) { ++calls; });
  Rig rig{std::move(group)};
  Log log;
  rig.providers.add_factory<Session>({}, Providers::Lifetime::call, [&] {
    if (++factories == 1) throw std::runtime_error{"no connection"};
    return std::make_unique<Session>(log);
  });
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rig.counters().retries, 1);
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(PerMessageScopes, OfWhatIsUndecodableAreClosedToo) {
  Log log;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session&) { log.emplace_back("use"); }, {.policy = {.on_undecodable = OnFailure::drop}});
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, {.topic = "orders", .payload = R"({"id":"e","type":"order","body":{"id":5},"timestamp":1})"});
  rig.settle();
  EXPECT_THAT(log, ElementsAre("open session", "close session"));
}

// A session made of a pool, and a transaction made of that very session, whichever the handler takes first.
TEST(PerMessageScopes, AreMadeOfEachOtherAndOfWhatLasts) {
  Log log;
  struct Pool {
    int sessions = 0;
  };
  struct Connection {
    Connection(Log& of, int its_number) : log{of}, number{its_number} { log.push_back("open " + std::to_string(number)); }
    ~Connection() { log.push_back("close " + std::to_string(number)); }
    Log& log;
    int number;
  };
  struct Work {
    explicit Work(Connection& of) : connection{of} { connection.log.push_back("begin on " + std::to_string(connection.number)); }
    ~Work() { connection.log.emplace_back("end"); }
    Connection& connection;
  };
  HandlerGroup group;
  group.on<Order>([&](const Order&, Work& work, Connection& connection) { EXPECT_EQ(&work.connection, &connection); });
  Rig rig{std::move(group)};
  rig.providers.add_factory<Work>({}, Providers::Lifetime::call, [](Connection& connection) { return std::make_unique<Work>(connection); });
  rig.providers.add_factory<Connection>({}, Providers::Lifetime::call,
                                        [&log](Pool& pool) { return std::make_unique<Connection>(log, ++pool.sessions); });
  rig.providers.add<Pool>({});
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("b"));
  rig.settle();
  EXPECT_THAT(log, ElementsAre("open 1", "begin on 1", "end", "close 1", "open 2", "begin on 2", "end", "close 2"));
}

// What is provided once a listener runs is not for it, and moves nothing that it holds.
TEST(PerMessageScopes, AreMadeByTheirFactoriesThoughMoreIsProvidedMeanwhile) {
  Log log;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Session&) { log.emplace_back("use"); });
  Rig rig{std::move(group)};
  provide(rig, log);
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 100; ++i) rig.providers.add<int>("number " + std::to_string(i), i);
  rig.broker.append(0, order("b"));
  rig.settle();
  EXPECT_EQ(log.size(), 6);
  EXPECT_EQ(log[4], "use");
}

}  // namespace
}  // namespace dispytch::listen
