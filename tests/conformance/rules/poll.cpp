// poll: credit, time, wake, and how long what it returned stays valid.
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kAnyBytes = 64 << 20;

// Polls until there is a batch of messages; acknowledges events.
Batch next_messages(Scene& scene, Consumer& consumer, std::uint32_t max_messages, std::uint64_t max_bytes = kAnyBytes) {
  const auto deadline = Clock::now() + scene.options.patience;
  while (true) {
    Batch batch = consumer.poll(max_messages, max_bytes, Milliseconds{50});
    if (batch && batch.kind() == DISPYTCH_MESSAGES) return batch;
    if (batch && batch.raw()->event_token != 0) {
      const Outcome outcome = consumer.settle({{batch.raw()->event_token, DISPYTCH_ACK, 0}});
      expect(outcome.ok(), "the acknowledgement of an event was refused: ", to_string(outcome));
    }
    expect(Clock::now() < deadline, "no messages came in ", scene.options.patience.count(), " ms");
  }
}

void assigned_comes_first(Scene& scene) {
  scene.publish(scene.messages(0, 10));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.acknowledge_events = false;
  const Event assigned = reader.await_event(DISPYTCH_ASSIGNED);
  expect(assigned.token != 0, "ASSIGNED has no event_token");
  expect(!assigned.sources.empty(), "the first ASSIGNED names no source");
  reader.expect_nothing("ASSIGNED was not acknowledged");
  reader.acknowledge(assigned);
  reader.acknowledge_events = true;
  reader.take(10);
}

void honours_max_messages(Scene& scene) {
  scene.publish(scene.messages(0, 40));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.max_messages = 100;
  for (int came = 0; came < 40;) {
    const Batch batch = next_messages(scene, *consumer, 3);
    expect(batch.size() <= 3, "poll(max_messages = 3) gave ", batch.size());
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      if (scene.number_of(copy(batch.message(i).payload)) >= 0) ++came;
    }
  }
}

void zero_messages_means_events_only(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  scene.publish(scene.messages_in_one_source(0, 30));
  reader.max_messages = 1;
  reader.take(1);  // so that a client that fetches ahead has fetched
  reader.max_messages = 0;
  reader.expect_nothing("poll(max_messages = 0)");
  reader.max_messages = 10;
  const bool ordered = scene.can(DISPYTCH_CAN_ORDER_BY_SOURCE);
  const std::vector<Received> rest = reader.take(29);
  for (int i = 0; i < 29; ++i) {
    const int number = rest[static_cast<std::size_t>(i)].number;
    expect(!ordered || number == i + 1, "after a while without credit message ", number, " came where ", i + 1, " was to come");
  }
}

void honours_max_bytes(Scene& scene) {
  std::vector<Message> messages = scene.messages_in_one_source(0, 20);
  for (Message& message : messages) message.payload->append(":").resize(1000, 'x');
  scene.publish(messages);
  const auto consumer = scene.consumer();
  for (int came = 0; came < 20;) {
    const std::uint64_t limit = came < 10 ? 2500 : 1;
    const Batch batch = next_messages(scene, *consumer, 100, limit);
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      const dispytch_message& message = batch.message(i);
      bytes += message.key.len + message.payload.len;
      if (scene.number_of(copy(message.payload)) >= 0) ++came;
    }
    expect(batch.size() == 1 || bytes <= limit, "poll(max_bytes = ", limit, ") gave ", batch.size(), " messages of ", bytes, " bytes");
  }
}

void ends_at_its_timeout(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  for (const Milliseconds timeout : {Milliseconds{0}, Milliseconds{100}}) {
    // Messages of others may still come; then the next poll is tried.
    const auto deadline = Clock::now() + scene.options.patience;
    for (Batch batch = consumer->poll(100, kAnyBytes, timeout); batch; batch = consumer->poll(100, kAnyBytes, timeout)) {
      expect(Clock::now() < deadline, "poll never came to an end of messages");
    }
    const auto begin = Clock::now();
    consumer->poll(0, kAnyBytes, timeout);
    const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
    expect(took < timeout + Milliseconds{1500}, "poll(timeout_ms = ", timeout.count(), ") took ", took.count(), " ms");
  }
}

void wake_ends_a_waiting_poll(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  const Milliseconds timeout = scene.options.patience * 3;
  std::atomic<bool> done{false};
  std::atomic<bool> failed{false};
  std::jthread poller{[&] {
    try {
      consumer->poll(0, kAnyBytes, timeout);
    } catch (const std::exception&) {
      failed = true;
    }
    done = true;
  }};
  const auto begin = Clock::now();
  std::this_thread::sleep_for(Milliseconds{50});  // likely to find it waiting; the rule holds if not
  consumer->wake();
  poller.join();
  expect(!failed, "a poll that was woken failed");
  expect(Clock::now() - begin < scene.options.patience, "wake didn't end a poll that waited");
}

void wake_before_poll_counts(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  consumer->poll(0, kAnyBytes, Milliseconds{0});
  consumer->wake();
  const auto begin = Clock::now();
  consumer->poll(0, kAnyBytes, scene.options.patience * 3);
  expect(Clock::now() - begin < scene.options.patience, "wake before poll was forgotten: poll waited");
}

void notify_tells_of_messages(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  reader.until([&] { return !reader.step(Milliseconds{0}); }, "poll never came to an end of messages");
  const std::uint64_t seen = scene.host.notified(consumer->cookie());
  scene.publish({scene.message(1)});
  expect(scene.host.wait(consumer->cookie(), seen, scene.options.patience),
         "a message was sent, and no notify with the consumer's cookie came in ", scene.options.patience.count(), " ms");
  reader.take(1);
}

void views_live_until_release(Scene& scene) {
  const int count = scene.at_most(60);
  std::vector<Message> messages = scene.messages_in_one_source(0, count);
  const bool headers = scene.can(DISPYTCH_CAN_HEADERS);
  for (Message& message : messages) {
    message.payload->append(":").append(500, 'v');
    if (headers) message.headers = {{"name", *message.payload}};
  }
  scene.publish(messages);

  struct Held {
    Batch batch;
    std::vector<Text> payloads;
    std::vector<dispytch_bytes> header_values;
  };
  const auto consumer = scene.consumer();
  std::vector<Held> all;
  for (int came = 0; came < count;) {
    Held held{next_messages(scene, *consumer, 7), {}, {}};
    std::vector<dispytch_settlement> settlements;
    for (std::uint32_t i = 0; i < held.batch.size(); ++i) {
      const dispytch_message& message = held.batch.message(i);
      held.payloads.push_back(copy(message.payload));
      const bool own = scene.number_of(held.payloads.back()) >= 0;
      if (own) ++came;
      const dispytch_header* header = message.headers;
      std::uint32_t n = message.n_headers;
      if (n == 0 && (message.flags & DISPYTCH_MSG_HEADERS) != 0) consumer->api().headers(consumer->raw(), &message, &header, &n);
      held.header_values.push_back(own && n > 0 ? header[0].value : dispytch_bytes{});
      if (scene.can(DISPYTCH_CAN_ACK_EACH)) settlements.push_back({message.token, DISPYTCH_ACK, 0});
    }
    if (settlements.empty()) settlements.push_back({held.batch.message(held.batch.size() - 1).token, DISPYTCH_ACK_UP_TO, 0});
    const Outcome outcome = consumer->settle(settlements);
    expect(outcome.ok(), "settling failed: ", to_string(outcome));
    all.push_back(std::move(held));
  }
  scene.publish(scene.messages_in_one_source(count, 50));  // whatever was freed is written over
  for (std::size_t round = 0; !all.empty(); ++round) {
    for (const Held& held : all) {
      for (std::uint32_t i = 0; i < held.batch.size(); ++i) {
        const dispytch_message& message = held.batch.message(i);
        expect(copy(message.payload) == held.payloads[i], "a payload changed before its batch was released, after the message was settled");
        if (held.header_values[i].data != nullptr) {
          expect(copy(held.header_values[i]) == held.payloads[i], "a header changed before its batch was released");
        }
      }
    }
    all.erase(round % 2 == 0 ? all.end() - 1 : all.begin());  // in no order in particular
  }
}

constexpr std::array kPollRules{
    Rule{"poll.assigned_comes_first", kFlow, "ASSIGNED comes before the first message, and nothing is delivered before it is acknowledged.",
         assigned_comes_first},
    Rule{"poll.honours_max_messages", kFlow, "A batch has at most max_messages messages.", honours_max_messages},
    Rule{"poll.zero_messages_means_events_only", kFlow, "max_messages 0 delivers no message and loses none.",
         zero_messages_means_events_only},
    Rule{"poll.honours_max_bytes", kFlow, "A batch has at most max_bytes of keys and payloads; its first message always fits.",
         honours_max_bytes},
    Rule{"poll.ends_at_its_timeout", kFlow, "poll ends when its timeout is over; 0 doesn't wait.", ends_at_its_timeout},
    Rule{"poll.wake_ends_a_waiting_poll", kFlow, "wake, from another thread, ends a poll that waits.", wake_ends_a_waiting_poll},
    Rule{"poll.wake_before_poll_counts", kFlow, "wake before a poll makes that poll return at once.", wake_before_poll_counts},
    Rule{"poll.notify_tells_of_messages", kFlow, "notify comes with the consumer's cookie when there is something to poll.",
         notify_tells_of_messages},
    Rule{"poll.views_live_until_release", kFlow,
         "Messages and headers stay as they are until their batch is released, settled or not, in any order.", views_live_until_release,
         kAcknowledge},
};

}  // namespace

std::span<const Rule> poll_rules() { return kPollRules; }

}  // namespace dispytch::conformance
