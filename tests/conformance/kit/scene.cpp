#include "kit/scene.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <random>

namespace dispytch::conformance {
namespace {

std::string new_tag() {
  static std::atomic<int> scenes{0};
  static const std::uint64_t run = std::random_device{}() ^ static_cast<std::uint64_t>(getpid()) << 32;
  return say("c", std::hex, run, "-", std::dec, ++scenes);
}

}  // namespace

Scene::Scene(const dispytch_plugin& its_plugin, const Options& its_options) : plugin{its_plugin}, options{its_options}, tag{new_tag()} {}

Adapter& Scene::adapter() {
  if (!adapter_) adapter_ = std::make_unique<Adapter>(plugin, host, backend_json(), options.patience);
  return *adapter_;
}

const void* Scene::extension(const char* id) const noexcept {
  return DISPYTCH_HAS(dispytch_plugin, &plugin, extension) && plugin.extension != nullptr ? plugin.extension(id) : nullptr;
}

Network& Scene::network() {
  if (!network_) {
    if (options.network.empty()) throw NotTried{"`network`"};
    network_ = std::make_unique<Network>(options);
  }
  return *network_;
}

std::string Scene::backend_json() const {
  return nlohmann::json{{"config", network_ ? network_->config() : direct_config(options)}}.dump();
}

std::string Scene::producer_json(Milliseconds timeout) const {
  const Milliseconds its = timeout.count() > 0 ? timeout : options.patience;
  return nlohmann::json{{"config", options.producer}, {"timeout_ms", its.count()}}.dump();
}

std::string Scene::consumer_json(const Subscription& subscription) const {
  nlohmann::json topics = nlohmann::json::array();
  const auto add = [&](const char* key, const std::string& text) { topics.push_back({{key, text}, {"config", nlohmann::json::object()}}); };
  for (const std::string& topic : subscription.topics) add("name", topic);
  if (!subscription.pattern.empty()) {
    add("pattern", subscription.pattern);
  } else if (topics.empty()) {
    add("name", subscription.topic.empty() ? options.topic : subscription.topic);
  }
  nlohmann::json json{
      {"topics", topics}, {"start", subscription.start}, {"max_unsettled", 10'000}, {"drain_ms", 1000}, {"config", options.consumer}};
  if ((plugin.capabilities & DISPYTCH_CAN_GROUPS) != 0) json["group"] = tag + subscription.group;
  if (subscription.ephemeral) json["ephemeral"] = true;
  return json.dump();
}

std::unique_ptr<Producer> Scene::producer(Milliseconds timeout) {
  return std::make_unique<Producer>(adapter(), producer_json(timeout), options.patience);
}

std::unique_ptr<Consumer> Scene::consumer(const Subscription& subscription) {
  return std::make_unique<Consumer>(adapter(), consumer_json(subscription), options.patience);
}

Message Scene::message(int number) const { return {.topic = options.topic, .payload = say(tag, ":", number)}; }

Message Scene::in_one_source(int number, std::int32_t partition) {
  Message result = message(number);
  if (can(DISPYTCH_CAN_PARTITIONS)) {
    result.partition = partition;
  } else if (can(DISPYTCH_CAN_KEYS)) {
    result.key = "one";
  }
  return result;
}

std::vector<Message> Scene::messages(int first, int count) const {
  std::vector<Message> all;
  for (int i = 0; i < count; ++i) all.push_back(message(first + i));
  return all;
}

std::vector<Message> Scene::messages_in_one_source(int first, int count) {
  std::vector<Message> all;
  for (int i = 0; i < count; ++i) all.push_back(in_one_source(first + i));
  return all;
}

std::vector<Report> Scene::publish(const std::vector<Message>& messages) {
  if (!publisher_) publisher_ = producer();
  return publish(*publisher_, messages);
}

std::vector<Report> Scene::publish(Producer& producer, const std::vector<Message>& messages) {
  std::vector<Report> reports;
  producer.send_all(messages, next_token_, options.patience, &reports);
  next_token_ += messages.size();
  for (Report& report : producer.await_reports(messages.size() - reports.size(), options.patience)) reports.push_back(std::move(report));
  for (const Report& report : reports) {
    expect(report.code == DISPYTCH_OK, "a message was not confirmed: ", name_of(report.code), ": ", report.text);
  }
  return reports;
}

Adapter& Scene::outside() {
  if (!outside_) {
    const std::string json = nlohmann::json{{"config", direct_config(options)}}.dump();
    outside_ = std::make_unique<Adapter>(plugin, host, json, options.patience);
  }
  return *outside_;
}

std::unique_ptr<Consumer> Scene::outside_consumer(const Subscription& subscription) {
  return std::make_unique<Consumer>(outside(), consumer_json(subscription), options.patience);
}

void Scene::publish_from_outside(const std::vector<Message>& messages) {
  if (!outside_publisher_) outside_publisher_ = std::make_unique<Producer>(outside(), producer_json(), options.patience);
  publish(*outside_publisher_, messages);
}

int Scene::number_of(const Text& text) const {
  if (!text || !text->starts_with(tag + ":")) return -1;
  int number = -1;
  std::from_chars(text->data() + tag.size() + 1, text->data() + text->size(), number);
  return number;
}

bool Scene::is_own(const Received& message) const {
  return (message.payload && message.payload->starts_with(tag)) || (message.key && message.key->starts_with(tag));
}

// ---- reader ----

bool Reader::step(Milliseconds timeout) {
  const Batch batch = consumer_.poll(max_messages, max_bytes, timeout);
  if (!batch) return false;
  note(batch);
  return true;
}

void Reader::note(const Batch& batch) {
  if (batch.kind() != DISPYTCH_MESSAGES) {
    Event event{.kind = batch.kind(), .token = batch.raw()->event_token, .deadline_ms = batch.raw()->deadline_ms};
    event.tokens.assign(batch.raw()->tokens, batch.raw()->tokens + batch.raw()->n_tokens);
    for (const dispytch_source& source : batch.sources()) {
      event.sources.push_back(source.source);
      if (event.kind == DISPYTCH_ASSIGNED) {
        held[source.source] = source;
        topics[source.source] = copy(source.topic).value_or("");
      } else if (event.kind == DISPYTCH_REVOKING || event.kind == DISPYTCH_LOST) {
        held.erase(source.source);
      }
    }
    events.push_back(event);
    if (acknowledge_events) acknowledge(event);
    return;
  }
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const dispytch_message& raw = batch.message(i);
    Received message{.topic = copy(raw.topic).value_or(""),
                     .key = copy(raw.key),
                     .payload = copy(raw.payload),
                     .token = raw.token,
                     .source = raw.source,
                     .flags = raw.flags,
                     .attempt = raw.attempt,
                     .attempts = raw.attempts,
                     .begun = raw.begun,
                     .partition = raw.partition,
                     .offset = raw.offset,
                     .timestamp_ms = raw.timestamp_ms};
    expect(message.token != 0, "a message came with the token 0");
    if (scene_.is_own(message)) {
      message.number = std::max(scene_.number_of(message.payload), scene_.number_of(message.key));
      if (raw.n_headers > 0 || (raw.flags & DISPYTCH_MSG_HEADERS) != 0) message.headers = consumer_.headers(raw);
      inbox.push_back(std::move(message));
    } else if (scene_.can(DISPYTCH_CAN_ACK_EACH)) {
      ack(message.token);  // left over by an earlier rule: in a queue that all share, or before the group's position
    }
  }
}

std::vector<Received> Reader::take(std::size_t count) {
  until([&] { return inbox.size() >= count; }, say("expected ", count, " messages, and some never came"));
  const auto end = inbox.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Received> taken{inbox.begin(), end};
  inbox.erase(inbox.begin(), end);
  return taken;
}

Event Reader::await_event(std::uint32_t kind, std::size_t seen) {
  const auto found = [&] {
    return std::find_if(events.begin() + static_cast<std::ptrdiff_t>(std::min(seen, events.size())), events.end(),
                        [&](const Event& event) { return event.kind == kind; });
  };
  const char* const name = kind == DISPYTCH_ASSIGNED ? "ASSIGNED" : kind == DISPYTCH_REVOKING ? "REVOKING" : "an event";
  until([&] { return found() != events.end(); }, say("expected ", name, ", and it never came"));
  return *found();
}

void Reader::expect_nothing(const std::string& why) {
  const auto deadline = std::chrono::steady_clock::now() + scene_.options.quiet;
  do {
    step(Milliseconds{20});
    if (!inbox.empty()) fail(why, ": message ", inbox.front().number, " came");
  } while (std::chrono::steady_clock::now() < deadline);
}

void Reader::acknowledge(const Event& event) {
  if (event.token == 0) return;
  const Outcome outcome = consumer_.settle({{event.token, DISPYTCH_ACK, 0}});
  expect(outcome.ok(), "the acknowledgement of an event was refused: ", to_string(outcome));
}

void Reader::ack(std::uint64_t token, std::uint32_t action) {
  const Outcome outcome = consumer_.settle({{token, action, 0}});
  expect(outcome.ok(), "a message can't be settled: ", to_string(outcome));
}

void Reader::ack_all(const std::vector<Received>& messages) {
  if (scene_.can(DISPYTCH_CAN_ACK_EACH)) {
    for (const Received& message : messages) ack(message.token);
    return;
  }
  std::map<std::uint32_t, std::uint64_t> last;  // of each source: messages come in its order
  for (const Received& message : messages) last[message.source] = message.token;
  for (const auto& [source, token] : last) ack(token, DISPYTCH_ACK_UP_TO);
}

}  // namespace dispytch::conformance
