// A broker that no longer answers, on connections that stand: calls end at their time-outs, and say that they could not.
#include <algorithm>
#include <array>
#include <cstdint>

#include "kit/emitter.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

Milliseconds short_time(const Scene& scene) { return std::min(Milliseconds{1000}, scene.options.patience); }

// What the call returned, in time.
template <class Call>
Outcome in_time(Scene& scene, const char* what, Call call) {
  const Milliseconds timeout = short_time(scene);
  const auto begin = Clock::now();
  const Outcome outcome = call(timeout);
  const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
  expect(took <= timeout + scene.options.slack, what, " with a time-out of ", timeout.count(), " ms took ", took.count(),
         " ms while the broker was silent");
  return outcome;
}

void sync_ends_with_an_error(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside(scene.messages_in_one_source(0, 4));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> all = reader.take(4);
  proxy.set({.hold = true});
  reader.ack_all(all);
  const Outcome outcome = in_time(scene, "sync", [&](Milliseconds timeout) { return consumer->sync(timeout); });
  expect(outcome.status != DISPYTCH_OK, "messages were settled while the broker was silent, and sync returned OK");
  proxy.set({});
}

void close_says_that_it_could_not(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside(scene.messages_in_one_source(0, 4));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> all = reader.take(4);
  proxy.set({.hold = true});
  reader.ack_all(all);
  const Outcome outcome = in_time(scene, "closing a consumer", [&](Milliseconds timeout) { return consumer->close(timeout); });
  expect(outcome.status != DISPYTCH_OK, "messages were settled while the broker was silent, and close returned OK");
  proxy.set({});
}

void emits_end_at_their_timeout(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene, short_time(scene)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.hold = true});
  emitter.send(3);
  emitter.await_all(short_time(scene) + scene.options.slack);
  proxy.set({});
}

constexpr std::array kSilenceRules{
    asking(kNetwork, Rule{"silence.sync_ends_with_an_error", kFlow, "While the broker is silent sync ends at its time-out, and isn't OK.",
                          sync_ends_with_an_error, kAcknowledge}),
    asking(kNetwork, Rule{"silence.close_says_that_it_could_not", kFlow,
                          "While the broker is silent close ends at its time-out, and isn't OK where something was settled before it.",
                          close_says_that_it_could_not, kAcknowledge}),
    asking(kNetwork,
           Rule{"silence.emits_end_at_their_timeout", kFlow,
                "While the broker is silent a message is reported when the emitter's time-out is over.", emits_end_at_their_timeout}),
};

}  // namespace

std::span<const Rule> silence_rules() { return kSilenceRules; }

}  // namespace dispytch::conformance
