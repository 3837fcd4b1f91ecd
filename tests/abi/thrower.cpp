// A plugin that throws from the entry that its config names: {"throw": "send", "what": "exception" | "error" | "int" | "memory"}.
// Linked into the test under the name thrower_plugin.
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <dispytch/plugin/backend.hpp>

namespace {

namespace plugin = dispytch::plugin;

class Thrower {
 public:
  explicit Thrower(const plugin::Config& config) : where_{config.get("throw", "")}, what_{config.get("what", "exception")} {}

  void maybe(std::string_view here) const {
    if (where_ != here) return;
    if (what_ == "error") throw plugin::Exception{{.code = DISPYTCH_EAUTH, .text = "no permission for " + where_, .fatal = true}};
    if (what_ == "memory") throw std::bad_alloc{};
    if (what_ == "int") throw 7;
    throw std::runtime_error{"thrown from " + where_};
  }

 private:
  std::string where_, what_;
};

class Producer {
 public:
  explicit Producer(Thrower thrower) : thrower_{std::move(thrower)} {}
  plugin::Accepted send(plugin::Strided<const plugin::MessageView>) {
    thrower_.maybe("send");
    return {};
  }
  std::size_t reports(plugin::Strided<plugin::Report>) {
    thrower_.maybe("reports");
    return 0;
  }
  plugin::Status flush(std::chrono::milliseconds) {
    thrower_.maybe("flush");
    return {};
  }
  plugin::Status close(std::chrono::milliseconds) {
    thrower_.maybe("producer_close");
    return {};
  }

 private:
  Thrower thrower_;
};

class Consumer {
 public:
  explicit Consumer(Thrower thrower) : thrower_{std::move(thrower)} {}
  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) {
    thrower_.maybe("poll");
    if (limits.max_messages == 0) return {};
    auto message = std::make_unique<plugin::InboundMessage>();
    message->token = 1;
    message->flags = DISPYTCH_MSG_HEADERS;
    const std::span<const plugin::InboundMessage> messages{message.get(), 1};
    out.messages(messages, std::move(message));
    return {};
  }
  void wake() { thrower_.maybe("wake"); }
  plugin::Status settle(plugin::Strided<const plugin::Settlement>) {
    thrower_.maybe("settle");
    return {};
  }
  plugin::Status sync(std::chrono::milliseconds) {
    thrower_.maybe("sync");
    return {};
  }
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage&) {
    thrower_.maybe("headers");
    return std::span<const plugin::Header>{};
  }
  plugin::Status pause(std::span<const plugin::Source>, bool) {
    thrower_.maybe("pause");
    return {};
  }
  plugin::Status seek(std::span<const plugin::Source>, std::chrono::milliseconds) {
    thrower_.maybe("seek");
    return {};
  }
  plugin::Status close(std::chrono::milliseconds) {
    thrower_.maybe("consumer_close");
    return {};
  }

 private:
  Thrower thrower_;
};

class Backend {
 public:
  Backend(plugin::Host, const plugin::Config& config) : thrower_{config} { thrower_.maybe("open"); }
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config) {
    thrower_.maybe("producer_open");
    return std::make_unique<Producer>(thrower_);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) {
    thrower_.maybe("consumer_open");
    return std::make_unique<Consumer>(thrower_);
  }
  plugin::Capabilities capabilities() const {
    thrower_.maybe("capabilities");
    return plugin::ack_each;
  }
  plugin::Status close(std::chrono::milliseconds) {
    thrower_.maybe("close");
    return {};
  }

 private:
  Thrower thrower_;
};

}  // namespace

DISPYTCH_PLUGIN(Backend, .id = "thrower", .version = "1.0.0", .capabilities = {plugin::ack_each, plugin::headers})
