// A broker that is killed and started again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include "kit/commands.hpp"
#include "kit/emitter.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

void confirmed_messages_survive(Scene& scene) {
  scene.publish_from_outside(scene.messages_in_one_source(0, 20));
  Stopped{scene}.start();
  const std::vector<int> stored = look(scene, 20);
  const std::set<int> there{stored.begin(), stored.end()};
  for (int number = 0; number < 20; ++number)
    expect(there.contains(number), "message ", number, " was confirmed, and is gone since the broker was killed");
}

void positions_survive(Scene& scene) {
  scene.publish_from_outside(scene.messages_in_one_source(0, 10));
  {
    const auto consumer = scene.outside_consumer();
    Reader reader{scene, *consumer};
    std::vector<Received> all = reader.take(10);
    all.resize(5);
    reader.ack_all(all);
    const Outcome synced = consumer->sync(scene.options.patience);
    expect(synced.status == DISPYTCH_OK, "sync ended with ", to_string(synced));
    const Outcome closed = consumer->close(scene.options.patience);
    expect(closed.ok(), "close failed: ", to_string(closed));
  }
  Stopped{scene}.start();
  const auto consumer = scene.outside_consumer();
  Reader reader{scene, *consumer};
  for (const Received& message : reader.take(5)) {
    expect(message.number >= 5, "message ", message.number, " was settled and synced, and came again since the broker was killed");
  }
}

void a_consumer_goes_on(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  scene.publish_from_outside({scene.in_one_source(0)});
  reader.ack_all(reader.take(1));
  Stopped{scene}.start();
  scene.publish_from_outside({scene.in_one_source(1)});
  reader.until([&] { return std::any_of(reader.inbox.begin(), reader.inbox.end(), [](const Received& one) { return one.number == 1; }); },
               "the broker was killed and started again, and the consumer doesn't go on by itself");
}

void a_frozen_broker_is_waited_for(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  Emitter emitter{scene, std::min(Milliseconds{1000}, scene.options.patience)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  reader.ack_all(reader.take(1));
  Frozen broker{scene};
  emitter.send(3);
  emitter.await_all(std::min(Milliseconds{1000}, scene.options.patience) + scene.options.slack);
  broker.thaw();
  const int next = emitter.sent();
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  expect(emitter.fate(next).ok(), "the broker was frozen and goes on, and a message ended with ", name_of(emitter.fate(next).code), ": ",
         emitter.fate(next).text);
  reader.until(
      [&] { return std::any_of(reader.inbox.begin(), reader.inbox.end(), [&](const Received& one) { return one.number == next; }); },
      "the broker was frozen and goes on, and the consumer doesn't");
  expect_the_truth(emitter, look(scene, emitter.count_ok()));
}

constexpr std::array kKillRules{
    asking(kKill, Rule{"kill.confirmed_messages_survive", kFlow,
                       "What was confirmed is there after the broker was killed and started again.", confirmed_messages_survive}),
    asking(kKill, Rule{"kill.positions_survive", kFlow | DISPYTCH_CAN_GROUPS,
                       "What was settled and synced doesn't come again after the broker was killed and started again.", positions_survive,
                       kAcknowledge}),
    asking(kKill, Rule{"kill.a_consumer_goes_on", kFlow, "A consumer goes on by itself after the broker was killed and started again.",
                       a_consumer_goes_on, kAcknowledge}),
    asking(kFreeze,
           Rule{"kill.a_frozen_broker_is_waited_for", kFlow,
                "While the broker is frozen messages end at the emitter's time-out; once it goes on, so do producers and consumers.",
                a_frozen_broker_is_waited_for, kAcknowledge}),
};

}  // namespace

std::span<const Rule> kill_rules() { return kKillRules; }

}  // namespace dispytch::conformance
