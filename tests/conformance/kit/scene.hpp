// The stage of one rule: the plugin opened anew, messages that can be told from everybody else's, and readers of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kit/failure.hpp"
#include "kit/host.hpp"
#include "kit/network.hpp"
#include "kit/options.hpp"
#include "kit/subject.hpp"

namespace dispytch::conformance {

/// A message that came, copied.
struct Received {
  int number = -1;  ///< of Scene::message(); -1 where it has none
  std::string topic = {};
  Text key = {};
  Text payload = {};
  std::vector<std::pair<std::string, Text>> headers = {};
  std::uint64_t token = 0;
  std::uint32_t source = 0, flags = 0, attempt = 0;
  std::uint16_t attempts = 0, begun = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0, timestamp_ms = 0;
};

/// An event that came.
struct Event {
  std::uint32_t kind = 0;
  std::uint64_t token = 0;
  std::vector<std::uint32_t> sources = {};
  std::int64_t deadline_ms = 0;
  std::vector<std::uint64_t> tokens = {};  ///< of LOST
};

struct Subscription {
  std::string topic = {};    ///< empty: the options'
  std::string pattern = {};  ///< in place of the topic
  std::string group = {};    ///< appended to the scene's tag; ignored where the backend has no groups
  std::string start = "earliest";
  bool ephemeral = false;
  std::vector<std::string> topics = {};  ///< in place of the topic: several
};

class Scene {
 public:
  Scene(const dispytch_plugin& plugin, const Options& options);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  const dispytch_plugin& plugin;
  const Options& options;
  Host host = {};
  /// Begins every payload, or else key, of this scene. Another one for each.
  const std::string tag;

  Adapter& adapter();  ///< opened at its first use
  /// The ways to the broker, to be broken. Call it before anything is opened: from then on it is what the plugin connects by.
  Network& network();
  /// What the opened backend can do, as far as its table claims it.
  std::uint64_t capabilities() { return adapter().capabilities() & plugin.capabilities; }
  bool can(std::uint64_t bits) { return (capabilities() & bits) == bits; }

  /// What the plugin offers under that id; nullptr: nothing.
  const void* extension(const char* id) const noexcept;

  std::string backend_json() const;
  std::string producer_json() const { return producer_json({}); }
  std::string consumer_json(const Subscription& subscription) const;

  /// `timeout_ms` of the emitter; 0: as long as the broker may take for anything.
  std::string producer_json(Milliseconds timeout) const;

  std::unique_ptr<Producer> producer(Milliseconds timeout = {});
  std::unique_ptr<Consumer> consumer(const Subscription& subscription = {});

  /// By connections that nothing breaks, whatever becomes of the network: of another backend with the same options.
  std::unique_ptr<Consumer> outside_consumer(const Subscription& subscription = {});
  /// Sends so, and waits until all are confirmed.
  void publish_from_outside(const std::vector<Message>& messages);

  /// As many messages as a rule would like, or as the broker holds.
  int at_most(int count) const { return std::min(count, static_cast<int>(options.capacity)); }
  /// A message for the topic, with a number to know it by.
  Message message(int number) const;
  /// The same, in a place that all such messages of the scene share: one partition, or one key, or the only queue there is.
  Message in_one_source(int number, std::int32_t partition = 0);
  std::vector<Message> messages(int first, int count) const;
  std::vector<Message> messages_in_one_source(int first, int count);

  /// Sends and waits until all are confirmed. Throws Failure where one isn't.
  std::vector<Report> publish(const std::vector<Message>& messages);

  /// Whether the bytes are of this scene; the number behind the tag, if any.
  bool is_own(const Received& message) const;
  int number_of(const Text& text) const;

 private:
  std::unique_ptr<Network> network_ = {};  // outlives what is connected by it
  std::vector<Report> publish(Producer& producer, const std::vector<Message>& messages);
  Adapter& outside();

  std::unique_ptr<Adapter> adapter_ = {};
  std::unique_ptr<Adapter> outside_ = {};
  std::unique_ptr<Producer> publisher_ = {};
  std::unique_ptr<Producer> outside_publisher_ = {};
  std::uint64_t next_token_ = 1;
};

/// Polls one consumer as a host does: acknowledges events, copies messages of this scene, passes over others.
class Reader {
 public:
  Reader(Scene& scene, Consumer& consumer) noexcept : scene_{scene}, consumer_{consumer} {}

  bool acknowledge_events = true;
  std::uint32_t max_messages = 100;
  std::uint64_t max_bytes = 64 << 20;

  std::deque<Received> inbox = {};                     ///< what came and was not taken
  std::vector<Event> events = {};                      ///< all, in the order they came
  std::map<std::uint32_t, dispytch_source> held = {};  ///< sources assigned and not revoked; their texts are not valid
  std::map<std::uint32_t, std::string> topics = {};    ///< of the sources

  /// One poll. Whether something came.
  bool step(Milliseconds timeout);
  /// Takes `count` messages, polling for them. Throws Failure where they don't come in time.
  std::vector<Received> take(std::size_t count);
  /// Polls until an event of that kind came after the first `seen` events, and returns it.
  Event await_event(std::uint32_t kind, std::size_t seen = 0);
  /// Polls until the condition holds. Throws Failure with `what` where it doesn't in time.
  template <class Condition>
  void until(Condition condition, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + scene_.options.patience;
    while (!condition()) {
      expect(std::chrono::steady_clock::now() < deadline, what, " (waited ", scene_.options.patience.count(), " ms)");
      step(Milliseconds{50});
    }
  }
  /// Polls for a while. Throws Failure where a message of this scene comes.
  void expect_nothing(const std::string& why);

  void acknowledge(const Event& event);
  void ack(std::uint64_t token, std::uint32_t action = DISPYTCH_ACK);
  /// Settles messages in the way that the backend offers; throws Failure where it refuses.
  void ack_all(const std::vector<Received>& messages);

 private:
  void note(const Batch& batch);

  Scene& scene_;
  Consumer& consumer_;
};

}  // namespace dispytch::conformance
