// The way of a message to the dead letters.
#include <cstdint>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const Error kAway{.code = ErrorCode::unavailable, .text = "the dead letters' broker is away", .retriable = true};

HandlerGroup failing(HandlerOptions options = {.name = "store"}) {
  HandlerGroup group;
  options.policy.retry.attempts = 1;
  group.on<Order>(
      [](const Order& order) {
        if (order.id == "bad") throw Busy{"for ever"};
      },
      std::move(options));
  return group;
}

TEST(Burying, CarriesBytesKeyAndHeadersAndSaysWhatIsKnown) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw Busy{"for ever"}; },
                  {.name = "store", .policy = {.retry = {.attempts = 3, .backoff = {.initial = 2s, .factor = 1, .jitter = 0}}}});
  Rig rig{std::move(group), {.dead_letters = true}};
  testing::Logged message = order("bad", std::string{"k\0\xff", 3});
  message.headers = {{"trace", "abc"}, {"trace", "def"}, {"empty", ""}};
  rig.broker.append(1, order("before"));
  rig.broker.append(1, message);
  rig.settle_all();
  ASSERT_EQ(rig.dead_letters.letters.size(), 2);
  const OutgoingMessage& letter = rig.dead_letters.letters[1].message;
  EXPECT_EQ(letter.topic, "orders.dlq");
  EXPECT_EQ(letter.key, (std::string{"k\0\xff", 3}));
  EXPECT_EQ(letter.payload, order_payload("bad"));
  const std::int64_t start = VirtualClock{}.unix_ms() + 4000;  // the first message's attempts
  EXPECT_THAT(letter.headers,
              ElementsAre(Pair("trace", "abc"), Pair("trace", "def"), Pair("empty", ""), Pair("dispytch-reason", "failed"),
                          Pair("dispytch-exception", "dispytch::listen::Busy: for ever"), Pair("dispytch-handler", "store"),
                          Pair("dispytch-listener", "billing"), Pair("dispytch-group", "bill"), Pair("dispytch-topic", "orders"),
                          Pair("dispytch-partition", "1"), Pair("dispytch-offset", "1"), Pair("dispytch-attempts", "3"),
                          Pair("dispytch-first", std::to_string(start - 4000)), Pair("dispytch-last", std::to_string(start + 4000))));
  EXPECT_EQ(rig.counters().dead_lettered, 2);
  EXPECT_EQ(rig.broker.committed(1), 2);
}

TEST(Burying, SettlesTheMessageOnlyOnceTheDeadLetterIsConfirmed) {
  Rig rig{failing(), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad"));
  rig.broker.append(0, order("behind"));
  rig.broker.append(1, order("elsewhere"));
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.broker.committed(1), 1) << "others go on meanwhile";
  rig.dead_letters.answer(Receipt{});
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_EQ(rig.counters().dead_lettered, 1);
  EXPECT_EQ(rig.counters().handled, 2);
}

TEST(Burying, BacksOffAndTriesAgainForAsLongAsTheDeadLetterCanNotBeStored) {
  Rig rig{failing(),
          {.delivery = {.policy = {.retry = {.backoff = {.initial = 1s, .factor = 2, .max = 4s, .jitter = 0}}}}, .dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad", "k"));
  std::vector<std::chrono::nanoseconds> sent;
  const std::string log = logged([&] {
    rig.settle();
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(rig.dead_letters.letters.size(), i + 1);
      sent.push_back(rig.clock.monotonic());
      rig.dead_letters.answer(kAway);
      rig.settle();
      ASSERT_TRUE(rig.engine().next_due());
      rig.advance(*rig.engine().next_due() - rig.clock.monotonic());
    }
  });
  EXPECT_EQ(sent[1] - sent[0], 1s);
  EXPECT_EQ(sent[2] - sent[1], 2s);
  EXPECT_EQ(sent[3] - sent[2], 4s);
  EXPECT_EQ(sent[19] - sent[18], 4s);
  EXPECT_THAT(log, HasSubstr("a dead letter could not be stored, and is tried again: on topic `orders`, partition 0, offset 0, key \"k\": "
                             "the dead letters' broker is away"));
  EXPECT_EQ(rig.broker.committed(0), 0) << "never dropped";
  EXPECT_EQ(rig.counters().unfinished, 1);
  rig.dead_letters.answer(Receipt{});
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.dead_letters.letters.back().message.payload, order_payload("bad"));
}

TEST(Burying, ThroughAnEmitterThatIsOfNoMoreUseEndsTheListener) {
  Rig rig{failing(), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad", "k"));
  rig.settle();
  rig.dead_letters.answer(Error{.code = ErrorCode::fenced, .text = "it is fenced", .fatal = true});
  const Result<Engine::Step> stepped = rig.step();
  ASSERT_FALSE(stepped);
  EXPECT_THAT(stepped.error().text, HasSubstr("; its dead letter could not be stored: it is fenced"));
  EXPECT_TRUE(rig.engine().drain());
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.counters().dead_lettered, 0);
}

TEST(Burying, ReplacesTheHeadersOfAnEarlierDeathAndKeepsTheCountOfReplays) {
  Rig rig{failing(), {.dead_letters = true}};
  testing::Logged message = order("bad");
  message.headers = {{"dispytch-reason", "undecodable"}, {"dispytch-offset", "99"}, {"dispytch-replays", "2"}};
  rig.broker.append(0, message);
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  const auto& headers = rig.dead_letters.letters[0].message.headers;
  EXPECT_THAT(headers, Contains(Pair("dispytch-replays", "2")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-reason", "failed")));
  EXPECT_THAT(headers, Not(Contains(Pair("dispytch-reason", "undecodable"))));
  EXPECT_THAT(headers, Not(Contains(Pair("dispytch-offset", "99"))));
}

TEST(Burying, KeepsATombstoneATombstoneAndAMissingKeyMissing) {
  Rig rig{failing(), {.delivery = {.on_tombstone = OnTombstone::dead_letter}, .dead_letters = true}};
  rig.broker.append(0, {.topic = "orders"});
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_EQ(rig.dead_letters.letters[0].message.payload, std::nullopt);
  EXPECT_EQ(rig.dead_letters.letters[0].message.key, std::nullopt);
  EXPECT_THAT(rig.dead_letters.letters[0].message.headers, Contains(Pair("dispytch-reason", "tombstone")));
}

TEST(Burying, OnAHandlersWordIsNoAttemptMore) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { return dead_letter("the customer is gone"); }, {.policy = {.retry = {.attempts = 5}}});
  Rig rig{std::move(group), {.dead_letters = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  const auto& headers = rig.dead_letters.letters[0].message.headers;
  EXPECT_THAT(headers, Contains(Pair("dispytch-reason", "rejected")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-exception", "the customer is gone")));
  EXPECT_THAT(headers, Contains(Pair("dispytch-attempts", "1")));
}

TEST(Burying, OnAHandlersWordIsHoldingWhereThereAreNoDeadLetters) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { return dead_letter("the customer is gone"); });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(Burying, IsAwaitedByARevocation) {
  Rig rig{failing(), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), Not(Contains("revoked 0")));
  rig.dead_letters.answer(Receipt{});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "revoked 0"));
}

TEST(Burying, ThatFailsDuringARevocationIsLeftToTheNextOwner) {
  Rig rig{failing(), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  rig.dead_letters.answer(kAway);
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Burying, ThatIsConfirmedAfterALossSettlesNothing) {
  Rig rig{failing(), {.dead_letters = true}};
  rig.dead_letters.confirm_at_once = false;
  rig.broker.append(0, order("bad"));
  rig.settle();
  rig.broker.lose({0});
  rig.settle();
  rig.dead_letters.answer(Receipt{});
  rig.settle();
  EXPECT_EQ(rig.counters().fenced, 1);
  EXPECT_EQ(rig.counters().dead_lettered, 0);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1"));
}

TEST(Burying, ThroughAnEmitterWhoseQueueIsFullIsTriedAgain) {
  testing::Script script;
  script.full_for = 3;
  VirtualClock clock;
  const auto core =
      detail::EmitterCore::make(testing::scripted_producer(script), {.name = "dead", .pumping = emit::Pumping::inline_, .clock = &clock});
  const auto letters = dead_letters_through(core, "{listener}.dead");
  EXPECT_EQ(letters->topic_template(), "{listener}.dead");
  std::vector<Result<Receipt>> answers;
  for (int i = 0; i < 4; ++i) {
    letters->send({.topic = "dead", .payload = "x"}, [&](const Result<Receipt>& result) { answers.push_back(result); });
  }
  ASSERT_EQ(answers.size(), 4);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(answers[static_cast<std::size_t>(i)]) << "at once: the thread that polls must not wait for room";
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].error().code, ErrorCode::full);
  }
  EXPECT_TRUE(answers[3]);
  EXPECT_EQ(script.sent.size(), 1);
}

}  // namespace
}  // namespace dispytch::listen
