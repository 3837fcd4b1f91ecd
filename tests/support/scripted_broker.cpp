#include "support/scripted_broker.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "border/library.hpp"

namespace dispytch::testing {
namespace {

// The border opens backends by config alone; tests run one at a time in a process, so the script waits here.
Script* next_script = nullptr;
std::uint64_t next_capabilities = 0;

class Producer {
 public:
  Producer(Script& script, plugin::Notify notify) : script_{script} {
    script_.notify_producer = [notify] { notify(); };
  }

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    const std::lock_guard lock{script_.mutex};
    if (script_.full_for > 0) {
      --script_.full_for;
      return {0, plugin::Status::again()};
    }
    if (script_.refuse_send) return {0, *script_.refuse_send};
    for (const plugin::MessageView& message : messages) {
      Script::Sent sent{std::string{message.topic()}, {}, {}, {}, message.token()};
      if (const auto key = message.key()) sent.key.emplace(*key);
      if (const auto payload = message.payload()) sent.payload.emplace(*payload);
      for (const plugin::Header& header : message.headers())
        sent.headers.emplace_back(plugin::view(header.key), plugin::optional_view(header.value));
      if (const auto id = message.id()) sent.id.emplace(*id);
      if ((message.raw().flags & DISPYTCH_MSG_TIMESTAMP) != 0) sent.timestamp_ms = message.raw().timestamp_ms;
      script_.sent.push_back(std::move(sent));
      if (script_.confirm_at_once) script_.reports.push_back(script_.report(message.token()));
    }
    if (script_.confirm_at_once) script_.notify_producer();
    return {messages.size()};
  }

  std::size_t reports(plugin::Strided<plugin::Report> out) {
    const std::lock_guard lock{script_.mutex};
    std::size_t count = 0;
    while (count < out.size() && !script_.reports.empty()) {
      out.set(count++, script_.reports.front());
      script_.reports.pop_front();
    }
    return count;
  }

  plugin::Status flush(std::chrono::milliseconds) {
    const std::lock_guard lock{script_.mutex};
    const bool all_out =
        script_.confirm_at_once || std::ranges::all_of(script_.sent, [this](const Script::Sent& sent) {
          return std::ranges::any_of(script_.reports, [&](const plugin::Report& report) { return report.token == sent.token; });
        });
    return all_out ? plugin::Status{} : plugin::Status::timeout();
  }

 private:
  Script& script_;
};

class Consumer {
 public:
  explicit Consumer(Script& script) : script_{script} {}

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) {
    std::function<plugin::Status(plugin::BatchOut&)> next;
    {
      const std::lock_guard lock{script_.mutex};
      if (limits.max_messages == 0 || script_.polls.empty()) return {};
      next = std::move(script_.polls.front());
      script_.polls.pop_front();
    }
    return next(out);
  }
  void wake() {}
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    const std::lock_guard lock{script_.mutex};
    script_.calls.emplace_back("settle");
    for (const plugin::Settlement settlement : settlements) script_.settled.push_back(settlement);
    if (script_.fence_settle) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a token is stale"};
    return {};
  }
  plugin::Status sync(std::chrono::milliseconds timeout) {
    const std::lock_guard lock{script_.mutex};
    script_.sync_timeout = timeout;
    script_.calls.emplace_back("sync");
    if (script_.fail_sync) return *script_.fail_sync;
    return {};
  }
  plugin::Status pause(std::span<const plugin::Source> sources, bool on) {
    const std::lock_guard lock{script_.mutex};
    for (const plugin::Source& source : sources) script_.calls.push_back((on ? "pause " : "resume ") + std::to_string(source.source));
    return {};
  }
  plugin::Status close(std::chrono::milliseconds timeout) {
    const std::lock_guard lock{script_.mutex};
    script_.calls.emplace_back("close");
    script_.consumer_closed = true;
    script_.close_timeout = timeout;
    return {};
  }

 private:
  Script& script_;
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config) : script_{*next_script}, capabilities_{next_capabilities} {}
  plugin::Capabilities capabilities() const {
    return plugin::Capabilities{capabilities_ | DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME |
                                (script_.keeps_null_headers ? DISPYTCH_CAN_NULL_HEADERS : 0)};
  }
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config, plugin::Opening opening) {
    return std::make_unique<Producer>(script_, opening.notify);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) { return std::make_unique<Consumer>(script_); }

 private:
  Script& script_;
  std::uint64_t capabilities_;
};

struct Holder {
  std::vector<std::string> strings;
  std::vector<plugin::InboundMessage> messages;
};

}  // namespace

std::function<plugin::Status(plugin::BatchOut&)> deliver(std::vector<Delivered> delivered) {
  return [delivered = std::move(delivered)](plugin::BatchOut& out) -> plugin::Status {
    auto holder = std::make_unique<Holder>();
    holder->strings.reserve(delivered.size() * 3);
    const auto keep = [&](const std::string& text) { return plugin::bytes(holder->strings.emplace_back(text)); };
    for (const Delivered& each : delivered) {
      plugin::InboundMessage message{};
      message.topic = keep(each.topic);
      if (each.key) message.key = keep(*each.key);
      if (each.payload) message.payload = keep(*each.payload);
      message.flags = DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_PARTITION;
      message.offset = each.offset;
      message.partition = static_cast<std::int32_t>(each.source);
      message.source = each.source;
      message.token = each.token != 0 ? each.token : static_cast<std::uint64_t>(each.offset) + 1;
      holder->messages.push_back(message);
    }
    const std::span<const plugin::InboundMessage> messages{holder->messages};
    out.messages(messages, std::move(holder));
    return {};
  };
}

}  // namespace dispytch::testing

namespace dispytch::testing {
constexpr const char* kSchema = R"({"$defs": {"backend": {}, "producer": {}, "consumer": {}, "topic": {}}})";
}

extern "C" const dispytch_plugin* scripted_plugin(std::uint32_t host_abi_minor) noexcept;

DISPYTCH_PLUGIN(dispytch::testing::Backend, .id = "scripted", .version = "1.0",
                .capabilities = {dispytch::plugin::ack_each, dispytch::plugin::ack_up_to, dispytch::plugin::headers, dispytch::plugin::keys,
                                 dispytch::plugin::null_headers},
                .config_schema = dispytch::testing::kSchema)

namespace dispytch::testing {

std::shared_ptr<border::Adapter> open_scripted(Script& script, std::uint64_t capabilities) {
  static const border::Library& library = border::adopt(*scripted_plugin(DISPYTCH_ABI_MINOR));
  next_script = &script;
  next_capabilities = capabilities;
  return border::Adapter::open(library, R"({"config":{}})", {}, std::chrono::seconds{1}).value();
}

std::unique_ptr<border::ProducerHandle> scripted_producer(Script& script) {
  return open_scripted(script)->open_producer(R"({"config":{}})", {}, std::chrono::seconds{1}).value();
}

std::unique_ptr<border::ConsumerHandle> scripted_consumer(Script& script) {
  return open_scripted(script)->open_consumer(R"({"topics":[],"config":{}})", {}, std::chrono::seconds{1}).value();
}

}  // namespace dispytch::testing
