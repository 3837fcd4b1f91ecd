// A broker that refuses all connections for a time, or is slow.
#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

#include "kit/emitter.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

Milliseconds away_time(const Scene& scene) { return std::min(Milliseconds{1000}, scene.options.patience); }

void emits_end_while_it_is_away(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene, away_time(scene)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.refuse = true});
  emitter.send(3);
  emitter.await_all(away_time(scene) + scene.options.slack);
  for (int number = 1; number < 4; ++number) expect(!emitter.fate(number).ok(), "a message was confirmed while the broker was away");
  proxy.set({});
}

void emits_end_while_it_is_slow(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene, away_time(scene)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.delay = (away_time(scene) + scene.options.slack) * 4});
  emitter.send(3);
  emitter.await_all(away_time(scene) + scene.options.slack);
  proxy.set({});
}

void emits_wait_until_it_is_back(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  const std::uint64_t attempts = proxy.attempts();
  proxy.set({.refuse = true});
  emitter.send(5);
  const auto deadline = Clock::now() + scene.options.patience / 2;
  while (proxy.attempts() == attempts && Clock::now() < deadline) std::this_thread::sleep_for(Milliseconds{2});
  std::this_thread::sleep_for(scene.options.quiet);  // so that one that gives up has done it
  proxy.set({});
  emitter.await_all(scene.options.patience);
  for (int number = 0; number < emitter.sent(); ++number) {
    const Fate& fate = emitter.fate(number);
    expect(fate.ok(), "the broker was away for a moment, well within the emitter's time-out, and message ", number, " ended with ",
           name_of(fate.code), ": ", fate.text);
  }
}

void down_and_up_are_said_once(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  scene.publish_from_outside({scene.in_one_source(0)});
  reader.take(1);
  const auto count = [&](std::uint32_t kind) {
    return std::count_if(reader.events.begin(), reader.events.end(), [&](const Event& event) { return event.kind == kind; });
  };
  const auto await = [&](std::uint32_t kind, const char* what) {
    const auto deadline = Clock::now() + scene.options.down_within;
    while (count(kind) == 0) {
      expect(Clock::now() < deadline, what, " (waited ", scene.options.down_within.count(), " ms)");
      reader.step(Milliseconds{200});
    }
  };
  expect(count(DISPYTCH_DOWN) == 0, "DOWN was said while the broker could be reached");
  proxy.set({.refuse = true});
  await(DISPYTCH_DOWN, "the broker refuses all connections, and DOWN is not said");
  const auto until = Clock::now() + scene.options.quiet * 2;
  while (Clock::now() < until) reader.step(Milliseconds{20});
  expect(count(DISPYTCH_UP) == 0, "UP was said while the broker refused all connections");
  proxy.set({});
  await(DISPYTCH_UP, "the broker is back, and UP is not said");
  scene.publish_from_outside({scene.in_one_source(1)});
  reader.until([&] { return std::any_of(reader.inbox.begin(), reader.inbox.end(), [](const Received& one) { return one.number == 1; }); },
               "the broker is back, and the consumer gets nothing");
  expect(count(DISPYTCH_DOWN) == 1, "the broker was away once, and DOWN was said ", count(DISPYTCH_DOWN), " times");
  expect(count(DISPYTCH_UP) == 1, "the broker was away once, and UP was said ", count(DISPYTCH_UP), " times");
}

constexpr std::array kAwayRules{
    asking(kNetwork, Rule{"away.emits_end_at_their_timeout", kFlow,
                          "While the broker refuses connections a message is reported as failed when the emitter's time-out is over.",
                          emits_end_while_it_is_away}),
    asking(kNetwork,
           Rule{"away.emits_end_while_it_is_slow", kFlow,
                "While the broker is slow a message is reported when the emitter's time-out is over.", emits_end_while_it_is_slow}),
    asking(kNetwork, Rule{"away.emits_wait_until_it_is_back", kFlow,
                          "What is sent while the broker is away is confirmed once it is back, within the emitter's time-out.",
                          emits_wait_until_it_is_back}),
    asking(kNetwork,
           Rule{"away.down_and_up_are_said_once", kFlow,
                "DOWN comes within `down_within` when the broker is away, UP when it is back, each once.", down_and_up_are_said_once}),
};

}  // namespace

std::span<const Rule> away_rules() { return kAwayRules; }

}  // namespace dispytch::conformance
