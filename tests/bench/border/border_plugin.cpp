// A plugin that does next to nothing, so that border_bench sees what the border itself costs: it adds up what it is given.
#include <cstdint>
#include <memory>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace {

namespace plugin = dispytch::plugin;

class Producer {
 public:
  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    std::uint64_t sum = 0;
    for (const plugin::MessageView& message : messages) sum += message.token() + message.raw().payload.len;
    sum_ += sum;
    return {messages.size()};
  }
  std::size_t reports(plugin::Strided<plugin::Report> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out.set(i, {.token = ++sum_, .code = DISPYTCH_OK, .flags = 0, .offset = 0, .partition = 0, .broker_code = 0, .text = {}});
    }
    return out.size();
  }
  plugin::Status flush(std::chrono::milliseconds) { return {}; }

 private:
  std::uint64_t sum_ = 0;
};

class Consumer {
 public:
  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) {
    if (messages_->size() != limits.max_messages) {
      messages_ = std::make_shared<std::vector<plugin::InboundMessage>>(limits.max_messages);
      for (plugin::InboundMessage& message : *messages_) message.payload = plugin::bytes("some payload");
    }
    for (plugin::InboundMessage& message : *messages_) message.token = ++sum_;
    out.messages(*messages_, messages_);
    return {};
  }
  void wake() {}
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    std::uint64_t sum = 0;
    for (const plugin::Settlement& settlement : settlements) sum += settlement.token;
    sum_ += sum;
    return {};
  }

 private:
  std::shared_ptr<std::vector<plugin::InboundMessage>> messages_ = std::make_shared<std::vector<plugin::InboundMessage>>();
  std::uint64_t sum_ = 0;
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config) {}
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config) { return std::make_unique<Producer>(); }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) { return std::make_unique<Consumer>(); }
};

}  // namespace

DISPYTCH_PLUGIN(Backend, .id = "border_plugin", .version = "1.0.0", .capabilities = {plugin::ack_each})
