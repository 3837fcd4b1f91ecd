// What a message carries from delivery to delivery: its failed attempts, and handlings that were begun and never ended.
#include <array>
#include <cstdint>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

// Takes the next message of a new consumer of the scene's group, lets `use` have it, and closes the consumer.
template <class Use>
void next_delivery(Scene& scene, Use use) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  use(*consumer, reader.take(1).front());
  const Outcome closed = consumer->close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
}

void travel_with_a_requeue(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  next_delivery(scene, [](Consumer& consumer, const Received& message) {
    const Outcome outcome =
        consumer.settle({{.token = message.token, .action = DISPYTCH_REQUEUE, .flags = DISPYTCH_SETTLE_ATTEMPTS, .attempts = 2}});
    expect(outcome.ok(), "a message can't be requeued with its attempts: ", to_string(outcome));
  });
  next_delivery(scene, [&](Consumer&, const Received& message) {
    expect((message.flags & DISPYTCH_MSG_ATTEMPTS) != 0, "a message was requeued with 2 attempts, and comes without MSG_ATTEMPTS");
    expect(message.attempts == 2, "a message was requeued with 2 attempts, and comes with ", message.attempts);
    expect(!scene.can(DISPYTCH_CAN_COUNT_ATTEMPTS) || message.attempt == 1,
           "`attempt` counts deliveries since the requeue that said attempts: expected 1, got ", message.attempt);
  });
}

void expect_begun(const Received& message, unsigned expected, const char* after) {
  const unsigned begun = (message.flags & DISPYTCH_MSG_BEGUN) != 0 ? message.begun : 0;
  expect(begun == expected, "after ", after, " a message comes with begun ", begun, ", expected ", expected);
}

void begun_is_remembered(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  const auto begin = [&](Consumer& consumer, const Received& message, bool on) {
    const Outcome outcome = consumer.begin({message.token}, on, scene.options.patience);
    expect(outcome.ok(), "begin with on ", on ? 1 : 0, " failed: ", to_string(outcome));
  };
  next_delivery(scene, [&](Consumer& consumer, const Received& message) {
    expect_begun(message, 0, "nothing");
    begin(consumer, message, true);
  });
  next_delivery(scene, [&](Consumer& consumer, const Received& message) {
    expect_begun(message, 1, "one begin that nothing followed");
    begin(consumer, message, true);
  });
  next_delivery(scene, [&](Consumer& consumer, const Received& message) {
    expect_begun(message, 2, "two begins that nothing followed");
    begin(consumer, message, true);
    begin(consumer, message, false);
  });
  next_delivery(scene, [&](Consumer&, const Received& message) { expect_begun(message, 2, "a begin that was taken back"); });
}

void begin_of_a_stale_token_is_fenced(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  next_delivery(scene, [&](Consumer& consumer, const Received& message) {
    const std::uint32_t action = scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO;
    const Outcome settled = consumer.settle({{.token = message.token, .action = action}});
    expect(settled.ok(), "a message can't be settled: ", to_string(settled));
    const Outcome outcome = consumer.begin({message.token}, true, scene.options.patience);
    expect(outcome.status == DISPYTCH_EFENCED, "begin of a message that is settled is ", to_string(outcome), ", expected EFENCED");
  });
}

constexpr std::array kAttemptsRules{
    Rule{"attempts.travel_with_a_requeue", kFlow | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_CARRY_ATTEMPTS,
         "Attempts that a REQUEUE says come with the next delivery, to another consumer as well.", travel_with_a_requeue},
    Rule{"attempts.begun_is_remembered", kFlow | DISPYTCH_CAN_BEGIN,
         "`begun` counts the begins that neither a settlement nor a begin with on 0 followed.", begun_is_remembered},
    Rule{"attempts.begin_of_a_stale_token_is_fenced", kFlow | DISPYTCH_CAN_BEGIN, "begin of what is settled is EFENCED.",
         begin_of_a_stale_token_is_fenced, kAcknowledge},
};

}  // namespace

std::span<const Rule> attempts_rules() { return kAttemptsRules; }

}  // namespace dispytch::conformance
