// What arrives is what was sent, and in order.
#include <array>
#include <cstdint>
#include <map>
#include <set>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

// Sends the messages and reads as many.
std::vector<Received> round_trip(Scene& scene, const std::vector<Message>& messages) {
  scene.publish(messages);
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  return reader.take(messages.size());
}

const Received& numbered(const std::vector<Received>& all, int number) {
  for (const Received& message : all) {
    if (message.number == number) return message;
  }
  fail("message ", number, " never came, another one came twice");
}

void everything_arrives_once(Scene& scene) {
  const int count = scene.at_most(300);
  std::vector<bool> seen(static_cast<std::size_t>(count));
  for (const Received& message : round_trip(scene, scene.messages(0, count))) {
    expect(message.number >= 0 && message.number < count, "a message came that nobody sent: ", to_string(message.payload));
    expect(!seen[static_cast<std::size_t>(message.number)], "message ", message.number, " came twice");
    seen[static_cast<std::size_t>(message.number)] = true;
    expect(message.topic == scene.options.topic, "a message of topic `", scene.options.topic, "` says topic `", message.topic, "`");
  }
}

void payload_keeps_its_bytes(Scene& scene) {
  Message binary = scene.message(1);
  *binary.payload += '\n';
  for (int i = 0; i < 256; ++i) *binary.payload += static_cast<char>(i);
  const std::vector<Received> all = round_trip(scene, {binary});
  expect(all[0].payload == binary.payload, "a payload of all byte values came back changed");
}

void absent_is_not_empty(Scene& scene) {
  Message tombstone = scene.message(1);
  tombstone.key = tombstone.payload;  // what to know it by
  tombstone.payload = std::nullopt;
  Message empty = tombstone;
  empty.key = say(scene.tag, ":", 2);
  empty.payload = "";
  const std::vector<Received> all = round_trip(scene, {tombstone, empty});
  expect(!numbered(all, 1).payload, "an absent payload came back as ", to_string(numbered(all, 1).payload));
  expect(numbered(all, 2).payload.has_value(), "an empty payload came back absent");
  expect(numbered(all, 2).payload->empty(), "an empty payload came back as ", to_string(numbered(all, 2).payload));
}

void keys_keep_their_bytes(Scene& scene) {
  Message without = scene.message(1), empty = scene.message(2), binary = scene.message(3);
  empty.key = "";
  binary.key = std::string{"k\0\xff\n", 4};
  const std::vector<Received> all = round_trip(scene, {without, empty, binary});
  expect(!numbered(all, 1).key, "no key came back as ", to_string(numbered(all, 1).key));
  expect(numbered(all, 2).key == std::string{}, "an empty key came back as ", to_string(numbered(all, 2).key));
  expect(numbered(all, 3).key == binary.key, "a key of four bytes came back changed");
}

void headers_keep_all(Scene& scene) {
  Message with = scene.message(1);
  with.headers = {{"b", "first"}, {"a", ""}, {"b", std::string{"\0\xff", 2}}, {"b", "first"}};
  const Message without = scene.message(2);
  const std::vector<Received> all = round_trip(scene, {with, without});
  const Received& got = numbered(all, 1);
  expect((got.flags & DISPYTCH_MSG_HEADERS) != 0, "a message with headers doesn't say so in its flags");
  expect(got.headers.size() == 4, "4 headers were sent, ", got.headers.size(), " came");
  for (std::size_t i = 0; i < 4; ++i) {
    expect(got.headers[i].first == with.headers[i].first, "header ", i, " is named \"", got.headers[i].first, "\", expected \"",
           with.headers[i].first, "\": order and repetition count");
    expect(got.headers[i].second == with.headers[i].second, "header ", i, " has the value ", to_string(got.headers[i].second),
           ", expected ", to_string(with.headers[i].second));
  }
  expect(numbered(all, 2).headers.empty(), "a message without headers came with ", numbered(all, 2).headers.size());
}

void null_headers_are_kept(Scene& scene) {
  Message message = scene.message(1);
  message.headers = {{"null", std::nullopt}, {"empty", ""}, {"null", std::nullopt}};
  const std::vector<Received> all = round_trip(scene, {message});
  expect(all[0].headers.size() == 3, "3 headers were sent, ", all[0].headers.size(), " came");
  for (std::size_t i = 0; i < 3; ++i) {
    expect(all[0].headers[i] == message.headers[i], "header ", i, ", sent with the value ", to_string(message.headers[i].second),
           ", has the value ", to_string(all[0].headers[i].second));
  }
}

void timestamp_is_kept(Scene& scene) {
  constexpr std::int64_t kThen = 1'700'000'000'123;
  Message message = scene.message(1);
  message.timestamp_ms = kThen;
  const std::vector<Received> all = round_trip(scene, {message});
  if ((all[0].flags & DISPYTCH_MSG_TIMESTAMP) == 0) throw NotClaimed{"the broker keeps no timestamps"};
  if ((all[0].flags & DISPYTCH_MSG_APPEND_TIME) != 0) throw NotClaimed{"the broker sets timestamps itself"};
  expect(all[0].timestamp_ms == kThen, "timestamp ", kThen, " came back as ", all[0].timestamp_ms);
}

void large_message_passes(Scene& scene) {
  Message large = scene.message(1);
  *large.payload += ':';
  while (large.payload->size() < scene.options.large_bytes) *large.payload += static_cast<char>('a' + large.payload->size() % 26);
  const std::vector<Received> all = round_trip(scene, {large});
  expect(all[0].payload == large.payload, "a payload of ", scene.options.large_bytes, " bytes came back changed");
}

void source_keeps_order(Scene& scene) {
  const int count = scene.at_most(300);
  scene.publish(scene.messages_in_one_source(0, count));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.max_messages = 7;  // over several batches
  const std::vector<Received> all = reader.take(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const Received& message = all[static_cast<std::size_t>(i)];
    expect(message.number == i, "message ", message.number, " came where ", i, " was to come, of one source");
    expect(message.source == all[0].source, "messages sent to one source came from two");
    if (i > 0 && (message.flags & DISPYTCH_MSG_OFFSET) != 0) {
      expect(message.offset > all[static_cast<std::size_t>(i) - 1].offset, "offset ", message.offset, " came after a greater one");
    }
  }
}

void key_keeps_order(Scene& scene) {
  constexpr int kKeys = 13;
  const int count = scene.at_most(260);
  std::vector<Message> messages = scene.messages(0, count);
  for (int i = 0; i < count; ++i) messages[static_cast<std::size_t>(i)].key = say("key-", i % kKeys);
  std::map<std::string, int> last;
  std::map<std::string, std::uint32_t> source;
  for (const Received& message : round_trip(scene, messages)) {
    const std::string key = message.key.value_or("");
    const auto before = last.find(key);
    if (before != last.end() && before->second >= message.number) {
      fail("message ", message.number, " came after ", before->second, ", which has the same key");
    }
    last[key] = message.number;
    const auto [known, is_new] = source.emplace(key, message.source);
    expect(is_new || known->second == message.source, "messages of one key came from two sources");
  }
}

void sources_were_assigned(Scene& scene) {
  scene.publish(scene.messages(0, 50));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> all = reader.take(50);
  expect(!reader.held.empty(), "messages came before any source was assigned");
  std::set<std::uint32_t> slots;
  for (const auto& [number, source] : reader.held) {
    expect(slots.insert(DISPYTCH_SOURCE_SLOT(number)).second, "two sources have the slot ", DISPYTCH_SOURCE_SLOT(number));
  }
  for (const Received& message : all) {
    const auto source = reader.held.find(message.source);
    expect(source != reader.held.end(), "a message names the source ", message.source, ", which was not assigned");
    expect(reader.topics[message.source] == message.topic, "a message of topic `", message.topic, "` names a source of topic `",
           reader.topics[message.source], "`");
    if ((source->second.flags & DISPYTCH_SOURCE_PARTITION) != 0 && (message.flags & DISPYTCH_MSG_PARTITION) != 0) {
      expect(source->second.partition == message.partition, "a message of partition ", message.partition, " names a source of partition ",
             source->second.partition);
    }
  }
}

std::int64_t unix_ms() { return std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void deliver_at_waits(Scene& scene) {
  std::vector<Message> messages = scene.messages_in_one_source(0, 3);
  const std::int64_t deliver_at = unix_ms() + 2 * scene.options.quiet.count();
  messages[0].deliver_at_ms = deliver_at;
  messages[1].deliver_at_ms = unix_ms();
  scene.publish(messages);
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::set<int> numbers;
  while (numbers.size() < 3) {
    const int number = reader.take(1).front().number;
    numbers.insert(number);
    if (number == 0) expect(unix_ms() >= deliver_at, "a message came before the time that its deliver_at_ms says");
  }
}

constexpr std::array kMessageRules{
    Rule{"message.everything_arrives_once", kFlow, "What was confirmed arrives, each message once while nothing fails.",
         everything_arrives_once},
    Rule{"message.payload_keeps_its_bytes", kFlow, "A payload is bytes: all values pass.", payload_keeps_its_bytes},
    Rule{"message.absent_is_not_empty", kFlow | DISPYTCH_CAN_KEYS, "An absent payload and an empty one are told apart.",
         absent_is_not_empty},
    Rule{"message.keys_keep_their_bytes", kFlow | DISPYTCH_CAN_KEYS, "No key, an empty key and a binary key are told apart and pass.",
         keys_keep_their_bytes},
    Rule{"message.headers_keep_all", kFlow | DISPYTCH_CAN_HEADERS, "Headers keep their order, repetitions, empty and binary values.",
         headers_keep_all},
    Rule{"message.null_headers_are_kept", kFlow | DISPYTCH_CAN_HEADERS | DISPYTCH_CAN_NULL_HEADERS,
         "A header without a value and one with an empty value are told apart.", null_headers_are_kept},
    Rule{"message.timestamp_is_kept", kFlow, "The producer's timestamp arrives, unless the broker sets its own.", timestamp_is_kept},
    Rule{"message.large_message_passes", kFlow, "A message of `large_bytes` passes unchanged.", large_message_passes},
    Rule{"message.source_keeps_order", kFlow | DISPYTCH_CAN_ORDER_BY_SOURCE, "Messages of one source arrive in the order they were sent.",
         source_keeps_order},
    Rule{"message.key_keeps_order", kFlow | DISPYTCH_CAN_KEYS | DISPYTCH_CAN_ORDER_BY_KEY,
         "Messages of one key arrive in order, from one source.", key_keeps_order},
    Rule{"message.deliver_at_waits", kFlow | DISPYTCH_CAN_DELAY, "A message that says deliver_at_ms is not delivered before.",
         deliver_at_waits},
    Rule{"message.sources_were_assigned", kFlow, "Each message names a source that ASSIGNED announced, of its topic and partition.",
         sources_were_assigned},
};

}  // namespace

std::span<const Rule> message_rules() { return kMessageRules; }

}  // namespace dispytch::conformance
