// The broker of echo.c once more, through the C++ SDK: what is sent is received, in order, until it is acknowledged.
// ECHO_ID is the file's name. Config: {"capacity": messages, "fail": text}.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace {

namespace plugin = dispytch::plugin;

constexpr std::uint64_t kEventToken = 7;
constexpr const char* kSchema = R"({"$defs": {"backend": {"type": "object", "additionalProperties": false, "properties": {
  "capacity": {"type": "integer", "minimum": 1, "maximum": 64, "description": "How many messages the queue holds."},
  "fail": {"type": "string", "description": "Makes opening fail."}}}}})";

// A message with its own bytes. Its address stays, since it lies in a shared_ptr; a batch holds it until release.
struct Stored {
  explicit Stored(const plugin::MessageView& from) : raw{from.raw()} {
    const auto keep = [&](dispytch_bytes view) {
      if (view.data == nullptr) return view;
      return plugin::bytes(texts.emplace_back(plugin::view(view)));
    };
    raw.topic = keep(raw.topic);
    raw.key = keep(raw.key);
    raw.payload = keep(raw.payload);
    for (const plugin::Header& header : from.headers()) headers.push_back({keep(header.key), keep(header.value)});
    raw.headers = headers.data();
    if (!headers.empty()) raw.flags |= DISPYTCH_MSG_HEADERS;
  }
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;

  plugin::InboundMessage raw;
  std::deque<std::string> texts = {};
  std::vector<plugin::Header> headers = {};
  bool delivered = false;
};

struct Queue {
  std::mutex mutex;  // guards all that follows
  std::size_t capacity = 64;
  std::deque<std::shared_ptr<Stored>> stored = {};
  std::deque<plugin::Report> reports = {};
  std::uint64_t next_token = 0;
};

class Producer {
 public:
  Producer(std::shared_ptr<Queue> queue, plugin::Notify notify) : queue_{std::move(queue)}, notify_{notify} {}

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    std::size_t taken = 0;
    {
      const std::lock_guard lock{queue_->mutex};
      for (const plugin::MessageView& message : messages) {
        if (message.topic().empty()) return {taken, plugin::Error{.code = DISPYTCH_EINVAL, .text = "a message needs a topic"}};
        if (queue_->stored.size() == queue_->capacity) break;
        auto stored = std::make_shared<Stored>(message);
        stored->raw.token = ++queue_->next_token;
        stored->raw.offset = static_cast<std::int64_t>(stored->raw.token);
        stored->raw.flags |= DISPYTCH_MSG_OFFSET;
        stored->raw.source = DISPYTCH_SOURCE(0, 1);
        queue_->reports.push_back({.token = message.token(),
                                   .code = DISPYTCH_OK,
                                   .flags = DISPYTCH_REPORT_OFFSET,
                                   .offset = stored->raw.offset,
                                   .partition = 0,
                                   .broker_code = 0,
                                   .text = {}});
        queue_->stored.push_back(std::move(stored));
        ++taken;
      }
    }
    if (taken > 0) notify_();
    return {taken};
  }
  std::size_t reports(plugin::Strided<plugin::Report> out) {
    const std::lock_guard lock{queue_->mutex};
    std::size_t count = 0;
    for (; count < out.size() && !queue_->reports.empty(); ++count) {
      out.set(count, queue_->reports.front());
      queue_->reports.pop_front();
    }
    return count;
  }
  plugin::Status flush(std::chrono::milliseconds) { return {}; }

 private:
  std::shared_ptr<Queue> queue_;
  plugin::Notify notify_;
};

class Consumer {
 public:
  explicit Consumer(std::shared_ptr<Queue> queue) : queue_{std::move(queue)} {}

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) {
    const std::lock_guard lock{queue_->mutex};
    if (assigned_ == Assigned::no) {
      assigned_ = Assigned::told;
      out.assigned({{.topic = "echo", .source = DISPYTCH_SOURCE(0, 1)}}, kEventToken);
      return {};
    }
    if (assigned_ == Assigned::told) return {};
    struct Delivery {
      std::vector<plugin::InboundMessage> messages;
      std::vector<std::shared_ptr<Stored>> keep;
    };
    auto delivery = std::make_unique<Delivery>();
    for (const std::shared_ptr<Stored>& stored : queue_->stored) {
      if (stored->delivered || delivery->messages.size() == limits.max_messages) continue;
      stored->delivered = true;
      plugin::InboundMessage message = stored->raw;
      message.n_headers = static_cast<std::uint32_t>(stored->headers.size());
      delivery->messages.push_back(message);
      delivery->keep.push_back(stored);
    }
    if (delivery->messages.empty()) return {};
    const std::span<const plugin::InboundMessage> messages = delivery->messages;
    out.messages(messages, std::move(delivery));
    return {};
  }
  void wake() {}
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    const std::lock_guard lock{queue_->mutex};
    bool stale = false;
    for (const plugin::Settlement& settlement : settlements) stale |= !settle(settlement);
    if (stale) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a token was settled before"};
    return {};
  }

 private:
  enum class Assigned : std::uint8_t { no, told, acknowledged };

  bool settle(const plugin::Settlement& settlement) {
    if (settlement.token == kEventToken && assigned_ == Assigned::told) {
      assigned_ = Assigned::acknowledged;
      return true;
    }
    const auto found = std::find_if(queue_->stored.begin(), queue_->stored.end(), [&](const std::shared_ptr<Stored>& stored) {
      return stored->raw.token == settlement.token && stored->delivered;
    });
    if (found == queue_->stored.end()) return false;
    if (settlement.action == DISPYTCH_REQUEUE) {
      (*found)->delivered = false;
      (*found)->raw.flags |= DISPYTCH_MSG_REDELIVERED;
    } else {
      queue_->stored.erase(found);
    }
    return true;
  }

  std::shared_ptr<Queue> queue_;
  Assigned assigned_ = Assigned::no;
};

class Backend {
 public:
  Backend(plugin::Host host, plugin::Config config) {
    if (const plugin::Config fail = config.at("fail")) {
      plugin::Error error = fail.error("expected to be absent; remove it to open the echo");
      error.retriable = true;
      error.broker_code = 42;
      throw plugin::Exception{error};
    }
    queue_->capacity = config.get("capacity", std::size_t{64});
    host.log(plugin::Level::info, "opened");
    host.counter("opened", "1").record(1);
  }
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config, plugin::Opening opening) {
    return std::make_unique<Producer>(queue_, opening.notify);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) { return std::make_unique<Consumer>(queue_); }

 private:
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace

DISPYTCH_PLUGIN(Backend, .id = ECHO_ID, .version = "1.0.0", .license = "Apache-2.0",
                .capabilities = {plugin::keys, plugin::headers, plugin::ack_each, plugin::requeue}, .config_schema = kSchema)
