// What a handler emits by its Context belongs to its message.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

HandlerGroup shipping() {
  HandlerGroup group;
  group.on<Order>([](const Order& order, Context context) { context.emit(Shipped{order.id}); },
                  {.policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .jitter = 0}}}});
  return group;
}

TEST(ContextEmits, SettleTheirMessageOnlyOnceTheyAreConfirmed) {
  Rig rig{shipping(), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.broker.append(1, order("elsewhere"));
  rig.settle();
  ASSERT_EQ(rig.emits.sent.size(), 2) << "the message behind waits";
  EXPECT_EQ(rig.emits.sent[0].topic, "shipped");
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.broker.committed(1), 1);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_EQ(rig.counters().handled, 3);
}

TEST(ContextEmits, ThatFailAreAFailedAttempt) {
  Rig rig{shipping(), {.emitter = true}};
  rig.emits.report_text = "no leader";
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.answer_emits(DISPYTCH_EUNAVAILABLE);
  rig.settle();
  EXPECT_EQ(rig.counters().retries, 1);
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.advance(1s);
  ASSERT_EQ(rig.emits.sent.size(), 2) << "emitted again";
  rig.answer_emits(DISPYTCH_EUNAVAILABLE);
  rig.settle();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "what it emitted was not stored: no leader");
}

TEST(ContextEmits, ThroughAnEmitterThatIsOfNoMoreUseEndTheListenerWhateverThePolicySays) {
  for (const bool at_once : {false, true}) {
    HandlerGroup group = shipping();
    Rig rig{std::move(group), {.delivery = {.policy = {.on_failure = OnFailure::drop}}, .emitter = true}};
    rig.emits.report_text = "it is fenced";
    if (at_once) rig.emits.refuse_send = plugin::Error{.code = DISPYTCH_EFENCED, .text = "it is fenced", .fatal = true};
    rig.broker.append(0, order("a"));
    rig.broker.append(0, order("behind"));
    Result<Engine::Step> stepped = rig.step();
    for (int i = 0; i < 10 && stepped; ++i) {
      rig.answer_emits(DISPYTCH_EFENCED, DISPYTCH_ERROR_FATAL);
      stepped = rig.step();
    }
    ASSERT_FALSE(stepped);
    EXPECT_THAT(stepped.error().text, HasSubstr("partition 0, offset 0: what it emitted was not stored: it is fenced"));
    EXPECT_EQ(rig.counters().retries, 0);
    EXPECT_TRUE(rig.engine().drain());
    EXPECT_EQ(rig.broker.committed(0), 0);
  }
}

TEST(ContextEmits, ThatAreRefusedAtOnceAreAFailedAttempt) {
  Rig rig{shipping(), {.emitter = true}};
  rig.emits.refuse_send = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no topic `shipped`"};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "what it emitted was not stored: no topic `shipped`");
}

TEST(ContextEmits, AllOfThemMustBeConfirmed) {
  HandlerGroup group;
  group.on<Order>([](const Order& order, Context context) {
    for (int i = 0; i < 3; ++i) context.emit(Shipped{order.id + std::to_string(i)});
  });
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  ASSERT_EQ(rig.emits.sent.size(), 3);
  const auto confirm = [&](std::size_t index) {
    rig.emits.reports.push_back(rig.emits.report(rig.emits.sent[index].token));
    rig.serve_emits();
    rig.settle();
  };
  confirm(2);
  confirm(0);
  EXPECT_EQ(rig.broker.committed(0), 0);
  confirm(1);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(ContextEmits, OfAHandlerThatThrowsAfterwardsDoNotSettleIt) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Context context) {
    context.emit(Shipped{order.id});
    if (++calls == 1) throw Busy{"after it emitted"};
  });
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.settle_all();
  EXPECT_EQ(calls, 2);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(ContextEmits, WithACompletionWaitForBoth) {
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Context context, Completion completion) {
    context.emit(Shipped{order.id});
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  pending[0]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0) << "its emit is to come";
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.broker.committed(1), 0) << "its Completion is to come";
  pending[1]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(1), 1);
}

TEST(ContextEmits, FromTheThreadThatCompletesBelongToItToo) {
  std::vector<std::pair<Context, Completion>> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Context context, Completion completion) { pending.emplace_back(context, std::move(completion)); });
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  pending[0].first.emit(Shipped{"late"});
  pending[0].second();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  pending.clear();  // it keeps the emitter, which needs the rig's broker
}

TEST(ContextEmits, AfterTheMessageIsSettledAreRefused) {
  std::optional<Context> kept;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Context context) { kept = context; });
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  try {
    kept->emit(Shipped{"late"});
    ADD_FAILURE() << "it was emitted";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr("emit before its handler is done"));
  }
  EXPECT_TRUE(rig.emits.sent.empty());
  kept.reset();  // it keeps the emitter, which needs the rig's broker
}

TEST(ContextEmits, WhereTheListenerHasNoEmitterAreAnErrorThatSaysWhatToDo) {
  Rig rig{shipping()};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_THAT(rig.failures[0].reason,
              HasSubstr("Context::emit: the listener has no emitter; name one as its `emitter` in the config file"));
}

TEST(ContextEmits, AreAwaitedByARevocation) {
  Rig rig{shipping(), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1"));
  rig.answer_emits();
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "revoked 0"));
}

// The handler takes another emitter and names it at the call; the message waits for both.
TEST(ContextEmits, MayNameAnotherEmitter) {
  testing::Script audit;
  audit.confirm_at_once = false;
  VirtualClock clock;
  const auto core =
      detail::EmitterCore::make(testing::scripted_producer(audit), {.name = "audit", .pumping = emit::Pumping::inline_, .clock = &clock});
  EventEmitter emitter{core};
  HandlerGroup group;
  group.on<Order>([](const Order& order, Context context, Named<"audit", EventEmitter> through) {
    context.emit(Shipped{order.id});
    context.emit(through, Shipped{"seen " + order.id}, {.key = "k"});
    context.emit(*through, OutgoingMessage{.topic = "raw"});
  });
  Rig rig{std::move(group), {.emitter = true}};
  rig.providers.lend("audit", emitter);
  rig.broker.append(0, order("a"));
  rig.settle();
  ASSERT_EQ(audit.sent.size(), 2);
  EXPECT_EQ(audit.sent[0].key, "k");
  EXPECT_EQ(audit.sent[1].topic, "raw");
  EXPECT_EQ(rig.emits.sent.size(), 1);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0) << "the other emitter hasn't answered";
  for (const auto& sent : audit.sent) audit.reports.push_back(audit.report(sent.token, DISPYTCH_OK));
  (void)core->flush(0ms);
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

}  // namespace
}  // namespace dispytch::listen
