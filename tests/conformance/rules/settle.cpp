// Settling: what is settled is done with, what isn't comes again, and stale tokens change nothing.
#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

// Publishes 0..count-1 to one source, reads them with a first consumer and lets `use` settle; then everything is synced and closed.
template <class Use>
void first_consumer(Scene& scene, int count, Use use) {
  scene.publish(scene.messages_in_one_source(0, count));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  use(reader, *consumer, reader.take(static_cast<std::size_t>(count)));
  const Outcome synced = consumer->sync(scene.options.patience);
  expect(synced.status == DISPYTCH_OK, "sync ended with ", to_string(synced));
  const Outcome closed = consumer->close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
}

// The numbers that a second consumer of the same group gets, up to and with a last message that is published for it.
std::vector<int> second_consumer(Scene& scene, int last) {
  scene.publish({scene.in_one_source(last)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::vector<int> numbers;
  while (std::find(numbers.begin(), numbers.end(), last) == numbers.end()) numbers.push_back(reader.take(1).front().number);
  while (true) {  // a queue may put what comes again behind
    const auto deadline = std::chrono::steady_clock::now() + scene.options.quiet;
    while (reader.inbox.empty() && std::chrono::steady_clock::now() < deadline) reader.step(Milliseconds{20});
    if (reader.inbox.empty()) break;
    numbers.push_back(reader.take(1).front().number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string list(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

void expect_numbers(const std::vector<int>& got, const std::vector<int>& expected, const std::string& what) {
  expect(got == expected, what, ": the next consumer got ", list(got), ", expected ", list(expected));
}

void each_is_done(Scene& scene) {
  first_consumer(scene, 6, [](Reader& reader, Consumer&, const std::vector<Received>& all) {
    for (const std::size_t i : {3u, 1u, 0u}) reader.ack(all[i].token);
  });
  expect_numbers(second_consumer(scene, 6), {2, 4, 5, 6}, "0, 1 and 3 of 0 to 5 were acknowledged");
}

void up_to_is_done(Scene& scene) {
  first_consumer(scene, 8,
                 [](Reader& reader, Consumer&, const std::vector<Received>& all) { reader.ack(all[4].token, DISPYTCH_ACK_UP_TO); });
  expect_numbers(second_consumer(scene, 8), {5, 6, 7, 8}, "everything up to 4 was acknowledged");
}

void up_to_is_per_source(Scene& scene) {
  scene.publish({scene.in_one_source(0, 0), scene.in_one_source(1, 1), scene.in_one_source(2, 0), scene.in_one_source(3, 1)});
  {
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    const std::vector<Received> all = reader.take(4);
    for (const Received& message : all) {
      if (message.number == 2) reader.ack(message.token, DISPYTCH_ACK_UP_TO);
    }
    consumer->sync(scene.options.patience);
  }
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::vector<int> numbers;
  for (const Received& message : reader.take(2)) numbers.push_back(message.number);
  std::sort(numbers.begin(), numbers.end());
  expect_numbers(numbers, {1, 3}, "0 and 2 of one source were acknowledged, 1 and 3 of another were not");
}

void unsettled_comes_again(Scene& scene) {
  first_consumer(scene, 4, [](Reader&, Consumer&, const std::vector<Received>&) {});
  expect_numbers(second_consumer(scene, 4), {0, 1, 2, 3, 4}, "nothing was settled");
}

void attempts_are_counted(Scene& scene) {
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    if (attempt == 1) scene.publish({scene.in_one_source(0)});
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    const Received message = reader.take(1).front();
    expect(message.attempt == attempt, "delivery ", attempt, " of a message says attempt ", message.attempt);
    expect(((message.flags & DISPYTCH_MSG_REDELIVERED) != 0) == (attempt > 1), "delivery ", attempt, " of a message is",
           attempt > 1 ? " not" : "", " flagged as REDELIVERED");
  }
}

// Settles what is settled, and what never was; neither changes anything.
void expect_refused(Consumer& consumer, dispytch_settlement settlement, const char* what) {
  const Outcome outcome = consumer.settle({settlement});
  expect(outcome.status == DISPYTCH_EFENCED, "settling ", what, " is ", to_string(outcome), ", expected EFENCED");
  expect(outcome.error.text[0] != '\0', "settling ", what, " is refused without a reason");
}

void settled_tokens_are_fenced(Scene& scene) {
  first_consumer(scene, 6, [&](Reader& reader, Consumer& consumer, const std::vector<Received>& all) {
    if (scene.can(DISPYTCH_CAN_ACK_EACH)) {
      reader.ack(all[0].token);
      expect_refused(consumer, {all[0].token, DISPYTCH_ACK, 0}, "a message that was acknowledged");
    }
    if (scene.can(DISPYTCH_CAN_ACK_UP_TO)) {
      reader.ack(all[3].token, DISPYTCH_ACK_UP_TO);
      expect_refused(consumer, {all[3].token, DISPYTCH_ACK_UP_TO, 0}, "a message that was acknowledged");
      expect_refused(consumer, {all[1].token, DISPYTCH_ACK_UP_TO, 0}, "a message before one that everything up to was acknowledged");
    }
  });
  const std::vector<int> left = second_consumer(scene, 6);
  const std::vector<int> expected = scene.can(DISPYTCH_CAN_ACK_UP_TO) ? std::vector{4, 5, 6} : std::vector{1, 2, 3, 4, 5, 6};
  expect_numbers(left, expected, "stale tokens were settled");
}

void stale_tokens_are_skipped(Scene& scene) {
  first_consumer(scene, 3, [&](Reader&, Consumer& consumer, const std::vector<Received>& all) {
    const std::uint32_t action = scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO;
    const std::uint64_t unknown = all[0].token ^ 0x5a5a'5a5a'5a5a'5a5a;
    const Outcome outcome =
        consumer.settle({{unknown, action, 0}, {all[0].token, action, 0}, {unknown, action, 0}, {all[1].token, action, 0}});
    expect(outcome.status == DISPYTCH_EFENCED, "an array with unknown tokens is ", to_string(outcome), ", expected EFENCED");
  });
  expect_numbers(second_consumer(scene, 3), {2, 3}, "0 and 1 were acknowledged in one array with unknown tokens");
}

void settles_after_release_from_any_thread(Scene& scene) {
  first_consumer(scene, 4, [&](Reader& reader, Consumer&, const std::vector<Received>& all) {  // the reader has released all batches
    std::exception_ptr failure;
    std::jthread settler{[&] {
      try {
        reader.ack_all(all);
      } catch (...) {
        failure = std::current_exception();
      }
    }};
    settler.join();
    if (failure) std::rethrow_exception(failure);
  });
  expect_numbers(second_consumer(scene, 4), {4}, "all was acknowledged by another thread after the release");
}

void requeue_delivers_again(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const Received first = reader.take(1).front();
  reader.ack(first.token, DISPYTCH_REQUEUE);
  expect_refused(*consumer, {first.token, DISPYTCH_ACK, 0}, "a message that was requeued");
  const Received again = reader.take(1).front();
  expect(again.number == 0, "message ", again.number, " came, and 0 was requeued");
  expect(again.token != first.token, "a message that was requeued came with the same token");
  reader.ack(again.token);
}

void requeue_waits(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const Received first = reader.take(1).front();
  const auto delay = static_cast<std::uint32_t>(scene.options.quiet.count() * 2);
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome = consumer->settle({{first.token, DISPYTCH_REQUEUE, delay}});
  expect(outcome.ok(), "a message can't be requeued: ", to_string(outcome));
  reader.take(1);
  expect(std::chrono::steady_clock::now() - begin >= Milliseconds{delay}, "a message that was requeued for ", delay, " ms came before");
}

void requeue_counts_the_delivery(Scene& scene) {
  scene.publish({scene.in_one_source(0)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    const Received message = reader.take(1).front();
    expect(message.attempt == attempt, "delivery ", attempt, " of a message that was requeued says attempt ", message.attempt);
    expect(((message.flags & DISPYTCH_MSG_REDELIVERED) != 0) == (attempt > 1), "delivery ", attempt, " of a message that was requeued is",
           attempt > 1 ? " not" : "", " flagged as REDELIVERED");
    reader.ack(message.token, attempt < 3 ? DISPYTCH_REQUEUE : DISPYTCH_ACK);
  }
}

void requeue_holds_nothing_back(Scene& scene) {
  scene.publish(scene.messages_in_one_source(0, 2));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> both = reader.take(2);
  const auto longer_than_anybody_waits = static_cast<std::uint32_t>(scene.options.patience.count() * 4);
  const Outcome outcome = consumer->settle({{both[0].token, DISPYTCH_REQUEUE, longer_than_anybody_waits}});
  expect(outcome.ok(), "a message can't be requeued: ", to_string(outcome));
  if (scene.can(DISPYTCH_CAN_ACK_EACH)) reader.ack(both[1].token);
  scene.publish({scene.in_one_source(2)});
  expect(reader.take(1).front().number == 2, "a message came that was requeued for ", longer_than_anybody_waits, " ms");
}

void requeued_outlives_its_consumer(Scene& scene) {
  const auto delay = static_cast<std::uint32_t>(scene.options.quiet.count() / 2);
  first_consumer(scene, 2, [&](Reader& reader, Consumer& consumer, const std::vector<Received>& all) {
    const Outcome outcome = consumer.settle({{all[0].token, DISPYTCH_REQUEUE, delay}});
    expect(outcome.ok(), "a message can't be requeued: ", to_string(outcome));
    if (scene.can(DISPYTCH_CAN_ACK_EACH)) reader.ack(all[1].token);
  });
  const std::vector<int> expected = scene.can(DISPYTCH_CAN_ACK_EACH) ? std::vector{0, 2} : std::vector{0, 1, 2};
  expect_numbers(second_consumer(scene, 2), expected, "0 was requeued before its consumer closed");
}

void rejected_does_not_come_again(Scene& scene) {
  first_consumer(scene, 3, [](Reader& reader, Consumer&, const std::vector<Received>& all) { reader.ack(all[1].token, DISPYTCH_REJECT); });
  expect_numbers(second_consumer(scene, 3), {0, 2, 3}, "1 was rejected");
}

constexpr std::array kSettleRules{
    Rule{"settle.unsettled_comes_again", kFlow, "What was not settled is delivered again to the group's next consumer.",
         unsettled_comes_again, kAcknowledge},
    Rule{"settle.each_is_done", kFlow | DISPYTCH_CAN_ACK_EACH,
         "What was acknowledged one by one doesn't come again, what lies between does.", each_is_done},
    Rule{"settle.up_to_is_done", kFlow | DISPYTCH_CAN_ACK_UP_TO,
         "ACK_UP_TO settles its message and all before; the group goes on exactly after it.", up_to_is_done},
    Rule{"settle.up_to_is_per_source", kFlow | DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_PARTITIONS | DISPYTCH_CAN_GROUPS,
         "ACK_UP_TO settles nothing of other sources.", up_to_is_per_source},
    Rule{"settle.attempts_are_counted", kFlow | DISPYTCH_CAN_COUNT_ATTEMPTS,
         "attempt counts deliveries from 1; later ones are flagged REDELIVERED.", attempts_are_counted},
    Rule{"settle.settled_tokens_are_fenced", kFlow, "Settling what is settled is EFENCED and changes nothing.", settled_tokens_are_fenced,
         kAcknowledge},
    Rule{"settle.stale_tokens_are_skipped", kFlow, "Stale tokens in an array are skipped; the rest of it counts.", stale_tokens_are_skipped,
         kAcknowledge},
    Rule{"settle.works_after_release_from_any_thread", kFlow, "Tokens outlive their batch and may be settled by any thread.",
         settles_after_release_from_any_thread, kAcknowledge},
    Rule{"settle.requeue_delivers_again", kFlow | DISPYTCH_CAN_REQUEUE, "REQUEUE delivers the message again, with another token.",
         requeue_delivers_again},
    Rule{"settle.requeue_waits", kFlow | DISPYTCH_CAN_REQUEUE, "REQUEUE delivers not before delay_ms.", requeue_waits},
    Rule{"settle.requeue_counts_the_delivery", kFlow | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_COUNT_ATTEMPTS,
         "attempt counts deliveries by REQUEUE as well; later ones are flagged REDELIVERED.", requeue_counts_the_delivery},
    Rule{"settle.requeue_holds_nothing_back", kFlow | DISPYTCH_CAN_REQUEUE, "While a requeued message waits, others of its source come.",
         requeue_holds_nothing_back},
    Rule{"settle.requeued_outlives_its_consumer", kFlow | DISPYTCH_CAN_REQUEUE,
         "A requeued message is delivered to the next consumer, where its own has closed.", requeued_outlives_its_consumer},
    Rule{"settle.rejected_does_not_come_again", kFlow | DISPYTCH_CAN_REJECT, "REJECT settles for good.", rejected_does_not_come_again},
};

}  // namespace

std::span<const Rule> settle_rules() { return kSettleRules; }

}  // namespace dispytch::conformance
