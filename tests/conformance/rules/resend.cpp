// Connections that break under a producer: one report for each message, and a true one; order, also when bytes come late.
#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

#include "kit/emitter.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using network::Cut;
using network::Direction;

// Waits until something that the producer wrote is held; a plugin that gathers messages first may need a moment.
void await_held(Scene& scene, network::Proxy& proxy, std::size_t more_than) {
  const auto deadline = Clock::now() + scene.options.patience;
  while (proxy.waiting() <= more_than) {
    expect(Clock::now() < deadline, "messages were sent, and in ", scene.options.patience.count(),
           " ms the plugin wrote nothing to the broker");
    std::this_thread::sleep_for(Milliseconds{2});
  }
}

void one_report_over_cuts(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  for (const Direction direction : {Direction::answers, Direction::requests}) {
    for (const std::uint64_t bytes : {0U, 3U, 90U, 400U}) {
      proxy.cut_after(bytes, direction);
      emitter.send(10);
      const auto deadline = Clock::now() + scene.options.patience / 4;
      while (proxy.cut_is_due() && Clock::now() < deadline) {
        emitter.pull();
        std::this_thread::sleep_for(Milliseconds{2});
      }
    }
  }
  proxy.cut();
  emitter.send(10);
  emitter.await_all(scene.options.patience * 2);
  std::this_thread::sleep_for(scene.options.quiet);
  emitter.pull();
  for (int number = 0; number < emitter.sent(); ++number) {
    expect(emitter.fate(number).reports == 1, "message ", number, " was sent while connections broke, and has ",
           emitter.fate(number).reports, " reports");
  }
  expect_the_truth(emitter, look(scene, emitter.count_ok()));
}

// Answers are lost: the broker has the messages, and the plugin can't know it.
void tell_the_truth_without_answers(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene, std::min(Milliseconds{1000}, scene.options.patience)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.drop_answers = true});
  emitter.send(5);
  emitter.await_all(scene.options.patience + scene.options.slack);
  proxy.set({});
  expect_the_truth(emitter, look(scene, emitter.count_ok()));
}

// Requests are lost: the broker never gets the messages, as far as they were written to that connection.
void tell_the_truth_without_requests(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene, std::min(Milliseconds{1000}, scene.options.patience)};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.hold = true});
  emitter.send(5);
  await_held(scene, proxy, 0);
  proxy.cut();
  proxy.set({.refuse = true});
  emitter.await_all(scene.options.patience + scene.options.slack);
  proxy.set({});
  expect_the_truth(emitter, look(scene, emitter.count_ok()));
}

void order_holds(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  for (int round = 0; round < 3; ++round) {
    proxy.set({.hold = true});
    emitter.send(10);
    await_held(scene, proxy, 0);
    proxy.cut();
    proxy.set({});
    emitter.send(5);
    emitter.await_all(scene.options.patience * 2);
  }
  const std::vector<int> stored = look(scene, emitter.count_ok());
  expect_the_truth(emitter, stored);
  expect_order(emitter, stored);
}

void late_bytes_change_nothing(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  Emitter emitter{scene};
  emitter.send(1);
  emitter.await_all(scene.options.patience);
  proxy.set({.hold = true});
  emitter.send(5);
  await_held(scene, proxy, 0);
  proxy.strand();
  proxy.set({});
  emitter.await_all(scene.options.patience * 2);
  emitter.send(5);
  emitter.await_all(scene.options.patience);
  proxy.release_stranded();
  std::this_thread::sleep_for(scene.options.quiet);
  const std::vector<int> stored = look(scene, emitter.count_ok());
  expect_the_truth(emitter, stored);
  expect_order(emitter, stored);
  for (int number = 0; number < emitter.sent(); ++number) {
    const auto times = std::count(stored.begin(), stored.end(), number);
    expect(times <= 1, "message ", number,
           " was sent again by another connection, the bytes of the first one came late, and the broker has it ", times,
           " times, though idempotent_produce is claimed");
  }
}

void again_is_followed_by_notify(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  for (const bool by_an_error : {true, false}) {
    // With the longer time-out the room comes when the connections work again, with the shorter one by reports that say why not.
    Emitter emitter{scene, by_an_error ? std::min(Milliseconds{1000}, scene.options.patience) : Milliseconds{0}};
    emitter.send(1);
    emitter.await_all(scene.options.patience);
    proxy.set({.hold = true});
    std::uint64_t seen = 0;
    for (std::uint32_t sent = 0;; ++sent) {
      expect(sent <= scene.options.queue_messages, "the producer took ", sent, " messages that nothing was heard of, and is not full");
      seen = scene.host.notified(emitter.producer().cookie());
      if (!emitter.offer()) break;
    }
    if (!by_an_error) {
      proxy.cut();
      proxy.set({});
    }
    const auto deadline = Clock::now() + scene.options.patience * 2;
    while (true) {
      expect(Clock::now() < deadline && scene.host.wait(emitter.producer().cookie(), seen, scene.options.patience + scene.options.slack),
             "send returned AGAIN, room came by ", by_an_error ? "messages that were given up" : "a connection that works again",
             ", and no notify did");
      seen = scene.host.notified(emitter.producer().cookie());
      emitter.pull();
      if (emitter.offer()) break;
    }
    proxy.set({});
    emitter.await_all(scene.options.patience * 2);
  }
}

constexpr std::uint64_t kProduces = kFlow;

constexpr std::array kResendRules{
    asking(kNetwork | kSurvivesCut,
           Rule{"resend.every_message_has_one_report", kProduces,
                "Every message that was taken has exactly one report, also over cuts between and within frames.", one_report_over_cuts}),
    asking(kNetwork, Rule{"resend.reports_tell_the_truth_without_answers", kProduces,
                          "Where answers are lost, an error without MAYBE_SENT is never said of a message that the broker has.",
                          tell_the_truth_without_answers}),
    asking(kNetwork,
           Rule{"resend.reports_tell_the_truth_without_requests", kProduces,
                "Where requests are lost, OK is never said of a message that the broker doesn't have.", tell_the_truth_without_requests}),
    asking(kNetwork | kSurvivesCut,
           Rule{"resend.order_holds", kProduces | DISPYTCH_CAN_ORDER_BY_SOURCE,
                "The confirmed messages of a source are in their order, also where a cut made the plugin send some again.", order_holds}),
    asking(kNetwork | kSurvivesCut,
           Rule{"resend.late_bytes_change_nothing", kProduces | DISPYTCH_CAN_IDEMPOTENT_PRODUCE,
                "Bytes of a broken connection that reach the broker after those of its successor double nothing and change no order.",
                late_bytes_change_nothing}),
    asking(kNetwork | kQueue, Rule{"resend.again_is_followed_by_notify", kProduces,
                                   "AGAIN is followed by notify when there is room, also where an error or a reconnect made it.",
                                   again_is_followed_by_notify}),
};

}  // namespace

std::span<const Rule> resend_rules() { return kResendRules; }

}  // namespace dispytch::conformance
