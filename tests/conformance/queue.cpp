// A second broker for the kit's own tests, unlike a log: one queue for each topic, messages acknowledged one by one, requeued, rejected; no
// groups, no partitions, no offsets.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace {

namespace plugin = dispytch::plugin;
using std::chrono::milliseconds;

struct Stored {
  std::string topic = {}, payload = {}, key = {};
  bool has_payload = false, has_key = false;
  std::uint32_t deliveries = 0;
  std::chrono::nanoseconds not_before{};  // on the host's monotonic clock
};

struct Broker {
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::map<std::string, std::deque<std::shared_ptr<Stored>>> queues;
  std::vector<plugin::Notify*> consumers;
  std::uint64_t last_token = 0;

  void tell() {
    changed.notify_all();
    for (const plugin::Notify* consumer : consumers) (*consumer)();
  }
};

class Producer {
 public:
  Producer(std::shared_ptr<Broker> broker, plugin::Notify notify) : broker_{std::move(broker)}, notify_{notify} {}

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    const std::lock_guard lock{broker_->mutex};
    plugin::Accepted accepted;
    for (const plugin::MessageView& message : messages) {
      const std::string topic{message.topic()};
      if (topic == "missing") {
        accepted.status = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no queue `missing`"};
        break;
      }
      auto stored = std::make_shared<Stored>(Stored{.topic = topic});
      stored->has_payload = message.payload().has_value(), stored->payload = message.payload().value_or("");
      stored->has_key = message.key().has_value(), stored->key = message.key().value_or("");
      broker_->queues[topic].push_back(std::move(stored));
      reports_.push_back({.token = message.token()});
      ++accepted.count;
    }
    broker_->tell();
    if (accepted.count > 0) notify_();
    return accepted;
  }
  std::size_t reports(plugin::Strided<plugin::Report> out) {
    const std::lock_guard lock{broker_->mutex};
    const std::size_t count = std::min(out.size(), reports_.size());
    for (std::size_t i = 0; i < count; ++i) out.set(i, reports_[i]);
    reports_.erase(reports_.begin(), reports_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  plugin::Status flush(milliseconds) { return {}; }

 private:
  std::shared_ptr<Broker> broker_;
  plugin::Notify notify_;
  std::vector<plugin::Report> reports_;  // guarded by the broker's mutex
};

class Consumer {
 public:
  Consumer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify, std::string topic)
      : broker_{std::move(broker)}, clock_{host.clock()}, notify_{notify}, topic_{std::move(topic)} {
    const std::lock_guard lock{broker_->mutex};
    broker_->consumers.push_back(&notify_);
  }
  ~Consumer() {
    const std::lock_guard lock{broker_->mutex};
    std::erase(broker_->consumers, &notify_);
    auto& queue = broker_->queues[topic_];
    for (auto unsettled = unsettled_.rbegin(); unsettled != unsettled_.rend(); ++unsettled) queue.push_front(unsettled->second);
    broker_->tell();
  }

  plugin::Status poll(plugin::Limits limits, milliseconds timeout, plugin::BatchOut& out) {
    std::unique_lock lock{broker_->mutex};
    const auto until = std::chrono::steady_clock::now() + timeout;
    while (!take(limits, out) && !woken_ && timeout.count() > 0 && std::chrono::steady_clock::now() < until) {
      broker_->changed.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + milliseconds{5}));  // for what is delayed
    }
    woken_ = false;
    return {};
  }
  void wake() {
    const std::lock_guard lock{broker_->mutex};
    woken_ = true;
    broker_->changed.notify_all();
  }
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    const std::lock_guard lock{broker_->mutex};
    bool stale = false;
    for (const plugin::Settlement settlement : settlements) {
      if (settlement.token == kAssigned) {
        assigned_ = true;
        notify_();
        continue;
      }
      const auto found = unsettled_.find(settlement.token);
      if (found == unsettled_.end()) {
        stale = true;
        continue;
      }
      if (settlement.action == DISPYTCH_REQUEUE) {
        found->second->not_before = clock_.monotonic() + milliseconds{settlement.delay_ms};
        broker_->queues[topic_].push_back(found->second);
        broker_->tell();
      }
      unsettled_.erase(found);
    }
    if (stale) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a token is unknown or settled"};
    return {};
  }

 private:
  static constexpr std::uint64_t kAssigned = ~std::uint64_t{0} - 1;
  static constexpr std::uint32_t kSource = DISPYTCH_SOURCE(0, 1);

  struct Delivery {
    std::vector<plugin::InboundMessage> messages;
    std::vector<std::shared_ptr<Stored>> stored;
  };

  bool take(plugin::Limits limits, plugin::BatchOut& out) {
    if (!announced_) {
      announced_ = true;
      out.assigned({{.topic = topic_, .source = kSource}}, kAssigned);
      return true;
    }
    if (!assigned_ || limits.max_messages == 0) return false;
    Delivery delivery;
    auto& queue = broker_->queues[topic_];
    std::uint64_t bytes = 0;
    for (auto next = queue.begin(); next != queue.end() && delivery.messages.size() < limits.max_messages;) {
      const std::shared_ptr<Stored> stored = *next;
      bytes += stored->payload.size() + stored->key.size();
      if (bytes > limits.max_bytes && !delivery.messages.empty()) break;
      if (stored->not_before > clock_.monotonic()) {
        ++next;
        continue;
      }
      next = queue.erase(next);
      plugin::InboundMessage& message = delivery.messages.emplace_back();
      message.topic = plugin::bytes(topic_);
      if (stored->has_payload) message.payload = plugin::bytes(stored->payload);
      if (stored->has_key) message.key = plugin::bytes(stored->key);
      message.source = kSource;
      message.attempt = ++stored->deliveries;
      if (stored->deliveries > 1) message.flags |= DISPYTCH_MSG_REDELIVERED;
      message.token = ++broker_->last_token;
      unsettled_[message.token] = stored;
      delivery.stored.push_back(stored);
    }
    if (delivery.messages.empty()) return false;
    const std::span<const plugin::InboundMessage> messages = delivery.messages;
    out.messages(messages, std::move(delivery));
    return true;
  }

  std::shared_ptr<Broker> broker_;
  plugin::Clock clock_;
  plugin::Notify notify_;
  std::string topic_;
  // Guarded by the broker's mutex.
  std::map<std::uint64_t, std::shared_ptr<Stored>> unsettled_;
  bool announced_ = false, assigned_ = false, woken_ = false;
};

class Backend {
 public:
  Backend(plugin::Host host, const plugin::Config& config) : host_{host} { config.get<std::string>("name"); }
  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config&, plugin::Opening opening) {
    return std::make_unique<Producer>(broker_, opening.notify);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening) {
    std::string topic = options.at("topics").elements().at(0).require<std::string>("name");
    if (topic == "missing") return plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = "no queue `missing`"};
    return std::make_unique<Consumer>(broker_, host_, opening.notify, std::move(topic));
  }

 private:
  plugin::Host host_;
  std::shared_ptr<Broker> broker_ = std::make_shared<Broker>();
};

constexpr const char* kSchema = R"({"$defs": {
  "backend": {"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string"}}},
  "producer": {"type": "object"}, "consumer": {"type": "object"}, "topic": {"type": "object"}}})";

}  // namespace

using namespace dispytch::plugin;  // the names of the capabilities
DISPYTCH_PLUGIN(Backend, .id = "queue", .version = "1.0.0", .license = "Apache-2.0",
                .capabilities = {keys, ack_each, requeue, reject, count_attempts, order_by_source}, .config_schema = kSchema)
